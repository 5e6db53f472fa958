"""Processes that steps left behind, found by a mark in their environment that whatever they start inherits.

What is below a zygote needs no mark: zygote and guard are its guardians. Marks are for those who have none any more, or
never had one: all guardians killed at once, workers that are processes of their own. A driver's lock file holds the
beginning of all its marks, so that whoever finds its run interrupted can end what is left. Linux; elsewhere the process
groups have to do.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
import uuid
from pathlib import Path

from stackyard.storage.home import Home
from stackyard.storage.locking import LifeLock, is_alive

MARK_VARIABLE = "STACKYARD_WORKER_MARK"
KILL_LOOKS = 500
_PAUSE_S = 0.005

_drivers: dict[int, str] = {}
"""Process id to mark: a fork of a driver is another driver."""
_numbers = itertools.count(1)


def driver_mark() -> str:
    """Return what all marks of this process begin with."""
    return _drivers.setdefault(os.getpid(), uuid.uuid4().hex)


def new_mark() -> str:
    """Return a mark that no other process carries."""
    return f"{driver_mark()}.{next(_numbers)}"


def kill_marked(mark: str) -> None:
    """Kill every process that carries the mark, or one of that driver, except this one.

    Returns when none is left, or after some 5 s: by looks, since by the clock a machine that stands still would count.
    """
    for _ in range(KILL_LOOKS):
        found = _marked(mark)
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE_S)


def hold_run(home: Home, run_id: str) -> LifeLock:
    """Take a run's lock for this driver, and end what an earlier driver of the run left behind.

    Raises:
        OSError: the lock file can't be made.
        LockTimeoutError: the run has a driver.
    """
    lock = LifeLock(home.run_lock(run_id))
    earlier = lock.exchange_note(driver_mark())
    if earlier and earlier != driver_mark():
        kill_marked(earlier)
    return lock


def end_strays(home: Home, run_id: str) -> None:
    """End what the killed driver of a run left behind; one that lives is left alone."""
    path = home.run_lock(run_id)
    with contextlib.suppress(OSError):
        mark = path.read_text(encoding="ascii", errors="replace")
        # Looked at after it was read: whoever goes on with the run writes its own mark under the lock.
        if mark and mark != driver_mark() and not is_alive(path):
            kill_marked(mark)


def _marked(mark: str) -> list[int]:
    wanted = f"{MARK_VARIABLE}={mark}".encode()
    found: list[int] = []
    # The environment of a zombie, and of other users' processes, can't be read; elsewhere there is no /proc.
    with contextlib.suppress(OSError):
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                variables = (entry / "environ").read_bytes().split(b"\0")
                if any(line == wanted or line.startswith(wanted + b".") for line in variables):
                    found.append(int(entry.name))
    return found
