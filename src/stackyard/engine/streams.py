"""A worker's standard streams: what a step does to them does not outlive it."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterable
from io import TextIOWrapper
from typing import Any

_STREAMS = (("stdout", 1), ("stderr", 2))


class StandardStreams:
    """Text files over the worker's two pipes, put back in place after each step.

    A step may replace ``sys.stdout``, close it, or close or redirect the descriptor below it.
    """

    def __init__(self) -> None:
        """Open new files: what the parent process had open there was made for another kind of file."""
        self._pipes = {number: os.dup(number) for _, number in _STREAMS}
        self._identities = {number: _identity(number) for _, number in _STREAMS}
        self._files = {name: _open(number) for name, number in _STREAMS}
        self._install()

    def restore(self) -> None:
        """Push out what was printed, C libraries' buffers included, and put everything back."""
        for pipe in self._pipes.values():
            with contextlib.suppress(OSError):
                os.set_blocking(pipe, True)
        flush_output()
        for name, number in _STREAMS:
            if _identity(number) != self._identities[number]:
                with contextlib.suppress(OSError):  # the step closed every descriptor it found
                    os.dup2(self._pipes[number], number)
            if self._files[name].closed:
                self._files[name] = _open(number)
            with contextlib.suppress(OSError, ValueError):
                self._files[name].flush()
        self._install()

    @property
    def pipes(self) -> Iterable[int]:
        """Descriptors of the two pipes, whatever a step did to its own."""
        return self._pipes.values()

    def _install(self) -> None:
        sys.stdout = sys.__stdout__ = self._files["stdout"]  # type: ignore[misc]
        sys.stderr = sys.__stderr__ = self._files["stderr"]  # type: ignore[misc]


def flush_output() -> None:
    """Push out what was printed, C libraries' buffers included."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    with contextlib.suppress(Exception):  # the C library may be unknown here
        _c_library().fflush(None)


def _open(number: int) -> TextIOWrapper:
    return open(number, "w", 1, "utf-8", "backslashreplace", closefd=False)  # for the process's life


def _identity(number: int) -> tuple[int, int] | None:
    """Return what a descriptor leads to; None when it is closed."""
    try:
        stat = os.fstat(number)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


@functools.lru_cache(maxsize=1)
def _c_library() -> Any:
    import ctypes  # noqa: PLC0415  # only in workers

    return ctypes.CDLL(None)
