"""What every materializer stored can be looked into without it, as what it is, or is refused."""

from __future__ import annotations

import decimal
import uuid
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

from stackyard.model.artifact import Manifest
from stackyard.model.errors import ArtifactDamagedError, NotReadableError, UsageError
from stackyard.model.reading import SortKey, parse_condition
from stackyard.storage.materializers.lookup import Origin, save_version
from stackyard.storage.reading.opening import StoredImage, StoredJson, StoredText, open_stored
from stackyard.storage.reading.table import StoredTable
from stackyard.types import CSVString, HTMLString, JSONString, MarkdownString
from tests.contract.stores import Bench


class Colour(Enum):
    RED = "r"


@dataclass
class Person:
    name: str
    born: date


def opened(bench: Bench, value: Any, materializer: str = "", **how: Any) -> tuple[Manifest, Any]:
    manifest = save_version(bench.store, value, Origin("value"), materializers=[materializer] if materializer else [])
    return manifest, open_stored(manifest, lambda file: bench.store.local_file(manifest.uri, file), **how)


WHEN = pd.to_datetime(["2026-01-01", "2026-01-02 12:00"], format="ISO8601")
FRAME = pd.DataFrame(
    {"n": [1, 2], "t": ["x", None], "w": WHEN, "z": WHEN.tz_localize("UTC").tz_convert("Europe/Berlin"),
     "d": pd.to_timedelta([90, None], unit="s"), "c": pd.Categorical(["lo", "hi"], ["lo", "hi"], ordered=True)},
    index=pd.Index(["a", "b"], name="key"),
)  # fmt: skip
ROWS = [
    ["a", 1, "x", "2026-01-01 00:00:00", "2026-01-01 01:00:00+01:00", "00:01:30", "lo"],
    ["b", 2, None, "2026-01-02 12:00:00", "2026-01-02 13:00:00+01:00", None, "hi"],
]
TABLES: dict[str, tuple[Any, list[str], list[list[Any]]]] = {
    "pandas": (FRAME, ["key", "n", "t", "w", "z", "d", "c"], ROWS),
    "pandas series": (pd.Series([1.5, 2.5], name="y"), ["y"], [[1.5], [2.5]]),
    "pandas labels": (pd.DataFrame([[1, 2]], columns=[["a", "a"], [1, 2]]), ["a.1", "a.2"], [[1, 2]]),
    "pandas levels": (pd.DataFrame({"v": [1]}, index=[["x"], [2]]), ["index", "index (2)", "v"], [["x", 2, 1]]),
    "polars": (pl.DataFrame({"a": [1, None], "s": ["x", "y"]}), ["a", "s"], [[1, "x"], [None, "y"]]),
    "polars series": (pl.Series("q", [[1], None]), ["q"], [["[1]"], [None]]),
    "arrow": (pa.table({"a": [1], "b": [b"x"]}), ["a", "b"], [[1, "b'x'"]]),
    "array": (np.array([1.5, np.nan]), ["value"], [[1.5], ["nan"]]),
    "matrix": (np.arange(4).reshape(2, 2), ["0", "1"], [[0, 1], [2, 3]]),
    "times": (np.array(["2026-01-01T00:00", "NaT"], "M8[m]"), ["value"], [["2026-01-01 00:00"], [None]]),
    "masked": (np.ma.MaskedArray([1, 2], [False, True]), ["value"], [[1], [None]]),
    "fields": (np.array([(1, "a")], [("i", "i4"), ("s", "U3")]), ["i", "s"], [[1, "a"]]),
    "numbers": ([3, 2.5], ["value"], [[3], [2.5]]),
    "list of dicts": ([{"a": 1}, {"b": [2]}], ["a", "b"], [[1, None], [None, "[2]"]]),
    "list of lists": ([[1, 2], [3]], ["0", "1"], [[1, 2], [3, None]]),
    "dict of lists": ({"a": [1, 2], "b": ["x", "y"]}, ["a", "b"], [[1, "x"], [2, "y"]]),
    "tuple": ((1, 2), ["value"], [[1], [2]]),
    "data classes": ([Person("Bo", date(2000, 1, 1))], ["name", "born"], [["Bo", "2000-01-01"]]),
    "csv": (CSVString("a;b\n1;x\n;y\n"), ["a", "b"], [[1, "x"], [None, "y"]]),
    "json text": (JSONString('[{"a": 1}]'), ["a"], [[1]]),
}  # fmt: skip


@pytest.fixture
def local(tmp_path: Path) -> Bench:
    """Where the store makes no difference."""
    return Bench("local", tmp_path)


