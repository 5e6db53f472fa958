"""Steps executed one after the other in the driver's own process: for debuggers and profilers.

What a step prints through Python appears live and is logged; what C code and child processes print appears only. A step
that crashes ends its driver.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any

from stackyard.authoring.context import outside_of_steps
from stackyard.engine.executor import AheadExecutor, Answer, ExecutorEvent, LogData
from stackyard.engine.limits import limit_threads
from stackyard.engine.logs import ForwardedLogging
from stackyard.engine.step_runner import StopRequested, own_environment, run_step
from stackyard.model.artifact import Manifest
from stackyard.model.job import Secrets, StepError, StepEvent, StepJob, StepOutcome, StepReply, StepRequest
from stackyard.storage.ids import now

_STOP_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_WAKEUP_BYTES = 1 << 12


class InProcessExecutor:
    """Executes a job inside :meth:`poll`, and returns when it has ended."""

    max_parallel = 1
    ahead: AheadExecutor | None = None
    works_in_poll = True

    def __init__(self) -> None:
        """Start with no job."""
        self._waiting: tuple[StepJob, Secrets | None] | None = None
        self._unwanted = False
        """The job that waits was asked to stop."""
        self._selector = selectors.DefaultSelector()
        self._last_request = 0
        self._asking = threading.Lock()

    def warm_up(self) -> None:
        """Nothing has to be started."""

    def has_room(self) -> bool:
        """Tell whether no job waits."""
        return self._waiting is None

    def submit(self, job: StepJob, secrets: Secrets | None = None) -> int:
        """Take a job for the next :meth:`poll`; return this process's id."""
        self._waiting, self._unwanted = (job, secrets), False
        return os.getpid()

    def stop_step(self, step_run_id: str, *, force: bool) -> None:  # noqa: ARG002  # nothing runs between two polls
        """Let a job that has not begun never begin; one that runs is stopped by a signal alone, as by Ctrl-C."""
        self._unwanted = self._waiting is not None and self._waiting[0].step_run_id == step_run_id

    def poll(self, timeout_s: float, answer: Answer) -> list[ExecutorEvent]:
        """Execute the job that waits, if there is one; else wait for the wake-up descriptor."""
        if self._waiting is None:
            self._wait(timeout_s)
            return []
        (job, secrets), self._waiting = self._waiting, None
        if self._unwanted:
            return [_stopped(job)]
        return self._execute(job, secrets, answer)

    def add_wakeup(self, descriptor: int) -> None:
        """Let :meth:`poll` return when a descriptor becomes readable; it is read empty."""
        self._selector.register(descriptor, selectors.EVENT_READ)

    def close(self) -> None:
        """Forget the job that waits."""
        self._waiting = None
        self._selector.close()

    def _wait(self, timeout_s: float) -> None:
        if not self._selector.get_map():  # select() of nothing is an error on Windows
            time.sleep(timeout_s)
            return
        for key, _ in self._selector.select(timeout_s):
            with contextlib.suppress(BlockingIOError):
                os.read(key.fd, _WAKEUP_BYTES)

    def _execute(self, job: StepJob, secrets: Secrets | None, answer: Answer) -> list[ExecutorEvent]:
        events: list[ExecutorEvent] = []
        screen = sys.stderr

        def ask(method: str, arguments: dict[str, Any], manifest: Manifest | None) -> StepReply:
            # The threads of a step ask one after the other, and the driver is no step.
            with self._asking, outside_of_steps():
                self._last_request += 1
                number = self._last_request
                return answer(
                    StepRequest(
                        id=number,
                        step_run_id=job.step_run_id,
                        method=method,
                        arguments=arguments,
                        manifest=manifest,
                    )
                )

        def log(level: str, text: str) -> None:
            events.append(StepEvent(kind="log", step_run_id=job.step_run_id, at=now(), level=level, text=text))
            if screen is not None:
                screen.write(f"{text}\n")

        def send(event: StepEvent) -> None:
            if event.kind == "log":
                log(event.level, event.text)
            else:
                events.append(event)

        limit = _Limit(job.limits.timeout_s)
        try:
            with _own_state(job), _captured(job.step_run_id, events), _logged(log), _stoppable(limit):
                outcome = run_step(job, send, secrets, ask)
        except StopRequested:  # the signal came between the step and the outcome
            outcome = _stopped(job)
        if limit.passed and outcome.status == "stopped":
            error = StepError(type="StepTimeout", message=f"timed out after {limit.seconds:g} s")
            if outcome.error is not None:
                error = outcome.error.model_copy(update={"type": error.type, "message": error.message})
            outcome = outcome.model_copy(update={"status": "failed", "error": error})
        return [*events, outcome]


