"""What travels between a driver and whoever executes a step.

A StepJob names everything that a process on another machine needs; StepEvents come back in order, a StepOutcome last.
Secret values are not part of any of them: they travel beside a job, in :class:`Secrets`, and are never written.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from stackyard.model.artifact import Manifest
from stackyard.model.base import Message
from stackyard.model.enums import ComponentType
from stackyard.model.graph import OutputSpec, StepSource

PROTOCOL_VERSION = 1


class Secrets(Message):
    """The secret values that a job's components and step name; held in memory only."""

    values: dict[str, dict[str, str]] = Field(default_factory=dict, repr=False)
    """Secret's name to key to value."""


class ComponentSpec(Message):
    """A stack component as whoever executes a step needs it."""

    component_type: ComponentType = ComponentType.ARTIFACT_STORE
    component_id: str
    name: str
    flavor: str
    source: str = ""
    """``module:attribute`` of a flavor that does not come with Stackyard; empty for those that do."""
    configuration: dict[str, Any] = Field(default_factory=dict)
    """Resolved: defaults filled in, paths absolute. Secrets are still references: ``{{name.key}}``."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """What code and run configuration say for this component, checked by its flavor."""


class InputVersion(Message):
    """An artifact version that a step takes."""

    artifact_version_id: str
    uri: str
    materializer: str
    digest: str
    artifact_store: ComponentSpec | None = None
    """Set when it does not lie in the job's own artifact store."""


class StepLimits(Message):
    """What a step may use."""

    threads: int | None = None
    """BLAS/OpenMP threads; None leaves the libraries' own choice."""
    timeout_s: float | None = None


class StepJob(Message):
    """One attempt to execute one step."""

    protocol: int = PROTOCOL_VERSION
    run_id: str
    run_name: str
    step_run_id: str
    step_name: str
    pipeline_name: str
    project_id: str
    stack_name: str
    source: StepSource
    import_paths: list[str] = Field(default_factory=list)
    """What the driver's ``sys.path`` has in front, so that the step's module is found."""
    working_directory: str = ""
    parameters: dict[str, Any] = Field(default_factory=dict)
    inputs: dict[str, InputVersion] = Field(default_factory=dict)
    outputs: list[OutputSpec] = Field(default_factory=list)
    artifact_store: ComponentSpec
    experiment_tracker: ComponentSpec | None = None
    """Set when the step names one."""
    environment: dict[str, str] = Field(default_factory=dict)
    secrets: list[str] = Field(default_factory=list)
    """Names of the secrets whose keys the step finds as environment variables; the values travel beside the job."""
    limits: StepLimits = Field(default_factory=StepLimits)
    attempt: int = 1


class StepEvent(Message):
    """Something that happened in a step, in order."""

    kind: Literal["started", "log", "metadata", "artifact_saved", "progress", "heartbeat"]
    step_run_id: str
    at: str
    """UTC ISO 8601 with milliseconds."""
    pid: int = 0
    """``started``: process id of the worker."""
    stream: Literal["stdout", "stderr", "log"] = "log"
    level: str = ""
    text: str = ""
    values: dict[str, Any] = Field(default_factory=dict)
    """``metadata``: name to JSON value."""
    of_run: bool = False
    """``metadata``: the run shows it too, under the step's name."""
    artifact_version_id: str = ""
    """``metadata``: of this output instead of the step, when set."""
    output: str = ""
    """``metadata``: of the output of this name, when set."""
    manifest: Manifest | None = None
    """``artifact_saved``."""


class StepError(Message):
    """Why a step failed, fit to be shown and stored."""

    type: str
    """Name of the exception's class, or ``WorkerCrashed``."""
    message: str
    traceback: str = ""
    """The user's frames only; empty when the process died."""
    file: str = ""
    line: int = 0
    hint: str = ""


class StepOutput(Message):
    """An output that was stored; its manifest came with ``artifact_saved`` before."""

    name: str
    artifact_version_id: str


class StepOutcome(Message):
    """How a step ended; the last message about it."""

    step_run_id: str
    status: Literal["completed", "failed", "stopped"]
    outputs: list[StepOutput] = Field(default_factory=list)
    error: StepError | None = None
    started_at: str = ""
    ended_at: str = ""
