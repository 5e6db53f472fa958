"""From a step's or hook's source to its function, and back: by module and name, or by cloudpickle."""

from __future__ import annotations

import base64
import functools
import importlib
import pickle
import sys
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from stackyard.authoring.signature import location_of
from stackyard.authoring.step import StepDefinition
from stackyard.model.errors import DefinitionError
from stackyard.model.graph import StepSource
from stackyard.model.names import BY_VALUE_MODULES
from stackyard.model.options import HookSpec
from stackyard.storage.materializers.class_paths import by_value_classes, offer

_MAX_CLASS_BYTES = 100_000
"""A class that takes more, since it drags data along, stays where it is: values of it are pickled with it."""

_unpickled: dict[str, Any] = {}
_pickled_classes: WeakKeyDictionary[type, str] = WeakKeyDictionary()
"""Class to its base64; empty if it can't travel."""


def portable_source(definition: StepDefinition) -> StepSource:
    """Return what a worker needs to find the step's function.

    Functions of importable modules travel by name; those of ``__main__``, of notebooks and local functions by value.

    Raises:
        DefinitionError: a function that must travel by value can't be pickled.
    """
    function = definition.function
    place = location_of(function)
    module, qualname = function.__module__, function.__qualname__
    pickled = _pickled(function, module, qualname, f"step {definition.name!r}")
    return StepSource(
        module=module, qualname=qualname, file=place.file, line=place.line, pickled=pickled, classes=_portable_classes()
    )  # fmt: skip


def portable_hook(hook: HookSpec, function: Callable[..., Any]) -> HookSpec:
    """Return a hook as a worker can find its function: by name if it can be imported, else by value.

    Raises:
        DefinitionError: a function that must travel by value can't be pickled.
    """
    pickled = _pickled(function, hook.module, hook.qualname, f"hook {hook.qualname!r}")
    return hook.model_copy(update={"pickled": pickled})


def load_function(source: StepSource | HookSpec) -> Callable[..., Any]:
    """Return the function in a worker; imports its module.

    Raises:
        DefinitionError: the module has no such step or hook.
        Exception: whatever importing the user's module raises.
    """
    if isinstance(source, StepSource):
        offer({path: functools.partial(_load, text) for path, text in source.classes.items()})
    if source.pickled:
        sent: Callable[..., Any] = _load(source.pickled)
        return sent
    importlib.import_module(source.module)
    function = _find(source.module, source.qualname)
    if function is None:
        what = "hook" if isinstance(source, HookSpec) else "step"
        raise DefinitionError(
            f"The module {source.module} has no {what} {source.qualname!r}.",
            hint=f"Define {what}s at the top level of their module, under a fixed name.",
        )
    return function


def _load(text: str) -> Any:
    """Return a function or class that travelled by value, always the same one."""
    if text not in _unpickled:
        _unpickled[text] = pickle.loads(base64.b64decode(text))  # noqa: S301  # our driver's
    return _unpickled[text]


def _portable_classes() -> dict[str, str]:
    """Return the data classes of this script or notebook: any of their values may be an input of any step."""
    found = {path: _pickled_class(cls) for path, cls in by_value_classes().items()}
    return {path: text for path, text in found.items() if text}


def _pickled_class(cls: type) -> str:
    if cls not in _pickled_classes:
        import cloudpickle  # noqa: PLC0415  # as below

        try:
            data = cloudpickle.dumps(cls)
        except Exception:  # noqa: BLE001  # what a class holds can raise anything
            data = b""
        _pickled_classes[cls] = base64.b64encode(data).decode("ascii") if len(data) <= _MAX_CLASS_BYTES else ""
    return _pickled_classes[cls]


def _pickled(function: Callable[..., Any], module: str, qualname: str, owner: str) -> str:
    """Return a function as text if it can't be found by its name, else an empty text."""
    if module not in BY_VALUE_MODULES and _find(module, qualname) is not None:
        return ""
    import cloudpickle  # noqa: PLC0415  # only for code that can't be imported

    try:
        data = cloudpickle.dumps(function)
    except Exception as error:  # what a closure holds can raise anything
        raise DefinitionError(
            f"The {owner} is defined in {module} and can't be sent to a worker: {error}.",
            hint="Move it and what it uses into a module, or avoid objects that can't be pickled in its globals.",
            location=location_of(function),
        ) from error
    return base64.b64encode(data).decode("ascii")


def _find(module: str, qualname: str) -> Callable[..., Any] | None:
    """Return the function that the name leads to: the plain one below a step, or any other."""
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    if isinstance(found, StepDefinition):
        return found.function
    return found if callable(found) else None
