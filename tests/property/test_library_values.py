"""Values of libraries come back as they were, whatever they hold; nothing of this is pickled."""

from __future__ import annotations

import json
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from polars.testing.parametric import dataframes

from stackyard.model.artifact import Manifest
from stackyard.storage.local_store import LocalArtifactStore
from stackyard.storage.materializers.lookup import Origin, load_version, save_version


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LocalArtifactStore:
    return LocalArtifactStore(str(tmp_path_factory.mktemp("store")))


def through(store: LocalArtifactStore, value: Any) -> tuple[Manifest, Any]:
    """Store and load; the manifest on disk is what the writer says, and the preview is JSON."""
    manifest = save_version(store, value, Origin("value"))
    read = store.read_manifest(manifest.uri)
    assert read.model_dump_json() == manifest.model_dump_json()
    json.loads(read.preview.model_dump_json())
    found = load_version(store, manifest.uri)
    if manifest.deterministic:
        assert save_version(store, found, Origin("value")).digest == manifest.digest
    return manifest, found


dtypes = (
    hnp.scalar_dtypes()
    | hnp.array_dtypes(max_size=3)
    | hnp.unicode_string_dtypes(max_len=3)
    | st.sampled_from([np.dtype([("a", "i1"), ("b", "f8")], align=True), np.dtype("S2"), np.dtype("f2")])
)
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def _content(array: Any) -> list[bytes]:
    """Return the bytes of each field; numpy leaves anything between aligned fields, each copy something else."""
    if array.dtype.names is None:
        return [array.tobytes()]
    return [part for name in array.dtype.names for part in _content(array[name])]


@given(value=hnp.arrays(dtypes, shapes), order=st.sampled_from("CF"))
def test_arrays(store: LocalArtifactStore, value: Any, order: Any) -> None:
    given_array = np.asarray(value, order=order)
    manifest, found = through(store, given_array)
    assert not manifest.unsafe
    assert type(found) is np.ndarray
    assert (found.dtype, found.shape) == (given_array.dtype, given_array.shape)
    assert _content(found) == _content(given_array)
    if found.size:
        found[...] = np.zeros((), found.dtype)  # a copy: the store keeps what it has
        assert _content(load_version(store, manifest.uri)) == _content(given_array)


GAPS = np.dtype(
    [("a", "i1"), ("pair", np.dtype([("x", "i1"), ("y", "i4")], align=True), (2,)), ("c", "S3")], align=True
)


@given(raw=st.binary(min_size=2 * GAPS.itemsize, max_size=2 * GAPS.itemsize))
def test_what_memory_held_between_fields_is_no_part_of_an_array(store: LocalArtifactStore, raw: bytes) -> None:
    dirty = np.frombuffer(raw, GAPS)
    clean = np.zeros(2, GAPS)
    for name in ("a", "c"):
        clean[name] = dirty[name]
    for name in ("x", "y"):
        clean["pair"][name] = dirty["pair"][name]
    assert through(store, dirty)[0].digest == through(store, clean)[0].digest
    masked = [through(store, np.ma.MaskedArray(array))[0].digest for array in (dirty, clean)]
    assert masked[0] == masked[1]


@given(data=hnp.arrays(hnp.scalar_dtypes(), shapes), masked=st.booleans())
def test_masked_arrays(store: LocalArtifactStore, data: Any, masked: bool) -> None:
    value = np.ma.MaskedArray(data, mask=np.resize([True, False, False], data.shape) if masked else np.ma.nomask)
    manifest, found = through(store, value)
    assert (manifest.materializer, manifest.unsafe, type(found)) == ("numpy-masked", False, np.ma.MaskedArray)
    assert (found.dtype, found.shape) == (value.dtype, value.shape)
    assert found.data.tobytes() == value.data.tobytes()
    assert (found.mask is np.ma.nomask) == (value.mask is np.ma.nomask)
    np.testing.assert_array_equal(found.mask, value.mask)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(found.fill_value, np.asarray(value.fill_value, value.dtype))


def test_what_is_masked_in_records_is_missing_in_their_preview(store: LocalArtifactStore) -> None:
    records: Any = np.ma.MaskedArray([(1, 2.5), (3, 4.5)], dtype=[("a", "i4"), ("b", "f8")])
    records["a"][0] = np.ma.masked
    manifest, found = through(store, records)
    assert manifest.preview.rows == [[None, 2.5], [3, 4.5]]
    assert [c.statistics and (c.statistics.count, c.statistics.missing) for c in manifest.preview.columns] == [
        (1, 1), (2, 0),
    ]  # fmt: skip
    assert str(found) == str(records)
    nested = np.ma.MaskedArray(np.zeros((), GAPS), mask=True)
    manifest, found = through(store, nested)
    assert manifest.preview.data == [None, "[(--, --) (--, --)]", None]
    assert str(found) == str(nested)


