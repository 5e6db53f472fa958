"""Flavors as a user might write them, small: a tracker and an alerter that write files, a store with addresses."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stackyard.flavors.base import ComponentConfiguration, Flavor, secret_field
from stackyard.flavors.interfaces import Alerter, ExperimentTracker, RunAlert, TrackedStep
from stackyard.model.artifact import ArtifactFile, Manifest
from stackyard.model.enums import ComponentType
from stackyard.model.errors import ArtifactStoreError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.local_store import LocalArtifactStore

ROOT = "tiny://box"


class FileConfiguration(ComponentConfiguration):
    """Where to write."""

    file: str
    token: str | None = secret_field()
    fails: str | None = None
    """``start`` or ``end``."""


class TinySettings(ComponentConfiguration):
    """What a step may say."""

    experiment: str | None = None


def _note(path: str, *words: Any) -> None:
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(json.dumps(words) + "\n")


class TinyTracker(ExperimentTracker):
    """Notes when a step begins and ends."""

    def __init__(self, configuration: FileConfiguration) -> None:
        self._own = configuration

    @contextlib.contextmanager
    def track(self, step: TrackedStep) -> Iterator[dict[str, Any]]:
        """Follow a step."""
        if self._own.fails == "start":
            raise OSError(f"no route to the server, token {self._own.token}")
        _note(self._own.file, "begin", step.step_name, step.run_name, step.settings, self._own.token)
        ended = "completed"
        try:
            yield {"tiny_url": f"http://tiny/{step.run_name}/{step.step_name}"}
        except BaseException as error:
            ended = type(error).__name__
            raise
        finally:
            _note(self._own.file, "end", step.step_name, ended)
        if self._own.fails == "end":
            raise OSError(f"the server is gone, token {self._own.token}")


class TinyAlerter(Alerter):
    """Notes how runs ended."""

    def __init__(self, configuration: FileConfiguration) -> None:
        self._own = configuration

    def run_ended(self, alert: RunAlert) -> None:
        """Note it."""
        print(f"telling with {self._own.token}")
        if self._own.fails == "start":
            raise OSError(f"refused with {self._own.token}")
        _note(self._own.file, asdict(alert))


class BoxConfiguration(ComponentConfiguration):
    """A folder with a key."""

    folder: str
    key: str | None = secret_field()
    place: str = ROOT


class BoxStore(ArtifactStore):
    """Keeps versions in a folder that only this class knows, and opens with one key."""

    def __init__(self, configuration: BoxConfiguration) -> None:
        self.root = configuration.place
        self._key = configuration.key
        self._inner = LocalArtifactStore(configuration.folder)
        _note(f"{configuration.folder}.opened", "opened")

    def _at(self, uri: str) -> str:
        if self._key != "open-sesame":
            raise ArtifactStoreError(f"The box does not open with {self._key}.", hint="Correct the key.")
        return uri.replace(self.root, self._inner.root, 1)

    def new_version(self, artifact_name: str, version_id: str) -> VersionWriter:
        """Make room."""
        self._at(self.root)
        return self._inner.new_version(artifact_name, version_id)

    def finish(self, uri: str, manifest: Manifest) -> None:
        """Write the manifest."""
        self._inner.finish(self._at(uri), manifest)

    def discard(self, uri: str) -> None:
        """Remove a version."""
        self._inner.discard(self._at(uri))

    def read_manifest(self, uri: str) -> Manifest:
        """Return the manifest."""
        return self._inner.read_manifest(self._at(uri))

    def local_file(self, uri: str, file: ArtifactFile) -> Path:
        """Return a file."""
        return self._inner.local_file(self._at(uri), file)


TRACKER = Flavor(
    name="tiny",
    component_type=ComponentType.EXPERIMENT_TRACKER,
    configuration_model=FileConfiguration,
    doc="Notes what steps do in a file.",
    settings_model=TinySettings,
    implementation="tiny_flavors:TinyTracker",
)
ALERTER = Flavor(
    name="tiny",
    component_type=ComponentType.ALERTER,
    configuration_model=FileConfiguration,
    doc="Notes how runs ended in a file.",
    implementation="tiny_flavors:TinyAlerter",
)
DEMANDING = Flavor(
    name="demanding",
    component_type=ComponentType.ALERTER,
    configuration_model=ComponentConfiguration,
    doc="Needs a package that nobody has.",
    requirements=("stackyard-nothing-of-the-kind>=2",),
    integration="nothing",
    implementation="tiny_flavors:TinyAlerter",
)
STORE = Flavor(
    name="box",
    component_type=ComponentType.ARTIFACT_STORE,
    configuration_model=BoxConfiguration,
    doc="Keeps artifacts in a box.",
    implementation="tiny_flavors:BoxStore",
)
