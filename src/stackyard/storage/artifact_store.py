"""Artifact stores: folders of files with a manifest that is written last.

An artifact version lies in ``<root>/artifacts/<folder of name>/<artifact version id>/``. It exists once its
``manifest.json`` is in place; nothing is renamed but that one small file, so that object stores work the same way.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from stackyard.model.artifact import MANIFEST_FILE, MANIFEST_FORMAT, ArtifactFile, Manifest
from stackyard.model.base import check_format
from stackyard.model.digest import PREFIX, digest_value
from stackyard.model.errors import ArtifactDamagedError, ArtifactStoreError
from stackyard.model.names import folder_name
from stackyard.storage.atomic import write_atomic
from stackyard.storage.host import host_id, reason_of

_CHUNK = 1 << 20


class HashingFile:
    """A binary file to write to that knows the digest of what went through it. Not seekable."""

    def __init__(self, raw: IO[bytes]) -> None:
        """Wrap an open file."""
        self._raw = raw
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write and count."""
        view = memoryview(data).cast("B")
        self._hash.update(view)
        self.size_bytes += view.nbytes
        self._raw.write(view)
        return view.nbytes

    def flush(self) -> None:
        """Flush the file."""
        self._raw.flush()

    def close(self) -> None:
        """Leave closing to the version writer, since libraries close what they are given."""

    @property
    def closed(self) -> bool:
        """Tell whether the file below is closed."""
        return self._raw.closed

    def readable(self) -> bool:
        """Tell that nothing can be read."""
        return False

    def writable(self) -> bool:
        """Tell that bytes can be written."""
        return True

    def seekable(self) -> bool:
        """Tell that there is no going back."""
        return False

    def digest(self) -> str:
        """Return ``sha256:<hex>`` of what was written."""
        return PREFIX + self._hash.hexdigest()


class VersionWriter(ABC):
    """Takes the files of one new artifact version."""

    def __init__(self) -> None:
        """Start without files."""
        self.files: list[ArtifactFile] = []

    @abstractmethod
    def open(self, path: str) -> contextlib.AbstractContextManager[HashingFile]:
        """Open a new file of the version for writing; ``path`` is relative."""

    @abstractmethod
    def add(self, path: str) -> contextlib.AbstractContextManager[Path]:
        """Give a local path to libraries that only write to paths; its digest is computed after."""

    def adopt(self) -> None:  # noqa: B027  # only where others can put files in
        """Take files that somebody else put into the version's folder as files of the version."""

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file."""
        with self.open(path) as file:
            file.write(data)

    def digest(self) -> str:
        """Return the digest of the version: over the files' paths and digests."""
        if len(self.files) == 1:
            return self.files[0].digest
        return digest_value("artifact/1", sorted((f.path, f.digest) for f in self.files))


class ArtifactStore(ABC):
    """Keeps artifact versions. ``root`` is an absolute path or URI."""

    root: str

    @abstractmethod
    def new_version(self, artifact_name: str, version_id: str) -> VersionWriter:
        """Make room for a version."""

    @abstractmethod
    def finish(self, uri: str, manifest: Manifest) -> None:
        """Write the manifest: from now on the version exists."""

    @abstractmethod
    def discard(self, uri: str) -> None:
        """Remove whatever was written of a version."""

    @abstractmethod
    def read_manifest(self, uri: str) -> Manifest:
        """Return a version's manifest.

        Raises:
            ArtifactDamagedError: it is not there or no manifest.
        """

    @abstractmethod
    def local_file(self, uri: str, file: ArtifactFile) -> Path:
        """Return a local path of a file whose bytes were checked against the digest.

        Raises:
            ArtifactDamagedError: the file is missing or differs.
        """

    def uri_of(self, artifact_name: str, version_id: str) -> str:
        """Return where a version lies."""
        return f"{self.root}/artifacts/{folder_name(artifact_name)}/{version_id}"

    def verify(self, uri: str) -> Manifest:
        """Return the manifest if all files are there and intact; reads only what this host did not write itself.

        Raises:
            ArtifactDamagedError: something is missing or differs.
        """
        manifest = self.read_manifest(uri)
        for file in manifest.files:
            self.local_file(uri, file)
        return manifest