@given(value=hnp.arrays(hnp.scalar_dtypes(), ()).map(lambda array: array[()]))
def test_scalars_of_numpy(store: LocalArtifactStore, value: Any) -> None:
    manifest, found = through(store, value)
    assert not manifest.unsafe
    assert (type(found), found.dtype, found.tobytes()) == (type(value), value.dtype, value.tobytes())


@given(value=dataframes(excluded_dtypes=[pl.Object], max_cols=4, max_size=6))
def test_polars(store: LocalArtifactStore, value: pl.DataFrame) -> None:
    manifest, found = through(store, value)
    assert (manifest.data_format, manifest.unsafe) == ("arrow", False)
    assert (found.schema, found.equals(value)) == (value.schema, True)
    for series in value.get_columns()[:1]:
        manifest, back = through(store, series)
        assert manifest.preview.n_columns == 1
        assert (back.name, back.dtype, back.equals(series, null_equal=True)) == (series.name, series.dtype, True)


def test_polars_notes_of_decimals_that_none_is_missing(store: LocalArtifactStore) -> None:
    manifest, _ = through(store, pl.DataFrame({"c": [Decimal(0)]}, schema={"c": pl.Decimal(1, 0)}))
    assert manifest.deterministic


@pytest.mark.parametrize("nested", ["plain", "in a struct", "in a list"])
def test_polars_leaves_anything_below_a_missing_struct(store: LocalArtifactStore, nested: str) -> None:
    row = {"a": "x", "b": 1}
    given_frame = pl.DataFrame({"c": [None, row, None], "n": [1, 2, 3]})[[2, 1, 0]]
    if nested == "in a struct":
        given_frame = given_frame.select(pl.struct("c", "n").alias("outer"))
    elif nested == "in a list":
        given_frame = given_frame.select(pl.concat_list("c", "c").alias("list"))
    manifest, found = through(store, given_frame)
    assert manifest.deterministic
    assert found.equals(given_frame)


ARROW = st.sampled_from(
    [
        (pa.int16(), st.integers(-5, 5)), (pa.float64(), st.floats(allow_nan=False)), (pa.bool_(), st.booleans()),
        (pa.string(), st.text(max_size=3)), (pa.large_string(), st.text(max_size=3)), (pa.binary(), st.binary()),
        (pa.string_view(), st.text(max_size=20)), (pa.date32(), st.dates()),
        (pa.timestamp("us", "UTC"), st.integers(0, 9)),
        (pa.duration("ns"), st.integers(0, 9)), (pa.decimal128(4, 1), st.integers(0, 99)), (pa.null(), st.none()),
        (pa.list_(pa.int8()), st.lists(st.integers(0, 3), max_size=2)), (pa.time64("ns"), st.integers(0, 9)),
        (pa.struct([("a", pa.int8())]), st.fixed_dictionaries({"a": st.integers(0, 3)})),
        (pa.month_day_nano_interval(), st.none()),
        (pa.dictionary(pa.int8(), pa.string()), st.sampled_from("ab")), (pa.map_(pa.string(), pa.int8()), st.none()),
    ]
)  # fmt: skip


@st.composite
def arrow_columns(draw: st.DrawFn, rows: int) -> Any:
    kind, values = draw(ARROW)
    return pa.array(draw(st.lists(st.none() | values, min_size=rows, max_size=rows)), kind)


@given(data=st.data(), rows=st.integers(0, 4), columns=st.integers(0, 3))
def test_arrow(store: LocalArtifactStore, data: st.DataObject, rows: int, columns: int) -> None:
    batch = pa.RecordBatch.from_arrays(
        [data.draw(arrow_columns(rows)) for _ in range(columns)], names=[f"c{i}" for i in range(columns)]
    ).replace_schema_metadata({"k": "v"})
    table = pa.Table.from_batches([batch, batch])
    values: list[Any] = [batch, table, table.schema]
    if columns:
        values += [batch.column(0), table.column(0), batch.column(0).slice(1)]
    for value in values:
        manifest, found = through(store, value)
        assert (manifest.materializer, manifest.unsafe, type(found)) == ("pyarrow", False, type(value))
        if isinstance(value, (pa.Table, pa.RecordBatch, pa.Schema)):
            assert found.equals(value, check_metadata=True)
        else:
            assert (found.type, found.equals(value)) == (value.type, True)


LABELS = st.one_of(
    st.integers(-3, 3), st.text("ab", max_size=2), st.tuples(st.sampled_from("ab"), st.integers(0, 2)), st.none()
)


