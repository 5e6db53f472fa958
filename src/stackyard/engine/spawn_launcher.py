"""Starting each worker as a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys

from stackyard.engine.surroundings import environment
from stackyard.engine.worker_process import BOOT, WorkerLauncher, WorkerProcess
from stackyard.model.errors import ExecutionError
from stackyard.storage.strays import MARK_VARIABLE, kill_marked, new_mark


class SpawnLauncher(WorkerLauncher):
    """Starts each worker as a process of its own; slower, and works everywhere that has socket pairs."""

    def __init__(self) -> None:
        """Start with none."""
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._marks: dict[int, str] = {}

    def start(self, number: int) -> WorkerProcess:
        """Start a process."""
        mark = new_mark()
        channel, far_channel = socket.socketpair()
        try:
            process = subprocess.Popen(  # our own interpreter and module
                [sys.executable, "-c", BOOT.format("worker"), str(far_channel.fileno()), json.dumps(sys.path)],
                pass_fds=(far_channel.fileno(),),
                env={**environment(), MARK_VARIABLE: mark},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            channel.close()
            raise ExecutionError(f"A worker can't be started: {error.strerror or error}.") from error
        finally:
            far_channel.close()
        self._processes[process.pid] = process
        self._marks[process.pid] = mark
        assert process.stdout is not None  # noqa: S101  # PIPE
        assert process.stderr is not None  # noqa: S101  # PIPE
        return WorkerProcess(
            number,
            channel,
            os.dup(process.stdout.fileno()),
            os.dup(process.stderr.fileno()),
            process.pid,
            popen=process,
        )

    def exited(self) -> list[tuple[int, int]]:
        """Return the processes that ended."""
        found: list[tuple[int, int]] = []
        for pid, process in list(self._processes.items()):
            code = process.poll()
            if code is not None:
                self._forget(pid)
                found.append((pid, -code if code < 0 else code << 8))
        return found

    def signal(self, process: WorkerProcess, number: int) -> None:
        """Signal the process group, while the process is not waited for."""
        if process.pid in self._processes and self._processes[process.pid].poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)
                os.killpg(process.pid, signal.SIGCONT)  # one that is suspended must hear of it

    def end_workers(self) -> None:
        """Kill all groups and wait."""
        for pid, process in list(self._processes.items()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            process.wait()
            self._forget(pid)

    def _forget(self, pid: int) -> None:
        process = self._processes.pop(pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        kill_marked(self._marks.pop(pid))
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
