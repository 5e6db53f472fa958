"""The driver: records a pipeline and runs it, in the user's interpreter. One driver a run."""

from __future__ import annotations

from pathlib import Path

from stackyard.api.active import Wish, require_active, resolve_active
from stackyard.api.context import Context, open_context, working_in
from stackyard.api.growing import GrowingRun
from stackyard.api.loading import CalledWhileLoadingError, load_file, pick_pipeline, source_root_of
from stackyard.api.run_checks import check_recorded
from stackyard.api.run_configuration import RunConfiguration, read_run_configuration
from stackyard.api.run_options import RunOptions as RunOptions
from stackyard.api.session import Created as Created
from stackyard.api.session import Session, Wanted
from stackyard.authoring.pipeline import PipelineDefinition, RecordedPipeline
from stackyard.authoring.recorder import Recorder
from stackyard.engine.code_digest import CodeDigests
from stackyard.engine.launcher import prepare
from stackyard.engine.preload import named_modules
from stackyard.engine.reporter import DetachableReporter, Reporter
from stackyard.engine.tracebacks import step_error
from stackyard.model.enums import ActiveStackOrigin, Status
from stackyard.model.errors import (
    DefinitionError,
    Location,
    RunFailedError,
    RunStoppedError,
    StackNotFoundError,
    StackyardError,
)
from stackyard.model.problems import Problems
from stackyard.model.views import RunView
from stackyard.storage.host import expand


def run_file(
    file: str, function: str | None, options: RunOptions, reporter: Reporter, created: Created | None = None, *,
    with_steps: bool = True,
) -> RunView:  # fmt: skip
    """Import a file and run one of its pipelines.

    Args:
        file: path of the file.
        function: name of the pipeline; may be left out when the file has just one.
        options: what was asked for.
        reporter: is told what happens.
        created: is told id and name once the run is in the catalog.
        with_steps: False leaves the steps of a completed run out: a long run's are many.

    Returns:
        The finished run, whatever its status.

    Raises:
        RunFailedError: the pipeline's function failed after its first steps ran.
        StackyardError: nothing ran.
    """
    path = Path(expand(file))
    ctx = open_context(path)
    if not options.in_process:
        _start_loading(path, ctx)
    _require_readable(ctx)
    definition = pick_pipeline(load_file(path, ctx.scope), function)
    return run_pipeline(definition, options, reporter, ctx=ctx, created=created, with_steps=with_steps)


def run_pipeline(
    definition: PipelineDefinition, options: RunOptions, reporter: Reporter, *, ctx: Context | None = None,
    created: Created | None = None, with_steps: bool = True,
) -> RunView:  # fmt: skip
    """Record a pipeline, check it, and run it on the stack that is chosen.

    Args:
        definition: the pipeline.
        options: what was asked for.
        reporter: is told what happens.
        ctx: home and project; default: those around the pipeline's file.
        created: is told id and name once the run is in the catalog.
        with_steps: False leaves the steps of a completed run out: a long run's are many.

    Returns:
        The finished run, whatever its status.

    Raises:
        RunFailedError: the pipeline's function failed after its first steps ran.
        StackyardError: nothing ran.
    """
    options.check()
    file = definition.location.file
    if ctx is None:
        ctx = open_context(file if Path(file).is_file() else None)
    _require_readable(ctx)
    wanted = find_wanted(ctx, definition, options)
    session = Session(ctx, wanted, DetachableReporter(reporter), created)
    try:
        with session:
            _record_and_run(session, wanted)
    except Exception as error:
        cleaned = session.clean(error)
        if cleaned is error:
            raise
        raise cleaned from None
    return session.view(with_steps=with_steps)


def find_wanted(ctx: Context, definition: PipelineDefinition, options: RunOptions) -> Wanted:
    """Find out what is to run where; what is wrong with the run configuration is collected.

    Raises:
        StackNotFoundError: the stack that is asked for does not exist.
        ActiveStackGoneError: the active one does not exist any more.
        RunConfigurationError: the run configuration can't be read.
    """
    problems = Problems()
    config_path = options.config or definition.options.config_path
    configuration = read_run_configuration(config_path, problems) if config_path else RunConfiguration()
    registry = ctx.registry.read()
    wish = _wish(definition, options, configuration)
    try:
        choice = resolve_active(ctx, registry, wish)
    except StackNotFoundError as error:
        if wish is not None and wish.origin is ActiveStackOrigin.RUN_CONFIGURATION:
            error.location = configuration.location("stack")
        problems.add(error)
        record_all(ctx, definition, options, configuration, problems)
        problems.raise_any(cant_run(definition))
        raise
    return Wanted(definition, options, configuration, registry, choice, require_active(choice), problems)


