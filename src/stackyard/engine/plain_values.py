"""Digests of the values that names of modules have in this process, as far as data says all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import Enum
from typing import Any

from stackyard.model.digest import PREFIX

_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes})
_CONTAINERS = frozenset({list, tuple, dict, set, frozenset})
_DICTS = frozenset({"collections.OrderedDict", "collections.defaultdict", "collections.Counter"})
_MODULES = frozenset({"datetime", "decimal", "fractions", "pathlib", "pathlib._local", "uuid"})
"""Modules of the standard library whose types are plain: their text says all of a value."""
_NAMESPACES = frozenset({"types.SimpleNamespace", "argparse.Namespace"})
_MARKS = ("__dataclass_fields__", "__pydantic_fields__", "model_fields", "__attrs_attrs__")
"""What tells a class whose objects are their fields; ``model_fields``: of pydantic before 2.10."""
_ANSWERS = "stackyard.api."
"""Where the types of runs, steps and versions are: what a program does with them is no part of a step."""
_MOST_VALUES = 20_000
_MOST_BYTES = 10_000_000


def may_be_plain(value: object) -> bool:
    """Tell whether a value is data itself; what it holds may not be."""
    kind = type(value)
    return not kind.__module__.startswith(_ANSWERS) and (
        kind in _ATOMS or kind in _CONTAINERS or kind.__module__ in _MODULES or _is_array(value)
        or _path(kind) in _NAMESPACES | _DICTS or isinstance(value, Enum) or hasattr(kind, "_fields")
        or any(hasattr(kind, mark) for mark in _MARKS)
    )  # fmt: skip


def plain_digest(value: Any, roots: list[str]) -> str:
    """Return the digest of a value that is data; empty: it is very large, or what Stackyard answered.

    Of what it holds and that is no data, as functions and connections are, only the type counts.

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
        if count > _MOST_VALUES or _size(one) > _MOST_BYTES or kind.__module__.startswith(_ANSWERS):
            return ""
        if kind in _ATOMS or kind.__module__ in _MODULES:
            text = f"{kind.__name__}{one!r}"
            for i, root in enumerate(roots):
                text = text.replace(root, f"<root{i}>")
        elif kind in (set, frozenset):
            parts = [plain_digest(part, roots) for part in one]
            if not all(parts):
                return ""
            text = f"{kind.__name__}{sorted(parts)}"
        elif isinstance(one, Enum):
            text = f"{kind.__qualname__}.{one.name}"
        elif _is_array(one):
            text = f"{one.dtype.str}{one.shape}{hashlib.sha256(one.tobytes()).hexdigest()}"
        else:
            held = _held(one)
            text = kind.__name__ if held is None else f"{kind.__name__}{len(held)}"
            pending.extend(reversed(held or []))
        found.update(f"{len(text)}:{text}".encode("utf-8", errors="surrogatepass"))
    return PREFIX + found.hexdigest()


def _held(value: Any) -> list[Any] | None:
    """Return what a value consists of; None: it is no data."""
    kind = type(value)
    if kind is list or kind is tuple or (isinstance(value, tuple) and hasattr(kind, "_fields")):
        return list(value)
    if kind is dict or _path(kind) in _DICTS:
        return [part for item in value.items() for part in item]
    if _path(kind) in _NAMESPACES:
        return [part for item in vars(value).items() for part in item]
    fields: Iterable[str] = ()
    if hasattr(kind, "__attrs_attrs__"):
        fields = [field.name for field in kind.__attrs_attrs__]
    elif any(hasattr(kind, mark) for mark in _MARKS):
        of_pydantic: Any = getattr(kind, "__pydantic_fields__", None) or getattr(kind, "model_fields", ())
        fields = [*getattr(kind, "__dataclass_fields__", ()), *of_pydantic]
        fields = [*fields, "__pydantic_extra__", "__pydantic_private__"]
    else:
        return None
    return [part for name in fields for part in (name, _field(value, name))]


def _field(value: Any, name: str) -> Any:
    try:
        return getattr(value, name, None)
    except Exception:  # noqa: BLE001  # a property of the user's, which can raise anything
        return None


def _is_array(value: Any) -> bool:
    """Tell whether a value is an array or number of numpy whose bytes say all of it."""
    kind = type(value)
    return kind.__module__ == "numpy" and hasattr(kind, "tobytes") and not value.dtype.hasobject


def _size(value: Any) -> int:
    if isinstance(value, (str, bytes)):
        return len(value)
    return int(value.nbytes) if _is_array(value) else 0


def _path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
