"""The flavors ``local``: steps as processes of this machine, artifacts in a folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pydantic import Field

from stackyard.flavors.base import ComponentConfiguration, Flavor
from stackyard.model.enums import ComponentType, ExecutionMode

if TYPE_CHECKING:
    from stackyard.storage.artifact_store import ArtifactStore

MIN_DEFAULT_WORKERS = 8


class LocalOrchestratorConfiguration(ComponentConfiguration):
    """How steps run on this machine."""

    max_workers: int | None = Field(default=None, ge=1, le=1024)
    """Steps at the same time at most; without it the larger of 8 and the number of cores."""
    execution_mode: ExecutionMode = ExecutionMode.CONTINUE_ON_FAILURE
    """What a failed step means for the others: fail_fast stops those that run, stop_on_failure starts no more,
    continue_on_failure runs all that do not need its outputs."""

    def workers(self) -> int:
        """Return the number of workers at most."""
        return self.max_workers or max(MIN_DEFAULT_WORKERS, os.cpu_count() or 1)


class LocalOrchestratorSettings(ComponentConfiguration):
    """What a pipeline may say about how its steps run on this machine; left out: as the orchestrator is configured."""

    max_workers: int | None = Field(default=None, ge=1, le=1024)
    """Steps at the same time at most."""
    execution_mode: ExecutionMode | None = None
    """What a failed step means for the others: fail_fast, stop_on_failure or continue_on_failure."""


class LocalArtifactStoreConfiguration(ComponentConfiguration):
    """Where artifacts are kept."""

    path: str | None = None
    """Folder of the artifacts; without it a folder of the component's name in Stackyard's home."""


def open_local_store(configuration: LocalArtifactStoreConfiguration) -> ArtifactStore:
    """Return the store of a resolved configuration: its path is absolute."""
    from stackyard.storage.local_store import LocalArtifactStore  # noqa: PLC0415  # lists of flavors need no store

    return LocalArtifactStore(str(configuration.path))


LOCAL_ORCHESTRATOR = Flavor(
    name="local",
    component_type=ComponentType.ORCHESTRATOR,
    configuration_model=LocalOrchestratorConfiguration,
    doc="Runs steps in parallel as processes of this machine.",
    settings_model=LocalOrchestratorSettings,
    settings_scope="pipeline",
)
LOCAL_ARTIFACT_STORE = Flavor(
    name="local",
    component_type=ComponentType.ARTIFACT_STORE,
    configuration_model=LocalArtifactStoreConfiguration,
    doc="Keeps artifacts in a folder of this machine.",
    implementation="stackyard.flavors.local:open_local_store",
)
