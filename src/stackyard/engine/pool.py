"""The workers of one driver: who is idle, who runs what, and everything that comes from them, in order."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
from collections.abc import Callable
from dataclasses import field
from typing import Any

from stackyard.engine.ahead import PrintedStream
from stackyard.engine.channel import ChannelError, FrameReader, encode
from stackyard.engine.executor import AheadExecutor, Answer, ExecutorEvent, LogData
from stackyard.engine.launcher import give_back, new_launcher
from stackyard.engine.worker_process import SEE_LOG, WorkerLauncher, WorkerProcess, describe_exit, hint_of_exit
from stackyard.engine.zygote_launcher import ZygoteLauncher
from stackyard.model.errors import ExecutionError
from stackyard.model.job import DroppedJob, Secrets, StepError, StepEvent, StepJob, StepOutcome, StepRequest
from stackyard.model.record import Record
from stackyard.storage.ids import now

_READ_BYTES = 1 << 16
_DRAIN_READS = 16
"""Enough for all that a pipe holds; something that a step left behind may go on writing for ever."""

StartLauncher = Callable[[], WorkerLauncher]
Meanwhile = Callable[[], None]


class _Worker(Record, frozen=False):
    """A worker with what was read from it."""

    process: WorkerProcess
    reader: FrameReader = field(default_factory=FrameReader)
    step_run_id: str = ""
    """Of the step that it runs; empty when idle."""
    log_step_run_id: str = ""
    """Of the step that what it prints belongs to: the running one, or the last."""
    printed: dict[str, PrintedStream] = field(
        default_factory=lambda: {"stdout": PrintedStream(), "stderr": PrintedStream()}
    )
    ahead: list[str] = field(default_factory=list)
    """Step runs that were given to it to follow the one that runs, in order."""
    dropped: set[str] = field(default_factory=set)
    """Those of them that were taken back."""
    open_ends: set[str] = field(default_factory=lambda: {"channel", "stdout", "stderr"})
    unsent: bytearray = field(default_factory=bytearray)
    """What its channel had no room for yet: a worker that does not read must not hold up the driver."""
    stopping: bool = False
    """Its step was asked to stop; such a worker gets no other one."""
    retired: bool = False
    """Its step left threads or children that may still print; such a worker gets no other one."""

    @property
    def is_free(self) -> bool:
        """Tell whether it can take a step."""
        return not (self.step_run_id or self.stopping or self.retired) and "channel" in self.open_ends


class WorkerPool:
    """Warm workers, started when needed, at most ``max_parallel``."""

    works_in_poll = False

    def __init__(
        self, max_parallel: int, start_launcher: StartLauncher = new_launcher, meanwhile: Meanwhile | None = None
    ) -> None:
        """Start nothing yet.

        Args:
            max_parallel: workers at the same time at most.
            start_launcher: makes the launcher when the first step is to be executed.
            meanwhile: is called once, when the first steps are under way and this process would only wait for them.
        """
        self.max_parallel = max_parallel
        self._start_launcher = start_launcher
        self._meanwhile = meanwhile
        self._launcher: WorkerLauncher | None = None
        self._workers: dict[int, _Worker] = {}
        self._selector = selectors.DefaultSelector()
        self._next_number = 1
        self.ahead: AheadExecutor | None = self
        self._asked: list[tuple[_Worker, StepRequest]] = []
        """What waits for an answer until all that came before it was taken."""
        self._waiting: list[ExecutorEvent] = []
        """What came while a worker was started."""
        self._may_have_ended = False
        """The launcher has something to tell of a worker; one without a descriptor has to be asked each time."""

    def warm_up(self) -> None:
        """Start the launcher ahead of the first step."""
        if self._launcher is None:
            self._launcher = self._start_launcher()
            descriptor = self._launcher.descriptor()
            if descriptor is not None:
                self._selector.register(descriptor, selectors.EVENT_READ, None)

    @property
    def running(self) -> int:
        """How many steps are being executed."""
        return sum(bool(w.step_run_id) for w in self._workers.values())

    def has_room(self) -> bool:
        """Tell whether one more step can start now."""
        return self.running < self.max_parallel

    def add_wakeup(self, descriptor: int) -> None:
        """Let :meth:`poll` return when a descriptor becomes readable (it is read empty)."""
        self._selector.register(descriptor, selectors.EVENT_READ, "wakeup")

    def submit(self, job: StepJob, secrets: Secrets | None = None) -> int:
        """Give a job, and beside it what it names of secrets, to an idle worker or a new one; return the worker's pid.

        Raises:
            ExecutionError: no worker can be started.
        """
        self.warm_up()
        worker = next((w for w in self._workers.values() if w.is_free), None)
        if worker is None:
            worker = self._start()
        self._assign(worker, job.step_run_id, self._waiting)
        self._send(worker, (encode("secrets", secrets) if secrets else b"") + encode("job", job))
        return worker.process.pid

    def submit_ahead(self, job: StepJob) -> bool:
        """Give a job to the worker that executes the step run which it comes after; return whether there is one."""
        for worker in self._workers.values():
            last = worker.ahead[-1] if worker.ahead else worker.step_run_id
            if last == job.after and not (worker.stopping or worker.retired or worker.dropped):
                worker.ahead.append(job.step_run_id)
                self._send(worker, encode("ahead", job))
                return True
        return False

    def drop_ahead(self, step_run_id: str) -> None:
        """Take back a job that was given ahead, and those that come after it; one that has begun goes on."""
        for worker in self._workers.values():
            if step_run_id in worker.ahead and step_run_id not in worker.dropped:
                worker.dropped.update(worker.ahead[worker.ahead.index(step_run_id) :])
                self._send(worker, encode("drop", DroppedJob(step_run_id=step_run_id)))

    def stop_step(self, step_run_id: str, *, force: bool) -> None:
        """Ask a step to stop (SIGTERM to it and its children), or kill it."""
        for worker in self._workers.values():
            if worker.step_run_id == step_run_id and self._launcher is not None:
                if worker.ahead:
                    self.drop_ahead(worker.ahead[0])
                worker.stopping = True
                self._launcher.signal(worker.process, signal.SIGKILL if force else signal.SIGTERM)

    def poll(self, timeout_s: float, answer: Answer) -> list[ExecutorEvent]:
        """Wait for something to happen; return it in the order of arrival, outcomes after all output of their step."""
        if self._meanwhile is not None and self.running:
            meanwhile, self._meanwhile = self._meanwhile, None
            meanwhile()
        self._answer(answer)
        events, self._waiting = self._waiting, []
        for key, ready in self._selector.select(0 if events else timeout_s):
            if key.data is None:
                self._may_have_ended = True
                continue
            if key.data == "wakeup":
                with contextlib.suppress(BlockingIOError):
                    os.read(key.fd, 1 << 12)
                continue
            worker, end = key.data
            if ready & selectors.EVENT_WRITE:
                self._send(worker)
            if ready & selectors.EVENT_READ:
                self._read(worker, end, events)
        if self._launcher is not None and (self._may_have_ended or self._launcher.descriptor() is None):
            self._may_have_ended = False
            self._bury(self._launcher, events)
        if not events:
            self._answer(answer)
        return events

    def close(self) -> None:
        """End all workers and what they started."""
        for worker in self._workers.values():
            self._close_ends(worker)
        self._workers.clear()
        if self._launcher is not None:
            descriptor = self._launcher.descriptor()
            if descriptor is not None:
                self._selector.unregister(descriptor)
            give_back(self._launcher)
            self._launcher = None
        self._selector.close()

    # reading ----------------------------------------------------------------------------------------------------

    def _answer(self, answer: Answer) -> None:
        """Answer what was asked, once what came before it was taken: the end of the step before, for one."""
        asked, self._asked = self._asked, []
        for worker, request in asked:
            if request.step_run_id == worker.step_run_id:  # else its step ended: nobody waits for the reply
                self._send(worker, encode("reply", answer(request)))

    def _start(self) -> _Worker:
        assert self._launcher is not None  # noqa: S101  # warm_up comes first
        try:
            worker = _Worker(self._launcher.start(self._next_number))
        except ExecutionError:
            if not isinstance(self._launcher, ZygoteLauncher) or self._launcher.alive():
                raise
            self._bury(self._launcher, self._waiting)  # somebody killed the zygote: another one serves as well
            self.warm_up()
            worker = _Worker(self._launcher.start(self._next_number))
        self._may_have_ended = True  # the launcher may have heard of it while it started another one
        self._next_number += 1
        self._workers[worker.process.number] = worker
        process = worker.process
        for end, descriptor in (("channel", process.channel), ("stdout", process.stdout), ("stderr", process.stderr)):
            if isinstance(descriptor, int):
                os.set_blocking(descriptor, False)
            self._selector.register(descriptor, selectors.EVENT_READ, (worker, end))
        return worker

    def _read(self, worker: _Worker, end: str, events: list[ExecutorEvent]) -> bool:
        """Read once from one end of a worker; return whether something came."""
        if end not in worker.open_ends:
            return False
        if end != "channel":
            data = self._read_bytes(worker, end)
            if data:
                self._print(worker, end, data, events)
            return bool(data)
        try:
            data = worker.process.channel.recv(_READ_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._close_end(worker, "channel")
            return False
        try:
            for message in worker.reader.feed(data):
                self._take(worker, message, events)
        except (ChannelError, ValueError, KeyError) as error:
            # Something else writes to the channel: this worker can't be trusted any more.
            self._close_end(worker, "channel")
            self._fail(worker, f"The worker sent what can't be understood ({error}).", events)
            self._kill(worker)
            worker.stopping = True
        return True

    def _take(self, worker: _Worker, message: dict[str, Any], events: list[ExecutorEvent]) -> None:
        if "event" in message:
            event = StepEvent.model_validate(message["event"])
            if event.step_run_id == worker.step_run_id:
                events.append(event)
            return
        if "request" in message:
            self._asked.append((worker, StepRequest.model_validate(message["request"])))
            return
        if "retire" in message:
            worker.retired = True
            return
        outcome = StepOutcome.model_validate(message["outcome"])
        if outcome.step_run_id != worker.step_run_id:
            return  # of a step that was not to begin any more: the worker is about to be killed
        for stream in ("stdout", "stderr"):  # all that was printed before the outcome is in the pipes by now
            self._drain(worker, stream, events)
            self._finish_text(worker, stream, events)
        self._go_on(worker, outcome, events)
        if worker.retired:
            retired = [w for w in self._workers.values() if w.retired and not w.step_run_id]
            for old in retired[: -self.max_parallel]:
                self._kill(old)

    def _go_on(self, worker: _Worker, outcome: StepOutcome, events: list[ExecutorEvent]) -> None:
        """Tell how a worker's step ended, and which one it goes on with."""
        worker.step_run_id = ""
        ahead, worker.ahead = worker.ahead, []
        worker.dropped.clear()
        if worker.stopping:
            outcome.followed_by = ""  # the signal may have met the one that follows
        following = outcome.followed_by
        events.append(outcome)
        if worker.stopping:
            self._kill(worker)  # and what its step may have left running
        elif following:
            worker.ahead = ahead[1:]
            events.append(StepEvent(kind="started", step_run_id=following, at=outcome.ended_at, pid=worker.process.pid))
            self._assign(worker, following, events)

    def _assign(self, worker: _Worker, step_run_id: str, events: list[ExecutorEvent]) -> None:
        """Note that a worker executes a step from now on, and what that has printed already."""
        worker.step_run_id = worker.log_step_run_id = step_run_id
        for stream, printed in worker.printed.items():
            self._print(worker, stream, printed.begin(), events)

    def _send(self, worker: _Worker, data: bytes = b"") -> None:
        """Send what there is room for in the worker's channel; the rest follows when there is."""
        worker.unsent += data
        if "channel" not in worker.open_ends:
            return
        channel = worker.process.channel
        try:
            while worker.unsent:
                del worker.unsent[: channel.send(worker.unsent, socket.MSG_DONTWAIT)]
        except BlockingIOError:
            pass
        except OSError:  # it died meanwhile: it shows as one that ended during the step
            worker.unsent.clear()
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if worker.unsent else 0)
        if self._selector.get_key(channel).events != wanted:
            self._selector.modify(channel, wanted, (worker, "channel"))

    def _drain(self, worker: _Worker, end: str, events: list[ExecutorEvent]) -> None:
        """Read what is there by now."""
        for _ in range(_DRAIN_READS):
            if not self._read(worker, end, events):
                return

    def _read_bytes(self, worker: _Worker, end: str) -> bytes:
        descriptor = worker.process.stdout if end == "stdout" else worker.process.stderr
        try:
            data = os.read(descriptor, _READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._close_end(worker, end)
        return data

    def _print(self, worker: _Worker, stream: str, data: bytes, events: list[ExecutorEvent]) -> None:
        """Take what came through a pipe; what the step that follows printed waits until that has begun."""
        text = worker.printed[stream].feed(data, worker.ahead[0] if worker.ahead else "")
        if text and worker.log_step_run_id:
            events.append(LogData(worker.log_step_run_id, stream, text))

    def _finish_text(self, worker: _Worker, stream: str, events: list[ExecutorEvent]) -> None:
        rest = worker.printed[stream].end()
        if rest and worker.log_step_run_id:
            events.append(LogData(worker.log_step_run_id, stream, rest))

    # deaths -----------------------------------------------------------------------------------------------------

    def _bury(self, launcher: WorkerLauncher, events: list[ExecutorEvent]) -> None:
        """Take note of workers that ended: their step fails alone, with the reason."""
        ended = dict(launcher.exited())
        if isinstance(launcher, ZygoteLauncher) and not launcher.alive():
            ended = {w.process.pid: int(signal.SIGKILL) for w in self._workers.values()}
            for pid in ended:  # the workers die with their zygote (Linux); what their steps started does not
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
            self._selector.unregister(launcher.descriptor() or -1)
            give_back(launcher)
            self._launcher = None
        for worker in [w for w in self._workers.values() if w.process.pid in ended]:
            worker.process.exit_status = ended[worker.process.pid]
            for end in ("channel", "stdout", "stderr"):
                self._drain(worker, end, events)
            if worker.step_run_id:
                status = worker.process.exit_status
                self._fail(worker, describe_exit(status), events, hint=hint_of_exit(status))
            self._close_ends(worker)
            del self._workers[worker.process.number]

    def _fail(self, worker: _Worker, message: str, events: list[ExecutorEvent], hint: str = SEE_LOG) -> None:
        if not worker.step_run_id:
            return
        for stream in ("stdout", "stderr"):
            self._finish_text(worker, stream, events)
        error = StepError(type="WorkerCrashed", message=message, hint=hint)
        outcome = StepOutcome(step_run_id=worker.step_run_id, status="failed", error=error, ended_at=now())
        if worker.stopping:
            outcome.status = "stopped"
        events.append(outcome)
        worker.step_run_id = ""

    def _kill(self, worker: _Worker) -> None:
        """Kill a worker and what its step started."""
        if self._launcher is not None:
            self._launcher.signal(worker.process, signal.SIGKILL)

    def _close_ends(self, worker: _Worker) -> None:
        for end in tuple(worker.open_ends):
            self._close_end(worker, end)

    def _close_end(self, worker: _Worker, end: str) -> None:
        if end not in worker.open_ends:
            return
        worker.open_ends.discard(end)
        process = worker.process
        if end == "channel":
            self._selector.unregister(process.channel)
            process.channel.close()
        else:
            descriptor = process.stdout if end == "stdout" else process.stderr
            self._selector.unregister(descriptor)
            os.close(descriptor)
