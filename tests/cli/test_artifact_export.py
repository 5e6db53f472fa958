"""``artifact snippet`` and ``artifact export``: code that runs as it is, copies that are whole or not there."""

from __future__ import annotations

import contextlib
import json
import os
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from PIL import Image

from stackyard import load_artifact, save_artifact
from stackyard.cli.main import main
from stackyard.types import CSVString


class Said(NamedTuple):
    code: int
    out: str
    err: str


Do = Callable[..., Said]


@pytest.fixture
def do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Do:
    """Runs ``stackyard artifact`` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Said:
        code = main(["artifact", *words])
        found = capsys.readouterr()
        return Said(code, found.out, found.err)

    return run


def people() -> Any:
    return pd.DataFrame({"name": ["Ann", "Bob", None], "age": [3, 4, 5], "share": [0.5, float("nan"), 1.0]})


VALUES: dict[str, Callable[[], Any]] = {
    "frame": people,
    "class": lambda: pd.Series([1, 2], name="age"),
    "fast frame": lambda: pl.DataFrame({"a": [1, 2]}),
    "table": lambda: pa.table({"a": [1, 2]}),
    "np": lambda: np.arange(6).reshape(2, 3),
    "empty": lambda: np.zeros((0, 3)),
    "2 facts": lambda: {"a": [1, 2], "b": None},
    "a text": lambda: "first\nsecond ä\n",
    "bytes": lambda: b"\x00\x01",
    "grid": lambda: CSVString("a,b\n1,2\n"),
    "photo": lambda: Image.fromarray(np.arange(48, dtype="uint8").reshape(4, 4, 3)),
}


OTHER_TYPES = ("class", "grid")
"""Those that the format has no type for: a Series is a table of one column, a text of CSV its rows."""


def test_snippets_run_as_they_are(do: Do, tmp_path: Path) -> None:
    """Given values of many types, when the printed code is run, then both ways give what was stored."""
    for name, make in VALUES.items():
        save_artifact(make(), name)
        said = do("snippet", name)
        assert (said.code, said.err) == (0, ""), name
        assert f"# Version 1 of the artifact {name}: " in said.out
        assert "version=1" in said.out
        view = json.loads(do("snippet", f"{name}@1", "--json").out)
        assert view["code"] == said.out
        variable = view["with_stackyard"].partition(" = load_artifact")[0].split("\n")[-1]
        found = {way: _run(view[way], tmp_path) for way in ("with_stackyard", "plain", "code")}
        assert _same(found["with_stackyard"][variable], make()), name
        if name not in OTHER_TYPES:
            assert _same(found["plain"][variable], make()), name
        assert _same(found["code"][variable], found["plain"][variable]), name


def _same(one: Any, other: Any) -> bool:
    if isinstance(other, (pd.DataFrame, pd.Series, pl.DataFrame)):
        return bool(one.equals(other))
    if isinstance(other, np.ndarray):
        return bool(np.array_equal(one, other))
    return bool(one == other)


def test_snippets_of_what_no_plain_reader_reads(do: Do, tmp_path: Path) -> None:
    save_artifact({"left": people(), "right": [np.arange(3), np.arange(4)]}, "parts")
    several = json.loads(do("snippet", "parts", "--json").out)["plain"]
    found = {k: v for k, v in _run(several, tmp_path).items() if k.startswith("parts_")}
    assert {type(v) for v in found.values()} >= {np.memmap, dict}
    save_artifact(lambda: 1, "code")
    said = do("snippet", "code")
    assert said.code == 0
    assert "pickle" in said.out
    assert "Without Stackyard:\n#" in said.out
    assert _run(said.out, tmp_path)["code"]() == 1


def _run(code: str, folder: Path) -> dict[str, Any]:
    file = folder / "snippet.py"
    file.write_text(code, encoding="utf-8")
    return runpy.run_path(str(file))


def test_export_as_stored(do: Do, tmp_path: Path) -> None:
    save_artifact(people(), "people")
    save_artifact(people().head(1), "people")
    save_artifact({"left": people(), "right": np.arange(3)}, "parts")
    said = do("export", "people@1")
    assert said.code == 0, said.err
    assert "people-1.arrow" in said.out
    stored = Path(load_view(do, "people", 1)["files"][0]["path"])
    assert (tmp_path / "people-1.arrow").read_bytes() == stored.read_bytes()
    (tmp_path / "there").mkdir()
    view = json.loads(do("export", "parts", "-o", "there", "--json").out)
    folder = tmp_path / "there" / "parts-1"
    assert (view["path"], view["format"]) == (str(folder), "stored")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {file["name"] for file in load_view(do, "parts", 1)["files"]}
    assert view["size_bytes"] == sum((folder / name).stat().st_size for name in names)
    for words, made in (
        (("--file", "parts/1-right/data.npy"), "parts-1-parts-1-right-data.npy"),
        (("--file", "parts/0-left/data.arrow", "-o", "left.csv"), "left.csv"),
    ):
        assert do("export", "parts", *words).code == 0, words
        (tmp_path / made).unlink()
    refused = do("export", "parts", "--file", "parts/1-rigth/data.npy")
    assert (refused.code, "Did you mean 'parts/1-right/data.npy'?" in refused.err) == (2, True), refused
    refused = do("export", "parts", "-o", "there")
    assert (refused.code, "--force" in refused.err) == (5, True)
    (folder / "old").write_text("", encoding="utf-8")
    assert do("export", "parts", "-o", "there", "--force").code == 0
    assert not (folder / "old").exists()
    assert do("export", "people", "-o", "last.arrow").code == 0
    assert len(pa.ipc.open_file("last.arrow").read_all()) == 1, "the newest"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last.arrow", "people-1.arrow", "there"], (
        "and no temporary files"
    )


def load_view(do: Do, name: str, version: int) -> dict[str, Any]:
    return dict(json.loads(do("show", name, "--version", str(version), "--json").out))


def test_export_into_other_formats(do: Do, tmp_path: Path) -> None:
    frame = people().assign(kind=pd.Categorical(["x", "y", "x"]), when=pd.Timedelta("1 day"))
    save_artifact(frame, "people")
    save_artifact(np.array([[1, 2], [3, 4]], "uint8"), "grid")
    save_artifact([{"a": 1, "b": [1, 2]}, {"a": None, "b": []}], "rows")
    save_artifact({"a": {"b": 1}}, "fact")
    save_artifact("some\ntext", "words")
    for name, file in (
        ("people", "p.csv"), ("people", "p.parquet"), ("people", "p.json"), ("people", "p.feather"),
        ("grid", "g.csv"), ("grid", "g.png"), ("grid", "g.json"), ("grid", "g.npy"),
        ("rows", "r.csv"), ("rows", "r.parquet"), ("fact", "f.json"), ("words", "w.json"),
    ):  # fmt: skip
        said = do("export", name, "-o", file)
        assert said.code == 0, (file, said)
    assert pd.read_csv("p.csv")["age"].tolist() == [3, 4, 5]
    assert pd.read_csv("p.csv")["kind"].tolist() == ["x", "y", "x"]
    assert pa.parquet.read_table("p.parquet").num_rows == 3
    assert pd.read_feather("p.feather")["name"].tolist()[:2] == ["Ann", "Bob"]
    rows = json.loads(Path("p.json").read_text(encoding="utf-8"))
    assert [row["share"] for row in rows] == [0.5, None, 1.0], "JSON has no NaN"
    assert pa.csv.read_csv("g.csv").to_pydict() == {"0": [1, 3], "1": [2, 4]}
    assert np.array_equal(np.asarray(Image.open("g.png")), [[1, 2], [3, 4]])
    assert json.loads(Path("g.json").read_text(encoding="utf-8")) == [[1, 2], [3, 4]]
    assert np.load("g.npy").tolist() == [[1, 2], [3, 4]]
    assert pd.read_csv("r.csv")["b"].tolist() == ["[1, 2]", "[]"]
    assert json.loads(Path("f.json").read_text(encoding="utf-8")) == {"a": {"b": 1}}
    assert json.loads(Path("w.json").read_text(encoding="utf-8")) == "some\ntext"
    ages = json.loads(do("export", "grid", "--format", "parquet", "--json").out)
    assert (ages["path"], ages["format"]) == (str(tmp_path / "grid-1.parquet"), "parquet")


REFUSED: dict[str, tuple[tuple[str, ...], int, str, str]] = {
    "an ending that says something else": (
        ("people", "-o", "people.xlsx"),
        2,
        "nothing is written as .xlsx",
        "It is stored as .arrow",
    ),
    "unknown artifact": (("peeple",), 4, "no artifact 'peeple'", "Did you mean 'people'?"),
    "unknown version": (("people@7",), 4, "no version 7", "Newest versions: 1"),
    "no number": (("people@new",), 2, "'new' in 'people@new' is no version", "people@1"),
    "two numbers": (("people@1", "--version", "2"), 2, "which one?", "Leave one"),
    "folder": (("people", "-o", "no/people.csv"), 2, "no folder", "Make it first"),
    "format": (("people", "--format", "png"), 6, "can't be exported as png: it is a table", "as it is stored: arrow"),
    "texts": (("people", "--format", "npy"), 6, "numbers alone, and these columns none: name", "arrow"),
    "no image": (("cube", "--format", "png"), 6, "uint8", "npy"),
    "pickle": (("code", "--format", "json"), 6, "never unpickled", "Load it in Python"),
    "damaged": (("damaged",), 6, "is damaged", "un the step again"),
}


def test_what_can_not_be_exported_is_refused(do: Do, tmp_path: Path) -> None:
    """Given what can't be written, when it is exported, then it is told why, and nothing at all is left."""
    save_artifact(people(), "people")
    save_artifact(np.zeros((2, 2)), "cube")
    save_artifact(lambda: 1, "code")
    broken = save_artifact("abc", "damaged")
    file = Path(broken.view.uri, "data.txt")
    file.write_bytes(b"abd")
    with contextlib.suppress(OSError):
        os.utime(file, (1, 1))
    for case, (words, code, message, hint) in REFUSED.items():
        said = do("export", *words)
        assert (said.code, said.out) == (code, ""), (case, said)
        assert message in said.err, (case, said)
        assert hint in said.err, (case, said)
        assert not list(tmp_path.iterdir()), case
    assert load_artifact("cube").sum() == 0
