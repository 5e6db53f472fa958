"""What users say about how steps run: the values behind ``@step(...)``, ``@pipeline(...)`` and run configurations.

The names of classes and fields are ZenML's, so that its users write them without looking anything up.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from stackyard.model.base import Message, no_entries


class _Option(Message):
    """A value that users write; an unknown field is their mistake."""

    model_config = ConfigDict(extra="forbid", defer_build=True, protected_namespaces=(), frozen=True)


class StepRetryConfig(_Option):
    """How often a failed step is tried again, and how long to wait before."""

    max_retries: int = Field(default=1, ge=0)
    """Further attempts after the first."""
    delay: float = Field(default=0.0, ge=0)
    """Seconds before the second attempt."""
    backoff: float = Field(default=1.0, ge=0)
    """What the delay is multiplied by after each attempt; 0 means 1."""

    def wait_s(self, attempt: int) -> float:
        """Return the seconds to wait after an attempt that failed; the first attempt is 1."""
        return float(self.delay * (self.backoff or 1.0) ** (attempt - 1))


class ResourceSettings(_Option):
    """What a step needs of the machine."""

    cpu_count: float | None = Field(default=None, gt=0)
    """Counted against the cores; a step without it takes only a slot."""
    gpu_count: int | None = Field(default=None, ge=0)
    """Recorded, and not counted: a step starts whether there are GPUs or not."""
    memory: str | None = Field(default=None, pattern=r"^\s*\d+(\.\d+)?\s*([KMGTP]i?B)\s*$")
    """As text with a unit: ``8GB``, ``512MiB``."""


class CachePolicy(_Option):
    """What a step's cache key is made of."""

    include_step_code: bool = True
    include_step_parameters: bool = True
    include_artifact_values: bool = True
    include_artifact_ids: bool = False
    """Versions count, whatever they hold."""
    ignored_inputs: list[str] | None = None
    """Parameters and inputs that do not count."""
    file_dependencies: list[str] | None = None
    """Files whose content counts, relative to the source root."""
    source_dependencies: list[str] | None = None
    """``module.name`` of functions and classes whose code counts; what users pass as objects becomes this."""
    cache_func: str | None = None
    """``module.name`` of a function without arguments whose text counts; called in the driver."""
    expires_after: float | None = Field(default=None, gt=0)
    """Seconds after which a result is not reused."""


class HookSpec(_Option):
    """A function that is called around a step or a run."""

    module: str
    qualname: str
    file: str = ""
    line: int = 0
    pickled: str = ""
    """Base64 of the cloudpickled function, for ``__main__`` and notebooks; else empty."""
    arguments: dict[str, Any] = Field(default_factory=no_entries)
    """JSON values that it is called with by name (``init_hook_kwargs``)."""


HookEvent = Literal["start", "success", "failure", "end"]
"""When a step's hook is called, in this order: before the function; after it, when it ended well or not; at last."""


class ModelSpec(_Option):
    """A model that a pipeline or step works on, as the user names it."""

    name: str
    version: str | int | None = None
    """None: a new version a run. A number, a name, or a stage (``staging``, ``production``, ``latest``)."""
    description: str | None = None
    license: str | None = None
    audience: str | None = None
    use_cases: str | None = None
    limitations: str | None = None
    trade_offs: str | None = None
    ethics: str | None = None
    tags: list[str] | None = None
    save_models_to_registry: bool = True
    """Has no effect: no model registry flavor is there."""


class ModelVersionRef(Message):
    """A model version that exists, as a running step knows it."""

    model_version_id: str
    model: str
    """Name of the model."""
    number: int
    name: str = ""
    """Name of the version, if it was given one."""
    stage: str = ""
