"""An artifact store of signed objects, for what can put, get, measure, list and delete them by key."""

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

from stackyard.model.errors import ArtifactDamagedError
from stackyard.storage.atomic import write_atomic
from stackyard.storage.object_store import ObjectArtifactStore
from stackyard_blobs.flavors import BlobsConfiguration

SIGNATURE_BYTES = 32


class BlobStore(ObjectArtifactStore):
    """Keeps each object as a file, its signature in front."""

    def __init__(self, configuration: BlobsConfiguration) -> None:
        super().__init__(f"blobs://{configuration.folder}")
        self._folder = Path(configuration.folder)
        self._key = (configuration.key or "").encode()

    def put(self, key: str, path: Path) -> None:
        blob, data = self._folder / key, path.read_bytes()
        blob.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(blob, self._signature(data) + data)

    def get(self, key: str) -> Iterator[bytes]:
        found = (self._folder / key).read_bytes()
        signature, data = found[:SIGNATURE_BYTES], found[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(data)):
            raise ArtifactDamagedError(f"The blob {key} has a wrong signature.", hint="Run the step again.")
        yield data

    def size(self, key: str) -> int | None:
        blob = self._folder / key
        return blob.stat().st_size - SIGNATURE_BYTES if blob.is_file() else None

    def keys(self, prefix: str) -> Iterator[str]:
        for blob in self._folder.rglob("*"):
            key = blob.relative_to(self._folder).as_posix()
            if key.startswith(prefix) and blob.is_file():
                yield key

    def delete(self, key: str) -> None:
        (self._folder / key).unlink(missing_ok=True)

    def _signature(self, data: bytes) -> bytes:
        return hmac.new(self._key, data, hashlib.sha256).digest()