@pytest.mark.parametrize("name", TABLES)
def test_tables(local: Bench, name: str) -> None:
    value, columns, rows = TABLES[name]
    manifest, table = opened(local, value)
    assert manifest.data_format != "pickle"
    assert isinstance(table, StoredTable)
    page = table.page(0, 10)
    assert ([c.name for c in page.columns], page.rows) == (columns, rows)
    assert (page.n_rows, page.n_matching, page.n_columns) == (len(rows), len(rows), len(columns))
    assert table.page(1, 10, columns=columns[-1:]).rows == [row[-1:] for row in rows[1:]]
    shown = table.to_arrow()
    assert (shown.column_names, shown.num_rows) == (columns, len(rows))
    for place, column in enumerate(columns):
        found = table.statistics(column)
        assert found.count + found.missing == len(rows)
        assert found.missing == sum(row[place] in (None, "nan") for row in rows)
        where = [parse_condition(f'"{column}" is not null')]
        assert table.page(0, 10, where=where).n_matching == found.count


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1}}),
        (3, 3),
        (np.float32(1.5), 1.5),
        (np.array("2026-01-01", "M8[D]"), "2026-01-01"),
        (Colour.RED, "r"),
        (Person("Bo", date(2000, 1, 1)), {"name": "Bo", "born": "2000-01-01"}),
        ({1: (2, {3}), (4, 5): 0}, {"1": [2, [3]], "[4, 5]": 0}),
        ({"d": {1: "a", "1": "b"}, "n": 0}, {"d": [[1, "a"], ["1", "b"]], "n": 0}),
        (
            {
                "d": decimal.Decimal("1.50"),
                "u": uuid.UUID(int=1),
                "f": Fraction(1, 3),
                "i": 2**3000,
                "b": b"x",
                "c": 1j,
            },
            {"d": "1.50", "u": str(uuid.UUID(int=1)), "f": "1/3", "i": 2**3000, "b": "b'x'", "c": "1j"},
        ),
        (
            {"t": timedelta(1), "w": datetime(2026, 1, 1, tzinfo=timezone.utc), "o": time(1), "r": range(2)},
            {"t": "1 day, 0:00:00", "w": "2026-01-01T00:00:00+00:00", "o": "01:00:00", "r": [0, 1]},
        ),
        ({"q": deque([1]), "c": Counter("a"), "o": OrderedDict(a=1)}, {"q": [1], "c": {"a": 1}, "o": {"a": 1}}),
    ],
    ids=str,
)
def test_values(local: Bench, value: Any, expected: Any) -> None:
    assert opened(local, value)[1] == StoredJson(expected)


def test_texts_and_images(bench: Bench) -> None:
    for text in ("one\r\ntwo\n", MarkdownString("# one\n"), HTMLString("<p>one</p>")):
        found = opened(bench, text)[1]
        assert isinstance(found, StoredText)
        assert found.read() == text
        assert [row[0] for row in found.lines().page(0, 9).rows] == text.splitlines()
    image = opened(bench, Image.new("RGB", (4, 3)))[1]
    assert isinstance(image, StoredImage)
    assert (image.width, image.height) == (4, 3)


def test_users_own_files(bench: Bench, tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": range(10)}), tmp_path / "a.parquet", row_group_size=3)
    (tmp_path / "b.tsv").write_text("x\ty\n1\t2.5\n")
    (tmp_path / "c.bin").write_bytes(b"?")
    manifest, found = opened(bench, tmp_path, "files", file="folder/a.parquet")
    page = found.page(2, 3, sort=[SortKey(column="a", descending=True)], where=[parse_condition("a != 6")])
    assert (page.rows, page.n_matching) == ([[7], [5], [4]], 9)

    def path_of(file: Any) -> Path:
        return bench.store.local_file(manifest.uri, file)

    table = open_stored(manifest, path_of, file="folder/b.tsv")
    assert isinstance(table, StoredTable)
    assert table.page(0, 1).rows == [[1, 2.5]]
    with pytest.raises(NotReadableError, match="several files") as caught:
        open_stored(manifest, path_of)
    assert "folder/a.parquet" in caught.value.hint
    with pytest.raises(UsageError, match="no file"):
        open_stored(manifest, path_of, file="folder/a.parque")
    with pytest.raises(NotReadableError):
        open_stored(manifest, path_of, file="folder/c.bin")


@pytest.mark.parametrize("value", [Fraction, b"x", LogisticRegression().fit([[0], [1]], [0, 1])], ids=str)
def test_others_are_refused(local: Bench, value: Any) -> None:
    with pytest.raises(NotReadableError, match="can't be looked into") as caught:
        opened(local, value)
    assert caught.value.hint


def test_damage_and_forged_files(bench: Bench) -> None:
    manifest = save_version(bench.store, np.arange(3), Origin("value"))
    bench.overwrite(manifest.uri, "data.npy", b"x" * manifest.files[0].size_bytes)
    with pytest.raises(ArtifactDamagedError):
        open_stored(manifest, lambda file: bench.store.local_file(manifest.uri, file))


def test_an_array_of_pickled_objects_is_refused(local: Bench, tmp_path: Path) -> None:
    np.save(tmp_path / "data.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(NotReadableError, match="allow_pickle"):
        opened(local, tmp_path / "data.npy", "files")
