"""A run's logs as a stream: all of them, and then what is new, however long they are."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stackyard.api.context import Context
from stackyard.api.runs import find_step, get_run
from stackyard.model.enums import Status
from stackyard.model.errors import RunNotFoundError
from stackyard.model.views import LogLine, StepRunView
from stackyard.storage.logs import LogReader

_PIECE = 1 << 16
"""Bytes of a step's log that are in memory at a time."""


class _Log(NamedTuple):
    """A log of the run."""

    id: str
    """Of the step run, or of the run for its own log."""
    step: str
    path: Path
    ended: bool
    """Nothing more is written."""


class RunLogs:
    """Reads what the steps of a run print, merged by time."""

    def __init__(self, ctx: Context, run: str, step: str | None = None, *, since: str = "") -> None:
        """Find the run.

        Args:
            ctx: where.
            run: name, id prefix or newest.
            step: one step; None means all.
            since: only lines from this moment on, in UTC ISO 8601.

        Raises:
            RunNotFoundError: there is no such run.
            StepRunNotFoundError: the run has no such step.
        """
        self._ctx = ctx
        self._run = get_run(ctx, run)
        self._step = step
        self._since = since
        self._readers: dict[str, LogReader] = {}
        self._done: set[str] = set()
        """Steps whose log is read to its end."""
        self._steps()

    @property
    def finished(self) -> bool:
        """Tell whether no more lines will come."""
        return self._run.status.is_finished and all(log.id in self._done for log in self._logs())

    def new_lines(self) -> Iterator[LogLine]:
        """Yield what was printed since the last call, oldest first."""
        self._run = get_run(self._ctx, self._run.id)
        pending = [log for log in self._logs() if log.id not in self._done]
        return heapq.merge(*(self._lines_of(log) for log in pending), key=lambda line: line.at)

    def said_elsewhere(self) -> str:
        """Return where to look when nothing was printed: why steps failed, or where the one step was executed."""
        steps = self._steps()
        if any(step.status is Status.FAILED for step in steps):
            return f" Why it failed: stackyard run show {self._run.name}"
        cache = steps[0].cache if self._step is not None else None
        if cache is None or not cache.hit:
            return ""
        try:
            run = get_run(self._ctx, cache.source_run_id)
        except RunNotFoundError:
            return f" The step {self._step!r} was not executed: the run that made what it gives was deleted."
        command = f"stackyard run logs {run.name} --step {self._step}"
        return f" The step {self._step!r} was executed in the run {run.name!r}: {command}"

    def _steps(self) -> list[StepRunView]:
        if self._step is not None:
            return [find_step(self._run, self._step)]
        # A run that is over can hold steps that never began: they have no log.
        return [s for s in self._run.steps if s.started_at or not s.status.is_finished]

    def _logs(self) -> list[_Log]:
        """Return the logs of the steps, and the run's own."""
        logs = [_Log(step.id, step.name, Path(step.log_file), step.status.is_finished) for step in self._steps()]
        if self._step is None:
            path = self._ctx.home_folder.run_log(self._run.id)
            logs.append(_Log(self._run.id, "", path, self._run.status.is_finished))
        return logs

    def _lines_of(self, log: _Log) -> Iterator[LogLine]:
        reader = self._readers.setdefault(log.id, LogReader(log.path, log.step))
        while True:
            for line in reader.read(final=log.ended, max_bytes=_PIECE):
                if line.at >= self._since:
                    yield line
            if reader.at_end:
                break
        if log.ended:
            self._done.add(log.id)
