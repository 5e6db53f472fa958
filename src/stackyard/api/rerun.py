"""Going on with a run, and running it once more: from what the catalog keeps of how it was started.

Opens no engine: the language server prepares requests here that a driver's process then does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from stackyard.api.context import Context
from stackyard.api.run_request import RunRequest, read_request
from stackyard.api.runs import get_run
from stackyard.model.enums import Status
from stackyard.model.errors import ResumeError, StackNotFoundError
from stackyard.model.views import RunView

if TYPE_CHECKING:
    from stackyard.engine.reporter import Reporter


def request_to_resume(ctx: Context, name_or_id: str) -> RunRequest:
    """Return the request that goes on with a run: completed steps are kept, everything else of it runs.

    Raises:
        RunNotFoundError: there is no such run.
        ResumeError: it goes on, it is complete, or how it was started is not known or not possible any more.
        StackNotFoundError: its stack is gone.
    """
    run = require_resumable(ctx, name_or_id)
    request = _request(ctx, run, "resume")
    return request.replace(resume=run.id, run_id=run.id)


def request_to_retry(ctx: Context, name_or_id: str, *, stack: str | None = None) -> RunRequest:
    """Return the request for a new run of the same pipeline: same parameters, same stack, same run configuration.

    Args:
        ctx: where.
        name_or_id: the run.
        stack: another stack than the run's.

    Raises:
        RunNotFoundError: there is no such run.
        ResumeError: how it was started is not known or not possible any more.
        StackNotFoundError: its stack is gone.
    """
    request = _request(ctx, get_run(ctx, name_or_id), "retry", check_stack=stack is None)
    return request if stack is None else request.replace(again_on=stack)


def require_resumable(ctx: Context, name_or_id: str) -> RunView:
    """Return a run that ended before it completed.

    Raises:
        RunNotFoundError: there is no such run.
        ResumeError: it goes on, or it is complete.
        StackNotFoundError: its stack is gone.
    """
    run = get_run(ctx, name_or_id)
    if run.status is Status.COMPLETED:
        raise ResumeError(
            f"The run {run.name!r} is complete; there is nothing to go on with.",
            hint=f"Run its pipeline again with: stackyard run retry {run.name}",
        )
    if not run.status.is_finished:
        raise ResumeError(
            f"The run {run.name!r} is {run.status}; it needs no resuming.",
            hint=f"Follow it with: stackyard run wait {run.name}",
        )
    _require_stack(ctx, run)
    return run


def retry_run(ctx: Context, name_or_id: str, show: Callable[[], Reporter] | None = None) -> RunView:
    """Run a run's pipeline again in this process, as a new run, and wait for its end.

    Args:
        ctx: where.
        name_or_id: the run.
        show: makes what shows the progress; default: nothing does.

    Returns:
        The new run, whatever its status.

    Raises:
        StackyardError: nothing ran.
    """
    from stackyard.api.starting import run_here  # noqa: PLC0415  # the engine
    from stackyard.engine.reporter import SilentReporter  # noqa: PLC0415

    request = request_to_retry(ctx, name_or_id)
    run = run_here(request, show or SilentReporter).run
    assert run is not None  # noqa: S101  # run_here insists on the run that was meant
    return get_run(ctx, run.id)


def difference_of_interpreters(request: RunRequest) -> str:
    """Return what is to be said when another Python than this one ran it before; empty when it was this one."""
    if not request.interpreter or Path(request.interpreter).absolute() == Path(sys.executable).absolute():
        return ""
    return f"It was started with {request.interpreter} (Python {request.python}); now it is {sys.executable}."


def _request(ctx: Context, run: RunView, verb: str, *, check_stack: bool = True) -> RunRequest:
    with ctx.catalog() as catalog:
        kept = catalog.run_request(run.id) if catalog else {}
    request = read_request(kept)
    if not kept:
        raise ResumeError(
            f"The catalog does not know how the run {run.name!r} was started.",
            hint="Start its pipeline anew; completed steps are reused from the cache.",
        )
    if request.kind == "code":
        how = f"{run.pipeline}.with_options(resume={run.name!r})" if verb == "resume" else run.pipeline
        raise ResumeError(
            f"The run {run.name!r} was started by code that is in no file (a notebook, or python -c).",
            hint=f"Where that code is, call: {how}(...)",
        )
    if check_stack:
        _require_stack(ctx, run)
    for what, path in (("file", request.file), ("working folder", request.cwd), ("run configuration", request.config)):
        if path and not Path(path).exists():
            raise ResumeError(
                f"The {what} {path}, with which the run {run.name!r} was started, is not there any more.",
                hint="Put it back where it was, or start the pipeline anew from where it is now.",
            )
    request = request.replace(again=run.pipeline, again_on=run.stack_id)
    if request.kind == "file":  # what was typed, what the run configuration said, and the defaults of then
        request = request.replace(parameters=run.parameters, parameters_given_as="json")
    return request


def _require_stack(ctx: Context, run: RunView) -> None:
    if all(stack.id != run.stack_id for stack in ctx.registry.read().stacks):
        raise StackNotFoundError(
            f"The stack {run.stack!r}, on which the run {run.name!r} ran, does not exist any more.",
            hint=f"Its artifacts stay. Run its pipeline on another stack: stackyard run retry {run.name} --stack NAME",
        )
