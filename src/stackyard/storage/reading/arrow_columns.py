"""Columns of Arrow tables: conditions, order, cells."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from stackyard.model.artifact import ColumnStatistics
from stackyard.model.reading import Condition
from stackyard.storage.materializers.base import safe_cell
from stackyard.storage.materializers.statistics import column_statistics
from stackyard.storage.reading import literals
from stackyard.storage.reading.columns import (
    COMPARE,
    OF_ANY,
    OF_ORDERED,
    Column,
    NumpyColumn,
    Ranks,
    duration_text,
    moment_text,
)
from stackyard.storage.reading.table import import_arrow, import_numpy


class ArrowColumn(Column):
    """A column of a table that pyarrow holds."""

    def __init__(self, name: str, column: Any, dtype: str = "") -> None:
        """Take a ChunkedArray; ``dtype`` as users know it, default: Arrow's word."""
        pa = import_arrow()
        if isinstance(column.type, pa.BaseExtensionType):
            column = pa.chunked_array([c.storage for c in column.chunks], type=column.type.storage_type)
        if pa.types.is_dictionary(column.type):
            column = column.unify_dictionaries()
        self.name = name
        self.dtype = dtype or str(column.type)
        self._column = column

    def missing(self) -> Any:
        """Return which values are null or NaN."""
        return _bools(self._column.is_null(nan_is_null=import_arrow().types.is_floating(self._column.type)))

    def ranks(self) -> Ranks:
        """Return numbers and times as such; of others their places among the different values."""
        pa = import_arrow()
        np = import_numpy()
        kind = self._column.type
        plain = self._plain()
        if plain is not None:
            return plain.ranks()
        missing = self.missing() if self._column.null_count else None
        if pa.types.is_null(kind):
            return np.zeros(len(self._column), dtype=np.int8), None
        if pa.types.is_nested(kind):
            raise literals.no_order(self.name, self.dtype)
        codes, labels = self._coded()
        if pa.types.is_dictionary(kind) and kind.ordered:
            return codes, missing
        if pa.types.is_dictionary(labels.type) or pa.types.is_nested(labels.type):
            raise literals.no_order(self.name, self.dtype)
        places = np.empty(len(labels), dtype=np.int64)
        places[_numbers(pa.chunked_array([pa.compute.sort_indices(labels)]))] = np.arange(len(labels))
        return places[codes] if len(labels) else codes, missing

    def cells(self, rows: Sequence[int]) -> list[Any]:
        """Return JSON values; times as text."""
        if isinstance(rows, range):
            return arrow_cells(self._column.slice(rows.start, len(rows)))
        return arrow_cells(_take(self._column, rows))

    def statistics(self) -> ColumnStatistics:
        """Return what the column holds."""
        return column_statistics(self._column)

    def _compared(self, condition: Condition) -> Any:
        pa = import_arrow()
        np = import_numpy()
        kind = self._column.type
        plain = self._plain()
        if plain is not None:
            return plain.mask(condition)
        if pa.types.is_null(kind):
            return np.zeros(len(self._column), dtype=bool)
        if _is_text(pa, kind):
            return self._compared_text(condition)
        if pa.types.is_decimal(kind):
            return self._compared_labels(condition, _as_decimal(condition, self.dtype))
        if pa.types.is_dictionary(kind):
            return self._compared_category(condition)
        raise literals.no_such_comparison(condition, self.dtype, OF_ANY)

    def _compared_text(self, condition: Condition) -> Any:
        pc = import_arrow().compute
        text = literals.as_text(condition, self.dtype)
        column = self._column
        if condition.op == "contains":
            return _bools(pc.match_substring(_plain_text(column), text))
        compare = {
            "=": pc.equal, "!=": pc.not_equal, "<": pc.less, "<=": pc.less_equal, ">": pc.greater,
            ">=": pc.greater_equal,
        }[condition.op]  # fmt: skip
        column = _plain_text(column)
        return _bools(compare(column, import_arrow().scalar(text, column.type)))

    def _compared_labels(self, condition: Condition, value: Any) -> Any:
        """Compare the different values, then give each row what its value got."""
        np = import_numpy()
        if condition.op not in COMPARE:
            raise literals.no_such_comparison(condition, self.dtype, OF_ORDERED)
        codes, labels = self._coded()
        met = np.array([COMPARE[condition.op](label, value) for label in labels.to_pylist()], dtype=bool)
        return met[codes] if len(met) else np.zeros(len(codes), dtype=bool)

    def _compared_category(self, condition: Condition) -> Any:
        np = import_numpy()
        codes, labels = self._coded()
        if not len(labels):
            return np.zeros(len(codes), dtype=bool)
        labels = import_arrow().chunked_array([labels])
        if self._column.type.ordered and condition.op in ("<", "<=", ">", ">="):
            same = Condition(column=condition.column, op="=", value=condition.value)
            found = np.flatnonzero(ArrowColumn(self.name, labels, self.dtype).mask(same))
            if not len(found):
                known = ", ".join(str(label) for label in labels.to_pylist()[:10])
                raise literals.misfit(condition, self.dtype, f"one of its values: {known}")
            return COMPARE[condition.op](codes, found[0])
        return ArrowColumn(self.name, labels, self.dtype).mask(condition)[codes]

    def _plain(self) -> NumpyColumn | None:
        """Return a column of numbers, booleans or times for numpy; None for others."""
        pa = import_arrow()
        kind, column = self._column.type, self._column
        missing = self.missing() if column.null_count else None
        if pa.types.is_floating(kind) or pa.types.is_integer(kind):
            return NumpyColumn(self.name, _numbers(column), dtype=self.dtype, missing=missing)
        if pa.types.is_boolean(kind):
            return NumpyColumn(self.name, _bools(column), dtype=self.dtype, missing=missing)
        if not pa.types.is_temporal(kind) or pa.types.is_interval(kind):
            return None
        if pa.types.is_date(kind):
            column, unit, letter = column.cast(pa.date32()).cast(pa.int32()).cast(pa.int64()), "D", "M"
        else:
            letter, unit = "M" if pa.types.is_timestamp(kind) else "m", kind.unit
            column = (column.cast(pa.int32()) if pa.types.is_time32(kind) else column).cast(pa.int64())
        array = _numbers(column).view(f"{letter}8[{unit}]")
        zone = kind.tz if pa.types.is_timestamp(kind) else None
        clock = pa.types.is_time(kind)
        return NumpyColumn(self.name, array, dtype=self.dtype, missing=missing, zone=zone, clock=clock)

    def _coded(self) -> tuple[Any, Any]:
        """Return for each row the place of its value among the labels (of a missing one any), and the labels."""
        pa = import_arrow()
        np = import_numpy()
        column = self._column
        if not pa.types.is_dictionary(column.type):
            column = _plain_text(column).dictionary_encode().unify_dictionaries()
        if not column.num_chunks:
            return np.zeros(0, dtype=np.int64), pa.array([], column.type.value_type)
        indices = pa.chunked_array([chunk.indices for chunk in column.chunks])
        codes = _numbers(indices)
        if indices.null_count:
            codes = np.where(_bools(indices.is_valid()), codes, 0)
        return codes, column.chunk(0).dictionary


