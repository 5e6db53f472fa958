"""What every artifact store promises, whatever is below it."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stackyard.model.artifact import Manifest
from stackyard.model.digest import digest_bytes
from stackyard.model.errors import ArtifactDamagedError, ArtifactStoreError, MaterializationError
from stackyard.storage.artifact_store import VersionWriter
from stackyard.storage.ids import new_id
from stackyard.storage.local_store import LocalArtifactStore
from stackyard.storage.materializers.lookup import Origin, load_version, save_version
from tests.contract.stores import Bench, write_version


def test_what_is_written_is_read(bench: Bench) -> None:
    files = {"a.bin": b"1" * 3_000_000, "deep/er/b.txt": b"text", "empty": b""}
    uri, manifest = write_version(bench, files)
    assert bench.store.read_manifest(uri) == manifest == bench.store.verify(uri)
    for file in manifest.files:
        assert bench.store.local_file(uri, file).read_bytes() == files[file.path]
        assert file.digest == digest_bytes(files[file.path])
        assert file.size_bytes == len(files[file.path])
    assert bench.paths(uri) == sorted([*files, "manifest.json"])


def test_a_version_exists_once_its_manifest_is_there(bench: Bench) -> None:
    uri, _ = write_version(bench, {"a": b"1"}, finish=False)
    with pytest.raises(ArtifactDamagedError) as caught:
        bench.store.read_manifest(uri)
    assert caught.value.details == {"missing": True}
    assert caught.value.hint
    with pytest.raises(ArtifactDamagedError):
        bench.store.verify(uri)


def test_pieces_and_wholes_have_the_same_digest(bench: Bench) -> None:
    version_id = new_id()
    writer = bench.store.new_version("model", version_id)
    with writer.open("pieces") as file:
        for piece in (b"ab", bytearray(b"c"), memoryview(b"de"), b""):
            assert file.write(piece) == len(piece)
        file.flush()
        assert not file.closed
        file.close()  # libraries close what they are given
    with writer.add("by_path") as path:
        path.write_bytes(b"abcde")
    writer.write("whole", b"abcde")
    assert {f.digest for f in writer.files} == {digest_bytes(b"abcde")}
    assert [f.size_bytes for f in writer.files] == [5, 5, 5]


def test_the_digest_of_a_version_knows_paths_and_contents(bench: Bench) -> None:
    def digest(files: dict[str, bytes]) -> str:
        return write_version(bench, files)[1].digest

    one = digest({"a": b"1", "b": b"2"})
    assert one == digest({"b": b"2", "a": b"1"})
    assert len({one, digest({"a": b"2", "b": b"1"}), digest({"a": b"1", "c": b"2"}), digest({"a": b"1"})}) == 4


@pytest.mark.parametrize("damage", ["flipped", "cut", "longer", "gone"])
def test_damage_is_found_and_named(bench: Bench, damage: str) -> None:
    uri, manifest = write_version(bench, {"data.bin": b"0123456789" * 100})
    before = bench.read(uri, "data.bin")
    if damage == "gone":
        bench.remove(uri, "data.bin")
    else:
        after = {"flipped": b"X" + before[1:], "cut": before[:-1], "longer": before + b"0"}[damage]
        bench.overwrite(uri, "data.bin", after)
    for look in (lambda: bench.store.local_file(uri, manifest.files[0]), lambda: bench.store.verify(uri)):
        with pytest.raises(ArtifactDamagedError) as caught:
            look()
        assert "data.bin" in caught.value.message
        assert "Run the step again" in caught.value.hint
        assert bool(caught.value.details.get("missing")) == (damage == "gone")


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"format": "1.0"}', b"\xff\xfe", b"null"])
def test_a_damaged_manifest_is_named(bench: Bench, text: bytes) -> None:
    uri, _ = write_version(bench, {"a": b"1"})
    bench.overwrite(uri, "manifest.json", text)
    with pytest.raises(ArtifactDamagedError) as caught:
        bench.store.read_manifest(uri)
    assert caught.value.hint


def test_a_discarded_version_leaves_nothing(bench: Bench) -> None:
    uri, _ = write_version(bench, {"a": b"1", "b/c": b"2"})
    other, _ = write_version(bench, {"a": b"1"})
    bench.store.discard(uri)
    assert bench.paths(uri) == []
    bench.store.verify(other)
    bench.store.discard(uri)  # twice does no harm


@pytest.mark.parametrize("name", ["model", "Model", "pipeline::step::output", "größe/../x", "con", "a" * 300])
def test_versions_of_any_artifact_name_can_be_kept(bench: Bench, name: str) -> None:
    manifest = save_version(bench.store, [1, 2], Origin(name))
    assert manifest.artifact_name == name
    assert manifest.uri.startswith(bench.store.root)
    assert load_version(bench.store, manifest.uri) == [1, 2]


def test_unknown_keys_of_a_newer_minor_version_are_kept(bench: Bench) -> None:
    uri, _ = write_version(bench, {"a": b"1"})
    text = bench.read(uri, "manifest.json").decode().replace("{", '{"format": "1.7", "future": [1], ', 1)
    bench.overwrite(uri, "manifest.json", text.encode())
    manifest = bench.store.read_manifest(uri)
    bench.store.finish(uri, manifest)
    assert '"future":[1]' in bench.read(uri, "manifest.json").decode().replace(" ", "")


class _Raises:
    """Can't be pickled."""

    def __reduce__(self) -> Any:
        raise RuntimeError("no")


