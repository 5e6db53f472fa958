"""What every materializer promises: values come back equal, in a file that a plain reader of its format opens."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from stackyard.model.artifact import Manifest
from stackyard.model.errors import MaterializationError
from stackyard.storage.materializers.lookup import Origin, load_version, save_version
from tests.contract.stores import Bench

X = np.arange(60, dtype=float).reshape(20, 3) % 7
Y = (X[:, 0] > 3).astype(int)


def through(bench: Bench, value: Any) -> tuple[Manifest, Any]:
    manifest = save_version(bench.store, value, Origin("value"))
    assert bench.store.verify(manifest.uri) == manifest
    return manifest, load_version(bench.store, manifest.uri)


def _file(bench: Bench, manifest: Manifest, folder: Path) -> Path:
    """Return the version's only data file, as somebody without Stackyard would get it."""
    (facts,) = manifest.files
    path = folder / f"plain-{Path(facts.path).name}"
    path.write_bytes(bench.read(manifest.uri, facts.path))
    return path


READERS: dict[str, Callable[[Path], Any]] = {
    "json": lambda path: json.loads(path.read_text(encoding="utf-8")),
    "text": lambda path: path.read_bytes().decode("utf-8"),
    "binary": lambda path: path.read_bytes(),
    "npy": lambda path: np.load(path, allow_pickle=False),
    "arrow": lambda path: pa.ipc.open_file(path).read_all().to_pandas(),
    "png": lambda path: np.asarray(Image.open(path)),
    "skops": lambda path: json.loads(zipfile.ZipFile(path).read("schema.json")),
    "structure": lambda path: set(json.loads(path.read_text(encoding="utf-8"))["$set"]),
    "pickle": lambda path: pickle.loads(path.read_bytes()),
}

PLAIN = [
    ({"a": [1, 2.5, None, True]}, "json"),
    ("some text\r\nwith lines", "text"),
    (b"\x00\xff", "binary"),
    (np.arange(6).reshape(2, 3), "npy"),
    (pd.DataFrame({"a": [1, 2], "b": ["x", None]}), "arrow"),
    (pd.Series([1.5, 2.5], name="y"), "arrow"),
    (Image.new("RGB", (4, 3), (1, 2, 3)), "png"),
    (LogisticRegression().fit(X, Y), "skops"),
    ({1, 2}, "structure"),
    (Fraction, "pickle"),
]


@pytest.mark.parametrize(("value", "data_format"), PLAIN, ids=[name for _, name in PLAIN])
def test_files_open_with_a_plain_reader_of_their_format(
    bench: Bench, tmp_path: Path, value: Any, data_format: str
) -> None:
    manifest, _ = through(bench, value)
    assert manifest.data_format == data_format
    found = READERS[data_format](_file(bench, manifest, tmp_path))
    if data_format in {"json", "text", "binary", "structure", "pickle"}:
        assert found == value
    elif data_format == "npy":
        np.testing.assert_array_equal(found, value)
    elif data_format == "png":
        np.testing.assert_array_equal(found, np.asarray(value))
    elif data_format == "skops":
        assert found["__class__"] == "LogisticRegression"
    elif isinstance(value, pd.DataFrame):
        pd.testing.assert_frame_equal(found, value)
    else:
        assert list(found.iloc[:, 0]) == list(value)


@pytest.mark.parametrize(("value", "data_format"), PLAIN, ids=[name for _, name in PLAIN])
def test_a_manifest_says_what_it_is_and_only_pickle_is_unsafe(bench: Bench, value: Any, data_format: str) -> None:
    manifest, _ = through(bench, value)
    assert manifest.type.endswith(type(value).__qualname__)
    assert manifest.unsafe == (data_format == "pickle")
    assert manifest.size_bytes == sum(f.size_bytes for f in manifest.files) > 0
    assert (manifest.preview.kind, bool(manifest.preview.text)) != ("none", False)


@pytest.mark.parametrize(("value", "data_format"), PLAIN, ids=[name for _, name in PLAIN])
def test_deterministic_materializers_give_equal_bytes_for_equal_values(
    bench: Bench, value: Any, data_format: str
) -> None:
    one, loaded = through(bench, value)
    again, _ = through(bench, loaded)
    if one.deterministic:
        assert again.digest == one.digest


# numpy --------------------------------------------------------------------------------------------------------------

