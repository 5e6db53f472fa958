"""Where in the user's code something was called."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from stackyard.model.errors import Location

PACKAGE_FOLDER = str(Path(__file__).resolve().parent.parent) + os.sep


def is_ours(file: str) -> bool:
    """Tell whether a file belongs to this package."""
    return file.startswith(PACKAGE_FOLDER)


def caller() -> Location | None:
    """Return the nearest place in the call stack outside of this package."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # inspect.stack() reads source files: far too slow here
    while frame is not None:
        file = frame.f_code.co_filename
        # What dataclasses generate has no file, but the globals of the module with the class.
        if not is_ours(file) and not (file == "<string>" and is_ours(str(frame.f_globals.get("__file__")))):
            return Location(file, frame.f_lineno)
        frame = frame.f_back
    return None


def location_of(function: Callable[..., Any]) -> Location:
    """Return file and first line of a function."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return Location(getattr(sys.modules.get(function.__module__), "__file__", None) or function.__module__)
    return Location(code.co_filename, code.co_firstlineno)


def in_import() -> bool:
    """Tell whether a module that is being imported calls this package, itself or through functions of the user."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # as above
    while frame is not None and is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    while frame is not None and not is_ours(frame.f_code.co_filename):
        if frame.f_code.co_filename.startswith("<frozen importlib."):
            return True
        frame = frame.f_back
    return False