def _stopped(job: StepJob) -> StepOutcome:
    error = StepError(type="Stopped", message="The step was stopped on request.")
    return StepOutcome(step_run_id=job.step_run_id, status="stopped", error=error, ended_at=now())


class _Limit:
    """How long a step may take, and whether it took longer."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.passed = False


class _Tee:
    """A file that also tells somebody what is written; everything else is the file's own."""

    def __init__(self, file: Any, tell: Callable[[str], None]) -> None:
        self._file = file
        self._tell = tell

    def write(self, data: Any) -> int:
        """Write and tell."""
        self._tell(data if isinstance(data, str) else bytes(data).decode("utf-8", errors="surrogateescape"))
        return int(self._file.write(data)) if self._file is not None else len(data)

    def writelines(self, lines: Iterable[Any]) -> None:
        """Write and tell."""
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> _Tee:
        """Return the file of bytes below, told of as well."""
        self._file.flush()
        return _Tee(self._file.buffer, self._tell)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextlib.contextmanager
def _captured(step_run_id: str, events: list[ExecutorEvent]) -> Iterator[None]:
    """Let what is printed through Python be seen and be noted."""

    def note(stream: str) -> Callable[[str], None]:
        return lambda text: events.append(LogData(step_run_id, stream, text))

    before = sys.stdout, sys.stderr
    for name, file in zip(("stdout", "stderr"), before, strict=True):
        setattr(sys, name, _Tee(file, note(name)))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for file in before:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                file.flush()


@contextlib.contextmanager
def _logged(log: Callable[[str, str], None]) -> Iterator[None]:
    """Let records of ``logging`` be seen and be noted with their level."""
    forwarded = ForwardedLogging(log)
    forwarded.install()
    try:
        yield
    finally:
        forwarded.remove()


@contextlib.contextmanager
def _own_state(job: StepJob) -> Iterator[None]:
    """Give the step the state that it finds in a worker, and put the driver's back."""
    folder, path, arguments = os.getcwd(), list(sys.path), list(sys.argv)  # noqa: PTH109  # as it is put back
    with own_environment({}):
        limit_threads(job.limits.threads)
        sys.path[:] = job.import_paths + [p for p in sys.path if p not in job.import_paths]
        try:
            with contextlib.suppress(OSError):
                os.chdir(job.working_directory or ".")
            yield
        finally:
            sys.path[:], sys.argv[:] = path, arguments
            with contextlib.suppress(OSError):
                os.chdir(folder)


@contextlib.contextmanager
def _stoppable(limit: _Limit) -> Iterator[None]:
    """Let signals and the time limit stop the step; the driver is told of the signals, too.

    Signals reach the main thread alone: a step that runs in another one ends by itself.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Any] = {}

    def stop(number: int, frame: FrameType | None) -> None:
        told = before[number]
        if callable(told) and told is not signal.default_int_handler:
            told(number, frame)
        raise StopRequested

    def time_is_up(_number: int, _frame: FrameType | None) -> None:
        limit.passed = True
        raise StopRequested

    for number in _STOP_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, stop)
    timed = limit.seconds is not None and hasattr(signal, "setitimer")
    if timed:
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, time_is_up)
        signal.setitimer(signal.ITIMER_REAL, limit.seconds or 0.0)
    try:
        yield
    finally:
        if timed:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
