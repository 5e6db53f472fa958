"""Pipelines that user code calls: a script, a module, a notebook, or any other program.

A script's pipelines are counted, so that a run of the second can be gone on with: the script runs again, what its first
call gave is given again, and the second call goes on with its run.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackyard.api import rerun
from stackyard.api.context import open_context
from stackyard.api.driver import Created, RunOptions, raise_for_status, run_pipeline
from stackyard.api.run_request import Kind, RunRequest, of_here
from stackyard.api.runs import get_run
from stackyard.authoring.pipeline import PipelineDefinition, set_runner
from stackyard.engine.reporter import Reporter
from stackyard.main_program import is_installed
from stackyard.model.errors import PipelineLoadError, ResumeError, RunFailedError, RunNotFoundError, StackyardError
from stackyard.model.record import Record
from stackyard.model.views import RunView

if TYPE_CHECKING:
    from stackyard.api.responses import PipelineRun

Show = Callable[[], Reporter]
"""Makes what shows a run's progress."""

MAX_EARLIER = 200
"""Calls that a script's run remembers; a script that calls more pipelines is no sequence to be repeated."""


class Program(Record, frozen=False):
    """What this process runs beside pipelines, and the pipelines that it called so far."""

    request: RunRequest
    show: Show
    created: Created | None = None
    called: list[str] = field(default_factory=list)
    """Ids of the runs, in the order of the calls."""
    last: RunView | None = None

    def run(self, definition: PipelineDefinition, given: dict[str, Any]) -> PipelineRun:
        """Run a pipeline that the program calls.

        Returns:
            The completed run, for the program's own code.

        Raises:
            RunFailedError: a step failed.
            RunStoppedError: the run was stopped.
            ResumeError: another pipeline was to be gone on with here.
            StackyardError: nothing ran.
        """
        number = len(self.called)
        if number < len(self.request.earlier):
            known = _known(self.request.earlier[number], definition)
            if known is not None:
                self.called.append(known.id)
                return _completed(known)
        first = number == len(self.request.earlier)
        if first and self.request.again:
            _require_same(definition, self.request.again)
        options = options_of(self.request, again=first).replace(
            parameters=given,
            parameters_given_as="code",
            request=self._kept(definition).to_keep(),
        )
        resume = getattr(definition.options, "resume", None)
        if resume:
            run = rerun.require_resumable(open_context(_file_of(definition)), resume)
            options = options.replace(resume=run.id, stack=run.stack_id)
        try:
            self.last = run_pipeline(definition, options, self.show(), created=self.created, with_steps=False)
        except RunFailedError as error:  # its function failed while its steps ran: a run all the same
            if error.details.get("run_id"):
                self.called.append(error.details["run_id"])
            raise
        self.called.append(self.last.id)
        return _completed(self.last)

    def _kept(self, definition: PipelineDefinition) -> RunRequest:
        """Return what would start a run of this call again."""
        if self.request.kind in ("script", "module") and len(self.called) <= MAX_EARLIER:
            return self.request.replace(earlier=list(self.called))
        options, name = definition.options, definition.function.__name__
        module = sys.modules.get(definition.function.__module__)
        importable = module is not None and getattr(module, "__spec__", None) is not None
        same = getattr(vars(module).get(name), "function", None) is definition.function if module else False
        kind: Kind = "file" if importable and same and _file_of(definition) else "code"
        return self.request.replace(
            kind=kind,
            file=definition.location.file if kind == "file" else "",
            function=name,
            config=self.request.config or options.config_path,
            stack=self.request.stack or options.stack,
            enable_cache=self.request.enable_cache if self.request.enable_cache is not None else options.enable_cache,
        )


_program: list[Program] = []


def of_this_process(show: Show) -> Program:
    """Return the program that this process runs; found out at the first pipeline call when nobody said so before."""
    if not _program:
        _program.append(Program(_own_request(), show))
    return _program[0]


