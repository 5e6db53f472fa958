"""Digests of the plain values that names of modules have in this process."""

from __future__ import annotations

import hashlib
from typing import Any

from stackyard.model.digest import PREFIX

_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes})
_CONTAINERS = frozenset({list, tuple, dict, set, frozenset})
_MODULES = frozenset({"datetime", "decimal", "fractions", "pathlib", "pathlib._local", "uuid"})
"""Modules of the standard library whose types are plain: their text says all of a value."""
_MOST_VALUES = 20_000
_MOST_BYTES = 10_000_000


def may_be_plain(value: object) -> bool:
    """Tell whether a value is of a plain type itself; what it holds may not be."""
    kind = type(value)
    return kind in _ATOMS or kind in _CONTAINERS or kind.__module__ in _MODULES


def plain_digest(value: Any, roots: list[str]) -> str:
    """Return the digest of a value of Python's plain types; empty: it is none, or very large.

    Args:
        value: any value.
        roots: folders that count by their place among these, so that the project may move.
    """
    found = hashlib.sha256()
    pending: list[Any] = [value]
    count = 0
    while pending:
        one = pending.pop()
        count += 1
        kind = type(one)
        if count > _MOST_VALUES or (isinstance(one, (str, bytes)) and len(one) > _MOST_BYTES):
            return ""
        if kind in (list, tuple):
            text = f"{kind.__name__}{len(one)}"
            pending.extend(reversed(one))
        elif kind is dict:
            text = f"dict{len(one)}"
            pending.extend(part for item in reversed(one.items()) for part in reversed(item))
        elif kind in (set, frozenset):
            parts = [plain_digest(part, roots) for part in one]
            if not all(parts):
                return ""
            text = f"{kind.__name__}{sorted(parts)}"
        elif kind in _ATOMS or kind.__module__ in _MODULES:
            text = f"{kind.__name__}{one!r}"
            for i, root in enumerate(roots):
                text = text.replace(root, f"<root{i}>")
        else:
            return ""
        found.update(f"{len(text)}:{text}".encode("utf-8", errors="surrogatepass"))
    return PREFIX + found.hexdigest()
