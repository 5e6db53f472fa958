"""What a step's cache policy adds to its key: files, code that it names, the answer of a function.

Runs in the driver. A run reads each file once, and again when it changed.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stackyard.engine.code_digest import CodeDigests
from stackyard.engine.tracebacks import step_error
from stackyard.model.digest import PREFIX, digest_bytes
from stackyard.model.errors import Location, OptionError
from stackyard.model.graph import StepSource, StepSpec
from stackyard.model.options import CachePolicy

_GLOB = frozenset("*?[")
_CHUNK = 1 << 20


class DependencyError(Exception):
    """A policy, hook or materializer names what is not there; the text says what, without a full stop."""


class PolicyDigests:
    """The digests of what cache policies name, for one run."""

    def __init__(self, source_root: Path, code: CodeDigests) -> None:
        """Read nothing yet.

        Args:
            source_root: what file dependencies are relative to.
            code: digests the code of source dependencies.
        """
        self._root = source_root
        self._code = code
        self._files: dict[Path, tuple[tuple[int, int, int], str]] = {}
        """File to its inode, size and time, and its digest then: a step may write what a later one depends on."""

    def of(self, spec: StepSpec, policy: CachePolicy) -> tuple[dict[str, str], dict[str, str]]:
        """Return what counts by the policy: code (file to digest), and the rest (what it is to digest).

        Raises:
            OptionError: something that the policy names is not there, or its function failed.
        """
        try:
            code: dict[str, str] = {}
            for name in policy.source_dependencies or []:
                code.update({f"{name}:{part}": d for part, d in self._code.of(_source_of(name)).items()})
            rest = {
                f"file {label}": self._file(path)
                for label, path in resolve_files(policy.file_dependencies or [], self._root)
            }
            if policy.cache_func:
                rest[f"result of {policy.cache_func}"] = digest_bytes(_answer_of(policy.cache_func).encode())
        except DependencyError as error:
            raise OptionError(
                f"The cache policy of step {spec.name!r} can't be followed: {error}.",
                hint="Correct the policy, or switch the step's cache off: enable_cache=False",
                location=Location(spec.file, spec.line) if spec.file else None,
            ) from error
        return code, rest

    def _file(self, path: Path) -> str:
        digest = hashlib.sha256()
        try:
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                state = (found.st_ino, found.st_size, found.st_mtime_ns)
                known = self._files.get(path)
                if known is not None and known[0] == state:
                    return known[1]
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        except OSError as error:
            raise DependencyError(f"the file {path} can't be read: {error.strerror or error}") from error
        self._files[path] = (state, PREFIX + digest.hexdigest())
        return self._files[path][1]


def resolve_files(names: Iterable[str], root: Path) -> list[tuple[str, Path]]:
    """Return the files that file dependencies mean, each once: what it is called, and its path.

    Args:
        names: files, folders (all files in them) and patterns (``data/*.csv``, ``**/*.sql``).
        root: what they are relative to.

    Raises:
        DependencyError: a name leads to no file.
    """
    found: dict[str, Path] = {}
    for name in names:
        paths = [p for p in _paths_of(name, root) if p.is_file()]
        if not paths:
            raise DependencyError(f"there is no file {name!r} in {root}")
        for path in paths:
            label = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
            found[label] = path
    return sorted(found.items())


def _paths_of(name: str, root: Path) -> Iterable[Path]:
    path = root / name  # an absolute name stays as it is
    if path.is_dir():
        return (Path(folder, file) for folder, _, files in os.walk(path) for file in files)
    if not _GLOB & set(name) or path.exists():
        return [path]
    if Path(name).is_absolute():
        anchor = Path(path.anchor)
        return anchor.glob(str(path.relative_to(anchor)))
    try:
        return list(root.glob(name))
    except ValueError as error:
        raise DependencyError(f"{name!r} is no pattern of files: {error}") from error


def find_object(source: str) -> Any:
    """Import what a source text names: ``module``, ``module.name`` or ``module:Class.name``.

    Raises:
        DependencyError: it can't be imported.
    """
    module, colon, name = source.partition(":")
    parts = module.split(".") if not colon else []
    problem = f"there is no module {module.split('.')[0]!r}"
    for length in range(len(parts), 0, -1) if parts else [0]:
        path = ".".join(parts[:length]) if parts else module
        try:
            found: Any = importlib.import_module(path)
        except ModuleNotFoundError as error:
            if error.name is not None and path != error.name and not path.startswith(f"{error.name}."):
                raise DependencyError(f"the module {path!r} needs {error.name!r}, which is not installed") from error
            continue
        except Exception as error:  # importing a module of the user's can raise anything
            said = step_error(error)
            raise DependencyError(f"the module {path!r} can't be imported: {said.type}: {said.message}") from error
        for part in parts[length:] if parts else name.split("."):
            if not hasattr(found, part):
                problem = f"{path} has no {part!r}"
                break
            found = getattr(found, part)
        else:
            return found
        break
    raise DependencyError(problem)


def _source_of(name: str) -> StepSource:
    found = inspect.unwrap(getattr(found, "function", found)) if callable(found := find_object(name)) else found
    module = str(getattr(found, "__module__", None) or getattr(found, "__name__", name))
    try:
        file = inspect.getsourcefile(found) or ""
        # What was typed into a notebook has a text, but no file.
        text = "" if Path(file).is_file() else inspect.getsource(found)
    except (TypeError, OSError) as error:
        raise DependencyError(f"{name!r} has no Python source") from error
    return StepSource(module=module, qualname=getattr(found, "__qualname__", ""), file=file, pickled=text)


def _answer_of(name: str) -> str:
    function = find_object(name)
    if not callable(function):
        raise DependencyError(f"cache_func {name!r} can't be called")
    try:
        answer = function()
    except (Exception, SystemExit) as error:  # it is the user's function
        said = step_error(error)
        place = f" ({said.file}:{said.line})" if said.file else ""
        raise DependencyError(f"cache_func {name!r} failed: {said.type}: {said.message}{place}") from error
    return str(answer)
