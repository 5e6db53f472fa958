"""Values, durations, times and columns as texts for people."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any


def use_colour(stream: Any = None) -> bool:
    """Tell whether colours help: a terminal, and the user did not say no."""
    return (stream or sys.stdout).isatty() and "NO_COLOR" not in os.environ


def plain_lines(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return aligned columns, two blanks apart."""
    widths = [max([len(column), *(cell_width(row[i]) for row in rows)]) for i, column in enumerate(columns)]
    return [
        "  ".join(cell + " " * (width - cell_width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [list(columns), *rows]
    ]


def show_duration(seconds: float | None) -> str:
    """Return a duration as people read it: ``0.4 s``, ``2 min 5 s``, ``1 h 3 min``."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def show_time(moment: str) -> str:
    """Return a UTC time in the local time zone, to the second."""
    if not moment:
        return ""
    parsed = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return parsed.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def show_value(value: Any) -> str:
    """Return a JSON value on one line; floats to four digits after the point, small and large ones with an exponent."""
    if isinstance(value, float):
        plain = value == 0 or 1e-3 <= abs(value) < 1e6
        return f"{value:.4f}".rstrip("0").rstrip(".") if plain else f"{value:g}"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def short_id(identifier: str) -> str:
    """Return the part of an id that tells it from others made at the same time, as a prefix that commands take."""
    return identifier[:13]


def cell_width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    import unicodedata  # noqa: PLC0415  # most texts are plain

    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def terminal_width() -> int:
    """Return the terminal's width in columns."""
    import shutil  # noqa: PLC0415  # it brings compression along; not needed in a pipe

    return shutil.get_terminal_size((100, 30)).columns
