"""The guard: a process between driver and zygote that does nothing but wait for one of them to end.

Driver, guard, zygote: each is the guardian of what is below it. A killed zygote's workers, and whatever their steps
started, become the guard's children (Linux), who kills them; a killed guard is noticed by its zygote. So nothing is
left while one of the three lives; for the rest see :mod:`stackyard.storage.strays`.

Invariant: imports next to nothing and has no threads: the zygote is forked from here before anything is loaded.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import sys
import time

KILL_LOOKS = 1000
PARENT_CHECK_S = 1.0
_PAUSE_S = 0.005
_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Be the guard: ``sys.argv[1]`` is the descriptor of the zygote's socket to the driver."""
    driver = os.getppid()
    become_subreaper()
    bell = ChildBell()
    zygote = os.fork()
    if zygote == 0:
        try:
            bell.close()
            gc.disable()  # what it imports now is there to stay
            from stackyard.engine.zygote import main as be_zygote  # noqa: PLC0415  # heavy, and not for the guard

            be_zygote()
        finally:
            os._exit(1)
    os.close(int(sys.argv[1]))
    os._exit(_watch(zygote, driver, bell))


def _watch(zygote: int, driver: int, bell: ChildBell) -> int:
    """Wait for the zygote's end or the driver's; return the exit code when nothing is left below this process."""
    while os.getppid() == driver:  # a fork of the driver may hold the socket open after the driver is gone
        bell.wait(PARENT_CHECK_S)
        pid, status = os.waitpid(zygote, os.WNOHANG)
        if pid:
            kill_children()
            return 0 if status == 0 else 1
    with contextlib.suppress(ProcessLookupError):
        os.kill(zygote, signal.SIGKILL)  # what was below it comes here
    kill_children()
    return 1


class ChildBell:
    """Rings when a child ended."""

    def __init__(self) -> None:
        """Take over SIGCHLD."""
        self.descriptor, self._write_end = os.pipe()
        for end in (self.descriptor, self._write_end):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def wait(self, seconds: float, *others: int) -> list[int]:
        """Wait for it, or for one of other descriptors; return those of them that are readable."""
        poll = select.poll()  # select() knows descriptors below 1024 only, and a driver may have more files open
        for descriptor in (self.descriptor, *others):
            poll.register(descriptor, select.POLLIN)
        ready = [descriptor for descriptor, _ in poll.poll(seconds * 1000)]
        if self.descriptor in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self.descriptor, 1 << 12)
        return [other for other in others if other in ready]

    def close(self) -> None:
        """Give SIGCHLD back."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self.descriptor)
        os.close(self._write_end)


def kill_children() -> None:
    """Kill all below this process, those included that become its children meanwhile; gives up after some 5 s."""
    for _ in range(KILL_LOOKS):  # by the clock a machine that stands still would count
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            for child in _children(os.getpid()):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(child, signal.SIGKILL)
            time.sleep(_PAUSE_S)


def _children(parent: int) -> list[int]:
    """Return the direct children of a process (Linux; elsewhere none, there the groups have to do)."""
    found: list[int] = []
    try:
        entries = os.listdir("/proc")  # noqa: PTH208  # no Path in this small process
    except OSError:
        return found
    for entry in entries:
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as file:  # noqa: PTH123  # no Path in this small process
                    fields = file.read().rsplit(b")", 1)[-1].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                found.append(int(entry))
    return found


def become_subreaper() -> None:
    """Take in orphans from below this process (Linux)."""
    process_option(_PR_SET_CHILD_SUBREAPER, 1)


def process_option(option: int, value: int) -> None:
    """Set a Linux process option; elsewhere nothing happens."""
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
