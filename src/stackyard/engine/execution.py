"""One run from its first row to its last: the driver's main loop.

Invariant: single-threaded; everything that happens arrives through the executor's poll, and is recorded before it is
told, within 10 ms. While the driver records how one step ended, a worker begins the next. A pipeline function that goes
on meanwhile does so in another thread, and meets the engine in :class:`Growth` only.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from stackyard.engine.attempts import Attempt, Jobs
from stackyard.engine.cache import CacheDecision, KnownVersion, StepCache
from stackyard.engine.executor import Answer, ExecutorEvent, LogData, StepExecutor
from stackyard.engine.growth import Growth
from stackyard.engine.ledger import Ledger, Write
from stackyard.engine.lookahead import Lookahead
from stackyard.engine.plan import Batch, EarlierSteps, RunPlan, StepEnd
from stackyard.engine.redaction import EventRedaction, clean_step_error
from stackyard.engine.reporter import Reporter, StepChange
from stackyard.engine.run_hooks import RunHooks
from stackyard.engine.scheduler import Scheduler
from stackyard.engine.steps import Steps
from stackyard.engine.stop import StopRequests
from stackyard.engine.stopping import Stopping
from stackyard.engine.timers import Timers
from stackyard.engine.tracebacks import step_error
from stackyard.model.base import seconds_between
from stackyard.model.enums import ExecutionMode, Status
from stackyard.model.errors import OptionError
from stackyard.model.job import StepError, StepEvent, StepOutcome, StepReply, StepRequest
from stackyard.storage.catalog.writer import RunWriter
from stackyard.storage.home import Home

if TYPE_CHECKING:
    from stackyard.authoring.pipeline import RecordedPipeline
    from stackyard.model.graph import StepSpec

POLL_S = 0.1
_Decided = tuple[dict[str, KnownVersion], CacheDecision]
"""A step's inputs, and what the cache says of it."""


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
        self.growth = Growth()
        self.scheduler = Scheduler((), plan.mode, plan.cores)
        self.attempts: dict[str, Attempt] = {}
        """Step to the attempt that runs."""
        self._plan = plan
        self._stop_file = home.stop_file(plan.facts.run_id)
        self._logs = home.log_dir(plan.facts.run_id)
        self._hooks = RunHooks(home.run_log(plan.facts.run_id), reporter)
        self._writer = writer
        self._ledger = Ledger(writer)
        self._cache = cache
        self._reporter = reporter
        self._executor = executor
        self._answer = answer
        self._timers = Timers()
        self._steps = Steps(plan, Jobs(plan, recorded.spec), self.scheduler, writer)
        self._unstartable: dict[str, StepError] = {}
        """Steps that were recorded and can't begin."""
        self._lookahead = Lookahead(self._steps, self.scheduler, executor, self._unstartable)
        self._stopping = Stopping(self, executor, writer, reporter, self._timers)
        self._decided: dict[str, _Decided] = {}
        """The step that waits for room, so that the cache is not asked again with everything that happens."""
        self._again: dict[str, Attempt] = {}
        """Steps that wait for another attempt, or are ready for it."""
        self._first_error: StepError | None = None
        self._begun = 0.0
        self._redactor = plan.redactor
        self._redaction = EventRedaction(plan.redactor) if plan.redactor else None
        self._first = Batch(recorded.spec.steps, recorded.definitions, {}, uploads=plan.uploads, earlier=plan.earlier)
        for spec in self._first.specs:
            self._steps.prepare(spec, recorded.definitions[spec.name])

    def record_steps(self) -> None:
        """Write the queued steps; the run's row must exist.

        Raises:
            CycleError: steps wait for each other.
            ModelNotFoundError: a step names a model version that is not there.
        """
        for spec in self._first.specs:
            self._steps.resolve_model(spec)
        self._steps.add(self._first)
        if not self._plan.growing:
            self.growth.seal()

    def run(self, stops: StopRequests | None = None) -> Status:
        """Execute all steps; return the run's status, which is recorded.

        Args:
            stops: who is asked whether the run is to stop; None: signals and the run's stop file, from now on.
        """
        if stops is None:
            with StopRequests(self._stop_file) as own:
                return self.run(own)
        self.begin(stops)
        with self.closing():
            while self.turn():
                pass
        return self.finish()

    def begin(self, stops: StopRequests) -> None:
        """Say that the run begins."""
        self._begun = time.monotonic()
        self._stopping.watch(stops)
        self.growth.wake_with(stops.wake)
        if stops.wakeup is not None:
            self._executor.add_wakeup(stops.wakeup)
        self._writer.set_run(Status.RUNNING)
        self._reporter.run_started(self._plan.facts)
        for note in self._plan.notes:
            self._reporter.warning(note)
        self._settle(self._first.earlier)
        if not self.scheduler.finished:
            error = self._hooks.call("on_init", self._plan.init, self._redactor)
            if error is not None:
                self._fail(error, "because the pipeline's on_init failed")

    def turn(self) -> bool:
        """Start what can start, wait for something to happen, and take it; return whether the run goes on."""
        for batch in self.growth.take():
            self._grow(batch)
        failure = self.growth.failure
        if failure is not None and not self.scheduler.stopped:
            failure = clean_step_error(failure, self._redactor) if self._redactor else failure
            self._hooks.note(failure)
            self._fail(failure, "because the pipeline function failed")
        self._start_ready()
        self._lookahead.give()
        over = self.scheduler.finished and self.growth.sealed
        if over or self._executor.works_in_poll:
            self._ledger.settle()
        if over:
            return False
        longest_s = min(POLL_S, self._ledger.settle_due())
        self._reporter.tick()  # what was told is seen before anything is waited for
        events = self._executor.poll(self._timers.wait_s(longest_s), self._reply)
        for event in self._redaction.clean(events) if self._redaction else events:
            self._take(event)
        self._timers.run_due()
        self._stopping.obey()
        if self._plan.growing:
            self._ledger.settle()  # the pipeline function may wait for just this
        return True

    @contextlib.contextmanager
    def closing(self) -> Iterator[None]:
        """End everything that runs when the context is left, however that comes about."""
        try:
            yield
        finally:
            try:
                self._ledger.settle()
            finally:
                self._executor.close()
                for attempt in self.attempts.values():
                    attempt.log.close()

    def finish(self, early: StepError | None = None) -> Status:
        """Record how the run ended; ``early`` is why the pipeline function did not come to its end."""
        left = self._hooks.call("on_cleanup", self._plan.cleanup, self._redactor)  # what the steps did counts
        status = self.scheduler.outcome()
        if status is Status.COMPLETED and early is not None:
            self._first_error = self._first_error or early
            status = Status.STOPPED if self._stopping.was_asked else Status.FAILED
        elif self._first_error is not None:
            status = Status.FAILED
        self._writer.set_run(status, error=self._first_error if status is Status.FAILED else left)
        self._reporter.run_finished(status, time.monotonic() - self._begun)
        return status

    def _fail(self, error: StepError, why: str) -> None:
        """Let the run fail for something that is no step: nothing more starts, what runs is stopped."""
        self._first_error = self._first_error or error
        self._stopping.stop_all(why)

    # steps that come ---------------------------------------------------------------------------------------------

    def _grow(self, batch: Batch) -> None:
        """Take steps that were recorded while others ran; what is wrong with one of them fails it alone."""
        self._unstartable.update(self._steps.prepare_each(batch))
        if batch.redactor is not None and batch.redactor is not self._redactor:
            self._redactor = batch.redactor
            self._redaction = self._redaction or EventRedaction(batch.redactor)
            self._redaction.use(batch.redactor)
        skipped = self._steps.add(batch)
        self._reporter.steps_added([spec.name for spec in batch.specs])
        self._settle(batch.earlier)
        why = "the run was stopped" if self.scheduler.stopped else "a step that it needs did not end well"
        self.skip(skipped, f"because {why}")

    def _settle(self, earlier: EarlierSteps) -> None:
        """Take what stands instead of steps that need not run."""
        for name, kept in earlier.kept.items():
            if self.scheduler.status[name] is not Status.QUEUED:
                continue
            self.scheduler.settle(name, kept.status)
            change = StepChange(name, kept.status, kept.detail, duration_s=0.0, kept=kept.status.is_success)
            write = partial(self._steps.write_kept, name, kept)
            self._ended(change, write, StepEnd(kept.status, kept.outputs, detail=kept.detail))
        for why in earlier.again.values():
            self._reporter.message(why)

    # starting ---------------------------------------------------------------------------------------------------

    def _start_ready(self) -> None:
        while (name := self.scheduler.take_ready()) is not None:
            if name in self._unstartable:
                self._failed(name, self._unstartable.pop(name))
                continue
            attempt = self._again.get(name)
            if attempt is None:
                spec = self._steps.specs[name]
                decided = self._decided.pop(name, None) or self._decide(spec)
                if decided is None:
                    continue
                if decided[1].hit:
                    self._reuse(spec, *decided)
                    continue
                if not self._executor.has_room():
                    self._decided[name] = decided
                    self.scheduler.put_back(name)
                    return
                attempt = self._steps.attempt(spec, *decided, self._redactor)
            elif not self._executor.has_room():
                self.scheduler.put_back(name)
                return
            self._again.pop(name, None)
            self._began(attempt, self._executor.submit(attempt.job_to_send, attempt.secrets))

    def _decide(self, spec: StepSpec) -> _Decided | None:
        """Ask the cache; a step whose cache policy can't be followed fails."""
        if spec.enable_cache:
            self._ledger.settle_results()
        inputs = self._steps.inputs_of(spec)
        tracker = self._steps.components[spec.name].experiment_tracker
        try:
            decision = self._cache.decide(
                spec, self._steps.sources[spec.name], inputs, experiment_tracker=tracker.component_id if tracker else ""
            )
        except OptionError as error:
            self._failed(spec.name, step_error(error))
            return None
        for text in decision.warnings:
            self._reporter.warning(text)
        return inputs, decision

    def _reuse(self, spec: StepSpec, inputs: Mapping[str, KnownVersion], decision: CacheDecision) -> None:
        self.scheduler.end(spec.name, Status.CACHED)
        logged = {key: value for key, value in decision.metadata.items() if key not in decision.links}
        change = StepChange(spec.name, Status.CACHED, duration_s=0.0, metadata=logged)
        write = partial(self._steps.write_reused, spec, inputs, decision)
        self._ended(change, write, StepEnd(Status.CACHED, decision.outputs))

    def _began(self, attempt: Attempt, pid: int, at: str = "") -> None:
        """Take note of an attempt that is under way."""
        name = attempt.spec.name
        attempt.begin(self._logs, self._reporter, at)
        self.attempts[name] = attempt
        change = StepChange(name, Status.RUNNING, attempt.detail, attempt=attempt.number)
        self._changed(change, partial(self._steps.write_started, attempt, pid))
        self._stopping.limit(attempt)
        self._lookahead.begun(name)

    def _began_ahead(self, name: str, event: StepEvent) -> None:
        """Take note of a step that was given ahead and began; it was looked at before it was given."""
        spec = self._steps.specs[name]
        decided = self._decide(spec) if self.scheduler.begin(name) else None
        if decided is None:  # it was skipped or stopped in that very moment
            self._executor.stop_step(event.step_run_id, force=True)
        else:
            self._began(self._steps.attempt(spec, *decided, self._redactor), event.pid, event.at)

    # happenings -------------------------------------------------------------------------------------------------

    def _reply(self, request: StepRequest) -> StepReply:
        """Answer a step, which may ask for what was just noted."""
        self._ledger.settle()
        return self._answer(request)

    def _take(self, event: ExecutorEvent) -> None:
        name = self._steps.names.get(event.step_run_id, "")
        attempt = self.attempts.get(name)
        if attempt is None:
            if name and isinstance(event, StepEvent) and event.kind == "started":
                self._began_ahead(name, event)
        elif isinstance(event, StepOutcome):
            self._attempt_ended(name, attempt, event)
        else:
            if isinstance(event, LogData) or event.kind == "log":
                self._ledger.settle()  # that the step began is told before what it says
            attempt.take(event, self._reporter)
            if isinstance(event, StepEvent) and event.of_run:
                self._writer.add_run_metadata({name: event.values})

    def _attempt_ended(self, name: str, attempt: Attempt, outcome: StepOutcome) -> None:
        del self.attempts[name]
        self._lookahead.ended(name, outcome)
        status, error = attempt.end(outcome)
        if status is Status.COMPLETED:
            attempt.log.close()
            self._completed(name, attempt, outcome)
        elif status is Status.FAILED and attempt.may_be_repeated and not self.scheduler.stopped:
            self._try_again(name, attempt, error or StepError(type="Failed", message="The step failed."))
        else:
            attempt.log.close()
            self._failed(name, error, status=status, attempt=attempt)

    def _completed(self, name: str, attempt: Attempt, outcome: StepOutcome) -> None:
        outputs = [(output.name, attempt.saved[output.name]) for output in outcome.outputs]
        self.scheduler.end(name, Status.COMPLETED)
        change = StepChange(
            name, Status.COMPLETED, duration_s=attempt.duration_s, metadata=attempt.logged, attempt=attempt.number
        )
        write = partial(self._steps.write_completed, attempt, outcome, outputs)
        known = {key: KnownVersion.of_manifest(manifest) for key, manifest in outputs}
        self._ended(change, write, StepEnd(Status.COMPLETED, known))

    def _try_again(self, name: str, attempt: Attempt, error: StepError) -> None:
        number, duration = attempt.number, seconds_between(attempt.began_at, attempt.ended_at)
        following, wait_s = attempt.following(error)
        attempt.log.close()
        self.scheduler.retry(name)
        change = StepChange(name, Status.RETRYING, duration_s=duration, error=error, attempt=number, wait_s=wait_s)
        self._changed(change, partial(self._writer.step_retrying, attempt.job.step_run_id, number, error))
        self._again[name] = following
        self._timers.after(wait_s, lambda: self._begin_again(name, following))

    def _begin_again(self, name: str, attempt: Attempt) -> None:
        if self._again.get(name) is attempt and self.scheduler.status[name] is Status.RETRYING:
            self.scheduler.again(name)

    def _failed(
        self, name: str, error: StepError | None, *, status: Status = Status.FAILED, attempt: Attempt | None = None
    ) -> None:
        """Record that a step ended without outputs, and what follows for the others."""
        known: dict[str, Any] = {"metadata": attempt.metadata, "at": attempt.ended_at} if attempt else {}
        write = partial(self._writer.step_ended, self._steps.ids[name], status, error=error, **known)
        if error is not None and status is Status.FAILED and self._first_error is None:
            self._first_error = error.model_copy(update={"message": f"Step {name!r} failed: {error.message}"})
        skipped = self.scheduler.end(name, status)
        change = StepChange(
            name, status, duration_s=attempt.duration_s if attempt else 0.0, error=error,
            metadata=attempt.logged if attempt else {}, attempt=attempt.number if attempt else 1,
        )  # fmt: skip
        self._ended(change, write, StepEnd(status, error=error))
        why = f"because {name!r} {'was stopped' if status is Status.STOPPED else 'failed'}"
        self.skip(skipped, why)
        if status is Status.FAILED and self._plan.mode is not ExecutionMode.CONTINUE_ON_FAILURE:
            self._stopping.end_waiting()
            if self._plan.mode is ExecutionMode.FAIL_FAST:
                self._stopping.stop_running()

    def stop_waiting(self, name: str) -> None:
        """Stop a step that is queued or waits for another attempt."""
        waiting = self._again.pop(name, None)
        self._decided.pop(name, None)
        self._failed(name, waiting.error_before if waiting else None, status=Status.STOPPED)

    def skip(self, names: list[str], why: str) -> None:
        """Record that steps will not run; the scheduler knows already."""
        for name in names:
            detail = f"skipped {why}"
            write = partial(self._writer.step_ended, self._steps.ids[name], Status.SKIPPED, detail=detail)
            self._ended(StepChange(name, Status.SKIPPED, detail=why), write, StepEnd(Status.SKIPPED, detail=detail))

    def _changed(self, change: StepChange, write: Write) -> None:
        """Take note of a step's new status, and of how it is recorded."""
        self._ledger.note(write, partial(self._reporter.step_changed, change))

    def _ended(self, change: StepChange, write: Write, end: StepEnd) -> None:
        """Take note of how a step ended; its outputs can be used from now on."""
        self._steps.keep_outputs(change.step, end.outputs)
        self._lookahead.drop(change.step)

        def tell() -> None:
            self._reporter.step_changed(change)
            if self._plan.growing:
                self.growth.ended(change.step, end, self._reporter.catch_up)

        self._ledger.note(write, tell, result=end.status is Status.COMPLETED)
