"""Keeps pydantic from looking for its plugins for the sake of our models.

Before pydantic builds its first model it imports ``importlib.metadata`` and reads about all installed packages: a
twentieth of a short run, an eighth of a short command. Our own models need no plugin; the first model of anybody else
finds pydantic as it is.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

_LOADER = "pydantic.plugin._loader"


def leave_out() -> None:
    """Let a module stand in for pydantic's loader, unless that was loaded already."""
    stand_in = ModuleType(_LOADER)
    stand_in.__dict__.update(get_plugins=_get_plugins, __getattr__=_of_the_loader)
    sys.modules.setdefault(_LOADER, stand_in)


def _get_plugins() -> Any:
    """Return the plugins for the model that pydantic builds."""
    module = sys._getframe(1).f_locals.get("schema_type_module")  # noqa: SLF001  # nobody says it to the loader
    return () if str(module).startswith("stackyard.") else _of_the_loader("get_plugins")()


def _of_the_loader(attribute: str) -> Any:
    if attribute.startswith("__"):  # the import system asks whether it is a package
        raise AttributeError(attribute)
    if not hasattr(sys.modules.get(_LOADER), "__file__"):
        sys.modules.pop(_LOADER, None)
    return getattr(importlib.import_module(_LOADER), attribute)
