"""A worker: a warm process that executes one step after the other for one driver.

Started by the zygote (a fork) or as ``python -c`` with the channel's descriptor. When the driver goes away the channel
ends, and so does the worker.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

from stackyard.authoring.pipeline import set_runner
from stackyard.engine.ahead import JobsAhead, write_mark
from stackyard.engine.channel import ChannelError, WorkerChannel
from stackyard.engine.components import artifact_store
from stackyard.engine.limits import limit_threads
from stackyard.engine.logs import ForwardedLogging
from stackyard.engine.step_runner import StopRequested, run_step
from stackyard.engine.step_services import stored_output
from stackyard.engine.streams import StandardStreams
from stackyard.model.artifact import Manifest
from stackyard.model.errors import ExecutionError, UsageError
from stackyard.model.job import Secrets, StepEvent, StepJob, StepOutcome, StepReply, StepRequest
from stackyard.storage.ids import now
from stackyard.storage.strays import MARK_VARIABLE, kill_marked

GUARD_INTERVAL_S = 0.5
_AHEAD = ("ahead", "drop")
"""Kinds of messages about jobs that are given ahead."""


class _StopSignal:
    """SIGTERM stops the step that runs, but not in the middle of a message to the driver."""

    def __init__(self) -> None:
        self._held = False
        self._pending = False
        self._masks = threading.local()
        """Which signals were blocked in a thread that forks."""
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._before_fork, after_in_parent=self._after_fork, after_in_child=self._after_fork_in_child
            )

    def catch(self) -> None:
        """Raise :class:`StopRequested` in the main thread when it comes."""
        self._pending = False
        signal.signal(signal.SIGTERM, self._caught)

    def ignore(self) -> None:
        """No step runs: the signal means this process."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let the signal wait meanwhile."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._pending:
            self._pending = False
            raise StopRequested

    def _before_fork(self) -> None:
        """Let the signal wait: Python drops what comes to a child before it is set up, and this is the child's end."""
        self._masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def _after_fork(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._masks.before)

    def _after_fork_in_child(self) -> None:
        self.ignore()
        self._after_fork()

    def _caught(self, _signum: int, _frame: FrameType | None) -> None:
        if self._held:
            self._pending = True
        else:
            raise StopRequested


class _Worker:
    """One worker: its channel, its output, and the step that it executes."""

    def __init__(self, connection: socket.socket) -> None:
        self._channel = WorkerChannel(connection)
        self._stop = _StopSignal()
        self._streams = StandardStreams()
        self._step_run_id = ""
        """Of the step that runs; empty between steps."""
        self._ahead = JobsAhead()
        self._following: StepJob | None = None
        """The job to go on with, without waiting for the driver."""

    def serve(self) -> None:
        """Execute jobs until the driver closes the channel."""
        with contextlib.suppress(Exception):  # a help for whoever looks for a crash, no more
            faulthandler.enable(2)
        logging = ForwardedLogging(self._log)
        secrets: Secrets | None = None
        while (message := self._channel.receive("secrets", "job", *_AHEAD)) is not None:
            if "secrets" in message:  # of the job that comes next
                secrets = Secrets.model_validate(message["secrets"])
            elif "job" in message:  # what was given ahead came too late, as the driver knows by now
                self._following = StepJob.model_validate(message["job"])
                while (job := self._following) is not None:
                    logging.install()
                    if not self._execute(job, secrets):
                        return
                    secrets = None

    def _execute(self, job: StepJob, secrets: Secrets | None) -> bool:
        """Execute a step; return whether this process is needed any longer.

        It is when the step left it as it was, and when the step left children or threads that want to end by
        themselves; in the second case the driver gives it no other step. In the first one it goes on with the job that
        it was given ahead, if there is one.
        """
        if sys.path[: len(job.import_paths)] != job.import_paths:
            sys.path[:] = job.import_paths + [p for p in sys.path if p not in job.import_paths]
        if job.working_directory and os.path.isdir(job.working_directory):  # noqa: PTH112  # no Path on the hot path
            os.chdir(job.working_directory)
        limit_threads(job.limits.threads)
        self._step_run_id = job.step_run_id
        threads = set(threading.enumerate())
        try:
            self._stop.catch()
            outcome = run_step(job, self._send, secrets, self._ask)
        except StopRequested:  # the signal came between the step and the outcome
            return False
        finally:
            self._stop.ignore()
        self._streams.restore()
        self._step_run_id = ""
        left = [thread for thread in threading.enumerate() if thread not in threads]
        needed = _has_children() or any(not thread.daemon for thread in left)
        self._following = None
        if left or needed:  # what they print later must not get into the log of another step
            self._channel.send("retire", hold=True)
        elif outcome.status == "completed" and (told := self._channel.arrived(*_AHEAD)) is not None:
            self._following = self._ahead.following(job, told, stored_output)
        if self._following is not None:
            outcome.followed_by = self._following.step_run_id
            write_mark(self._streams.pipes, outcome.followed_by)
        else:
            self._ahead.forget()
        self._channel.send("outcome", outcome)
        if job.outputs and self._following is None:
            with contextlib.suppress(Exception):  # a store of somebody else's
                artifact_store(job.artifact_store, secrets.values if secrets else {}).make_room(job.run_id)
        return needed or not left

    def _send(self, event: StepEvent) -> None:
        if self._channel.forked:
            raise UsageError(
                "Metadata can't be logged from a process that the step started.",
                hint="Return it to the step, and log it there.",
            )
        with self._stop.held():
            self._channel.send("event", event, hold=event.kind == "artifact_saved")  # the outcome follows

    def _log(self, level: str, text: str) -> None:
        if self._channel.forked:
            sys.stderr.write(f"{level.upper()}: {text}\n")
        elif self._step_run_id:
            self._send(
                StepEvent(kind="log", step_run_id=self._step_run_id, at=now(), stream="log", level=level, text=text)
            )

    def _ask(self, method: str, arguments: dict[str, Any], manifest: Manifest | None) -> StepReply:
        """Ask the driver and wait for its reply.

        Raises:
            UsageError: in a process that the step started.
            ExecutionError: the driver is gone.
        """
        step_run_id = self._step_run_id

        def make(number: int) -> StepRequest:
            return StepRequest(
                id=number, step_run_id=step_run_id, method=method, arguments=arguments, manifest=manifest
            )

        try:
            return StepReply.model_validate(self._channel.ask(make, self._stop.held))
        except ChannelError as error:
            if self._channel.forked:
                raise UsageError(
                    f"A step can't be asked for {method!r} from a process that it started.",
                    hint="Do it in the step itself.",
                ) from error
            raise ExecutionError("The run's driver is gone.") from error


def _has_children() -> bool:
    """Tell whether this process has children, ended ones included, that nobody waited for."""
    if not hasattr(os, "waitid"):
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


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
    mark, driver = os.environ.get(MARK_VARIABLE, ""), os.getppid()
    while True:
        time.sleep(GUARD_INTERVAL_S)
        try:
            alive = connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            continue
        except OSError:
            alive = b""
        if not alive or os.getppid() != driver:  # what it sent ahead may be there still
            if mark:
                kill_marked(mark)
            os.killpg(0, signal.SIGKILL)


def _quietly(connection: socket.socket) -> None:
    # A module that calls its pipeline at the top level must not run it again when a worker imports the module.
    set_runner(lambda _definition, _given: None)
    try:
        _Worker(connection).serve()
    except (OSError, ChannelError):
        return  # the driver is gone, or the step closed the channel: nobody can be told