class LocalVersionWriter(VersionWriter):
    """Writes into a local folder."""

    def __init__(self, folder: Path) -> None:
        """Remember the folder, which exists."""
        super().__init__()
        self._folder = folder

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[HashingFile]:
        """Open a new file and record size, digest and identity when it is closed."""
        target = self._folder / path
        if "/" in path:
            target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb", buffering=_CHUNK) as raw:
            file = HashingFile(raw)
            yield file
            raw.flush()
            stat = os.fstat(raw.fileno())
        self.files.append(_file_facts(path, file.size_bytes, file.digest(), stat))

    @contextlib.contextmanager
    def add(self, path: str) -> Iterator[Path]:
        """Let a library write a file; read it once for the digest."""
        target = self._folder / path
        yield target
        digest = _digest_of(target)
        stat = target.stat()
        self.files.append(_file_facts(path, stat.st_size, digest, stat))

    def adopt(self) -> None:
        """Take files that somebody else put into the folder; links are taken for what they lead to."""
        known = {file.path for file in self.files}
        for path in sorted(self._folder.rglob("*")):
            name = path.relative_to(self._folder).as_posix()
            if path.is_file() and name not in known:
                with self.add(name):
                    pass  # it is there


class LocalArtifactStore(ArtifactStore):
    """An artifact store in a folder of this machine (or one that is mounted)."""

    def __init__(self, root: str) -> None:
        """Remember the folder; it is made with the first version."""
        self.root = root

    def new_version(self, artifact_name: str, version_id: str) -> LocalVersionWriter:
        """Make the version's folder.

        Raises:
            ArtifactStoreError: the store can't be written.
        """
        folder = Path(self.uri_of(artifact_name, version_id))
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise self._not_writable(error) from error
        return LocalVersionWriter(folder)

    def finish(self, uri: str, manifest: Manifest) -> None:
        """Write the manifest last, under its final name at once.

        Raises:
            ArtifactStoreError: the store can't be written.
        """
        data = manifest.model_dump_json(exclude_defaults=True).encode("utf-8", errors="surrogatepass")
        try:
            write_atomic(Path(uri) / MANIFEST_FILE, data, durable=False)
        except OSError as error:
            raise self._not_writable(error) from error

    def discard(self, uri: str) -> None:
        """Remove a version's folder."""
        shutil.rmtree(uri, ignore_errors=True)

    def read_manifest(self, uri: str) -> Manifest:
        """Return a version's manifest.

        Raises:
            ArtifactDamagedError: missing, unreadable, or written by a newer major version.
        """
        path = Path(uri) / MANIFEST_FILE
        try:
            manifest = Manifest.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise ArtifactDamagedError(
                f"The artifact version at {uri} has no manifest: it was removed or never finished.",
                hint="Run the step again.",
                missing=True,
            ) from error
        except (OSError, ValidationError, ValueError) as error:
            why = reason_of(error) if isinstance(error, OSError) else "it is not a manifest"
            raise ArtifactDamagedError(
                f"The manifest {path} can't be read: {why}.", hint="Run the step again."
            ) from error
        if not check_format(manifest.format, MANIFEST_FORMAT):
            raise ArtifactDamagedError(
                f"The manifest {path} has format {manifest.format}; this Stackyard reads up to {MANIFEST_FORMAT}.",
                hint="Upgrade Stackyard in this environment.",
            )
        if any(Path(file.path).is_absolute() or ".." in Path(file.path).parts for file in manifest.files):
            raise ArtifactDamagedError(
                f"The manifest {path} names files outside of its version.", hint="Run the step again."
            )
        return manifest

    def local_file(self, uri: str, file: ArtifactFile) -> Path:
        """Return the file; its bytes are read unless this host wrote just this file (inode, size, mtime_ns)."""
        path = Path(uri) / file.path
        try:
            stat = path.stat()
            if stat.st_size == file.size_bytes and _identity(stat) == file.written:
                return path
            found = _digest_of(path) if stat.st_size == file.size_bytes else f"{stat.st_size} bytes"
        except OSError as error:
            raise ArtifactDamagedError(
                f"The file {path} of an artifact version can't be read: {reason_of(error)}.",
                hint="Run the step again.",
                missing=True,
            ) from error
        if found != file.digest:
            raise ArtifactDamagedError(
                f"The file {path} is damaged: expected {file.size_bytes} bytes with {file.digest[:23]}…, found "
                f"{found if len(found) < 24 else found[:23] + '…'}.",
                hint="Run the step again; the cache will not use this version.",
            )
        return path

    def _not_writable(self, error: OSError) -> ArtifactStoreError:
        return ArtifactStoreError(
            f"The artifact store {self.root} can't be written: {reason_of(error)}.",
            hint="Make room, change the permissions, or choose a stack with another artifact store.",
        )


def _identity(stat: os.stat_result) -> tuple[str, int, int]:
    return (host_id(), stat.st_ino, stat.st_mtime_ns)


def _file_facts(path: str, size_bytes: int, digest: str, stat: os.stat_result) -> ArtifactFile:
    return ArtifactFile(path=path, size_bytes=size_bytes, digest=digest, written=_identity(stat))


def _digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return PREFIX + digest.hexdigest()
