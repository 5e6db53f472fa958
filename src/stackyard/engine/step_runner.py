"""Executing one StepJob in this process: inputs in, function, outputs out."""

from __future__ import annotations

import contextlib
import inspect
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stackyard.authoring import context as step_context
from stackyard.authoring.coroutines import finished
from stackyard.authoring.metadata import jsonable_metadata
from stackyard.authoring.signature import type_text
from stackyard.engine.components import tracked
from stackyard.engine.functions import load_function
from stackyard.engine.step_hooks import StepHooks
from stackyard.engine.step_inputs import arguments_of, infos_of, signature_of
from stackyard.engine.step_services import Ask, JobServices, SendEvent
from stackyard.engine.tracebacks import step_error
from stackyard.flavors.opening import SecretValues
from stackyard.model.errors import DefinitionError
from stackyard.model.job import Secrets, StepError, StepJob, StepOutcome, StepOutput
from stackyard.storage.ids import now
from stackyard.storage.materializers.copies import local_copies

NO_TERMINAL = "Steps have no terminal: for breakpoint() and input() run the pipeline with --in-process."


class StopRequested(BaseException):
    """Raised in a step's main thread when the run or the step is asked to stop."""


def run_step(job: StepJob, send: SendEvent, secrets: Secrets | None, ask: Ask) -> StepOutcome:
    """Execute a step; never raises for what the step does.

    Args:
        job: what to run.
        send: takes the events, in order.
        secrets: the values that the job and its components name.
        ask: asks the driver for what a step can't do itself.
    """
    started, begun = now(), time.monotonic()
    values = secrets.values if secrets else {}
    declared = {name: values[name] for name in job.secrets if name in values}
    variables = dict(job.environment)
    for secret in declared.values():
        variables.update(secret)
    try:
        with own_environment(variables), local_copies():
            services = JobServices(job, values, send, ask)
            try:
                outputs = _execute(job, services, values, declared, begun)
            finally:
                services.close()
    except StopRequested as stop:
        late = _timeout(job, begun)
        error = StepError(type="Stopped", message="The step was stopped on request.")
        if late is not None:  # where it was shows what took so long
            error = step_error(late.with_traceback(stop.__traceback__))
        return StepOutcome(
            step_run_id=job.step_run_id, status="stopped", error=error, started_at=started, ended_at=now()
        )
    except SystemExit as stop:
        message = f"The step called sys.exit({stop.code!r})."
        error = step_error(stop).model_copy(update={"message": message, "hint": "Return from the step, or raise."})
    except BaseException as problem:  # noqa: BLE001  # the boundary between the user's code and ours
        error = step_error(problem)
        if type(problem).__name__ == "BdbQuit" or (isinstance(problem, EOFError) and "reading a line" in str(problem)):
            error = error.model_copy(update={"hint": NO_TERMINAL})
    else:
        return StepOutcome(
            step_run_id=job.step_run_id, status="completed", outputs=outputs, started_at=started, ended_at=now()
        )
    return StepOutcome(step_run_id=job.step_run_id, status="failed", error=error, started_at=started, ended_at=now())


def _execute(
    job: StepJob, services: JobServices, secrets: SecretValues, declared: dict[str, dict[str, str]], begun: float
) -> list[StepOutput]:
    """Run the step with its hooks around it; return what was stored."""
    if job.materializers:
        from stackyard.engine.materializer_classes import take_classes  # noqa: PLC0415  # few runs have any

        take_classes(job.materializers)
    context = step_context.StepContext(
        step_name=job.step_name,
        step_run_id=job.step_run_id,
        pipeline_run=step_context.RunInfo(job.run_id, job.run_name, tuple(job.tags)),
        pipeline=step_context.NameInfo(job.pipeline_name),
        stack=step_context.NameInfo(job.stack_name),
        parameters=dict(job.parameters),
        output_names=tuple(o.name for o in job.outputs),
        services=services,
        output_metadata={o.name: dict(o.metadata) for o in job.outputs if o.metadata},
        output_tags={o.name: list(o.tags) for o in job.outputs if o.tags},
        secrets=declared,
        inputs=infos_of(job),
        extra=dict(job.extra),
        attempt=job.attempt,
        model_version=job.model,
    )
    hooks = StepHooks(job, services.log)
    token = step_context.enter(context)
    try:
        hooks.call("start")
        try:
            function = load_function(job.source)
            outputs = _save(job, services, context, function, _call(job, services, secrets, function))
        except BaseException as problem:
            # A step that is stopped on request has not failed; one that takes too long has.
            why = _timeout(job, begun) if isinstance(problem, StopRequested) else problem
            if why is not None:
                hooks.call("failure", why)
            hooks.call("end", why)
            raise
        hooks.call("success")
        hooks.call("end")
        return outputs
    finally:
        step_context.leave(token)


