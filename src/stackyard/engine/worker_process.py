"""A worker as its driver sees it, and what starts, signals and ends workers."""

from __future__ import annotations

import signal
import socket
import subprocess
from abc import ABC, abstractmethod

from stackyard.model.record import Record

START_METHOD_VARIABLE = "STACKYARD_WORKER_START"
"""``zygote`` or ``spawn``; for platforms and debugging sessions where the default does not serve."""

SEE_LOG = "See the step's log."
BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from stackyard.engine.{0} import main; main()"
"""What a new interpreter executes to become a worker, or the guard of a zygote."""


class WorkerProcess(Record, frozen=False):
    """A worker as its driver sees it. Closing ``channel`` ends it."""

    number: int
    channel: socket.socket
    stdout: int
    """Descriptor of the pipe that holds what it prints."""
    stderr: int
    pid: int = 0
    exit_status: int | None = None
    """As ``os.waitpid`` gives it; None while it lives."""
    popen: subprocess.Popen[bytes] | None = None


class WorkerLauncher(ABC):
    """Starts, signals and ends workers."""

    @abstractmethod
    def start(self, number: int) -> WorkerProcess:
        """Start a worker.

        Raises:
            ExecutionError: it can't be started.
        """

    @abstractmethod
    def exited(self) -> list[tuple[int, int]]:
        """Return (pid, wait status) of workers that ended since the last call; never waits."""

    @abstractmethod
    def signal(self, process: WorkerProcess, number: int) -> None:
        """Send a signal to a worker and its children."""

    @abstractmethod
    def end_workers(self) -> None:
        """End all workers and what they started; returns when they are gone."""

    def descriptor(self) -> int | None:
        """Return what becomes readable when a worker ends, if there is such a thing."""
        return None


def describe_exit(status: int) -> str:
    """Return a wait status in words, naming the signal."""
    number = status & 0x7F
    if number:
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = "an unknown signal"
        return f"The worker was killed by signal {number} ({name})."
    return f"The worker process ended with exit code {status >> 8} in the middle of the step."


def hint_of_exit(status: int) -> str:
    """Return what may help after a worker ended so."""
    if status & 0x7F == signal.SIGKILL:
        return f"{SEE_LOG} A worker that is killed from outside is often out of memory."
    if status & 0x7F:
        return f"{SEE_LOG} A library in C or C++ crashes so: its last calls stand there."
    return f"{SEE_LOG} Something in the step ended its process: os._exit() or a library."
