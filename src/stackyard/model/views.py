"""What lists and descriptions give: the JSON of ``--json`` and of the editor's protocol alike.

Times are UTC ISO 8601 texts (``2026-11-21T10:00:00.123Z``), durations seconds, sizes bytes.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import Field

from stackyard.model.artifact import Preview
from stackyard.model.base import no_entries, no_items
from stackyard.model.basic_views import ActiveStackView as ActiveStackView
from stackyard.model.basic_views import ComponentView as ComponentView
from stackyard.model.basic_views import ErrorView as ErrorView
from stackyard.model.basic_views import ProjectView as ProjectView
from stackyard.model.basic_views import StackView as StackView
from stackyard.model.basic_views import View as View
from stackyard.model.enums import MissReason, Status

T = TypeVar("T")


class Page(View, Generic[T]):
    """A page of a list."""

    items: list[T]
    total: int
    """Of the whole list, not of the page."""
    next: str | None = None
    """Cursor of the next page; None on the last."""


class ArtifactRefView(View):
    """An artifact version as an input or output of a step run."""

    name: str
    """Name of the input or output."""
    artifact_version_id: str
    artifact_name: str
    version: int
    type: str = ""
    item: int | None = None
    """Which member of the value the step took; None: the whole."""


class CacheView(View):
    """Whether a step was reused, and why not."""

    hit: bool
    reason: MissReason | None = None
    detail: str = ""
    source_run_id: str = ""
    """The run that made the reused versions."""


class StepErrorView(View):
    """Why a step failed."""

    type: str
    message: str
    traceback: str = ""
    file: str = ""
    line: int = 0
    hint: str = ""


class StepRunView(View):
    """A step of a run."""

    id: str
    name: str
    run_id: str
    status: Status
    started_at: str = ""
    ended_at: str = ""
    duration_s: float | None = None
    """Until now while it runs."""
    cache: CacheView | None = None
    error: StepErrorView | None = None
    parameters: dict[str, Any] = Field(default_factory=no_entries)
    inputs: list[ArtifactRefView] = Field(default_factory=no_items)
    outputs: list[ArtifactRefView] = Field(default_factory=no_items)
    metadata: dict[str, Any] = Field(default_factory=no_entries)
    upstream: list[str] = Field(default_factory=no_items)
    attempt: int = 1
    """Counted from 1; more than 1 after retries."""
    tags: list[str] = Field(default_factory=no_items)
    configuration: dict[str, Any] = Field(default_factory=no_entries)
    """What code and run configuration say of it, apart from parameters: retry, timeout_s, resources, extra ..."""
    model_version_id: str = ""
    file: str = ""
    """Of the step's function."""
    line: int = 0
    pid: int = 0
    """Of the worker while it runs."""
    log_file: str = ""


class RunView(View):
    """A pipeline run."""

    id: str
    name: str
    pipeline: str
    status: Status
    project_id: str = ""
    project: str = ""
    stack: str
    stack_id: str = ""
    stack_origin: str = ""
    orchestrator: str = ""
    artifact_store: str = ""
    artifact_store_id: str = ""
    created_at: str = ""
    started_at: str = ""
    ended_at: str = ""
    duration_s: float | None = None
    """From start to end, or until now, without the idle seconds."""
    idle_s: float = 0.0
    """Between an end of the run and its being gone on with (``run resume``)."""
    n_steps: int = 0
    n_finished: int = 0
    """However they ended."""
    n_succeeded: int = 0
    """Completed, or reused."""
    n_cached: int = 0
    n_failed: int = 0
    parameters: dict[str, Any] = Field(default_factory=no_entries)
    metadata: dict[str, Any] = Field(default_factory=no_entries)
    error: StepErrorView | None = None
    """Why the run as a whole failed: its first failed step, or what stopped it before any. Of a run that did not fail:
    why its ``on_cleanup`` did."""
    tags: list[str] = Field(default_factory=no_items)
    configuration: dict[str, Any] = Field(default_factory=no_entries)
    """What code and run configuration say of the run, apart from parameters."""
    model_version_ids: list[str] = Field(default_factory=no_items)
    resumable: bool = False
    """It ended without completing, and the catalog knows how to start its pipeline again."""
    file: str = ""
    line: int = 0
    pid: int = 0
    """Of the driver while it runs."""
    log_file: str = ""
    """What the driver itself printed, when it was started by the editor; may not exist."""
    steps: list[StepRunView] = Field(default_factory=no_items)
    """In topological order; empty in lists."""


class LogLine(View):
    """A line, or the beginning of one, of a step's log."""

    at: str
    step: str
    """Empty: of the run itself, why a hook of the pipeline or its function failed."""
    stream: Literal["stdout", "stderr", "log"]
    level: str = ""
    text: str
    """Without the line's end."""


class ArtifactView(View):
    """A named artifact of a project, as far as one artifact store holds it."""

    name: str
    artifact_store_id: str
    artifact_store: str
    n_versions: int
    latest_version: int
    latest_version_id: str
    type: str = ""
    updated_at: str = ""
    tags: list[str] = Field(default_factory=no_items)


class ArtifactFileView(View):
    """A file of an artifact version."""

    path: str
    """Absolute."""
    name: str
    size_bytes: int
    digest: str


class ArtifactVersionView(View):
    """An immutable stored value."""

    id: str
    name: str
    """Of the artifact."""
    version: int
    project_id: str = ""
    type: str
    materializer: str
    data_format: str
    unsafe: bool = False
    digest: str
    size_bytes: int
    shape: list[int] | None = None
    uri: str
    artifact_store_id: str
    artifact_store: str
    run_id: str = ""
    run_name: str = ""
    pipeline: str = ""
    step: str = ""
    created_at: str = ""
    metadata: dict[str, Any] = Field(default_factory=no_entries)
    tags: list[str] = Field(default_factory=no_items)
    save_type: Literal["step_output", "manual", "preexisting", "external"] = "step_output"
    """Returned by a step; saved by ``save_artifact``; registered where it lay; given to a run from outside."""
    status: Literal["available", "missing", "damaged"] = "available"
    """``missing``: there is no manifest, so it was removed or pruned; ``damaged``: something else is wrong with it."""
    problem: str = ""
    """What is wrong and what to do, when one version is shown that is not available."""
    pruned: bool = False
    """Its files were removed; runs still list it."""
    preview: Preview | None = None
    """Only when one version is shown."""
    files: list[ArtifactFileView] = Field(default_factory=no_items)
    """Only when one version is shown."""


class ParameterInfo(View):
    """A parameter of a pipeline, as its signature shows it."""

    name: str
    annotation: str = ""
    """Source text; empty without one."""
    default: str | None = None
    """Source text; None when there is no default."""
    required: bool = False


class PipelineInfo(View):
    """A pipeline found by reading source."""

    name: str
    """What runs are called by: ``name=`` of the decorator, else the function's name."""
    function: str
    file: str
    """Absolute."""
    line: int
    """Of the ``def``, counted from 1."""
    column: int = 0
    """Of the function's name, counted from 0 in UTF-16 units."""
    doc: str = ""
    """First line of the docstring."""
    parameters: list[ParameterInfo] = Field(default_factory=no_items)
    steps: list[str] = Field(default_factory=no_items)
    """Names of the functions called in its body that are steps found in the project, in order, without repeats."""


class StepInfo(View):
    """A step found by reading source."""

    name: str
    function: str
    file: str
    line: int
    column: int = 0
    doc: str = ""
