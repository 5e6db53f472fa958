"""What a pipeline function that goes on while its steps run tells the engine, and what it waits for.

The function is in the main thread, the engine in another: all that they share is here, under one lock.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from stackyard.engine.plan import Batch, StepEnd
from stackyard.model.job import StepError

_LOOK_S = 1.0
"""Waiting without an end can't be interrupted on every platform."""


class Growth:
    """New steps on their way to the engine, ends of steps on their way back."""

    def __init__(self) -> None:
        """Start open: more may come."""
        self._changed = threading.Condition()
        self._batches: deque[Batch] = deque()
        self._ends: dict[str, StepEnd] = {}
        self._sealed = False
        self._failure: StepError | None = None
        self.broken: BaseException | None = None
        """What ended the engine itself."""
        self.awaited: str | None = None
        """The step that the function waits for, or waited for last."""
        self._wake: Callable[[], None] = lambda: None

    # the function's side -------------------------------------------------------------------------------------------

    def add(self, batch: Batch) -> None:
        """Hand over steps."""
        with self._changed:
            self._batches.append(batch)
        self._wake()

    def seal(self, failure: StepError | None = None) -> None:
        """Say that no more steps come; with a failure, that the run can't go on."""
        with self._changed:
            self._sealed, self._failure = True, failure
        self._wake()

    def wait_for(self, step: str) -> StepEnd:
        """Return how a step ended, once it has.

        Raises:
            BaseException: what ended the engine itself.
        """
        with self._changed:
            self.awaited = step
            while step not in self._ends:
                if self.broken is not None:
                    raise self.broken
                self._changed.wait(_LOOK_S)
            return self._ends[step]

    def end_of(self, step: str) -> StepEnd | None:
        """Return how a step ended; None when it has not."""
        with self._changed:
            return self._ends.get(step)

    # the engine's side ---------------------------------------------------------------------------------------------

    def wake_with(self, wake: Callable[[], None]) -> None:
        """Say how the engine is woken up; it may be waiting for its workers."""
        self._wake = wake

    def take(self) -> list[Batch]:
        """Return what was handed over since the last call."""
        with self._changed:
            taken = list(self._batches)
            self._batches.clear()
        return taken

    @property
    def sealed(self) -> bool:
        """Tell whether nothing more comes, nor waits here."""
        with self._changed:
            return self._sealed and not self._batches

    @property
    def failure(self) -> StepError | None:
        """Return why the pipeline function ended early; None when it did not."""
        return self._failure

    def ended(self, step: str, end: StepEnd, before: Callable[[], None] = lambda: None) -> None:
        """Say how a step ended; ``before`` is called first when the function waits for just this step."""
        if self.awaited == step:
            before()
        with self._changed:
            self._ends[step] = end
            self._changed.notify_all()

    def broke(self, error: BaseException) -> None:
        """Say that the engine ended by an error: nobody need wait any more."""
        with self._changed:
            self.broken = error
            self._changed.notify_all()
