"""The files of a project as its modules find them, each read and parsed once."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from stackyard.analysis.module_code import ModuleCode, UnreadableCodeError
from stackyard.authoring.frames import PACKAGE_FOLDER

_OUTSIDE = tuple(
    {
        str(Path(path).resolve())
        for key, path in sysconfig.get_paths().items()
        if key in ("stdlib", "platstdlib", "purelib", "platlib") and path
    }
)
_PACKAGE = f"{os.sep}__init__.py"
_NOT_CODE = frozenset({"node_modules", "site-packages", "dist-packages", "__pycache__", "venv"})

_parsed: dict[tuple[str, bool], tuple[bytes, ModuleCode | None]] = {}
"""File, and whether it is the program, to its content and what that says, for all runs of this process."""


class ProjectFiles:
    """Finds the modules of one project: those that are loaded where they are, others below its roots."""

    def __init__(self, roots: list[Path], *, main: str = "") -> None:
        """Look below roots.

        Args:
            roots: folders of project code, resolved.
            main: the file that runs as the program, if there is one.
        """
        self._roots = [str(root) for root in roots]
        self._prefixes = tuple(root.rstrip(os.sep) + os.sep for root in self._roots)
        self._main = main
        self._modules: dict[str, ModuleCode | None] = {}
        self._data: dict[str, bytes] = {}
        self._found: dict[tuple[str, str], tuple[str, ...]] = {}
        self._is_project: dict[str, bool] = {}
        self._below: list[str] | None = None
        self._by_file: dict[str, ModuleType] | None = None
        self._modules_seen = 0

    def module(self, file: str) -> ModuleCode | None:
        """Return a file's code; None: it can't be parsed."""
        if file not in self._modules:
            self._modules[file] = _parse(file, self.data(file), main=file == self._main)
        return self._modules[file]

    def data(self, file: str) -> bytes:
        """Return a file's content; nothing if it can't be read (importing it says so properly)."""
        if file not in self._data:
            try:
                self._data[file] = Path(file).read_bytes()
            except OSError:
                self._data[file] = b""
        return self._data[file]

    def files(self, dotted: str, importer: str) -> tuple[str, ...]:
        """Return the project's files that a module's absolute name means; none: it lies outside."""
        key = (dotted, importer.rpartition(os.sep)[0])
        if key not in self._found:
            self._found[key] = tuple(dict.fromkeys(self._find(dotted, importer)))
        return self._found[key]

    def package_of(self, file: str) -> tuple[str, ...]:
        """Return the parts of the name of a file's package."""
        module = self.loaded_module(file)
        if module is not None and module.__name__ != "__main__":
            name = module.__name__.split(".")
            return tuple(name if file.endswith(_PACKAGE) else name[:-1])
        parts: list[str] = []
        folder = Path(file).parent
        while (folder / "__init__.py").is_file():
            parts.insert(0, folder.name)
            folder = folder.parent
        return tuple(parts)

    def all_files(self) -> Iterable[str]:
        """Yield every project file below the roots: what a computed import may load."""
        for root in self._roots:
            for folder, folders, files in os.walk(root):
                folders[:] = [f for f in folders if not f.startswith(".") and f not in _NOT_CODE]
                for name in files:
                    path = str(Path(folder, name))
                    if self.is_project(path):
                        yield path

    def loaded(self) -> Iterable[str]:
        """Return the project's files below the roots that were imported in this process when it was first asked."""
        if self._below is None:
            self._below = [file for file in self._loaded() if self._is_below(file) and self.is_project(file)]
        return self._below

    def loaded_module(self, file: str) -> ModuleType | None:
        """Return the module that a file is loaded as, or None."""
        if file not in self._loaded() and len(sys.modules) != self._modules_seen:
            self._by_file = None  # a cache policy names what nobody had imported
        return self._loaded().get(file)

    def file_of(self, module: str) -> str | None:
        """Return the file of a module that is loaded; None: it is none of the project, or has no file."""
        file = getattr(sys.modules.get(module), "__file__", None)
        path = str(Path(file).resolve()) if isinstance(file, str) else ""
        return path if path and self.is_project(path) else None

    def is_project(self, file: str) -> bool:
        """Tell whether a file is project code: none of ours, of installed packages or of the standard library."""
        if file not in self._is_project:
            mine = file.endswith(".py") and not file.startswith(PACKAGE_FOLDER)
            mine = mine and not any(f"{os.sep}{name}{os.sep}" in file for name in ("site-packages", "dist-packages"))
            self._is_project[file] = mine and (self._is_below(file) or not file.startswith(_OUTSIDE))
        return self._is_project[file]

    def _is_below(self, file: str) -> bool:
        return file.startswith(self._prefixes)

    def _loaded(self) -> dict[str, ModuleType]:
        if self._by_file is None:
            self._by_file, self._modules_seen = {}, len(sys.modules)
            for name, module in list(sys.modules.items()):
                file = getattr(module, "__file__", None)
                if isinstance(file, str) and file.endswith(".py") and isinstance(module, ModuleType):
                    # Of a file that is both the program and a module, the module tells its package.
                    if name == "__main__":
                        self._by_file.setdefault(file, module)
                    else:
                        self._by_file[file] = module
        return self._by_file

    def _find(self, dotted: str, importer: str) -> Iterable[str]:
        parts = dotted.split(".")
        if not all(parts):
            return
        for length in {1, len(parts)}:
            known = getattr(sys.modules.get(".".join(parts[:length])), "__file__", None)
            if isinstance(known, str):
                path = str(Path(known).resolve())
                if not self.is_project(path):
                    return
                if length == len(parts):
                    yield path
                    return
        for base in self._places(parts, importer):
            for candidate in (base / "__init__.py", base.with_name(f"{base.name}.py")):
                if candidate.is_file():
                    path = str(candidate.resolve())
                    if self.is_project(path):
                        yield path

    def _places(self, parts: list[str], importer: str) -> list[Path]:
        """Return where a module may lie, its name without an ending."""
        places = [Path(folder, *parts) for folder in (*self._roots, importer.rpartition(os.sep)[0])]
        if len(parts) > 1:
            packages = self.files(".".join(parts[:-1]), importer)
            places += [Path(file[: -len(_PACKAGE)], parts[-1]) for file in packages if file.endswith(_PACKAGE)]
        return places


def _parse(file: str, data: bytes, *, main: bool) -> ModuleCode | None:
    known = _parsed.get((file, main))
    if known is None or known[0] != data:
        try:
            code = ModuleCode(data, main=main)
        except UnreadableCodeError:
            code = None
        known = _parsed[file, main] = (data, code)
    return known[1]
