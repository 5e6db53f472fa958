"""Rooms: what a worker prepares for the next artifact version, and what becomes of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from stackyard.storage.local_store import LocalArtifactStore
from stackyard.storage.materializers.lookup import Origin, load_version, save_version


@pytest.fixture
def store(tmp_path: Path) -> LocalArtifactStore:
    return LocalArtifactStore(str(tmp_path))


def rooms(store: LocalArtifactStore) -> list[str]:
    top = Path(store.root, "artifacts", ".rooms")
    return sorted(path.relative_to(top).as_posix() for path in top.rglob("*")) if top.exists() else []


def test_a_version_takes_the_room(store: LocalArtifactStore) -> None:
    store.make_room("run")
    store.make_room("run")
    place = f"run-{os.getpid()}"
    assert rooms(store) == [place, f"{place}/one", f"{place}/other", f"{place}/version"]
    for number in range(3):  # of a new artifact, and of one that has versions
        made = save_version(store, number, Origin("numbers"))
        assert sorted(path.name for path in Path(made.uri).iterdir()) == ["data.json", "manifest.json"]
        assert load_version(store, made.uri) == number
        assert rooms(store) == [place]
        store.make_room("run")
    assert len(list(store.versions())) == 3
    store.clear_rooms("run")
    assert not Path(store.root, "artifacts", ".rooms").exists()


def test_without_its_room_a_version_is_stored_all_the_same(store: LocalArtifactStore) -> None:
    store.make_room("run")
    shutil.rmtree(Path(store.root, "artifacts", ".rooms"))
    assert load_version(store, save_version(store, 1, Origin("numbers")).uri) == 1
    assert load_version(store, save_version(store, 2, Origin("others")).uri) == 2


def test_rooms_of_other_runs_stay(store: LocalArtifactStore) -> None:
    store.make_room("one")
    store.clear_rooms("other")
    store.clear_rooms("on")
    place = f"one-{os.getpid()}"
    assert rooms(store) == [f"{place}", f"{place}/one", f"{place}/other", f"{place}/version"]


def test_a_room_that_is_left_is_no_version_and_can_be_pruned(store: LocalArtifactStore) -> None:
    store.make_room("run")
    assert list(store.versions()) == []
    left = [found.uri for found in store.unfinished()]
    assert left == [f"{store.root}/artifacts/.rooms/run-{os.getpid()}"]
    store.discard(left[0])
    assert rooms(store) == []


def test_a_version_that_can_not_be_stored_leaves_nothing_but_the_room(store: LocalArtifactStore) -> None:
    store.make_room("run")

    class Broken:
        def __reduce__(self) -> str:
            raise ValueError("no")

    with pytest.raises(Exception, match="no"):
        save_version(store, Broken(), Origin("broken"))
    assert list(store.versions()) == []
    assert rooms(store) == [f"run-{os.getpid()}", f"run-{os.getpid()}/one", f"run-{os.getpid()}/other"]
    assert not Path(store.root, "artifacts", "broken").exists()


def test_a_fork_leaves_the_room_to_its_parent(store: LocalArtifactStore) -> None:
    store.make_room("run")
    before = rooms(store)
    child = os.fork()
    if not child:
        save_version(store, 1, Origin("numbers"))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert rooms(store) == before
    assert len(list(store.versions())) == 1
