"""The project index: every step and pipeline under a folder, kept up to date cheaply.

Invariant: a file is read again only when its time or size changed, and parsed only when it mentions Stackyard. Nothing
is imported or executed. Unreadable files are left out; files that are not Python are reported as problems.
"""

from __future__ import annotations

import io
import os
import tokenize
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from pathlib import Path

from stackyard.analysis.python_source import PACKAGE, analyse_text
from stackyard.analysis.values import Definition, ModuleAnalysis, Problem
from stackyard.model.record import Record

SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "site-packages", "build", "dist", "venv", "env", "mlruns"})
MAX_FILE_BYTES = 1_000_000
"""Larger Python files are generated; they define no pipelines."""
MAX_FILES = 20_000
MAX_DEPTH = 20


class FoundPipeline(Record):
    """A pipeline of the project, with the steps it calls."""

    file: str
    definition: Definition
    steps: tuple[str, ...]
    """Functions of the project's steps, in the order of their first call."""


class FoundStep(Record):
    """A step of the project."""

    file: str
    definition: Definition


class FoundProblem(Record):
    """A problem in a file of the project."""

    file: str
    problem: Problem


class Snapshot(Record):
    """The project at a moment; sorted by file, then by line."""

    pipelines: tuple[FoundPipeline, ...] = ()
    steps: tuple[FoundStep, ...] = ()
    problems: tuple[FoundProblem, ...] = ()


class _Entry(Record, frozen=False):
    stamp: tuple[int, int]
    module: ModuleAnalysis


class ProjectIndex(Record, frozen=False):
    """Index of the Python files under a folder. Not thread-safe: one caller at a time."""

    root: Path
    _files: dict[str, _Entry] = field(default_factory=dict)

    def refresh(self, stop: Callable[[], bool] = lambda: False) -> bool:
        """Read what changed on disk since the last call.

        Args:
            stop: asked between files; True ends the refresh early, keeping what was read.

        Returns:
            Whether a file came, went or changed.
        """
        changed = False
        seen: set[str] = set()
        for path, stamp in python_files(self.root):
            if stop():
                return changed
            seen.add(path)
            entry = self._files.get(path)
            if entry is not None and entry.stamp == stamp:
                continue
            module = _read(path)
            if entry is None or entry.module != module:
                changed = True
            self._files[path] = _Entry(stamp, module)
        for path in self._files.keys() - seen:
            del self._files[path]
            changed = True
        return changed

    def snapshot(self, overlay: Mapping[str, ModuleAnalysis] | None = None) -> Snapshot:
        """Return the project, with unsaved texts (by absolute path) in place of what is on disk."""
        modules = {path: entry.module for path, entry in self._files.items()}
        modules.update(overlay or {})
        return combine(modules)


def combine(modules: Mapping[str, ModuleAnalysis]) -> Snapshot:
    """Return the project that these files make; pure."""
    ordered = sorted(modules.items())
    steps = tuple(FoundStep(path, d) for path, m in ordered for d in m.definitions if d.kind == "step")
    known = {step.definition.function for step in steps}
    pipelines = tuple(
        FoundPipeline(path, d, _steps_called(d, known))
        for path, m in ordered
        for d in m.definitions
        if d.kind == "pipeline"
    )
    problems = tuple(FoundProblem(path, problem) for path, m in ordered for problem in m.problems)
    return Snapshot(pipelines, steps, problems)


def _steps_called(pipeline: Definition, known: set[str]) -> tuple[str, ...]:
    """Return the steps among the calls: of ``steps.load.with_options(...)(...)`` it is ``load``."""
    found: dict[str, None] = {}
    for names in pipeline.calls:
        step = next((name.original for name in names if name.original in known), None)
        if step is not None:
            found[step] = None
    return tuple(found)


def python_files(root: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield path and (modification time in ns, size) of the Python files that may belong to the project.

    Hidden folders, environments, dependencies and folders that the root's ``.gitignore`` names plainly are left out;
    symbolic links to folders are not followed.
    """
    ignored = _ignored_folders(root)
    count = 0
    stack = [(os.fspath(root), 0)]
    while stack:
        folder, depth = stack.pop()
        entries = _entries(folder)
        if depth and any(e.name == "pyvenv.cfg" for e in entries):
            continue
        for entry in entries:
            if _is_folder(entry):
                if depth < MAX_DEPTH and not _is_skipped(entry, ignored):
                    stack.append((entry.path, depth + 1))
                continue
            stamp = _stamp(entry)
            if stamp is not None:
                count += 1
                if count > MAX_FILES:
                    return
                yield entry.path, stamp


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda e: e.name)
    except OSError:
        return []  # It went away, or may not be looked into.


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _stamp(entry: os.DirEntry[str]) -> tuple[int, int] | None:
    """Return time and size of a Python file that is worth reading, or None."""
    if not entry.name.endswith(".py") or entry.name.startswith("."):
        return None
    try:
        info = entry.stat()
        if not entry.is_file() or info.st_size > MAX_FILE_BYTES:
            return None
    except OSError:
        return None
    return info.st_mtime_ns, info.st_size


def belongs(root: Path, path: str) -> bool:
    """Tell whether a file lies where the index looks: under the root, in no folder that is left out."""
    try:
        folders = Path(path).relative_to(root).parts[:-1]
    except ValueError:
        return False
    return not any(name.startswith(".") or name in SKIPPED_FOLDERS for name in folders)


def _is_skipped(entry: os.DirEntry[str], ignored: frozenset[str]) -> bool:
    name = entry.name
    return name.startswith(".") or name in SKIPPED_FOLDERS or name.endswith(".egg-info") or entry.path in ignored


def _ignored_folders(root: Path) -> frozenset[str]:
    """Return the folders that ``.gitignore`` names without wildcards, as far as they lie at the root."""
    try:
        lines = (root / ".gitignore").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    names = (line.strip().strip("/") for line in lines if not line.lstrip().startswith(("#", "!")))
    return frozenset(os.fspath(root / name) for name in names if name and not set(name) & set("*?[\\"))


def _read(path: str) -> ModuleAnalysis:
    try:
        data = Path(path).read_bytes()
    except OSError:
        return ModuleAnalysis()
    if PACKAGE.encode() not in data:
        return ModuleAnalysis()
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        return ModuleAnalysis(problems=(Problem(1, f"The file can't be read as text: {error}."),))
    return analyse_text(text)
