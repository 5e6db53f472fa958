"""How two stored tables, or arrays, differ: columns, rows, distributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from stackyard.model.artifact import Histogram
from stackyard.model.diff_views import ChangedRow, ColumnDiff, PartDiff, RowsDiff, ValueChange
from stackyard.model.errors import UsageError
from stackyard.storage.materializers.base import safe_cell
from stackyard.storage.reading.npy import NpyTable
from stackyard.storage.reading.table import StoredTable, import_arrow, import_numpy

SAMPLE = 5
"""Rows of each kind that are shown."""
MAX_COLUMNS = 200
_VALUES = 100_000
"""Of a column that distributions are compared by, evenly spread."""
_BINS = 10
_MAX_DISTINCT = 1000
_BEFORE, _AFTER = "__before", "__after"


class _Matched(NamedTuple):
    """Which rows belong together, as arrays of row numbers."""

    before: Any
    after: Any
    removed: Any
    added: Any


def compare_tables(part: PartDiff, old: StoredTable, new: StoredTable, key: Sequence[str]) -> None:
    """Fill in what differs.

    Raises:
        UsageError: a column of the key is missing, or does not tell the rows apart.
    """
    arrays = isinstance(old, NpyTable) and isinstance(new, NpyTable) and not key
    if arrays and _compare_arrays(part, old, new):
        return
    part.kind = "table"
    for name in key:
        old.column(name)
        new.column(name)
    before, after = (_decoded(table.to_arrow()) for table in (old, new))
    matched, rows = _match(old, before, new, after, key)
    part.rows = rows
    shared = [name for name in before.column_names if name in after.column_names]
    changed: dict[str, Any] = {}
    if matched is not None:
        masks = {name: _differ(before.column(name), after.column(name), matched) for name in shared}
        changed = {name: mask for name, mask in masks.items() if mask.any()}
        _samples(rows, (before, after), matched, changed)
    whole = matched is not None and not (rows.n_added or rows.n_removed)
    for name in dict.fromkeys([*after.column_names, *before.column_names]):
        found = _column(name, old, before, new, after)
        if matched is not None and name in shared:
            found.n_changed = int(changed[name].sum()) if name in changed else 0
        same = found.change == "changed" and found.dtype_before == found.dtype_after
        if (same and whole and not found.n_changed) or len(part.columns) >= MAX_COLUMNS:
            continue
        if found.change == "changed":
            _distributions(found, old, before, new, after)
        part.columns.append(found)


def _column(name: str, old: StoredTable, before: Any, new: StoredTable, after: Any) -> ColumnDiff:
    found = ColumnDiff(name=name)
    if name in before.column_names:
        found.dtype_before = old.column(name).dtype
    else:
        found.change = "added"
    if name in after.column_names:
        found.dtype_after = new.column(name).dtype
    else:
        found.change = "removed"
    return found


def _compare_arrays(part: PartDiff, old: Any, new: Any) -> bool:
    """Compare arrays as a whole; False: they have fields, and are tables."""
    before, after = old.whole, new.whole
    if before.dtype.names or after.dtype.names or before.dtype.kind not in "biuf" or after.dtype.kind not in "biuf":
        return False
    np = import_numpy()
    part.kind = "array"
    if before.shape != after.shape:
        part.facts.append(ValueChange(name="shape", before=list(before.shape), after=list(after.shape)))
    column = ColumnDiff(name="value", dtype_before=str(before.dtype), dtype_after=str(after.dtype))
    if before.shape == after.shape and before.size:
        apart, n_changed = 0.0, 0
        for start in range(0, len(before), step := max(1, (1 << 22) // max(1, before[0].size))):
            one, other = (np.asarray(array[start : start + step]).astype(float) for array in (before, after))
            differ = ~((one == other) | (np.isnan(one) & np.isnan(other)))
            n_changed += int(differ.sum())
            with np.errstate(invalid="ignore"):
                far = np.abs(one[differ] - other[differ])
            far = far[np.isfinite(far)]
            apart = max(apart, float(far.max()) if far.size else 0.0)
        column.n_changed = n_changed
        part.facts += [
            ValueChange(name="values that differ", after=round(n_changed / before.size, 6)),
            ValueChange(name="largest difference", after=apart),
        ]
    from stackyard.storage.materializers.statistics import column_statistics  # noqa: PLC0415  # with numpy

    column.before, column.after = column_statistics(before), column_statistics(after)
    _drift_of_numbers(column, *(_spread(array.reshape(-1)) for array in (before, after)))
    part.columns = [column]
    return True


def _decoded(table: Any) -> Any:
    """Return a table with categories as their values."""
    pa = import_arrow()
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(field.type.value_type))
    return table


def _match(
    old: StoredTable, before: Any, new: StoredTable, after: Any, key: Sequence[str]
) -> tuple[_Matched | None, RowsDiff]:
    np = import_numpy()
    rows = RowsDiff(by="nothing", n_before=old.n_rows, n_after=new.n_rows)
    index = list(old.index_columns)
    if key or (index and index == list(new.index_columns)):
        names = list(key) or index
        matched = _joined(before, after, names, required=bool(key))
        if matched is not None:
            rows.by, rows.key = "key" if key else "index", names
            rows.n_added, rows.n_removed = len(matched.added), len(matched.removed)
            return matched, rows
    if old.n_rows == new.n_rows:
        rows.by = "position"
        every, none = np.arange(old.n_rows), np.arange(0)
        return _Matched(every, every, none, none), rows
    return None, rows


def _joined(before: Any, after: Any, names: list[str], *, required: bool) -> _Matched | None:
    """Match rows by columns; None if they don't tell them apart.

    Raises:
        UsageError: the same, if they must.
    """
    pa, np = import_arrow(), import_numpy()
    sides = []
    for table, number in ((before, _BEFORE), (after, _AFTER)):
        keys = table.select(names)
        for place, name in enumerate(names):
            types = {before.schema.field(name).type, after.schema.field(name).type}
            if len(types) > 1 or pa.types.is_nested(keys.schema.field(name).type):
                keys = keys.set_column(place, name, keys.column(name).cast(pa.string()))
        distinct = keys.group_by(names).aggregate([]).num_rows
        if distinct < keys.num_rows:
            if not required:
                return None
            word = "before" if number == _BEFORE else "after"
            raise UsageError(
                f"{', '.join(names)} does not tell rows apart: {keys.num_rows:,} rows {word} have {distinct:,} keys.",
                hint="Name more columns: --key a --key b",
            )
        sides.append(keys.append_column(number, pa.array(np.arange(keys.num_rows))))
    found = sides[0].join(sides[1], names, join_type="full outer")
    one, other = found.column(_BEFORE), found.column(_AFTER)
    here, there = (np.asarray(column.is_valid()) for column in (one, other))
    numbers = [np.asarray(column.fill_null(-1)) for column in (one, other)]
    both = here & there
    order = np.argsort(numbers[0][both], kind="stable")
    return _Matched(
        numbers[0][both][order], numbers[1][both][order],
        np.sort(numbers[0][here & ~there]), np.sort(numbers[1][there & ~here]),
    )  # fmt: skip


def _differ(before: Any, after: Any, matched: _Matched) -> Any:
    """Return for each row that both have whether a column differs; missing values are alike."""
    pa, np = import_arrow(), import_numpy()
    import pyarrow.compute as pc  # noqa: PLC0415  # with pyarrow

    one, other = before.take(pa.array(matched.before)), after.take(pa.array(matched.after))
    if one.type != other.type:
        numbers = all(pa.types.is_integer(c.type) or pa.types.is_floating(c.type) for c in (one, other))
        common = pa.float64() if numbers else pa.string()
        try:
            one, other = one.cast(common), other.cast(common)
        except pa.ArrowException:
            return np.array([x != y for x, y in zip(one.to_pylist(), other.to_pylist(), strict=True)], bool)
    missing = [np.asarray(pc.is_null(column, nan_is_null=True)) for column in (one, other)]
    try:
        differ = np.asarray(pc.fill_null(pc.not_equal(one, other), True))
    except pa.ArrowException:  # lists, dicts: no kernel compares them
        differ = np.array([x != y for x, y in zip(one.to_pylist(), other.to_pylist(), strict=True)], bool)
    return (differ & ~(missing[0] & missing[1])) | (missing[0] != missing[1])


def _samples(rows: RowsDiff, tables: tuple[Any, Any], matched: _Matched, changed: dict[str, Any]) -> None:
    """Count the rows that changed, and show the first of each kind."""
    np = import_numpy()
    before, after = tables
    rows.columns = list(after.column_names[:MAX_COLUMNS])
    there = [name for name in rows.columns if name in before.column_names]
    differ = np.logical_or.reduce([*changed.values(), np.zeros(len(matched.before), bool)])
    rows.n_changed = int(differ.sum())
    for place in np.flatnonzero(differ)[:SAMPLE]:
        one, other = int(matched.before[place]), int(matched.after[place])
        cells = {n: [_cell(before, n, one), _cell(after, n, other)] for n, mask in changed.items() if mask[place]}
        rows.changed.append(ChangedRow(key=[_cell(before, name, one) for name in rows.key] or [one], cells=cells))
    rows.added = [[_cell(after, name, int(row)) for name in rows.columns] for row in matched.added[:SAMPLE]]
    rows.removed = [
        [_cell(before, name, int(row)) if name in there else None for name in rows.columns]
        for row in matched.removed[:SAMPLE]
    ]


def _cell(table: Any, name: str, row: int) -> Any:
    value = table.column(name)[row].as_py()
    if value != value:  # noqa: PLR0124  # NaN is missing, as in pages
        return None
    return safe_cell(value if value is None or isinstance(value, (str, int, float, bool)) else str(value))


def _distributions(found: ColumnDiff, old: StoredTable, before: Any, new: StoredTable, after: Any) -> None:
    """Fill in statistics, drift and histograms of a column that both have."""
    pa = import_arrow()
    found.before, found.after = old.statistics(found.name), new.statistics(found.name)
    columns = [table.column(found.name).drop_null() for table in (before, after)]
    if all(_is_number(pa, column.type) for column in columns):
        _drift_of_numbers(found, *(_spread(_as_array(column)) for column in columns))
    elif all(pa.types.is_string(c.type) or pa.types.is_large_string(c.type) for c in columns):
        _drift_of_words(found, *(_spread(_as_array(column)) for column in columns))


def _is_number(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _as_array(column: Any) -> Any:
    return column.to_numpy()


def _spread(values: Any) -> Any:
    """Return at most so many values, evenly spread."""
    return values[:: -(-len(values) // _VALUES)] if len(values) > _VALUES else values


def _drift_of_numbers(found: ColumnDiff, before: Any, after: Any) -> None:
    np = import_numpy()
    one, other = (np.sort(array.astype(float)) for array in (before, after))
    one, other = (array[np.isfinite(array)] for array in (one, other))
    if not (one.size and other.size):
        return
    both = np.concatenate([one, other])
    shares = [np.searchsorted(array, both, side="right") / array.size for array in (one, other)]
    found.drift, found.measure = round(float(np.abs(shares[0] - shares[1]).max()), 4), "ks"
    low, high = float(both.min()), float(both.max())
    if low < high and np.isfinite(high - low):
        edges = np.linspace(low, high, _BINS + 1)
        counts = [np.histogram(array, edges)[0].tolist() for array in (one, other)]
        found.histogram_before, found.histogram_after = (Histogram(edges=edges.tolist(), counts=c) for c in counts)


def _drift_of_words(found: ColumnDiff, before: Any, after: Any) -> None:
    """Fill in total variation; of columns in which nearly each value is another one it would say nothing."""
    np = import_numpy()
    shares: list[dict[str, float]] = []
    for array in (before, after):
        words, counts = np.unique(array.astype(str), return_counts=True)
        if not counts.size or len(words) > _MAX_DISTINCT or (len(words) > 20 and len(words) * 2 > array.size):
            return
        shares.append(dict(zip(words.tolist(), (counts / counts.sum()).tolist(), strict=True)))
    one, other = shares
    moved = sum(abs(one.get(word, 0.0) - other.get(word, 0.0)) for word in {*one, *other}) / 2
    found.drift, found.measure = round(moved, 4), "tv"
