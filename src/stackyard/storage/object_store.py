"""Artifact stores over objects with keys: what S3 and its like can do, and nothing more.

Whoever writes such a store says how one whole object is put, read, measured and deleted, and how keys are listed. The
rest is here: digests, manifests, records, trying again, and local copies for libraries that read from paths.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar, TypeVar

from stackyard.model.artifact import MANIFEST_FILE, ArtifactFile, Manifest
from stackyard.model.digest import PREFIX
from stackyard.model.errors import ArtifactDamagedError, ArtifactStoreError
from stackyard.storage.artifact_store import ArtifactStore, HashingFile, Unfinished, VersionWriter
from stackyard.storage.home import find_home
from stackyard.storage.ids import moment_of
from stackyard.storage.manifests import differs, manifest_bytes, no_file, no_manifest, parse_manifest
from stackyard.storage.version_writer import Progress, digest_of

PAUSES_S = (0.1, 0.5, 2.0)
"""How long to wait before trying again what failed for a moment."""
_ARTIFACTS = "artifacts/"
_RECORDS = "runs/"
_CHECKED_NS = 1_000_000_000_000_000_000
_GRAIN_NS = 1_000
T = TypeVar("T")


class ObjectArtifactStore(ArtifactStore):
    """Keeps each file of a version as one object. Keys are relative to the store: ``artifacts/model/<id>/data.npy``.

    An object must be there as a whole or not at all; listings may be late. Keys have forward slashes and no characters
    but letters, digits and ``-_.%~/`` in front of a version's own file names.
    """

    transient: ClassVar[tuple[type[Exception], ...]] = (OSError,)
    """What is tried again, apart from FileNotFoundError and PermissionError; after that the store can't be reached."""

    def __init__(self, root: str) -> None:
        """Remember the URI that all URIs of versions begin with."""
        self.root = root.rstrip("/")
        self.__unfinished: dict[str, set[str]] = {}

    # for subclasses to write --------------------------------------------------------------------------------------

    @abstractmethod
    def put(self, key: str, path: Path) -> None:
        """Store the content of a local file as an object, in the place of an earlier one."""

    @abstractmethod
    def get(self, key: str) -> Iterator[bytes]:
        """Yield the bytes of an object.

        Raises:
            FileNotFoundError: there is none.
        """

    @abstractmethod
    def size(self, key: str) -> int | None:
        """Return the bytes of an object, None when there is none."""

    @abstractmethod
    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin so, in any order."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Delete an object; none being there is fine."""

    # what stores promise ------------------------------------------------------------------------------------------

    def new_version(self, artifact_name: str, version_id: str) -> VersionWriter:
        """Return a writer that puts each file once it is complete."""
        return _ObjectWriter(self, self.__key(self.uri_of(artifact_name, version_id)))

    def finish(self, uri: str, manifest: Manifest) -> None:
        """Put the manifest."""
        self.__put_bytes(f"{self.__key(uri)}/{MANIFEST_FILE}", manifest_bytes(manifest))
        self.__unfinished.pop(self.__key(uri), None)

    def discard(self, uri: str) -> None:
        """Delete the manifest, then what it names and what the listing shows."""
        prefix = self.__key(uri)
        names = self.__unfinished.pop(prefix, set())
        with contextlib.suppress(ArtifactDamagedError):
            names.update(file.path for file in self.read_manifest(uri).files)
        self.__steadily(lambda: self.delete(f"{prefix}/{MANIFEST_FILE}"))
        for key in {*(f"{prefix}/{name}" for name in names), *self.__keys(f"{prefix}/")}:
            self.__steadily(lambda key=key: self.delete(key))  # type: ignore[misc]
        shutil.rmtree(_copies(uri), ignore_errors=True)

    def read_manifest(self, uri: str) -> Manifest:
        """Return a version's manifest."""
        try:
            data = self.__bytes(f"{self.__key(uri)}/{MANIFEST_FILE}")
        except FileNotFoundError as error:
            raise no_manifest(uri) from error
        return parse_manifest(data, f"{uri}/{MANIFEST_FILE}")

    def exists(self, uri: str) -> bool:
        """Tell whether there is a manifest."""
        return self.__size(f"{self.__key(uri)}/{MANIFEST_FILE}") is not None

    def glance(self, uri: str) -> Manifest:
        """Return the manifest if its files are there with their sizes; nothing of them is read."""
        manifest = self.read_manifest(uri)
        for file in manifest.files:
            where = f"{uri}/{file.path}"
            size = self.__size(self.__key(where))
            if size is None:
                raise no_file(where)
            if size != file.size_bytes:
                raise differs(where, file, f"{size} bytes")
        return manifest

    def local_file(self, uri: str, file: ArtifactFile) -> Path:
        """Return a copy of the file, which this machine keeps; its bytes were checked when it was fetched."""
        path = _copies(uri) / file.path
        checked = _checked_time(file)
        with contextlib.suppress(OSError):
            stat = path.stat()
            if stat.st_size == file.size_bytes and abs(stat.st_mtime_ns - checked) < _GRAIN_NS:
                os.utime(path, ns=(time.time_ns(), stat.st_mtime_ns))  # in use: it is not cleared away
                return path
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".fetch-")
        os.close(handle)
        try:
            self.__fetch(uri, file, Path(temporary))
            os.utime(temporary, ns=(time.time_ns(), checked))
            os.replace(temporary, path)  # noqa: PTH105  # a name that mkstemp gave
        except FileNotFoundError as error:
            raise no_file(f"{uri}/{file.path}") from error
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
        return path

    def verify(self, uri: str, *, every_byte: bool = False, progress: Progress | None = None) -> Manifest:
        """Return the manifest if all files are there, by their sizes: to compare bytes is to move them here.

        With ``every_byte`` they are compared, as the store has them; also where this machine found damage before.
        """
        manifest = self.glance(uri)
        if not every_byte and not _damage_mark(uri).exists():
            return manifest
        for file in manifest.files:
            where = f"{uri}/{file.path}"
            try:
                found = self.__steadily(lambda where=where: self.__digest(where, progress))  # type: ignore[misc]
            except FileNotFoundError as error:
                raise no_file(where) from error
            if found != file.digest:
                raise _remembered(uri, differs(where, file, found))
        _damage_mark(uri).unlink(missing_ok=True)
        return manifest

    def versions(self) -> Iterator[str]:
        """Yield the URIs of the versions whose manifests are listed."""
        for key in self.__keys(_ARTIFACTS):
            folder, _, name = key.rpartition("/")
            if name == MANIFEST_FILE and folder.count("/") == 2:
                yield f"{self.root}/{folder}"

    def unfinished(self) -> Iterator[Unfinished]:
        """Yield what is listed without a manifest; when it was written is told by its id."""
        folders = {"/".join(key.split("/")[:3]) for key in self.__keys(_ARTIFACTS) if key.count("/") >= 3}
        for folder in sorted(folders):
            uri = f"{self.root}/{folder}"
            version_id = folder.rpartition("/")[2]
            if not self.exists(uri):
                yield Unfinished(uri, version_id, moment_of(version_id))

    def write_record(self, name: str, data: bytes) -> None:
        """Keep a record as an object."""
        self.__put_bytes(f"{_RECORDS}{name}.json", data)

    def delete_record(self, name: str) -> None:
        """Delete a record."""
        self.__steadily(lambda: self.delete(f"{_RECORDS}{name}.json"))

    def records(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of the records."""
        for key in self.__keys(_RECORDS):
            if key.endswith(".json"):
                with contextlib.suppress(FileNotFoundError):  # the listing was late
                    yield key.removeprefix(_RECORDS).removesuffix(".json"), self.__bytes(key)

    # parts: with two underscores, so that no subclass takes their names -------------------------------------------

    def put_file(self, prefix: str, name: str, path: Path) -> None:
        """Put a file of a version that is being written; a listing that is late need not show it to a discard."""
        self.__unfinished.setdefault(prefix, set()).add(name)
        self.__steadily(lambda: self.put(f"{prefix}/{name}", path))

    def __key(self, uri: str) -> str:
        return uri.removeprefix(f"{self.root}/")

    def __put_bytes(self, key: str, data: bytes) -> None:
        with tempfile.TemporaryDirectory(prefix="stackyard-") as folder:
            path = Path(folder, "object")
            path.write_bytes(data)
            self.__steadily(lambda: self.put(key, path))

    def __bytes(self, key: str) -> bytes:
        return self.__steadily(lambda: b"".join(self.get(key)))

    def __size(self, key: str) -> int | None:
        return self.__steadily(lambda: self.size(key))

    def __keys(self, prefix: str) -> list[str]:
        return self.__steadily(lambda: list(self.keys(prefix)))

    def __digest(self, where: str, progress: Progress | None) -> str:
        digest = hashlib.sha256()
        for chunk in self.get(self.__key(where)):
            digest.update(chunk)
            if progress is not None:
                progress(len(chunk))
        return PREFIX + digest.hexdigest()

    def __fetch(self, uri: str, file: ArtifactFile, target: Path) -> None:
        where = f"{uri}/{file.path}"

        def copied() -> HashingFile:
            with target.open("wb") as raw:
                copy = HashingFile(raw)
                for chunk in self.get(self.__key(where)):
                    copy.write(chunk)
            return copy

        copy = self.__steadily(copied)
        if copy.digest() != file.digest:  # damaged, or cut on the way
            copy = self.__steadily(copied)
        if copy.digest() != file.digest:
            found = copy.digest() if copy.size_bytes == file.size_bytes else f"{copy.size_bytes} bytes"
            raise _remembered(uri, differs(where, file, found))

    def __steadily(self, action: Callable[[], T]) -> T:
        """Do what may fail for a moment.

        Raises:
            FileNotFoundError: there is no such object.
            ArtifactStoreError: it goes on failing.
        """
        for pause in (*PAUSES_S, None):
            try:
                return action()
            except FileNotFoundError:
                raise
            except self.transient as error:
                if pause is None or isinstance(error, PermissionError):
                    raise ArtifactStoreError(
                        f"The artifact store {self.root} can't be used: {type(error).__name__}: {error}.",
                        hint="Check that it can be reached from here, and what you may do in it; then try again.",
                    ) from error
            time.sleep(pause)
        raise AssertionError  # the last pause is None


class _ObjectWriter(VersionWriter):
    """Writes the files of one version: first here, then as whole objects."""

    def __init__(self, store: ObjectArtifactStore, prefix: str) -> None:
        super().__init__()
        self._store = store
        self._prefix = prefix

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[HashingFile]:
        """Open a new file, which is put when it is closed."""
        self._check_new(path)
        with tempfile.TemporaryDirectory(prefix="stackyard-") as folder:
            local = Path(folder, "object")
            with local.open("wb") as raw:
                file = HashingFile(raw)
                yield file
            self._put(path, local, file.size_bytes, file.digest())

    @contextlib.contextmanager
    def add(self, path: str) -> Iterator[Path]:
        """Give a local path, whose file is put afterwards."""
        self._check_new(path)
        with tempfile.TemporaryDirectory(prefix="stackyard-") as folder:
            local = Path(folder, path.rpartition("/")[2])
            yield local
            self._put(path, local, local.stat().st_size, digest_of(local))

    def _check_new(self, path: str) -> None:
        if any(file.path == path for file in self.files):
            raise FileExistsError(f"{path} was written already")

    def _put(self, path: str, local: Path, size_bytes: int, digest: str) -> None:
        self._store.put_file(self._prefix, path, local)
        self.files.append(ArtifactFile(path=path, size_bytes=size_bytes, digest=digest))


def _copies(uri: str) -> Path:
    """Return the folder of the local copies of a version's files."""
    return find_home().downloads / uri.rpartition("/")[2]


def _damage_mark(uri: str) -> Path:
    """Return the file whose presence says that this machine found damage in a version."""
    return _copies(uri) / ".damaged"


def _remembered(uri: str, error: ArtifactDamagedError) -> ArtifactDamagedError:
    """Remember damage that only the bytes show, so that the cache does not use the version."""
    mark = _damage_mark(uri)
    with contextlib.suppress(OSError):
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    return error


def _checked_time(file: ArtifactFile) -> int:
    """Return the mtime_ns that a checked copy gets: whatever writes into it afterwards sets another one."""
    return _CHECKED_NS + int(file.digest.removeprefix(PREFIX)[:12], 16) // _GRAIN_NS * _GRAIN_NS
