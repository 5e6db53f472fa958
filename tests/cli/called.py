"""Commands that are called in this process, as the program calls them in its own.

A process takes ten times as long to start as most commands take. What is typed on the pages, in the guide and in the
walk-through are processes; so is all that runs code of users, waits, or looks at the environment.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from stackyard.cli.main import main
from stackyard.model.enums import ComponentType

# Groups: all of their verbs, or those that are named.
_CALLED: dict[str, tuple[str, ...]] = {
    "run": ("list", "show", "logs", "graph", "explain", "delete"),
    **dict.fromkeys((t.command for t in ComponentType), ()),
    **dict.fromkeys(("artifact", "component-type", "init", "model", "secret", "stack", "tag"), ()),
}


def can_be_called(arguments: tuple[str, ...], changed: Iterable[str]) -> bool:
    """Tell whether a command does the same in this process; one of several at once does not.

    Args:
        arguments: the words after the program's name.
        changed: names of the variables that a test chose.
    """
    group, verb = (*arguments, "", "")[:2]
    if threading.current_thread() is not threading.main_thread():
        return False  # folder, variables and streams are the whole process's
    if group not in _CALLED or any(name.startswith("PYTHON") for name in changed):
        return False
    return verb in _CALLED[group] if _CALLED[group] else verb not in ("check", "flavor")


def call(arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Run a command in a folder, with these variables alone and in no terminal; return its exit code and output."""
    variables, cwd, stdin = os.environ.copy(), Path.cwd(), sys.stdin
    nothing, out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(3))
    try:
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        sys.stdin = nothing
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(list(arguments))
    finally:
        sys.stdin = stdin
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(variables)
    return code, out.buffer.getvalue().decode("utf-8"), err.buffer.getvalue().decode("utf-8")
