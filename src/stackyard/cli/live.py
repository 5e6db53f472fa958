"""A run's progress on a terminal: a table that moves, with what steps print above it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from stackyard.cli.progress import Progress, Row
from stackyard.cli.progress_text import COLOURS, counts_text, cut, cut_middle, result_text
from stackyard.cli.text import cell_width, show_duration
from stackyard.engine.reporter import RunFacts, StepChange
from stackyard.model.enums import Status

REFRESH_S = 0.1
DRAW_SHARE = 10
"""A drawing is followed by a pause of this many times its own time, so that it costs a run little."""
AROUND = 7
"""Lines of the terminal that are not for steps: frame, counts, and a few of what was printed."""
MIN_NAME = 16
"""Columns that a step's name has on the narrowest terminal."""
DURATION_WIDTH = len("59 min 59 s")
FRAME_WIDTH = 13
"""Columns of the frame around four cells."""
MAX_LINES_A_DRAW = 500
"""Lines of steps between two drawings; of more only the last are shown, all are in the logs."""
_ACTIVE = (Status.RUNNING, Status.RETRYING, Status.STOPPING)


class LiveReporter(Progress):
    """A table of steps that fits the terminal, whatever its size and however many there are."""

    def __init__(self) -> None:
        """Take the terminal when the run starts."""
        super().__init__()
        self._console = Console(highlight=False, no_color="NO_COLOR" in os.environ or None)
        self._live: Live | None = None
        self._next = 0.0
        """When the table may be drawn again, by the monotonic clock."""
        self._begun = time.monotonic()
        self._ended: list[str] = []
        """Steps in the order in which they ended."""
        self._printed: list[Text] = []
        self._left_out = 0

    def run_started(self, facts: RunFacts) -> None:
        """Start the live table."""
        super().run_started(facts)
        self._live = Live(self._picture(), console=self._console, auto_refresh=False, transient=True)
        self._live.start()

    def step_changed(self, change: StepChange) -> None:
        """Draw the change."""
        super().step_changed(change)
        if change.status.is_finished:
            self._ended.append(change.step)
        if change.status is Status.RETRYING and change.error is not None:
            self._print_output()
            error = f"{change.error.type}: {change.error.message}"
            self.line(f"{change.step}: attempt {change.attempt} failed after {error}", style="yellow")
        self._draw()

    def tick(self) -> None:
        """Let the durations run."""
        self._draw()

    def catch_up(self) -> None:
        """Print what waits for the next drawing."""
        self._print_output()

    def message(self, text: str) -> None:
        """Print it behind what came before."""
        self._print_output()
        super().message(text)

    def run_finished(self, status: Status, duration_s: float) -> None:
        """Leave the final table on the screen."""
        self._print_output()
        if self._live is not None:
            self._live.stop()
            self._live = None
        super().run_finished(status, duration_s)

    def line(self, text: str, style: str = "") -> None:
        """Print above the table."""
        self._console.print(Text(text, style=style), soft_wrap=True)

    def output_line(self, step: str, text: str) -> None:
        """Print above the table, the step's name dimmed, with the next drawing."""
        self.rows.setdefault(step, Row()).tail = text
        self._printed.append(Text.assemble((f"{step} │ ", "bright_black"), Text.from_ansi(text)))
        if len(self._printed) > 2 * MAX_LINES_A_DRAW:
            self._left_out += len(self._printed) - MAX_LINES_A_DRAW
            del self._printed[:-MAX_LINES_A_DRAW]

    def final_table(self, names: Sequence[str]) -> None:
        """Print these steps."""
        self._console.print(self._table(names, live=False))

    def _draw(self) -> None:
        begun = time.monotonic()
        if self._live is not None and begun >= self._next:
            self._print_output()
            self._live.update(self._picture(), refresh=True)
            ended = time.monotonic()
            self._next = ended + max(REFRESH_S, DRAW_SHARE * (ended - begun))

    def _print_output(self) -> None:
        if self._left_out:
            note = f"({self._left_out:,} lines are not shown here; see: stackyard run logs)"
            self._printed.insert(0, Text(note, style="bright_black"))
            self._left_out = 0
        if self._printed:
            self._console.print(Text("\n").join(self._printed), soft_wrap=True)
            self._printed = []

    def _picture(self) -> Any:
        names = self._visible(max(3, self._console.height - AROUND))
        ended = len([1 for row in self.rows.values() if row.status.is_finished])
        text = f"{ended:,} of {len(self.rows):,} steps, {show_duration(time.monotonic() - self._begun)}"
        if len(names) < len(self.rows):
            text += f": {counts_text(row.status for row in self.rows.values())}"
        counts = Text(cut(text, self._console.width), style="bright_black")
        return Group(self._table(names, live=True), counts)

    def _table(self, names: Sequence[str], *, live: bool) -> Table:
        table = Table(box=box.ROUNDED, header_style="bold", expand=False)
        for column in ("Step", "Status", "Duration", "Last output" if live else "Result"):
            table.add_column(column, no_wrap=True, justify="right" if column == "Duration" else "left")
        shown = [(name, self.rows[name], self.rows[name].status_text()) for name in names]
        # Statuses are never cut, and names in the middle, for the sake of what a step printed as little as can be.
        others = max([len("Status"), *(cell_width(status) for _, _, status in shown)]) + DURATION_WIDTH + FRAME_WIDTH
        longest = max(MIN_NAME, self._console.width - others - len("Last output"))
        others += min(longest, max([len("Step"), *(cell_width(name) for name, _, _ in shown)]))
        width = max(len("Last output"), self._console.width - others)
        for name, row, status in shown:
            running = live and row.status is Status.RUNNING
            table.add_row(
                Text(cut_middle(name, longest)),
                Text(status, style=COLOURS.get(row.status, "")),
                show_duration(row.seconds()),
                Text(cut(_last_column(row, live=live), width), style="bright_black" if running else ""),
            )
        return table

    def _visible(self, room: int) -> list[str]:
        """Return all steps, or as many as fit: those that run, what failed, what ended last, what comes next."""
        if len(self.rows) <= room:
            return list(self.rows)
        active = [name for name, row in self.rows.items() if row.status in _ACTIVE]
        failed = [name for name, row in self.rows.items() if row.status is Status.FAILED]
        queued = [name for name, row in self.rows.items() if row.status is Status.QUEUED]
        chosen: dict[str, None] = dict.fromkeys([*active[:room], *failed[: room // 4]])
        chosen.update(dict.fromkeys(queued[: max(0, (room - len(chosen)) // 2)]))
        for name in reversed(self._ended):
            if len(chosen) >= room:
                break
            chosen[name] = None
        chosen.update(dict.fromkeys(queued[:room]))
        kept = set(list(chosen)[:room])
        return [name for name in self.rows if name in kept]


def _last_column(row: Row, *, live: bool) -> str:
    if row.status is Status.SKIPPED:
        return row.detail
    if live and row.status is Status.RUNNING:
        return row.tail or (f"not cached: {row.detail}" if row.detail else "")
    return result_text(row.metadata)
