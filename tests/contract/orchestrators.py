"""The executors that every test of the contract runs against; another orchestrator passes by being added here.

The zygote's workers, workers that are processes of their own, the driver's own process, and one that carries each job
as JSON to a process that knows nothing but the package, as a remote engine does.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackyard.engine.executor import AheadExecutor, Answer, ExecutorEvent, LogData, StepExecutor
from stackyard.engine.in_process import InProcessExecutor
from stackyard.engine.pool import WorkerPool
from stackyard.engine.spawn_launcher import SpawnLauncher
from stackyard.model.graph import OutputSpec, StepSource
from stackyard.model.job import (
    ComponentSpec,
    Secrets,
    StepError,
    StepEvent,
    StepJob,
    StepOutcome,
    StepReply,
    StepRequest,
)
from stackyard.storage.local_store import LocalArtifactStore
from stackyard.storage.materializers.lookup import load_version

ROOT = str(Path(__file__).parent.parent.parent)
PATIENCE_S = 180.0


@dataclass
class _Carried:
    """A job that a process of its own executes."""

    process: subprocess.Popen[bytes]
    back: int
    rest: bytes = b""
    stopping: bool = False


class RemoteExecutor:
    """Carries each job as JSON to a process of its own: the least that an orchestrator has to do."""

    works_in_poll = False
    ahead: AheadExecutor | None = None

    def __init__(self, max_parallel: int) -> None:
        self.max_parallel = max_parallel
        self._carried: dict[str, _Carried] = {}
        self._selector = selectors.DefaultSelector()

    def warm_up(self) -> None:
        """There is nothing to warm up."""

    def has_room(self) -> bool:
        return len(self._carried) < self.max_parallel

    def submit(self, job: StepJob, secrets: Secrets | None = None) -> int:
        back, far = os.pipe()
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("remote_worker.py")), str(far)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=(far,),
            start_new_session=True, bufsize=0,
        )  # fmt: skip
        os.close(far)
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        message = {"job": job.model_dump_json(), "secrets": (secrets or Secrets()).model_dump_json()}
        process.stdin.write(json.dumps(message).encode() + b"\n")
        self._carried[job.step_run_id] = _Carried(process, back)
        for end, descriptor in (
            ("back", back),
            ("stdout", process.stdout.fileno()),
            ("stderr", process.stderr.fileno()),
        ):
            os.set_blocking(descriptor, False)
            self._selector.register(descriptor, selectors.EVENT_READ, (job.step_run_id, end))
        return process.pid

    def stop_step(self, step_run_id: str, *, force: bool) -> None:
        carried = self._carried.get(step_run_id)
        if carried is not None:
            carried.stopping = True
            os.killpg(carried.process.pid, signal.SIGKILL if force else signal.SIGTERM)

    def poll(self, timeout_s: float, answer: Answer) -> list[ExecutorEvent]:
        events: list[ExecutorEvent] = []
        for key, _ in self._selector.select(timeout_s):
            if key.data is None:
                os.read(key.fd, 4096)
            elif key.data[0] in self._carried:
                step_run_id, end = key.data
                self._read(step_run_id, end, events, answer)
        return events

    def add_wakeup(self, descriptor: int) -> None:
        self._selector.register(descriptor, selectors.EVENT_READ, None)

    def close(self) -> None:
        for step_run_id in list(self._carried):
            self._forget(step_run_id)
        self._selector.close()

    def _read(self, step_run_id: str, end: str, events: list[ExecutorEvent], answer: Answer) -> None:
        carried = self._carried[step_run_id]
        streams = {"stdout": carried.process.stdout, "stderr": carried.process.stderr}
        data = self._bytes(carried.back if end == "back" else streams[end].fileno())  # type: ignore[union-attr]
        if end != "back":
            if data:
                events.append(LogData(step_run_id, end, data.decode("utf-8", errors="surrogateescape")))
            return
        if data is None:
            return
        *lines, carried.rest = (carried.rest + data).split(b"\n")
        for line in lines:
            ((kind, value),) = json.loads(line).items()
            if kind == "request":
                reply = answer(StepRequest.model_validate_json(value))
                carried.process.stdin.write(reply.model_dump_json().encode() + b"\n")  # type: ignore[union-attr]
            elif kind == "event":
                events.append(StepEvent.model_validate_json(value))
            else:
                self._ended(step_run_id, StepOutcome.model_validate_json(value), events)
                return
        if not data:
            status = carried.process.wait()
            error = StepError(type="WorkerCrashed", message=f"The process ended with {status} ({_signal(status)}).")
            ended = StepOutcome(step_run_id=step_run_id, status="failed", error=error)
            if carried.stopping:
                ended.status = "stopped"
            self._ended(step_run_id, ended, events)

    def _ended(self, step_run_id: str, outcome: StepOutcome, events: list[ExecutorEvent]) -> None:
        process = self._carried[step_run_id].process
        for end, file in (("stdout", process.stdout), ("stderr", process.stderr)):
            while data := self._bytes(file.fileno()):  # type: ignore[union-attr]
                events.append(LogData(step_run_id, end, data.decode("utf-8", errors="surrogateescape")))
        events.append(outcome)
        self._forget(step_run_id)

    def _forget(self, step_run_id: str) -> None:
        carried = self._carried.pop(step_run_id)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(carried.process.pid, signal.SIGKILL)
        carried.process.wait()
        for file in (carried.process.stdout, carried.process.stderr):
            self._selector.unregister(file)  # type: ignore[arg-type]
            file.close()  # type: ignore[union-attr]
        self._selector.unregister(carried.back)
        os.close(carried.back)
        carried.process.stdin.close()  # type: ignore[union-attr]

    @staticmethod
    def _bytes(descriptor: int) -> bytes | None:
        """Return what is there; None when nothing is by now."""
        try:
            return os.read(descriptor, 1 << 16)
        except BlockingIOError:
            return None


def _signal(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else "no signal"


EXECUTORS: dict[str, Callable[[], StepExecutor]] = {
    "zygote": lambda: WorkerPool(4),
    "spawn": lambda: WorkerPool(2, SpawnLauncher),
    "remote": lambda: RemoteExecutor(2),
    "in-process": InProcessExecutor,
}
ISOLATED = tuple(name for name in EXECUTORS if name != "in-process")
"""Those where a step is a process of its own."""
POOLS = ("zygote", "spawn")


def _nothing(request: StepRequest) -> StepReply:
    return StepReply(id=request.id)


@dataclass
class Engine:
    """Drives one executor as an execution does."""

    name: str
    executor: StepExecutor
    store: LocalArtifactStore
    answer: Answer = _nothing
    events: list[ExecutorEvent] = field(default_factory=list)
    _numbers: int = 0

    def job(self, function: str, *outputs: str, **fields: Any) -> StepJob:
        """Make a job for a function of :mod:`tests.contract.steps`."""
        self._numbers += 1
        return StepJob(
            run_id="run", run_name="run-1", step_run_id=f"step-{self._numbers}", step_name=function, pipeline_name="p",
            project_id="x", stack_name="default", source=StepSource(module="tests.contract.steps", qualname=function),
            import_paths=[ROOT], outputs=[OutputSpec(name=name, artifact_name=name) for name in outputs],
            artifact_store=ComponentSpec(
                component_id="c", name="default", flavor="local", configuration={"path": self.store.root}
            ),
            **fields,
        )  # fmt: skip

    def start(self, job: StepJob, secrets: Secrets | None = None) -> StepJob:
        """Submit a job when there is room."""
        self.until(self.executor.has_room)
        self.executor.submit(job, secrets)
        return job

    def give(self, job: StepJob, after: StepJob, **awaited: str) -> StepJob:
        """Give a job ahead; ``awaited`` names inputs and the outputs of the step before that they are."""
        job.after = after.step_run_id
        job.awaited = {name: (after.step_run_id, output) for name, output in awaited.items()}
        assert self.executor.ahead is not None
        assert self.executor.ahead.submit_ahead(job)
        return job

    def run(self, job: StepJob, secrets: Secrets | None = None) -> StepOutcome:
        """Execute a job to its end."""
        return self.ended(self.start(job, secrets))

    def until(self, done: Callable[[], bool]) -> None:
        """Poll until something is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < deadline, self.events
            self.events += self.executor.poll(0.1, self.answer)

    def ended(self, job: StepJob) -> StepOutcome:
        """Wait for a job's end."""
        self.until(lambda: any(isinstance(e, StepOutcome) for e in self.of(job)))
        outcome = self.of(job)[-1]
        assert isinstance(outcome, StepOutcome), "the outcome is the last that comes of a job"
        return outcome

    def of(self, job: StepJob) -> list[ExecutorEvent]:
        """Return what came of a job, in order."""
        return [event for event in self.events if event.step_run_id == job.step_run_id]

    def printed(self, job: StepJob, stream: str = "stdout") -> str:
        """Return all that a job printed on a stream."""
        return "".join(e.data for e in self.of(job) if isinstance(e, LogData) and e.stream == stream)

    def told(self, job: StepJob, kind: str) -> list[StepEvent]:
        """Return a job's events of a kind."""
        return [e for e in self.of(job) if isinstance(e, StepEvent) and e.kind == kind]

    def saved(self, job: StepJob) -> dict[str, Any]:
        """Return a job's outputs, loaded."""
        found = {e.output: e.manifest for e in self.told(job, "artifact_saved")}
        return {name: load_version(self.store, m.uri) for name, m in found.items() if m is not None}

    def stop_when(self, ready: Path, job: StepJob) -> StepOutcome:
        """Start a job and ask it to stop once it made a file."""
        if self.name == "in-process":  # the only way to it while it runs: a signal, as by Ctrl-C
            threading.Thread(target=_signal_when, args=(ready,), daemon=True).start()
            return self.run(job)
        self.start(job)
        self.until(ready.exists)
        self.executor.stop_step(job.step_run_id, force=False)
        return self.ended(job)


def _signal_when(ready: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
