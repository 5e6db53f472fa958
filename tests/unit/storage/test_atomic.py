"""Replacing a file at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stackyard.storage.atomic import json_bytes, remove_leftovers, write_atomic


@pytest.mark.parametrize("durable", [True, False])
def test_the_content_is_replaced_and_nothing_is_left(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "a.json"
    write_atomic(path, b"1", durable=durable)
    write_atomic(path, b"22", durable=durable)
    assert path.read_bytes() == b"22"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "target"
    folder.mkdir()
    (folder / "x").write_text("kept")
    with pytest.raises(OSError):
        write_atomic(folder, b"1")
    assert list(tmp_path.iterdir()) == [folder]
    assert (folder / "x").read_text() == "kept"


def test_leftovers_of_killed_writers_of_this_file_go(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_atomic(path, b"1")
    for name in (".a.json.12.ab.tmp", ".a.json.13.cd.tmp", ".b.json.1.a.tmp", "a.json.tmp"):
        (tmp_path / name).write_text("half")
    remove_leftovers(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".b.json.1.a.tmp", "a.json", "a.json.tmp"]


def test_json_is_for_people_and_keeps_every_text() -> None:
    data = json_bytes({"größe": ["\udcff"]})
    assert data.endswith(b"\n")
    assert "größe".encode() in data
    assert json.loads(data) == {"größe": ["\udcff"]}
