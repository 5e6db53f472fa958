"""What an orchestrator does for a run: carry jobs to where steps execute, and bring back everything that comes of them.

This is all that differs between orchestrators. Execution decides what runs and records what happened; an executor knows
neither graph nor catalog. `tests/contract/test_orchestrators.py` and `test_steps_ahead.py` hold every executor to what
stands here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from stackyard.model.job import Secrets, StepEvent, StepJob, StepOutcome, StepReply, StepRequest
from stackyard.model.record import Record


class LogData(Record, frozen=False):
    """Something that a step printed."""

    step_run_id: str
    stream: str
    """``stdout`` or ``stderr``."""
    data: str


ExecutorEvent = StepEvent | StepOutcome | LogData
Answer = Callable[[StepRequest], StepReply]


class AheadExecutor(Protocol):
    """Takes jobs before they can begin, so that nothing has to be asked between two steps."""

    def submit_ahead(self, job: StepJob) -> bool:
        """Give a job to whoever executes ``job.after``, or was given that ahead; return False if nobody does.

        When ``job.after`` has completed, the job begins in the same place: the outcome's ``followed_by`` names it, and
        its ``started`` event follows at once. When it ends otherwise, is asked to stop, leaves something running, or
        when the job came too late, the outcome names nothing: all that was given ahead is forgotten.
        """

    def drop_ahead(self, step_run_id: str) -> None:
        """Take back a job that was given ahead, and those that come after it.

        One that has begun in that very moment goes on; its events tell.
        """


class StepExecutor(Protocol):
    """Executes step jobs. All methods are called from one thread."""

    max_parallel: int
    """Jobs at the same time at most."""
    works_in_poll: bool
    """Jobs are executed within :meth:`poll`: nothing may wait for its return."""

    ahead: AheadExecutor | None
    """Takes jobs before they can begin; None where that would save nothing."""

    def warm_up(self) -> None:
        """Do what can be done before the first job."""

    def has_room(self) -> bool:
        """Tell whether one more job can start now."""

    def submit(self, job: StepJob, secrets: Secrets | None = None) -> int:
        """Start a job; return a number that names who executes it to people (a process id), 0 when there is none.

        Raises:
            ExecutionError: it can't be started.
        """

    def stop_step(self, step_run_id: str, *, force: bool) -> None:
        """Ask a step to stop, or end it and all that it started at once. One that ended meanwhile is left alone."""

    def poll(self, timeout_s: float, answer: Answer) -> list[ExecutorEvent]:
        """Wait for something to happen.

        Args:
            timeout_s: how long at most; returns earlier when something happened or the wake-up descriptor is readable.
            answer: called for each request of a running step; its reply goes to that step.

        Returns:
            What came, in order: of each job, all it printed and all its events before its one outcome. A job that dies
            has an outcome too: ``failed``, or ``stopped`` if it was asked to stop.
        """

    def add_wakeup(self, descriptor: int) -> None:
        """Let :meth:`poll` return when a descriptor becomes readable; it is read empty."""

    def close(self) -> None:
        """End everything that was started, the steps' own children included."""
