"""Pages of stored tables are what plain Python makes of the same rows, whatever file they lie in."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard.model.errors import UsageError
from stackyard.model.reading import OPERATORS, Condition, SortKey, parse_condition, parse_sort
from stackyard.storage.materializers.base import safe_cell
from stackyard.storage.reading.arrow import IpcTable, ParquetTable
from stackyard.storage.reading.npy import NpyTable, load_npy
from stackyard.storage.reading.plain import json_table
from stackyard.storage.reading.table import StoredTable

Row = dict[str, Any]
INT64 = st.integers(-(2**63), 2**63 - 1)
MOMENTS = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001  # as tables hold them
FEW_TEXTS = st.sampled_from(["", "a", "ab", "b", "é", "😀", "Z"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-3, 3) | INT64,
    "float": st.sampled_from([0.0, -0.0, 1.5, math.inf, -math.inf, math.nan]) | st.floats(),
    "text": FEW_TEXTS | st.text(max_size=5),
    "bool": st.booleans(),
    "time": MOMENTS,
    "day": MOMENTS.map(lambda moment: moment.date()),
    "duration": st.timedeltas(timedelta(days=-10), timedelta(days=10)),
    "category": FEW_TEXTS,
}
TYPES = {
    "int": pa.int64(), "float": pa.float64(), "text": pa.string(), "bool": pa.bool_(), "time": pa.timestamp("us"),
    "day": pa.date32(), "duration": pa.duration("us"), "category": pa.dictionary(pa.int8(), pa.string()),
}  # fmt: skip
PLAIN = ("int", "float", "text", "bool")
DTYPES = {"int": "i8", "float": "f8", "text": "U8", "bool": "?", "time": "M8[us]", "duration": "m8[us]"}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "contains": lambda value, part: part in value,
}  # fmt: skip


def is_missing(value: Any) -> bool:
    return value is None or value != value


def meets(row: Row, condition: Condition, value: Any) -> bool:
    if condition.op.startswith("is "):
        return is_missing(row[condition.column]) == (condition.op == "is null")
    return not is_missing(row[condition.column]) and COMPARE[condition.op](row[condition.column], value)


def in_order(rows: list[int], data: list[Row], keys: list[SortKey]) -> list[int]:
    for key in reversed(keys):
        there = [row for row in rows if not is_missing(data[row][key.column])]
        there.sort(key=lambda row: data[row][key.column], reverse=key.descending)
        rows = there + [row for row in rows if is_missing(data[row][key.column])]
    return rows


@st.composite
def questions(draw: st.DrawFn, names: tuple[str, ...]) -> tuple[list[Row], list[tuple[Condition, Any]], list[SortKey]]:
    """Return rows of a few of these columns, conditions with their values as Python's own, and sort keys."""
    names = tuple(draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True)))
    data = draw(st.lists(st.fixed_dictionaries({n: st.none() | VALUES[n] for n in names}), min_size=1, max_size=25))
    where = []
    for name in draw(st.lists(st.sampled_from(names), max_size=2)):
        ops = [op for op in OPERATORS if not _odd(name, op)]
        known = [row[name] for row in data if not is_missing(row[name])]
        values = VALUES[name].filter(lambda value: not is_missing(value))
        value = draw(st.sampled_from(known) | values if known else values)
        written: Any = value
        if isinstance(value, timedelta):
            written = str(value) if value >= timedelta() else f"-{-value}"
        elif not isinstance(value, (str, int, float)):
            written = str(value)
        elif draw(st.booleans()):
            written = json.dumps(value) if not isinstance(value, (str, float)) else str(value)
        where.append((Condition(column=name, op=draw(st.sampled_from(ops)), value=written), value))
    chosen = draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
    return data, where, [SortKey(column=name, descending=draw(st.booleans())) for name in chosen]


def _odd(name: str, op: str) -> bool:
    """Tell whether a column of this name refuses an operator."""
    if op == "contains":
        return name not in ("text", "category")
    return name == "bool" and op in ("<", "<=", ">", ">=")


def names_of(data: list[Row]) -> tuple[str, ...]:
    return tuple(data[0])


def check(table: StoredTable, data: list[Row], where: list[tuple[Condition, Any]], sort: list[SortKey]) -> None:
    """Every page, put together, is what Python finds."""
    expected = [i for i, row in enumerate(data) if all(meets(row, c, v) for c, v in where)]
    expected = in_order(expected, data, sort)
    found: list[Any] = []
    for offset in range(0, len(data) + 1, 7):
        page = table.page(offset, 7, columns=["row"], sort=sort, where=[condition for condition, _ in where])
        assert (page.n_rows, page.n_matching) == (len(data), len(expected))
        found += [row[0] for row in page.rows]
    assert found == expected


