"""Artifact stores: folders of files with a manifest that is written last.

An artifact version lies in ``<root>/artifacts/<folder of name>/<artifact version id>/``. It exists once its
``manifest.json`` is in place; nothing that is read before is renamed, so that object stores work the same way.
Beside them lie the records of runs, ``<root>/runs/<id>.json``, and of models: what the catalog knows of them and that
manifests, written before, can't tell; from both a lost catalog is made anew.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stackyard.model.artifact import ArtifactFile, Manifest
from stackyard.model.errors import ArtifactDamagedError, ArtifactStoreError
from stackyard.model.names import folder_name
from stackyard.storage.manifests import (
    differs,
)
from stackyard.storage.version_writer import HashingFile as HashingFile
from stackyard.storage.version_writer import Progress, digest_of
from stackyard.storage.version_writer import VersionWriter as VersionWriter

_ARTIFACTS = "artifacts"
_RECORDS = "runs"
_ATTEMPTS = 5


class Unfinished(NamedTuple):
    """What lies in a store without a manifest: being written, or left by a writer that died."""

    uri: str
    version_id: str
    written_at: float
    """When something of it was written last, in seconds since 1970."""


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
        """Remove whatever was written of a version, the manifest first; nothing being there is fine.

        Raises:
            ArtifactStoreError: something of it is there still.
        """

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

    def exists(self, uri: str) -> bool:
        """Tell whether a version is there: whether it has a manifest, be it damaged.

        Raises:
            ArtifactStoreError: the store can't be reached.
        """
        try:
            self.read_manifest(uri)
        except ArtifactDamagedError as error:
            return not error.details.get("missing")
        return True

    def glance(self, uri: str) -> Manifest:
        """Return the manifest if, as far as can be told without reading data, the version is whole.

        Raises:
            ArtifactDamagedError: something is missing or has another size.
        """
        return self.read_manifest(uri)

    def verify(self, uri: str, *, every_byte: bool = False, progress: Progress | None = None) -> Manifest:
        """Return the manifest if all files are there and intact.

        Args:
            uri: of the version.
            every_byte: read all that the store has; otherwise at most what this host did not write or check before.
            progress: is told of the bytes read, with ``every_byte``.

        Raises:
            ArtifactDamagedError: something is missing or differs.
        """
        manifest = self.read_manifest(uri)
        for file in manifest.files:
            path = self.local_file(uri, file)
            if every_byte and (found := digest_of(path, progress)) != file.digest:
                raise differs(str(path), file, found)
        return manifest

    def versions(self) -> Iterator[str]:
        """Yield the URIs of all versions that have a manifest, in no order; what was just written may be missing.

        Raises:
            ArtifactStoreError: the store can't be listed.
        """
        raise ArtifactStoreError(
            f"The artifact store {self.root} can't list its versions.",
            hint="Its flavor does not implement ArtifactStore.versions; see docs/flavors.md.",
        )

    def unfinished(self) -> Iterator[Unfinished]:
        """Yield what lies here without a manifest, in no order.

        Raises:
            ArtifactStoreError: the store can't be listed.
        """
        return iter(())

    def make_room(self, run_id: str) -> None:  # noqa: B027  # only where it costs less ahead
        """Prepare for the next version while there is time; what goes wrong shows when it is written."""

    def clear_rooms(self, run_id: str) -> None:  # noqa: B027  # as above
        """Remove what the workers of a run, which are gone, prepared and did not use."""

    def write_record(self, name: str, data: bytes) -> None:  # noqa: B027  # not every store keeps records
        """Keep the record of a run or of a version without one, in the place of an earlier one of that name.

        Stores that keep none do nothing here: a catalog can then be made anew from manifests alone.

        Raises:
            ArtifactStoreError: the store can't be written.
        """

    def delete_record(self, name: str) -> None:  # noqa: B027  # as above
        """Remove a record; none being there is fine.

        Raises:
            ArtifactStoreError: the store can't be written.
        """

    def records(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of the records, in no order.

        Raises:
            ArtifactStoreError: the store can't be read.
        """
        return iter(())
