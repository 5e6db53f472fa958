"""What starts workers here: the zygote where processes can fork safely, else each is a process of its own."""

from __future__ import annotations

import atexit
import contextlib
import os
import socket

from stackyard.engine.preload import loaded_modules
from stackyard.engine.worker_process import START_METHOD_VARIABLE, WorkerLauncher
from stackyard.engine.zygote_launcher import ZygoteLauncher
from stackyard.model.errors import ExecutionError
from stackyard.storage.host import IS_WINDOWS

_shared: list[ZygoteLauncher] = []
_in_use: set[int] = set()


def prepare(preload: list[str]) -> None:
    """Start this process's zygote ahead of its first run, so that it loads packages while the driver does."""
    if uses_zygote():
        with contextlib.suppress(OSError):  # that it can't be started shows when a worker is needed
            _shared_zygote().preload(preload)


def new_launcher() -> WorkerLauncher:
    """Return a launcher for one run; the process's zygote unless another run of this process uses it.

    Raises:
        ExecutionError: there are no workers on this platform.
    """
    if IS_WINDOWS:
        raise ExecutionError(
            "Steps can't be executed in worker processes on Windows yet.",
            hint="Run them in this process (stackyard run FILE --in-process), or use WSL.",
        )
    if not uses_zygote():
        from stackyard.engine.spawn_launcher import SpawnLauncher  # noqa: PLC0415  # the other way, seldom taken

        return SpawnLauncher()
    shared = _shared_zygote()
    if id(shared) in _in_use:
        return ZygoteLauncher(loaded_modules())
    if not shared.catch_up():
        _close_shared()
        shared = _shared_zygote()
    shared.preload(loaded_modules())
    _in_use.add(id(shared))
    return shared


def give_back(launcher: WorkerLauncher) -> None:
    """End a run's workers; the process's zygote stays, any other launcher ends."""
    launcher.end_workers()
    _in_use.discard(id(launcher))
    if isinstance(launcher, ZygoteLauncher) and launcher not in _shared:
        launcher.close()


def _shared_zygote() -> ZygoteLauncher:
    if _shared and not _shared[0].alive():
        _shared.pop().close()
    if not _shared:
        _shared.append(ZygoteLauncher([]))
        atexit.unregister(_close_shared)
        atexit.register(_close_shared)
    return _shared[0]


def _close_shared() -> None:
    while _shared:
        _shared.pop().close()


def _forget_shared() -> None:
    while _shared:
        _shared.pop().forget()
    _in_use.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_shared)


def uses_zygote() -> bool:
    """Tell whether workers are forked here."""
    method = os.environ.get(START_METHOD_VARIABLE, "")
    return method == "zygote" or (method != "spawn" and _can_fork())


def _can_fork() -> bool:
    return not IS_WINDOWS and hasattr(os, "fork") and hasattr(socket, "send_fds")
