"""Locks between processes: the short ones around a change, and the one that a driver holds for life.

The short ones are fair: who can't have the lock at once draws a numbered ticket, and the lowest ticket is next.
Tickets only order those who wait; the OS lock alone keeps them apart. Where no ticket can be made, as on a full disk,
the lock is as safe and only less fair.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from stackyard.model.errors import LockTimeoutError, UsageError
from stackyard.storage.home import not_writable
from stackyard.storage.host import try_lock
from stackyard.storage.notices import tell

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from stackyard.storage.holder import Holder

LOCK_TIMEOUT_S = 30.0
TIMEOUT_VARIABLE = "STACKYARD_LOCK_TIMEOUT"
NOTICE_AFTER_S = 2.0
POLL_INTERVAL_S = 0.003
LONGEST_POLL_S = 0.05
SIGN_OF_LIFE_S = 0.5
PATIENCE_S = 3.0
"""How long the first in the queue may give no sign of life (it was suspended) before the others pass it."""


@contextlib.contextmanager
def file_lock(path: Path, what: str, timeout_s: float | None = None) -> Iterator[None]:
    """Hold an exclusive lock between processes; those who wait get it in the order in which they came.

    Args:
        path: the lock file; its folder must exist.
        what: the thing that is locked, for the messages.
        timeout_s: how long to wait; by default what ``STACKYARD_LOCK_TIMEOUT`` says, else 30 seconds.

    Raises:
        LockTimeoutError: others held it for too long; names the one that holds it.
        HomeNotWritableError: the lock file can't be made.
        UsageError: ``STACKYARD_LOCK_TIMEOUT`` is no number of seconds.
    """
    from filelock import FileLock  # noqa: PLC0415  # slow to import; readers never need it

    from stackyard.storage.holder import forget_holder, write_holder  # noqa: PLC0415  # nor this

    limit = _timeout() if timeout_s is None else timeout_s
    lock = FileLock(str(path))
    try:
        if _tickets(_queue(path)) or not _taken(lock):
            _wait(path, what, lock, limit)
    except OSError as error:
        raise not_writable(path.parent, error) from error
    try:
        write_holder(path)
        yield
    finally:
        forget_holder(path)
        lock.release()


def lock_holder(path: Path) -> Holder | None:
    """Return who holds a lock, None when nobody does.

    Args:
        path: the lock file.
    """
    from stackyard.storage.holder import who_holds  # noqa: PLC0415

    return who_holds(path) if is_alive(path) else None


def _timeout() -> float:
    text = os.environ.get(TIMEOUT_VARIABLE, "").strip()
    if not text:
        return LOCK_TIMEOUT_S
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if 0 <= seconds < float("inf"):
        return seconds
    raise UsageError(
        f"{TIMEOUT_VARIABLE} is {text!r}, which is no number of seconds.",
        hint=f"Set it to a number such as 60, or unset it ({LOCK_TIMEOUT_S:g}).",
    )


def _taken(lock: BaseFileLock) -> bool:
    """Try once to take the lock."""
    from filelock import Timeout  # noqa: PLC0415

    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True


def _wait(path: Path, what: str, lock: BaseFileLock, limit: float) -> None:
    from stackyard.storage.holder import who_holds  # noqa: PLC0415

    begun = time.monotonic()
    told = False
    with contextlib.closing(_Ticket(_queue(path))) as ticket:
        while True:
            ahead = ticket.number_ahead()
            if not ahead and _taken(lock):
                return
            waited = time.monotonic() - begun
            if waited >= limit:
                raise LockTimeoutError(
                    f"Another process has kept the {what} locked for {limit:g} s: {who_holds(path)}.",
                    hint=f"Wait for it to end, or end it if it hangs. {TIMEOUT_VARIABLE} sets the seconds to wait.",
                )
            if not told and waited >= NOTICE_AFTER_S:
                told = True
                tell(f"Waiting for the {what}: held by {who_holds(path)}...")
            # Those further back look less often, so that a long queue costs little.
            pause = min(POLL_INTERVAL_S * (1 + ahead), LONGEST_POLL_S)
            time.sleep(min(pause, max(limit - waited, 0.0)))


def _queue(path: Path) -> Path:
    return path.with_name(f"{path.name}.queue")


def _tickets(queue: Path) -> list[str]:
    """Return the tickets of a queue, the next first."""
    try:
        return sorted(name for name in os.listdir(queue) if name[:8].isdecimal())  # noqa: PTH208  # the quickest way
    except OSError:
        return []


class _Ticket:
    """A place in the queue: a numbered file that its owner holds locked, so that a killed owner drops out at once."""

    def __init__(self, queue: Path) -> None:
        """Draw one, if one can be made."""
        self._queue = queue
        self._name = ""
        self._held: LifeLock | None = None
        self._shown_at = self._looked_at = 0.0
        self._signs: dict[str, tuple[int, float]] = {}

        for _ in range(5):
            try:
                queue.mkdir(exist_ok=True)
                number = max((int(name[:8]) for name in _tickets(queue)), default=0) + 1
                self._name = f"{number:08d}-{os.urandom(4).hex()}"
                self._held = LifeLock(queue / self._name)
            except OSError:
                return
            except LockTimeoutError:  # somebody looked at it before it was locked
                continue
            return

    def close(self) -> None:
        """Leave the queue."""
        if self._held is not None:
            self._held.release()

    def number_ahead(self) -> int:
        """Return how many live processes come first; shows the others that this one is alive."""
        if self._held is None:
            return 0
        now = time.monotonic()
        if now - self._looked_at > 2 * SIGN_OF_LIFE_S:
            self._signs.clear()  # this one stood still, maybe with the whole machine: so may those ahead
        self._looked_at = now
        if now - self._shown_at >= SIGN_OF_LIFE_S:
            self._shown_at = now
            with contextlib.suppress(OSError):
                os.utime(self._held.path)
        ahead = [name for name in _tickets(self._queue) if name < self._name]
        while ahead:
            if not is_alive(self._queue / ahead[0]):
                with contextlib.suppress(OSError):
                    (self._queue / ahead[0]).unlink()
            elif not self._is_suspended(ahead[0], now):
                break
            ahead.pop(0)
        return len(ahead)

    def _is_suspended(self, name: str, now: float) -> bool:
        """Tell whether a ticket's owner gave no sign of life for too long; the clocks of others don't matter."""
        try:
            sign = (self._queue / name).stat().st_mtime_ns
        except OSError:
            return False
        seen, since = self._signs.get(name, (0, now))
        self._signs[name] = (sign, since if sign == seen else now)
        return sign == seen and now - since > PATIENCE_S


class LifeLock:
    """An OS lock that shows others that this process lives. It ends with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises:
            OSError: the lock file can't be made.
            LockTimeoutError: somebody else has it.
        """
        self.path = path
        self._file: IO[bytes] | None = None
        while self._file is None:
            file = path.open("ab+", buffering=0)
            if not try_lock(file, exclusive=True):
                file.close()
                raise LockTimeoutError(f"The lock {path} is held by another process.", hint="Wait for it to end.")
            try:
                still_there = os.path.samestat(os.fstat(file.fileno()), path.stat())
            except FileNotFoundError:
                still_there = False
            if still_there:
                self._file = file
            else:  # its last holder removed the file after it was opened here
                file.close()

    def exchange_note(self, note: str) -> str:
        """Leave a note in the lock file; return that of an earlier holder who could not remove the file."""
        assert self._file is not None  # noqa: S101  # still held
        self._file.seek(0)
        earlier = self._file.read().decode("ascii", errors="replace")
        with contextlib.suppress(OSError):  # a full disk keeps nobody from holding the lock
            self._file.truncate(0)
            self._file.write(note.encode("ascii"))
        return earlier

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
