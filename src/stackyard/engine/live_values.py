"""Digests of the values that names of modules have in this process: what an import read or computed, no code tells.

A value counts by all that it consists of, however deep. Two equal values have one digest in every process; a value
that can't be taken apart has none, and says why. Nothing of the user's runs for it but what pickle runs of packages.
"""

from __future__ import annotations

import functools
import gc
import hashlib
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from copyreg import dispatch_table
from enum import Enum
from logging import Logger
from threading import Thread, local
from types import (
    BuiltinFunctionType,
    BuiltinMethodType,
    CodeType,
    FunctionType,
    GeneratorType,
    MappingProxyType,
    MethodType,
    ModuleType,
)
from typing import Any
from weakref import ref

from stackyard.engine.captured import NOT_OF_CLASS, SLOTS, cells_of, digest_of, find_object, has_docstring
from stackyard.engine.object_layout import attributes_of, content_of, says_how, solid_base
from stackyard.model.digest import PREFIX
from stackyard.model.record import Record

MOST_VALUES = 300_000
"""About half a second; what only holds numbers and texts is one value."""
MOST_BYTES = 1_000_000_000
"""About a second of hashing; reading that much took longer."""

_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes, type(Ellipsis), type(NotImplemented)})
_HANDLES = frozenset(
    {"_thread.lock", "_thread.RLock", "_io.TextIOWrapper", "_io.BufferedReader", "_io.BufferedWriter", "_io.FileIO"}
    | {"_io.BufferedRandom", "_socket.socket", "socket.socket", "_ssl._SSLContext", "ssl.SSLContext", "ssl.SSLSocket"}
    | {"subprocess.Popen", "tempfile.TemporaryDirectory", "tempfile._TemporaryFileWrapper", "_thread._localdummy"}
    | {"concurrent.futures.thread.ThreadPoolExecutor", "concurrent.futures.process.ProcessPoolExecutor"}
)
"""Types whose objects lead out of the process, or are for its threads: they count by their type, as what a step reads
when it runs does not count at all."""
_HANDLE_MODULES = ("multiprocessing.synchronize", "multiprocessing.context", "multiprocessing.pool", "selectors")
_OURS = "stackyard."
_OUR_DATA = "stackyard.model."
_ANSWERS = frozenset({"stackyard.api.responses", "stackyard.api.response_base"})
"""Where the types of runs, steps and versions are."""
_OF_BYTES = "biufcmMSUV"
"""Kinds of arrays whose bytes say all of them."""
_LINK = "functools._lru_list_elem"
_OF_PYDANTIC = "__pydantic_"
_FIELDS = "__pydantic_fields__"
OF_CODE = frozenset({"__annotations__", "__orig_bases__", "__parameters__", "__type_params__", "__signature__"})
"""Of a class: what its code tells."""
_OF_LOGGERS = frozenset(
    {"name", "parent", "manager", "handlers", "filters", "level", "disabled", "propagate", "_cache"}
)
_OF_THREADS = frozenset(
    {"_name", "_started", "_ident", "_native_id", "_tstate_lock", "_handle", "_stderr", "_invoke_excepthook"}
    | {"_is_stopped", "_initialized", "_os_thread_handle", "_context"}
)
_OF_MODULES = frozenset({"__builtins__", "__loader__", "__spec__", "__doc__", "__file__", "__cached__"})


class LiveValue(Record):
    """What stands for a value."""

    digest: str = ""
    doubt: str = ""
    """Why there is no digest, as a sentence goes on."""


class _OpaqueError(Exception):
    """A value can't be taken apart."""


