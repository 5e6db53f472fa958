"""Importing a pipeline file in the user's interpreter, and picking a pipeline in it."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
from dataclasses import field
from pathlib import Path
from types import ModuleType
from typing import Any

from stackyard.authoring.pipeline import PipelineDefinition
from stackyard.engine.tracebacks import step_error, user_traceback
from stackyard.model.errors import (
    Location,
    PipelineLoadError,
    PipelineNotFoundError,
    StackyardError,
    UsageError,
)
from stackyard.model.names import BY_VALUE_MODULE, did_you_mean
from stackyard.model.record import Record
from stackyard.storage.host import reason_of
from stackyard.storage.projects import Project


class CalledWhileLoadingError(Exception):
    """The file runs a pipeline when it is imported: it is a script without a main guard."""


class LoadedFile(Record, frozen=False):
    """A pipeline file that was imported."""

    path: Path
    source_root: Path
    pipelines: dict[str, PipelineDefinition] = field(default_factory=dict)
    """Function name to pipeline, in the order of the file."""


def split_target(target: str) -> tuple[str, str | None]:
    r"""Split ``FILE:FUNCTION`` at the last colon; ``C:\x.py`` is a file."""
    file, colon, function = target.rpartition(":")
    if colon and function.isidentifier() and not (len(file) == 1 and os.name == "nt"):
        return file, function
    return target, None


def read_source(path: Path) -> ast.Module:
    """Return the syntax tree of a pipeline file.

    Raises:
        PipelineLoadError: it can't be read, or has a syntax error.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        what = "There is no file" if isinstance(error, FileNotFoundError) else f"{reason_of(error).capitalize()}:"
        raise PipelineLoadError(f"{what} {path}.", hint="Give the path of a Python file with a @pipeline.") from error
    try:
        return ast.parse(data, filename=str(path))
    except SyntaxError as error:
        raise PipelineLoadError(
            f"{path} has a syntax error: {error.msg}.",
            hint="Mend it and run again.",
            location=Location(str(path), error.lineno or 0, error.offset or 0),
        ) from error
    except ValueError as error:
        raise PipelineLoadError(f"{path} is no Python source: {error}.", hint="Give a Python file.") from error


def has_main_guard(tree: ast.Module) -> bool:
    """Tell whether a file has ``if __name__ == "__main__":`` at its top level."""
    return any(
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Compare)
        and any(isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test))
        for node in tree.body
    )


def load_file(path: Path, project: Project) -> LoadedFile:
    """Import a pipeline file as the module that it is in its project.

    Args:
        path: absolute path of the file.
        project: tells the source root.

    Raises:
        PipelineLoadError: it can't be read or imported; says at which line of the user's code.
        CalledWhileLoadingError: it runs a pipeline while it is imported.
        StackyardError: a definition in it is not valid.
    """
    read_source(path)
    root = source_root_of(path, project)
    for folder in (str(path.parent), str(root)):
        if folder in sys.path:
            sys.path.remove(folder)
        sys.path.insert(0, folder)
    parts = path.relative_to(root).with_suffix("").parts
    if parts[-1] == "__init__":
        parts = parts[:-1]
    name = ".".join(parts) if parts and all(part.isidentifier() for part in parts) else ""
    try:
        module = importlib.import_module(name) if name and _would_find(name, path) else _load_by_path(path)
    except (StackyardError, CalledWhileLoadingError):
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise _import_failed(path, error) from error
    return LoadedFile(path, root, _pipelines_of(module))


def pick_pipeline(loaded: LoadedFile, function: str | None) -> PipelineDefinition:
    """Return the pipeline that is meant.

    Raises:
        PipelineNotFoundError: the file has no pipeline, or none of that name.
        UsageError: it has several and none was named.
    """
    names = list(loaded.pipelines)
    if function is None:
        if len(names) == 1:
            return loaded.pipelines[names[0]]
        if not names:
            raise PipelineNotFoundError(
                f"{loaded.path} defines no pipeline.", hint="Decorate a function with @pipeline, or give another file."
            )
        here = Path.cwd()
        file = loaded.path.relative_to(here) if loaded.path.is_relative_to(here) else loaded.path
        lines = ", ".join(f"{file}:{name}" for name in names)
        raise UsageError(f"{loaded.path} has {len(names)} pipelines.", hint=f"Name one: {lines}")
    for name, definition in loaded.pipelines.items():
        if function in (name, definition.name):
            return definition
    raise PipelineNotFoundError(
        f"{loaded.path} has no pipeline {function!r}.",
        hint=f"{did_you_mean(function, names)} It has: {', '.join(names) or 'none'}.".strip(),
    )


def source_root_of(path: Path, project: Project) -> Path:
    """Return the folder from which the file's module name counts."""
    if project.source_root is not None and path.is_relative_to(project.source_root):
        return project.source_root
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        folder = folder.parent
    return folder


def refuse_while_loading(definition: PipelineDefinition, given: dict[str, Any]) -> Any:
    """Be the runner while a file is imported: stop at a pipeline call outside of a main guard.

    Raises:
        CalledWhileLoadingError: always.
    """
    raise CalledWhileLoadingError(definition.name, sorted(given))


def _would_find(name: str, path: Path) -> bool:
    """Tell whether importing the name leads to this very file, and not to an installed package of that name."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        return getattr(loaded, "__file__", None) == str(path)
    importlib.invalidate_caches()
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return False
    return spec is not None and spec.origin is not None and Path(spec.origin).resolve() == path.resolve()


def _load_by_path(path: Path) -> ModuleType:
    import cloudpickle  # noqa: PLC0415  # only for files that no import statement could name

    spec = importlib.util.spec_from_file_location(BY_VALUE_MODULE, path)
    if spec is None or spec.loader is None:
        raise PipelineLoadError(f"{path} is no Python file.", hint="Give a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[BY_VALUE_MODULE] = module
    cloudpickle.register_pickle_by_value(module)
    spec.loader.exec_module(module)
    return module


def _pipelines_of(module: ModuleType) -> dict[str, PipelineDefinition]:
    """Return the pipelines that the module defines; when it defines none, those that it imports."""
    found = {name: value for name, value in vars(module).items() if isinstance(value, PipelineDefinition)}
    own = {name: value for name, value in found.items() if value.function.__module__ == module.__name__}
    return own or found


def _import_failed(path: Path, error: BaseException) -> PipelineLoadError:
    problem = step_error(error)
    location = Location(problem.file, problem.line) if problem.file else Location(str(path))
    hint = "Mend the code and run again."
    if isinstance(error, SyntaxError):
        location = Location(error.filename or str(path), error.lineno or 0, error.offset or 0)
        return PipelineLoadError(
            f"{path} can't be imported: syntax error in {location.file}: {error.msg}.", hint=hint, location=location
        )
    if isinstance(error, ModuleNotFoundError) and error.name:
        top = error.name.split(".")[0]
        hint = f'Install it into this environment, e.g. with: "{sys.executable}" -m pip install {top}'
    if isinstance(error, SystemExit):
        hint = 'Guard what the script runs with: if __name__ == "__main__":'
    # Raised by a line of the file itself, the location says all; deeper, the user's frames show the way.
    deep = Path(location.file) != path
    return PipelineLoadError(
        f"{path.name} can't be imported: {problem.type}: {problem.message}",
        hint=hint,
        location=location,
        **({"traceback": user_traceback(error)} if deep else {}),
    )
