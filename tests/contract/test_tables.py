"""Tables: whatever pandas holds comes back equal, from Arrow where that is exact, else from a pickle."""

from __future__ import annotations

import datetime as dt
import decimal
import string
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stackyard.storage.materializers.lookup import Origin, load_version, save_version
from tests.contract.stores import Bench

DAYS = pd.DatetimeIndex(["2026-01-01", "2026-01-02", "NaT"])

TABLES: dict[str, Any] = {
    "numbers": pd.DataFrame({"f": [1.5, np.nan, -0.0], "i": [1, 2, 3], "u": np.array([1, 2, 3], dtype="uint8")}),
    "texts": pd.DataFrame({"s": ["a", None, "größe"]}),
    "object texts": pd.DataFrame({"s": pd.Series(["a", None, "b"], dtype=object)}),
    "object texts with NaN": pd.DataFrame({"s": pd.Series(["a", np.nan, "b"], dtype=object)}),
    "mixed objects": pd.DataFrame({"s": pd.Series(["a", 1, None], dtype=object)}),
    "object numbers": pd.DataFrame({"s": pd.Series([1, 2], dtype=object)}),
    "lists": pd.DataFrame({"s": [[1, 2], [3]]}),
    "dicts": pd.DataFrame({"s": [{"a": 1}, {"b": 2}]}),
    "bytes": pd.DataFrame({"s": [b"a", b"\xff"]}),
    "decimals": pd.DataFrame({"s": [decimal.Decimal("1.10"), decimal.Decimal(2)]}),
    "dates": pd.DataFrame({"s": [dt.date(2026, 1, 1), None]}),
    "times": pd.DataFrame({"t": DAYS, "z": DAYS.tz_localize("Europe/Berlin"), "d": DAYS - DAYS[0]}),
    "seconds": pd.DataFrame({"t": DAYS.astype("datetime64[s]")}),
    "categories": pd.DataFrame({"c": pd.Categorical(["a", "b", None], ["b", "a", "x"], ordered=True)}),
    "number categories": pd.DataFrame({"c": pd.Categorical([3, 1, 3])}),
    "nullable": pd.DataFrame({"i": pd.array([1, None], "Int64"), "b": pd.array([True, None], "boolean")}),
    "arrow": pd.DataFrame({"i": pd.array([1, None], "int64[pyarrow]")}),
    "strings": pd.DataFrame({"s": pd.array(["a", None], "string[python]")}),
    "period": pd.DataFrame({"p": pd.period_range("2026-01", periods=3, freq="M")}),
    "interval": pd.DataFrame({"i": pd.interval_range(0, 3)}),
    "complex": pd.DataFrame({"c": [1 + 2j]}),
    "sparse": pd.DataFrame({"s": pd.arrays.SparseArray([0, 0, 1])}),
    "huge": pd.DataFrame({"i": pd.Series([2**70, 1], dtype=object)}),
    "surrogate": pd.DataFrame({"s": pd.Series(["\ud800"], dtype=object)}),
    "half floats": pd.DataFrame({"h": np.array([1.5], dtype="float16")}),
    "no rows": pd.DataFrame({"a": pd.Series([], dtype="int32"), "b": pd.Series([], dtype=str)}),
    "no columns": pd.DataFrame(index=pd.RangeIndex(3)),
    "nothing": pd.DataFrame(),
    "number columns": pd.DataFrame([[1, 2]], columns=[0, 1]),
    "mixed columns": pd.DataFrame([[1, 2]], columns=["a", 1]),
    "object labels in categories": pd.DataFrame({"c": pd.Categorical(pd.Index(["a", "b"], dtype=object))}),
    "same columns": pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "named columns": pd.DataFrame([[1, 2]], columns=pd.Index(["a", "b"], name="metric")),
    "column levels": pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")])),
    "text index": pd.DataFrame({"a": [1, 2]}, index=["x", "y"]),
    "named index": pd.DataFrame({"a": [1, 2]}, index=pd.Index([5, 7], name="key")),
    "index named like a column": pd.DataFrame({"a": [1, 2]}, index=pd.Index([5, 7], name="a")),
    "number-named index": pd.DataFrame({"a": [1, 2]}, index=pd.Index([5, 7], name=0)),
    "repeated index": pd.DataFrame({"a": [1, 2]}, index=[1, 1]),
    "range from 5": pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(5, 9, 2, name="n")),
    "index levels": pd.DataFrame(
        {"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["k", None])
    ),
    "daily": pd.DataFrame({"a": [1, 2, 3]}, index=pd.date_range("2026-01-01", periods=3, freq="D")),
    "object index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", None], dtype=object)),
    "odd names": pd.DataFrame({"": [1], "__series__": [2], "__index_level_0__": [3], "größe": [4]}),
    "attributes": pd.DataFrame({"a": [1]}),
    "series": pd.Series([1.5, np.nan], name="y"),
    "unnamed series": pd.Series(["a", None]),
    "number-named series": pd.Series([1, 2], name=7),
    "tuple-named series": pd.Series([1, 2], name=("a", 1)),
    "indexed series": pd.Series([1, 2], index=["x", "y"], name="s"),
    "category series": pd.Series(pd.Categorical(["a", "b"])),
    "object series": pd.Series(["a", None], dtype=object, name="o"),
}
TABLES["attributes"].attrs["unit"] = "m"