class LiveValues:
    """Digests of values."""

    def __init__(
        self, roots: Sequence[str], place: Callable[[str], str | None], is_told: Callable[[str, str], bool]
    ) -> None:
        """Look at nothing yet.

        Args:
            roots: folders that count by their place among these, so that the project may move.
            place: returns what a module of the project is called; None: it is none of it.
            is_told: tells of such a module and a name whether a definition in its code is all that the name can mean.
        """
        self._roots = [(form, f"<root{i}>") for i, root in enumerate(roots) for form in {root, repr(root)[1:-1]}]
        self._place = place
        self._is_told = is_told
        self._done: dict[int, tuple[Any, str]] = {}
        """Keeps what it has seen alive, so that ids stay its own."""
        self._open: dict[int, int] = {}
        self._values = self._bytes = 0

    def of(self, value: Any) -> LiveValue:
        """Return what stands for a value."""
        self._values = self._bytes = 0
        try:
            return LiveValue(PREFIX + digest_of("value/1", self._form(value)))
        except _OpaqueError as error:
            return LiveValue(doubt=str(error))
        except RecursionError:
            return LiveValue(doubt="it is nested too deep")
        except Exception as error:  # noqa: BLE001  # taking somebody's objects apart can raise anything
            return LiveValue(doubt=f"{_path(type(value))} can't be taken apart: {type(error).__name__}")
        finally:
            self._done.clear()
            self._open.clear()

    # One value

    def _form(self, value: Any) -> str:
        kind = type(value)
        if kind in _ATOMS:
            return self._atom(kind, value)
        key = id(value)
        if key in self._done:
            return self._done[key][1]
        if key in self._open:  # counted from the innermost, so that equal cycles are equal
            return f"cycle {len(self._open) - self._open[key]}"
        self._values += 1
        if self._values > MOST_VALUES:
            raise _OpaqueError(f"it holds more than {MOST_VALUES:,} objects")
        self._open[key] = len(self._open)
        found = self._compound(kind, value)
        del self._open[key]
        self._done[key] = (value, found)
        return found

    def _all(self, kind: str, values: Iterable[Any]) -> str:
        return digest_of(kind, *[self._form(value) for value in values])

    def _atom(self, kind: type, value: Any) -> str:
        if kind is bytes:
            return self._data("bytes", value)
        return self._text(f"{kind.__name__} {value!r}")

    def _text(self, text: str) -> str:
        for form, place in self._roots:
            if form in text:
                text = text.replace(form, place)
        return text if len(text) < 100 else self._data("text", text.encode("utf-8", errors="surrogatepass"))

    def _data(self, kind: str, data: Any) -> str:
        view = memoryview(data)
        self._bytes += view.nbytes
        if self._bytes > MOST_BYTES:
            raise _OpaqueError(f"it holds more than {MOST_BYTES // 1_000_000_000} GB")
        return f"{kind} {hashlib.sha256(view).hexdigest()}"

    def _compound(self, kind: type, value: Any) -> str:
        if kind is list or kind is tuple:
            # What holds numbers and texts alone, Python writes down in one go.
            return self._text(f"{value!r}") if _ATOMS.issuperset(map(type, value)) else self._all(kind.__name__, value)
        if kind is dict:
            if _ATOMS.issuperset(map(type, value)) and _ATOMS.issuperset(map(type, value.values())):
                return self._text(f"{value!r}")
            return self._all("dict", (part for item in value.items() for part in item))
        if kind is set or kind is frozenset:
            return self._text(f"{kind.__name__} {sorted(self._form(part) for part in value)}")
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, ModuleType):
            name = value.__name__
            if sys.modules.get(name) is not value:
                return self._all("module", ({n: v for n, v in vars(value).items() if n not in _OF_MODULES},))
            return f"module {self._place(name) or name}"
        return self._callable(kind, value) or self._known(kind, value) or self._object(kind, value)

    # Functions and classes

    def _callable(self, kind: type, value: Any) -> str:
        if kind is FunctionType:
            return self._function(value)
        if kind is CodeType:
            return self._code(value)
        if kind is MethodType:
            return self._all("method", (value.__func__, value.__self__))
        if kind is functools.partial:
            return self._all("partial", (value.func, value.args, dict(value.keywords), vars(value)))
        if isinstance(value, (property, staticmethod, classmethod)):
            parts = (value.fget, value.fset, value.fdel) if isinstance(value, property) else (value.__func__,)
            return self._all(kind.__name__, parts)
        if hasattr(kind, "cache_info") and hasattr(value, "__wrapped__"):
            return self._all("cache", (value.__wrapped__, *_remembered(value)))
        if getattr(kind, "__stackyard_step__", False) is True:
            return self._all("step", (value.function,))
        if isinstance(value, (BuiltinFunctionType, BuiltinMethodType)):
            owner = None if isinstance(value.__self__, ModuleType) else value.__self__
            return digest_of("builtin", str(value.__module__), value.__qualname__, self._form(owner))
        if kind is GeneratorType and inspect.getgeneratorstate(value) == inspect.GEN_CREATED:
            return self._all("generator", (value.gi_code, dict(value.gi_frame.f_locals)))
        return ""

    def _function(self, function: FunctionType) -> str:
        module, name = str(function.__module__), function.__qualname__
        place, found = self._place(module), find_object(module, name) is function
        if found and place is None:
            return f"function {module}:{name}"
        state = (function.__defaults__, function.__kwdefaults__, cells_of(function), function.__dict__)
        # What a name of a module stands for counts where the name is read.
        is_told = found and "." not in name and self._is_told(module, name)
        code = "" if is_told else self._code(function.__code__)
        return digest_of(
            "function", place or module, name, function.__name__, code, *(self._form(part) for part in state)
        )

    def _code(self, code: CodeType) -> str:
        constants = [None if not i and has_docstring(code) else c for i, c in enumerate(code.co_consts)]
        return digest_of(
            "code", code.co_code.hex(), repr(code.co_names), repr(code.co_varnames), repr(code.co_freevars),
            repr((code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)),
            *[self._form(constant) for constant in constants],
        )  # fmt: skip

    def _class(self, cls: type) -> str:
        module, name = str(cls.__module__), cls.__qualname__
        place = self._place(module)
        if place is None and find_object(module, name) is cls:
            return f"class {module}:{name}"
        members = {
            n: v
            for n, v in vars(cls).items()
            if n not in NOT_OF_CLASS | OF_CODE and not isinstance(v, SLOTS)
            and (n == _FIELDS or not n.startswith(_OF_PYDANTIC))
        }  # fmt: skip
        bases = [self._form(base) for base in cls.__bases__]
        return digest_of("class", place or module, name, cls.__name__, *bases, self._form(members))

    # Objects

    def _known(self, kind: type, value: Any) -> str:
        """Return the form of an object whose type says how it is read; empty: it is another."""
        module = kind.__module__
        if isinstance(value, Enum):
            return digest_of("enum", self._type(kind), str(value.name), self._form(value._value_))
        if module.startswith("pathlib"):
            return f"{kind.__name__} {self._text(str(value))}"
        if isinstance(value, local):
            return self._all("local", (dict(vars(value)),))
        if isinstance(value, MappingProxyType):
            return self._all("mapping", (dict(value),))
        if _is_array(kind):
            return self._array(kind, value)
        if kind is ContextVar:
            return self._all("variable", (value.name, *_set_to(value)))
        if isinstance(value, Logger):
            return self._all("logger", ({n: v for n, v in vars(value).items() if n not in _OF_LOGGERS},))
        if isinstance(value, Thread):
            return self._all("thread", ({n: v for n, v in vars(value).items() if n not in _OF_THREADS},))
        return self._outward(kind, value)

    def _outward(self, kind: type, value: Any) -> str:
        """Return the form of an object that stands for something elsewhere; empty: it does not."""
        module = kind.__module__
        if isinstance(value, ref):
            return self._all("weak", (value(),))
        if module in _ANSWERS:
            raise _OpaqueError(f"a {kind.__name__} is what Stackyard answered now")
        if module.startswith(_OURS) and not module.startswith(_OUR_DATA):
            return f"ours {_path(kind)}"
        if _path(kind) in _HANDLES or module in _HANDLE_MODULES:
            return f"handle {_path(kind)}"
        return ""

    def _array(self, kind: type, value: Any) -> str:
        import numpy as np  # noqa: PLC0415  # there is an array of it

        plain = np.asarray(value)
        about = f"{kind.__name__} {plain.dtype!r} {plain.shape}"
        if plain.dtype.hasobject or plain.dtype.kind not in _OF_BYTES:
            return self._all(about, (plain.ravel().tolist(),))
        more = vars(value) if hasattr(value, "__dict__") and kind.__name__ != "memmap" else {}
        data = np.ascontiguousarray(plain)
        return digest_of(about, self._data("array", data.reshape(-1).view("u1")), self._form(more))

    def _object(self, kind: type, value: Any) -> str:
        base = solid_base(kind)
        is_own = self._place(kind.__module__) is not None
        if base is not None and (is_own or not says_how(kind)):
            # Not by what a class of the project gives to pickle: that may leave out what it has read.
            held: list[Any] = [content_of(base, value), attributes_of(value)]
            return digest_of("object", self._type(kind), *[self._form(part) for part in held])
        return self._reduced(kind, value)

    def _reduced(self, kind: type, value: Any) -> str:
        """Take an object apart as pickle does."""
        try:
            reducer = dispatch_table.get(kind)
            reduced = reducer(value) if reducer is not None else value.__reduce_ex__(4)
        except Exception as error:
            raise _OpaqueError(f"{_path(kind)} can't be taken apart") from error
        if isinstance(reduced, str):
            return digest_of("global", self._type(kind), reduced)
        function, arguments, *rest = reduced
        state, items, pairs = (*rest, None, None, None)[:3]
        more = attributes_of(value) if self._place(kind.__module__) is not None else None
        return self._all(
            f"reduced {self._type(kind)}",
            (function, arguments, state, list(items or ()), [list(pair) for pair in pairs or ()], more),
        )

    def _type(self, kind: type) -> str:
        """Return what stands for the class of an object, one that no name leads to with all that it has."""
        place = self._place(kind.__module__)
        return f"{kind.__module__}:{kind.__qualname__}" if place is None else self._form(kind)


def _path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")


def _set_to(variable: ContextVar[Any]) -> list[Any]:
    try:
        return [variable.get()]
    except LookupError:
        return []


def _remembered(cache: Any) -> list[Any]:
    """Return what ``functools.lru_cache`` keeps, in its order; nothing while that is empty."""
    if not cache.cache_info().currsize:
        return []
    found: list[Any] = []
    for one in gc.get_referents(cache):
        if type(one) is dict and one and all(_path(type(value)) == _LINK for value in one.values()):
            found.extend(one)
        elif _path(type(one)) != _LINK and not isinstance(one, type):
            found.append(one)
    return found


def _is_array(kind: type) -> bool:
    return any(base.__module__ == "numpy" and base.__name__ in ("ndarray", "generic") for base in kind.__mro__)
