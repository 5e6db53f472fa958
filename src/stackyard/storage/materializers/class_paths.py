"""Where the classes of stored values are found: ``package.module:Class``, or ``run.py:Class`` for those of a script.

The classes of a script, a notebook or a file whose name is no module name lie in a module that other processes can't
import. Those that the step of a worker may meet are offered here, as its driver sent them.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from stackyard.model.errors import MaterializationError
from stackyard.model.names import BY_VALUE_MODULES
from stackyard.storage.materializers.classes import Kind, kind_of

_SPOKEN: dict[Kind, str] = {
    "dataclass": "dataclass", "pydantic": "pydantic model", "enum": "enum", "namedtuple": "named tuple",
}  # fmt: skip
_offered: dict[tuple[str, str], Callable[[], Any]] = {}
"""Script (``__main__`` for a notebook) and name of a class to what makes it."""


def offer(classes: Mapping[str, Callable[[], Any]]) -> None:
    """Take what makes the classes of another process's script, by their sources; new ones replace old ones."""
    for source, make in classes.items():
        script, _, name = source.rpartition(":")
        _offered[script, name] = make


def by_value_classes() -> dict[str, type]:
    """Return the data classes that are defined in this process's script or notebook, by their sources.

    A source is ``<absolute path of the script>:<class>``, or ``__main__:<class>`` without a file.
    """
    return {
        f"{script}:{name}": found
        for script, module in _scripts()
        for name, found in list(vars(module).items())
        if isinstance(found, type) and found.__module__ == module.__name__ and kind_of(found) is not None
    }


def path_to(cls: type) -> str | None:
    """Return where a class is found again; None: nowhere."""
    module, name = cls.__module__, cls.__qualname__
    if module not in BY_VALUE_MODULES:
        return f"{module}:{name}" if _inside(sys.modules.get(module), name) is cls else None
    for script in _known_scripts():
        if _of_script(script, name) is cls:
            return f"{os.path.basename(script)}:{name}"  # noqa: PTH119  # may be of another system
    return None


def class_at(path: str, kind: Kind) -> Any:
    """Import a class by its path.

    Raises:
        MaterializationError: there is none, or its values are not of that kind.
    """
    module, _, name = path.rpartition(":")
    if module.endswith(".py") or module in BY_VALUE_MODULES:
        found = _from_script(module, name)
        if found is None:
            raise MaterializationError(
                f"A stored value is of the class {name} of {_spoken(module)}, which is not defined here.",
                hint=f"Import or define {name} before loading the value. Best define it in a module.",
            )
    else:
        found = _from_module(module, name)
    if not isinstance(found, type):
        raise MaterializationError(
            f"The class {path} of a stored value is not there any more.", hint="Run the step again."
        )
    if kind_of(found) != kind:
        raise MaterializationError(
            f"A stored value names {path} as its class, which is no {_SPOKEN[kind]}.", hint="Run the step again."
        )
    return found


def _spoken(module: str) -> str:
    return f"the script {module}" if module.endswith(".py") else "a notebook"


def _from_script(name_of_script: str, name: str) -> Any:
    """Return a class of a script, wherever that is loaded; a script that is not is imported."""
    for script in _known_scripts():
        if os.path.basename(script) == name_of_script and (found := _of_script(script, name)) is not None:  # noqa: PTH119
            return found
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and Path(file).name == name_of_script and (found := _inside(module, name)) is not None:
            return found
    stem = name_of_script.removesuffix(".py")
    if stem.isidentifier() and name_of_script != stem:
        try:
            spec = importlib.util.find_spec(stem)
        except (ImportError, ValueError):
            spec = None
        if spec is not None and spec.origin is not None and Path(spec.origin).name == name_of_script:
            return _from_module(stem, name)
    # Somebody may have imported or defined it there.
    return _inside(sys.modules.get("__main__"), name)


def _from_module(module: str, name: str) -> Any:
    """Return a class of a module; of the script that is the same file, where this process or its driver runs that.

    Raises:
        MaterializationError: the module can't be imported.
    """
    for script in _known_scripts():
        if Path(script).stem == module.rpartition(".")[2] and _is_file_of(module, script):
            found = _of_script(script, name)
            if found is not None:
                return found
    try:
        return _inside(importlib.import_module(module), name)
    except Exception as error:  # a module of the user's can raise anything
        raise MaterializationError(
            f"The class {module}:{name} of a stored value can't be imported: {type(error).__name__}: {error}.",
            hint="Install or mend the module, or run the step again.",
        ) from error


def _is_file_of(module: str, script: str) -> bool:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return False
    return spec is not None and spec.origin is not None and os.path.realpath(spec.origin) == os.path.realpath(script)


def _known_scripts() -> list[str]:
    return list(dict.fromkeys([*(script for script, _ in _scripts()), *(script for script, _ in _offered)]))


def _scripts() -> Iterator[tuple[str, ModuleType]]:
    """Yield the modules of this process that others can't import, with their files."""
    for name in BY_VALUE_MODULES:
        module = sys.modules.get(name)
        if module is not None:
            file = getattr(module, "__file__", None)
            yield _absolute(file) if isinstance(file, str) else "__main__", module


@functools.lru_cache(maxsize=8)
def _absolute(file: str) -> str:
    return str(Path(file).absolute())


def _of_script(script: str, name: str) -> Any:
    """Return a class of a script of this process, or of the driver's; None: there is none."""
    for own, module in _scripts():
        if own == script and (found := _inside(module, name)) is not None:
            return found
    top, _, rest = name.partition(".")
    make = _offered.get((script, top))
    found = make() if make is not None else None
    return _member(found, rest) if rest else found


def _inside(module: ModuleType | None, name: str) -> Any:
    """Return what a module, or a class in it, has under a name; None: nothing."""
    top, _, rest = name.partition(".")
    found = vars(module).get(top) if module is not None else None
    return _member(found, rest) if rest else found


def _member(found: Any, names: str) -> Any:
    for name in names.split("."):
        found = vars(found).get(name) if isinstance(found, type) else None
    return found
