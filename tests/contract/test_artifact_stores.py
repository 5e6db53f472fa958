"""What every artifact store promises, whatever is below it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stackyard.model.artifact import Manifest
from stackyard.model.digest import digest_bytes
from stackyard.model.errors import ArtifactDamagedError, ArtifactStoreError, MaterializationError
from stackyard.storage.artifact_store import LocalArtifactStore, VersionWriter
from stackyard.storage.ids import new_id
from stackyard.storage.materializers.lookup import Origin, load_version, save_version
from tests.contract.stores import Bench


def _write(bench: Bench, files: dict[str, bytes], *, finish: bool = True) -> tuple[str, Manifest]:
    version_id = new_id()
    uri = bench.store.uri_of("model", version_id)
    writer = bench.store.new_version("model", version_id)
    for path, data in files.items():
        writer.write(path, data)
    manifest = Manifest(
        id=version_id, artifact_name="model", type="bytes", materializer="bytes", data_format="binary",
        digest=writer.digest(), size_bytes=sum(f.size_bytes for f in writer.files), files=writer.files, uri=uri,
    )  # fmt: skip
    if finish:
        bench.store.finish(uri, manifest)
    return uri, manifest


def test_what_is_written_is_read(bench: Bench) -> None:
    files = {"a.bin": b"1" * 3_000_000, "deep/er/b.txt": b"text", "empty": b""}
    uri, manifest = _write(bench, files)
    assert bench.store.read_manifest(uri) == manifest == bench.store.verify(uri)
    for file in manifest.files:
        assert bench.store.local_file(uri, file).read_bytes() == files[file.path]
        assert file.digest == digest_bytes(files[file.path])
        assert file.size_bytes == len(files[file.path])
    assert bench.paths(uri) == sorted([*files, "manifest.json"])


def test_a_version_exists_once_its_manifest_is_there(bench: Bench) -> None:
    uri, _ = _write(bench, {"a": b"1"}, finish=False)
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
        return _write(bench, files)[1].digest

    one = digest({"a": b"1", "b": b"2"})
    assert one == digest({"b": b"2", "a": b"1"})
    assert len({one, digest({"a": b"2", "b": b"1"}), digest({"a": b"1", "c": b"2"}), digest({"a": b"1"})}) == 4


@pytest.mark.parametrize("damage", ["flipped", "cut", "longer", "gone"])
def test_damage_is_found_and_named(bench: Bench, damage: str) -> None:
    uri, manifest = _write(bench, {"data.bin": b"0123456789" * 100})
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
    uri, _ = _write(bench, {"a": b"1"})
    bench.overwrite(uri, "manifest.json", text)
    with pytest.raises(ArtifactDamagedError) as caught:
        bench.store.read_manifest(uri)
    assert caught.value.hint


def test_a_discarded_version_leaves_nothing(bench: Bench) -> None:
    uri, _ = _write(bench, {"a": b"1", "b/c": b"2"})
    other, _ = _write(bench, {"a": b"1"})
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
    uri, _ = _write(bench, {"a": b"1"})
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
    bench.store.finish(manifest.uri, manifest.model_copy(update={"materializer": "torch"}))
    with pytest.raises(MaterializationError, match="'torch'"):
        load_version(bench.store, manifest.uri)


# the local store alone --------------------------------------------------------------------------------------------


def test_a_newer_major_format_is_left_untouched(tmp_path: Path) -> None:
    bench = Bench("local", tmp_path)
    uri, manifest = _write(bench, {"a": b"1"})
    bench.store.finish(uri, manifest.model_copy(update={"format": "2.0"}))
    before = bench.read(uri, "manifest.json")
    with pytest.raises(ArtifactDamagedError, match=r"format 2\.0") as caught:
        bench.store.read_manifest(uri)
    assert "Upgrade" in caught.value.hint
    assert bench.read(uri, "manifest.json") == before


@pytest.mark.parametrize("path", ["../secret", "/etc/hostname", "a/../../secret"])
def test_a_forged_manifest_does_not_lead_out_of_its_version(tmp_path: Path, path: str) -> None:
    bench = Bench("local", tmp_path)
    uri, manifest = _write(bench, {"a": b"1"})
    forged = manifest.files[0].model_copy(update={"path": path})
    bench.store.finish(uri, manifest.model_copy(update={"files": [forged]}))
    with pytest.raises(ArtifactDamagedError, match="outside of its version"):
        bench.store.verify(uri)


def test_a_file_that_this_host_wrote_is_not_read_again(tmp_path: Path) -> None:
    """The same inode, size and mtime_ns are enough; a changed file has another mtime and is read."""
    bench = Bench("local", tmp_path)
    uri, manifest = _write(bench, {"a": b"12345"})
    file = manifest.files[0]
    forged = file.model_copy(update={"digest": digest_bytes(b"other")})
    assert bench.store.local_file(uri, forged) == Path(uri, "a")
    Path(uri, "a").touch()
    with pytest.raises(ArtifactDamagedError):
        bench.store.local_file(uri, forged)
    assert bench.store.local_file(uri, file).read_bytes() == b"12345"


def test_a_copied_store_is_verified_by_its_bytes(tmp_path: Path) -> None:
    bench = Bench("local", tmp_path)
    _, manifest = _write(bench, {"a": b"12345"})
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
