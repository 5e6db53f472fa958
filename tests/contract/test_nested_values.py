"""Containers of anything, files and folders, in whatever store: each part in the format of its type."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

from stackyard import CSVString, HTMLString, JSONString, MarkdownString
from stackyard.model.artifact import Manifest
from stackyard.model.errors import ArtifactDamagedError, MaterializationError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.base import Materializer, Saved
from stackyard.storage.materializers.copies import local_copies
from stackyard.storage.materializers.lookup import Origin, load_version, save_version
from tests.contract.stores import Bench

X = np.arange(12.0).reshape(6, 2)
WHEN = datetime(2026, 11, 22, 9, 30, tzinfo=timezone.utc)


@dataclass
class Report:
    model: Any
    table: pd.DataFrame
    where: Path


def save(bench: Bench, value: Any) -> Manifest:
    manifest = save_version(bench.store, value, Origin("value"))
    assert bench.store.verify(manifest.uri) == manifest
    assert sorted(file.path for file in manifest.files) == [
        p for p in bench.paths(manifest.uri) if p != "manifest.json"
    ]
    return manifest


def test_a_container_of_anything_has_each_part_in_its_own_format(bench: Bench) -> None:
    model = LogisticRegression().fit(X, [0, 1, 0, 1, 0, 1])
    scores = np.linspace(0, 1, 5)
    table = pd.DataFrame({"a": [1, 2]})
    value = {
        "model": model, "scores": scores, "when": WHEN, "same": scores, "accuracy": np.float64(0.5),
        "reports": (Report(model, table, Path("never/there")), HTMLString("<p>")),
        "image": Image.new("L", (2, 2)), 3: {"ü/..": b"x" * 2_000_000}, "empty": [np.zeros((0, 2))],
    }  # fmt: skip
    manifest = save(bench, value)
    assert sorted(file.path for file in manifest.files) == [
        "parts/0-model/model.skops", "parts/1-scores/data.npy", "parts/2-table/data.arrow", "parts/3-reports/data.html",
        "parts/4-image/image.png", "parts/5/data.bin", "parts/6-empty/data.npy", "structure.json",
    ]  # fmt: skip
    assert (manifest.unsafe, manifest.deterministic, manifest.materializer) == (False, False, "structure"), "of skops"
    assert manifest.preview.data["scores"] == "numpy.ndarray (5)"
    assert manifest.preview.data["when"].startswith("2026-11-22 09:30")
    plain = json.loads(bench.read(manifest.uri, "structure.json"))
    assert ["when", {"$datetime": "2026-11-22T09:30:00+00:00"}] in plain["$dict"]

    found = load_version(bench.store, manifest.uri)
    assert list(found) == list(value)
    np.testing.assert_array_equal(found["model"].predict(X), model.predict(X))
    np.testing.assert_array_equal(found["scores"], scores)
    assert found["same"] is found["scores"], "what is stored once is loaded once"
    assert (found["when"], type(found["accuracy"])) == (WHEN, np.float64)
    report, page = found["reports"]
    assert type(report) is Report
    assert report.model is found["model"]
    assert report.where == Path("never/there"), "a field that is a path stays one"
    pd.testing.assert_frame_equal(report.table, table)
    assert type(page) is HTMLString
    assert found["image"].tobytes() == value["image"].tobytes()
    assert found[3] == value[3]
    assert found["empty"][0].shape == (0, 2)


def test_a_container_whose_parts_are_deterministic_is(bench: Bench) -> None:
    one, other = (save(bench, {"a": np.arange(n), "b": {2, 1}, "t": pd.DataFrame({"x": [n]})}) for n in (3, 3))
    assert (one.digest, one.deterministic, one.unsafe) == (other.digest, True, False)
    assert save(bench, {"a": np.arange(4), "b": {2, 1}, "t": pd.DataFrame({"x": [3]})}).digest != one.digest


def test_only_the_part_that_needs_it_is_pickled(bench: Bench) -> None:
    manifest = save(bench, {"scores": np.arange(3), "odd": len})
    assert [file.path for file in manifest.files] == [
        "parts/0-scores/data.npy", "parts/1-odd/data.pickle", "structure.json",
    ]  # fmt: skip
    assert (manifest.unsafe, manifest.deterministic) == (True, False)
    assert load_version(bench.store, manifest.uri)["odd"] is len


def test_a_container_that_only_pickle_holds_does_not_take_others_with_it(bench: Bench) -> None:
    value = {"scores": np.arange(3), "counts": defaultdict(lambda: 7, {1: 2})}
    manifest = save(bench, value)
    assert [file.path for file in manifest.files] == [
        "parts/0-scores/data.npy", "parts/1-counts/data.pickle", "structure.json",
    ]  # fmt: skip
    assert load_version(bench.store, manifest.uri)["counts"][5] == 7
    assert [file.path for file in save(bench, value["counts"]).files] == ["data.pickle"]


def test_many_objects_are_pickled_together(bench: Bench) -> None:
    manifest = save(bench, [type(f"T{i}", (), {}) for i in range(200)])
    assert [file.path for file in manifest.files] == ["data.pickle"]


def test_a_part_that_is_damaged_or_missing_is_named(bench: Bench) -> None:
    for damage in (lambda uri, path: bench.overwrite(uri, path, b"x"), bench.remove):
        manifest = save(bench, [np.arange(3)])
        damage(manifest.uri, "parts/0/data.npy")
        with pytest.raises(ArtifactDamagedError):
            load_version(bench.store, manifest.uri)


@dataclass
class Pair:
    left: str
    right: str


class TwoFiles(Materializer):
    """Somebody's own, of a class that would be stored otherwise: knows its files by name."""

    name = "two"
    types = (Pair,)

    def save(self, value: Pair, writer: VersionWriter) -> Saved:
        with writer.add("more/left.txt") as path:
            path.parent.mkdir(exist_ok=True)
            path.write_text(value.left)
        writer.write("right.txt", value.right.encode())
        return Saved(data_format="pair")

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Pair:
        files = {file.path: file for file in manifest.files}
        return Pair(*(store.local_file(uri, files[name]).read_text() for name in ("more/left.txt", "right.txt")))