def test_a_value_that_can_not_be_stored_leaves_nothing(bench: Bench) -> None:
    with pytest.raises(MaterializationError) as caught:
        save_version(bench.store, _Raises(), Origin("bad"))
    assert "RuntimeError: no" in caught.value.message
    folder = bench.store.uri_of("bad", "")
    assert bench.paths(folder.rstrip("/")) == []


def test_a_version_of_a_materializer_that_is_not_known_says_so(bench: Bench) -> None:
    manifest = save_version(bench.store, 1, Origin("x"))
    bench.store.finish(manifest.uri, manifest.model_copy(update={"materializer": "abacus"}))
    with pytest.raises(MaterializationError, match="'abacus'"):
        load_version(bench.store, manifest.uri)


# listing, reading every byte, records ---------------------------------------------------------------------------------


def _listed(bench: Bench) -> set[str]:
    list(bench.store.versions())  # a listing may be late
    return set(bench.store.versions())


def test_versions_are_listed_once_they_have_a_manifest(bench: Bench) -> None:
    assert list(bench.store.versions()) == []
    one, _ = write_version(bench, {"a": b"1", "deep/er/manifest.json": b"{}"})
    two = save_version(bench.store, 1, Origin("other::step::output")).uri
    unfinished, _ = write_version(bench, {"a": b"1", "b": b"2"}, finish=False)
    assert _listed(bench) == {one, two}
    assert [bench.store.exists(uri) for uri in (one, two, unfinished)] == [True, True, False]
    (found,) = bench.store.unfinished()
    assert (found.uri, found.version_id) == (unfinished, unfinished.rpartition("/")[2])
    assert abs(time.time() - found.written_at) < 120
    bench.overwrite(one, "manifest.json", b"{")
    assert bench.store.exists(one), "a damaged manifest is a manifest"
    bench.store.discard(two)
    bench.store.discard(unfinished)
    assert _listed(bench) == {one}
    assert list(bench.store.unfinished()) == []


