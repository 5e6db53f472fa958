"""What a driver tells whoever watches it in the same process: the terminal, a notebook, a test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import Any, Protocol

from stackyard.model.enums import Status
from stackyard.model.job import StepError
from stackyard.model.record import Record


class RunFacts(Record):
    """A run as it begins."""

    run_id: str
    name: str
    pipeline: str
    stack: str
    stack_origin: str
    """In words: ``set for this project``."""
    orchestrator: str
    artifact_store: str
    artifact_store_root: str
    steps: tuple[str, ...]
    """In topological order; of a pipeline that grows, those that are known by now."""
    resumed: bool = False
    """The run goes on after it ended before it completed."""


class StepChange(Record):
    """A step's new status."""

    step: str
    status: Status
    detail: str = ""
    """Why it was not reused, or why it was skipped."""
    duration_s: float | None = None
    """With the attempts before; of ``retrying`` that of the attempt that failed."""
    error: StepError | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    """Everything that the step itself logged, when it ended."""
    attempt: int = 1
    """Counted from 1; of ``retrying`` the one that failed."""
    wait_s: float | None = None
    """``retrying``: seconds until the next attempt."""
    kept: bool = False
    """Not run now: what an earlier run, or this one before it was resumed, made of it is taken."""


class Reporter(Protocol):
    """Takes the happenings of one run, in order, in the driver's main thread."""

    def run_started(self, facts: RunFacts) -> None:
        """The run is in the catalog; its steps are queued."""

    def steps_added(self, steps: Sequence[str]) -> None:
        """The pipeline grew; the new steps are queued."""

    def step_changed(self, change: StepChange) -> None:
        """A step has a new status."""

    def step_output(self, step: str, stream: str, text: str, level: str) -> None:
        """A step printed something; ``text`` need not end with a line end."""

    def tick(self) -> None:
        """Some time passed: several times a second while steps run."""

    def catch_up(self) -> None:
        """The user's code is next to print in this process: what was told is shown before that."""

    def message(self, text: str) -> None:
        """Something that the user should know."""

    def warning(self, text: str) -> None:
        """Something beside the run went wrong; the run stays as it is."""

    def hook_failed(self, hook: str, error: StepError) -> None:
        """``on_init`` or ``on_cleanup`` of the pipeline failed; the first lets the run fail."""

    def run_finished(self, status: Status, duration_s: float) -> None:
        """Everything is recorded."""


class SilentReporter:
    """Tells nobody."""

    def run_started(self, facts: RunFacts) -> None:
        """Ignore it."""

    def steps_added(self, steps: Sequence[str]) -> None:
        """Ignore it."""

    def step_changed(self, change: StepChange) -> None:
        """Ignore it."""

    def step_output(self, step: str, stream: str, text: str, level: str) -> None:
        """Ignore it."""

    def tick(self) -> None:
        """Ignore it."""

    def catch_up(self) -> None:
        """Ignore it."""

    def message(self, text: str) -> None:
        """Ignore it."""

    def warning(self, text: str) -> None:
        """Ignore it."""

    def hook_failed(self, hook: str, error: StepError) -> None:
        """Ignore it."""

    def run_finished(self, status: Status, duration_s: float) -> None:
        """Ignore it."""


class DetachableReporter:
    """Tells a reporter as long as it can print; that a terminal was closed or `| head` has enough ends no run."""

    def __init__(self, reporter: Reporter) -> None:
        """Wrap a reporter."""
        self._reporter = reporter

    def run_started(self, facts: RunFacts) -> None:
        """Pass it on."""
        with self._detached_on_error():
            self._reporter.run_started(facts)

    def steps_added(self, steps: Sequence[str]) -> None:
        """Pass it on."""
        with self._detached_on_error():
            self._reporter.steps_added(steps)

    def step_changed(self, change: StepChange) -> None:
        """Pass it on."""
        with self._detached_on_error():
            self._reporter.step_changed(change)

    def step_output(self, step: str, stream: str, text: str, level: str) -> None:
        """Pass it on."""
        with self._detached_on_error():
            self._reporter.step_output(step, stream, text, level)

    def tick(self) -> None:
        """Pass it on."""
        with self._detached_on_error():
            self._reporter.tick()

    def catch_up(self) -> None:
        """Pass it on."""
        with self._detached_on_error():
            self._reporter.catch_up()

    def message(self, text: str) -> None:
        """Pass it on."""
        with self._detached_on_error():
            self._reporter.message(text)

    def warning(self, text: str) -> None:
        """Pass it on."""
        with self._detached_on_error():
            self._reporter.warning(text)

    def hook_failed(self, hook: str, error: StepError) -> None:
        """Pass it on."""
        with self._detached_on_error():
            self._reporter.hook_failed(hook, error)

    def run_finished(self, status: Status, duration_s: float) -> None:
        """Pass it on."""
        with self._detached_on_error():
            self._reporter.run_finished(status, duration_s)

    @contextmanager
    def _detached_on_error(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._reporter = SilentReporter()
