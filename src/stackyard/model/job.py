"""What travels between a driver and whoever executes a step.

A StepJob names everything that a process on another machine needs; StepEvents come back in order, a StepOutcome last.
Secret values are not part of any of them: they travel beside a job, in :class:`Secrets`, and are never written.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from stackyard.model.artifact import Manifest
from stackyard.model.base import Message, no_entries, no_items
from stackyard.model.enums import ComponentType
from stackyard.model.graph import OutputSpec, StepSource
from stackyard.model.options import HookEvent, HookSpec, ModelVersionRef

PROTOCOL_VERSION = 1


class Secrets(Message):
    """The secret values that a job's components and step name; held in memory only."""

    values: dict[str, dict[str, str]] = Field(default_factory=no_entries, repr=False)
    """Secret's name to key to value."""


class ComponentSpec(Message):
    """A stack component as whoever executes a step needs it."""

    component_type: ComponentType = ComponentType.ARTIFACT_STORE
    component_id: str
    name: str
    flavor: str
    source: str = ""
    """``module:attribute`` of a flavor that does not come with Stackyard; empty for those that do."""
    configuration: dict[str, Any] = Field(default_factory=no_entries)
    """Resolved: defaults filled in, paths absolute. Secrets are still references: ``{{name.key}}``."""
    settings: dict[str, Any] = Field(default_factory=no_entries)
    """What code and run configuration say for this component, checked by its flavor."""


class InputVersion(Message):
    """An artifact version that a step takes."""

    artifact_version_id: str
    uri: str
    materializer: str
    digest: str
    artifact_store: ComponentSpec | None = None
    """Set when it does not lie in the job's own artifact store."""
    item: int | None = None
    """Which member of the value the step takes; None: the whole."""


class MaterializerSource(Message):
    """A user's materializer class, as whoever executes a step finds it."""

    reference: str
    """As manifests name it: ``module:Class``, of a script ``__main__:Class@script.py``."""
    pickled: str = ""
    """Of a class that can't be imported: base64 of its pickle."""


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
    import_paths: list[str] = Field(default_factory=no_items)
    """What the driver's ``sys.path`` has in front, so that the step's module is found."""
    working_directory: str = ""
    parameters: dict[str, Any] = Field(default_factory=no_entries)
    inputs: dict[str, InputVersion] = Field(default_factory=no_entries)
    outputs: list[OutputSpec] = Field(default_factory=no_items)
    materializers: list[MaterializerSource] = Field(default_factory=no_items)
    """Users' classes that store values of their types in all steps, and those that can't be imported."""
    artifact_store: ComponentSpec
    experiment_tracker: ComponentSpec | None = None
    """Set when the step names one."""
    environment: dict[str, str] = Field(default_factory=no_entries)
    secrets: list[str] = Field(default_factory=no_items)
    """Names of the secrets whose keys the step finds as environment variables; the values travel beside the job."""
    limits: StepLimits = Field(default_factory=StepLimits)
    hooks: dict[HookEvent, HookSpec] = Field(default_factory=no_entries)
    model: ModelVersionRef | None = None
    """The model version that the step works on."""
    tags: list[str] = Field(default_factory=no_items)
    """Of the run."""
    extra: dict[str, Any] = Field(default_factory=no_entries)
    """The pipeline's, overridden by the step's."""
    attempt: int = 1
    after: str = ""
    """Step run in whose worker the step begins once that has completed; empty: at once."""
    awaited: dict[str, tuple[str, str]] = Field(default_factory=no_entries)
    """Inputs that are not stored yet: name to the step run and the output that they will be."""


class DroppedJob(Message):
    """A job that was given ahead and is not to begin."""

    step_run_id: str


class StepEvent(Message):
    """Something that happened in a step, in order."""

    kind: Literal["started", "log", "metadata", "artifact_saved", "progress", "heartbeat"]
    """``started``: where a job may wait before it begins, or was given ahead; others begin when they are submitted."""
    step_run_id: str
    at: str
    """UTC ISO 8601 with milliseconds."""
    pid: int = 0
    """``started``: process id of the worker."""
    stream: Literal["stdout", "stderr", "log"] = "log"
    level: str = ""
    text: str = ""
    values: dict[str, Any] = Field(default_factory=no_entries)
    """``metadata``: name to JSON value."""
    of_run: bool = False
    """``metadata``: the run shows it too, under the step's name."""
    artifact_version_id: str = ""
    """``metadata``: of this output instead of the step, when set."""
    output: str = ""
    """``metadata``: of the output of this name, when set."""
    manifest: Manifest | None = None
    """``artifact_saved``."""


class StepRequest(Message):
    """Something that a step asks its driver for while it runs; the step waits for the reply.

    A step opens neither catalog nor registry: it may run on another machine.
    """

    id: int
    """Counted by the worker."""
    step_run_id: str
    method: str
    """Name of a method of ``Client``, or one of the driver's own that begin with ``_``."""
    arguments: dict[str, Any] = Field(default_factory=no_entries)
    """JSON values by name."""
    manifest: Manifest | None = None
    """``_record_artifact``: what the step stored on its own."""


class StepReply(Message):
    """The driver's answer to a StepRequest."""

    id: int
    value: Any = None
    error: dict[str, Any] | None = None
    """As ``StackyardError.as_dict`` gives it; the step raises it as the class of the same code."""


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
    tags: list[str] = Field(default_factory=no_items)
    """Of the version: those that the code names and those that the step added."""


class StepOutcome(Message):
    """How a step ended; the last message about it."""

    step_run_id: str
    status: Literal["completed", "failed", "stopped"]
    outputs: list[StepOutput] = Field(default_factory=no_items)
    error: StepError | None = None
    started_at: str = ""
    ended_at: str = ""
    followed_by: str = ""
    """Step run that begins now where this one ended: its job was given ahead."""
