"""From a step's source to its function, and back: by module and name, or by cloudpickle."""

from __future__ import annotations

import base64
import importlib
import pickle
import sys
from collections.abc import Callable
from typing import Any

from stackyard.authoring.signature import location_of
from stackyard.authoring.step import StepDefinition
from stackyard.model.errors import DefinitionError
from stackyard.model.graph import StepSource

BY_VALUE_MODULES = frozenset({"__main__", "__stackyard_main__"})
"""Modules that a worker can't import: a script, a notebook, a file whose name is no module name."""

_unpickled: dict[str, Callable[..., Any]] = {}


def portable_source(definition: StepDefinition) -> StepSource:
    """Return what a worker needs to find the step's function.

    Functions of importable modules travel by name; those of ``__main__``, of notebooks and local functions by value.

    Raises:
        DefinitionError: a function that must travel by value can't be pickled.
    """
    function = definition.function
    place = location_of(function)
    source = StepSource(module=function.__module__, qualname=function.__qualname__, file=place.file, line=place.line)
    if source.module not in BY_VALUE_MODULES and _find(source) is not None:
        return source
    import cloudpickle  # noqa: PLC0415  # only for code that can't be imported

    try:
        data = cloudpickle.dumps(function)
    except Exception as error:  # what a closure holds can raise anything
        raise DefinitionError(
            f"The step {definition.name!r} is defined in {source.module} and can't be sent to a worker: {error}.",
            hint="Move it and what it uses into a module, or avoid objects that can't be pickled in its globals.",
            location=place,
        ) from error
    return source.model_copy(update={"pickled": base64.b64encode(data).decode("ascii")})


def load_function(source: StepSource) -> Callable[..., Any]:
    """Return the function in a worker; imports its module.

    Raises:
        DefinitionError: the module has no such step.
        Exception: whatever importing the user's module raises.
    """
    if source.pickled:
        if source.pickled not in _unpickled:
            _unpickled[source.pickled] = pickle.loads(base64.b64decode(source.pickled))  # noqa: S301  # our driver's
        return _unpickled[source.pickled]
    importlib.import_module(source.module)
    function = _find(source)
    if function is None:
        raise DefinitionError(
            f"The module {source.module} has no step {source.qualname!r}.",
            hint="Define steps at the top level of their module, under a fixed name.",
        )
    return function


def _find(source: StepSource) -> Callable[..., Any] | None:
    """Return the function that the name leads to, if it is a step or the plain function below one."""
    found: Any = sys.modules.get(source.module)
    for part in source.qualname.split("."):
        found = getattr(found, part, None)
    if isinstance(found, StepDefinition):
        return found.function
    return found if callable(found) else None