def test_every_byte_is_read_on_demand(bench: Bench) -> None:
    """Given bytes that changed under a file that this host wrote and read, verifying all of them finds it."""
    files = {"a": b"1" * 100, "b/c": b"2" * 3_000_000}
    uri, manifest = write_version(bench, files)
    for file in manifest.files:
        bench.store.local_file(uri, file)
    read: list[int] = []
    assert bench.store.verify(uri, every_byte=True, progress=read.append) == manifest
    assert sum(read) == manifest.size_bytes
    _forge(bench, uri, "b/c", b"3" + files["b/c"][1:])
    with pytest.raises(ArtifactDamagedError, match=r"b/c is damaged"):
        bench.store.verify(uri, every_byte=True)
    _forge(bench, uri, "b/c", files["b/c"])
    bench.store.verify(uri, every_byte=True)
    bench.store.verify(uri)

    def stop(_size: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.store.verify(uri, every_byte=True, progress=stop)


def _forge(bench: Bench, uri: str, path: str, data: bytes) -> None:
    """Change bytes as a failing disk does: inode, size and mtime stay."""
    if bench.kind != "local":
        bench.overwrite(uri, path, data)
        return
    file = Path(uri, path)
    stat = file.stat()
    with file.open("r+b") as raw:
        raw.write(data)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize("damage", ["cut", "gone", None])
def test_a_glance_sees_what_is_missing(bench: Bench, damage: str | None) -> None:
    uri, manifest = write_version(bench, {"a": b"123", "b/c": b"456"})
    if damage is None:
        assert bench.store.glance(uri) == manifest
        return
    if damage == "gone":
        bench.remove(uri, "b/c")
    else:
        bench.overwrite(uri, "b/c", b"45")
    with pytest.raises(ArtifactDamagedError, match="b/c"):
        bench.store.glance(uri)


def test_records_are_kept_replaced_and_removed(bench: Bench) -> None:
    bench.store.delete_record("none")
    assert list(bench.store.records()) == []
    for name, data in (("one", b"1"), ("two", b"2" * 100_000), ("one", b"new")):
        bench.store.write_record(name, data)
    list(bench.store.versions())
    assert dict(bench.store.records()) == {"one": b"new", "two": b"2" * 100_000}
    bench.store.delete_record("two")
    assert dict(bench.store.records()) == {"one": b"new"}
    assert _listed(bench) == set(), "a record is no version"


# many at once ---------------------------------------------------------------------------------------------------------


def test_writers_of_one_artifact_do_not_meet(bench: Bench) -> None:
    """Given eight writers of the same artifact, some of whom give up, each version is whole and the others are gone."""

    def write(n: int) -> str | None:
        version_id = new_id()
        uri = bench.store.uri_of("model", version_id)
        writer = bench.store.new_version("model", version_id)
        writer.write("a", b"%d" % n * 10_000)
        writer.write("b/c", b"%d" % n)
        if n % 4 == 3:
            bench.store.discard(uri)
            return None
        manifest = Manifest(
            id=version_id, artifact_name="model", type="bytes", materializer="bytes", data_format="binary",
            digest=writer.digest(), size_bytes=sum(f.size_bytes for f in writer.files), files=writer.files, uri=uri,
        )  # fmt: skip
        bench.store.finish(uri, manifest)
        return uri

    with ThreadPoolExecutor(8) as pool:
        written = {uri for uri in pool.map(write, range(32)) if uri}
    assert len(written) == 24
    assert _listed(bench) == written
    assert list(bench.store.unfinished()) == []
    for uri in written:
        bench.store.verify(uri, every_byte=True)


def test_a_version_that_is_discarded_while_it_is_read_is_whole_or_a_named_error(bench: Bench) -> None:
    value = np.arange(100_000, dtype=np.float64)
    for _ in range(10):
        uri = save_version(bench.store, value, Origin("array")).uri
        mapped = load_version(bench.store, uri)
        with ThreadPoolExecutor(2) as pool:
            reading = pool.submit(load_version, bench.store, uri)
            bench.store.discard(uri)
            error = reading.exception()
            if error is None:
                np.testing.assert_array_equal(reading.result(), value)
            else:
                assert isinstance(error, ArtifactDamagedError), error
        np.testing.assert_array_equal(mapped, value)
        assert not bench.store.exists(uri)


# the local store alone --------------------------------------------------------------------------------------------


def test_a_newer_major_format_is_left_untouched(tmp_path: Path) -> None:
    bench = Bench("local", tmp_path)
    uri, manifest = write_version(bench, {"a": b"1"})
    bench.store.finish(uri, manifest.model_copy(update={"format": "2.0"}))
    before = bench.read(uri, "manifest.json")
    with pytest.raises(ArtifactDamagedError, match=r"format 2\.0") as caught:
        bench.store.read_manifest(uri)
    assert "Upgrade" in caught.value.hint
    assert bench.read(uri, "manifest.json") == before


@pytest.mark.parametrize("path", ["../secret", "/etc/hostname", "a/../../secret"])
def test_a_forged_manifest_does_not_lead_out_of_its_version(tmp_path: Path, path: str) -> None:
    bench = Bench("local", tmp_path)
    uri, manifest = write_version(bench, {"a": b"1"})
    forged = manifest.files[0].model_copy(update={"path": path})
    bench.store.finish(uri, manifest.model_copy(update={"files": [forged]}))
    with pytest.raises(ArtifactDamagedError, match="outside of its version"):
        bench.store.verify(uri)


def test_a_file_that_this_host_wrote_is_not_read_again(tmp_path: Path) -> None:
    """The same inode, size and mtime_ns are enough; a changed file has another mtime and is read."""
    bench = Bench("local", tmp_path)
    uri, manifest = write_version(bench, {"a": b"12345"})
    file = manifest.files[0]
    forged = file.model_copy(update={"digest": digest_bytes(b"other")})
    assert bench.store.local_file(uri, forged) == Path(uri, "a")
    Path(uri, "a").touch()
    with pytest.raises(ArtifactDamagedError):
        bench.store.local_file(uri, forged)
    assert bench.store.local_file(uri, file).read_bytes() == b"12345"


def test_a_copied_store_is_verified_by_its_bytes(tmp_path: Path) -> None:
    bench = Bench("local", tmp_path)
    _, manifest = write_version(bench, {"a": b"12345"})
    moved = tmp_path / "elsewhere"
    Path(bench.store.root).rename(moved)
    elsewhere = LocalArtifactStore(str(moved))
    new_uri = elsewhere.uri_of("model", manifest.id)
    assert elsewhere.verify(new_uri).id == manifest.id
    Path(new_uri, "a").replace(Path(new_uri, "b"))
    Path(new_uri, "a").write_bytes(b"12345")
    assert elsewhere.verify(new_uri) == manifest


def test_a_store_below_a_file_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactStoreError) as caught:
        save_version(LocalArtifactStore(str(tmp_path / "file" / "store")), 1, Origin("x"))
    assert "can't be written: not a directory" in caught.value.message
    assert "another artifact store" in caught.value.hint


def test_a_version_is_never_written_twice(tmp_path: Path) -> None:
    store = LocalArtifactStore(str(tmp_path))
    version_id = new_id()
    writer: VersionWriter = store.new_version("model", version_id)
    writer.write("a", b"1")
    with pytest.raises(FileExistsError):
        writer.write("a", b"2")
    with pytest.raises(ArtifactStoreError):
        store.new_version("model", version_id)
