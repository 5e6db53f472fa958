"""The code that a step depends on: its module and every project module imported from there, as normalised syntax.

Comments, formatting and docstrings do not count. Whole modules count, so an edit elsewhere in a module is a needless
miss; what is imported from outside of the project (installed packages, the standard library) does not count.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from stackyard.authoring.frames import PACKAGE_FOLDER
from stackyard.model.digest import PREFIX, digest_bytes
from stackyard.model.graph import StepSource

_OUTSIDE = tuple(
    {
        str(Path(path).resolve())
        for key, path in sysconfig.get_paths().items()
        if key in ("stdlib", "platstdlib", "purelib", "platlib") and path
    }
)


_DYNAMIC_IMPORTS = frozenset({"__import__", "import_module", "run_path", "run_module"})
_NOT_CODE = frozenset({"node_modules", "site-packages", "dist-packages", "__pycache__", "venv"})


class CodeDigests:
    """Digests of the modules of one project, each read once."""

    def __init__(self, roots: Iterable[str]) -> None:
        """Remember where modules are looked for that are not loaded.

        Args:
            roots: folders of project code, the most specific name in messages first.
        """
        self._roots = [Path(root).resolve() for root in roots if root]
        self._digests: dict[Path, str] = {}
        self._imports: dict[Path, frozenset[Path]] = {}
        self._names: dict[Path, set[str]] = {}
        self._known: dict[tuple[str, str, str], dict[str, str]] = {}

    @property
    def root(self) -> Path:
        """Return the most specific root: the folder that modules of the project count from."""
        return self._roots[0] if self._roots else Path.cwd()

    def of(self, source: StepSource) -> dict[str, str]:
        """Return file (relative to its root) to digest, for the step's file and all it imports from the project.

        A function without a file (a notebook cell, ``python -c``) counts by its pickled form; one that is defined in
        another function counts by both.
        """
        key = (source.file, source.qualname, source.pickled)
        if key not in self._known:
            self._known[key] = self._parts(source)
        return self._known[key]

    def _parts(self, source: StepSource) -> dict[str, str]:
        identity = digest_bytes(source.qualname.encode())
        path = Path(source.file)
        if not source.file or not path.is_file():
            return {"<step>": digest_bytes((source.pickled or source.qualname).encode())}
        parts = {"<step>": identity}
        if source.pickled and ("<locals>" in source.qualname or "<lambda>" in source.qualname):
            # Which of several functions of that name it is, and what it took from around it, no file tells.
            parts["<closure>"] = digest_bytes(source.pickled.encode())
        for file in sorted(self._closure(path.resolve())):
            label, digest = self._label(file), self._digests[file]
            # Two files of one label (in two roots) count both.
            parts[label] = digest_bytes((parts[label] + digest).encode()) if label in parts else digest
        return parts

    def imports_of(self, file: Path) -> set[str]:
        """Return the dotted names that a file and the project modules below it import."""
        names: set[str] = set()
        for found in self._closure(file.resolve()):
            names |= self._names[found]
        return names

    def _closure(self, start: Path) -> set[Path]:
        found: set[Path] = set()
        pending = [start]
        while pending:
            file = pending.pop()
            if file in found:
                continue
            found.add(file)
            self._read(file)
            pending.extend(self._imports[file])
        return found

    def _read(self, file: Path) -> None:
        if file in self._digests:
            return
        data = file.read_bytes()
        try:
            tree = ast.parse(data)
        except (SyntaxError, ValueError, RecursionError):  # a broken module: its import fails with a better message
            self._digests[file], self._imports[file], self._names[file] = digest_bytes(data), frozenset(), set()
            return
        self._names[file] = set()
        self._imports[file] = frozenset(self._project_imports(tree, file))
        try:
            self._digests[file] = _tree_digest(tree)
        except (ValueError, RecursionError):  # numbers of thousands of digits, very deep expressions
            self._digests[file] = digest_bytes(data)

    def _project_imports(self, tree: ast.Module, file: Path) -> Iterable[Path]:
        package = self._package_of(file)
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parts = package[: len(package) - node.level + 1]
                    base = ".".join([*parts, base] if base else parts)
                names = [base, *(f"{base}.{alias.name}" if base else alias.name for alias in node.names)]
            elif isinstance(node, ast.Call) and _called(node) in _DYNAMIC_IMPORTS:
                constant = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
                if not isinstance(constant, str) or constant.startswith("."):
                    yield from self._all_files()
                    continue
                names = [constant]
            self._names[file].update(names)
            for name in names:
                yield from self._files_of(name, file)

    def _all_files(self) -> Iterable[Path]:
        """Yield every project file below the roots: what a computed import may load."""
        for root in self._roots:
            for folder, folders, files in os.walk(root):
                folders[:] = [f for f in folders if not f.startswith(".") and f not in _NOT_CODE]
                for name in files:
                    path = Path(folder, name)
                    if self._is_project(path):
                        yield path

    def _files_of(self, name: str, importer: Path) -> Iterable[Path]:
        """Yield the project files that importing a dotted name runs, its packages included."""
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            module = sys.modules.get(".".join(parts[:length]))
            known = getattr(module, "__file__", None)
            if known:
                path = Path(known).resolve()
                if self._is_project(path):
                    yield path
                elif length == 1:
                    return
                continue
            for root in [*self._roots, importer.parent]:
                base = root.joinpath(*parts[:length])
                for candidate in (base.with_suffix(".py"), base / "__init__.py"):
                    if candidate.is_file() and self._is_project(candidate.resolve()):
                        yield candidate.resolve()

    def _package_of(self, file: Path) -> list[str]:
        for module in list(sys.modules.values()):
            if getattr(module, "__file__", None) and module.__name__ != "__main__":
                try:
                    same = Path(str(module.__file__)) == file
                except TypeError:
                    continue
                if same:
                    name = module.__name__.split(".")
                    return name if file.name == "__init__.py" else name[:-1]
        parts: list[str] = []
        folder = file.parent
        while (folder / "__init__.py").is_file():
            parts.insert(0, folder.name)
            folder = folder.parent
        return parts

    def _is_project(self, path: Path) -> bool:
        text = str(path)
        if path.suffix != ".py" or text.startswith(PACKAGE_FOLDER):
            return False
        if "site-packages" in path.parts or "dist-packages" in path.parts:
            return False
        return any(path.is_relative_to(root) for root in self._roots) or not text.startswith(_OUTSIDE)

    def _label(self, file: Path) -> str:
        for root in self._roots:
            if file.is_relative_to(root):
                return file.relative_to(root).as_posix()
        return file.name


def _called(node: ast.Call) -> str:
    """Return the last part of what is called: ``import_module`` of ``importlib.import_module(...)``."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _tree_digest(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            body = node.body
            first = body[0] if body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = body[1:] or [ast.Pass()]
    text = ast.dump(tree, annotate_fields=False, include_attributes=False)
    return PREFIX + hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()
