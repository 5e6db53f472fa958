"""Conditions on columns of every kind of number, text and time; and what a condition may not say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stackyard.model.errors import UsageError
from stackyard.model.reading import Condition, SortKey, parse_condition, parse_sort
from stackyard.storage.reading.arrow_columns import ArrowColumn
from stackyard.storage.reading.columns import NumpyColumn
from stackyard.storage.reading.npy import NpyTable
from stackyard.storage.reading.plain import csv_table, json_table, lines_table
from stackyard.storage.reading.table import MAX_COLUMNS


@pytest.mark.parametrize("dtype", ["u1", "i8", "u8", "f2", "f4", "f8", "g", ">i4"])
@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("x < 300", True), ("x = 1", True), ("x = 1.0", True), ("x != 1", False), ("x > -1", True), ("x <= 1.5", True),
        (f"x < {10**30}", True), (f"x < {10**400}", True), (f"x > -{10**400}", True), ("x = inf", False),
        ("x is null", False),
    ],
)  # fmt: skip
def test_numbers_of_every_type_and_size(dtype: str, condition: str, met: bool) -> None:
    assert NumpyColumn("x", np.array([1], dtype)).mask(parse_condition(condition)).tolist() == [met]


TIMES: list[tuple[Any, str, list[bool]]] = [
    (pa.array([1, 2], pa.timestamp("ns")), "x = 1970-01-01 00:00:00.000000001", [True, False]),
    (pa.array([0, None], pa.timestamp("s", "Europe/Berlin")), "x = 1970-01-01 01:00", [True, False]),
    (pa.array([0, None], pa.timestamp("s", "Europe/Berlin")), "x = 1970-01-01T00:00:00Z", [True, False]),
    (pa.array([0, None], pa.timestamp("s", "+02:00")), "x = 1970-01-01 02:00", [True, False]),
    (pa.array([0, 1], pa.date32()), "x < 1970-01-02", [True, False]),
    (pa.array([0, 86_400_000], pa.date64()), "x >= 1970-01-02", [False, True]),
    (pa.array([1, None], pa.time64("ns")), "x = 00:00:00.000000001", [True, False]),
    (pa.array([5400, 0], pa.time32("s")), "x = 01:30", [True, False]),
    (pa.array([1500, None], pa.duration("ms")), "x = 1.5", [True, False]),
    (pa.array([1500, -1500], pa.duration("ms")), "x < -00:00:01", [False, True]),
    (pa.array([90_000, 1], pa.duration("s")), "x = 1 day, 1:00:00", [True, False]),
]


@pytest.mark.parametrize(("array", "condition", "met"), TIMES)
def test_times(array: Any, condition: str, met: list[bool]) -> None:
    column = ArrowColumn("x", pa.chunked_array([array]))
    assert column.mask(parse_condition(condition)).tolist() == met
    # What is shown of a value finds it again.
    for row, cell in enumerate(column.cells(range(2))):
        if cell is not None:
            assert column.mask(Condition(column="x", op="=", value=cell))[row], cell


OTHERS: list[tuple[Any, str, list[bool]]] = [
    (pa.array([1, 2], pa.decimal128(10, 2)), "x >= 1.5", [False, True]),
    (pa.array([None, None]), "x = 3", [False, False]),
    (pa.array(["a", None], pa.string_view()), "x contains a", [True, False]),
    (pa.array([5, 7]).dictionary_encode(), "x > 6", [False, True]),
    (pa.array([[1], None]), "x is null", [False, True]),
    (pa.array([b"x", None]), "x is not null", [True, False]),
    (pa.array(np.array([1, 2], "f2")), "x >= 2", [False, True]),
]


@pytest.mark.parametrize(("array", "condition", "met"), OTHERS)
def test_other_types(array: Any, condition: str, met: list[bool]) -> None:
    assert ArrowColumn("x", pa.chunked_array([array])).mask(parse_condition(condition)).tolist() == met


@pytest.mark.parametrize(
    ("array", "condition"),
    [
        (pa.array([1]), "x = nan"), (pa.array([1]), "x contains 1"), (pa.array([True]), "x > true"),
        (pa.array([True]), "x = 1"), (pa.array([[1]]), "x = 1"), (pa.array([b"x"]), "x = x"),
        (pa.array([0], pa.timestamp("s")), "x > yesterday"), (pa.array([0], pa.timestamp("s")), "x = 1970-01-01T00Z"),
        (pa.array([0], pa.duration("s")), "x > soon"), (pa.array([0], pa.duration("s")), "x > -"),
        (pa.array([0], pa.time32("s")), "x = 25:00"), (pa.array([1], pa.decimal128(5, 1)), "x = much"),
        (pa.array([1], pa.decimal128(5, 1)), "x contains 1"),
        (pa.DictionaryArray.from_arrays([0], ["lo"], ordered=True), "x < middle"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(array: Any, condition: str) -> None:
    with pytest.raises(UsageError, match="column 'x' holds") as caught:
        ArrowColumn("x", pa.chunked_array([array])).mask(parse_condition(condition))
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("age>=30", Condition(column="age", op=">=", value="30")),
        ("age == 30", Condition(column="age", op="=", value="30")),
        ("full name = Bo B = x", Condition(column="full name", op="=", value="Bo B = x")),
        ("name = 'Bo '", Condition(column="name", op="=", value="Bo ")),
        ('name = ""', Condition(column="name", op="=", value="")),
        ("name CONTAINS is null", Condition(column="name", op="contains", value="is null")),
        ("is null is null", Condition(column="is null", op="is null")),
        ("contains contains contains", Condition(column="contains", op="contains", value="contains")),
        ("x Is  Not null ", Condition(column="x", op="is not null")),
    ],
)
def test_conditions(text: str, condition: Condition) -> None:
    assert parse_condition(text) == condition


@pytest.mark.parametrize("text", ["", " ", "age", "age >", "= 3", "age is", "age is nullx", '"age', "age like 3"])
def test_no_conditions(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_condition(text)
    assert "age >= 30" in caught.value.hint


def test_sort_keys() -> None:
    descending = SortKey(column="age", descending=True)
    assert (parse_sort("-age"), parse_sort("desc:age")) == (descending, descending)
    assert (parse_sort("asc:-age").column, parse_sort("-").column) == ("-age", "-")


def test_plain_tables() -> None:
    table = csv_table("a,a,,b\n1,x,2.5,\n\n2,y,inf,\n3\n")
    assert [(c.name, c.dtype) for c in table.columns] == [
        ("a", "int"),
        ("a (2)", "str"),
        ("column 3", "float"),
        ("b", "null"),
    ]
    assert table.page(0, 9).rows == [[1, "x", 2.5, None], [2, "y", "inf", None], [3, None, None, None]]
    assert (csv_table("").n_rows, csv_table("a,b").n_columns) == (0, 2)
    mixed = json_table([{"v": 1}, {"v": "one"}, {"v": None}, {"v": math.nan}])
    assert mixed is not None
    assert mixed.page(0, 9, where=[parse_condition("v contains one")]).rows == [["one"]]
    assert mixed.page(0, 9, where=[parse_condition("v = 1")]).rows == [[1]]
    assert mixed.page(0, 9, where=[parse_condition("v is null")]).n_matching == 2
    with pytest.raises(UsageError, match="no order"):
        mixed.page(0, 9, sort=[SortKey(column="v")])
    assert (json_table({}), json_table([]), json_table({"a": [1], "b": [1, 2]}), json_table("text")) == (None,) * 4
    long = lines_table("x" * 5000 + "\n\nend").page(0, 9).rows
    assert (len(long[0][0]), long[1:]) == (2000, [[""], ["end"]])


def test_very_many_columns() -> None:
    table = NpyTable(np.zeros((3, 1_000_000), "i1"))
    page = table.page(0, 2)
    assert (len(page.columns), page.n_columns) == (MAX_COLUMNS, 1_000_000)
    assert table.page(0, 1, columns=["999999"]).rows == [[0]]
    with pytest.raises(UsageError, match="no column '1000000'"):
        table.page(0, 1, columns=["1000000"])
