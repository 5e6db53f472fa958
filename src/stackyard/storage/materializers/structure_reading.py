"""From ``structure.json`` back to the value."""

from __future__ import annotations

import pathlib
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from enum import Flag
from typing import Any, cast

from stackyard.model.artifact import Manifest
from stackyard.model.errors import ArtifactDamagedError
from stackyard.model.plain import are_scalars
from stackyard.storage.artifact_store import ArtifactStore
from stackyard.storage.materializers.class_paths import class_at
from stackyard.storage.materializers.classes import Kind
from stackyard.storage.materializers.fields import changed, declared, made_of, model_of
from stackyard.storage.materializers.lookup import find_materializer
from stackyard.storage.materializers.parts import PartStore, is_folder
from stackyard.storage.materializers.scalars import DECODERS
from stackyard.storage.materializers.structure_writing import FACTORIES

Node = dict[str, Any]
_PATHS = ("Path", "PurePosixPath", "PureWindowsPath")


class Reading:
    """The way from one structure to its value. What is no structure ends in one of Python's own errors."""

    def __init__(self, store: ArtifactStore, uri: str, manifest: Manifest) -> None:
        """Remember where the parts are."""
        self._store = store
        self._uri = uri
        self._manifest = manifest
        self._parts: dict[str, Any] = {}
        self._classes: dict[tuple[str, Kind], tuple[Any, frozenset[str]]] = {}

    def decode(self, node: Any) -> Any:
        """Return the value of some JSON.

        Raises:
            StackyardError: a class or materializer is missing, a part is damaged.
            LookupError, TypeError, ValueError ...: it is no structure.
        """
        if isinstance(node, list):
            return node if are_scalars(node, set(map(type, node))) else [self.decode(item) for item in node]
        if not isinstance(node, dict):
            return node
        tag = next(iter(node), "")
        if not tag.startswith("$"):
            return {key: self.decode(item) for key, item in node.items()}
        if tag in DECODERS:
            return DECODERS[tag](node)
        return READERS[tag](self, node)

    def pairs(self, found: list[Any]) -> dict[Any, Any]:
        """Return a mapping that is written as pairs."""
        return {self.decode(key): self.decode(item) for key, item in found}

    def part(self, node: Node) -> Any:
        """Return a value that has files of its own; one that is named twice is read once."""
        folder = node["$part"]
        if not is_folder(folder):
            raise ValueError(f"{folder!r} is no folder of a part")
        if folder not in self._parts:
            self._parts[folder] = self._load(folder, node)
        return self._parts[folder]

    def _load(self, folder: str, node: Node) -> Any:
        whole = self._manifest
        materializer = find_materializer(node["materializer"])
        if materializer.unsafe and not whole.unsafe:
            raise ArtifactDamagedError(
                f"The part {folder} of the artifact version at {self._uri} is a pickle, and the manifest calls the "
                "version safe.",
                hint="Run the step again.",
            )
        store = PartStore(self._store, self._uri, whole, folder)
        files = store.part_files()
        part = Manifest(
            id=whole.id, artifact_name=whole.artifact_name, type=node["type"], materializer=node["materializer"],
            data_format=node["data_format"], unsafe=whole.unsafe, digest="", files=files,
            size_bytes=sum(file.size_bytes for file in files), shape=node.get("shape"), uri=store.part_uri,
        )  # fmt: skip
        return materializer.load(cast(ArtifactStore, store), store.part_uri, part)

    def _class(self, path: str, kind: Kind) -> tuple[Any, frozenset[str]]:
        """Return a class and the names of its fields; each is looked for once."""
        if (path, kind) not in self._classes:
            cls = class_at(path, kind)
            self._classes[path, kind] = (cls, frozenset(declared(cls, kind)) if kind != "enum" else frozenset())
        return self._classes[path, kind]

    def of_class(self, node: Node) -> Any:
        """Return a dataclass or named tuple."""
        kind: Kind = "dataclass" if "$dataclass" in node else "namedtuple"
        cls, names = self._class(node[f"${kind}"], kind)
        held = {name: self.decode(item) for name, item in node["fields"].items()}
        gone = [name for name in held if name not in names]
        if gone:
            raise changed(cls, gone)
        more = {name: self.decode(item) for name, item in node.get("more", {}).items()}
        return made_of(cls, kind, names, {**held, **more} if more else held, [*node.get("unset", {})])

    def model(self, node: Node) -> Any:
        """Return a pydantic model."""
        cls, names = self._class(node["$pydantic"], "pydantic")
        held, more, extra, private = (
            {name: self.decode(item) for name, item in node[key].items()} if key in node else None
            for key in ("fields", "more", "extra", "private")
        )
        gone = [name for name in held or {} if name not in names]
        if gone:
            raise changed(cls, gone)
        return model_of(cls, ({**(held or {}), **(more or {})}, extra, set(node["set"]), private))

    def enum(self, node: Node) -> Any:
        """Return a member of an enum, by its name; one that has none is a combination of flags."""
        cls = self._class(node["$enum"], "enum")[0]
        if "member" not in node and issubclass(cls, Flag):
            return cls(node["value"])
        if node["member"] not in cls.__members__:
            raise changed(cls, [node["member"]])
        return cls.__members__[node["member"]]

    def factory(self, node: Node) -> Any:
        """Return a defaultdict."""
        make = FACTORIES[node["factory"]] if node["factory"] is not None else None
        return defaultdict(make, self.pairs(node["$defaultdict"]))


def _path(_reading: Reading, node: Node) -> Any:
    if node["class"] not in _PATHS:
        raise ValueError(f"{node['class']!r} is no class of paths")
    return getattr(pathlib, node["class"])(node["$path"])


READERS: dict[str, Callable[[Reading, Node], Any]] = {
    "$tuple": lambda reading, node: tuple(reading.decode(node["$tuple"])),
    "$set": lambda reading, node: set(reading.decode(node["$set"])),
    "$frozenset": lambda reading, node: frozenset(reading.decode(node["$frozenset"])),
    "$deque": lambda reading, node: deque(reading.decode(node["$deque"]), node["maxlen"]),
    "$bytearray": lambda reading, node: bytearray(memoryview(reading.decode(node["$bytearray"]))),
    "$dict": lambda reading, node: reading.pairs(node["$dict"]),
    "$OrderedDict": lambda reading, node: OrderedDict(reading.pairs(node["$OrderedDict"])),
    "$Counter": lambda reading, node: Counter(reading.pairs(node["$Counter"])),
    "$defaultdict": Reading.factory,
    "$dataclass": Reading.of_class,
    "$namedtuple": Reading.of_class,
    "$pydantic": Reading.model,
    "$enum": Reading.enum,
    "$path": _path,
    "$part": Reading.part,
}
"""Tag to what reads a value that holds others."""
