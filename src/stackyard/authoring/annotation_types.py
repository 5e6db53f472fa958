"""What annotations tell before anything runs: whether a value of one type can ever be what another one asks for.

Invariant: only certain mismatches count. Whatever is not understood, or might fit by inheritance, fits.
"""

from __future__ import annotations

import collections.abc
import functools
import numbers
import types
import typing
from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeVar, Union

_BUILT_IN = frozenset(
    {bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, type(None), range, slice}
)
"""What these are is settled: no class of somebody else's is one of them by accident."""
_SEQUENCES = (list, tuple)
"""Often written for one another."""
_TABLES_AND_ARRAYS = frozenset(
    {
        "numpy.ndarray",
        "pandas.core.frame.DataFrame",
        "pandas.core.series.Series",
        "pandas.DataFrame",
        "pandas.Series",
        "polars.dataframe.frame.DataFrame",
        "polars.series.series.Series",
        "pyarrow.lib.Table",
        "torch.Tensor",
        "PIL.Image.Image",
    }
)
_ELEMENTS_OF = (list, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Iterable)
_NEVER_STORED = {
    "generator": "is used up by whoever reads it first",
    "coroutine": "belongs to the process that made it",
    "lock": "belongs to the process that made it",
    "thread": "belongs to the process that made it",
    "open file": "belongs to the process that opened it",
    "socket": "belongs to the process that opened it",
    "connection": "belongs to the process that opened it",
    "process": "belongs to the process that started it",
    "module": "is code",
}
_UNSTORABLE = {
    "_thread.lock": "lock",
    "_thread.RLock": "lock",
    "threading.Condition": "lock",
    "threading.Event": "lock",
    "threading.Semaphore": "lock",
    "threading.Thread": "thread",
    "concurrent.futures._base.Executor": "thread",
    "_io._IOBase": "open file",
    "io.IOBase": "open file",
    "typing.IO": "open file",
    "_socket.socket": "socket",
    "sqlite3.Connection": "connection",
    "sqlite3.Cursor": "connection",
    "subprocess.Popen": "process",
    "multiprocessing.process.BaseProcess": "process",
    "asyncio.events.AbstractEventLoop": "thread",
    "collections.abc.Generator": "generator",
    "collections.abc.AsyncGenerator": "generator",
    "collections.abc.Iterator": "generator",
    "collections.abc.AsyncIterator": "generator",
    "collections.abc.Coroutine": "coroutine",
    "generator": "generator",
    "coroutine": "coroutine",
    "module": "module",
}
_KEPT_ALL_THE_SAME = frozenset({"_io.StringIO", "_io.BytesIO", "io.StringIO", "io.BytesIO"})
"""Memory with the manners of a file."""


def is_mismatch(given: Any, wanted: Any) -> bool:
    """Tell whether no value annotated ``given`` is what ``wanted`` asks for."""
    if given is wanted:
        return False
    try:
        return _known_mismatch(given, wanted)
    except TypeError:  # an annotation that can't be hashed
        return _mismatch(given, wanted)


def _mismatch(given: Any, wanted: Any) -> bool:
    found, asked = list(_members(given)), list(_members(wanted))
    if not found or not asked:
        return False
    return all(_differ(one, other) for one in found for other in asked)


_known_mismatch = functools.lru_cache(maxsize=1024)(_mismatch)


def element_of(annotation: Any) -> Any:
    """Return the type of a sequence's members; Any where it is not told."""
    elements: list[Any] = []
    for member in _members(annotation):
        arguments = typing.get_args(member)
        if typing.get_origin(member) not in _ELEMENTS_OF or not arguments:
            return Any
        plain = [a for a in arguments if a is not Ellipsis]
        elements.extend(plain)
    return Union[tuple(elements)] if elements else Any  # noqa: UP007  # as many as there are


def why_never_stored(annotation: Any) -> str:
    """Return why no value of a type can be kept as an artifact, as a sentence goes on; empty when one might be."""
    members = [m for m in _members(annotation) if m is not type(None)]
    reasons = [_unstorable(member) for member in members]
    return reasons[0] if reasons and all(reasons) else ""


def _members(annotation: Any) -> Iterator[Any]:
    """Yield the types that a value may have; nothing when it may be anything."""
    if isinstance(annotation, (TypeVar, str, typing.ForwardRef)) or annotation in (Any, object, typing.Union):
        return
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        yield from _members(typing.get_args(annotation)[0])
    elif hasattr(annotation, "__supertype__"):  # NewType
        yield from _members(annotation.__supertype__)
    elif hasattr(annotation, "__value__"):  # the type statement
        yield from _members(annotation.__value__)
    elif origin in (Union, types.UnionType):
        members = [list(_members(argument)) for argument in typing.get_args(annotation)]
        if all(members):
            yield from (member for several in members for member in several)
    elif origin is Literal:
        yield from dict.fromkeys(type(value) for value in typing.get_args(annotation))
    elif annotation is None:
        yield type(None)
    elif isinstance(origin or annotation, type):
        yield annotation


def _class_of(annotation: Any) -> type:
    return typing.get_origin(annotation) or annotation  # type: ignore[no-any-return]  # _members yields nothing else


def _differ(given: Any, wanted: Any) -> bool:
    one, other = _class_of(given), _class_of(wanted)
    try:
        if issubclass(one, other) or issubclass(other, one):
            return False
        if issubclass(one, numbers.Number) and issubclass(other, numbers.Number):
            return False
    except TypeError:  # a protocol with data, a class with manners of its own
        return False
    if one in _SEQUENCES and other in _SEQUENCES:
        return False
    if _is_abstract(one) or _is_abstract(other):
        return one in _BUILT_IN or other in _BUILT_IN
    return _is_settled(one) or _is_settled(other)


def _is_abstract(cls: type) -> bool:
    return bool(getattr(cls, "_is_protocol", False)) or cls.__module__ == "collections.abc" or hasattr(cls, "_abc_impl")


def _is_settled(cls: type) -> bool:
    return cls in _BUILT_IN or f"{cls.__module__}.{cls.__qualname__}" in _TABLES_AND_ARRAYS


def _unstorable(annotation: Any) -> str:
    cls = _class_of(annotation)
    names = [f"{base.__module__}.{base.__qualname__}".removeprefix("builtins.") for base in cls.__mro__]
    if any(name in _KEPT_ALL_THE_SAME for name in names):
        return ""
    kind = next((_UNSTORABLE[name] for name in names if name in _UNSTORABLE), "")
    article = "an" if kind[:1] in "aeiou" else "a"
    return f"{article} {kind} {_NEVER_STORED[kind]}" if kind else ""
