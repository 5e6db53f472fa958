"""Locks between processes: the short ones around a change, and the one that a driver holds for life."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from stackyard.model.errors import LockTimeoutError
from stackyard.storage.home import not_writable
from stackyard.storage.host import try_lock

LOCK_TIMEOUT_S = 30.0
POLL_INTERVAL_S = 0.01


@contextlib.contextmanager
def file_lock(path: Path, what: str, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """Hold an exclusive lock between processes.

    Args:
        path: the lock file; its folder must exist.
        what: the thing that is locked, for the message.
        timeout_s: how long to wait.

    Raises:
        LockTimeoutError: another process held it for too long.
        HomeNotWritableError: the lock file can't be made.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415  # slow to import; readers never need it

    lock = FileLock(str(path), timeout=timeout_s, poll_interval=POLL_INTERVAL_S)
    try:
        lock.acquire()
    except Timeout as error:
        raise LockTimeoutError(
            f"Another process has kept the {what} locked for {timeout_s:g} s ({path}).",
            hint="Wait for it to end, or look for a hanging stackyard process.",
        ) from error
    except OSError as error:
        raise not_writable(path.parent, error) from error
    try:
        yield
    finally:
        lock.release()


class LifeLock:
    """An OS lock that shows others that this process lives. It ends with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises:
            OSError: the lock file can't be made.
            LockTimeoutError: somebody else has it.
        """
        self.path = path
        self._file: IO[bytes] | None = path.open("ab")
        if not try_lock(self._file, exclusive=True):
            self._file.close()
            raise LockTimeoutError(f"The run lock {path} is held by another process.", hint="Choose another run id.")

    def release(self) -> None:
        """Give the lock back and remove its file."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()
            self._file.close()
            self._file = None


def is_alive(path: Path) -> bool:
    """Tell whether some process holds the :class:`LifeLock` of that path. Takes no lock that could disturb it."""
    try:
        with path.open("rb") as file:
            return not try_lock(file, exclusive=False)
    except OSError:
        return False
