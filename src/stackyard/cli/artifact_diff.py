"""``stackyard artifact diff``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from stackyard.api.context import Context, open_context
from stackyard.api.hover import show_size
from stackyard.cli.artifact_text import bars, cut_cell, number_text
from stackyard.cli.output import json_option, print_json
from stackyard.cli.text import plain_lines, show_value, terminal_width, use_colour
from stackyard.model.diff_views import ArtifactDiff, ColumnDiff, DiffSide, PartDiff, RowsDiff, ValueChange
from stackyard.model.errors import UsageError
from stackyard.model.views import ArtifactVersionView

EXIT_DIFFERENT = 1
_CELL = 20
_CELLS = 5
"""Of a row that are shown."""
_LINES = 60
"""Of values and of texts that are shown."""
_COLOURS = {"+": "green", "-": "red", "@": "cyan", "~": "yellow"}
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_BY = {"key": "by {}", "index": "by the index {}", "position": "by their places"}
_MEASURES = {"ks": "ks: largest gap between shares below a border", "tv": "tv: share of values that moved"}


@click.command(epilog="Example: stackyard artifact diff people@3 people@4 --key name")
@click.argument("before", metavar="NAME[@VERSION]")
@click.argument("after", metavar="[NAME[@VERSION]]", required=False)
@click.option(
    "--version", "versions", type=int, multiple=True, metavar="NUMBER",
    help="Twice: compare these versions of NAME. Once: that one with the newest.",
)  # fmt: skip
@click.option("--key", multiple=True, metavar="COLUMN", help="Tells the rows of tables apart; may be repeated.")
@click.option("--exit-code", "exit_code", is_flag=True, help="Exit with 1 if they differ, with 0 if not.")
@json_option
def diff(
    *, before: str, after: str | None, versions: tuple[int, ...], key: tuple[str, ...], exit_code: bool, as_json: bool
) -> int:  # fmt: skip
    """Show how two versions differ: of one artifact NAME (default: its two newest), or of two.

    Tables by columns, rows and distributions, arrays by values, texts by lines, JSON by values, images by pixels; of
    pickles only what their manifests say: nothing is unpickled.
    """
    from stackyard.api import artifact_diff as api  # noqa: PLC0415  # opens stores: other verbs don't need it

    ctx = open_context()
    view = api.diff(ctx, *_chosen(ctx, before, after, versions), key=key)
    if as_json:
        print_json(view)
    else:
        for line in _lines(view):
            colour = _COLOURS.get(line.lstrip()[:1]) if use_colour() else None
            click.secho(line.rstrip(), fg=colour)
    return EXIT_DIFFERENT if exit_code and not view.same else 0


def _chosen(
    ctx: Context, before: str, after: str | None, versions: tuple[int, ...]
) -> tuple[ArtifactVersionView, ArtifactVersionView]:
    from stackyard.api.artifact_diff import newest_two  # noqa: PLC0415  # as above
    from stackyard.api.artifact_named import named_version  # noqa: PLC0415

    if after is not None and versions:
        raise UsageError("--version is for two versions of one artifact.", hint=f"Write {before}@1 {after}@2")
    if len(versions) > 2:
        raise UsageError("Two versions are compared.", hint="Give --version twice.")
    if after is not None:
        return named_version(ctx, before), named_version(ctx, after)
    if versions:
        return named_version(ctx, before, versions[0]), named_version(ctx, before, (*versions, None)[1])
    first = named_version(ctx, before)
    if before == first.name:
        return newest_two(ctx, before)
    return first, named_version(ctx, first.name)


def _lines(view: ArtifactDiff) -> Iterator[str]:
    one, other = _side(view.before), _side(view.after)
    if view.same:
        yield f"{one} and {other} are the same."
        yield from _facts(view.facts)
        return
    yield f"{one} → {view.after.version}" if view.before.name == view.after.name else f"{one} → {other}"
    yield from _facts(view.facts)
    for part in view.parts:
        yield ""
        if view.n_parts > 1 or part.change != "changed":
            yield f"{_SIGNS[part.change]} {part.file}"
        yield from _part(part)
    if view.n_parts > len(view.parts):
        yield f"… and {view.n_parts - len(view.parts):,} more files that differ"


def _side(side: DiffSide) -> str:
    return f"{side.name} {side.version}"


def _facts(facts: Sequence[ValueChange]) -> Iterator[str]:
    width = max((len(_fact_name(fact)) for fact in facts), default=0)
    for fact in facts:
        yield f"  {_fact_name(fact).ljust(width)}  {_fact(fact)}"


def _fact_name(fact: ValueChange) -> str:
    words = fact.name.removesuffix("_bytes").replace("_", " ") if not fact.name.startswith("metadata.") else fact.name
    return words[:1].upper() + words[1:] if not fact.name.startswith("metadata.") else words


def _fact(fact: ValueChange) -> str:
    if fact.name == "size_bytes":
        return " → ".join(show_size(v) if v is not None else "nothing" for v in (fact.before, fact.after))
    if fact.name in ("shape", "size"):
        both = (fact.before, fact.after)
        return " → ".join(" x ".join(map(str, v)) if isinstance(v, list) and v else "none" for v in both)
    if fact.name in ("pixels that differ", "values that differ"):
        return f"{fact.after:.2%}"
    if fact.name in ("mean difference", "largest difference"):
        return number_text(fact.after)
    return _change(fact)


def _change(change: ValueChange) -> str:
    if change.change == "added":
        return f"nothing → {_value(change.after)}"
    if change.change == "removed":
        return f"{_value(change.before)} → nothing"
    delta = f"  ({'+' if change.delta >= 0 else ''}{number_text(change.delta)})" if change.delta is not None else ""
    return f"{_value(change.before)} → {_value(change.after)}{delta}"


def _value(value: object) -> str:
    return cut_cell(show_value(value), 40)


def _part(part: PartDiff) -> Iterator[str]:
    if part.note:
        yield part.note
    yield from _facts(part.facts)
    for value in part.values[:_LINES]:
        yield f"{_SIGNS[value.change]} {value.name or 'value'}: {_change(value)}"
    if part.n_values > _LINES:
        yield f"… and {part.n_values - min(_LINES, len(part.values)):,} more values; see them with --json"
    yield from part.text[:_LINES]
    if part.n_lines > _LINES:
        yield f"… and {part.n_lines - _LINES:,} more lines; see them with --json"
    yield from _columns(part.columns)
    if part.rows is not None:
        yield from _rows(part.rows)


def _columns(columns: Sequence[ColumnDiff]) -> Iterator[str]:
    names = max((len(column.name) for column in columns if _is_schema(column)), default=0)
    for column in columns:
        if _is_schema(column):
            types = [column.dtype_before, column.dtype_after]
            yield f"{_SIGNS[column.change]} column {column.name.ljust(names)}  {' → '.join(filter(None, types))}"
    found = [column for column in columns if column.before is not None and column.after is not None]
    if not found:
        return
    titles = ["COLUMN", "CHANGED", "MISSING", "MEAN", "STD", "MIN", "MAX", "DRIFT", "BEFORE", "AFTER"]
    lines = [_line(column) for column in found]
    table: list[str] = []
    for dropped in (None, "STD", "MIN", "MAX", "CHANGED", "MISSING"):
        kept = [i for i, t in enumerate(titles) if t != dropped and (any(line[i] for line in lines) or not i)]
        titles, lines = [titles[i] for i in kept], [[line[i] for i in kept] for line in lines]
        table = plain_lines(titles, lines)
        if max(map(len, table)) < terminal_width():
            break
    yield from table
    measures = dict.fromkeys(column.measure for column in found if column.measure)
    if measures:
        yield f"({'; '.join(_MEASURES[measure] for measure in measures)})"


def _is_schema(column: ColumnDiff) -> bool:
    return column.change != "changed" or column.dtype_before != column.dtype_after


def _line(column: ColumnDiff) -> list[str]:
    old, new = column.before, column.after
    assert old is not None and new is not None  # noqa: PT018, S101  # the caller chose those
    drift = "" if column.drift is None else f"{column.drift:.3f} {column.measure}"
    histograms = [bars(h) if h is not None else "" for h in (column.histogram_before, column.histogram_after)]
    return [
        cut_cell(column.name, _CELL),
        "" if column.n_changed is None else f"{column.n_changed:,}",
        _both(f"{old.missing:,}", f"{new.missing:,}") if old.missing or new.missing else "",
        _both(number_text(old.mean), number_text(new.mean)),
        _both(number_text(old.std), number_text(new.std)),
        _both(number_text(old.minimum), number_text(new.minimum)),
        _both(number_text(old.maximum), number_text(new.maximum)),
        drift,
        *histograms,
    ]


def _both(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _rows(rows: RowsDiff) -> Iterator[str]:
    if rows.by == "nothing":
        yield (
            f"Rows: {rows.n_before:,} → {rows.n_after:,}; name what tells them apart with --key to see which are new."
        )
        return
    same = rows.n_before - rows.n_removed - rows.n_changed
    counts = {"added": rows.n_added, "removed": rows.n_removed, "changed": rows.n_changed, "the same": same}
    told = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count or word == "the same")
    yield f"Rows: {told} ({_BY[rows.by].format(', '.join(rows.key))})"
    for row in rows.changed:
        cells = [f"{name} {_cell(old)} → {_cell(new)}" for name, (old, new) in list(row.cells.items())[:_CELLS]]
        yield f"~ {', '.join(map(_cell, row.key))}: {', '.join(cells)}{' …' if len(row.cells) > _CELLS else ''}"
    for sign, found in (("+", rows.added), ("-", rows.removed)):
        for cells in found:
            named = [f"{name} {_cell(cell)}" for name, cell in list(zip(rows.columns, cells, strict=True))[:_CELLS]]
            yield f"{sign} {', '.join(named)}{' …' if len(cells) > _CELLS else ''}"


def _cell(value: object) -> str:
    return "nothing" if value is None else cut_cell(show_value(value), _CELL)
