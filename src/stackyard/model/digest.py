"""Canonical JSON and tagged digests.

A digest of a structure carries a tag, so that digests of different kinds of things never collide.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

PREFIX = "sha256:"
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def canonical_json(value: Any) -> str:
    """Return the one JSON text of a JSON value: sorted keys, no blanks, ASCII, NaN spelled as JavaScript does."""
    return _CANONICAL.encode(value)


def digest_bytes(data: bytes) -> str:
    """Return ``sha256:<hex>`` of bytes."""
    return PREFIX + hashlib.sha256(data).hexdigest()


def digest_value(tag: str, value: Any) -> str:
    """Return the digest of a tagged JSON value."""
    return digest_bytes(f"{tag}\n{canonical_json(value)}".encode())
