"""One run from its first row to its last: the driver's main loop.

Invariant: single-threaded; everything that happens arrives through the pool's poll and is recorded before it is told.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stackyard.authoring.pipeline import RecordedPipeline
from stackyard.engine.cache import CacheDecision, KnownVersion, StepCache
from stackyard.engine.executor import Answer, ExecutorEvent, LogData, StepExecutor
from stackyard.engine.functions import portable_source
from stackyard.engine.limits import threads_per_worker
from stackyard.engine.redaction import EventRedaction
from stackyard.engine.reporter import Reporter, RunFacts, StepChange
from stackyard.engine.scheduler import Scheduler
from stackyard.engine.stop import StopRequests
from stackyard.model.artifact import Manifest
from stackyard.model.enums import ExecutionMode, Status
from stackyard.model.errors import StackyardError
from stackyard.model.graph import StepSource, StepSpec
from stackyard.model.job import (
    ComponentSpec,
    Secrets,
    StepError,
    StepEvent,
    StepJob,
    StepLimits,
    StepOutcome,
)
from stackyard.storage.catalog.writer import NewStepRun, RunWriter
from stackyard.storage.home import Home
from stackyard.storage.ids import new_id
from stackyard.storage.logs import StepLog

if TYPE_CHECKING:
    from stackyard.model.redaction import Redactor

POLL_S = 0.1
GRACE_S = 5.0


@dataclass(frozen=True)
class StepComponents:
    """What a step takes from its stack."""

    artifact_store: ComponentSpec
    experiment_tracker: ComponentSpec | None = None
    secrets: Secrets | None = None
    """Values of all secrets that the step and its components name."""


@dataclass(frozen=True)
class RunPlan:
    """What a run needs to know beside its graph."""

    facts: RunFacts
    project_id: str
    max_workers: int
    mode: ExecutionMode
    import_paths: list[str]
    working_directory: str
    external: dict[str, KnownVersion]
    """Artifact version id to version, for inputs that exist before the run."""
    steps: dict[str, StepComponents]
    """Step to what it takes from the stack."""
    redactor: Redactor | None = None
    """Masks the run's secrets; None without any."""


@dataclass
class _Running:
    """A step that a worker executes."""

    spec: StepSpec
    step_run_id: str
    log: StepLog
    started: float
    logged: dict[str, Any]
    links: dict[str, Any]
    """What its experiment tracker says."""
    saved: dict[str, Manifest]
    """Output to what was stored."""
    ended_by_stop: bool = False

    @property
    def metadata(self) -> dict[str, Any]:
        """What the step logged comes first."""
        return {**self.logged, **self.links}


