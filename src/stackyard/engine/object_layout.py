"""What objects consist of: attributes, slots, and the content of Python's own types that a class is derived from."""

from __future__ import annotations

from copyreg import dispatch_table
from typing import Any

from stackyard.engine.captured import SLOTS

_HELD = (list, tuple, dict, set, frozenset, str, bytes, bytearray, int, float, complex, BaseException)
"""Types of Python's own whose content is read where a class is derived from them."""
_MANAGED_DICT = 1 << 4
_POINTER = object.__basicsize__ // 2


def says_how(kind: type) -> bool:
    """Tell whether a class says itself how its objects are taken apart."""
    usual = object.__dict__
    return kind in dispatch_table or any(
        name in vars(base) and vars(base)[name] is not usual.get(name)
        for base in kind.__mro__
        if base not in (object, *_HELD)
        for name in ("__reduce__", "__reduce_ex__", "__getstate__")
    )


def solid_base(kind: type) -> type | None:
    """Return the type of Python's own that holds an object's content; None: there is more, which Python can't read."""
    base = next((base for base in kind.__mro__ if base in _HELD), object)
    if not base.__itemsize__ and kind.__itemsize__:
        return None
    size = base.__basicsize__
    has_dict = kind.__dictoffset__ != 0 and not base.__dictoffset__ and not kind.__flags__ & _MANAGED_DICT
    size += _POINTER * (has_dict + (kind.__weakrefoffset__ > 0 and not base.__weakrefoffset__))
    size += _POINTER * sum(len(_slots(one)) for one in kind.__mro__)
    return base if kind.__basicsize__ <= size else None


def _slots(kind: type) -> list[str]:
    """Return the names of a class's own slots as its objects have them."""
    slots = vars(kind).get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    own = f"_{kind.__name__.lstrip('_')}"
    hidden = [f"{own}{n}" if n.startswith("__") and not n.endswith("__") else n for n in names]
    return [name for name in hidden if name not in ("__dict__", "__weakref__")]


def attributes_of(value: Any) -> dict[str, Any]:
    """Return what an object has in its dictionary and its slots."""
    try:
        found = dict(object.__getattribute__(value, "__dict__"))
    except (AttributeError, TypeError):
        found = {}
    for kind in type(value).__mro__:
        for name in _slots(kind):
            slot = vars(kind).get(name)
            if isinstance(slot, SLOTS):
                try:
                    found[name] = slot.__get__(value, type(value))
                except AttributeError:  # not set
                    continue
    return found


def content_of(base: type, value: Any) -> Any:
    """Return the content that an object has as one of Python's own types."""
    if issubclass(base, BaseException):
        return value.args
    if issubclass(base, dict):
        return list(dict.items(value))
    for plain in (list, tuple, set, frozenset):
        if issubclass(base, plain):
            return plain(plain.__iter__(value))
    if issubclass(base, (str, int, float, bytes)):
        return base.__repr__(value)
    return bytes(value) if issubclass(base, bytearray) else repr(value) if issubclass(base, complex) else None
