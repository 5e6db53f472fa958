"""What is to be done at a moment to come: attempts that begin, run out of time, or were asked to stop and did not."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable


class Timers:
    """Actions with their moments; none of them is done before :meth:`run_due` is called."""

    def __init__(self) -> None:
        """Start without any."""
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something in so many seconds; it has to see for itself whether it still makes sense then."""
        heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._numbers), action))

    def wait_s(self, longest: float) -> float:
        """Return the seconds to the next moment, at most so many."""
        if not self._heap:
            return longest
        return max(0.0, min(longest, self._heap[0][0] - time.monotonic()))

    def run_due(self) -> None:
        """Do all whose moment has come, in the order of their moments."""
        while self._heap and self._heap[0][0] <= time.monotonic():
            heapq.heappop(self._heap)[2]()