def _record_and_run(session: Session, wanted: Wanted) -> None:
    """Call the pipeline's function, and run what it records: after it, or from the first value that it asks for on.

    Raises:
        RunFailedError: the function failed after its first steps ran.
        StackyardError: nothing ran.
    """
    definition, configuration = wanted.definition, wanted.configuration
    recorder = definition.new_recorder(
        force_cache=wanted.options.enable_cache, configuration=configuration.values,
        locate=configuration.location if configuration.file else None, problems=wanted.problems,
    )  # fmt: skip
    growing = GrowingRun(session, recorder, definition, in_process=wanted.options.in_process)
    try:
        with working_in(session.ctx.scope.root or Path.cwd()):
            recorded = record_wanted(definition, wanted.options, configuration, recorder)
        if not growing.begun:
            recorder.check_configured_steps()
    except BaseException as error:
        if growing.begun:
            growing.finish(error)
            return
        if isinstance(error, CalledWhileLoadingError) or not isinstance(error, Exception) or error is growing.refused:
            raise
        # It is told with all that was found before it.
        found = error if isinstance(error, StackyardError) else wiring_failed(definition, error)
        wanted.problems.add(found)
        with wanted.problems.collecting():
            check_recorded(session.ctx, wanted, definition.recorded(recorder))
        wanted.problems.raise_any(cant_run(definition))
        raise
    if growing.begun:
        growing.finish(None)
        return
    session.open(recorded, growing=False).run(session.stops)
    session.over = True


def cant_run(definition: PipelineDefinition) -> str:
    """Return how the error begins that tells several problems of a pipeline."""
    return f"The pipeline {definition.name!r} can't run"


def wiring_failed(definition: PipelineDefinition, error: Exception) -> DefinitionError:
    """Return the error for a pipeline function that raised before any step ran."""
    problem = step_error(error)
    found = DefinitionError(
        f"The pipeline {definition.name!r} failed while it wired its steps: {problem.type}: {problem.message}",
        hint="Mend the pipeline function and run again; what may fail belongs into a step.",
        location=Location(problem.file, problem.line) if problem.file else definition.location,
        traceback=problem.traceback,
    )
    found.__cause__ = error
    return found


def record_all(
    ctx: Context, definition: PipelineDefinition, options: RunOptions, configuration: RunConfiguration,
    problems: Problems,
) -> tuple[Recorder, bool]:  # fmt: skip
    """Record a pipeline for what is wrong with it; nothing runs.

    Returns:
        What recorded it, and whether that is the whole pipeline: it ends where it asks for a value.
    """
    recorder = definition.new_recorder(
        force_cache=options.enable_cache, configuration=configuration.values,
        locate=configuration.location if configuration.file else None, problems=problems,
    )  # fmt: skip
    try:
        with working_in(ctx.scope.root or Path.cwd()):
            record_wanted(definition, options, configuration, recorder)
        recorder.check_configured_steps()
    except StackyardError as error:
        if error.details.get("dynamic"):
            return recorder, False
        problems.add(error)
    except Exception as error:  # noqa: BLE001  # it is the user's function
        problems.add(wiring_failed(definition, error))
    return recorder, True


def record_wanted(
    definition: PipelineDefinition, options: RunOptions, configuration: RunConfiguration, recorder: Recorder
) -> RecordedPipeline:
    """Record the pipeline; parameters of the call win over those of the run configuration.

    Raises:
        DefinitionError: the pipeline, its parameters or its steps are not valid.
        Exception: whatever its function raises.
    """
    given = options.parameters
    configured = {k: v for k, v in configuration.parameters.items() if k not in given}
    if configured:
        configured = definition.usable(configured, "json", recorder)
    return definition.record({**configured, **given}, recorder, given_as=options.parameters_given_as)


def raise_for_status(run: RunView) -> RunView:
    """Return the run if it completed.

    Raises:
        RunFailedError: a step failed, or the driver did.
        RunStoppedError: it was stopped.
    """
    if run.status is Status.COMPLETED:
        return run
    failed = [step.name for step in run.steps if step.status is Status.FAILED]
    if run.status is Status.STOPPED:
        raise RunStoppedError(
            f"The run {run.name!r} was stopped.", hint=f"Go on with it: stackyard run resume {run.name}"
        )
    first = f" --step {failed[0]}" if failed else ""
    why = run.error.message if run.error else "its driver ended early."
    what = f"{len(failed)} steps." if len(failed) > 1 else f"step {failed[0]!r}." if failed else why
    raise RunFailedError(
        f"The run {run.name!r} failed: {what}",
        hint=f"See its log: stackyard run logs {run.name}{first}"
        + (f"\nWhen that is mended, go on with: stackyard run resume {run.name}" if run.resumable else ""),
        run_id=run.id,
        failed_steps=failed,
    )


def _require_readable(ctx: Context) -> None:
    """Refuse to run in a project whose ``stackyard.yaml`` can't be read: its source root is not known."""
    if ctx.scope.problem is not None:
        raise ctx.scope.problem


def _start_loading(path: Path, ctx: Context) -> None:
    """Let the zygote load heavy packages while this process does: on two cores both are ready at the same time."""
    roots = [str(source_root_of(path, ctx.scope)), str(path.parent)]
    try:
        prepare(named_modules(CodeDigests(roots).imports_of(path)))
    except (OSError, ValueError, RecursionError):  # the file can't be read: importing it says so properly
        return


def _wish(definition: PipelineDefinition, options: RunOptions, configuration: RunConfiguration) -> Wish | None:
    if options.stack:
        text = "that of the run" if options.resume else "given for this run"
        return Wish(options.stack, ActiveStackOrigin.OPTION, text)
    if definition.options.stack:
        return Wish(definition.options.stack, ActiveStackOrigin.CODE, "set in the code by with_options(stack=...)")
    stack = configuration.values.get("stack")
    if stack:
        name = Path(configuration.file).name
        return Wish(str(stack), ActiveStackOrigin.RUN_CONFIGURATION, f"set by the run configuration {name}")
    return None