def arrow_table(data: list[Row], names: tuple[str, ...]) -> Any:
    """Return the rows with their numbers, in several batches."""
    fields = [("row", pa.int64()), *((name, TYPES[name]) for name in names)]
    rows = [{"row": i, **row} for i, row in enumerate(data)]
    parts = [pa.Table.from_pylist(rows[i : i + 10], schema=pa.schema(fields)) for i in range(0, len(rows), 10)]
    return pa.concat_tables(parts)


ALL = tuple(VALUES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@given(questions(ALL))
def test_arrow(folder: Path, asked: Any) -> None:
    data, where, sort = asked
    path = folder / f"{uuid4()}.arrow"
    table = arrow_table(data, names_of(data)).unify_dictionaries()
    with pa.ipc.new_file(path, table.schema) as out:
        out.write_table(table)
    opened = IpcTable(path)
    check(opened, data, where, sort)
    for name in {"int", "float", "text", "bool"}.intersection(names_of(data)):
        assert [row[0] for row in opened.page(0, 99, columns=[name]).rows] == [safe_cell(row[name]) for row in data]
        assert opened.statistics(name).missing == sum(is_missing(row[name]) for row in data)


@given(questions(tuple(name for name in ALL if name != "duration")))
def test_parquet(folder: Path, asked: Any) -> None:
    data, where, sort = asked
    path = folder / f"{uuid4()}.parquet"
    pq.write_table(arrow_table(data, names_of(data)), path, row_group_size=4)
    check(ParquetTable(path), data, where, sort)


@given(questions(tuple(DTYPES)))
def test_structured_arrays(folder: Path, asked: Any) -> None:
    data, where, sort = asked
    nothing: dict[str, Any] = {"int": 0, "float": math.nan, "text": "", "bool": False, "time": None, "duration": None}
    rows = [{name: nothing[name] if value is None else value for name, value in row.items()} for row in data]
    for row in rows:
        if "text" in row:
            row["text"] = row["text"].rstrip("\0")  # numpy's own texts end there
    where = [(c, v.rstrip("\0") if isinstance(v, str) else v) for c, v in where]
    dtype = [("row", "i8"), *((name, DTYPES[name]) for name in names_of(data))]
    array = np.array([(i, *(row[name] for name in names_of(data))) for i, row in enumerate(rows)], dtype=dtype)
    path = folder / f"{uuid4()}.npy"
    np.save(path, array)
    check(NpyTable(load_npy(path)), rows, where, sort)


@given(questions(PLAIN))
def test_json(asked: Any) -> None:
    data, where, sort = asked
    table = json_table(json.loads(json.dumps([{"row": i, **row} for i, row in enumerate(data)])))
    assert table is not None
    known = {name for name in names_of(data) if any(row[name] is not None for row in data)}
    check(table, data, [(c, v) for c, v in where if c.column in known or c.op.startswith("is ")], sort)


@given(st.lists(st.lists(st.floats(), min_size=3, max_size=3), min_size=1, max_size=20), st.integers(0, 2))
def test_slices_of_arrays(rows: list[list[float]], column: int) -> None:
    array = np.array([rows, rows[::-1]])
    table = NpyTable(array, [1])
    expected = sorted((row[column] for row in rows[::-1] if not is_missing(row[column])), reverse=True)
    page = table.page(0, 99, columns=[str(column)], sort=[SortKey(column=str(column), descending=True)])
    assert [row[0] for row in page.rows[: len(expected)]] == [safe_cell(value) for value in expected]
    assert (page.shape, page.index, page.n_columns) == ([2, len(rows), 3], [1], 3)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters='"', exclude_categories=["Cc"]), min_size=1).filter(
    lambda name: name.strip()
)


@given(NAMES, st.sampled_from(OPERATORS), st.integers())
def test_conditions_are_read_as_they_are_written(name: str, op: Any, value: int) -> None:
    wanted = None if op.startswith("is ") else str(value)
    text = f'"{name}" {op} {"" if wanted is None else value}'
    assert parse_condition(text) == Condition(column=name, op=op, value=wanted)


@given(st.text())
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    assert parse_sort(text).column in text
    with suppress(UsageError):
        assert parse_condition(text).column in text
