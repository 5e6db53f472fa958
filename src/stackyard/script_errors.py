"""How an error of ours ends a script: what happened, where and what to do, without our frames, with its own exit code.

Imported with the first public name, so standard library only; what shows an error is imported when there is one.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import TracebackType

from stackyard.main_program import main_file

_installed: list[bool] = []


def show_in_scripts() -> None:
    """Show our errors so if this process runs somebody's script or module; shells and notebooks have their own ways."""
    if main_file() is not None:
        install()


def install() -> None:
    """Show our errors so when nobody catches them, except in interactive shells."""
    if _installed:
        return
    _installed.append(True)
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        print_error = import_module("stackyard.cli.output").print_error  # only when there is an error
        from stackyard.model.errors import StackyardError  # noqa: PLC0415  # as above

        if not isinstance(error, StackyardError):
            before(kind, error, trace)
            return
        print_error(error, as_json=False)
        sys.stdout.flush()
        if not hasattr(sys, "ps1"):
            # Python ends with the exit code of a SystemExit that an excepthook raises.
            raise SystemExit(error.exit_code)

    sys.excepthook = hook
