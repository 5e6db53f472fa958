"""What workers have of their driver: its environment, import path and folder, and what only a start can give them.

A zygote starts long before the run that it serves, and serves all runs of its driver. What the program changes in
between, a variable or the import path, is told to it when a run begins; what can't be told (limits, user, file mask)
needs another zygote.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import Any

from stackyard.storage.strays import MARK_VARIABLE

_NOT_FOR_STEPS = "STACKYARD_SECRET"
"""How variables begin that hold secrets or open them: a step finds those that it declares, under their keys."""


def environment() -> dict[str, str]:
    """Return this process's variables as workers may have them."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_NOT_FOR_STEPS)}


def surroundings() -> dict[str, Any]:
    """Return what can be told to a process that runs, as JSON takes it."""
    folder = ""
    with contextlib.suppress(OSError):  # it was deleted
        folder = os.getcwd()  # noqa: PTH109  # no Path where every process begins
    return {"path": list(sys.path), "environment": environment(), "folder": folder}


def take_on(told: dict[str, Any]) -> None:
    """Make what :func:`surroundings` returned in the driver this process's own; its mark stays."""
    sys.path[:] = told["path"]
    variables = {**told["environment"], MARK_VARIABLE: os.environ.get(MARK_VARIABLE, "")}
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)
    if hasattr(time, "tzset"):
        time.tzset()
    with contextlib.suppress(OSError):
        os.chdir(told["folder"])


def inherited() -> tuple[object, ...]:
    """Return what a process has of its parent from its start on only: user and groups, limits, niceness, CPUs, mask."""
    import resource  # noqa: PLC0415  # not on Windows, where nothing is forked

    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    mask = os.umask(0o077)  # it can't be read without being set
    os.umask(mask)
    return (
        (os.getuid(), os.geteuid(), os.getgid(), os.getegid(), os.getgroups()),
        [resource.getrlimit(getattr(resource, name)) for name in names],
        os.getpriority(os.PRIO_PROCESS, 0),
        os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None,
        mask,
    )
