"""All the project code that a function may use, by name: a needless name is allowed, a missing one is a bug.

From the function on, every name leads to what it stands for, in whatever module. Importing a module runs all of it, so
statements with effects count for every function whose module imports it. Where a name can't be resolved, or the code
looks names up by itself, whole modules count, with what they import by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from stackyard.analysis.closed_types import ClosedTypes
from stackyard.analysis.code_names import Import, Reads, Reference
from stackyard.analysis.code_quiet import Quiet
from stackyard.analysis.code_targets import Project, Targets
from stackyard.model.record import Record

MODULE = "<module>"
"""Stands for the statements of a module that have effects, as in Python's tracebacks."""
PROGRAM = "<main>"
"""All that a main guard holds, for who reads a name of it."""
ORDER = "<order>"
"""Stands for the places of a module's names among what may change them while it is imported."""

_SEEING = ("sys.modules", "gc.", "inspect.stack", "inspect.currentframe", "inspect.getmodule", "inspect.getmembers",
           "pkgutil.", "sys._getframe", "importlib.reload")  # fmt: skip
"""What outside of the project gives access to any module that is loaded."""
_NAMING = ("numexpr.",)
"""What outside of the project finds variables of its caller by their names in a text."""
_LOADERS = frozenset({"load", "loads", "get_artifact", "get_artifact_version", "read_pickle", "Unpickler"})
"""What may bring objects of classes that the code does not name."""
_UNCALLED = frozenset(
    {"__init__", "__slots__", "__doc__", "__module__", "__match_args__", "__annotations__", "__init_subclass__"}
    | {"__class_getitem__", "__all__"}
)
"""Special names of a class that nobody calls on an object that exists."""

Name = tuple[str, str]
"""A file and a name of its module."""


class _Step(Record):
    """What code leads to."""

    names: tuple[Name, ...]
    whole: tuple[tuple[str, str], ...]
    """Files whose whole module counts, with the reason."""
    executed: tuple[str, ...]
    doubts: tuple[tuple[str, str], ...]
    attributes: frozenset[str]


class Reach(Record, frozen=False):
    """What a function may use."""

    names: set[Name] = field(default_factory=set)
    whole: dict[str, str] = field(default_factory=dict)
    """File to the reason why all of it counts."""
    executed: set[str] = field(default_factory=set)
    """Files of the modules that are imported."""
    begun: set[Name] = field(default_factory=set)
    """Where it began, and the classes whose objects may come in."""
    source: str = ""
    """Why the text counts, comments and docstrings included; empty: it does not."""


