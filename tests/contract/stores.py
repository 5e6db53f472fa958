"""The artifact stores that every test of the contract runs against.

The local one, one behind HTTP like an object store, and the one of the package that shows how to write flavors.
"""

from __future__ import annotations

from pathlib import Path

from stackyard_blobs.flavors import BlobsConfiguration
from stackyard_blobs.store import SIGNATURE_BYTES, BlobStore

from stackyard.model.artifact import Manifest
from stackyard.storage.artifact_store import ArtifactStore
from stackyard.storage.ids import new_id
from stackyard.storage.local_store import LocalArtifactStore
from tests.contract.bucket import Bucket
from tests.contract.bucket_flavor import BucketConfiguration, BucketStore


class Bench:
    """A store with the means to look below it and to damage it."""

    def __init__(self, kind: str, folder: Path, bucket: Bucket | None = None) -> None:
        self.kind = kind
        self._folder = folder / "store"
        self.bucket = bucket or Bucket()
        self.store: ArtifactStore
        if kind == "bucket":
            self.store = BucketStore(BucketConfiguration(url=self.bucket.url))
        elif kind == "blobs":
            self.store = BlobStore(BlobsConfiguration(folder=str(self._folder)))
        else:
            self.store = LocalArtifactStore(str(self._folder))

    def _key(self, uri: str, path: str) -> str:
        return f"{uri.removeprefix(self.store.root + '/')}/{path}"

    def _file(self, uri: str, path: str) -> Path:
        return self._folder / self._key(uri, path)

    def read(self, uri: str, path: str) -> bytes:
        if self.kind == "bucket":
            return self.bucket.objects[self._key(uri, path)]
        data = self._file(uri, path).read_bytes()
        return data[SIGNATURE_BYTES:] if self.kind == "blobs" else data

    def overwrite(self, uri: str, path: str, data: bytes) -> None:
        """Replace, or make, a file behind the store's back."""
        if self.kind == "bucket":
            self.bucket.objects[self._key(uri, path)] = data
            return
        file = self._file(uri, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        signed = BlobStore(BlobsConfiguration(folder=""))._signature(data) if self.kind == "blobs" else b""
        file.write_bytes(signed + data)

    def remove(self, uri: str, path: str) -> None:
        if self.kind == "bucket":
            del self.bucket.objects[self._key(uri, path)]
        else:
            self._file(uri, path).unlink()

    def paths(self, uri: str) -> list[str]:
        """Return what lies in a version."""
        prefix = self._key(uri, "")
        if self.kind == "bucket":
            return sorted(key.removeprefix(prefix) for key in self.bucket.objects if key.startswith(prefix))
        folder = self._folder / prefix
        return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def write_version(bench: Bench, files: dict[str, bytes], *, finish: bool = True) -> tuple[str, Manifest]:
    """Write a version of the artifact ``model``; return its URI and manifest."""
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
