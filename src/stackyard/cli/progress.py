"""A run's progress for people: lines that fit a pipe as well. On a terminal see :mod:`stackyard.cli.live`."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import field
from typing import IO, Any

from stackyard.cli.progress_text import (
    COLOURS,
    ICONS,
    counts_text,
    error_lines,
    headline,
    hook_error_lines,
    result_text,
)
from stackyard.cli.text import plain_lines, show_duration
from stackyard.engine.reporter import Reporter, RunFacts, StepChange
from stackyard.model.enums import Status
from stackyard.model.job import StepError
from stackyard.model.record import Record
from stackyard.storage.logs import cut_lines

MAX_ROWS = 60
"""Steps in the table at the end; of a longer run those that did not simply complete."""
MAX_ERRORS = 5
"""Tracebacks at the end; the others are named."""
BUFFER = 1 << 16
"""Characters that wait for the next tick at most."""
FLUSH_S = 0.05
"""How often lines are written at most while they are few: each writing wakes whoever reads."""


class Row(Record, frozen=False):
    """A step as a table shows it."""

    status: Status = Status.QUEUED
    started: float = 0.0
    duration_s: float | None = None
    detail: str = ""
    tail: str = ""
    attempt: int = 1
    retry_at: float = 0.0
    """When a step that waits for its next attempt begins it, by the monotonic clock."""
    kept: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)

    def seconds(self) -> float | None:
        """Return how long the step took, or takes until now."""
        if self.status in (Status.RUNNING, Status.STOPPING):
            return time.monotonic() - self.started
        return self.duration_s if self.status not in (Status.QUEUED, Status.SKIPPED) else None

    def status_text(self) -> str:
        """Return sign and status, with what is special about it."""
        text = f"{ICONS[self.status]} {self.status}"
        if self.kept and self.status is not Status.SKIPPED:
            return f"{text} in {self.detail}" if self.detail else f"{text} before"
        if self.status is Status.RETRYING:
            return f"{text} in {max(0, math.ceil(self.retry_at - time.monotonic()))} s"
        return f"{text} (attempt {self.attempt})" if self.attempt > 1 else text


class Progress(Reporter):
    """What all ways of showing share: rows, line cutting, the last lines."""

    def __init__(self) -> None:
        """Know nothing of a run yet."""
        self.facts: RunFacts | None = None
        self.rows: dict[str, Row] = {}
        self._partial: dict[tuple[str, str], str] = {}
        self._errors: list[tuple[str, StepError]] = []

    def run_started(self, facts: RunFacts) -> None:
        """Print the run's first line: stack, origin, orchestrator and store."""
        self.facts = facts
        self.rows = {name: Row() for name in facts.steps}
        self.line(headline(facts))

    def steps_added(self, steps: Sequence[str]) -> None:
        """Show them below the others."""
        self.rows.update((name, Row()) for name in steps if name not in self.rows)

    def step_changed(self, change: StepChange) -> None:
        """Note the step's status."""
        row = self.rows.get(change.step)
        if row is None:
            row = self.rows[change.step] = Row()
        row.status, row.detail, row.attempt, row.kept = change.status, change.detail, change.attempt, change.kept
        if change.status is Status.RUNNING:
            row.started = time.monotonic() if change.attempt == 1 or not row.started else row.started
        else:
            row.duration_s = change.duration_s
            row.metadata = change.metadata
            row.retry_at = time.monotonic() + (change.wait_s or 0.0)
            for stream in ("stdout", "stderr", "log"):
                rest = self._partial.pop((change.step, stream), "")
                if rest:
                    self.output_line(change.step, _last_seen(rest))
        if change.error is not None and change.status is Status.FAILED:
            self._errors.append((change.step, change.error))

    def step_output(self, step: str, stream: str, text: str, level: str) -> None:
        """Print whole lines as they come; of a progress bar only what it ends with."""
        # Bytes that are no UTF-8 come as lone surrogates, which no stream takes.
        shown = text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        key = (step, stream)
        lines, rest = cut_lines(self._partial.get(key, ""), shown)
        self._partial[key] = rest
        for line in lines:
            self.output_line(step, f"{level}: {line}" if level and level != "info" else line)
        if rest and step in self.rows:
            self.rows[step].tail = _last_seen(rest)

    def tick(self) -> None:
        """Nothing moves."""

    def catch_up(self) -> None:
        """Nothing waits."""

    def message(self, text: str) -> None:
        """Print it."""
        self.line(text)

    def warning(self, text: str) -> None:
        """Print it beside the results."""
        write_safely(sys.stderr, f"Warning: {text}\n")

    def hook_failed(self, hook: str, error: StepError) -> None:
        """Print why."""
        self.line("\n".join(hook_error_lines(hook, error)), style="red")

    def run_finished(self, status: Status, duration_s: float) -> None:
        """Print errors, the final table and the outcome."""
        assert self.facts is not None  # noqa: S101  # run_started came first
        for step, error in self._errors[:MAX_ERRORS]:
            self.line("")
            self.line("\n".join(error_lines(step, error)), style="red")
        if len(self._errors) > MAX_ERRORS:
            others = [step for step, _ in self._errors[MAX_ERRORS:]]
            more = f" and {len(others) - MAX_ERRORS} more" if len(others) > MAX_ERRORS else ""
            self.line("")
            self.line(f"These failed, too: {', '.join(others[:MAX_ERRORS])}{more}", style="red")
        self.line("")
        shown = self._notable()
        self.final_table(shown)
        if len(shown) < len(self.rows):
            rest = len(self.rows) - len(shown)
            self.line(f"and {rest:,} more steps; see all with: stackyard run show {self.facts.name}")
        summary = counts_text(row.status for row in self.rows.values())
        self.line(
            f"{ICONS[status]} {self.facts.name} {status} in {show_duration(duration_s)}: {summary}",
            style=COLOURS.get(status, ""),
        )

    def _notable(self) -> list[str]:
        """Return the steps of the final table: all, or of very many those that did not simply complete."""
        if len(self.rows) <= MAX_ROWS:
            return list(self.rows)
        notable = [n for n, row in self.rows.items() if not row.status.is_success and row.status is not Status.SKIPPED]
        logged = [n for n, row in self.rows.items() if row.metadata and row.status.is_success]
        chosen = set([*notable, *logged][:MAX_ROWS])
        return [name for name in self.rows if name in chosen]

    def line(self, text: str, style: str = "") -> None:
        """Print a line of ours."""
        raise NotImplementedError

    def output_line(self, step: str, text: str) -> None:
        """Print a line of a step."""
        raise NotImplementedError

    def final_table(self, names: Sequence[str]) -> None:
        """Print these steps."""
        raise NotImplementedError


