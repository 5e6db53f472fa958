"""Timing processes side by side: what is compared takes turns, so that a busy machine is busy for all."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(sys.executable).parent
_DROPPED = ("STACKYARD_", "PYTHON", "XDG_", "VIRTUAL_ENV", "FORCE_COLOR", "CLICOLOR", "OMP_", "OPENBLAS_", "MKL_")


@dataclass(frozen=True)
class Times:
    """Repetitions of one thing, in seconds."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """What is compared with budgets."""
        return statistics.median(self.seconds)

    @property
    def fastest(self) -> float:
        """The least disturbed repetition."""
        return min(self.seconds)

    @property
    def slowest(self) -> float:
        """The most disturbed repetition."""
        return max(self.seconds)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    times: Times
    unit: str = "s"
    """``s``, ``ms``, ``x`` (a ratio) or ``MB``."""
    budget: float | None = None
    """At most this, in the same unit; None for something that is shown to compare with."""

    @property
    def verdict(self) -> str:
        """OK, OVER, or empty without a budget."""
        if self.budget is None:
            return ""
        return "OK" if self.times.median <= self.budget else "OVER"

    def as_dict(self) -> dict[str, object]:
        """The row as JSON."""
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.times.median,
            "min": self.times.fastest,
            "max": self.times.slowest,
            "budget": self.budget,
            "verdict": self.verdict,
            "values": list(self.times.seconds),
        }


def environment(home: Path, **variables: str) -> dict[str, str]:
    """Variables of a terminal in which the environment is active, with a home of its own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_DROPPED)}
    path = os.pathsep.join([str(PROGRAMS), kept.get("PATH", "")])
    return {**kept, "PATH": path, "STACKYARD_HOME": str(home), **variables}


def time_command(command: list[str], *, cwd: Path, env: Mapping[str, str]) -> float:
    """Run a command to its end; return the seconds of the whole process.

    Raises:
        RuntimeError: it failed.
    """
    begun = time.perf_counter()
    done = subprocess.run(
        command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600
    )
    seconds = time.perf_counter() - begun
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
    return seconds


def take_turns(candidates: Mapping[str, Callable[[], float]], repeat: int, *, trials: int = 1) -> dict[str, Times]:
    """Time each candidate `repeat` times, in rotation, after `trials` rounds that do not count."""
    found: dict[str, list[float]] = {name: [] for name in candidates}
    for round_number in range(repeat + trials):
        for name, run in candidates.items():
            seconds = run()
            if round_number >= trials:
                found[name].append(seconds)
    return {name: Times(tuple(values)) for name, values in found.items()}


def ratio(of: Times, to: Times) -> Times:
    """Return the ratios of repetitions that ran side by side."""
    return Times(tuple(a / b for a, b in zip(of.seconds, to.seconds, strict=True)))


def difference(of: Times, to: Times, *, factor: float = 1.0) -> Times:
    """Return the differences of repetitions that ran side by side, times a factor."""
    return Times(tuple((a - b) * factor for a, b in zip(of.seconds, to.seconds, strict=True)))


def table(rows: list[Row]) -> str:
    """Return the rows as text."""
    lines = [f"{'what':<58} {'median':>9} {'min':>9} {'max':>9} {'budget':>9}"]
    for row in rows:
        values = [row.times.median, row.times.fastest, row.times.slowest]
        shown = " ".join(f"{_show(value, row.unit):>9}" for value in values)
        budget = _show(row.budget, row.unit) if row.budget is not None else ""
        lines.append(f"{row.name:<58} {shown} {budget:>9} {row.verdict}".rstrip())
    return "\n".join(lines)


def _show(value: float, unit: str) -> str:
    return f"{value:.1f} ms" if unit == "ms" else f"{value:.2f} {unit}"
