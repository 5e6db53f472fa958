"""From a value to the JSON of ``structure.json`` and the parts that get files of their own."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from enum import Enum, Flag
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

from stackyard.model.plain import Repeats, are_scalars, is_plain
from stackyard.storage.artifact_store import VersionWriter
from stackyard.storage.materializers import registered
from stackyard.storage.materializers.base import NotStorableError, path_of, type_path
from stackyard.storage.materializers.class_paths import path_to
from stackyard.storage.materializers.classes import Kind, behaves, kind_of
from stackyard.storage.materializers.fields import declared, default_of, fields_of, pydantic_state
from stackyard.storage.materializers.lookup import materializer_for, reference_to, save_files
from stackyard.storage.materializers.parts import PartWriter, folder_of
from stackyard.storage.materializers.scalars import encode_scalar

INLINE_BYTES = 1 << 20
"""Longer texts and bytes get files of their own."""
FACTORIES: dict[str, Callable[[], Any]] = {
    kind.__name__: kind for kind in (bool, bytes, dict, float, frozenset, int, list, set, str, tuple)
}
"""What a defaultdict may make its values with."""
_MAX_DEPTH = 100
"""Levels of containers: each takes several of Python's own, which are few for a step that runs deep already."""
_MAX_PARTS = 10_000
_MAX_PICKLES = 100
"""More objects of one value are better pickled together."""
PATHS = (PurePosixPath, PureWindowsPath, type(Path()))


class _Class(NamedTuple):
    kind: Kind
    path: str
    names: list[str]
    """Of the declared fields."""


class Part:
    """A part of a value that its own materializer stores in a sub folder."""

    def __init__(self, value: Any, folder: str) -> None:
        """Remember what is to be stored, and where."""
        self.value = value
        self.node: dict[str, Any] = {"$part": folder}
        """What stands for it in the structure."""
        self.unsafe = False
        self.deterministic = True

    def save(self, writer: VersionWriter) -> None:
        """Write the part's files, and say in its node how they are read.

        Raises:
            MaterializationError: it can't be stored.
        """
        materializer, saved = save_files([materializer_for(self.value)], self.value, self._writer(writer))
        self.unsafe = materializer.unsafe or saved.unsafe
        self.deterministic = materializer.deterministic and saved.deterministic
        self.node.update(
            type=type_path(self.value), materializer=reference_to(materializer),
            data_format=saved.data_format or materializer.data_format,
        )  # fmt: skip
        if saved.shape is not None:
            self.node["shape"] = saved.shape

    def _writer(self, writer: VersionWriter) -> VersionWriter:
        return PartWriter(writer, self.node["$part"])


