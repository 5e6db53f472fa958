"""What may run next: a pure state machine over the recorded graph."""

from __future__ import annotations

from collections.abc import Iterable

from stackyard.model.enums import ExecutionMode, Status
from stackyard.model.graph import StepSpec, topological_order


class Scheduler:
    """Statuses of the steps of a run. Knows no clock, no process and no disk.

    Every step is in exactly one status; it leaves a finished status never. A step is ready when all steps that it
    waits for ended well.
    """

    def __init__(self, steps: Iterable[StepSpec], mode: ExecutionMode) -> None:
        """Queue all steps.

        Raises:
            CycleError: steps wait for each other.
        """
        specs = list(steps)
        self.order = topological_order(specs)
        self.mode = mode
        self.status: dict[str, Status] = dict.fromkeys(self.order, Status.QUEUED)
        self._waits = {s.name: set(s.upstream()) for s in specs}
        self._users: dict[str, list[str]] = {name: [] for name in self.order}
        for name in self.order:
            for up in self._waits[name]:
                self._users[up].append(name)
        self._ready = [name for name in self.order if not self._waits[name]]
        self._unfinished = len(self.order)
        self.stopped = False

    def take_ready(self) -> str | None:
        """Return a step that may start and mark it as running; None when there is none now."""
        while self._ready:
            name = self._ready.pop(0)
            if self.status[name] is Status.QUEUED:
                self.status[name] = Status.RUNNING
                return name
        return None

    def put_back(self, name: str) -> None:
        """Queue a step again that was taken and not started."""
        self.status[name] = Status.QUEUED
        self._ready.insert(0, name)

    def end(self, name: str, status: Status) -> list[str]:
        """Record how a running step ended.

        Returns:
            The steps that will never run because of it, in topological order; they are skipped now.
        """
        self._finish(name, status)
        if status.is_success:
            for user in self._users[name]:
                self._waits[user].discard(name)
                if not self._waits[user] and self.status[user] is Status.QUEUED:
                    self._ready.append(user)
            return []
        if self.mode is ExecutionMode.CONTINUE_ON_FAILURE and not self.stopped:
            return self._skip(self._downstream(name))
        return self.stop()

    def stop(self) -> list[str]:
        """Start nothing more; return the steps that are skipped now."""
        self.stopped = True
        self._ready.clear()
        return self._skip(set(self.order))

    @property
    def running(self) -> list[str]:
        """Steps that were taken and have not ended, in topological order."""
        return [name for name in self.order if self.status[name] is Status.RUNNING]

    @property
    def finished(self) -> bool:
        """Tell whether every step is in a finished status."""
        return self._unfinished == 0

    def outcome(self) -> Status:
        """Return the status of the whole run once it is finished."""
        found = set(self.status.values())
        for status in (Status.FAILED, Status.STOPPED):
            if status in found:
                return status
        if Status.SKIPPED in found:
            return Status.STOPPED
        return Status.COMPLETED

    def _downstream(self, name: str) -> set[str]:
        found: set[str] = set()
        pending = [name]
        while pending:
            for user in self._users[pending.pop()]:
                if user not in found:
                    found.add(user)
                    pending.append(user)
        return found

    def _skip(self, names: set[str]) -> list[str]:
        skipped = [n for n in self.order if n in names and self.status[n] is Status.QUEUED]
        for name in skipped:
            self._finish(name, Status.SKIPPED)
        return skipped

    def _finish(self, name: str, status: Status) -> None:
        self.status[name] = status
        self._unfinished -= 1