def _call(job: StepJob, services: JobServices, secrets: SecretValues, function: Callable[..., Any]) -> Any:
    """Call the step's function; its experiment tracker, if it names one, follows it."""
    arguments = arguments_of(job, function, services.load_input)

    def tell_of_tracker(found: dict[str, Any]) -> None:
        services.send_metadata(jsonable_metadata(found), of_run=True)

    with tracked(job, secrets, tell_of_tracker, services.log):
        return finished(function(**arguments))


def _timeout(job: StepJob, begun: float) -> TimeoutError | None:
    """Return why a step that was stopped has failed, if it took too long."""
    limit = job.limits.timeout_s
    late = limit is not None and time.monotonic() - begun >= limit
    return TimeoutError(f"timed out after {limit:g} s") if late else None


def _save(
    job: StepJob, services: JobServices, context: step_context.StepContext, function: Callable[..., Any], result: Any
) -> list[StepOutput]:
    outputs: list[StepOutput] = []
    values = _split(job, result)
    _warn_of_types(job, services, function, values)
    for output, value in zip(job.outputs, values, strict=True):
        metadata = context.output_metadata.get(output.name, {})
        manifest = services.save_output(value, output.name, output.artifact_name, metadata, output.materializers)
        tags = context.output_tags.get(output.name, [])
        outputs.append(StepOutput(name=output.name, artifact_version_id=manifest.id, tags=tags))
    return outputs


def _warn_of_types(job: StepJob, services: JobServices, function: Callable[..., Any], values: list[Any]) -> None:
    """Say which outputs are never what their annotations say; they are stored all the same."""
    for output, value in zip(signature_of(function).outputs, values, strict=False):
        kind, declared = type(value), output.annotation
        if kind is declared or declared is Any or not output.type_text:
            continue
        from stackyard.authoring.annotation_types import is_mismatch  # noqa: PLC0415  # most are what they say

        if is_mismatch(kind, declared):
            what = "it returns" if len(values) == 1 else f"its output {output.name!r} is"
            got = "None" if value is None else type_text(kind)
            services.log(
                "warning",
                f"Step {job.step_name!r} says that {what} {output.type_text}, and returned {got}. "
                "That is stored all the same; correct the annotation or the step.",
            )


def _split(job: StepJob, result: Any) -> list[Any]:
    """Return one value an output.

    Raises:
        DefinitionError: the function returned another number of values than its annotation says, or is a generator.
    """
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise DefinitionError(
            f"Step {job.step_name!r} is a generator: none of it has run.",
            hint="Return a list in place of yielding values.",
        )
    if not job.outputs:
        return []
    if len(job.outputs) == 1:
        return [result]
    names = ", ".join(o.name for o in job.outputs)
    if not isinstance(result, (tuple, list)) or len(result) != len(job.outputs):
        got = f"{len(result)} values" if isinstance(result, (tuple, list)) else f"one {type(result).__name__}"
        raise DefinitionError(
            f"Step {job.step_name!r} is annotated with {len(job.outputs)} outputs ({names}) and returned {got}.",
            hint="Return a tuple with one value for each output.",
        )
    return list(result)


@contextlib.contextmanager
def own_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables meanwhile; whatever is done to the environment ends with the context."""
    # As the process has it: texts are made of it only when there is something to put back.
    data: dict[Any, Any] = os.environ._data  # type: ignore[attr-defined]  # noqa: SLF001
    before = data.copy()
    os.environ.update(variables)
    try:
        yield
    finally:
        if data != before:
            kept = {os.environ.decodekey(name): os.environ.decodevalue(value) for name, value in before.items()}
            for name in os.environ.keys() - kept.keys():
                del os.environ[name]
            os.environ.update(kept)
