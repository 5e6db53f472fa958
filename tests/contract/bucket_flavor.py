"""An artifact store on another machine, as a user writes one: a bucket of objects behind HTTP."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from stackyard.flavors.base import ComponentConfiguration, Flavor
from stackyard.model.enums import ComponentType
from stackyard.storage.object_store import ObjectArtifactStore

CHUNK = 65536


class BucketConfiguration(ComponentConfiguration):
    """Where the bucket is."""

    url: str


class BucketStore(ObjectArtifactStore):
    """Keeps artifacts in a bucket."""

    def __init__(self, configuration: BucketConfiguration) -> None:
        """Remember the address."""
        super().__init__(configuration.url)
        self._url = configuration.url

    def put(self, key: str, path: Path) -> None:
        """Upload."""
        self._ask("PUT", key, path.read_bytes()).close()

    def get(self, key: str) -> Iterator[bytes]:
        """Download."""
        with self._ask("GET", key) as reply:
            while chunk := reply.read(CHUNK):
                yield chunk

    def size(self, key: str) -> int | None:
        """Ask for the size."""
        try:
            with self._ask("GET", key, query="?size") as reply:
                return int(reply.read())
        except FileNotFoundError:
            return None

    def keys(self, prefix: str) -> Iterator[str]:
        """List."""
        with self._ask("GET", prefix, query="?list") as reply:
            yield from reply.read().decode().splitlines()

    def delete(self, key: str) -> None:
        """Delete."""
        self._ask("DELETE", key).close()

    def _ask(self, method: str, key: str, data: bytes | None = None, *, query: str = "") -> http.client.HTTPResponse:
        request = urllib.request.Request(f"{self._url}/{quote(key)}{query}", data=data, method=method)
        try:
            reply: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=180)
        except urllib.error.HTTPError as error:
            with error:
                raise FileNotFoundError(key) if error.code == 404 else ConnectionError(str(error)) from error
        return reply


BUCKET = Flavor(
    name="bucket",
    component_type=ComponentType.ARTIFACT_STORE,
    configuration_model=BucketConfiguration,
    doc="Keeps artifacts in a bucket behind HTTP.",
    implementation="bucket_flavor:BucketStore",
)
