"""Words, signs and colours for the progress of runs; needs nothing of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from stackyard.cli.text import show_value
from stackyard.model.enums import Status

if TYPE_CHECKING:
    from stackyard.engine.reporter import RunFacts
    from stackyard.model.job import StepError
    from stackyard.model.views import StepErrorView

ICONS = {
    Status.INITIALIZING: "·",
    Status.QUEUED: "·",
    Status.RUNNING: "▶",
    Status.RETRYING: "↻",
    Status.COMPLETED: "✔",
    Status.CACHED: "≡",
    Status.FAILED: "✘",
    Status.SKIPPED: "\N{EN DASH}",
    Status.STOPPED: "■",
    Status.STOPPING: "■",
    Status.INTERRUPTED: "✘",
}
COLOURS = {
    Status.RUNNING: "cyan",
    Status.RETRYING: "yellow",
    Status.COMPLETED: "green",
    Status.CACHED: "blue",
    Status.FAILED: "red",
    Status.SKIPPED: "bright_black",
    Status.STOPPED: "yellow",
    Status.STOPPING: "yellow",
    Status.INTERRUPTED: "red",
}
MAX_METRICS = 4
MAX_RESULT = 40
"""Characters of one value."""


def headline(facts: RunFacts) -> str:
    """Return a run's first line."""
    verb = f"Going on with {facts.name}, a run of" if facts.resumed else "Running"
    return (
        f"{verb} {facts.pipeline} on stack {facts.stack!r} ({facts.stack_origin}): orchestrator "
        f"{facts.orchestrator}, artifact store {facts.artifact_store} ({facts.artifact_store_root})"
    )


def error_lines(step: str, error: StepError | StepErrorView) -> list[str]:
    """Return why a step failed: the user's traceback, or the message, and what helps."""
    head = f"{error.type}: {error.message}" if error.traceback else error.message
    return [f"Step {step!r} failed{_place(error)}: {head}", *_further(error)]


def hook_error_lines(hook: str, error: StepError) -> list[str]:
    """Return why a hook of the pipeline failed."""
    return [f"The pipeline's {hook} failed{_place(error)}: {error.type}: {error.message}", *_further(error)]


def run_error_lines(error: StepErrorView) -> list[str]:
    """Return what went wrong in a run beside its steps."""
    return [f"{error.message}{_place(error)}", *_further(error)]


def _place(error: StepError | StepErrorView) -> str:
    return f" at {error.file}:{error.line}" if error.file else ""


def _further(error: StepError | StepErrorView) -> list[str]:
    return [text for text in (error.traceback, f"Hint: {error.hint}" if error.hint else "") if text]


def result_text(metadata: Mapping[str, Any]) -> str:
    """Return what a step logged, on one line."""
    shown = [f"{key} {cut(show_value(value), MAX_RESULT)}" for key, value in list(metadata.items())[:MAX_METRICS]]
    return ", ".join(shown) + (" …" if len(metadata) > MAX_METRICS else "")


def counts_text(statuses: Iterable[Status]) -> str:
    """Return how many steps have which status: ``3 completed, 1 failed``."""
    counts: dict[Status, int] = {}
    for status in statuses:
        counts[status] = counts.get(status, 0) + 1
    return ", ".join(f"{count:,} {status}" for status, count in counts.items())


def cut(text: str, length: int) -> str:
    """Return a text that is no longer than so many characters."""
    return text if len(text) <= length else text[: max(0, length - 1)] + "…"


def cut_middle(text: str, length: int) -> str:
    """Return a text that is no longer than so many characters, with its beginning and, a bit longer, its end."""
    if len(text) <= length:
        return text
    head = max(0, length - 1) // 2 - max(0, length - 1) // 8
    return f"{text[:head]}…{text[len(text) - max(0, length - 1 - head) :]}"
