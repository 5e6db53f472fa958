"""Previews, pages and statistics of stored values as text for a terminal."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import Any

import click

from stackyard.cli.output import print_facts, print_table
from stackyard.cli.text import cell_width, show_value, terminal_width
from stackyard.model.artifact import ColumnStatistics, Histogram, Preview, PreviewColumn
from stackyard.model.reading import TablePage

PREVIEW_ROWS = 10
MAX_CELL = 24
_TITLES = ("COLUMN", "TYPE", "COUNT", "MISSING", "DISTINCT", "MIN", "MAX", "MEAN", "STD", "VALUES")
_WIDE, _VALUES, _NARROW = 16, 14, 10
"""Of cells in statistics."""
_BARS = "▁▂▃▄▅▆▇█"
_MAX_BARS = 10
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d|$)")
_STATISTICS = 20
"""Columns of which a preview shows the statistics."""


def print_preview(preview: Preview) -> None:
    """Print a preview below the facts of its version."""
    if preview.kind == "none" and not preview.text:
        return
    click.echo()
    if preview.kind == "table":
        rows = preview.rows[:PREVIEW_ROWS]
        shown = _print_rows(preview.columns, rows)
        n_columns = max(len(preview.columns), preview.n_columns or 0)  # a preview has the first ones only
        click.echo(f"{len(rows)} of {preview.n_rows} rows, {shown} of {n_columns} columns", err=True)
        found = [column for column in preview.columns if column.statistics is not None]
        if found:
            click.echo()
            print_statistics(found[:_STATISTICS])
    elif preview.kind == "metrics":
        print_facts("Metrics", [(str(k), show_value(v)) for k, v in preview.data.items()])
    elif preview.kind == "image":
        click.echo(f"Image, {preview.text}")
    elif preview.kind == "json":
        click.echo(json.dumps(preview.data, indent=2, ensure_ascii=False))
    else:
        click.echo(_harmless(preview.text))
    if preview.truncated and preview.kind not in ("table", "none"):
        click.echo("… (cut)", err=True)
    if preview.statistics is not None:
        click.echo()
        print_statistics([PreviewColumn(name="all values", dtype="", statistics=preview.statistics)])


def print_page(page: TablePage, *, filtered: bool) -> None:
    """Print rows, and where in the table they are."""
    shown = _print_rows(page.columns, page.rows)
    first, last = page.offset + 1, page.offset + len(page.rows)
    place = f"rows {first:,} to {last:,}" if page.rows else "no row"
    if filtered and page.n_matching:
        place += f" of {page.n_matching:,} that match,"
    verb = "" if page.n_matching or not filtered else " matches"
    text = f"{place} of {page.n_rows:,}{verb}; {shown} of {page.n_columns:,} columns"
    if page.shape:
        text += f"; slice {', '.join(map(str, page.index))} of {' x '.join(map(str, page.shape))}"
    if shown < len(page.columns):
        text += "; see others with --columns"
    click.echo(text, err=True)


def print_statistics(columns: Sequence[PreviewColumn]) -> None:
    """Print what columns hold, a line each; what no column has, or has no room, is left out."""
    titles = list(_TITLES)
    lines = [_statistics_line(column, column.statistics) for column in columns if column.statistics is not None]
    for dropped in (None, "STD", "DISTINCT", "COUNT", "TYPE", "VALUES", "MEAN", "MISSING"):
        kept = [i for i, title in enumerate(titles) if title != dropped and any(line[i] for line in lines)]
        titles, lines = [titles[i] for i in kept], [[line[i] for i in kept] for line in lines]
        if sum(_widths(titles, lines)) + _between() * len(titles) < terminal_width():
            break
    print_table(*_aligned(titles, lines, [title not in ("COLUMN", "TYPE", "VALUES") for title in titles]))


def _statistics_line(column: PreviewColumn, found: ColumnStatistics) -> list[str]:
    if found.distinct is None:
        distinct = ""
    else:  # of some rows only: there may be more
        distinct = f"{found.distinct:,}" if found.sampled is None else f"≥ {found.distinct:,}"
    if found.histogram is not None:
        values = bars(found.histogram)
    else:
        values = cut_cell(", ".join(cut_cell(show_value(item.value), _NARROW) for item in found.top[:3]), _VALUES)
    missing = f"{found.missing:,}" if found.missing else ""
    return [
        cut_cell(column.name, _WIDE), cut_cell(column.dtype, _WIDE), f"{found.count:,}", missing, distinct,
        *_ends(found.minimum, found.maximum), number_text(found.mean), number_text(found.std), values,
    ]  # fmt: skip


def _ends(low: object, high: object) -> tuple[str, str]:
    """Return minimum and maximum; of times the days, or within one day the times."""
    if isinstance(low, str) and isinstance(high, str) and _MOMENT.match(low) and _MOMENT.match(high):
        return (low[:10], high[:10]) if low[:10] != high[:10] else (low[11:19] or low, high[11:19] or high)
    return number_text(low), number_text(high)


def number_text(value: object) -> str:
    """Return a number to five digits, or another value cut short; nothing for None."""
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else cut_cell(show_value(value), _NARROW)


def bars(histogram: Histogram) -> str:
    """Return bars as high as the counts, two ranges a bar where there are many."""
    counts = histogram.counts
    if len(counts) > _MAX_BARS:
        counts = [sum(counts[i : i + 2]) for i in range(0, len(counts), 2)]
    most = max(counts, default=0)
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] if count else " " for count in counts)


def _print_rows(columns: Sequence[PreviewColumn], rows: Sequence[Sequence[Any]]) -> int:
    """Print as many columns as fit, at least one; return how many."""
    titles = [cut_cell(column.name) for column in columns]
    texts = [[_cell(cell) for cell in row] for row in rows]
    right = [all(map(_is_number, cells)) for cells in zip(*rows, strict=True)] or [False for _ in columns]
    shown, room = 0, terminal_width() - 1
    for width in _widths(titles, texts):
        room -= width + _between()
        if room < 0 and shown:
            break
        shown += 1
    print_table(*_aligned(titles[:shown], [row[:shown] for row in texts], right))
    return shown


def _aligned(
    titles: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]
) -> tuple[list[str], list[list[str]]]:
    """Return titles and cells, those of numbers moved to the right."""
    widths = _widths(titles, rows)

    def line(cells: Sequence[str]) -> list[str]:
        return [
            cell.rjust(width) if to_right else cell for cell, width, to_right in zip(cells, widths, right, strict=False)
        ]

    return line(titles), [line(row) for row in rows]


def _between() -> int:
    """Return the columns of a terminal between two of a table, with its lines."""
    return 3 if sys.stdout.isatty() else 2


def _widths(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max([cell_width(title), *(cell_width(row[i]) for row in rows)]) for i, title in enumerate(titles)]


def _is_number(cell: object) -> bool:
    """Tell whether a cell is missing or a number; those that JSON has no number for are texts."""
    number = isinstance(cell, (int, float)) and not isinstance(cell, bool)
    return number or cell is None or cell in ("nan", "inf", "-inf")


def _cell(value: object) -> str:
    return cut_cell(show_value(value)) if value is not None else ""


def cut_cell(text: str, size: int = MAX_CELL) -> str:
    """Return a text on one line that is no longer than so many characters."""
    text = _harmless(text.replace("\n", "⏎").replace("\t", " "))
    return text if len(text) <= size else text[: size - 1] + "…"


def _harmless(text: str) -> str:
    """Return a text in which nothing steers the terminal: control characters, but line ends and tabs, as numbers."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text.replace("\r\n", "\n"))