class CodeReach:
    """Follows names through a project; each once."""

    def __init__(self, project: Project) -> None:
        """Follow nothing yet."""
        self.targets = Targets(project)
        self.quiet = Quiet(self.targets)
        self._project = project
        self._types = ClosedTypes(self.targets)
        self._steps: dict[Name, _Step] = {}
        self._whole: dict[str, _Step] = {}
        self._executions: dict[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {}

    def of(self, names: list[Name], whole: dict[str, str], *, open_function: Name | None = None) -> Reach:
        """Return all that code may use.

        Args:
            names: where it begins: files and names of their modules.
            whole: modules of which all counts, with the reason.
            open_function: the function whose parameters tell whether objects of classes that no code names may come
                in; None: they may.
        """
        walk = _Walk(self, names, whole)
        is_closed = open_function is not None and self._types.is_closed(*open_function)
        while walk.go_on():
            if (not is_closed or walk.attributes & _LOADERS) and walk.add_classes():
                continue
            if not walk.add_doubts():
                break
        return walk.reach

    def read(self, reach: Reach) -> set[Name]:
        """Return the names that the function itself may read: none that only statements with effects lead to."""
        found: set[Name] = set()
        pending = list(reach.begun)
        for file in reach.whole:
            pending.extend(self.step_of_whole(file).names)
        while pending:
            name = pending.pop()
            if name not in found and name[1] != MODULE:
                found.add(name)
                pending.extend(self.step(name).names)
        return found

    def step(self, name: Name) -> _Step:
        """Return what a name of a module leads to."""
        if name not in self._steps:
            file, unit = name
            code = self._project.module(file)
            reads = Reads()
            if code is None:
                self._steps[name] = self._step_of(file, reads)
            elif unit == PROGRAM:
                for i in code.guarded:
                    reads.add(code.pieces[i].reads())
                self._steps[name] = self._step_of(file, reads)
            elif unit == MODULE:
                for i in self.quiet.loud(file):
                    reads.add(code.pieces[i].reads())
                    reads.references.update(dict.fromkeys(Reference(name) for name in code.pieces[i].names))
                self._steps[name] = self._step_of(file, reads)
            else:
                for i in code.names.get(unit, ()):
                    reads.add(code.pieces[i].reads(unit))
                for writer in code.writers(unit):
                    reads.references[Reference(writer)] = None
                # An import's name leads on by itself only when all of the module counts; else its readers say how.
                self._steps[name] = self._step_of(file, reads)
                if unit in self.quiet.program_names(file):
                    found = self._steps[name]
                    self._steps[name] = found.replace(names=(*found.names, (file, PROGRAM)))
        return self._steps[name]

    def step_of_whole(self, file: str) -> _Step:
        """Return what a module of which all counts leads to."""
        if file not in self._whole:
            code = self._project.module(file)
            reads = Reads()
            for piece in code.pieces if code is not None else ():
                reads.add(piece.reads())
            for name in code.names if code is not None else ():
                reads.references[Reference(name)] = None
            for star in code.stars if code is not None else ():
                reads.references[Reference(Import(star.module, star.level))] = None
            self._whole[file] = self._step_of(file, reads)
        return self._whole[file]

    def execution(self, file: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """Return what importing a module runs besides it, and the modules that have not what it wants of them."""
        if file not in self._executions:
            package, code = self._project.package_of(file), self._project.module(file)
            found: dict[str, None] = {}
            for length in range(1, len(package) + 1):
                found.update(dict.fromkeys(self._project.files(".".join(package[:length]), file)))
            imports = code.imports if code is not None else []
            for target in imports:
                found.update(dict.fromkeys(self.targets.executed(file, target)))
            self._executions[file] = (tuple(found), tuple(self.missing(file, imports)))
        return self._executions[file]

    def missing(self, file: str, imports: list[Import]) -> Iterator[tuple[str, str]]:
        """Yield the modules that have not what is imported from them, with the reason why they count."""
        for target in imports:
            if target.name not in ("", "*"):
                for found in self.targets.of(file, Reference(target)):
                    if found.kind == "missing":
                        yield found.file, f"it has no {found.name!r}"

    def _step_of(self, file: str, reads: Reads) -> _Step:
        names: dict[Name, None] = {}
        whole: dict[tuple[str, str], None] = {}
        doubts = [(doubt, reason) for doubt, reason in reads.doubts.items() if doubt != "module"]
        if "module" in reads.doubts:
            whole[file, reads.doubts["module"]] = None
        for reference in reads.references:
            for target in self.targets.of(file, reference):
                if target.kind in ("name", "listed"):
                    names[target.file, target.name] = None
                elif target.kind == "outside":
                    if any(target.name.startswith(name) for name in _SEEING):
                        doubts.append(("all", f"{target.name} is used"))
                    elif target.name.startswith(_NAMING):
                        whole[file, f"{target.name} is used"] = None
                elif not reference.soft:
                    used = f"the module {target.name} is used as a value"
                    unknown = f"the name {target.name!r} is not defined in it"
                    whole[target.file, used if target.kind == "module" else unknown] = None
        executed = dict.fromkeys(one for target in reads.imports for one in self.targets.executed(file, target))
        whole.update(dict.fromkeys(self.missing(file, list(reads.imports))))
        attributes = frozenset(reads.attributes)
        return _Step(tuple(names), tuple(whole), tuple(executed), tuple(doubts), attributes)


class _Walk:
    """One walk from a function through all that it may use."""

    def __init__(self, code: CodeReach, names: list[Name], whole: dict[str, str]) -> None:
        self.reach = Reach(begun=set(names))
        self.attributes: set[str] = set()
        self._code = code
        self._project = code.targets.project
        self._pending: list[Name] = list(names)
        self._pending_whole = dict(whole)
        self._doubts: dict[str, str] = {}

    def go_on(self) -> bool:
        """Follow all that is known to be used; return True."""
        reach = self.reach
        while self._pending or self._pending_whole:
            while self._pending_whole:
                file, reason = self._pending_whole.popitem()
                if file not in reach.whole:
                    reach.whole[file] = reason
                    self._execute(file)
                    self._take(self._code.step_of_whole(file))
            while self._pending:
                name = self._pending.pop()
                if name not in reach.names:
                    reach.names.add(name)
                    self._execute(name[0])
                    self._take(self._code.step(name))
        return True

    def _take(self, step: _Step) -> None:
        self._pending.extend(step.names)
        for file, reason in step.whole:
            self._pending_whole.setdefault(file, reason)
        for file in step.executed:
            self._execute(file)
        for doubt, reason in step.doubts:
            self._doubts.setdefault(doubt, reason)
        self.attributes |= step.attributes

    def _execute(self, file: str) -> None:
        pending = [file]
        while pending:
            one = pending.pop()
            if one in self.reach.executed:
                continue
            self.reach.executed.add(one)
            self._pending.append((one, MODULE))
            if self._project.module(one) is None:
                self._pending_whole.setdefault(one, "it can't be parsed")
            files, missing = self._code.execution(one)
            pending.extend(files)
            for other, reason in missing:
                self._pending_whole.setdefault(other, reason)

    def add_classes(self) -> bool:
        """Add classes whose members are used of objects that may be of any class; return whether there are more."""
        files = self.reach.executed | set(self._project.loaded())
        for file in sorted(files - self.reach.whole.keys()):
            code = self._project.module(file)
            for name, members in code.classes.items() if code is not None else ():
                used = members & self.attributes or {m for m in members if m[:2] == m[-2:] == "__"} - _UNCALLED
                if used and (file, name) not in self.reach.names and name in code.names:  # type: ignore[union-attr]
                    self._pending.append((file, name))
                    self.reach.begun.add((file, name))
        return bool(self._pending)

    def add_doubts(self) -> bool:
        """Let whole modules count where code uses what can't be read from it; return whether there are more."""
        files = dict.fromkeys(self.reach.executed, "")
        reason = self._doubts.get("files", "")
        if reason:
            files.update(dict.fromkeys(self._project.all_files(), reason))
        elif reason := self._doubts.get("all") or self._doubts.get("source", ""):
            pass
        else:
            return False
        self.reach.source = self._doubts.get("source", "")
        self._pending_whole.update({file: reason for file in files if file not in self.reach.whole})
        return bool(self._pending_whole)
