"""What may run next: a pure state machine over a graph that may grow."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable

from stackyard.model.enums import ExecutionMode, Status
from stackyard.model.graph import StepSpec, topological_order

_ROUNDING = 1e-9
"""Fractions of CPUs don't add up exactly."""


class Scheduler:
    """Statuses of the steps of a run. Knows no clock, no process and no disk.

    Every step is in exactly one status; it leaves a finished status never. A step is ready when all steps that it
    waits for ended well. A step that declares CPUs starts when they are free: those that run never declare more than
    the cores together, except for one that declares more than there are and runs as the only one of its kind.
    """

    def __init__(self, steps: Iterable[StepSpec], mode: ExecutionMode, cores: float = float("inf")) -> None:
        """Queue all steps.

        Args:
            steps: as recorded.
            mode: what a failed step means for the others.
            cores: what steps that run declare together at most.

        Raises:
            CycleError: steps wait for each other.
        """
        self.mode = mode
        self.status: dict[str, Status] = {}
        self.stopped = False
        """Nothing more starts."""
        self._cores = cores
        self._free = cores
        self._position: dict[str, int] = {}
        self._waits: dict[str, set[str]] = {}
        self._users: dict[str, list[str]] = {}
        self._settled: set[str] = set()
        """Steps that nobody waits for: they ended well, or never had to run."""
        self._cpus: dict[str, float] = {}
        self._light: list[tuple[int, str]] = []
        """Ready steps that declare no CPUs, a heap: the first in topological order comes first."""
        self._heavy: list[tuple[int, str]] = []
        """Ready steps that declare some; none overtakes another, so that a large one gets its turn."""
        self._unfinished = 0
        self.add(steps)

    @property
    def order(self) -> list[str]:
        """Return all steps: each comes after those it waits for."""
        return list(self._position)

    def after(self, count: int) -> list[str]:
        """Return the steps from a place in the order on."""
        return list(itertools.islice(self._position, count, None)) if count else self.order

    def add(self, steps: Iterable[StepSpec]) -> list[str]:
        """Queue more steps, which wait for each other or for steps that are here.

        Returns:
            Those that will never run, in topological order; they are skipped now.

        Raises:
            CycleError: steps wait for each other.
        """
        specs = {s.name: s for s in steps}
        skipped: list[str] = []
        for name in topological_order(specs.values()):
            upstream = [up for up in specs[name].upstream() if up in self.status]
            self._position[name] = len(self._position)
            self._users[name] = []
            self.status[name] = Status.QUEUED
            self._unfinished += 1
            resources = specs[name].resources
            if resources is not None and resources.cpu_count:
                self._cpus[name] = min(resources.cpu_count, self._cores)
            self._waits[name] = {up for up in upstream if up not in self._settled}
            for up in self._waits[name]:
                self._users[up].append(name)
            if self.stopped or any(self.status[up].is_finished for up in self._waits[name]):
                self._finish(name, Status.SKIPPED)
                skipped.append(name)
            elif not self._waits[name]:
                self._make_ready(name)
        return skipped

    def take_ready(self) -> str | None:
        """Return a step that may start and mark it as running; None when there is none now."""
        for ready in (self._light, self._heavy):
            while ready and self.status[ready[0][1]] is not Status.QUEUED:
                heapq.heappop(ready)
        fits = bool(self._heavy) and self._cpus[self._heavy[0][1]] <= self._free + _ROUNDING
        if fits and not (self._light and self._light[0] < self._heavy[0]):
            name = heapq.heappop(self._heavy)[1]
            self._free -= self._cpus[name]
        elif self._light:
            name = heapq.heappop(self._light)[1]
        else:
            return None
        self.status[name] = Status.RUNNING
        return name

    @property
    def has_ready(self) -> bool:
        """Tell whether steps that may start wait for something else than other steps."""
        return any(self.status[name] is Status.QUEUED for ready in (self._light, self._heavy) for _, name in ready)

    def follower(self, chain: list[str]) -> str | None:
        """Return the first queued step that waits for the last one of a chain, and for nothing else but the chain."""
        among = set(chain)
        for name in self._users[chain[-1]]:
            if self.status[name] is Status.QUEUED and name not in self._cpus and self._waits[name] <= among:
                return name if not self.stopped else None
        return None

    def begin(self, name: str) -> bool:
        """Mark a step as running that somebody began; return False if it is not to run any more."""
        if self.status[name] is not Status.QUEUED:
            return False
        self.status[name] = Status.RUNNING
        return True

    def put_back(self, name: str) -> None:
        """Queue a step again that was taken and not started."""
        self._give_back(name)
        self.status[name] = Status.QUEUED
        self._make_ready(name)

    def retry(self, name: str) -> None:
        """Let a running step wait for another attempt, which begins with :meth:`again`."""
        self._give_back(name)
        self.status[name] = Status.RETRYING

    def again(self, name: str) -> None:
        """Make a step ready that waited for another attempt."""
        self.status[name] = Status.QUEUED
        self._make_ready(name)

    def settle(self, name: str, status: Status) -> None:
        """Give a queued step a finished status without running it; nobody waits for it any more, whatever it is."""
        self._finish(name, status)
        self._release_users(name)

    def end(self, name: str, status: Status) -> list[str]:
        """Record how a step ended that was running or waiting for another attempt.

        A failed step means for the others what the mode says. One that was stopped takes with it only those that need
        it, whatever the mode.

        Returns:
            The steps that will never run because of it, in topological order; they are skipped now.
        """
        if self.status[name] is Status.RUNNING:
            self._give_back(name)
        self._finish(name, status)
        if status.is_success:
            self._release_users(name)
            return []
        if status is Status.FAILED and self.mode is not ExecutionMode.CONTINUE_ON_FAILURE:
            return self.stop()
        return self.skip_downstream(name)

    def skip_downstream(self, name: str) -> list[str]:
        """Skip all queued steps that need a step, directly or not; return them in topological order."""
        found: set[str] = set()
        pending = [name]
        while pending:
            for user in self._users[pending.pop()]:
                if user not in found and not self.status[user].is_finished:
                    found.add(user)
                    pending.append(user)
        return self._skip(found)

    def stop(self) -> list[str]:
        """Start nothing more; return the steps that are skipped now.

        Those that run or wait for another attempt are left to the caller.
        """
        if self.stopped:
            return []
        self.stopped = True
        return self._skip(set(self.status))

    def in_status(self, status: Status) -> list[str]:
        """Return the steps in a status, in topological order."""
        return [name for name, found in self.status.items() if found is status]

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
        if Status.SKIPPED in found and self.stopped:
            return Status.STOPPED
        return Status.COMPLETED

    def _make_ready(self, name: str) -> None:
        heapq.heappush(self._heavy if name in self._cpus else self._light, (self._position[name], name))

    def _give_back(self, name: str) -> None:
        self._free += self._cpus.get(name, 0)

    def _release_users(self, name: str) -> None:
        self._settled.add(name)
        for user in self._users[name]:
            self._waits[user].discard(name)
            if not self._waits[user] and self.status[user] is Status.QUEUED:
                self._make_ready(user)

    def _skip(self, names: set[str]) -> list[str]:
        skipped = sorted((n for n in names if self.status[n] is Status.QUEUED), key=self._position.__getitem__)
        for name in skipped:
            self._finish(name, Status.SKIPPED)
        return skipped

    def _finish(self, name: str, status: Status) -> None:
        self.status[name] = status
        self._unfinished -= 1
