"""A bucket like those of object stores: whole objects under keys, no rename, late listings, failures that pass."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from tests.integration.web_server import Asked, Reply, serving


@dataclass
class Bucket:
    """What lies in it, and how it misbehaves."""

    objects: dict[str, bytes] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """Written since the last listing: each is listed the next time only."""
    flaky: bool = True
    """The first GET of each key, and every seventh PUT, fails with 503."""
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and key of every request."""
    _failed: set[str] = field(default_factory=set)
    _puts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Asked) -> Reply:
        """Do what is asked."""
        path, _, query = request.path.partition("?")
        key = unquote(path.removeprefix("/"))
        with self._lock:
            self.asked.append((query or request.method, key))
            if self._fails(request.method, key, query):
                return Reply(503)
            if request.method == "PUT":
                self.hidden |= {key} - set(self.objects)
                self.objects[key] = request.body
                return Reply()
            if request.method == "DELETE":
                self.objects.pop(key, None)
                return Reply()
            if query == "list":
                listed = sorted(k for k in self.objects if k.startswith(key) and k not in self.hidden)
                self.hidden.clear()
                return Reply(body="\n".join(listed).encode())
            if key not in self.objects:
                return Reply(404)
            data = self.objects[key]
            return Reply(body=str(len(data)).encode() if query == "size" else data)

    def _fails(self, method: str, key: str, query: str) -> bool:
        if not self.flaky or query:
            return False
        if method == "PUT":
            self._puts += 1
            return self._puts % 7 == 0
        if method != "GET" or key in self._failed:
            return False
        self._failed.add(key)
        return True


@contextlib.contextmanager
def open_bucket() -> Iterator[Bucket]:
    """Serve an empty bucket."""
    bucket = Bucket()
    with serving(bucket.answer) as server:
        bucket.url = server.url
        yield bucket
