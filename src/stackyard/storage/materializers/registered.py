"""Materializer classes of users: those that this process defined or imported, and those that were sent to it.

Making such a class is enough to have it here, as importing its module does. A class whose types are named stores values
of these types in all steps, where Stackyard has no way of its own but a pickle or the fields of a class.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stackyard.model.names import BY_VALUE_MODULES

_MAIN = "__main__"
_classes: list[type] = []
"""In the order in which they were made."""
_sent: dict[type, str] = {}
"""Class that came from another process to its reference there."""


def record(cls: type) -> None:
    """Remember a class; those of Stackyard itself are found otherwise."""
    if is_of_user(cls):
        _classes.append(cls)


def is_of_user(cls: type) -> bool:
    """Tell whether a class is none of Stackyard and Python."""
    return cls.__module__.partition(".")[0] not in ("stackyard", "abc", "builtins")


def take(cls: type, reference: str) -> None:
    """Remember a class that came from another process, and forget an older one of the same reference."""
    for older in [each for each, known in _sent.items() if known == reference and each is not cls]:
        del _sent[older]
        if older in _classes:
            _classes.remove(older)
    _sent[cls] = reference
    if cls in _classes:
        _classes.remove(cls)
    _classes.append(cls)


def reference_of(cls: type) -> str:
    """Return how manifests name a class: ``module:Class``, of a script ``__main__:Class@script.py``."""
    if cls in _sent:
        return _sent[cls]
    if cls.__module__ not in BY_VALUE_MODULES:
        return f"{cls.__module__}:{cls.__qualname__}"
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    return f"{_MAIN}:{cls.__qualname__}" + (f"@{Path(file).name}" if file else "")


def travels_by_value(cls: type) -> bool:
    """Tell whether no other process can import a class."""
    return cls.__module__ in BY_VALUE_MODULES


def script_of(reference: str) -> tuple[str, str] | None:
    """Return class and script of a reference to a class of a script; None: it is no such reference."""
    module, _, name = reference.partition(":")
    qualname, _, script = name.partition("@")
    return (qualname, script) if module in BY_VALUE_MODULES else None


def by_reference(reference: str) -> type | None:
    """Return a class that is here already: the newest of that name.

    The file of a script can be a module too, as with `stackyard run`: ``__main__:A@b.py`` and ``b:A`` are one class.
    """
    wanted = script_of(reference)
    for cls in reversed(_classes):
        known = reference_of(cls)
        if known == reference:
            return cls
        found = script_of(known)
        if (wanted or found) and _same(wanted or _as_of_script(reference), found or _as_of_script(known)):
            return cls
    return None


def _as_of_script(reference: str) -> tuple[str, str]:
    module, _, qualname = reference.partition(":")
    return qualname, f"{module.rpartition('.')[2]}.py"


def _same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Tell whether two classes are one; where a script is not named, any will do."""
    return one[0] == other[0] and (one[1] == other[1] or "" in (one[1], other[1]))


def for_type(path: str) -> type | None:
    """Return the newest class that stores values of a type in all steps.

    Args:
        path: import path of the type.
    """
    return next((cls for cls in reversed(_classes) if path in types_of(cls) and _is_for_all(cls)), None)


def travelling() -> list[type]:
    """Return the classes that other processes of a run need to hear of, the newest of each name, oldest first."""
    newest = {reference_of(cls): cls for cls in _classes if travels_by_value(cls) or serves_all(cls)}
    return list(newest.values())


def serves_all(cls: type) -> bool:
    """Tell whether a class stores values of its types in all steps."""
    return bool(types_of(cls)) and _is_for_all(cls)


def types_of(cls: type) -> list[str]:
    """Return the import paths of the types that a class names."""
    given: Any = getattr(cls, "ASSOCIATED_TYPES", None) or getattr(cls, "types", ())
    return list(_paths(given if isinstance(given, (tuple, list, set, frozenset)) else (given,)))


def _paths(types: Any) -> Iterator[str]:
    from stackyard.storage.materializers.base import path_of  # noqa: PLC0415  # it makes classes known here

    for each in types:
        if isinstance(each, type):
            yield path_of(each)
        elif isinstance(each, str):
            yield each


def _is_for_all(cls: type) -> bool:
    return not vars(cls).get("SKIP_REGISTRATION") and not getattr(cls, "__abstractmethods__", None)