ARRAYS = [
    np.array([], dtype=np.float32),
    np.zeros((0, 3)),
    np.array(5),
    np.array([1, -0.0, np.nan, np.inf]),
    np.arange(24, dtype=">i2").reshape(2, 3, 4),
    np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    np.arange(20)[::3],
    np.array(["a", "größe", ""]),
    np.array([b"a", b""]),
    np.array([True, False]),
    np.array([1 + 2j]),
    np.array(["2026-01-01", "NaT"], dtype="datetime64[ns]"),
    np.array([1, 2], dtype="timedelta64[s]"),
    np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
    np.zeros((2, 0, 3), dtype=np.int8),
    np.arange(300_000, dtype=np.float64),
]


@pytest.mark.parametrize("value", ARRAYS, ids=lambda a: f"{a.dtype}{a.shape}")
def test_arrays_come_back_with_dtype_shape_and_bits(bench: Bench, value: Any) -> None:
    manifest, found = through(bench, value)
    assert manifest.materializer == "numpy"
    assert type(found) is np.ndarray
    assert (found.dtype, found.shape, found.flags.f_contiguous) == (
        value.dtype,
        value.shape,
        np.ascontiguousarray(value).flags.f_contiguous if not value.flags.f_contiguous else True,
    )
    assert found.tobytes() == value.tobytes()
    assert manifest.shape == list(value.shape)


def test_changing_a_loaded_array_never_reaches_the_store(bench: Bench) -> None:
    value = np.arange(1000.0)
    manifest, found = through(bench, value)
    found[:] = -1
    np.testing.assert_array_equal(load_version(bench.store, manifest.uri), value)


@pytest.mark.parametrize(
    "value",
    [np.float64(1.5), np.float32("nan"), np.int8(-3), np.bool_(True), np.datetime64("2026-01-01"), np.str_("x")],
    ids=lambda v: type(v).__name__,
)
def test_numpy_scalars_stay_what_they_are(bench: Bench, value: Any) -> None:
    manifest, found = through(bench, value)
    assert type(found) is type(value)
    assert found == value or (found != found and value != value)  # NaN
    assert not manifest.unsafe


@pytest.mark.parametrize(
    "value",
    [np.array([1, "a", None], dtype=object), np.array([1]).view(np.matrix)],
    ids=["objects", "matrix"],
)
def test_arrays_that_npy_would_change_are_pickled(bench: Bench, value: Any) -> None:
    manifest, found = through(bench, value)
    assert manifest.unsafe
    assert type(found) is type(value)
    assert found.tolist() == value.tolist()


# images -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_images_come_back_pixel_by_pixel(bench: Bench, mode: str) -> None:
    value = Image.effect_noise((7, 5), 40).convert(mode) if mode != "I;16" else Image.new(mode, (7, 5), 40_000)
    manifest, found = through(bench, value)
    assert (manifest.materializer, manifest.shape) == ("image", [5, 7])
    assert found.mode == mode
    assert found.tobytes() == value.tobytes()
    assert found.getpalette() == value.getpalette()
    assert manifest.preview.image_file == manifest.files[0].path


def test_an_image_of_a_mode_that_no_format_holds_is_pickled(bench: Bench) -> None:
    value = Image.new("HSV", (2, 2), (1, 2, 3))
    manifest, found = through(bench, value)
    assert manifest.unsafe
    assert (found.mode, found.tobytes()) == (value.mode, value.tobytes())


def test_several_frames_are_no_image(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "two.gif"
    Image.new("L", (2, 2)).save(path, save_all=True, append_images=[Image.new("L", (2, 2), 9)])
    with Image.open(path) as value, pytest.raises(MaterializationError, match="of 2 frames can't be stored"):
        through(bench, value)
    assert list(bench.store.versions()) == []


# figures, tables of other packages ----------------------------------------------------------------------------------


def _figure() -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1), dpi=50)
    axes = figure.subplots()
    axes.plot([1, 3, 2])
    axes.set_title("loss")
    return figure


def test_a_figure_is_kept_as_its_picture(bench: Bench, tmp_path: Path) -> None:
    manifest, found = through(bench, _figure())
    assert (found.size, manifest.unsafe, manifest.preview.text) == ((100, 50), False, "loss")
    with Image.open(_file(bench, manifest, tmp_path)) as picture:
        assert picture.format == "PNG"
        assert picture.tobytes() == found.tobytes()
    again, _ = through(bench, _figure())
    assert again.digest == manifest.digest, "equal figures, equal bytes"


