"""What the base of stores over objects does on its own: copies, trying again, and what a network adds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stackyard.model.errors import ArtifactDamagedError, ArtifactStoreError
from stackyard.storage import object_store
from stackyard.storage.ids import new_id
from stackyard.storage.materializers.lookup import Origin, save_version
from tests.contract.bucket import Bucket
from tests.contract.bucket_flavor import BucketConfiguration, BucketStore
from tests.contract.stores import Bench, write_version
from tests.integration.tiny_flavors import BoxConfiguration, BoxStore
from tests.integration.web_server import closed_port


@pytest.fixture
def remote(served: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bucket that does not fail, with fresh copies."""
    monkeypatch.setenv("STACKYARD_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(object_store, "PAUSES_S", (0.0, 0.0, 0.0))
    served.objects.clear()
    served.flaky = False
    return Bench("bucket", tmp_path, served)


def _asked(remote: Bench, method: str) -> int:
    return sum(word == method for word, _ in remote.bucket.asked)


def test_a_file_is_fetched_once_and_again_when_its_copy_changed(remote: Bench) -> None:
    uri, manifest = write_version(remote, {"deep/a": b"12345"})
    (file,) = manifest.files
    copy = remote.store.local_file(uri, file)
    remote.bucket.asked.clear()
    assert remote.store.local_file(uri, file) == copy
    assert _asked(remote, "GET") == 0
    copy.write_bytes(b"54321")
    assert remote.store.local_file(uri, file).read_bytes() == b"12345"
    assert _asked(remote, "GET") == 1
    remote.store.discard(uri)
    assert not copy.exists()


def test_the_cache_does_not_move_files_to_check_them(remote: Bench) -> None:
    uri, manifest = write_version(remote, {"a": b"12345", "b": b"1"})
    remote.bucket.asked.clear()
    assert remote.store.verify(uri) == manifest
    assert (_asked(remote, "GET"), _asked(remote, "size")) == (1, 2), "the manifest, and the sizes of two files"


def test_damage_that_only_the_bytes_show_is_remembered(remote: Bench) -> None:
    """Given an object with other bytes, it counts as whole until somebody loads it."""
    uri, manifest = write_version(remote, {"a": b"12345"})
    remote.overwrite(uri, "a", b"54321")
    remote.store.verify(uri)
    for look in (lambda: remote.store.local_file(uri, manifest.files[0]), lambda: remote.store.verify(uri)):
        with pytest.raises(ArtifactDamagedError, match="a is damaged"):
            look()
    remote.overwrite(uri, "a", b"12345")
    for _ in range(2):
        remote.store.verify(uri)


def test_a_store_that_stays_away_is_an_error_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKYARD_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(object_store, "PAUSES_S", (0.0, 0.0))
    with closed_port() as port:
        store = BucketStore(BucketConfiguration(url=f"http://127.0.0.1:{port}"))
        uri = store.uri_of("model", new_id())
        actions: list[Callable[[], object]] = [
            lambda: save_version(store, 1, Origin("x")), lambda: store.read_manifest(uri), lambda: store.exists(uri),
            lambda: list(store.versions()), lambda: store.discard(uri), lambda: store.write_record("x", b""),
        ]  # fmt: skip
        for action in actions:
            with pytest.raises(ArtifactStoreError) as caught:
                action()
            assert "can't be used: URLError" in caught.value.message
            assert "try again" in caught.value.hint


def test_a_store_of_the_first_kind_says_that_it_can_not_be_listed(tmp_path: Path) -> None:
    """Given a flavor that was written before stores could be listed, it works; only what lists it refuses, named."""
    store = BoxStore(BoxConfiguration(folder=str(tmp_path / "box"), key="open-sesame"))
    uri = save_version(store, [1], Origin("x")).uri
    assert store.exists(uri)
    assert not store.exists(store.uri_of("x", new_id()))
    assert store.verify(uri, every_byte=True) == store.glance(uri)
    store.write_record("x", b"1")
    store.delete_record("x")
    assert list(store.records()) == []
    assert list(store.unfinished()) == []
    with pytest.raises(ArtifactStoreError, match="can't list its versions") as caught:
        list(store.versions())
    assert "ArtifactStore.versions" in caught.value.hint
