"""``--events jsonl``: everything that happens in a run, one JSON object a line. The schema is in docs/run-events.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO, Any

from stackyard.cli.progress import write_safely
from stackyard.engine.reporter import Reporter, RunFacts, StepChange
from stackyard.model.enums import Status
from stackyard.model.errors import StackyardError
from stackyard.model.job import StepError
from stackyard.storage.ids import now

ERROR_FIELDS = ("type", "message", "traceback", "file", "line", "hint")


class EventsReporter(Reporter):
    """Writes events for programs, and tells another reporter, which is for people."""

    def __init__(self, out: IO[str], people: Reporter) -> None:
        """Take both.

        Args:
            out: where the objects go.
            people: shows the same elsewhere.
        """
        self._out = out
        self._people = people
        self._run_id = ""

    def run_started(self, facts: RunFacts) -> None:
        """Write the run's facts."""
        self._run_id = facts.run_id
        self._write(
            "run_started", name=facts.name, pipeline=facts.pipeline, stack=facts.stack,
            stack_origin=facts.stack_origin, orchestrator=facts.orchestrator, artifact_store=facts.artifact_store,
            artifact_store_root=facts.artifact_store_root, steps=list(facts.steps), resumed=facts.resumed,
        )  # fmt: skip
        self._people.run_started(facts)

    def steps_added(self, steps: Sequence[str]) -> None:
        """Write the new steps' names."""
        self._write("steps_added", steps=list(steps))
        self._people.steps_added(steps)

    def step_changed(self, change: StepChange) -> None:
        """Write a step's new status."""
        self._write(
            "step_changed", step=change.step, status=change.status.value, detail=change.detail, attempt=change.attempt,
            wait_s=change.wait_s, kept=change.kept, duration_s=change.duration_s, error=_fields(change.error),
            metadata=change.metadata,
        )  # fmt: skip
        self._people.step_changed(change)

    def step_output(self, step: str, stream: str, text: str, level: str) -> None:
        """Write what a step printed, as it came."""
        self._write("step_output", step=step, stream=stream, level=level, text=text)
        self._people.step_output(step, stream, text, level)

    def tick(self) -> None:
        """Pass it on."""
        self._people.tick()

    def catch_up(self) -> None:
        """Pass it on; events are written as they come."""
        self._people.catch_up()

    def message(self, text: str) -> None:
        """Write something for people."""
        self._write("message", text=text)
        self._people.message(text)

    def warning(self, text: str) -> None:
        """Write that something beside the run went wrong."""
        self._write("warning", text=text)
        self._people.warning(text)

    def hook_failed(self, hook: str, error: StepError) -> None:
        """Write that a hook of the pipeline failed, and why."""
        self._write("hook_failed", hook=hook, error=_fields(error))
        self._people.hook_failed(hook, error)

    def run_finished(self, status: Status, duration_s: float) -> None:
        """Write how the run ended."""
        self._write("run_finished", status=status.value, duration_s=round(duration_s, 3))
        self._people.run_finished(status, duration_s)

    def _write(self, event: str, **values: Any) -> None:
        write_event(self._out, event, run_id=self._run_id, **values)


def _fields(error: StepError | None) -> dict[str, Any] | None:
    return {name: getattr(error, name) for name in ERROR_FIELDS} if error else None


def print_error_event(error: StackyardError, out: IO[str]) -> None:
    """Write why nothing ran, or what ended the program."""
    write_event(out, "error", run_id="", error=error.as_dict())


def write_event(out: IO[str], event: str, **values: Any) -> None:
    """Write one event."""
    write_safely(out, json.dumps({"event": event, "at": now(), **values}) + "\n")
