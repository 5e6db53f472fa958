"""What a step can ask while it runs: its context, and logging metadata.

A step never opens the catalog: it speaks to its driver through the channel that this context holds.
"""

from __future__ import annotations

import contextvars
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from stackyard.model.errors import MaterializationError, SecretNotFoundError, UsageError


@dataclass(frozen=True)
class RunInfo:
    """The run that a step belongs to."""

    id: str
    name: str


@dataclass(frozen=True)
class NameInfo:
    """A pipeline or stack by name."""

    name: str


@dataclass
class StepContext:
    """The step that is running in this process."""

    step_name: str
    step_run_id: str
    pipeline_run: RunInfo
    pipeline: NameInfo
    stack: NameInfo
    parameters: dict[str, Any]
    output_names: tuple[str, ...]
    output_metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    """Those that the step declares: name to key to value."""
    _send_metadata: Callable[[dict[str, Any]], None] = field(default=lambda _values: None, repr=False)

    def add_output_metadata(self, metadata: dict[str, Any], output_name: str | None = None) -> None:
        """Attach metadata to an output's artifact version.

        Args:
            metadata: name to JSON value.
            output_name: which output; may be left out when there is just one.

        Raises:
            UsageError: no such output, or it must be named.
        """
        name = output_name or (self.output_names[0] if len(self.output_names) == 1 else None)
        if name is None or name not in self.output_names:
            outputs = ", ".join(self.output_names) or "none"
            if output_name is None and self.output_names:
                raise UsageError(
                    f"Step {self.step_name!r} has {len(self.output_names)} outputs.",
                    hint=f"Name one of them: {outputs}.",
                )
            raise UsageError(f"Step {self.step_name!r} has no output {output_name!r}.", hint=f"Its outputs: {outputs}.")
        self.output_metadata.setdefault(name, {}).update(jsonable_metadata(metadata))


_current: contextvars.ContextVar[StepContext | None] = contextvars.ContextVar("stackyard_step_context", default=None)
_process_wide: list[StepContext] = []


def enter(context: StepContext) -> contextvars.Token[StepContext | None]:
    """Make a context the current one, in threads that the step starts as well."""
    _process_wide.append(context)
    return _current.set(context)


def leave(token: contextvars.Token[StepContext | None]) -> None:
    """End it."""
    _process_wide.pop()
    _current.reset(token)


def current() -> StepContext | None:
    """Return the running step's context, or None outside of a step."""
    return _current.get() or (_process_wide[-1] if len(_process_wide) == 1 else None)


def get_step_context() -> StepContext:
    """Return the context of the running step.

    Raises:
        UsageError: called outside of a step that runs in a pipeline.
    """
    context = current()
    if context is None:
        raise UsageError(
            "get_step_context() was called outside of a running step.",
            hint="Call it inside a @step function while a pipeline runs it.",
        )
    return context


def step_secret(name: str) -> dict[str, str] | None:
    """Return the values of a secret inside a step; None outside of steps.

    Raises:
        SecretNotFoundError: the running step does not declare it.
    """
    context = current()
    if context is None:
        return None
    if name not in context.secrets:
        raise SecretNotFoundError(
            f"The step {context.step_name!r} does not declare the secret {name!r}.",
            hint=f'Declare it: @step(secrets=["{name}"])',
        )
    return dict(context.secrets[name])


def log_metadata(metadata: dict[str, Any], *, artifact_name: str | None = None, infer_artifact: bool = False) -> None:
    """Store values with the running step: shown in the run view and in ``stackyard run show``.

    Outside of a running pipeline (a step called as a plain function, a test) it does nothing.

    Args:
        metadata: name to JSON value (numpy scalars are taken too).
        artifact_name: attach it to the output of this name instead of the step.
        infer_artifact: attach it to the step's only output.

    Raises:
        MaterializationError: a value is no JSON value.
        UsageError: no such output.
    """
    context = current()
    if context is None:
        return
    if artifact_name or infer_artifact:
        context.add_output_metadata(metadata, artifact_name)
        return
    context._send_metadata(jsonable_metadata(metadata))  # noqa: SLF001  # the same module


def jsonable_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return metadata as JSON values.

    Raises:
        MaterializationError: a value is no JSON value.
    """
    found: dict[str, Any] = {}
    for name, value in metadata.items():
        item = getattr(value, "item", None)
        plain = item() if callable(item) and getattr(value, "ndim", None) == 0 else value
        try:
            found[str(name)] = _strict(to_jsonable_python(plain))
        except (PydanticSerializationError, ValueError) as error:
            raise MaterializationError(
                f"The metadata value {name!r} is a {type(value).__name__}, which is no JSON value.",
                hint="Log numbers, texts, lists and dicts; return other values from the step.",
            ) from error
    return found


def _strict(value: Any) -> Any:
    """Return a JSON value with NaN and infinity as texts: JSON has no numbers for them, and readers stumble."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [_strict(item) for item in value]
    return {key: _strict(item) for key, item in value.items()} if isinstance(value, dict) else value
