"""The users' classes whose values are data: dataclasses, pydantic models, enums, named tuples."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from enum import EnumMeta
from typing import Any, Literal
from weakref import WeakKeyDictionary

Kind = Literal["dataclass", "pydantic", "enum", "namedtuple"]

_HEAP_TYPE = 1 << 9
"""Flag of a class that was made by a class statement, which keeps its values in ``__dict__`` and slots."""
_MACHINERY = frozenset({"abc", "collections", "dataclasses", "enum", "functools", "pydantic", "reprlib", "typing"})
"""Packages whose functions are in classes without anybody having written them there."""
_SETTLED = frozenset(
    {"_abc_impl", "_field_defaults", "_fields", "model_computed_fields", "model_config", "model_fields"}
)
"""Attributes that such classes have beside, and that say nothing of their values."""

_kinds: WeakKeyDictionary[type, Kind | None] = WeakKeyDictionary()
_behaving: WeakKeyDictionary[type, bool] = WeakKeyDictionary()


def kind_of(cls: type) -> Kind | None:
    """Return what kind of data the values of a class are; None: they are objects that only the class understands."""
    try:
        return _kinds[cls]
    except KeyError:
        pass
    _kinds[cls] = kind = _kind_of(cls)
    return kind


def behaves(cls: type) -> bool:
    """Tell whether a class has more than fields: methods, properties, constants.

    Then equal fields don't mean equal behaviour, since somebody may have changed the class meanwhile.
    """
    if cls not in _behaving:
        _behaving[cls] = any(
            base.__module__.partition(".")[0] not in _MACHINERY and any(_behaviour_of(base))
            for base in cls.__mro__
            if base.__flags__ & _HEAP_TYPE
        )
    return _behaving[cls]


def _kind_of(cls: type) -> Kind | None:
    if isinstance(cls, EnumMeta):
        return "enum"
    if issubclass(cls, tuple):
        fields = getattr(cls, "_fields", None)
        named = type(fields) is tuple and all(type(name) is str for name in fields)
        return "namedtuple" if named and _is_open(cls, tuple) else None
    if hasattr(cls, "__pydantic_core_schema__") and not hasattr(cls, "__dataclass_fields__"):
        base = getattr(sys.modules.get("pydantic"), "BaseModel", None)
        return "pydantic" if base is not None and issubclass(cls, base) and _is_open(cls, base) else None
    return "dataclass" if dataclasses.is_dataclass(cls) and _is_open(cls, object) else None


def _is_open(cls: type, base: type) -> bool:
    """Tell whether the values of a class are what their attributes are, and can be made without calling it."""
    for found in cls.__mro__:
        if not found.__flags__ & _HEAP_TYPE and found not in (object, tuple):
            return False
    own: Any = cls
    if own.__reduce_ex__ is not object.__reduce_ex__ or own.__reduce__ is not object.__reduce__:
        return False
    if base is not tuple and (own.__new__ is not object.__new__ or hasattr(own, "__getnewargs__")):
        return False
    for name in ("__getstate__", "__setstate__"):
        method, inherited = getattr(own, name, None), getattr(base, name, None)
        if method is not inherited and getattr(method, "__module__", "").partition(".")[0] not in _MACHINERY:
            return False
    return not hasattr(own, "__getnewargs_ex__")


def _behaviour_of(cls: type) -> Iterator[str]:
    """Yield the attributes of one class that somebody wrote and that are no fields or members."""
    fields = {*getattr(cls, "_fields", ()), *getattr(cls, "__members__", ())}
    if dataclasses.is_dataclass(cls):
        fields.update(field.name for field in dataclasses.fields(cls))
    for name, found in vars(cls).items():
        function = getattr(found, "__func__", found)  # of class methods and static methods
        code = getattr(function, "__code__", None)
        if code is not None:
            origin = function.__globals__.get("__name__", "").partition(".")[0]
            generated = code.co_filename == "<string>" or origin in _MACHINERY
            if not generated and not name.startswith("__annotate"):
                yield name
        elif name not in fields and name not in _SETTLED and not (name.startswith("_") and name.endswith("_")):
            yield name
