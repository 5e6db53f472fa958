"""What a pipeline's function can ask of itself while it wires steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any

from stackyard.authoring.recorder import Recorder, current_recorder
from stackyard.model.errors import UsageError
from stackyard.model.options import ModelSpec
from stackyard.model.record import Record

_make_model: list[Callable[[ModelSpec], Any]] = []


def set_model_maker(make: Callable[[ModelSpec], Any]) -> None:
    """Say what makes a model that users can ask: this layer knows no catalog."""
    _make_model[:] = [make]


class PipelineContext(Record):
    """The pipeline whose function is being called."""

    name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    """JSON values, defaults included."""
    enable_cache: bool | None = None
    tags: tuple[str, ...] = ()
    """Of the run."""
    extra: dict[str, Any] = field(default_factory=dict)
    substitutions: dict[str, str] = field(default_factory=dict)
    """Placeholder to text; ``date`` and ``time`` are among them."""
    model: Any = None
    """The :class:`stackyard.Model` that the steps work on, or None."""


def get_pipeline_context() -> PipelineContext:
    """Return the context of the pipeline whose function is being called.

    Raises:
        UsageError: called outside of a pipeline's function.
    """
    recorder = current_recorder()
    if recorder is None:
        raise UsageError(
            "get_pipeline_context() was called outside of a pipeline's function.",
            hint="Call it in a @pipeline function; in a step use get_step_context().",
        )
    return _context_of(recorder)


def _context_of(recorder: Recorder) -> PipelineContext:
    whole, settings = recorder.whole, recorder.settings
    configured = settings.configuration
    model = whole.model
    return PipelineContext(
        name=recorder.pipeline,
        parameters=dict(recorder.parameters),
        enable_cache=whole.enable_cache,
        tags=tuple(dict.fromkeys([*settings.tags, *(configured.get("tags") or [])])),
        extra={**settings.extra, **(configured.get("extra") or {})},
        substitutions=dict(whole.substitutions),
        model=_make_model[0](model) if model is not None and _make_model else model,
    )
