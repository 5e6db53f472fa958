"""Finding processes by a mark in their environment, which whatever they start inherits."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

MARK_VARIABLE = "STACKYARD_TEST_MARK"
_PROC = Path("/proc")


@dataclass(frozen=True)
class Found:
    """A process that is there."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"{self.pid}: {self.command}"


def marked(mark: str) -> list[Found]:
    """Return the processes that carry the mark; zombies, which run nothing, left out."""
    wanted = f"{MARK_VARIABLE}={mark}".encode()
    found = []
    for entry in _PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0") and status_of(int(entry.name)) not in "ZX":
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.append(Found(int(entry.name), command.strip()[:200]))
    return found


def wait_until_gone(mark: str, seconds: float) -> list[Found]:
    """Return the processes of that mark that are still there when the time is over."""
    for _ in range(round(seconds / 0.05)):  # not by the clock, which runs on while a machine stands still
        if not marked(mark):
            break
        time.sleep(0.05)
    return marked(mark)


def kill_marked(mark: str) -> None:
    """End all processes of that mark."""
    for _ in range(50):
        found = marked(mark)
        if not found:
            return
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.02)


def status_of(pid: int) -> str:
    """Return the letter of /proc/<pid>/stat, X when there is no such process."""
    fields = _stat(pid)
    return fields[0] if fields else "X"


def parent_of(pid: int) -> int:
    """Return the parent, 0 when there is no such process."""
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def is_running(pid: int) -> bool:
    """Tell whether a process is there and no zombie."""
    return status_of(pid) not in "ZX"


def ancestors_of(pid: int) -> list[int]:
    """Return the parents of a process up to the first one."""
    found: list[int] = []
    while (pid := parent_of(pid)) > 0:
        found.append(pid)
    return found


def descendants_of(pid: int) -> list[int]:
    """Return all processes below one."""
    below: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            below.setdefault(parent_of(int(entry.name)), []).append(int(entry.name))
    found: list[int] = []
    pending = [pid]
    while pending:
        children = below.get(pending.pop(), [])
        found.extend(children)
        pending.extend(children)
    return found


def family_of(pid: int, size: int) -> list[int]:
    """Return all processes below one, as soon as there are so many: who was started may still have to start others."""
    for _ in range(6000):
        if len(descendants_of(pid)) >= size:
            break
        time.sleep(0.01)
    return descendants_of(pid)


def _stat(pid: int) -> list[str]:
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rsplit(")", 1)[-1].split()
    except OSError:
        return []
