"""What a function that travels by value takes along, in one form that is the same whenever it is the same.

A pickle is not: sets come in any order, and code carries its file and lines. When in doubt there is no such form.
"""

from __future__ import annotations

import builtins
import functools
import hashlib
import sys
from collections.abc import Iterable
from types import (
    BuiltinFunctionType,
    BuiltinMethodType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from stackyard.model.names import BY_VALUE_MODULES
from stackyard.model.record import Record

_ATOMS = (type(None), bool, int, float, complex, str, bytes, bytearray, type(Ellipsis), type(NotImplemented))
SLOTS = (GetSetDescriptorType, MemberDescriptorType)
"""What stands in a class for what its objects have."""
NOT_OF_CLASS = frozenset(
    {"__module__", "__doc__", "__dict__", "__weakref__", "__firstlineno__", "__static_attributes__", "__slotnames__"}
    | {"__abstractmethods__", "_abc_impl", "__qualname__", "__annotate_func__", "__annotations_cache__"}
)
_CO_HAS_DOCSTRING = 0x4000000


class Captured(Record):
    """What a function takes along."""

    digest: str
    references: tuple[tuple[str, str], ...]
    """Module and name of functions and classes that it takes by name; an empty name: the module itself."""


def captured_by(function: object, *, with_globals: bool) -> Captured:
    """Return what a function takes along.

    Args:
        function: a function.
        with_globals: the values of its module's names too: it has no file that could tell.

    Raises:
        Exception: something in it has no one form, or whatever reducing the user's objects raises.
    """
    form = _Form(with_globals=with_globals)
    return Captured(form.of(function), tuple(sorted(form.references)))


class _Form:
    """Makes the form of one value, bottom up: a digest for each part."""

    def __init__(self, *, with_globals: bool) -> None:
        self.references: set[tuple[str, str]] = set()
        self._with_globals = with_globals
        self._done: dict[int, tuple[Any, str]] = {}
        """Keeps what it has seen alive, so that ids stay its own."""
        self._open: list[int] = []

    def of(self, value: Any) -> str:
        if isinstance(value, _ATOMS) and type(value) in _ATOMS:
            return digest_of(type(value).__name__, repr(value))
        key = id(value)
        if key in self._done:
            return self._done[key][1]
        if key in self._open:  # counted from the innermost, so that equal cycles are equal
            return digest_of("cycle", str(len(self._open) - self._open.index(key)))
        self._open.append(key)
        found = self._compound(value)
        self._open.pop()
        self._done[key] = (value, found)
        return found

    def _all(self, kind: str, values: Iterable[Any]) -> str:
        return digest_of(kind, *(self.of(value) for value in values))

    def _compound(self, value: Any) -> str:
        kind = type(value)
        if kind in (list, tuple):
            return self._all(kind.__name__, value)
        if kind is dict:
            return self._all("dict", (part for item in value.items() for part in item))
        if kind in (set, frozenset):
            return digest_of(kind.__name__, *sorted(self.of(part) for part in value))
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, ModuleType):
            return self._reference("module", value.__name__, "")
        return self._callable(value) or self._object(value)

    def _callable(self, value: Any) -> str:
        """Return the form of what stands for a function; empty: it is something else."""
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, CodeType):
            return self._code(value)
        if isinstance(value, MethodType):
            return self._all("method", (value.__func__, value.__self__))
        if isinstance(value, (BuiltinFunctionType, BuiltinMethodType)):
            owner = value.__self__
            of_module = owner is None or isinstance(owner, ModuleType)
            return digest_of("builtin", value.__qualname__, str(value.__module__) if of_module else self.of(owner))
        if isinstance(value, functools.partial):
            return self._all("partial", (value.func, value.args, dict(value.keywords)))
        if isinstance(value, (property, staticmethod, classmethod)):
            parts = (value.fget, value.fset, value.fdel) if isinstance(value, property) else (value.__func__,)
            return self._all(type(value).__name__, parts)
        return ""

    def _function(self, function: FunctionType) -> str:
        module, name = str(function.__module__), function.__qualname__
        if module not in BY_VALUE_MODULES and find_object(module, name) is function:
            return self._reference("function", module, name)
        top = name.partition(".")[0]
        if not self._with_globals or module not in BY_VALUE_MODULES:
            # The file that it comes from tells what it refers to by name.
            self.references.add((module, top if top.isidentifier() else ""))
        parts = [function.__defaults__, function.__kwdefaults__, cells_of(function), function.__dict__]
        if self._with_globals:
            parts.append(
                {n: function.__globals__[n] for n in _global_names(function.__code__) if n in function.__globals__}
            )
        return digest_of("function", name, self._code(function.__code__), *(self.of(part) for part in parts))

    def _code(self, code: CodeType) -> str:
        constants = [None if not i and has_docstring(code) else c for i, c in enumerate(code.co_consts)]
        return digest_of(
            "code", code.co_code.hex(), repr(code.co_names), repr(code.co_varnames), repr(code.co_freevars),
            repr(code.co_cellvars), repr((code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)),
            str(code.co_flags), getattr(code, "co_exceptiontable", b"").hex(), self.of(tuple(constants)),
        )  # fmt: skip

    def _class(self, cls: type) -> str:
        module, name = str(cls.__module__), cls.__qualname__
        if module not in BY_VALUE_MODULES and find_object(module, name) is cls:
            return self._reference("class", module, name)
        members = {n: v for n, v in vars(cls).items() if n not in NOT_OF_CLASS and not isinstance(v, SLOTS)}
        return digest_of("class", name, self.of(cls.__bases__), self.of(type(cls)), self.of(members))

    def _reference(self, kind: str, module: str, name: str) -> str:
        self.references.add((module, name))
        return digest_of(kind, module, name)

    def _object(self, value: Any) -> str:
        """Take an object apart as pickle does."""
        if isinstance(value, MappingProxyType):
            return self._all("mapping", (dict(value),))
        reduced = value.__reduce_ex__(4)
        if isinstance(reduced, str):
            return self._reference("global", str(type(value).__module__), reduced)
        function, arguments, *rest = reduced
        state, items, pairs = (*rest, None, None, None)[:3]
        return digest_of(
            "object", self.of(function), self.of(arguments), self.of(state),
            self.of(list(items)) if items is not None else "", self.of(dict(pairs)) if pairs is not None else "",
        )  # fmt: skip


def digest_of(*parts: str) -> str:
    """Return one digest for texts in their order."""
    found = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", errors="surrogatepass")
        found.update(b"%d:" % len(data))
        found.update(data)
    return found.hexdigest()


def find_object(module: str, qualname: str) -> object:
    """Return what a module that is loaded has under a dotted name; None: nothing."""
    found: object = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


def cells_of(function: FunctionType) -> list[Any]:
    """Return what a function takes from the functions around it."""
    found: list[Any] = []
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not filled yet
            found.append(NotImplemented)
    return found


def _global_names(code: CodeType) -> list[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names.update(_global_names(constant))
    return sorted(names - set(dir(builtins)))


def has_docstring(code: CodeType) -> bool:
    """Tell whether a function's first constant is the place of its docstring."""
    if not code.co_consts or not isinstance(code.co_consts[0], str):
        return False
    if sys.version_info >= (3, 14):
        return bool(code.co_flags & _CO_HAS_DOCSTRING)
    return not code.co_name.startswith("<")
