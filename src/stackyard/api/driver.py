"""The driver: records a pipeline and runs it, in the user's interpreter. One driver a run."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackyard.api.active import Wish, require_active, resolve_active
from stackyard.api.context import Context, open_context, working_in
from stackyard.api.loading import (
    CalledWhileLoadingError,
    load_file,
    pick_pipeline,
    source_root_of,
)
from stackyard.api.run_configuration import RunConfiguration, read_run_configuration
from stackyard.api.run_stack import RunStack, prepare_stack
from stackyard.api.runs import get_run
from stackyard.api.step_requests import answer
from stackyard.authoring.pipeline import PipelineDefinition, RecordedPipeline
from stackyard.engine.cache import StepCache
from stackyard.engine.code_digest import CodeDigests
from stackyard.engine.components import artifact_store
from stackyard.engine.execution import Execution, RunPlan, record_failure
from stackyard.engine.launcher import prepare
from stackyard.engine.pool import WorkerPool
from stackyard.engine.preload import named_modules
from stackyard.engine.redaction import clean_error, masked_output
from stackyard.engine.reporter import DetachableReporter, Reporter, RunFacts
from stackyard.engine.tracebacks import step_error
from stackyard.model.enums import ActiveStackOrigin, Status
from stackyard.model.errors import (
    ComponentConfigurationError,
    DefinitionError,
    Location,
    RunFailedError,
    RunNotFoundError,
    RunStoppedError,
    StackNotFoundError,
    StackyardError,
)
from stackyard.model.graph import topological_order
from stackyard.model.views import RunView
from stackyard.storage.artifact_store import ArtifactStore
from stackyard.storage.catalog.connection import open_reader
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.catalog.writer import NewRun, RunWriter, mark_interrupted
from stackyard.storage.host import expand
from stackyard.storage.ids import new_id
from stackyard.storage.projects import ensure_project_folder
from stackyard.storage.strays import hold_run

Created = Callable[[str, str], None]


@dataclass(frozen=True)
class RunOptions:
    """What was asked for beside the pipeline; stronger than what code and run configuration say."""

    stack: str | None = None
    enable_cache: bool | None = None
    config: str | None = None
    run_name: str | None = None
    run_id: str | None = None
    """Chosen by whoever started the driver; None: a new one."""
    parameters: dict[str, Any] = field(default_factory=dict)
    parameters_given_as: str = "code"
    """``code`` (Python values), ``json`` (of a request), ``text`` (typed)."""
    resume: str | None = None
    """Id of a run that ended before it completed, to be gone on with: completed steps are kept."""
    start_from: str | None = None
    """Name of a step: those that it does not need and that lie before it are not run, their outputs are those of
    ``inputs_of``."""
    only: str | None = None
    """Name of the single step to run, with inputs of ``inputs_of``."""
    inputs_of: str | None = None
    """Name or id of the run that ``start_from`` and ``only`` take inputs from; None: the newest that has them."""
    tags: tuple[str, ...] = ()
    """Added to those of the pipeline."""
    max_workers: int | None = None
    """Steps at the same time at most; None: what the orchestrator says."""
    execution_mode: str | None = None
    """A word of :class:`ExecutionMode`; None: what code, run configuration and orchestrator say."""
    in_process: bool = False
    """Steps are executed one after the other in the driver's own process, for debuggers and profilers."""
    request: dict[str, Any] = field(default_factory=dict)
    """What would start this run again: ``kind`` (``file``, ``script``, ``module``, ``code``), ``file``, ``function``,
    ``arguments``, ``parameters``, ``parameters_given_as``, ``config``, ``stack``, ``enable_cache``, ``cwd``."""


def run_file(
    file: str, function: str | None, options: RunOptions, reporter: Reporter, created: Created | None = None
) -> RunView:
    """Import a file and run one of its pipelines.

    Args:
        file: path of the file.
        function: name of the pipeline; may be left out when the file has just one.
        options: what was asked for.
        reporter: is told what happens.
        created: is told id and name once the run is in the catalog.

    Returns:
        The finished run, whatever its status.

    Raises:
        StackyardError: nothing ran.
    """
    path = Path(expand(file))
    ctx = open_context(path)
    _start_loading(path, ctx)
    _require_readable(ctx)
    definition = pick_pipeline(load_file(path, ctx.scope), function)
    return run_pipeline(definition, options, reporter, ctx=ctx, created=created)


