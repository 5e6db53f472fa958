"""The zygote: a small single-threaded process that preloads packages, forks workers and is their guardian.

It talks with its driver over one socket: lines of JSON, descriptors beside them. When that socket ends, whatever the
reason, every worker's process group is killed, strays that left their group included (Linux), and the zygote ends.
Between the two stands the guard, who does the same when the zygote is killed.

Invariant: no threads here, ever; forking a process with threads is what this process exists to avoid.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
from typing import Any

from stackyard.engine import worker
from stackyard.engine.channel import FDS_PER_WORKER
from stackyard.engine.guard import PARENT_CHECK_S, ChildBell, become_subreaper, kill_children, process_option
from stackyard.engine.surroundings import take_on

_PR_SET_PDEATHSIG = 1


class Zygote:
    """State of the zygote."""

    def __init__(self, driver: socket.socket) -> None:
        """Take the socket to the driver."""
        self.driver = driver
        self.workers: set[int] = set()
        self._buffer = b""
        self._descriptors: list[int] = []
        self._bell = ChildBell()

    def run(self) -> None:
        """Serve until the driver goes away."""
        become_subreaper()
        parent = os.getppid()
        while os.getppid() == parent:  # the guard may be killed
            asked = self._bell.wait(PARENT_CHECK_S, self.driver.fileno())
            self._reap()
            if asked and not self._read():
                break
        self._kill_all()

    def _read(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(self.driver, 1 << 16, FDS_PER_WORKER * 8)
        except ConnectionError:
            return False
        self._descriptors.extend(descriptors)
        if not data:
            return False
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._do(json.loads(line))
        return True

    def _do(self, message: dict[str, Any]) -> None:
        if message["op"] == "preload":
            for name in message["modules"]:
                with contextlib.suppress(BaseException):  # a package that fails here fails again in the step, visibly
                    importlib.import_module(name)
            gc.collect()
            gc.freeze()  # collections in the workers must not touch, and so copy, the shared pages
        elif message["op"] == "surroundings":
            take_on(message["told"])
        elif message["op"] == "fork":
            channel, out, err = self._descriptors[:FDS_PER_WORKER]
            del self._descriptors[:FDS_PER_WORKER]
            pid = self._fork(channel, out, err)
            for descriptor in (channel, out, err):
                os.close(descriptor)
            self._tell({"op": "forked", "worker": message["worker"], "pid": pid})
        elif message["op"] == "clear":
            self._kill_all()
            self._tell({"op": "cleared"})
        elif message["op"] == "kill" and message["pid"] in self.workers:
            # Its own child that was not waited for: the pid can't belong to anybody else.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(message["pid"], message["signal"])
                os.killpg(message["pid"], signal.SIGCONT)  # one that is suspended must hear of it

    def _fork(self, channel: int, out: int, err: int) -> int:
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self.workers.add(pid)
            return pid
        try:
            os.setsid()
            process_option(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
            self._bell.close()
            for number in (signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            self.driver.close()
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(out, 1)
            os.dup2(err, 2)
            for descriptor in (null, out, err):
                if descriptor > 2:  # the standard streams
                    os.close(descriptor)
            worker.main_after_fork(socket.socket(fileno=channel))
        except BaseException:  # noqa: BLE001  # the child must never return into the zygote's loop
            import traceback  # noqa: PLC0415

            traceback.print_exc()
            os._exit(1)
        finally:
            with contextlib.suppress(BaseException):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(0)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.workers:
                self.workers.discard(pid)
                # Children that the step started are in the dead worker's group.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
                self._tell({"op": "exited", "pid": pid, "status": status})

    def _tell(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self.driver.sendall(json.dumps(message).encode() + b"\n")

    def _kill_all(self) -> None:
        """Kill every worker with its group, then whatever else is left of them below this process."""
        for pid in self.workers:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        self.workers.clear()
        kill_children()


def main() -> None:
    """Be the zygote: ``sys.argv[1]`` is the socket's descriptor."""
    worker.build_models()  # once here instead of in every fork
    gc.freeze()  # all that is there so far stays; from here on it is collected as usual
    gc.enable()
    driver = socket.socket(fileno=int(sys.argv[1]))
    sys.argv[:] = [""]
    Zygote(driver).run()
    os._exit(0)  # nothing of the preloaded packages needs to be torn down
