"""What names of a project's modules stand for: other names, modules, or something outside of the project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, Protocol

from stackyard.analysis.code_names import Import, Reference
from stackyard.analysis.known_code import BUILTINS
from stackyard.analysis.module_code import ModuleCode
from stackyard.model.record import Record

_OF_EVERY_MODULE = frozenset(
    {"__name__", "__file__", "__doc__", "__package__", "__path__", "__spec__", "__loader__", "__annotations__"}
    | {"__debug__", "__version__", "__class__"}
)


class Project(Protocol):
    """The files of a project. A file is a text that is the same for the same file."""

    def module(self, file: str) -> ModuleCode | None:
        """Return a file's code; None: it can't be read."""

    def files(self, dotted: str, importer: str) -> tuple[str, ...]:
        """Return the project's files that a module's absolute name means; none: it lies outside."""

    def package_of(self, file: str) -> tuple[str, ...]:
        """Return the parts of the name of a file's package."""

    def all_files(self) -> Iterable[str]:
        """Return all files of the project that may be imported."""

    def loaded(self) -> Iterable[str]:
        """Return those that are imported in this process; none where that says nothing."""


class Target(Record):
    """What a reference may stand for."""

    kind: Literal["name", "listed", "module", "outside", "missing"]
    """A name of a module; one that decides what a star brings; a module itself; something outside; a name that its
    module does not have."""
    file: str = ""
    name: str = ""
    """Of a module: its absolute name; outside: the whole dotted name."""
    rest: tuple[str, ...] = ()
    """Attributes that are read from it."""


class Targets:
    """Follows references from module to module; each once."""

    def __init__(self, project: Project) -> None:
        """Follow nothing yet."""
        self.project = project
        self._known: dict[tuple[str, Reference], tuple[Target, ...]] = {}

    def of(self, file: str, reference: Reference) -> tuple[Target, ...]:
        """Return all that a reference in a file may stand for."""
        key = (file, reference)
        if key not in self._known:
            root = reference.root
            if isinstance(root, Import):
                found = self._imported(file, root, reference.path, frozenset())
            else:
                found = self._own(file, root, reference.path)
            self._known[key] = tuple(dict.fromkeys(found))
        return self._known[key]

    def absolute(self, file: str, target: Import) -> str:
        """Return the absolute name of the module that an import names."""
        if not target.level:
            return target.module
        package = self.project.package_of(file)
        parts = package[: max(0, len(package) - target.level + 1)]
        return ".".join([*parts, target.module] if target.module else parts)

    def executed(self, file: str, target: Import) -> Iterator[str]:
        """Yield the files that an import runs, packages first."""
        dotted = self.absolute(file, target)
        parts = dotted.split(".") if dotted else []
        for length in range(1, len(parts) + 1):
            yield from self.project.files(".".join(parts[:length]), file)
        if target.name and target.name != "*":
            yield from self.project.files(f"{dotted}.{target.name}" if dotted else target.name, file)

    def is_import(self, target: Target) -> bool:
        """Tell whether a name is bound by imports alone, so that what they lead to says all of it."""
        if target.kind == "listed":
            return True
        code = self.project.module(target.file) if target.kind == "name" else None
        places = code.names.get(target.name, ()) if code is not None else ()
        return code is not None and bool(places) and all(code.pieces[i].is_import for i in places)

    def _own(self, file: str, name: str, path: tuple[str, ...]) -> Iterator[Target]:
        """Yield what a name that is read in a module stands for."""
        for target in self._in_module(file, name, path, frozenset()):
            if target.kind != "missing" or target.file != file or target.name != name:
                yield target
            elif name in BUILTINS:
                yield Target("outside", name=".".join(["builtins", name, *path]))
            elif name not in _OF_EVERY_MODULE:
                yield target

    def _in_module(
        self, file: str, name: str, path: tuple[str, ...], seen: frozenset[tuple[str, str]]
    ) -> Iterator[Target]:
        code = self.project.module(file)
        if code is None:
            yield Target("module", file, file)
            return
        if (file, name) in seen:
            return
        seen |= {(file, name)}
        found = code.is_bound(name)
        if found:
            yield Target("name", file, name, path)
            for imported in (target for i in code.names.get(name, ()) for target in code.pieces[i].names[name]):
                yield from self._imported(file, imported, path, seen)
        for star in code.stars:
            for target in self._starred(file, star, name, path, seen):
                if target.kind != "outside" or target.file != "*":
                    found = True
                    yield target
                elif not found and name not in BUILTINS:
                    found = True
                    yield Target("outside", name=target.name)
        if not found:
            yield Target("missing", file, name)

    def _starred(
        self, file: str, star: Import, name: str, path: tuple[str, ...], seen: frozenset[tuple[str, str]]
    ) -> Iterator[Target]:
        """Yield what a name stands for that a star may bring; of one from outside, that it may come from there."""
        dotted = self.absolute(file, star)
        providers = self.project.files(dotted, file)
        if not providers:
            yield Target("outside", "*", ".".join([dotted, name, *path]))
        for provider in providers:
            code = self.project.module(provider)
            if code is not None and code.is_bound("__all__"):
                yield Target("listed", provider, "__all__")
            yield from (t for t in self._in_module(provider, name, path, seen) if t.kind != "missing")

    def _imported(
        self, file: str, target: Import, path: tuple[str, ...], seen: frozenset[tuple[str, str]]
    ) -> Iterator[Target]:
        if target.name != "*":
            path = (target.name, *path) if target.name else path
            yield from self._attribute(self.absolute(file, target), path, file, seen)

    def _attribute(
        self, dotted: str, path: tuple[str, ...], importer: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[Target]:
        """Yield what attributes of a module stand for."""
        files = self.project.files(dotted, importer) if dotted else ()
        if not path:
            yield from (Target("module", file, dotted) for file in files)
            if not files:
                yield Target("outside", name=dotted)
            return
        inner = f"{dotted}.{path[0]}" if dotted else path[0]
        if not files:
            yield from self._attribute(inner, path[1:], importer, seen)
            return
        submodule = bool(self.project.files(inner, importer))
        for file in files:
            if submodule and self._taken_from(file, path[0], inner):
                submodule = False
            for target in self._in_module(file, path[0], path[1:], seen):
                if target.kind != "missing" or not (submodule or path[0] in _OF_EVERY_MODULE):
                    yield target
        if submodule:
            yield from self._attribute(inner, path[1:], importer, seen)

    def _taken_from(self, package: str, name: str, inner: str) -> bool:
        """Tell whether a package binds a name to what it takes from its module of the same name."""
        code = self.project.module(package)
        pieces = [code.pieces[i] for i in code.names.get(name, ())] if code is not None else []
        imports = [target for piece in pieces if piece.is_import for target in piece.names[name]]
        return bool(pieces) and len(imports) == len(pieces) and all(
            target.name and self.absolute(package, target) == inner for target in imports
        )  # fmt: skip
