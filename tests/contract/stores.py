"""The artifact stores that every test of the contract runs against.

The local one, one like an object store, and the one of the package that shows how to write flavors.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from stackyard_blobs.flavors import BlobsConfiguration
from stackyard_blobs.store import BlobStore, blob, version_of

from stackyard.model.artifact import MANIFEST_FILE, ArtifactFile, Manifest
from stackyard.model.digest import PREFIX
from stackyard.model.errors import ArtifactDamagedError
from stackyard.storage.artifact_store import ArtifactStore, HashingFile, LocalArtifactStore, VersionWriter

UNSIGNED = b"unsigned\n"


class ObjectVersionWriter(VersionWriter):
    """Puts whole objects under keys, each once it is complete."""

    def __init__(self, objects: dict[str, bytes], uri: str) -> None:
        super().__init__()
        self._objects = objects
        self._uri = uri

    def _put(self, path: str, data: bytes) -> None:
        key = f"{self._uri}/{path}"
        assert key not in self._objects, "an object is written once"
        self._objects[key] = data
        digest = PREFIX + hashlib.sha256(data).hexdigest()
        self.files.append(ArtifactFile(path=path, size_bytes=len(data), digest=digest))

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[HashingFile]:
        with tempfile.TemporaryFile() as raw:
            yield HashingFile(raw)
            raw.seek(0)
            self._put(path, raw.read())

    @contextlib.contextmanager
    def add(self, path: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder) / "file"
            self._put(path, (Path(folder) / "file").read_bytes())


class ObjectArtifactStore(ArtifactStore):
    """What S3 and its like can do: put, get, delete by key; no folders, no rename, files only as copies."""

    def __init__(self, root: str, copies: Path) -> None:
        self.root = root
        self.objects: dict[str, bytes] = {}
        self._copies = copies

    def new_version(self, artifact_name: str, version_id: str) -> ObjectVersionWriter:
        return ObjectVersionWriter(self.objects, self.uri_of(artifact_name, version_id))

    def finish(self, uri: str, manifest: Manifest) -> None:
        self.objects[f"{uri}/{MANIFEST_FILE}"] = manifest.model_dump_json().encode()

    def discard(self, uri: str) -> None:
        for key in [key for key in self.objects if key.startswith(f"{uri}/")]:
            del self.objects[key]

    def read_manifest(self, uri: str) -> Manifest:
        data = self.objects.get(f"{uri}/{MANIFEST_FILE}")
        if data is None:
            raise ArtifactDamagedError(f"{uri} has no manifest.", hint="Run the step again.", missing=True)
        try:
            return Manifest.model_validate_json(data)
        except ValueError as error:
            raise ArtifactDamagedError(f"{uri} has a damaged manifest.", hint="Run the step again.") from error

    def local_file(self, uri: str, file: ArtifactFile) -> Path:
        data = self.objects.get(f"{uri}/{file.path}")
        if data is None:
            raise ArtifactDamagedError(f"{uri}/{file.path} is gone.", hint="Run the step again.", missing=True)
        if PREFIX + hashlib.sha256(data).hexdigest() != file.digest:
            raise ArtifactDamagedError(f"{uri}/{file.path} is damaged.", hint="Run the step again.")
        copy = self._copies / hashlib.sha256(f"{uri}/{file.path}".encode()).hexdigest()
        copy.write_bytes(data)
        return copy


class Bench:
    """A store with the means to look below it and to damage it."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self._folder = folder / "store"
        copies = folder / "copies"
        copies.mkdir()
        self.objects = ObjectArtifactStore("mem://bucket", copies)
        self.store: ArtifactStore = self.objects
        if kind == "local":
            self.store = LocalArtifactStore(str(self._folder))
        elif kind == "blobs":
            self.store = BlobStore(BlobsConfiguration(folder=str(self._folder)))

    def _file(self, uri: str, path: str) -> Path:
        return Path(uri, path) if self.kind == "local" else blob(self._folder, version_of(uri), path)

    def read(self, uri: str, path: str) -> bytes:
        if self.kind == "objects":
            return self.objects.objects[f"{uri}/{path}"]
        data = self._file(uri, path).read_bytes()
        return data.removeprefix(UNSIGNED) if self.kind == "blobs" else data

    def overwrite(self, uri: str, path: str, data: bytes) -> None:
        if self.kind == "objects":
            self.objects.objects[f"{uri}/{path}"] = data
        else:
            signed = self.kind == "blobs" and path == MANIFEST_FILE
            self._file(uri, path).write_bytes(UNSIGNED + data if signed else data)

    def remove(self, uri: str, path: str) -> None:
        if self.kind == "objects":
            del self.objects.objects[f"{uri}/{path}"]
        else:
            self._file(uri, path).unlink()

    def paths(self, uri: str) -> list[str]:
        """Return what lies in a version."""
        if self.kind == "local":
            folder = Path(uri)
            return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        if self.kind == "blobs":
            prefix = f"{version_of(uri)}."
            return sorted(unquote(p.name.removeprefix(prefix)) for p in self._folder.glob(f"{prefix}*"))
        return sorted(key.removeprefix(f"{uri}/") for key in self.objects.objects if key.startswith(f"{uri}/"))