def run_program(request: RunRequest, show: Show, created: Created | None = None) -> tuple[int, Program]:
    """Run a script or module as ``python FILE ARGUMENTS`` would, with the request's options for its pipelines.

    Args:
        request: of kind ``script`` or ``module``.
        show: makes what shows a run's progress.
        created: is told id and name of each run once it is in the catalog.

    Returns:
        The program's exit code, and what it called.

    Raises:
        StackyardError: it raised one; a pipeline call that fails does.
    """
    program = Program(request, show, created)
    _program[:] = [program]
    set_runner(program.run)
    before, path = sys.argv[:], sys.path[:]
    sys.argv[:] = [request.file or request.module, *request.arguments]
    sys.path.insert(0, str(Path(request.file).parent) if request.kind == "script" else request.cwd)
    try:
        if request.kind == "script":
            runpy.run_path(request.file, run_name="__main__")
        else:
            runpy.run_module(request.module, run_name="__main__", alter_sys=True)
        return 0, program
    except SystemExit as stop:
        if stop.code is None or isinstance(stop.code, int):
            return stop.code or 0, program
        print(stop.code, file=sys.stderr)  # noqa: T201  # as Python does
        return 1, program
    except StackyardError:
        raise
    except Exception as error:
        if request.kind == "module" and isinstance(error, ImportError) and not program.called:
            raise PipelineLoadError(
                f"The module {request.module} can't be run: {error}.",
                hint="Give a module that can be imported from this folder.",
            ) from error
        from stackyard.engine.tracebacks import user_traceback  # noqa: PLC0415  # only for a failing script

        print(user_traceback(error), file=sys.stderr)  # noqa: T201  # as Python does
        return 1, program
    finally:
        sys.argv[:], sys.path[:] = before, path


def options_of(request: RunRequest, *, again: bool = True) -> RunOptions:
    """Return a request as what a driver takes.

    Args:
        request: the request.
        again: False leaves out what is meant for one certain run of several: which one is gone on with.
    """
    return RunOptions(
        stack=(request.again_on if again else None) or request.stack,
        enable_cache=request.enable_cache,
        config=request.config,
        run_name=request.run_name,
        run_id=request.run_id if again else None,
        parameters=request.parameters,
        parameters_given_as=request.parameters_given_as,
        resume=request.resume if again else None,
        start_from=request.start_from,
        only=request.only,
        inputs_of=request.inputs_of,
        tags=tuple(request.tags),
        max_workers=request.max_workers,
        execution_mode=request.execution_mode,
        in_process=request.in_process,
        request=request.to_keep(),
    )


def _completed(run: RunView) -> PipelineRun:
    """Return a run as the program's own code gets it.

    Raises:
        RunFailedError: a step failed.
        RunStoppedError: the run was stopped.
    """
    from stackyard.api.responses import PipelineRun  # noqa: PLC0415  # loaded while the first steps ran

    return PipelineRun(raise_for_status(run))


def _known(run_id: str, definition: PipelineDefinition) -> RunView | None:
    """Return a run of an earlier call, if it is still there."""
    try:
        run = get_run(open_context(_file_of(definition)), run_id)
    except RunNotFoundError:
        return None
    _require_same(definition, run.pipeline)
    return run


def _require_same(definition: PipelineDefinition, before: str) -> None:
    """Refuse to repeat a program that calls other pipelines now."""
    if definition.name != before:
        raise ResumeError(
            f"The program calls the pipeline {definition.name!r} where it called {before!r} before.",
            hint="It does other things now; start it anew instead.",
            location=definition.location,
        )


def _file_of(definition: PipelineDefinition) -> str | None:
    file = definition.location.file
    return file if Path(file).is_file() else None


def _own_request() -> RunRequest:
    """Return what would start this very process again: as a script or module of the user's, if it is one."""
    main = sys.modules.get("__main__")
    spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
    if file is None or not Path(file).is_file() or is_installed(Path(file)):
        return of_here(kind="code")
    if spec is not None:
        return of_here(kind="module", module=spec.name.removesuffix(".__main__"), arguments=sys.argv[1:])
    return of_here(kind="script", file=str(Path(file).absolute()), arguments=sys.argv[1:])
