"""A worker: a warm process that executes one step after the other for one driver.

Started by the zygote (a fork) or as ``python -c`` with the channel's descriptor. When the driver goes away the channel
ends, and so does the worker.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import threading
import time
from types import FrameType

from stackyard.authoring.pipeline import set_runner
from stackyard.engine.channel import BlockingChannel, ChannelError
from stackyard.engine.limits import limit_threads
from stackyard.engine.logs import forward_logging
from stackyard.engine.step_runner import StopRequested, flush_output, run_step
from stackyard.model.artifact import Manifest
from stackyard.model.job import Secrets, StepEvent, StepJob, StepOutcome
from stackyard.storage.ids import now
from stackyard.storage.strays import MARK_VARIABLE, kill_marked

GUARD_INTERVAL_S = 0.5


def _stop(_signum: int, _frame: FrameType | None) -> None:
    raise StopRequested


def serve(connection: socket.socket) -> None:
    """Execute jobs until the driver closes the channel."""
    channel = BlockingChannel(connection)
    lock = threading.Lock()  # a step's own threads may log while it runs
    current: list[str] = []
    secrets: Secrets | None = None

    def send(event: StepEvent) -> None:
        with lock:
            channel.send("event", event)

    def send_log(level: str, text: str) -> None:
        if current:
            send(StepEvent(kind="log", step_run_id=current[0], at=now(), stream="log", level=level, text=text))

    forward_logging(send_log)
    # New text files over the pipes: what the parent had open there was made for another kind of file.
    sys.stdout = sys.__stdout__ = open(1, "w", 1, "utf-8", "backslashreplace", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stderr = sys.__stderr__ = open(2, "w", 1, "utf-8", "backslashreplace", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    while True:
        try:
            message = channel.receive()
        except ChannelError:
            return
        if message is None:
            return
        if "secrets" in message:  # of the job that comes next
            secrets = Secrets.model_validate(message["secrets"])
            continue
        job = StepJob.model_validate(message["job"])
        sys.path[:] = job.import_paths + [p for p in sys.path if p not in job.import_paths]
        if job.working_directory and os.path.isdir(job.working_directory):  # noqa: PTH112  # no Path on the hot path
            os.chdir(job.working_directory)
        limit_threads(job.limits.threads)
        current[:] = [job.step_run_id]
        try:
            signal.signal(signal.SIGTERM, _stop)
            send(StepEvent(kind="started", step_run_id=job.step_run_id, at=now(), pid=os.getpid()))
            outcome = run_step(job, send, secrets)
        except StopRequested:  # the signal came between the step and the outcome
            return
        finally:
            secrets = None
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        flush_output()
        current.clear()
        with lock:
            channel.send("outcome", outcome)


def build_models() -> None:
    """Build the validators that every step needs; they are built at the first use otherwise."""
    for model in (StepJob, StepEvent, StepOutcome, Manifest):
        model.model_rebuild()


def main_after_fork(connection: socket.socket) -> None:
    """Be a worker in a process that was just forked from the zygote."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
    _quietly(connection)


def main() -> None:
    """Be a worker in a process of its own: ``sys.argv[1]`` is the channel's descriptor."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    sys.argv[:] = [""]
    threading.Thread(target=_end_with_driver, args=(connection,), daemon=True).start()
    _quietly(connection)


def _end_with_driver(connection: socket.socket) -> None:
    """Without a zygote as guardian: kill all that this worker started, and itself, when the driver is gone."""
    mark = os.environ.get(MARK_VARIABLE, "")
    while True:
        time.sleep(GUARD_INTERVAL_S)
        try:
            alive = connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            continue
        except OSError:
            alive = b""
        if not alive:
            if mark:
                kill_marked(mark)
            os.killpg(0, signal.SIGKILL)


def _quietly(connection: socket.socket) -> None:
    # A module that calls its pipeline at the top level must not run it again when a worker imports the module.
    set_runner(lambda _definition, _given: None)
    try:
        serve(connection)
    except (BrokenPipeError, ConnectionError):
        return  # the driver is gone: nobody is left to tell
