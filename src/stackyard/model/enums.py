"""Closed vocabularies: the words of the product, once."""

from __future__ import annotations

from enum import Enum


class StrEnum(str, Enum):
    """A string enum (the standard library has one only from 3.11 on)."""

    def __str__(self) -> str:
        """Return the word itself."""
        return str(self.value)


class ComponentType(StrEnum):
    """What a stack component is for."""

    ORCHESTRATOR = "orchestrator"
    ARTIFACT_STORE = "artifact_store"
    CONTAINER_REGISTRY = "container_registry"
    STEP_OPERATOR = "step_operator"
    EXPERIMENT_TRACKER = "experiment_tracker"
    MODEL_DEPLOYER = "model_deployer"
    MODEL_REGISTRY = "model_registry"
    FEATURE_STORE = "feature_store"
    DATA_VALIDATOR = "data_validator"
    ALERTER = "alerter"
    ANNOTATOR = "annotator"
    IMAGE_BUILDER = "image_builder"
    LOG_STORE = "log_store"

    @property
    def title(self) -> str:  # type: ignore[override]  # str.title is a method; nobody calls it on this enum
        """Return the type in words: ``artifact store``."""
        return self.value.replace("_", " ")

    @property
    def command(self) -> str:
        """Return the CLI group's name: ``artifact-store``."""
        return self.value.replace("_", "-")


REQUIRED_COMPONENT_TYPES = (ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE)
"""What every stack has, in the order in which people name them."""


class Status(StrEnum):
    """Where a run or a step run stands."""

    INITIALIZING = "initializing"
    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    COMPLETED = "completed"
    CACHED = "cached"
    FAILED = "failed"
    SKIPPED = "skipped"
    STOPPING = "stopping"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"

    @property
    def is_finished(self) -> bool:
        """Tell whether nothing more will happen."""
        return self in _FINISHED

    @property
    def is_success(self) -> bool:
        """Tell whether the outputs are there."""
        return self in (Status.COMPLETED, Status.CACHED)


_FINISHED = frozenset(
    {Status.COMPLETED, Status.CACHED, Status.FAILED, Status.SKIPPED, Status.STOPPED, Status.INTERRUPTED}
)


class MissReason(StrEnum):
    """Why a step was not reused."""

    NEVER_RAN = "never_ran"
    CODE_CHANGED = "code_changed"
    PARAMETER_CHANGED = "parameter_changed"
    INPUT_CHANGED = "input_changed"
    MATERIALIZER_CHANGED = "materializer_changed"
    FILE_CHANGED = "file_changed"
    POLICY_CHANGED = "policy_changed"
    ENVIRONMENT_CHANGED = "environment_changed"
    PYTHON_CHANGED = "python_changed"
    ARTIFACT_MISSING = "artifact_missing"
    EXPIRED = "expired"
    DISABLED = "disabled"


class ActiveStackOrigin(StrEnum):
    """Where the choice of the active stack comes from, strongest first."""

    OPTION = "option"
    CODE = "code"
    RUN_CONFIGURATION = "run_configuration"
    ENVIRONMENT = "environment"
    PROJECT = "project"
    HOME = "home"
    DEFAULT = "default"


class ExecutionMode(StrEnum):
    """What a failed step means for the others."""

    FAIL_FAST = "fail_fast"
    STOP_ON_FAILURE = "stop_on_failure"
    CONTINUE_ON_FAILURE = "continue_on_failure"


class ArtifactType(StrEnum):
    """What an artifact is for the model that its step works on."""

    DATA = "data"
    MODEL = "model"
    DEPLOYMENT = "deployment"
    SERVICE = "deployment"  # ZenML's word for it


class VisualizationType(StrEnum):
    """What a file is that a materializer wrote to be looked at."""

    CSV = "csv"
    HTML = "html"
    IMAGE = "image"
    JSON = "json"
    MARKDOWN = "markdown"


class ModelStages(StrEnum):
    """What a model version can be asked for by, beside number and name; all but the last can be set."""

    NONE = "none"
    STAGING = "staging"
    PRODUCTION = "production"
    ARCHIVED = "archived"
    LATEST = "latest"
