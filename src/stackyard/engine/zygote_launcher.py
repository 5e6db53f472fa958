"""Starting workers through the zygote, one small preloaded process that forks them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from typing import Any

from stackyard.engine.channel import FDS_PER_WORKER
from stackyard.engine.surroundings import inherited, surroundings
from stackyard.engine.worker_process import BOOT, START_METHOD_VARIABLE, WorkerLauncher, WorkerProcess
from stackyard.model.errors import ExecutionError
from stackyard.storage.strays import MARK_VARIABLE, kill_marked, new_mark

CLOSE_TIMEOUT_S = 10


class ZygoteLauncher(WorkerLauncher):
    """Forks workers from one small preloaded process, which serves all runs of this driver one after the other."""

    def __init__(self, preload: list[str]) -> None:
        """Start the zygote; it loads the packages while the driver goes on."""
        ours, theirs = socket.socketpair()
        self._mark = new_mark()
        self._inherited = inherited()
        self._told = surroundings()
        self._process = subprocess.Popen(  # the guard, who starts the zygote
            [sys.executable, "-c", BOOT.format("guard"), str(theirs.fileno()), json.dumps(self._told["path"])],
            pass_fds=(theirs.fileno(),),
            env={**self._told["environment"], MARK_VARIABLE: self._mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        self._socket = ours
        self._hung_up = False
        self._buffer = b""
        self._exited: list[tuple[int, int]] = []
        self._forked: dict[int, int] = {}
        self._cleared = 0
        self._used = False
        self._preloaded: set[str] = set()
        self.preload(preload)

    def preload(self, modules: list[str]) -> None:
        """Let the zygote load more before the next worker is forked."""
        new = [name for name in modules if name not in self._preloaded]
        if new:
            self._preloaded.update(new)
            with contextlib.suppress(OSError):  # that the zygote is gone shows when a worker is to be forked
                self._send({"op": "preload", "modules": new})

    def catch_up(self) -> bool:
        """Tell the zygote what the driver changed of its surroundings; return whether workers will be as if they were
        started now. A zygote that has other limits than the driver, or another user, can't be told.
        """  # noqa: D205  # one sentence
        if inherited() != self._inherited:
            return False
        now = surroundings()
        if now != self._told:
            self._told = now
            with contextlib.suppress(OSError):  # as in preload
                self._send({"op": "surroundings", "told": now})
        return True

    def start(self, number: int) -> WorkerProcess:
        """Fork a worker."""
        channel, far_channel = socket.socketpair()
        out, far_out = os.pipe()
        err, far_err = os.pipe()
        try:
            message = json.dumps({"op": "fork", "worker": number}).encode() + b"\n"
            socket.send_fds(self._socket, [message], [far_channel.fileno(), far_out, far_err])
            assert FDS_PER_WORKER == 3  # noqa: S101  # the list above
        except OSError as error:
            raise self._gone(channel, out, err) from error
        finally:
            far_channel.close()
            os.close(far_out)
            os.close(far_err)
        self._used = True
        while number not in self._forked:
            if not self._read(wait=True):
                raise self._gone(channel, out, err)
        return WorkerProcess(number, channel, out, err, self._forked.pop(number))

    def exited(self) -> list[tuple[int, int]]:
        """Return the workers that ended; all of them when the zygote itself is gone."""
        self._read(wait=False)
        found, self._exited = self._exited, []
        return found

    def alive(self) -> bool:
        """Tell whether the zygote lives."""
        return not self._hung_up and self._process.poll() is None

    def signal(self, process: WorkerProcess, number: int) -> None:
        """Signal the worker's process group through its parent, who knows that the pid is still its own."""
        with contextlib.suppress(OSError):
            self._send({"op": "kill", "pid": process.pid, "signal": number})

    def end_workers(self) -> None:
        """Let the zygote kill everything below it; it stays for the driver's next run."""
        if not self._used:
            return
        wanted = self._cleared + 1
        try:
            self._send({"op": "clear"})
            while self._cleared < wanted:
                if not self._read(wait=True):
                    self.close()
                    break
        except OSError:
            self.close()
        self._exited.clear()
        self._used = False

    def close(self) -> None:
        """Hang up: the zygote kills what is left and ends."""
        if self._used:
            # Wait on the socket: waiting for a process with a timeout sleeps in ever longer steps.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
                self._socket.settimeout(CLOSE_TIMEOUT_S)
                while self._socket.recv(1 << 16):
                    pass
        else:  # it may be in the middle of loading packages, and has no children
            self._kill()
        self._socket.close()
        try:
            self._process.wait(timeout=CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        if self._used and self._process.returncode != 0:
            kill_marked(self._mark)  # a guardian was killed: what left its worker's group may have nobody else

    def forget(self) -> None:
        """Let go of a zygote that belongs to the process that this one was forked from."""
        self._socket.close()
        self._process.poll()  # no child of ours: subprocess takes it for ended

    def descriptor(self) -> int | None:
        """Return the zygote's socket."""
        return self._socket.fileno()

    def _kill(self) -> None:
        """Kill guard and zygote, which share a process group, if the guard is there: its pid is its own until then."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _send(self, message: dict[str, Any]) -> None:
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def _read(self, *, wait: bool) -> bool:
        self._socket.setblocking(wait)
        try:
            data = self._socket.recv(1 << 16)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        finally:
            self._socket.setblocking(True)
        if not data:
            self._hung_up = True
            return False
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if message["op"] == "forked":
                self._forked[message["worker"]] = message["pid"]
            elif message["op"] == "cleared":
                self._cleared += 1
            else:
                self._exited.append((message["pid"], message["status"]))
        return True

    def _gone(self, channel: socket.socket, *pipes: int) -> ExecutionError:
        channel.close()
        for pipe in pipes:
            os.close(pipe)
        return ExecutionError(
            "The process that starts workers ended unexpectedly.",
            hint=f"Run again; if it happens again, set {START_METHOD_VARIABLE}=spawn.",
        )
