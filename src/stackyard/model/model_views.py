"""Models and their versions, as lists and descriptions give them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from stackyard.model.base import no_entries, no_items
from stackyard.model.basic_views import View
from stackyard.model.enums import Status


class ModelView(View):
    """A model: a name under which versions, artifacts and runs are gathered."""

    id: str
    name: str
    project_id: str = ""
    description: str = ""
    license: str = ""
    audience: str = ""
    use_cases: str = ""
    limitations: str = ""
    trade_offs: str = ""
    ethics: str = ""
    tags: list[str] = Field(default_factory=no_items)
    metadata: dict[str, Any] = Field(default_factory=no_entries)
    created_at: str = ""
    n_versions: int = 0
    latest_version: int = 0
    """Number of the newest version; 0 without any."""
    stages: dict[str, int] = Field(default_factory=no_entries)
    """``staging`` and ``production`` to the number of the version that holds the stage."""


class ModelArtifactView(View):
    """An artifact version that belongs to a model version."""

    artifact_version_id: str
    artifact_name: str
    version: int
    type: str = ""
    artifact_type: str = ""
    """``model``, ``data``, ``deployment``, or empty."""
    run_id: str = ""
    step: str = ""


class ModelRunView(View):
    """A run that worked on a model version."""

    run_id: str
    name: str
    status: Status
    created_at: str = ""


class ModelVersionView(View):
    """One version of a model."""

    id: str
    model: str
    """Name of the model."""
    model_id: str
    project_id: str = ""
    number: int
    name: str = ""
    """Its own name, if it was given one; else empty."""
    stage: str = ""
    """``staging``, ``production``, ``archived`` or empty."""
    description: str = ""
    tags: list[str] = Field(default_factory=no_items)
    metadata: dict[str, Any] = Field(default_factory=no_entries)
    created_at: str = ""
    n_artifacts: int = 0
    n_runs: int = 0
    artifacts: list[ModelArtifactView] = Field(default_factory=no_items)
    """Newest first; only when one version is shown."""
    runs: list[ModelRunView] = Field(default_factory=no_items)
    """Newest first; only when one version is shown."""


class TagView(View):
    """A tag and what has it."""

    name: str
    n_things: int = 0
    """Of all kinds together."""
    things: dict[str, int] = Field(default_factory=no_entries)
    """``run``, ``step_run``, ``artifact``, ``artifact_version``, ``model``, ``model_version`` to how many have it."""