class PlainReporter(Progress):
    """Lines without colour or movement, written when there is time: many lines cost one write."""

    def __init__(self, *, err: bool = False, in_process: bool = False) -> None:
        """Choose the stream.

        Args:
            err: print to stderr, since stdout is for programs.
            in_process: steps run in this process and print by themselves; nothing waits for a tick.
        """
        super().__init__()
        self._out: IO[str] = sys.stderr if err else sys.stdout
        self._in_process = in_process
        self._waiting: list[str] = []
        self._size = 0
        self._flushed = 0.0
        """By the monotonic clock."""

    def step_changed(self, change: StepChange) -> None:
        """Print a line for every change."""
        super().step_changed(change)
        self.line(change_text(change))

    def step_output(self, step: str, stream: str, text: str, level: str) -> None:
        """Print whole lines, unless the step printed them itself."""
        if not self._in_process:
            super().step_output(step, stream, text, level)

    def tick(self) -> None:
        """Write what waits; steps may end more often than anybody reads."""
        if time.monotonic() - self._flushed >= FLUSH_S:
            self._flush()

    def catch_up(self) -> None:
        """Write what waits, now."""
        self._flush()

    def message(self, text: str) -> None:
        """Print it now."""
        super().message(text)
        self._flush()

    def warning(self, text: str) -> None:
        """Print it after what came before."""
        self._flush()
        super().warning(text)

    def run_started(self, facts: RunFacts) -> None:
        """Print the first line now."""
        super().run_started(facts)
        self._flush()

    def run_finished(self, status: Status, duration_s: float) -> None:
        """Print the rest."""
        super().run_finished(status, duration_s)
        self._flush()

    def line(self, text: str, style: str = "") -> None:  # noqa: ARG002  # plain
        """Print a line."""
        self._waiting.append(f"{text}\n")
        self._size += len(text)
        if self._in_process or self._size > BUFFER:
            self._flush()

    def output_line(self, step: str, text: str) -> None:
        """Print a line of a step with its name."""
        self.line(f"{step} | {text}")

    def final_table(self, names: Sequence[str]) -> None:
        """Print aligned columns."""
        rows = [(name, self.rows[name]) for name in names]
        cells = [[n, r.status_text(), show_duration(r.seconds()), result_text(r.metadata)] for n, r in rows]
        for line in plain_lines(["STEP", "STATUS", "DURATION", "RESULT"], cells):
            self.line(line)

    def _flush(self) -> None:
        if self._waiting:
            text = "".join(self._waiting)
            self._waiting, self._size, self._flushed = [], 0, time.monotonic()
            write_safely(self._out, text)


def change_text(change: StepChange) -> str:
    """Return a step's new status as a line."""
    text = f"{change.step}: {change.status}"
    if change.kept and change.status is not Status.SKIPPED:
        return f"{text} in {change.detail}" if change.detail else f"{text} before"
    if change.status is Status.RETRYING:
        why = f" after {change.error.type}: {change.error.message}" if change.error else ""
        return f"{change.step}: attempt {change.attempt} failed{why}; the next one in {change.wait_s or 0:g} s"
    if change.status is Status.RUNNING and change.attempt > 1:
        return f"{text} (attempt {change.attempt})"
    if change.status is Status.SKIPPED:
        return f"{text} {change.detail}" if change.detail.startswith("because") else f"{text}, {change.detail}"
    if change.status.is_finished and change.status is not Status.CACHED:
        return f"{text} in {show_duration(change.duration_s)}"
    return text


def write_safely(out: IO[str], text: str) -> None:
    """Write a text and flush; characters that the stream's encoding does not have become question marks."""
    try:
        out.write(text)
    except UnicodeEncodeError:
        encoding = getattr(out, "encoding", None) or "ascii"
        out.write(text.encode(encoding, "replace").decode(encoding))
    out.flush()


def choose_reporter(*, err: bool = False, in_process: bool = False) -> Reporter:
    """Return the way of showing that suits the output.

    Args:
        err: stdout is for programs.
        in_process: steps run in this process: a debugger may need the terminal.
    """
    if err or in_process or not sys.stdout.isatty():
        return PlainReporter(err=err, in_process=in_process)
    from stackyard.cli.live import LiveReporter  # noqa: PLC0415  # rich is slow to import; not needed in a pipe

    return LiveReporter()


def _last_seen(line: str) -> str:
    """Return what is seen of a line at last: a progress bar writes over itself with carriage returns."""
    return line.rstrip("\r").rsplit("\r", 1)[-1]