def test_parts_go_by_the_users_own_materializers(bench: Bench) -> None:
    value = [Pair("a", "b"), {"x": Pair("c", "d")}]
    manifest = save(bench, value)
    assert [file.path for file in manifest.files] == [
        "parts/0/more/left.txt", "parts/0/right.txt", "parts/1-x/more/left.txt", "parts/1-x/right.txt",
        "structure.json",
    ]  # fmt: skip
    assert load_version(bench.store, manifest.uri) == value
    assert json.loads(bench.read(manifest.uri, "structure.json"))[0]["data_format"] == "pair"


# files and folders --------------------------------------------------------------------------------------------------


def folder_with_all(base: Path) -> Path:
    folder = base / "data"
    (folder / "größe").mkdir(parents=True)
    (folder / "größe" / ".hidden").write_bytes(b"\x00" * 3_000_000)
    (folder / "empty" / "deep").mkdir(parents=True)
    (folder / "link").symlink_to(folder / "größe")
    (folder / "a.txt").write_text("a")
    return folder


def listing(folder: Path) -> dict[str, bytes | None]:
    return {
        os.path.relpath(Path(where, name), folder): (
            None if name in folders else Path(where, name).read_bytes()
        )
        for where, folders, files in os.walk(folder, followlinks=True)
        for name in [*folders, *files]
    }  # fmt: skip


