"""What a terminal shows while a run goes on: a live table, or plain lines in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from stackyard.cli.output import cell_width, plain_lines, show_duration, show_value, terminal_width
from stackyard.engine.reporter import Reporter, RunFacts, StepChange
from stackyard.model.enums import Status
from stackyard.model.job import StepError

ICONS = {
    Status.QUEUED: "·",
    Status.RUNNING: "▶",
    Status.COMPLETED: "✔",
    Status.CACHED: "≡",
    Status.FAILED: "✘",
    Status.SKIPPED: "\N{EN DASH}",
    Status.STOPPED: "■",
    Status.STOPPING: "■",
    Status.INTERRUPTED: "✘",
}
COLOURS = {
    Status.RUNNING: "cyan",
    Status.COMPLETED: "green",
    Status.CACHED: "blue",
    Status.FAILED: "red",
    Status.SKIPPED: "bright_black",
    Status.STOPPED: "yellow",
    Status.STOPPING: "yellow",
    Status.INTERRUPTED: "red",
}
REFRESH_S = 0.1
MAX_METRICS = 4
MAX_RESULT = 40
"""Characters of one value."""


@dataclass
class _Row:
    """A step as the table shows it."""

    status: Status = Status.QUEUED
    started: float = 0.0
    duration_s: float | None = None
    detail: str = ""
    tail: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


class _Base(Reporter):
    """What both ways of showing share: rows, line cutting, the last lines."""

    def __init__(self) -> None:
        self.facts: RunFacts | None = None
        self.rows: dict[str, _Row] = {}
        self._partial: dict[tuple[str, str], str] = {}
        self.errors: list[tuple[str, StepError]] = []

    def run_started(self, facts: RunFacts) -> None:
        """Print the run's first line: stack, origin, orchestrator and store."""
        self.facts = facts
        self.rows = {name: _Row() for name in facts.steps}
        self.line(headline(facts))

    def steps_added(self, steps: Sequence[str]) -> None:
        """Show them below the others."""
        self.rows.update((name, _Row()) for name in steps if name not in self.rows)

    def step_changed(self, change: StepChange) -> None:
        """Note the step's status."""
        row = self.rows[change.step]
        row.status, row.detail = change.status, change.detail
        if change.status is Status.RUNNING:
            row.started = time.monotonic()
        else:
            row.duration_s = change.duration_s
            row.metadata = change.metadata
            for key in [k for k in self._partial if k[0] == change.step]:
                rest = self._partial.pop(key)
                if rest:
                    self.output_line(change.step, rest)
        if change.error is not None and change.status is Status.FAILED:
            self.errors.append((change.step, change.error))

    def step_output(self, step: str, stream: str, text: str, level: str) -> None:
        """Print whole lines as they come; of a progress bar only what it ends with."""
        key = (step, stream)
        *lines, rest = (self._partial.get(key, "") + text).split("\n")
        self._partial[key] = rest
        for line in lines:
            shown = line.rstrip("\r").rsplit("\r", 1)[-1]
            self.output_line(step, f"{level}: {shown}" if level and level != "info" else shown)
        if rest:
            self.rows[step].tail = rest.rsplit("\r", 1)[-1]

    def tick(self) -> None:
        """Nothing moves in plain lines."""

    def message(self, text: str) -> None:
        """Print it."""
        self.line(text)

    def warning(self, text: str) -> None:
        """Print it beside the results."""
        click.echo(f"Warning: {text}", err=True)

    def run_finished(self, status: Status, duration_s: float) -> None:
        """Print errors, the final table and the outcome."""
        for step, error in self.errors:
            self.line("")
            self.line(error_text(step, error), style="red")
        self.line("")
        self.final_table()
        assert self.facts is not None  # noqa: S101  # run_started came first
        counts: dict[Status, int] = {}
        for row in self.rows.values():
            counts[row.status] = counts.get(row.status, 0) + 1
        summary = ", ".join(f"{count} {s}" for s, count in counts.items())
        self.line(
            f"{ICONS[status]} {self.facts.name} {status} in {show_duration(duration_s)}: {summary}",
            style=COLOURS.get(status, ""),
        )

    def table_rows(self) -> list[list[str]]:
        """Return step, status, duration and result of every step."""
        return [
            [name, f"{ICONS[row.status]} {row.status}", show_duration(_duration(row)), result_text(row.metadata)]
            for name, row in self.rows.items()
        ]

    def line(self, text: str, style: str = "") -> None:
        """Print a line of ours."""
        raise NotImplementedError

    def output_line(self, step: str, text: str) -> None:
        """Print a line of a step."""
        raise NotImplementedError

    def final_table(self) -> None:
        """Print all steps."""
        raise NotImplementedError


class PlainReporter(_Base):
    """Lines without colour or movement."""

    def __init__(self, *, err: bool = False) -> None:
        """Print to stdout, or to stderr when stdout is for JSON."""
        super().__init__()
        self._err = err

    def step_changed(self, change: StepChange) -> None:
        """Print a line for every change."""
        super().step_changed(change)
        text = f"{change.step}: {change.status}"
        if change.status.is_finished and change.status not in (Status.SKIPPED, Status.CACHED):
            text += f" in {show_duration(change.duration_s)}"
        elif change.status is Status.SKIPPED:
            text += f" {change.detail}"
        self.line(text)

    def line(self, text: str, style: str = "") -> None:  # noqa: ARG002  # plain
        """Print a line."""
        click.echo(text, err=self._err)

    def output_line(self, step: str, text: str) -> None:
        """Print a line of a step with its name."""
        click.echo(f"{step} | {text}", err=self._err)

    def final_table(self) -> None:
        """Print aligned columns."""
        for line in plain_lines(["STEP", "STATUS", "DURATION", "RESULT"], self.table_rows()):
            click.echo(line, err=self._err)