def arrow_cells(column: Any) -> list[Any]:
    """Return the values of an Arrow array or chunked array as JSON values; NaN and times as text."""
    pa = import_arrow()
    kind = column.type
    if pa.types.is_duration(kind):
        np = import_numpy()
        return [None if v is None else duration_text(np.timedelta64(v, kind.unit)) for v in _integers(column)]
    if pa.types.is_temporal(kind) and not pa.types.is_interval(kind):
        try:
            texts = column.cast(pa.string()).to_pylist()
        except pa.ArrowException:  # its time zone is not known on this machine
            texts = column.cast(pa.timestamp(kind.unit, "UTC")).cast(pa.string()).to_pylist()
        return [None if text is None else _zoned_text(text) for text in texts]
    try:
        return [safe_cell(value) for value in column.to_pylist()]
    except (ValueError, OverflowError, ImportError):  # times inside of lists that Python's own can't hold
        return [None if not value.is_valid else safe_cell(str(value)) for value in column]


def _integers(column: Any) -> list[int | None]:
    found: list[int | None] = column.cast(import_arrow().int64()).to_pylist()
    return found


def _zoned_text(text: str) -> str:
    """Return ``2026-11-01 12:30:00.500000000+0100`` as ``2026-11-01 12:30:00.5+01:00``."""
    if text.endswith("Z"):
        return moment_text(text[:-1]) + "+00:00"
    if len(text) > 19 and text[-5] in "+-" and text[-4:].isdecimal():
        return f"{moment_text(text[:-5])}{text[-5:-2]}:{text[-2:]}"
    return moment_text(text)


