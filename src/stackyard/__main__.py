"""``python -m stackyard``, and the console command: checks the interpreter, then hands over to the command line."""

from __future__ import annotations

import gc
import importlib
import sys
from types import ModuleType
from typing import Any

from stackyard.preflight import check_python, explain_import_error

YOUNG_OBJECTS = 100_000
"""More than a short command makes; one that reads much is still tidied up behind."""


def main() -> int:
    """Run the command line; return the exit code."""
    check_python()
    if sys.argv[1:2] == ["run"]:  # whose process may execute a user's code and models
        return _run()
    _leave_pydantic_s_plugins_out()
    # Most objects of a short command live to its end, so to look through them while they grow in number finds nothing,
    # and costs a tenth of its time; nor need those be looked through that the end of the process frees anyway.
    gc.set_threshold(YOUNG_OBJECTS)
    code = _run()
    gc.freeze()
    return code


def _run() -> int:
    try:
        from stackyard.cli.main import main as run  # noqa: PLC0415  # an unsuitable environment is named instead
    except ImportError as error:
        explain_import_error(error)
        raise
    return run()


def _leave_pydantic_s_plugins_out() -> None:
    """Save a short command an eighth of its time.

    Before pydantic builds its first model it imports ``importlib.metadata`` and reads about all installed packages to
    find its plugins. Our own models need none. A module without the search stands in for pydantic's; asked for anything
    else it gives what the real one has.
    """
    name = "pydantic.plugin._loader"
    stand_in = ModuleType(name)

    def load(attribute: str) -> Any:
        if attribute.startswith("__"):  # the import system asks whether it is a package
            raise AttributeError(attribute)
        sys.modules.pop(name, None)
        return getattr(importlib.import_module(name), attribute)

    stand_in.__dict__.update(get_plugins=tuple, __getattr__=load)
    sys.modules.setdefault(name, stand_in)


if __name__ == "__main__":
    sys.exit(main())
