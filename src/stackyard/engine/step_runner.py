"""Executing one StepJob in this process: inputs in, function, outputs out."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from stackyard.authoring import context as step_context
from stackyard.authoring.parameters import validate
from stackyard.authoring.signature import Parameter, Signature, read_signature
from stackyard.engine.components import artifact_store, redactor_of, tracked
from stackyard.engine.functions import load_function
from stackyard.engine.tracebacks import step_error
from stackyard.flavors.opening import SecretValues
from stackyard.model.errors import DefinitionError
from stackyard.model.job import Secrets, StepError, StepEvent, StepJob, StepOutcome, StepOutput
from stackyard.storage.ids import now
from stackyard.storage.materializers.lookup import Origin, load_version, save_version

SendEvent = Callable[[StepEvent], None]


class StopRequested(BaseException):
    """Raised in a step's main thread when the run or the step is asked to stop."""


def run_step(job: StepJob, send: SendEvent, secrets: Secrets | None = None) -> StepOutcome:
    """Execute a step; never raises for what the step does.

    Args:
        job: what to run.
        send: takes the events, in order.
        secrets: the values that the job and its components name.
    """
    started = now()
    values = secrets.values if secrets else {}
    declared = {name: values[name] for name in job.secrets if name in values}
    variables = dict(job.environment)
    for secret in declared.values():
        variables.update(secret)
    try:
        with _environment(variables):
            outputs = _execute(job, send, values, declared)
    except StopRequested:
        error = StepError(type="Stopped", message="The step was stopped on request.")
        return StepOutcome(
            step_run_id=job.step_run_id, status="stopped", error=error, started_at=started, ended_at=now()
        )
    except SystemExit as stop:
        message = f"The step called sys.exit({stop.code!r})."
        error = step_error(stop).model_copy(update={"message": message, "hint": "Return from the step, or raise."})
    except BaseException as problem:  # noqa: BLE001  # the boundary between the user's code and ours
        error = step_error(problem)
    else:
        return StepOutcome(
            step_run_id=job.step_run_id, status="completed", outputs=outputs, started_at=started, ended_at=now()
        )
    return StepOutcome(step_run_id=job.step_run_id, status="failed", error=error, started_at=started, ended_at=now())


def _execute(
    job: StepJob, send: SendEvent, secrets: SecretValues, declared: dict[str, dict[str, str]]
) -> list[StepOutput]:
    function = load_function(job.source)
    store = artifact_store(job.artifact_store, secrets)
    signature = _signature_of(function)
    owner = f"step {job.step_name!r}"
    by_name: dict[str, Parameter] = {p.name: p for p in signature.parameters}
    values: dict[str, Any] = {
        name: validate(by_name[name], value, owner, None, given_as="json")
        for name, value in job.parameters.items()
        if not _is_default(by_name[name], value)
    }
    for name, version in job.inputs.items():
        place = artifact_store(version.artifact_store, secrets) if version.artifact_store else store
        values[name] = load_version(place, version.uri)

    def send_metadata(found: dict[str, Any]) -> None:
        send(StepEvent(kind="metadata", step_run_id=job.step_run_id, at=now(), values=found))

    def tell_of_tracker(found: dict[str, Any]) -> None:
        links = step_context.jsonable_metadata(found)
        send(StepEvent(kind="metadata", step_run_id=job.step_run_id, at=now(), values=links, of_run=True))

    def log(level: str, text: str) -> None:
        send(StepEvent(kind="log", step_run_id=job.step_run_id, at=now(), level=level, text=text))

    context = step_context.StepContext(
        step_name=job.step_name,
        step_run_id=job.step_run_id,
        pipeline_run=step_context.RunInfo(job.run_id, job.run_name),
        pipeline=step_context.NameInfo(job.pipeline_name),
        stack=step_context.NameInfo(job.stack_name),
        parameters=dict(job.parameters),
        output_names=tuple(o.name for o in job.outputs),
        secrets=declared,
        _send_metadata=send_metadata,
    )
    token = step_context.enter(context)
    try:
        with tracked(job, secrets, tell_of_tracker, log):
            result = function(**values)
            if inspect.iscoroutine(result):
                import asyncio  # noqa: PLC0415  # slow to import; few steps are async

                result = asyncio.run(result)
    finally:
        step_context.leave(token)
    outputs: list[StepOutput] = []
    for output, value in zip(job.outputs, _split(job, result), strict=True):
        origin = Origin(
            artifact_name=output.artifact_name,
            output_name=output.name,
            run_id=job.run_id,
            step_run_id=job.step_run_id,
            step_name=job.step_name,
            pipeline_name=job.pipeline_name,
            project_id=job.project_id,
        )
        metadata = context.output_metadata.get(output.name)
        redactor = redactor_of(secrets) if metadata else None
        manifest = save_version(store, value, origin, redactor.clean_value(metadata) if redactor else metadata)
        send(
            StepEvent(
                kind="artifact_saved", step_run_id=job.step_run_id, at=now(), output=output.name, manifest=manifest
            )
        )
        outputs.append(StepOutput(name=output.name, artifact_version_id=manifest.id))
    return outputs


def _is_default(parameter: Parameter, value: Any) -> bool:
    """Tell whether a recorded value is the function's own default, which needs no way through JSON."""
    if parameter.required or parameter.annotation is not Any:
        return False
    try:
        return bool(to_jsonable_python(parameter.default, inf_nan_mode="constants") == value)
    except (PydanticSerializationError, ValueError):
        return False


def _split(job: StepJob, result: Any) -> list[Any]:
    """Return one value an output.

    Raises:
        DefinitionError: the function returned another number of values than its annotation says.
    """
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
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables while the step runs."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def flush_output() -> None:
    """Push out what the step printed, C libraries' buffers included."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    with contextlib.suppress(Exception):  # the C library may be unknown here
        _c_library().fflush(None)


@functools.lru_cache(maxsize=1)
def _c_library() -> Any:
    import ctypes  # noqa: PLC0415  # only in workers

    return ctypes.CDLL(None)


@functools.lru_cache(maxsize=256)
def _signature_of(function: Callable[..., Any]) -> Signature:
    return read_signature(function, "step")
