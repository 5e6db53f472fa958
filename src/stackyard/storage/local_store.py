"""The artifact store in a folder of this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from stat import S_ISDIR

from stackyard.model.artifact import MANIFEST_FILE, ArtifactFile, Manifest
from stackyard.model.errors import ArtifactDamagedError, ArtifactStoreError
from stackyard.storage.artifact_store import ArtifactStore, Unfinished
from stackyard.storage.atomic import write_atomic
from stackyard.storage.host import reason_of
from stackyard.storage.manifests import (
    AGAIN,
    differs,
    manifest_bytes,
    no_file,
    no_manifest,
    not_readable,
    parse_manifest,
)
from stackyard.storage.rooms import Rooms, make_folder
from stackyard.storage.version_writer import LocalVersionWriter, Progress, digest_of, identity_of

_ARTIFACTS = "artifacts"
_RECORDS = "runs"
_ATTEMPTS = 5


class LocalArtifactStore(ArtifactStore):
    """An artifact store in a folder of this machine (or one that is mounted)."""

    def __init__(self, root: str) -> None:
        """Remember the folder; it is made with the first version."""
        self.root = root
        self._rooms = Rooms(f"{root}/{_ARTIFACTS}")

    def new_version(self, artifact_name: str, version_id: str) -> LocalVersionWriter:
        """Make the version's folder.

        Raises:
            ArtifactStoreError: the store can't be written.
        """
        folder = self.uri_of(artifact_name, version_id)
        if self._rooms.take(folder):
            return LocalVersionWriter(folder, self._rooms)
        for attempt in range(_ATTEMPTS):
            try:
                make_folder(folder)
                break
            except FileNotFoundError as error:  # the artifact's last version, and so its folder, just went
                if attempt == _ATTEMPTS - 1:
                    raise self._not_writable(error) from error
            except OSError as error:
                raise self._not_writable(error) from error
        return LocalVersionWriter(folder)

    def finish(self, uri: str, manifest: Manifest) -> None:
        """Write the manifest last, under its final name at once.

        Raises:
            ArtifactStoreError: the store can't be written.
        """
        path, data = f"{uri}/{MANIFEST_FILE}", manifest_bytes(manifest)
        if self._rooms.write(path, data) is not None:
            return
        try:
            write_atomic(path, data, durable=False)
        except OSError as error:
            raise self._not_writable(error) from error

    def make_room(self, run_id: str) -> None:
        """Make folder and file of the next version."""
        self._rooms.make(run_id)

    def clear_rooms(self, run_id: str) -> None:
        """Remove what was not used."""
        self._rooms.clear(run_id)

    def discard(self, uri: str) -> None:
        """Remove a version's folder, its manifest first, and the artifact's when it was the last in it.

        Raises:
            ArtifactStoreError: something of it is there still.
        """
        folder = Path(uri)
        try:
            (folder / MANIFEST_FILE).unlink()
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            raise self._not_writable(error) from error
        shutil.rmtree(folder, ignore_errors=True)
        if os.path.lexists(folder):
            raise ArtifactStoreError(
                f"The artifact version at {uri} can't be removed.",
                hint="Change the permissions of the folder and what is in it, or remove it by hand.",
            )
        with contextlib.suppress(OSError):  # others are in it
            folder.parent.rmdir()

    def read_manifest(self, uri: str) -> Manifest:
        """Return a version's manifest.

        Raises:
            ArtifactDamagedError: missing, unreadable, or written by a newer major version.
        """
        path = f"{uri}/{MANIFEST_FILE}"
        try:
            with FileIO(path) as file:
                data = file.readall()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise no_manifest(uri) from error
        except OSError as error:
            raise not_readable(f"manifest {path}", error) from error
        return parse_manifest(data, path)

    def exists(self, uri: str) -> bool:
        """Tell whether there is a manifest."""
        return os.path.exists(f"{uri}/{MANIFEST_FILE}")  # noqa: PTH110  # many at once

    def glance(self, uri: str) -> Manifest:
        """Return the manifest if the files that it names are there with their sizes.

        Raises:
            ArtifactDamagedError: something is missing or has another size.
        """
        manifest = self.read_manifest(uri)
        for file in manifest.files:
            _check_size(Path(uri, file.path), file)
        return manifest

    def local_file(self, uri: str, file: ArtifactFile) -> Path:
        """Return the file; its bytes are read unless this host wrote just this file (inode, size, mtime_ns)."""
        path = Path(f"{uri}/{file.path}")
        stat = _check_size(path, file)
        if identity_of(stat) == file.written:
            return path
        try:
            found = digest_of(path)
        except OSError as error:
            raise not_readable(f"file {path} of an artifact version", error) from error
        if found != file.digest:
            raise differs(str(path), file, found)
        return path

    def verify(self, uri: str, *, every_byte: bool = False, progress: Progress | None = None) -> Manifest:
        """Return the manifest if all files are there and intact; as the interface says, each is read once."""
        if not every_byte:
            return super().verify(uri)
        manifest = self.read_manifest(uri)
        for file in manifest.files:
            path = Path(uri, file.path)
            _check_size(path, file)
            try:
                found = digest_of(path, progress)
            except OSError as error:
                raise not_readable(f"file {path} of an artifact version", error) from error
            if found != file.digest:
                raise differs(str(path), file, found)
        return manifest

    def versions(self) -> Iterator[str]:
        """Yield the URIs of all versions that have a manifest."""
        return (uri for uri in self._folders() if self.exists(uri))

    def unfinished(self) -> Iterator[Unfinished]:
        """Yield the folders of versions without a manifest."""
        for uri in self._folders():
            if not self.exists(uri):
                try:
                    written = max(p.lstat().st_mtime for p in (Path(uri), *Path(uri).rglob("*")))
                except OSError:  # it became a version, or went, this moment
                    continue
                if not self.exists(uri):
                    yield Unfinished(uri, uri.rpartition("/")[2], written)

    def write_record(self, name: str, data: bytes) -> None:
        """Keep a record as ``<root>/runs/<name>.json``.

        Raises:
            ArtifactStoreError: the store can't be written.
        """
        path = self._record(name)
        try:
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, data, durable=False)
        except OSError as error:
            raise self._not_writable(error) from error

    def delete_record(self, name: str) -> None:
        """Remove a record.

        Raises:
            ArtifactStoreError: the store can't be written.
        """
        try:
            self._record(name).unlink(missing_ok=True)
        except OSError as error:
            raise self._not_writable(error) from error

    def records(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of the records; one that can't be read is left out."""
        for path in Path(self.root, _RECORDS).glob("*.json"):
            with contextlib.suppress(OSError):
                yield path.stem, path.read_bytes()

    def _record(self, name: str) -> Path:
        return Path(self.root, _RECORDS, f"{name}.json")

    def _folders(self) -> Iterator[str]:
        """Yield the folders that are versions, or may become some."""
        top = f"{self.root}/{_ARTIFACTS}"
        try:
            for artifact in _subfolders(top):
                yield from _subfolders(f"{top}/{artifact}", f"{top}/{artifact}/")
        except OSError as error:
            raise ArtifactStoreError(
                f"The artifact store {self.root} can't be read: {reason_of(error)}.",
                hint="Change the permissions of the folder.",
            ) from error

    def _not_writable(self, error: OSError) -> ArtifactStoreError:
        return ArtifactStoreError(
            f"The artifact store {self.root} can't be written: {reason_of(error)}.",
            hint="Make room, change the permissions, or choose a stack with another artifact store.",
        )


def _check_size(path: Path, file: ArtifactFile) -> os.stat_result:
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise no_file(str(path)) from error
    except OSError as error:
        raise not_readable(f"file {path} of an artifact version", error) from error
    if S_ISDIR(stat.st_mode):
        raise ArtifactDamagedError(f"The file {path} of an artifact version is a folder now.", hint=AGAIN)
    if stat.st_size != file.size_bytes:
        raise differs(str(path), file, f"{stat.st_size} bytes")
    return stat


def _subfolders(folder: str, prefix: str = "") -> Iterator[str]:
    try:
        with os.scandir(folder) as found:
            names = [entry.name for entry in found if entry.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        yield prefix + name