@settings(max_examples=100)
@given(
    labels=st.lists(LABELS, max_size=4), name=LABELS, attributes=st.dictionaries(st.text(max_size=2), st.integers()),
    rows=st.integers(0, 3),
)  # fmt: skip
def test_pandas_with_any_labels(
    store: LocalArtifactStore, labels: list[Any], name: Any, attributes: dict[str, int], rows: int
) -> None:
    value = pd.DataFrame(np.arange(rows * len(labels)).reshape(rows, len(labels)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value.columns = pd.Index(labels)
        if not isinstance(value.columns, pd.MultiIndex):
            value.columns.name = name
    value.attrs = attributes
    _, found = through(store, value)
    pd.testing.assert_frame_equal(found, value, check_column_type="equiv")
    assert [type(label) for label in found.columns] == [type(label) for label in value.columns]
    assert (found.attrs, found.columns.names, type(found.columns)) == (
        attributes,
        value.columns.names,
        type(value.columns),
    )
    series = pd.Series([1.5, None], name=name)
    _, back = through(store, series)
    pd.testing.assert_series_equal(back, series)
    assert type(back.name) is type(name)


PANDAS = {
    "range": pd.RangeIndex(2, 9, 3, name="n"),
    "levels": pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["k", None]),
    "days": pd.date_range("2026-01-01", periods=3, freq="D", tz="Europe/Berlin"),
    "lengths": pd.timedelta_range(0, periods=3, freq="h"),
    "months": pd.period_range("2026-01", periods=3, freq="M"),
    "intervals": pd.interval_range(0, 3, closed="both"),
    "categories": pd.CategoricalIndex(["a", "b", "a"], ["b", "a"], ordered=True),
    "texts": pd.Index(["a", "b"], name="t"),
    "floats": pd.Index([1.5, np.nan]),
    "timestamp": pd.Timestamp("2026-01-02 03:04:05.123456789", tz="Europe/Berlin"),
    "seconds": pd.Timestamp("2026-01-02").as_unit("s"),
    "timedelta": pd.Timedelta("1 days 2 hours"),
    "period": pd.Period("2026-03", "M"),
    "interval": pd.Interval(0.5, 1.0, "left"),
    "NaT": pd.NaT,
    "NA": pd.NA,
}


@pytest.mark.parametrize("name", PANDAS)
def test_indexes_and_scalars_of_pandas(store: LocalArtifactStore, name: str) -> None:
    value: Any = PANDAS[name]
    manifest, found = through(store, value)
    assert (manifest.data_format, manifest.unsafe) == ("arrow", False)
    assert type(found) is type(value)
    if isinstance(value, pd.Index):
        pd.testing.assert_index_equal(found, value, exact=True)
        assert found.names == value.names
        assert getattr(found, "freq", None) == getattr(value, "freq", None)
    else:
        assert found is value if value is pd.NaT or value is pd.NA else repr(found) == repr(value)


@pytest.mark.parametrize("data_format", ["bsr", "coo", "csc", "csr", "dia"])
@given(dense=hnp.arrays(st.sampled_from(["f8", "i4", "?"]).map(np.dtype), (4, 6)), old=st.booleans())
def test_sparse(store: LocalArtifactStore, data_format: str, dense: Any, old: bool) -> None:
    value = scipy.sparse.coo_matrix(dense) if old else scipy.sparse.coo_array(dense)
    value = value.asformat(data_format)
    manifest, found = through(store, value)
    assert (manifest.data_format, manifest.unsafe) == ("npz", False)
    assert (type(found), found.dtype, found.shape) == (type(value), value.dtype, value.shape)
    np.testing.assert_array_equal(found.toarray(), value.toarray())


@given(
    mode=st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK", "F", "I", "LAB"]), data=st.data(),
    width=st.integers(1, 9), height=st.integers(1, 5),
)  # fmt: skip
def test_images(store: LocalArtifactStore, mode: str, data: st.DataObject, width: int, height: int) -> None:
    size = len(Image.new(mode, (width, height)).tobytes())
    value = Image.frombytes(mode, (width, height), data.draw(st.binary(min_size=size, max_size=size)))
    if mode == "1":
        value = Image.frombytes(mode, (width, height), value.tobytes())
    manifest, found = through(store, value)
    assert not manifest.unsafe or mode == "P"  # whose palette is too short for its pixels
    assert (found.mode, found.size, type(found)) == (value.mode, value.size, Image.Image)
    assert found.tobytes() == value.tobytes()
    if not manifest.unsafe:
        with Image.open(Path(manifest.uri, manifest.preview.image_file)) as preview:
            assert preview.format == "PNG"
