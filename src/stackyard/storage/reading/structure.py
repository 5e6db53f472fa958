"""``structure.json``, in which Python's own values lie nested with anything, as plain JSON to look at.

No class that it names is looked for: a data class is its fields, an enum's member its value, a set a list.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from stackyard.storage.reading.table import import_numpy

_MAX_RANGE = 100_000
_Node = dict[str, Any]


def plain_of(node: Any) -> Any:
    """Return a structure as plain JSON values; what is not known stays as it is written.

    Raises:
        TypeError, ValueError, LookupError: it is no structure.
    """
    if isinstance(node, list):
        return [plain_of(item) for item in node]
    if not isinstance(node, dict) or not node:
        return node
    tag = next(iter(node))
    if not tag.startswith("$"):
        return {key: plain_of(item) for key, item in node.items()}
    return _PLAIN[tag](node) if tag in _PLAIN else node


def _members(tag: str) -> Callable[[_Node], Any]:
    return lambda node: plain_of(node[tag])


def _as_written(tag: str) -> Callable[[_Node], Any]:
    return lambda node: f"{node[tag]} {node['zone']}" if type(node.get("zone")) is str else node[tag]


def _mapping(tag: str) -> Callable[[_Node], Any]:
    def read(node: _Node) -> Any:
        pairs = [(plain_of(key), plain_of(item)) for key, item in node[tag]]
        keys = [key if isinstance(key, str) else json.dumps(key, ensure_ascii=False) for key, _ in pairs]
        if len(set(keys)) < len(keys):  # 1 and "1"
            return [list(pair) for pair in pairs]
        return dict(zip(keys, (item for _, item in pairs), strict=True))

    return read


def _fields(node: _Node) -> Any:
    return {key: plain_of(item) for part in ("fields", "extra") for key, item in node.get(part, {}).items()}


def _range(node: _Node) -> Any:
    found = range(*map(plain_of, node["$range"]))
    return list(found) if len(found) <= _MAX_RANGE else str(found)


def _complex(node: _Node) -> str:
    return str(complex(*node["$complex"]))


def _numpy(node: _Node) -> Any:
    """Return a scalar of numpy: times are written as integers, bytes in Base64."""
    dtype, value = node["$numpy"], node["value"]
    if dtype[1] == "S":
        return str(base64.b64decode(value))
    if dtype[1] == "c":
        return str(complex(*value))
    if dtype[1] in "mM":
        return str(import_numpy().int64(value).view(dtype))
    return value


_PLAIN: dict[str, Callable[[_Node], Any]] = {
    **{tag: _members(tag) for tag in ("$tuple", "$set", "$frozenset", "$deque", "$bytearray")},
    **{tag: _mapping(tag) for tag in ("$dict", "$OrderedDict", "$Counter", "$defaultdict")},
    **dict.fromkeys(("$dataclass", "$namedtuple", "$pydantic"), _fields),
    **{tag: _as_written(tag) for tag in ("$date", "$datetime", "$time", "$decimal", "$uuid", "$path")},
    "$enum": lambda node: plain_of(node["value"]) if "value" in node else node["member"],
    "$part": lambda node: f"{node['type']} in {node['$part']}",
    "$int": lambda node: int(node["$int"], 16),
    "$complex": _complex,
    "$bytes": lambda node: str(base64.b64decode(node["$bytes"])),
    "$range": _range,
    "$fraction": lambda node: "/".join(str(plain_of(part)) for part in node["$fraction"]),
    "$timedelta": lambda node: str(timedelta(*node["$timedelta"])),
    "$numpy": _numpy,
}