def test_tables_of_polars_and_arrow_open_elsewhere_and_say_what_they_hold(bench: Bench, tmp_path: Path) -> None:
    import polars as pl

    frame = pl.DataFrame({"n": [1, 2, None], "s": ["a", "b", "a"]})
    for value in (frame, frame.lazy().filter(pl.lit(value=True)), frame.to_arrow()):
        manifest, found = through(bench, value)
        path = _file(bench, manifest, tmp_path)
        assert pl.read_ipc(path).equals(frame)
        assert pa.ipc.open_file(path).read_all().to_pydict() == frame.to_dict(as_series=False)
        assert type(found) is type(value)
        back = found.collect() if isinstance(found, pl.LazyFrame) else pl.DataFrame(found)
        assert back.equals(frame)
        number, text = (column.statistics for column in manifest.preview.columns)
        assert number is not None
        assert text is not None
        assert (number.count, number.missing, number.minimum, number.maximum, number.mean) == (2, 1, 1, 2, 1.5)
        assert [(item.value, item.count) for item in text.top] == [("a", 2), ("b", 1)]
        assert manifest.preview.rows[2] == [None, "a"]
    with pytest.raises(MaterializationError, match="collecting it fails: ColumnNotFoundError"):
        through(bench, frame.lazy().select("nowhere"))


def test_previews_of_arrays_and_tables_have_statistics(bench: Bench) -> None:
    value = np.arange(12.0).reshape(3, 4)
    manifest, _ = through(bench, value)
    found = manifest.preview.statistics
    assert found is not None
    assert (found.count, found.minimum, found.maximum, found.mean) == (12, 0.0, 11.0, 5.5)
    records = np.array([(1, 2.5), (3, np.nan)], dtype=[("a", "i4"), ("b", "f8")])
    preview = through(bench, records)[0].preview
    assert [(column.name, column.statistics and column.statistics.count) for column in preview.columns] == [
        ("a", 2),
        ("b", 1),
    ]
    table = pd.DataFrame({"x": [1.0, np.nan], "c": pd.Categorical(["u", "v"])}, index=["r", "q"])
    shown = through(bench, table)[0].preview
    assert [column.statistics and column.statistics.missing for column in shown.columns] == [0, 1, 0]
    large = pd.DataFrame({"n": np.arange(2_000_000)})
    counted = through(bench, large)[0].preview.columns[0].statistics
    assert counted is not None
    assert (counted.count, counted.maximum, counted.sampled) == (2_000_000, 1_999_999, 10_000)


# scikit-learn -------------------------------------------------------------------------------------------------------

ESTIMATORS = [
    SGDClassifier(random_state=0),
    DecisionTreeClassifier(random_state=0),
    RandomForestClassifier(n_estimators=3, random_state=0),
    HistGradientBoostingClassifier(max_iter=3, random_state=0),
    Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())]),
    Pipeline([("columns", ColumnTransformer([("s", StandardScaler(), [0, 1])])), ("model", LogisticRegression())]),
]


@pytest.mark.parametrize("value", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_estimators_predict_the_same_without_a_pickle(bench: Bench, value: Any) -> None:
    value.fit(X, Y)
    manifest, found = through(bench, value)
    assert (manifest.data_format, manifest.unsafe, manifest.deterministic) == ("skops", False, False)
    assert type(found) is type(value)
    np.testing.assert_array_equal(found.predict(X), value.predict(X))
    assert manifest.preview.data["estimator"].endswith(type(value).__name__)


def halve(values: Any) -> Any:
    return values / 2


class OwnScaler(StandardScaler):  # type: ignore[misc]  # scikit-learn has no types
    """A user's class: skops could load it only by trusting the file."""


@pytest.mark.parametrize(
    "value",
    [FunctionTransformer(halve), OwnScaler(), Pipeline([("own", FunctionTransformer(halve)), ("s", StandardScaler())])],
    ids=["own function", "own class", "own function inside"],
)
def test_estimators_that_hold_code_of_the_user_are_pickled_and_marked(bench: Bench, value: Any) -> None:
    value.fit(X)
    manifest, found = through(bench, value)
    assert manifest.unsafe
    np.testing.assert_array_equal(found.transform(X), value.transform(X))
