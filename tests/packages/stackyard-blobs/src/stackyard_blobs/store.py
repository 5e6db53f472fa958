"""An artifact store without folders and without renaming, as object stores are."""

import contextlib
import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from pydantic import ValidationError

from stackyard.model.artifact import MANIFEST_FILE, ArtifactFile, Manifest
from stackyard.model.errors import ArtifactDamagedError, ArtifactStoreError
from stackyard.storage.artifact_store import ArtifactStore, HashingFile, VersionWriter
from stackyard_blobs.flavors import BlobsConfiguration


class BlobWriter(VersionWriter):
    """Writes the blobs of one artifact version."""

    def __init__(self, folder: Path, version_id: str) -> None:
        super().__init__()
        self._folder = folder
        self._version_id = version_id

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[HashingFile]:
        with blob(self._folder, self._version_id, path).open("xb") as raw:
            file = HashingFile(raw)
            yield file
        self.files.append(ArtifactFile(path=path, size_bytes=file.size_bytes, digest=file.digest()))

    @contextlib.contextmanager
    def add(self, path: str) -> Iterator[Path]:
        target = blob(self._folder, self._version_id, path)
        yield target
        self.files.append(ArtifactFile(path=path, size_bytes=target.stat().st_size, digest=digest_of(target)))


class BlobStore(ArtifactStore):
    """Keeps each file of a version as ``<folder>/<version id>.<quoted path>``."""

    def __init__(self, configuration: BlobsConfiguration) -> None:
        self._folder = Path(configuration.folder)
        self._key = (configuration.key or "").encode()
        self.root = f"blobs://{configuration.folder}"

    def uri_of(self, artifact_name: str, version_id: str) -> str:
        return f"{self.root}/{version_id}"

    def new_version(self, artifact_name: str, version_id: str) -> BlobWriter:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArtifactStoreError(f"The folder {self._folder} can't be made: {error.strerror}.") from error
        return BlobWriter(self._folder, version_id)

    def finish(self, uri: str, manifest: Manifest) -> None:
        data = manifest.model_dump_json().encode()
        self._manifest(uri).write_bytes(self._signature(data) + b"\n" + data)

    def discard(self, uri: str) -> None:
        for path in self._folder.glob(f"{version_of(uri)}.*"):
            path.unlink(missing_ok=True)

    def read_manifest(self, uri: str) -> Manifest:
        try:
            signature, _, data = self._manifest(uri).read_bytes().partition(b"\n")
        except OSError as error:
            raise ArtifactDamagedError(
                f"There is no manifest of {uri}.", hint="Run the step again.", missing=True
            ) from error
        if not hmac.compare_digest(signature, self._signature(data)):
            raise ArtifactDamagedError(f"The manifest of {uri} has a wrong signature.", hint="Run the step again.")
        try:
            return Manifest.model_validate_json(data)
        except ValidationError as error:
            raise ArtifactDamagedError(f"The manifest of {uri} can't be read.", hint="Run the step again.") from error

    def local_file(self, uri: str, file: ArtifactFile) -> Path:
        path = blob(self._folder, version_of(uri), file.path)
        if not path.is_file():
            raise ArtifactDamagedError(f"The blob {path} is missing.", hint="Run the step again.", missing=True)
        if digest_of(path) != file.digest:
            raise ArtifactDamagedError(f"The blob {path} is damaged.", hint="Run the step again.")
        return path

    def _manifest(self, uri: str) -> Path:
        return blob(self._folder, version_of(uri), MANIFEST_FILE)

    def _signature(self, data: bytes) -> bytes:
        return hmac.new(self._key, data, hashlib.sha256).hexdigest().encode() if self._key else b"unsigned"


def blob(folder: Path, version_id: str, path: str) -> Path:
    """Return where a file of a version lies."""
    return folder / f"{version_id}.{quote(path, safe='')}"


def version_of(uri: str) -> str:
    """Return the version id that a URI ends with."""
    return uri.rpartition("/")[2]


def digest_of(path: Path) -> str:
    """Return ``sha256:<hex>`` of a file's bytes."""
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
