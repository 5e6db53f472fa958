"""Small safe previews of Python's own values, made while they are stored: no code of theirs is asked."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from itertools import islice
from pathlib import PurePath
from typing import Any

from stackyard.model.artifact import Preview
from stackyard.storage.materializers.base import PREVIEW_CELL, PREVIEW_TEXT, type_path
from stackyard.storage.materializers.classes import kind_of
from stackyard.storage.materializers.fields import fields_of
from stackyard.storage.materializers.sequences import number_statistics

_ITEMS = 100
"""Of one list or dict."""
_TOTAL = 1000
"""Of a whole value, however it is nested."""
_DEPTH = 6
_SEQUENCES = ("list", "tuple", "range", "set", "frozenset", "collections.deque")
_MAPPINGS = ("dict", "collections.OrderedDict", "collections.defaultdict", "collections.Counter")
_AS_TEXT = frozenset({"datetime", "decimal", "fractions", "ipaddress", "uuid", "zoneinfo"})
"""Modules whose values are best shown as what ``str`` makes of them."""


def preview_of(value: Any) -> Preview:
    """Return the beginning of a value as JSON; of numbers by name, metrics; of many numbers, their statistics too."""
    if isinstance(value, dict) and 0 < len(value) <= _ITEMS:
        numbers = {key: _number(found) for key, found in value.items() if type(key) is str}
        if len(numbers) == len(value) and None not in numbers.values():
            return Preview(kind="metrics", data={shown(k): _cut(v, 1, [1])[0] for k, v in numbers.items()})
    data, truncated = _cut(value, _DEPTH, [_TOTAL])
    statistics = number_statistics(value) if type_path(value) in _SEQUENCES else None
    return Preview(kind="json", data=data, truncated=truncated, statistics=statistics)


def text_preview(text: str, kind: Any = "text") -> Preview:
    """Return the beginning of a text."""
    return Preview(kind=kind, text=shown(text[:PREVIEW_TEXT]), truncated=len(text) > PREVIEW_TEXT)


def shown(text: str) -> str:
    """Return a text without lone surrogates, which no manifest can hold."""
    return text.encode("utf-8", errors="replace").decode()


def _number(value: Any) -> Any:
    """Return a number, or None: it is none."""
    if isinstance(value, Enum):
        return None
    value = _of_python(value)
    return value if type(value) in (int, float) else None


def _of_python(value: Any) -> Any:
    """Return a numpy scalar as Python's own."""
    if type(value).__module__ == "numpy" and isinstance(value, sys.modules["numpy"].generic):
        return value.item()
    return value


def _cut(value: Any, depth: int, room: list[int]) -> tuple[Any, bool]:
    """Return a small, strictly valid JSON value and whether something was left out.

    Args:
        value: any value.
        depth: levels of lists and dicts to show.
        room: holds how many more items may be shown; is counted down.
    """
    kind = type(value)
    if value is None or kind is bool:
        return value, False
    if kind is float and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124  # NaN
        return str(value), False
    if kind is int:
        return (value if abs(value) < 2**53 else _digits(value)), False
    if kind is float:
        return value, False
    if isinstance(value, str) and not isinstance(value, Enum):
        text = shown(str.__str__(value))
        return (text, False) if len(text) <= PREVIEW_CELL * 5 else (text[: PREVIEW_CELL * 5] + "…", True)
    return _cut_other(value, depth, room)


def _cut_other(value: Any, depth: int, room: list[int]) -> tuple[Any, bool]:
    path = type_path(value)
    fields = fields_of(value)
    if fields is not None:
        return _cut_mapping(fields, depth, room)
    if path in _MAPPINGS:
        return _cut_mapping(value, depth, room)
    if path in _SEQUENCES and path != "range":
        if depth == 0:
            return "…", True
        parts = [_cut(item, depth - 1, room) for item in islice(value, _take(value, room))]
        return [p[0] for p in parts], len(value) > len(parts) or any(p[1] for p in parts)
    if kind_of(type(value)) == "enum":
        name = getattr(value, "_name_", None) or getattr(value, "_value_", "")
        return f"{type(value).__qualname__}.{name}", False
    if path in ("bytes", "bytearray"):
        return f"{len(value):,} bytes", False
    if path in ("complex", "range") or isinstance(value, PurePath) or type(value).__module__ in _AS_TEXT:
        text = shown(str(value))
        return (text, False) if len(text) <= PREVIEW_CELL else (text[:PREVIEW_CELL] + "…", True)
    plain = _of_python(value)
    if plain is not value and type(plain) in (bool, int, float, complex, str, bytes):
        return _cut(plain, depth, room)
    return _described(value, path), True


def _cut_mapping(value: Mapping[Any, Any], depth: int, room: list[int]) -> tuple[Any, bool]:
    if depth == 0:
        return "…", True
    found = {_key(k): _cut(v, depth - 1, room) for k, v in islice(value.items(), _take(value, room))}
    cut = len(value) > len(found) or any(p[1] for p in found.values())
    return {k: p[0] for k, p in found.items()}, cut


def _key(key: Any) -> str:
    if type(key) is str:
        return shown(key)
    text = _cut(key, 2, [10])[0]
    return text if isinstance(text, str) else str(text)


def _described(value: Any, path: str) -> str:
    """Return a line on a value that only its own package can show."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and all(type(n) is int for n in shape):
        return f"{path} ({' x '.join(map(str, shape))})"
    return path


def _digits(value: int) -> str:
    """Return a large integer; one that Python would refuse to write as a decimal, in hexadecimal."""
    text = str(value) if value.bit_length() < 2000 else hex(value)
    return text if len(text) <= PREVIEW_CELL * 4 else text[: PREVIEW_CELL * 4] + "…"


def _take(container: Collection[Any], room: list[int]) -> int:
    taken = min(len(container), _ITEMS, max(0, room[0]))
    room[0] -= taken
    return taken


def pickle_preview(value: Any, text: str) -> Preview:
    """Return the attributes of a value that is pickled, where it keeps them as most objects do.

    Args:
        value: the value.
        text: says that it is pickled.
    """
    fields = fields_of(value)
    if fields is None:
        own = getattr(value, "__dict__", None)
        simple = type(own) is dict and not isinstance(value, (type, Sequence)) and not callable(value)
        fields = {k: v for k, v in own.items() if type(k) is str} if own and simple else None
    if not fields:
        return Preview(kind="none", text=text)
    data, truncated = _cut_mapping(fields, _DEPTH, [_TOTAL])
    return Preview(kind="json", data=data, text=text, truncated=truncated)
