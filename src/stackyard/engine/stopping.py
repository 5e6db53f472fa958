"""Ending steps before they end by themselves: on request, out of time, because another one failed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal

from stackyard.engine.attempts import Attempt
from stackyard.engine.executor import StepExecutor
from stackyard.engine.reporter import Reporter
from stackyard.engine.stop import StopRequests
from stackyard.engine.timers import Timers
from stackyard.model.enums import Status
from stackyard.storage.catalog.writer import RunWriter

if TYPE_CHECKING:
    from stackyard.engine.execution import Execution

LOOK_S = 0.05
"""How often the stop file is looked for at most: steps end more often than runs are stopped."""
GRACE_S = 5.0
"""How long a step may take to end after it was asked to."""
GRACE_LOOKS = 10


class Stopping:
    """Asks first, kills after the grace."""

    def __init__(
        self, execution: Execution, executor: StepExecutor, writer: RunWriter, reporter: Reporter, timers: Timers
    ) -> None:
        """Serve one run."""
        self._execution = execution
        self._executor = executor
        self._writer = writer
        self._reporter = reporter
        self._timers = timers
        self._stops: StopRequests | None = None
        self._next_look = 0.0
        self.asked = 0
        """How often the run was asked to stop, as far as it was obeyed."""

    def watch(self, stops: StopRequests) -> None:
        """Say where requests come from."""
        self._stops = stops

    @property
    def was_asked(self) -> bool:
        """Tell whether the run was asked to stop, also when there was nothing left to be stopped."""
        return self.asked > 0 or (self._stops is not None and self._stops.signals > 0)

    def obey(self) -> None:
        """Do what was asked for since the last call."""
        if self._stops is None:
            return
        moment = time.monotonic()
        if moment < self._next_look and self._stops.signals <= self.asked:
            return
        self._next_look = moment + LOOK_S
        asked = self._stops.poll()
        for name, force in self._stops.take_steps():
            self._stop_step(name, force=force)
        if asked > self.asked:
            first, self.asked = self.asked == 0, asked
            if first:
                self._writer.set_run(Status.STOPPING)
                hint = " (once more kills the steps)" if self._stops.reason == "SIGINT" else ""
                self._reporter.message(f"Stopping: {self._stops.reason}{hint}")
                self.stop_all("because the run was stopped")
            if asked > 1:
                self._stop(list(self._execution.attempts.values()), "stop", force=True)

    def stop_all(self, why: str) -> None:
        """Start nothing more and stop what runs; ``why`` goes to those that are skipped: ``because ...``."""
        skipped = self._execution.scheduler.stop()
        self.stop_running()
        self._execution.skip(skipped, why)
        self.end_waiting()

    def stop_running(self) -> None:
        """Stop all steps that run."""
        self._stop(list(self._execution.attempts.values()), "stop", force=False)

    def end_waiting(self) -> None:
        """End the steps that wait for another attempt: there will be none."""
        for name in self._execution.scheduler.in_status(Status.RETRYING):
            self._execution.stop_waiting(name)

    def limit(self, attempt: Attempt) -> None:
        """End an attempt when its time is over, if it has a limit and runs still then."""
        if attempt.spec.timeout_s is not None:
            self._timers.after(attempt.spec.timeout_s, lambda: self._time_out(attempt))

    def _time_out(self, attempt: Attempt) -> None:
        if self._execution.attempts.get(attempt.spec.name) is attempt and not attempt.ending:
            self._stop([attempt], "timeout", force=False)

    def _stop_step(self, name: str, *, force: bool) -> None:
        status = self._execution.scheduler.status.get(name)
        if status in (Status.QUEUED, Status.RETRYING):
            self._execution.stop_waiting(name)
        elif status is Status.RUNNING:
            self._reporter.message(f"Stopping step {name!r}: stop was requested")
            self._stop([self._execution.attempts[name]], "stop", force=force)

    def _stop(self, attempts: list[Attempt], why: Literal["stop", "timeout"], *, force: bool) -> None:
        for attempt in attempts:
            attempt.ending = attempt.ending or why
            self._executor.stop_step(attempt.job.step_run_id, force=force)
        if attempts and not force:
            self._wait_for(attempts, GRACE_LOOKS)

    def _wait_for(self, attempts: list[Attempt], looks: int) -> None:
        """Kill what still runs after so many looks: while the whole machine stands still, steps can't end either."""
        if looks:
            self._timers.after(GRACE_S / GRACE_LOOKS, lambda: self._wait_for(attempts, looks - 1))
        else:
            self._kill(attempts)

    def _kill(self, attempts: list[Attempt]) -> None:
        left = [attempt for attempt in attempts if self._execution.attempts.get(attempt.spec.name) is attempt]
        if left:
            who = "The steps" if len(left) > 1 else f"Step {left[0].spec.name!r}"
            them = "them" if len(left) > 1 else "it"
            self._reporter.message(f"{who} did not end within {GRACE_S:g} s: killing {them}")
            for attempt in left:
                self._executor.stop_step(attempt.job.step_run_id, force=True)
