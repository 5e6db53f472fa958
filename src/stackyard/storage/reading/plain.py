"""Tables that Python itself holds: JSON lists, CSV and the lines of a text. They need no package."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from stackyard.model.artifact import ColumnStatistics, ValueCount
from stackyard.model.errors import NotReadableError
from stackyard.model.reading import Condition
from stackyard.storage.materializers.base import safe_cell
from stackyard.storage.materializers.statistics import column_statistics
from stackyard.storage.reading import literals
from stackyard.storage.reading.columns import COMPARE, OF_ANY, OF_EQUAL, OF_ORDERED
from stackyard.storage.reading.table import StoredTable, import_arrow, import_numpy

LINE_CELL = 2000
"""Characters of a line that are shown."""
_TOP = 10
_KINDS = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict"}


class PlainTable(StoredTable):
    """Columns as lists of JSON values; None and NaN are missing."""

    def __init__(self, columns: dict[str, list[Any]], n_rows: int, *, cell: int = 0) -> None:
        """Take the columns.

        Args:
            columns: name to values, all of the same number.
            n_rows: that number.
            cell: characters of a text that are shown; 0: as in previews.
        """
        super().__init__()
        self.n_rows = n_rows
        self.n_columns = len(columns)
        self._names = list(columns)
        self._places = {name: place for place, name in enumerate(columns)}
        self._values = list(columns.values())
        self._types: dict[int, str] = {}
        self._cell = cell

    def to_arrow(self) -> Any:
        """Return a table; columns of mixed types, lists and dicts as JSON text."""
        pa = import_arrow()
        return pa.table([pa.array(self._uniform(place)) for place in range(self.n_columns)], names=self._names)

    def _uniform(self, place: int) -> list[Any]:
        if self._dtype(place) in ("bool", "int", "float", "str", "null"):
            try:
                import_arrow().array(self._values[place])
                return self._values[place]
            except (ValueError, OverflowError):  # integers beyond 64 bits, texts that are not Unicode
                pass
        return [None if _is_missing(value) else _shown(value) for value in self._values[place]]

    def _name(self, place: int) -> str:
        return self._names[place]

    def _dtype(self, place: int) -> str:
        if place not in self._types:
            kinds = {_KINDS.get(type(value), "other") for value in self._values[place] if value is not None}
            if kinds == {"int", "float"}:
                kinds = {"float"}
            self._types[place] = next(iter(kinds)) if len(kinds) == 1 else "mixed" if kinds else "null"
        return self._types[place]

    def _find(self, name: str) -> int | None:
        return self._places.get(name)

    def _cells(self, place: int, rows: Sequence[int]) -> list[Any]:
        return [self._cell_of(self._values[place][row]) for row in rows]

    def _cell_of(self, value: Any) -> Any:
        if isinstance(value, (list, dict)):
            return safe_cell(_shown(value))
        if self._cell and isinstance(value, str):
            text = value.encode("utf-8", errors="replace").decode()
            return text if len(text) <= self._cell else text[: self._cell - 1] + "…"
        return safe_cell(value)

    def _matching(self, place: int, condition: Condition) -> list[bool]:
        values, kind = self._values[place], self._dtype(place)
        if condition.op == "is null":
            return [_is_missing(value) for value in values]
        if condition.op == "is not null":
            return [not _is_missing(value) for value in values]
        if condition.op == "contains":
            if kind not in ("str", "mixed"):
                raise literals.no_such_comparison(condition, kind, _allowed(kind))
            text = literals.as_text(condition, kind)
            return [not _is_missing(value) and text in _shown(value) for value in values]
        if condition.op not in _allowed(kind).split(", "):
            raise literals.no_such_comparison(condition, kind, _allowed(kind))
        compare, wanted = COMPARE[condition.op], _wanted(condition, kind)
        if kind == "mixed":
            return [not _is_missing(value) and compare(_shown(value), wanted) for value in values]
        return [not _is_missing(value) and compare(value, wanted) for value in values]

    def _all_of(self, masks: Sequence[list[bool]]) -> Sequence[int]:
        return [row for row, met in enumerate(zip(*masks, strict=True)) if all(met)]

    def _in_order(self, rows: Sequence[int] | None, keys: Sequence[tuple[int, bool]]) -> Sequence[int]:
        order = list(range(self.n_rows) if rows is None else rows)
        for place, descending in reversed(keys):
            values, kind = self._values[place], self._dtype(place)
            if kind not in ("bool", "int", "float", "str", "null"):
                raise literals.no_order(self._names[place], kind)
            there = [row for row in order if not _is_missing(values[row])]
            last = [row for row in order if _is_missing(values[row])]
            there.sort(key=values.__getitem__, reverse=descending)
            order = there + last
        return order

    def _statistics(self, place: int) -> ColumnStatistics:
        values, kind = self._values[place], self._dtype(place)
        if kind in ("bool", "int", "float"):
            found = self._statistics_of_numbers([value for value in values if value is not None])
            return found.model_copy(update={"missing": len(values) - found.count})
        there = [value for value in values if value is not None]
        found = ColumnStatistics(count=len(there), missing=len(values) - len(there))
        if kind == "str" and there:
            counts = Counter(there)
            found.distinct, found.minimum, found.maximum = len(counts), safe_cell(min(there)), safe_cell(max(there))
            usual = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_TOP]
            found.top = [ValueCount(value=safe_cell(value), count=count) for value, count in usual]
        return found

    @staticmethod
    def _statistics_of_numbers(values: list[Any]) -> ColumnStatistics:
        array = import_numpy().array(values)
        return column_statistics(array if array.dtype.kind in "iufb" else array.astype(float))


def json_table(data: Any) -> PlainTable | None:
    """Return a list of dicts, of lists or of plain values, or a dict of lists of one length, as a table; else None."""
    if isinstance(data, dict):
        sizes = {len(value) if isinstance(value, list) else -1 for value in data.values()}
        if len(data) and len(sizes) == 1 and -1 not in sizes:
            return PlainTable(data, sizes.pop())
        return None
    if not isinstance(data, list) or not data:
        return None
    if all(isinstance(item, dict) for item in data):
        names = list(dict.fromkeys(key for item in data for key in item))
        return PlainTable({name: [item.get(name) for item in data] for name in names}, len(data))
    if all(isinstance(item, list) for item in data):
        width = max(len(item) for item in data)
        padded = [[*item, *[None] * (width - len(item))] for item in data]
        return PlainTable({str(i): [item[i] for item in padded] for i in range(width)}, len(data))
    return PlainTable({"value": data}, len(data))


def csv_table(text: str) -> PlainTable:
    """Return a CSV text as a table: the first line names the columns; a column of numbers holds numbers.

    Raises:
        NotReadableError: it is no CSV.
    """
    try:
        dialect: Any = csv.Sniffer().sniff(text[:8192], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), dialect) if row]
    except csv.Error as error:
        raise NotReadableError(f"The text is no CSV: {error}.", hint="Load the artifact in Python.") from error
    head = rows[0] if rows else []
    width = max((len(row) for row in rows), default=0)
    names: list[str] = []
    for place in range(width):
        name = (head[place] if place < len(head) else "") or f"column {place + 1}"
        names.append(name if name not in names else f"{name} ({place + 1})")
    body = [[*row, *[""] * (width - len(row))] for row in rows[1:]]
    return PlainTable({name: _typed([row[i] for row in body]) for i, name in enumerate(names)}, len(body))


def lines_table(text: str) -> PlainTable:
    """Return the lines of a text as a table with the one column ``line``."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return PlainTable({"line": [line.removesuffix("\r") for line in lines]}, len(lines), cell=LINE_CELL)


def _typed(texts: list[str]) -> list[Any]:
    """Return integers or floats where all texts are such; empty ones are missing."""
    for kind in (int, float):
        try:
            return [kind(text) if text else None for text in texts]
        except ValueError:
            continue
    return [text or None for text in texts]


def _allowed(kind: str) -> str:
    if kind == "str":
        return f"{OF_ORDERED}, contains"
    if kind in ("int", "float"):
        return OF_ORDERED
    if kind == "mixed":
        return f"{OF_EQUAL}, contains"
    return OF_EQUAL if kind == "bool" else OF_ANY


def _wanted(condition: Condition, kind: str) -> Any:
    if kind == "bool":
        return literals.as_boolean(condition, kind)
    return literals.as_number(condition, kind) if kind in ("int", "float") else literals.as_text(condition, kind)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124  # NaN


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
