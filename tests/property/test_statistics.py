"""Statistics of a preview say what numpy and pandas say."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stackyard.model.artifact import ColumnStatistics
from stackyard.storage.materializers.statistics import column_statistics

numbers = hnp.arrays(
    st.sampled_from(["f8", "f4", "f2", ">f8", "i8", "i2", "u1", "u8", ">i4"]).map(np.dtype),
    hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6),
)


def check(found: ColumnStatistics, expected: pd.Series, distinct: int | None = None) -> None:
    """Compare with what pandas says of the values that are there; large integers may be one as floats."""
    there = expected.dropna()
    assert (found.count, found.missing) == (len(there), len(expected) - len(there))
    assert json.loads(found.model_dump_json()) == found.model_dump()
    if not len(there):
        return
    assert found.distinct == (there.nunique() if distinct is None else distinct)
    finite = there[np.isfinite(there)]
    for end, value in ((found.minimum, there.min()), (found.maximum, there.max())):
        assert float(end) == value or math.isclose(float(end), value)
    if len(finite) == len(there) and finite.abs().max() < 1e100:
        scale = max(1.0, float(finite.abs().max()))
        assert found.mean is not None
        assert math.isclose(found.mean, finite.mean(), rel_tol=1e-9, abs_tol=1e-9 * scale)
        if len(finite) > 1:
            assert found.std is not None
            assert math.isclose(found.std, finite.std(), rel_tol=1e-6, abs_tol=1e-7 * scale)
    if found.histogram is not None:
        assert sum(found.histogram.counts) == len(finite)
        assert len(found.histogram.edges) == len(found.histogram.counts) + 1
        assert found.histogram.edges == sorted(found.histogram.edges)
        assert found.histogram.edges[0] <= finite.min()
        assert finite.max() <= found.histogram.edges[-1]


@given(value=numbers)
def test_numbers_of_any_type_and_shape(value: Any) -> None:
    for each in (value, value[..., ::2], np.asfortranarray(value)):
        distinct = len({number for number in each.ravel().tolist() if not math.isnan(number)})
        check(column_statistics(each), pd.Series(each.astype("f8").ravel()), distinct)


@given(value=st.lists(st.none() | st.floats(width=64)))
def test_arrow_counts_null_and_nan_as_missing(value: list[float | None]) -> None:
    check(column_statistics(pa.array(value, pa.float64())), pd.Series(value, dtype=float))


@given(value=st.lists(st.none() | st.text(max_size=3)), pieces=st.integers(1, 3))
def test_texts_however_they_are_kept(value: list[str | None], pieces: int) -> None:
    column = pa.array(value, pa.string())
    size = max(1, len(column) // pieces)
    chunked = pa.chunked_array([column.slice(i, size) for i in range(0, len(column), size)], pa.string())
    there = [text for text in value if text is not None]
    for each in (column, chunked, column.cast(pa.large_string()), column.cast(pa.string_view())):
        found = column_statistics(each)
        assert (found.count, found.missing) == (len(there), len(value) - len(there))
        if there:
            counts = pd.Series(there, dtype=object).value_counts()
            assert found.distinct == len(counts)
            assert [(item.value, item.count) for item in found.top] == sorted(
                counts.items(), key=lambda pair: (-pair[1], pair[0])
            )[:10]
            by_bytes = sorted(there, key=lambda text: text.encode())
            assert (found.minimum, found.maximum) == (by_bytes[0], by_bytes[-1])
    labels = column_statistics(column.dictionary_encode())
    assert [item.count for item in labels.top] == [item.count for item in column_statistics(column).top]


DAY = dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001  # as columns without a zone have it
OTHERS = {
    "times": (pa.array([DAY, None], pa.timestamp("us")), "2026-01-02T03:04:05", "2026-01-02T03:04:05"),
    "with a zone": (pa.array([1], pa.timestamp("ns", "UTC")), "1970-01-01T00:00:00.000000001+00:00", None),
    "days": (pa.array([dt.date(2026, 1, 2), dt.date(2025, 1, 1)]), "2025-01-01", "2026-01-02"),
    "lengths": (pa.array([1_500_000, -1], pa.duration("us")), "-P0DT0H0M0.000001S", "P0DT0H0M1.5S"),
    "decimals": (pa.array([2, 1], pa.decimal128(5, 2)), "1.00", "2.00"),
    "bytes": (pa.array([b"a"]), None, None),
    "categories": (pa.array(["a", "b"]).dictionary_encode(), None, None),
    "lists": (pa.array([[1], [2]]), None, None),
    "numpy times": (np.array(["2026-01-01", "NaT"], "M8[ns]"), "2026-01-01T00:00:00", "2026-01-01T00:00:00"),
    "numpy texts": (np.array(["b", "a"]), "a", "b"),
    "numpy objects": (np.array([1, None], dtype=object), None, None),
    "complex": (np.array([1j]), None, None),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_types_have_what_makes_sense(name: str) -> None:
    values, low, high = OTHERS[name]
    found = column_statistics(values)
    assert found.minimum == low
    if high is not None:
        assert found.maximum == high
    assert found.count + found.missing == len(values)
    assert json.loads(found.model_dump_json()) == found.model_dump()


def test_large_columns_are_exact_but_for_what_is_counted() -> None:
    value = np.random.default_rng(0).normal(5, 2, 300_000)
    value[::7] = np.nan
    for found in (column_statistics(value, max_rows=10_000), column_statistics(pa.array(value), max_rows=10_000)):
        assert (found.count, found.missing) == (np.isfinite(value).sum(), np.isnan(value).sum())
        assert (found.minimum, found.maximum) == (np.nanmin(value), np.nanmax(value))
        assert math.isclose(found.mean or 0, np.nanmean(value))
        assert math.isclose(found.std or 0, np.nanstd(value, ddof=1))
        assert found.sampled == 10_000
        assert found.histogram is not None
        assert 8_000 < sum(found.histogram.counts) < 9_500, "the sample has its share of what is missing"
    periodic = np.tile(np.arange(10), 100_000)
    assert column_statistics(periodic, max_rows=10_000).distinct == 10, "the sample does not fall into step"
    assert column_statistics(pa.array(["a", "b"] * 50_000), max_rows=1_000).distinct == 2