def test_a_path_stands_for_what_lies_there(bench: Bench, tmp_path: Path) -> None:
    folder = folder_with_all(tmp_path)
    before = listing(folder)
    manifest = save(bench, folder)
    assert (manifest.data_format, manifest.unsafe, manifest.shape) == ("files", False, [3])
    assert manifest.preview.text == "a.txt\ngröße/.hidden\nlink/.hidden"
    (folder / "a.txt").write_text("changed")
    with local_copies():
        found = load_version(bench.store, manifest.uri)
        assert listing(found) == before
        (found / "a.txt").write_text("mine")
        assert listing(load_version(bench.store, manifest.uri)) == before, "a copy of one's own each time"
        again = save(bench, load_version(bench.store, manifest.uri))
        assert again.digest == manifest.digest, "names and bytes alone count"
    assert not found.exists(), "copies go with the step"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("größe ü.md", b"# Title", "markdown"), ("page.HTML", b"<p>", "html"), ("t.csv", b"a,b\n1,2\n", "table"),
        ("d.json", b'{"a": [1]}', "json"), ("d2.json", b"{", "text"), ("x.txt", b"\xff\xfe", "text"),
        ("p.png", b"\x89PNG\r\n\x1a\n...", "image"), ("x.bin", b"\x00", "text"), ("none", b"", "text"),
        ("zero.txt", b"a\x00b", "text"),
    ],
)  # fmt: skip
def test_a_file_keeps_its_name_and_shows_its_beginning(
    bench: Bench, tmp_path: Path, name: str, data: bytes, kind: str
) -> None:
    (tmp_path / name).write_bytes(data)
    manifest = save(bench, tmp_path / name)
    found = load_version(bench.store, manifest.uri)
    assert (found.name, found.read_bytes(), manifest.preview.kind) == (name, data, kind)
    if kind == "image":
        assert manifest.preview.image_file == manifest.files[0].path


def test_paths_in_containers_stand_for_what_lies_there_too(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out.txt").write_text("out")
    monkeypatch.chdir(tmp_path)
    manifest = save(bench, {"report": Path("out.txt"), "key": {Path("k"): 1}})
    (tmp_path / "out.txt").unlink()
    found = load_version(bench.store, manifest.uri)
    assert found["report"].read_text() == "out"
    assert found["key"] == {Path("k"): 1}


def _loop(base: Path) -> Path:
    (base / "loop").mkdir()
    (base / "loop" / "up").symlink_to(base)
    return base


def _dangling(base: Path) -> Path:
    (base / "gone").symlink_to(base / "nothing")
    return base


def _pipe(base: Path) -> Path:
    os.mkfifo(base / "pipe")
    return base


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda base: Path("not-there.txt"), "nothing to store at not-there.txt, looked for in"),
        (lambda base: base / "none", "nothing to store at"),
        (lambda base: {"a": base / "none"}, "nothing to store at"),
        (_loop, "leads back to"),
        (_dangling, "gone can't be stored"),
        (_pipe, "neither a file nor a folder"),
    ],
    ids=["relative", "absolute", "nested", "loop", "dangling", "pipe"],
)
def test_what_can_not_be_stored_as_files_says_why_and_leaves_nothing(
    bench: Bench, tmp_path: Path, make: Any, says: str
) -> None:
    base = tmp_path / "base"
    base.mkdir()
    with pytest.raises(MaterializationError, match=says) as caught:
        save_version(bench.store, make(base), Origin("value"))
    assert caught.value.hint


# texts --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "file", "kind"),
    [
        (HTMLString("<b>größe</b>"), "data.html", "html"),
        (MarkdownString("# A"), "data.md", "markdown"),
        (CSVString('a,b\r\n1,"x,\ny"\n'), "data.csv", "table"),
        (CSVString(""), "data.csv", "text"),
        (JSONString('{"a": 0.5}'), "data.json", "metrics"),
        (JSONString("{"), "data.json", "text"),
        (HTMLString("\ud800" + "x" * 100_000), "data.html", "html"),
    ],
    ids=range(7),
)  # fmt: skip
def test_texts_that_say_what_they_are_are_stored_and_shown_as_such(
    bench: Bench, value: str, file: str, kind: str
) -> None:
    manifest = save(bench, value)
    found = load_version(bench.store, manifest.uri)
    assert (type(found), found) == (type(value), value)
    assert bench.read(manifest.uri, file).decode("utf-8", errors="surrogatepass") == value
    assert (manifest.preview.kind, manifest.unsafe, manifest.deterministic) == (kind, False, True)
    if kind == "table":
        assert (manifest.preview.rows, manifest.preview.n_rows) == ([["1", "x,\ny"]], 1)


def test_a_subclass_of_a_typed_text_is_not_that_text(bench: Bench) -> None:
    class Mine(HTMLString):
        __slots__ = ()

    manifest = save(bench, Mine("x"))
    assert manifest.unsafe
    assert type(load_version(bench.store, manifest.uri)).__name__ == "Mine"