def check(bench: Bench, value: Any) -> str:
    manifest = save_version(bench.store, value, Origin("table"))
    found = load_version(bench.store, manifest.uri)
    assert type(found) is type(value)
    exact: dict[str, Any] = {"check_freq": True, "check_exact": True}
    if isinstance(value, pd.DataFrame):
        pd.testing.assert_frame_equal(found, value, check_column_type="equiv", **exact)
        assert list(found.dtypes) == list(value.dtypes)
        assert (found.columns.names, type(found.columns)) == (value.columns.names, type(value.columns))
        cells = (found.to_numpy(dtype=object).ravel(), value.to_numpy(dtype=object).ravel())
    else:
        pd.testing.assert_series_equal(found, value, **exact)
        assert (found.dtype, found.name, type(found.name)) == (value.dtype, value.name, type(value.name))
        cells = (found.to_numpy(dtype=object), value.to_numpy(dtype=object))
    for one, other in zip(*cells, strict=True):
        assert type(one) is type(other)  # None stays None, NaN stays NaN
    assert found.attrs == value.attrs
    assert found.index.names == value.index.names
    assert type(found.index) is type(value.index)
    return manifest.data_format


@pytest.mark.parametrize("name", TABLES)
def test_tables_come_back_as_they_were(bench: Bench, name: str) -> None:
    data_format = check(bench, TABLES[name])
    if name in {
        "numbers",
        "texts",
        "object texts",
        "times",
        "categories",
        "nullable",
        "daily",
        "series",
        "named index",
    }:
        assert data_format == "arrow"


columns = st.sampled_from(
    [
        st.floats(width=32).map(np.float32), st.floats(), st.integers(-(2**63), 2**63 - 1), st.booleans(),
        st.text(string.printable, max_size=5), st.none() | st.text("ab", max_size=2),
        st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1)),  # noqa: DTZ001  # pandas' naive times
        st.integers(0, 9) | st.text("ab", max_size=2), st.none() | st.integers(), st.binary(max_size=3),
    ]
)  # fmt: skip


@st.composite
def frames(draw: st.DrawFn) -> Any:
    rows = draw(st.integers(0, 5))
    names = draw(st.lists(st.text("ab c", max_size=3) | st.integers(0, 3), max_size=4, unique_by=repr))
    data = [draw(st.lists(draw(columns), min_size=rows, max_size=rows)) for _ in names]
    index = draw(st.sampled_from([None, "texts", "numbers"]))
    labels = None if index is None else [f"r{i}" if index == "texts" else i * 3 - 4 for i in range(rows)]
    frame = pd.DataFrame({i: pd.Series(values, dtype=None if values else float) for i, values in enumerate(data)})
    frame.columns = pd.Index(names)
    if labels is not None and len(frame) == len(labels):
        frame.index = pd.Index(labels)
    return frame


@settings(suppress_health_check=list(HealthCheck))
@given(value=frames())
def test_any_table_comes_back_as_it_was(bench: Bench, value: pd.DataFrame) -> None:
    check(bench, value)


def test_a_loaded_table_can_be_changed(bench: Bench) -> None:
    value = pd.DataFrame({"a": np.arange(10.0), "b": list("abcdefghij")})
    manifest = save_version(bench.store, value, Origin("table"))
    found = load_version(bench.store, manifest.uri)
    found.loc[0, "a"] = -1.0
    found["c"] = 1
    pd.testing.assert_frame_equal(load_version(bench.store, manifest.uri), value)


def test_a_preview_shows_the_head_with_dtypes(bench: Bench) -> None:
    value = pd.DataFrame(
        {"a": range(1000), "b": [2.5] * 1000}, index=pd.Index([f"r{i}" for i in range(1000)], name="k")
    )
    preview = save_version(bench.store, value, Origin("table")).preview
    assert preview.kind == "table"
    assert [(c.name, c.dtype) for c in preview.columns[1:]] == [("a", "int64"), ("b", "float64")]
    assert preview.columns[0].name == "k"
    assert preview.rows[0] == ["r0", 0, 2.5]
    assert (preview.n_rows, preview.n_columns, preview.truncated) == (1000, 2, True)
    assert len(preview.rows) < 1000