class Execution:
    """Runs a recorded pipeline on the local orchestrator."""

    def __init__(
        self, recorded: RecordedPipeline, plan: RunPlan, *, home: Home, writer: RunWriter, cache: StepCache,
        reporter: Reporter, executor: StepExecutor, answer: Answer,
    ) -> None:  # fmt: skip
        """Take the parts.

        Raises:
            CycleError: steps wait for each other.
            DefinitionError: a step's function can't be sent to a worker.
        """
        self._recorded = recorded
        self._plan = plan
        self._home = home
        self._writer = writer
        self._cache = cache
        self._reporter = reporter
        self._executor = executor
        self._answer = answer
        self.scheduler = Scheduler(recorded.spec.steps, plan.mode)
        self._specs = {s.name: s for s in recorded.spec.steps}
        self._sources: dict[str, StepSource] = {
            name: portable_source(definition) for name, definition in recorded.definitions.items()
        }
        self._step_run_ids = {name: new_id() for name in self.scheduler.order}
        self._names = {step_run_id: name for name, step_run_id in self._step_run_ids.items()}
        self._outputs: dict[tuple[str, str], KnownVersion] = {}
        self._running: dict[str, _Running] = {}
        self._first_error: StepError | None = None
        self._stops_seen = 0
        self._stop_deadline = 0.0
        self._width = self._graph_width()
        self._redaction = EventRedaction(plan.redactor) if plan.redactor else None

    def record_steps(self) -> None:
        """Write the queued steps; the run's row must exist."""
        rows = [
            NewStepRun(
                id=self._step_run_ids[name],
                name=name,
                position=position,
                parameters=self._specs[name].parameters,
                upstream=self._specs[name].upstream(),
                file=self._specs[name].source.file,
                line=self._specs[name].source.line,
            )
            for position, name in enumerate(self.scheduler.order)
        ]
        self._writer.add_steps(rows)

    def run(self) -> Status:
        """Execute all steps; return the run's status, which is recorded."""
        begun = time.monotonic()
        self._writer.set_run(Status.RUNNING)
        self._reporter.run_started(self._plan.facts)
        with StopRequests(self._home.stop_file(self._plan.facts.run_id)) as stops:
            if stops.wakeup is not None:
                self._executor.add_wakeup(stops.wakeup)
            try:
                while True:
                    self._start_ready()
                    if self.scheduler.finished:
                        break
                    events = self._executor.poll(POLL_S, self._answer)
                    for event in self._redaction.clean(events) if self._redaction else events:
                        self._take(event)
                    self._reporter.tick()
                    self._obey(stops)
            finally:
                self._executor.close()
                for running in self._running.values():
                    running.log.close()
        status = self.scheduler.outcome()
        self._writer.set_run(status, error=self._first_error)
        self._reporter.run_finished(status, time.monotonic() - begun)
        return status

    # starting ---------------------------------------------------------------------------------------------------

    def _start_ready(self) -> None:
        while (name := self.scheduler.take_ready()) is not None:
            spec = self._specs[name]
            inputs = {key: self._outputs[ref.step, ref.output] for key, ref in spec.inputs.items()}
            inputs.update({key: self._plan.external[version] for key, version in spec.external_inputs.items()})
            tracker = self._plan.steps[name].experiment_tracker
            decision = self._cache.decide(
                spec, self._sources[name], inputs, experiment_tracker=tracker.component_id if tracker else ""
            )
            if decision.hit:
                self._reuse(spec, inputs, decision)
            elif self._executor.has_room():
                self._start(spec, inputs, decision)
            else:
                self.scheduler.put_back(name)
                return

    def _reuse(self, spec: StepSpec, inputs: dict[str, KnownVersion], decision: CacheDecision) -> None:
        self._writer.step_cached(
            self._step_run_ids[spec.name],
            inputs={key: version.id for key, version in inputs.items()},
            outputs={key: version.id for key, version in decision.outputs.items()},
            cache_key=decision.key,
            parts=decision.parts,
            source_run_id=decision.source_run_id,
            metadata=decision.metadata,
        )
        if decision.links:
            self._writer.add_run_metadata({spec.name: decision.links})
        for output, version in decision.outputs.items():
            self._outputs[spec.name, output] = version
        self.scheduler.end(spec.name, Status.CACHED)
        logged = {key: value for key, value in decision.metadata.items() if key not in decision.links}
        self._reporter.step_changed(StepChange(spec.name, Status.CACHED, duration_s=0.0, metadata=logged))

    def _start(self, spec: StepSpec, inputs: dict[str, KnownVersion], decision: CacheDecision) -> None:
        facts, step_run_id, components = self._plan.facts, self._step_run_ids[spec.name], self._plan.steps[spec.name]
        job = StepJob(
            run_id=facts.run_id,
            run_name=facts.name,
            step_run_id=step_run_id,
            step_name=spec.name,
            pipeline_name=facts.pipeline,
            project_id=self._plan.project_id,
            stack_name=facts.stack,
            source=self._sources[spec.name],
            import_paths=self._plan.import_paths,
            working_directory=self._plan.working_directory,
            parameters=spec.parameters,
            inputs={key: version.as_input() for key, version in inputs.items()},
            outputs=spec.outputs,
            artifact_store=components.artifact_store,
            experiment_tracker=components.experiment_tracker,
            environment=spec.environment,
            secrets=spec.secrets,
            limits=StepLimits(threads=threads_per_worker(min(self._width, self._plan.max_workers))),
        )
        # What a store says of damage may name its address.
        detail = self._plan.redactor.clean(decision.detail) if self._plan.redactor else decision.detail
        log = StepLog(
            self._home.step_log(facts.run_id, step_run_id),
            lambda text: self._reporter.warning(f"step {spec.name}: {text}"),
        )
        pid = self._executor.submit(job, components.secrets)
        self._running[spec.name] = _Running(spec, step_run_id, log, time.monotonic(), {}, {}, {})
        self._writer.step_started(
            step_run_id,
            pid=pid,
            inputs={key: version.id for key, version in inputs.items()},
            cache_key=decision.key,
            parts=decision.parts,
            reason=decision.reason,
            detail=detail,
        )
        self._reporter.step_changed(StepChange(spec.name, Status.RUNNING, detail))

    # happenings -------------------------------------------------------------------------------------------------

    def _take(self, event: ExecutorEvent) -> None:
        name = self._names.get(event.step_run_id, "")
        running = self._running.get(name)
        if running is None:
            return
        if isinstance(event, LogData):
            running.log.write(event.stream, event.data)
            self._reporter.step_output(name, event.stream, event.data, "")
        elif isinstance(event, StepEvent):
            if event.kind == "log":
                running.log.write("log", event.text, level=event.level, at=event.at)
                self._reporter.step_output(name, "log", event.text + "\n", event.level)
            elif event.kind == "metadata":
                (running.links if event.of_run else running.logged).update(event.values)
                if event.of_run:
                    self._writer.add_run_metadata({name: event.values})
            elif event.kind == "artifact_saved" and event.manifest is not None:
                running.saved[event.output] = event.manifest
        else:
            self._ended(name, running, event)

    def _ended(self, name: str, running: _Running, outcome: StepOutcome) -> None:
        running.log.close()
        del self._running[name]
        duration = time.monotonic() - running.started
        status, error = Status(outcome.status), outcome.error
        if status is Status.COMPLETED:
            outputs = [(output.name, running.saved[output.name]) for output in outcome.outputs]
            numbers = self._writer.step_completed(running.step_run_id, outputs, running.metadata)
            for key, manifest in outputs:
                self._outputs[name, key] = KnownVersion(
                    id=manifest.id,
                    uri=manifest.uri,
                    materializer=manifest.materializer,
                    digest=manifest.digest,
                    deterministic=manifest.deterministic,
                    type=manifest.type,
                    artifact_name=manifest.artifact_name,
                    version=numbers[key],
                )
        else:
            if running.ended_by_stop:
                status = Status.STOPPED
            self._writer.step_ended(running.step_run_id, status, error=error, metadata=running.metadata)
            if error is not None and status is Status.FAILED and self._first_error is None:
                self._first_error = error.model_copy(update={"message": f"Step {name!r} failed: {error.message}"})
        skipped = self.scheduler.end(name, status)
        self._reporter.step_changed(StepChange(name, status, duration_s=duration, error=error, metadata=running.logged))
        self._skip(skipped, f"because {name!r} {'was stopped' if status is Status.STOPPED else 'failed'}")
        if status is Status.FAILED and self._plan.mode is ExecutionMode.FAIL_FAST:
            for other in self._running.values():
                other.ended_by_stop = True
                self._executor.stop_step(other.step_run_id, force=False)

    def _skip(self, names: list[str], why: str) -> None:
        for name in names:
            self._writer.step_ended(self._step_run_ids[name], Status.SKIPPED, detail=f"skipped {why}")
            self._reporter.step_changed(StepChange(name, Status.SKIPPED, detail=why))

    def _obey(self, stops: StopRequests) -> None:
        asked = stops.poll()
        if asked > self._stops_seen:
            if self._stops_seen == 0:
                self._writer.set_run(Status.STOPPING)
                hint = " (once more kills the steps)" if stops.reason == "SIGINT" else ""
                self._reporter.message(f"Stopping: {stops.reason}{hint}")
                self._stop_deadline = time.monotonic() + GRACE_S
                self._skip(self.scheduler.stop(), "because the run was stopped")
            self._stops_seen = asked
            self._stop_all(force=asked > 1)
        elif self._stops_seen == 1 and self._running and time.monotonic() > self._stop_deadline:
            self._stops_seen = 2
            self._reporter.message(f"The steps did not end within {GRACE_S:g} s: killing them")
            self._stop_all(force=True)

    def _stop_all(self, *, force: bool) -> None:
        for running in self._running.values():
            running.ended_by_stop = True
            self._executor.stop_step(running.step_run_id, force=force)

    def _graph_width(self) -> int:
        """Return how many steps can run side by side, at least: the largest number on one level of the graph."""
        level: dict[str, int] = {}
        for name in self.scheduler.order:
            level[name] = 1 + max((level[up] for up in self._specs[name].upstream() if up in level), default=0)
        return max(Counter(level.values()).values(), default=1)


def record_failure(writer: RunWriter, error: BaseException) -> None:
    """Record that a driver ends because of an error of its own."""
    message = error.message if isinstance(error, StackyardError) else f"{type(error).__name__}: {error}"
    hint = error.hint if isinstance(error, StackyardError) else "This is a bug in Stackyard; please report it."
    writer.set_run(Status.FAILED, error=StepError(type=type(error).__name__, message=message, hint=hint))
