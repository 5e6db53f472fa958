"""Writing the files of a new artifact version, with their digests."""

from __future__ import annotations

import contextlib
import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from stackyard.model.artifact import ArtifactFile
from stackyard.model.digest import PREFIX, digest_value
from stackyard.storage.atomic import write_file
from stackyard.storage.host import host_id
from stackyard.storage.rooms import Rooms

CHUNK = 1 << 20
Progress = Callable[[int], None]
"""Takes how many bytes were read since the last call; what it raises ends the reading."""


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


class LocalVersionWriter(VersionWriter):
    """Writes into a local folder."""

    def __init__(self, folder: str, rooms: Rooms | None = None) -> None:
        """Remember the folder, which exists, and where files are that can become its own."""
        super().__init__()
        self._folder = folder
        self._rooms = rooms

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[HashingFile]:
        """Open a new file and record size, digest and identity when it is closed."""
        target = f"{self._folder}/{path}"  # every step comes here: a Path costs as much as a small file
        if "/" in path:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb", buffering=CHUNK) as raw:  # noqa: PTH123  # as above
            file = HashingFile(raw)
            yield file
            raw.flush()
            stat = os.fstat(raw.fileno())
        self.files.append(_file_facts(path, file.size_bytes, file.digest(), stat))

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file; most of them are small, and every step has one."""
        if "/" in path:
            super().write(path, data)
            return
        target = f"{self._folder}/{path}"
        stat = self._rooms.write(target, data) if self._rooms and not self.files else None
        if stat is None:
            stat = write_file(target, data)
        self.files.append(_file_facts(path, len(data), PREFIX + hashlib.sha256(data).hexdigest(), stat))

    @contextlib.contextmanager
    def add(self, path: str) -> Iterator[Path]:
        """Let a library write a file; read it once for the digest."""
        target = Path(self._folder, path)
        if "/" in path:
            target.parent.mkdir(parents=True, exist_ok=True)
        yield target
        digest = digest_of(target)
        stat = target.stat()
        self.files.append(_file_facts(path, stat.st_size, digest, stat))

    def adopt(self) -> None:
        """Take files that somebody else put into the folder; links are taken for what they lead to."""
        known = {file.path for file in self.files}
        folder = Path(self._folder)
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and name not in known:
                with self.add(name):
                    pass  # it is there


def identity_of(stat: os.stat_result) -> tuple[str, int, int]:
    """Return what tells this very file, as its writer left it, from any other: host, inode and mtime_ns."""
    return (host_id(), stat.st_ino, stat.st_mtime_ns)


def _file_facts(path: str, size_bytes: int, digest: str, stat: os.stat_result) -> ArtifactFile:
    return ArtifactFile(path=path, size_bytes=size_bytes, digest=digest, written=identity_of(stat))


def digest_of(path: Path, progress: Progress | None = None) -> str:
    """Return ``sha256:<hex>`` of a file's bytes.

    Raises:
        OSError: it can't be read.
    """
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            if progress is not None:
                progress(len(chunk))
    return PREFIX + digest.hexdigest()