def run_pipeline(
    definition: PipelineDefinition, options: RunOptions, reporter: Reporter, *, ctx: Context | None = None,
    created: Created | None = None,
) -> RunView:  # fmt: skip
    """Record a pipeline, check it, and run it on the stack that is chosen.

    Args:
        definition: the pipeline.
        options: what was asked for.
        reporter: is told what happens.
        ctx: home and project; default: those around the pipeline's file.
        created: is told id and name once the run is in the catalog.

    Returns:
        The finished run, whatever its status.

    Raises:
        StackyardError: nothing ran.
    """
    file = definition.location.file
    if ctx is None:
        ctx = open_context(file if Path(file).is_file() else None)
    _require_readable(ctx)
    config_path = options.config or definition.options.config_path
    configuration = read_run_configuration(config_path) if config_path else RunConfiguration()
    registry = ctx.registry.read()
    wish = _wish(definition, options, configuration)
    try:
        choice = resolve_active(ctx, registry, wish)
    except StackNotFoundError as error:
        if wish is not None and wish.origin is ActiveStackOrigin.RUN_CONFIGURATION:
            error.location = configuration.location("stack")
        raise
    stack = require_active(choice)
    with working_in(ctx.scope.root or Path.cwd()):
        recorded = _record(definition, options, configuration)
    taken = prepare_stack(ctx, registry, stack, definition=definition, recorded=recorded, configuration=configuration)
    run = NewRun(
        id=options.run_id or new_id(),
        pipeline=definition.name,
        name=options.run_name or definition.options.run_name or str(configuration.values.get("run_name") or ""),
        stack=stack.name,
        stack_id=stack.id,
        stack_origin=choice.origin.value,
        orchestrator=taken.orchestrator.name,
        artifact_store=taken.store.name,
        artifact_store_id=taken.store.component_id,
        parameters=recorded.spec.parameters,
        file=recorded.spec.file,
        line=recorded.spec.line,
        pid=os.getpid(),
    )
    ctx.home_folder.ensure("runs")
    ctx.home_folder.ensure("logs", run.id)
    ensure_project_folder(ctx.scope)
    reporter = DetachableReporter(reporter)
    with masked_output(taken.redactor):
        try:
            _run(ctx, recorded, run, taken, origin_text=choice.origin_text, reporter=reporter, created=created)
        except Exception as error:
            with contextlib.suppress(RunNotFoundError):
                _alert(taken, get_run(ctx, run.id), reporter)
            cleaned = clean_error(error, taken.redactor)
            if cleaned is error:
                raise
            raise cleaned from None
        view = get_run(ctx, run.id)
        _alert(taken, view, reporter)
    return view


def _run(
    ctx: Context, recorded: RecordedPipeline, run: NewRun, taken: RunStack, *, origin_text: str, reporter: Reporter,
    created: Created | None,
) -> None:  # fmt: skip
    lock = hold_run(ctx.home_folder, run.id)
    try:
        writer = RunWriter(ctx.home_folder, ctx.scope)
        try:
            _drive(ctx, recorded, run, writer, taken, origin_text=origin_text, reporter=reporter, created=created)
        finally:
            writer.close()
    finally:
        lock.release()


