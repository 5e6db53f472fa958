"""Pipelines that look at values: the engine runs beside the function, which goes on in its own thread."""

from __future__ import annotations

import contextvars
import threading
from typing import TYPE_CHECKING, Any

from stackyard.api.session import Session
from stackyard.authoring.pipeline import PipelineDefinition
from stackyard.authoring.recorder import Recorder
from stackyard.engine.plan import StepEnd
from stackyard.engine.tracebacks import step_error
from stackyard.model.enums import Status
from stackyard.model.errors import (
    Location,
    RunFailedError,
    RunStoppedError,
    StackyardError,
    StepFailedError,
    UsageError,
)

if TYPE_CHECKING:
    from stackyard.engine.execution import Execution
    from stackyard.model.graph import OutputRef
    from stackyard.model.job import StepError

_JOIN_S = 1.0
"""Waiting without an end can't be interrupted on every platform."""


class GrowingRun:
    """Knows the values of a pipeline that is being recorded: the first that is asked for lets the run begin.

    In-process runs have no second thread: steps are executed while a value is waited for, in the function's thread.
    """

    def __init__(
        self, session: Session, recorder: Recorder, definition: PipelineDefinition, *, in_process: bool
    ) -> None:
        """Begin nothing; a pipeline that asks for no value never does."""
        self._session = session
        self._recorder = recorder
        self._definition = definition
        self._in_process = in_process
        self._execution: Execution | None = None
        self.refused: StackyardError | None = None
        """Why the run could not begin when the first value was asked for."""
        self._thread: threading.Thread | None = None
        self._told: list[BaseException] = []
        """What :meth:`load` raised: no fault of the function's."""
        recorder.values = self
        recorder.on_added = self._added

    @property
    def begun(self) -> bool:
        """Tell whether a value was asked for."""
        return self._execution is not None

    def load(self, ref: OutputRef) -> Any:
        """Wait until the step ended, and return the whole value of its output.

        Raises:
            StepFailedError: the step did not end well.
            RunStoppedError: the run was stopped.
        """
        from stackyard.storage.materializers.lookup import load_version  # noqa: PLC0415  # few pipelines look at values

        end = self._end_of(ref.step)
        return load_version(self._session.store, end.outputs[ref.output].uri)

    def wait(self, step: str) -> None:
        """Wait until a step ended.

        Raises:
            StepFailedError: it did not end well.
            RunStoppedError: the run was stopped.
        """
        self._end_of(step)

    def finish(self, error: BaseException | None) -> None:
        """Let the run come to its end after the function has.

        Args:
            error: what the function raised.

        Raises:
            RunFailedError: the function failed by itself.
            UsageError: the step that was asked for was never called.
            BaseException: what ended the engine.
        """
        assert self._execution is not None  # noqa: S101  # only what has begun ends
        names = list(self._recorder.definitions)
        if error is None:
            error = self._wrong_at_the_end(names)
        told = error is not None and self._is_told(error)
        growth, problem = self._execution.growth, step_error(error) if error else None
        growth.seal(_in_words(problem) if problem and not told else None)
        self._session.stops.interrupts = False
        if self._thread is None:
            self._drive()
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(_JOIN_S)
        if growth.broken is not None:
            raise growth.broken
        self._session.leave_uncalled(names)
        status = self._execution.finish(problem)
        self._session.over = True
        if error is None or problem is None or self._is_plain(error, status):
            return
        if told:  # no step failed, and yet one has no value: it was not asked for
            wrong = self._wrong_at_the_end(names)
            if isinstance(wrong, UsageError):
                wrong.message = f"{wrong.message} {problem.message}"
            raise wrong or error
        if isinstance(error, StackyardError):
            raise error
        raise RunFailedError(
            f"The pipeline {self._definition.name!r} failed while its steps ran: {problem.type}: {problem.message}",
            hint=f"Mend the pipeline function, then go on with: stackyard run resume {self._session.view().name}",
            location=Location(problem.file, problem.line) if problem.file else self._definition.location,
            traceback=problem.traceback,
            run_id=self._session.run_id,
        ) from error

    def _is_plain(self, error: BaseException, status: Status) -> bool:
        """Tell whether the run's own status says all: a step failed, or the run was stopped."""
        assert self._execution is not None  # noqa: S101  # the caller looked
        failed = self._execution.scheduler.outcome() is Status.FAILED
        return self._is_told(error) and (failed or status is Status.STOPPED)

    def _wrong_at_the_end(self, names: list[str]) -> StackyardError | None:
        """Return what can be seen only when all steps are known."""
        try:
            self._recorder.check_configured_steps()
            self._session.check_end(names)
        except StackyardError as error:
            return error
        return None

    def _is_told(self, error: BaseException) -> bool:
        return any(error is told for told in self._told) or isinstance(error, KeyboardInterrupt)

    def _begin(self) -> None:
        session = self._session
        self._recorder.take_new()
        try:
            execution = session.open(self._definition.recorded(self._recorder), growing=True)
        except StackyardError as error:
            self.refused = error
            raise
        self._execution = execution
        self._recorder.raise_from_now_on()
        session.stops.interrupts = True
        execution.begin(session.stops)
        if not self._in_process:
            self._thread = threading.Thread(target=self._drive, name="stackyard engine", daemon=True)
            self._thread.start()

    def _drive(self) -> None:
        """Run the engine to its end."""
        assert self._execution is not None  # noqa: S101  # _begin made it
        try:
            with self._execution.closing():
                while self._execution.turn():
                    pass
        except BaseException as error:  # noqa: BLE001  # it is raised again in the function's thread
            self._execution.growth.broke(error)

    def _added(self) -> None:
        """Hand over what was recorded since the last time."""
        if self._execution is None:
            return
        specs, definitions = self._recorder.take_new()
        if specs:
            self._execution.growth.add(self._session.more(specs, definitions, self._recorder.uploads))

    def _end_of(self, step: str) -> StepEnd:
        if self._execution is None:
            self._begin()
        assert self._execution is not None  # noqa: S101  # _begin made it
        growth = self._execution.growth
        if self._thread is None:
            # Calls of steps inside of a step that is executed here are no calls of the pipeline.
            while growth.end_of(step) is None and contextvars.Context().run(self._execution.turn):
                pass
        end = growth.wait_for(step)
        if self._session.stops.poll():
            raise self._tell(RunStoppedError("The run was stopped.", hint="Go on with it: stackyard run resume"))
        if not end.status.is_success:
            raise self._tell(_without_value(step, end))
        return end

    def _tell(self, error: StackyardError) -> StackyardError:
        self._told.append(error)
        return error


def _without_value(step: str, end: StepEnd) -> StepFailedError:
    if end.status is Status.FAILED and end.error is not None:
        location = Location(end.error.file, end.error.line) if end.error.file else None
        why = f"Step {step!r} failed: {end.error.type}: {end.error.message}"
        return StepFailedError(why, hint="Its value was asked for; catch StepFailedError to go on.", location=location)
    return StepFailedError(
        f"Step {step!r} has no value: it was {end.detail or end.status}.",
        hint="Its value was asked for; catch StepFailedError to go on.",
    )


def _in_words(failure: StepError) -> StepError:
    return failure.model_copy(update={"message": f"The pipeline function failed: {failure.type}: {failure.message}"})