class LiveReporter(_Base):
    """A table that moves, with what steps print above it."""

    def __init__(self) -> None:
        """Load rich; the terminal is taken when the run starts."""
        super().__init__()
        from rich.console import Console  # noqa: PLC0415  # slow to import; not needed in a pipe
        from rich.live import Live  # noqa: PLC0415

        self._console = Console(highlight=False)
        self._live: Live | None = None
        self._drawn = 0.0

    def run_started(self, facts: RunFacts) -> None:
        """Start the live table."""
        from rich.live import Live  # noqa: PLC0415

        super().run_started(facts)
        self._live = Live(self._table(live=True), console=self._console, auto_refresh=False, transient=True)
        self._live.start()

    def step_changed(self, change: StepChange) -> None:
        """Draw the change."""
        super().step_changed(change)
        self._draw(now=change.status is not Status.RUNNING)

    def tick(self) -> None:
        """Let the durations run."""
        self._draw(now=False)

    def run_finished(self, status: Status, duration_s: float) -> None:
        """Leave the final table on the screen."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        super().run_finished(status, duration_s)

    def line(self, text: str, style: str = "") -> None:
        """Print above the table."""
        from rich.text import Text  # noqa: PLC0415

        self._console.print(Text(text, style=style), soft_wrap=True)

    def output_line(self, step: str, text: str) -> None:
        """Print above the table, the step's name dimmed."""
        from rich.text import Text  # noqa: PLC0415

        self.rows[step].tail = text
        self._console.print(Text.assemble((f"{step} │ ", "bright_black"), Text.from_ansi(text)), soft_wrap=True)

    def final_table(self) -> None:
        """Print the whole table."""
        self._console.print(self._table(live=False))

    def _draw(self, *, now: bool) -> None:
        moment = time.monotonic()
        if self._live is not None and (now or moment - self._drawn > REFRESH_S):
            self._drawn = moment
            self._live.update(self._table(live=True), refresh=True)

    def _table(self, *, live: bool) -> Any:
        from rich import box  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        table = Table(box=box.ROUNDED, header_style="bold", expand=False)
        for column in ("Step", "Status", "Duration", "Last output" if live else "Result"):
            table.add_column(column, no_wrap=True, justify="right" if column == "Duration" else "left")
        shown = self._visible(live=live)
        # Names and statuses are never cut for the sake of what a step printed.
        others = max(len("Step"), *(cell_width(name) for name, _ in shown)) + max(len(row.status) for _, row in shown)
        width = max(len("Last output"), terminal_width() - others - len("Duration") - 15)
        for name, row in shown:
            status = Text(f"{ICONS[row.status]} {row.status}", style=COLOURS.get(row.status, ""))
            running = live and row.status is Status.RUNNING
            last = (
                row.tail
                if running
                else result_text(row.metadata) or (row.detail if row.status is Status.SKIPPED else "")
            )
            table.add_row(
                Text(name),
                status,
                show_duration(_duration(row)),
                Text(last if len(last) <= width else f"{last[: width - 1]}…", style="bright_black" if running else ""),
            )
        return table

    def _visible(self, *, live: bool) -> list[tuple[str, _Row]]:
        """Return all steps, or those around the running ones when they do not fit on the screen."""
        rows = list(self.rows.items())
        room = max(3, self._console.height - 8)
        if not live or len(rows) <= room:
            return rows
        first = next((i for i, (_, row) in enumerate(rows) if not row.status.is_finished), len(rows))
        start = max(0, min(first - room // 3, len(rows) - room))
        return rows[start : start + room]


def choose_reporter(*, as_json: bool = False) -> Reporter:
    """Return the way of showing that suits stdout."""
    if as_json:
        return PlainReporter(err=True)
    return LiveReporter() if sys.stdout.isatty() else PlainReporter()


def headline(facts: RunFacts) -> str:
    """Return a run's first line."""
    return (
        f"Running {facts.pipeline} on stack {facts.stack!r} ({facts.stack_origin}): orchestrator "
        f"{facts.orchestrator}, artifact store {facts.artifact_store} ({facts.artifact_store_root})"
    )


def error_text(step: str, error: StepError) -> str:
    """Return why a step failed: the user's traceback, or the message."""
    place = f" at {error.file}:{error.line}" if error.file and not error.traceback else ""
    lines = [f"Step {step!r} failed{place}: " + (f"{error.type}: " if error.traceback else "") + error.message]
    if error.traceback:
        lines.append(error.traceback)
    if error.hint:
        lines.append(f"Hint: {error.hint}")
    return "\n".join(lines)


def result_text(metadata: dict[str, Any]) -> str:
    """Return what a step logged, on one line."""
    shown = [f"{key} {_cut(show_value(value))}" for key, value in list(metadata.items())[:MAX_METRICS]]
    return ", ".join(shown) + (" …" if len(metadata) > MAX_METRICS else "")


def _cut(text: str) -> str:
    return text if len(text) <= MAX_RESULT else text[: MAX_RESULT - 1] + "…"


def _duration(row: _Row) -> float | None:
    if row.status is Status.RUNNING:
        return time.monotonic() - row.started
    return row.duration_s if row.status not in (Status.QUEUED, Status.SKIPPED) else None