def _drive(
    ctx: Context, recorded: RecordedPipeline, run: NewRun, writer: RunWriter, taken: RunStack, *, origin_text: str,
    reporter: Reporter, created: Created | None,
) -> None:  # fmt: skip
    connection = open_reader(ctx.home_folder)
    assert connection is not None  # noqa: S101  # the writer made it
    reader = CatalogReader(connection, ctx.home_folder)
    try:
        gone = reader.interrupted_runs()
        if gone:
            mark_interrupted(ctx.home_folder, gone)
        store = _open_store(taken)
        root = source_root_of(Path(run.file), ctx.scope) if run.file else Path.cwd()
        roots = list(dict.fromkeys([str(root), sys.path[0] or str(Path.cwd())]))
        cache = StepCache(
            reader, store, store_id=run.artifact_store_id, project_id=ctx.scope.id, pipeline=run.pipeline,
            code=CodeDigests(roots),
        )  # fmt: skip
        order = topological_order(recorded.spec.steps)
        name = writer.create_run(run)
        try:
            facts = RunFacts(
                run_id=run.id, name=name, pipeline=run.pipeline, stack=run.stack, stack_origin=origin_text,
                orchestrator=run.orchestrator, artifact_store=run.artifact_store,
                artifact_store_root=store.root, steps=tuple(order),
            )  # fmt: skip
            plan = RunPlan(
                facts=facts, project_id=ctx.scope.id, max_workers=taken.local.workers(),
                mode=taken.local.execution_mode, import_paths=roots, working_directory=str(Path.cwd()),
                external=taken.external, steps=taken.steps, redactor=taken.redactor,
            )  # fmt: skip
            execution = Execution(
                recorded, plan, home=ctx.home_folder, writer=writer, cache=cache, reporter=reporter,
                executor=WorkerPool(taken.local.workers()), answer=functools.partial(answer, ctx, writer),
            )  # fmt: skip
            execution.record_steps()
            if created is not None:
                created(run.id, name)
            execution.run()
        except BaseException as error:
            record_failure(writer, clean_error(error, taken.redactor))
            raise
    finally:
        reader.close()


def _open_store(taken: RunStack) -> ArtifactStore:
    """Return the run's artifact store.

    Raises:
        ComponentConfigurationError: its place, which every artifact version records, shows a secret.
    """
    store = artifact_store(taken.store, taken.secrets)
    if taken.redactor is not None and taken.redactor.clean(store.root) != store.root:
        raise ComponentConfigurationError(
            f"The place of the artifact store {taken.store.name!r} contains a secret, and would be recorded with every "
            "artifact version.",
            hint="Leave the secret out of the path or URL; the flavor should take it in an attribute of its own.",
        )
    return store


def _alert(taken: RunStack, run: RunView, reporter: Reporter) -> None:
    if taken.alerter is not None:
        from stackyard.api.alerts import send_alert  # noqa: PLC0415  # few stacks have an alerter

        send_alert(taken.alerter, taken.secrets, taken.redactor, run, reporter)


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
        raise RunStoppedError(f"The run {run.name!r} was stopped.", hint="Start it again: completed steps are reused.")
    first = f" --step {failed[0]}" if failed else ""
    what = f"{len(failed)} steps" if len(failed) > 1 else f"step {failed[0]!r}" if failed else "the driver"
    raise RunFailedError(
        f"The run {run.name!r} failed: {what}.",
        hint=f"See its log: stackyard run logs {run.name}{first}",
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
        return Wish(options.stack, ActiveStackOrigin.OPTION, "given for this run")
    if definition.options.stack:
        return Wish(definition.options.stack, ActiveStackOrigin.CODE, "set in the code by with_options(stack=...)")
    stack = configuration.values.get("stack")
    if stack:
        name = Path(configuration.file).name
        return Wish(str(stack), ActiveStackOrigin.RUN_CONFIGURATION, f"set by the run configuration {name}")
    return None


def _record(definition: PipelineDefinition, options: RunOptions, configuration: RunConfiguration) -> RecordedPipeline:
    """Record the pipeline; parameters of the call win over those of the run configuration.

    Raises:
        DefinitionError: the pipeline, its parameters or its steps are not valid, or its function raised.
    """
    configured = {k: v for k, v in configuration.parameters.items() if k not in options.parameters}
    recorder = definition.new_recorder(
        force_cache=options.enable_cache, configuration=configuration.values, file=configuration.file
    )
    given_as = options.parameters_given_as
    if configured:
        definition.check_given(configured, "json", recorder)
    try:
        recorded = definition.record({**configured, **options.parameters}, recorder, given_as=given_as)
    except (StackyardError, CalledWhileLoadingError):
        raise
    except Exception as error:
        problem = step_error(error)
        raise DefinitionError(
            f"The pipeline {definition.name!r} failed while it wired its steps: {problem.type}: {problem.message}",
            hint="Mend the pipeline function and run again; what may fail belongs into a step.",
            location=Location(problem.file, problem.line) if problem.file else definition.location,
            traceback=problem.traceback,
        ) from error
    recorder.check_configured_steps()
    return recorded