class Writing:
    """The way from one value to its structure."""

    def __init__(self) -> None:
        """Start without parts."""
        self.parts: list[Part] = []
        self.deterministic = True
        """False: equal values can have other structures, or mean something else when their classes change."""
        self._known: dict[int, Part] = {}
        self._classes: dict[type, _Class | None] = {}
        self._open: set[int] = set()
        """Identities of the containers around the one that is looked at."""
        self._repeats = Repeats()
        self._pickles = 0
        self._keep_paths = 0
        """Above zero: a Path is one, and does not stand for what lies there."""

    def encode(self, value: Any, name: str = "") -> Any:
        """Return the JSON of a value.

        Args:
            value: the value.
            name: key or field that holds it.

        Raises:
            NotStorableError: it holds itself, or is nested too deep, or only pickle can hold it well.
        """
        kind = type(value)
        if value is None or kind is bool or kind is float or (kind is int and is_plain(value)):
            return value
        if kind is str and len(value) <= INLINE_BYTES:
            return value
        if kind in CONTAINERS or self._class(kind) is not None:
            return self._nested(value, kind, name)
        if kind is bytes and len(value) > INLINE_BYTES:
            return self._part(value, name)
        if kind in PATHS and (self._keep_paths or not isinstance(value, Path)):
            return {"$path": str(value), "class": "Path" if isinstance(value, Path) else kind.__name__}
        found = encode_scalar(value)
        return found if found is not None else self._part(value, name)

    def _class(self, cls: type) -> _Class | None:
        """Return what is known of a data class; None: it is none, or can't be found again.

        Those that the user has a materializer for are none.
        """
        if cls not in self._classes:
            kind = kind_of(cls)
            own = kind is not None and any(registered.for_type(path_of(base)) is not None for base in cls.__mro__)
            path = path_to(cls) if kind is not None and not own else None
            self._classes[cls] = None
            if kind is not None and path is not None:
                self._classes[cls] = _Class(kind, path, declared(cls, kind) if kind != "enum" else [])
                self.deterministic = self.deterministic and not behaves(cls)
        return self._classes[cls]

    def _nested(self, value: Any, kind: type, name: str) -> Any:
        """Return the JSON of a value that holds others."""
        if id(value) in self._open:
            raise NotStorableError("it holds itself")
        if len(self._open) >= _MAX_DEPTH or self._repeats.too_many(value):
            raise NotStorableError("it is nested too deep")
        self._open.add(id(value))
        try:
            encode = CONTAINERS.get(kind)
            return encode(self, value, name) if encode is not None else self._of_class(value, name)
        finally:
            self._open.discard(id(value))

    def _refused(self, value: Any, name: str, why: str) -> Any:
        """Return a part for a value that only pickle can hold: the values around it need not be pickled too.

        Raises:
            NotStorableError: there are none.
        """
        if len(self._open) > 1:
            return self._part(value, name)
        raise NotStorableError(why)

    def items(self, values: Iterable[Any], name: str) -> list[Any]:
        """Return the JSON of a container's members, in order."""
        return [self.encode(value, name) for value in values]

    def sequence(self, value: Any, name: str) -> Any:
        """Return a list as it is."""
        if len(value) > _FEW and are_scalars(value, set(map(type, value))):
            return value
        return self.items(value, name)

    def mapping(self, value: Any, name: str) -> Any:
        """Return a dict with text keys as it is, others as pairs."""
        if all(type(key) is str and not key.startswith("$") for key in value):
            return {key: self.encode(found, key) for key, found in value.items()}
        return {"$dict": self.pairs(value, name)}

    def pairs(self, value: Any, name: str) -> list[list[Any]]:
        """Return the keys and values of a mapping."""
        return [[self._key(key), self.encode(found, key if type(key) is str else name)] for key, found in value.items()]

    def members(self, value: Any) -> list[Any]:
        """Return the members of a set in an order of their own, whatever the order in memory."""
        kinds = set(map(type, value))
        if kinds in ({int}, {str}) and are_scalars(value, kinds):
            return sorted(value)
        before = len(self.parts)
        found = [self._key(member) for member in value]
        if len(self.parts) > before:
            self.deterministic = False  # their folders are numbered as they come
        return sorted(found, key=json.dumps)

    def _key(self, value: Any) -> Any:
        """Return the JSON of what can be no file: a key, or a member of a set."""
        self._keep_paths += 1
        try:
            return self.encode(value)
        finally:
            self._keep_paths -= 1

    def made_by_factory(self, value: defaultdict[Any, Any], name: str) -> Any:
        """Return a defaultdict whose values are made by a class of Python's own."""
        make = value.default_factory
        factory = getattr(make, "__name__", "") if make is not None else None
        if factory is not None and FACTORIES.get(factory) is not make:
            return self._refused(value, name, "it makes its values by a function of the user's")
        return {"$defaultdict": self.pairs(value, name), "factory": factory}

    def _of_class(self, value: Any, name: str) -> Any:
        """Return the JSON of a value of a user's class."""
        cls = type(value)
        known = self._class(cls)
        assert known is not None  # noqa: S101  # looked at before
        kind, path, names = known
        if kind == "enum":
            return self._enum(value, path, name)
        if kind == "namedtuple":
            fields = fields_of(value)
            if fields is None or getattr(value, "__dict__", None):
                return self._refused(value, name, "it holds more than its fields")
            return {"$namedtuple": path, "fields": self._fields(fields)}
        if kind == "pydantic":
            return self._pydantic(value, path, names)
        held = fields_of(value) or {}
        found = {"$dataclass": path, **self._by_declaration(held, names)}
        # A field without a value shows the class's default, which may change: it counts.
        unset = {name: default_of(cls, name) for name in names if name not in held}
        return {**found, "unset": self._fields(unset)} if unset else found

    def _enum(self, value: Enum, path: str, place: str) -> Any:
        """Return a member by its name; its value beside is for those who read the file, and for the digest."""
        cls, held = type(value), value._value_
        name: Any = value._name_  # None for a combination of flags on Python 3.10
        if cls.__members__.get(name) is value:
            inner = held if type(held) is tuple else (held,)
            if are_scalars(inner, set(map(type, inner))):
                return {"$enum": path, "member": name, "value": self.encode(held)}
            self.deterministic = False  # nothing tells whether somebody changes the value
            return {"$enum": path, "member": name}
        if isinstance(value, Flag) and type(held) is int and is_plain(held):
            return {"$enum": path, "value": held}
        return self._refused(value, place, "it is no member of its enum")

    def _pydantic(self, value: Any, path: str, names: list[str]) -> Any:
        held, extra, given, private = pydantic_state(value)
        found = {"$pydantic": path, **self._by_declaration(held, names)}
        found["set"] = sorted(given)
        if extra is not None:
            found["extra"] = self._fields(extra)
        if private is not None:
            found["private"] = self._fields(private)
        return found

    def _by_declaration(self, held: dict[str, Any], names: list[str]) -> dict[str, Any]:
        """Return the declared fields, and apart from them other attributes, as cached properties are."""
        more = {name: found for name, found in held.items() if name not in names}
        found = {"fields": self._fields({name: held[name] for name in names if name in held})}
        return {**found, "more": self._fields(more)} if more else found

    def _fields(self, held: dict[str, Any]) -> dict[str, Any]:
        self._keep_paths += 1
        try:
            return {name: self.encode(found, name) for name, found in held.items()}
        finally:
            self._keep_paths -= 1

    def _part(self, value: Any, name: str) -> Any:
        """Return what stands for a value with files of its own; one that is met twice is stored once."""
        if id(value) not in self._known:
            if materializer_for(value).unsafe:
                self._pickles += 1
            if len(self.parts) >= _MAX_PARTS or self._pickles > _MAX_PICKLES:
                raise NotStorableError("it has too many parts")
            self._known[id(value)] = Part(value, folder_of(len(self.parts), name))
            self.parts.append(self._known[id(value)])
        return self._known[id(value)].node


_FEW = 8
"""Members up to which it does not pay to look at all of them at once."""

CONTAINERS: dict[type, Callable[[Writing, Any, str], Any]] = {
    list: Writing.sequence,
    dict: Writing.mapping,
    tuple: lambda writing, value, name: {"$tuple": writing.sequence(value, name)},
    set: lambda writing, value, _: {"$set": writing.members(value)},
    frozenset: lambda writing, value, _: {"$frozenset": writing.members(value)},
    bytearray: lambda writing, value, name: {"$bytearray": writing.encode(bytes(value), name)},
    deque: lambda writing, value, name: {"$deque": writing.sequence(list(value), name), "maxlen": value.maxlen},
    OrderedDict: lambda writing, value, name: {"$OrderedDict": writing.pairs(value, name)},
    Counter: lambda writing, value, name: {"$Counter": writing.pairs(value, name)},
    defaultdict: Writing.made_by_factory,
}
"""Type to what encodes its values."""
