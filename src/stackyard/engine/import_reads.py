"""Files that a module reads while it is imported, where no value shows what was read.

What a statement puts into the environment, a seed or a setting of a package is no value of a name, and a module that
only a step imports has no values in the driver. There the files count that such code names in a text, if it reads.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from stackyard.analysis.code_names import Reference
from stackyard.analysis.code_targets import Project, Targets
from stackyard.analysis.import_effects import chain_of
from stackyard.engine.live_values import MOST_BYTES
from stackyard.model.digest import digest_value
from stackyard.storage.version_writer import digest_of, identity_of

_READERS = frozenset(
    {"read", "read_text", "read_bytes", "readline", "readlines", "load", "safe_load", "loadtxt", "genfromtxt"}
    | {"load_dotenv", "dotenv_values", "fileConfig", "imread", "parse"}
)
_READING = "read_"
"""What the names of functions begin with that read: ``read_csv``."""
_INITIALISERS = frozenset({"__init__", "__new__", "__post_init__"})
_LONGEST_NAME = 1000


class ImportReads:
    """Finds such files; each statement once."""

    def __init__(self, project: Project, targets: Targets, roots: Iterable[Path]) -> None:
        """Look at nothing yet; names of files count from the working folder, their module's and the roots."""
        self._project = project
        self._targets = targets
        self._roots = [Path.cwd(), *roots]
        self._digests: dict[Path, str] = {}

    def of(self, file: str, statements: Iterable[ast.stmt]) -> dict[str, str]:
        """Return name to digest of the files that statements of a module read, by themselves or by what they call."""
        found: dict[str, str] = {}
        for where, node in self._run(file, statements):
            calls = [inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)]
            if not any(_reads(function) for function in calls):
                continue
            for inner in ast.walk(node):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    found.update(self._named(where, inner.value))
        return found

    def _run(self, file: str, statements: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
        """Yield statements, and the functions of the project that they call, with their files."""
        pending = [(file, statement) for statement in statements]
        seen: set[int] = set()
        while pending:
            where, node = pending.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield where, node
            for call in [inner for inner in ast.walk(node) if isinstance(inner, ast.Call)]:
                chain = chain_of(call.func)
                for target in self._targets.of(where, Reference(chain[0].id, chain[1])) if chain is not None else ():
                    code = self._project.module(target.file) if target.kind == "name" else None
                    places = code.names.get(target.name, ()) if code is not None else ()
                    for definition in [code.pieces[i].node for i in places] if code is not None else []:
                        pending.extend((target.file, body) for body in _bodies(definition))

    def _named(self, file: str, name: str) -> Iterator[tuple[str, str]]:
        if not name or len(name) > _LONGEST_NAME or "\0" in name or "\n" in name:
            return
        for folder in dict.fromkeys([*self._roots, Path(file).parent]):
            path = folder / name
            try:
                if path not in self._digests:
                    self._digests[path] = _digest(path) if path.is_file() else ""
            except OSError:
                self._digests[path] = ""
            if self._digests[path]:
                yield name, self._digests[path]
                return


def _digest(path: Path) -> str:
    """Return what stands for a file's content; of a very large one, what tells this very file from any other."""
    found = path.stat()
    return digest_of(path) if found.st_size <= MOST_BYTES else digest_value("file/1", list(identity_of(found)))


def _reads(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in _READERS or name.startswith(_READING)


def _bodies(definition: ast.stmt) -> list[ast.stmt]:
    """Return the functions that a call of a definition runs."""
    if isinstance(definition, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return [definition]
    members = definition.body if isinstance(definition, ast.ClassDef) else []
    return [m for m in members if isinstance(m, ast.FunctionDef) and m.name in _INITIALISERS]
