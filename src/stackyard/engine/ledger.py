"""What happened to the steps of a run on its way to the catalog, and from there to whoever is told."""

from __future__ import annotations

import time
from collections.abc import Callable

from stackyard.storage.catalog.writer import RunWriter

Write = Callable[[], object]
LONGEST_S = 0.1
"""How long something waits at most while more of the kind comes in a row, such as a hundred steps that are reused."""
WINDOW_S = 0.01
"""How long something waits at most while the driver itself waits: steps that end sooner share a transaction, which
costs as much for five of them as for one."""


class Ledger:
    """Takes notes, and writes them down together: in one transaction, and told only after.

    Until something is settled a worker may begin a step whose inputs are noted only: when the driver is killed in
    between, neither of the two steps was recorded as completed, and both run again.
    """

    def __init__(self, writer: RunWriter) -> None:
        """Start without notes."""
        self._writer = writer
        self._notes: list[tuple[Write, Callable[[], None]]] = []
        self._since = 0.0
        self._has_results = False

    def note(self, write: Write, tell: Callable[[], None], *, result: bool = False) -> None:
        """Take note of something.

        Args:
            write: records it in the catalog.
            tell: called once it is recorded.
            result: the cache may find it then.
        """
        self._has_results = self._has_results or result
        moment = time.monotonic()
        if not self._notes:
            self._since = moment
        self._notes.append((write, tell))
        if moment - self._since > LONGEST_S:
            self.settle()

    def settle_results(self) -> None:
        """Record what the cache is to know of before it is asked again, and all that was noted with it.

        Raises:
            CatalogError: as :meth:`settle`.
        """
        if self._has_results:
            self.settle()

    def settle_due(self) -> float:
        """Settle if the oldest note has waited for long enough; return in how many seconds it will have.

        Raises:
            CatalogError: as :meth:`settle`.
        """
        if self._notes:
            left = self._since + WINDOW_S - time.monotonic()
            if left > 0:
                return left
            self.settle()
        return LONGEST_S

    def settle(self) -> None:
        """Record all that was noted, and tell it in the same order.

        Raises:
            CatalogError: the catalog can't be written; nothing of it is recorded.
        """
        if not self._notes:
            return
        notes, self._notes, self._has_results = self._notes, [], False
        with self._writer.together():
            for write, _ in notes:
                write()
        for _, tell in notes:
            tell()
