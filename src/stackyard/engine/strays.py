"""Processes that steps left behind, found by a mark in their environment that whatever they start inherits.

The zygote needs no mark for what is below it: it is their guardian. Marks are for those who have no such guardian any
more, or never had one: a zygote that was killed, workers that are processes of their own. Linux; elsewhere the process
groups have to do.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
import uuid
from pathlib import Path

MARK_VARIABLE = "STACKYARD_WORKER_MARK"
KILL_WAIT_S = 5.0
_PAUSE_S = 0.005


def new_mark() -> str:
    """Return a mark that no other process carries."""
    return uuid.uuid4().hex


def kill_marked(mark: str) -> None:
    """Kill every process that carries the mark, except this one; returns when none is left or after 5 s."""
    deadline = time.monotonic() + KILL_WAIT_S
    while (found := _marked(mark)) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE_S)


def _marked(mark: str) -> list[int]:
    wanted = f"{MARK_VARIABLE}={mark}".encode()
    found: list[int] = []
    # The environment of a zombie, and of other users' processes, can't be read; elsewhere there is no /proc.
    with contextlib.suppress(OSError):
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found