def _take(column: Any, rows: Sequence[int]) -> Any:
    """Return some rows of a chunked column; chunk by chunk, since older pyarrow joins all of a column's texts first."""
    pa = import_arrow()
    np = import_numpy()
    wanted = np.asarray(rows, dtype=np.int64)
    if column.num_chunks == 1:
        return column.chunk(0).take(_places(wanted))
    ends = np.cumsum([len(chunk) for chunk in column.chunks])
    of_chunk = np.searchsorted(ends, wanted, side="right")
    parts, places = [], []
    for number in np.unique(of_chunk):
        here = np.flatnonzero(of_chunk == number)
        chunk = column.chunk(int(number))
        parts.append(chunk.take(_places(wanted[here] - (ends[number] - len(chunk)))))
        places.append(here)
    if not parts:
        return column.slice(0, 0)
    back = np.argsort(np.concatenate(places), kind="stable")
    return pa.chunked_array(parts, type=column.type).combine_chunks().take(_places(back))


def _places(rows: Any) -> Any:
    """Return a numpy array of row numbers for Arrow; ``pa.array`` imports pandas."""
    pa = import_arrow()
    return pa.Array.from_buffers(pa.int64(), len(rows), [None, pa.py_buffer(rows.astype("int64"))])


def _numbers(column: Any) -> Any:
    """Return the values of a column of numbers for numpy, without a copy if it is in one piece; of nulls anything.

    pyarrow's own ``to_numpy`` imports pandas, which takes longer than all the rest.
    """
    np = import_numpy()
    dtype = np.dtype({"halffloat": "f2", "float": "f4", "double": "f8"}.get(str(column.type), str(column.type)))
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype, len(chunk), chunk.offset * dtype.itemsize)
        for chunk in column.chunks
        if len(chunk)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, dtype), *parts])


def _bools(column: Any) -> Any:
    """Return the values of a column of booleans for numpy; of nulls False."""
    np = import_numpy()
    parts = [np.zeros(0, dtype=bool)]
    for chunk in column.fill_null(False).chunks:
        if len(chunk):
            bits = np.frombuffer(chunk.buffers()[1], np.uint8)[chunk.offset // 8 :]
            first = chunk.offset % 8
            parts.append(np.unpackbits(bits, bitorder="little")[first : first + len(chunk)].view(bool))
    return np.concatenate(parts)


def _is_text(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or str(kind) == "string_view")


def _plain_text(column: Any) -> Any:
    """Return views of texts and bytes as plain ones: Arrow does not sort views, nor finds texts in them."""
    pa = import_arrow()
    kind = {"string_view": pa.large_string(), "binary_view": pa.large_binary()}.get(str(column.type))
    return column if kind is None else column.cast(kind)


def _as_decimal(condition: Condition, dtype: str) -> Decimal:
    try:
        return Decimal(str(condition.value))
    except InvalidOperation:
        raise literals.misfit(condition, dtype, "a number, such as 30 or 0.5") from None
