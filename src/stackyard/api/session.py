"""One run as its driver opens, drives and closes it: checks, lock, catalog, engine, alert."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python
from typing_extensions import Self

from stackyard.api.active import Choice
from stackyard.api.context import Context
from stackyard.api.earlier import Earlier, NothingEarlier, Resumed, TakenOver, require_same_graph
from stackyard.api.loading import source_root_of
from stackyard.api.run_checks import check_recorded, run_name
from stackyard.api.run_configuration import RunConfiguration
from stackyard.api.run_options import RunOptions
from stackyard.api.run_stack import RunStack, prepare_more
from stackyard.api.runs import get_run
from stackyard.api.session_parts import configuration_of, different, hook_call, load_for_the_end, open_store
from stackyard.api.step_requests import answer
from stackyard.api.uploads import store_uploads
from stackyard.authoring.pipeline import PipelineDefinition, RecordedPipeline
from stackyard.engine.cache import StepCache
from stackyard.engine.code_digest import CodeDigests
from stackyard.engine.execution import Execution
from stackyard.engine.executor import StepExecutor
from stackyard.engine.limits import cores
from stackyard.engine.plan import Batch, RunPlan, Upload
from stackyard.engine.redaction import clean_error, masked_output
from stackyard.engine.reporter import Reporter, RunFacts
from stackyard.engine.stop import StopRequests
from stackyard.model.enums import ExecutionMode, Status
from stackyard.model.errors import ResumeError, RunNotFoundError, StackyardError
from stackyard.model.graph import StepSpec, topological_order
from stackyard.model.job import StepError
from stackyard.model.problems import Problems
from stackyard.model.record import Record
from stackyard.model.stack import Registry, Stack
from stackyard.model.views import RunView
from stackyard.storage.catalog.connection import open_reader
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.catalog.writer import NewRun, RunWriter, mark_interrupted
from stackyard.storage.ids import new_id
from stackyard.storage.projects import ensure_project_folder
from stackyard.storage.strays import hold_run

if TYPE_CHECKING:
    from stackyard.authoring.artifact_config import ExternalArtifact
    from stackyard.authoring.step import StepDefinition
    from stackyard.storage.artifact_store import ArtifactStore

Created = Callable[[str, str], None]
"""Takes id and name of a run."""


class Wanted(Record):
    """What is to run, and where."""

    definition: PipelineDefinition
    options: RunOptions
    configuration: RunConfiguration
    registry: Registry
    choice: Choice
    stack: Stack
    problems: Problems = field(default_factory=Problems)
    """What was found wrong so far; it is raised together with what the stack has to say."""


class Session:
    """Opens what a run needs in the right order, and closes it in the reverse one. A context manager."""

    def __init__(self, ctx: Context, wanted: Wanted, reporter: Reporter, created: Created | None) -> None:
        """Open nothing yet."""
        self.ctx = ctx
        self.run_id = ""
        """Of the run once it is opened."""
        self.over = False
        """How the run ended is recorded."""
        self.reporter = reporter
        self._wanted = wanted
        self._created = created
        self._open = contextlib.ExitStack()
        self._masked = contextlib.ExitStack()
        """Masks what this process prints until the very end, the alert included."""
        self._stops: StopRequests | None = None
        self._taken: RunStack | None = None
        self._earlier: Earlier = NothingEarlier()
        self._store: ArtifactStore | None = None
        self._run: NewRun | None = None
        self._uploaded: set[str] = set()
        """Placeholders of the values from outside that are in the store."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Record an error of the driver itself, close everything, and send the alert."""
        with self._masked:
            try:
                if error is not None and self.run_id and not self.over:
                    self._record_failure(error)
            finally:
                self._open.close()
            if self.run_id and (error is None or isinstance(error, Exception)):
                with contextlib.suppress(RunNotFoundError):
                    self._alert()

    def view(self, *, with_steps: bool = True) -> RunView:
        """Return the run as the catalog has it; ``with_steps=False`` leaves out those of a completed one."""
        return get_run(self.ctx, self.run_id, with_steps=with_steps)

    def clean(self, error: Exception) -> Exception:
        """Return an error without the run's secrets."""
        return clean_error(error, self._taken.redactor if self._taken else None)

    @property
    def stops(self) -> StopRequests:
        """Requests to stop the run."""
        assert self._stops is not None  # noqa: S101  # open comes first
        return self._stops

    @property
    def store(self) -> ArtifactStore:
        """The run's artifact store."""
        assert self._store is not None  # noqa: S101  # open comes first
        return self._store

    def open(self, recorded: RecordedPipeline, *, growing: bool) -> Execution:
        """Check what is recorded, and make the run; nothing of it runs yet.

        Args:
            recorded: what will run, as far as it is known.
            growing: more steps may come.

        Raises:
            StackyardError: something is wrong; there is no run then.
        """
        wanted, ctx = self._wanted, self.ctx
        taken = self._taken = check_recorded(ctx, wanted, recorded)
        run = self._run = self._new_run(recorded, taken)
        self._masked.enter_context(masked_output(taken.redactor))
        ctx.home_folder.ensure("runs")
        ctx.home_folder.ensure("logs", run.id)
        ensure_project_folder(ctx.scope)
        lock = self._hold(run)
        self._open.callback(lock.release)
        writer = RunWriter(ctx.home_folder, ctx.scope)
        self._open.callback(writer.close)
        reader = self._reader(run)
        store = self._store = open_store(taken)
        self._open.callback(store.clear_rooms, run.id)
        root = source_root_of(Path(run.file), ctx.scope) if run.file else Path.cwd()
        roots = list(dict.fromkeys([str(root), sys.path[0] or str(Path.cwd())]))
        cache = StepCache(
            reader, store, store_id=run.artifact_store_id, project_id=ctx.scope.id, pipeline=run.pipeline,
            code=CodeDigests(roots),
        )  # fmt: skip
        self._earlier = self._what_was(recorded, reader, cache, growing=growing)
        earlier = self._earlier.of(recorded.spec.steps, growing=growing)
        order = topological_order(recorded.spec.steps)
        # From here on a signal lets the run end as one that was stopped.
        self._stops = self._open.enter_context(StopRequests(ctx.home_folder.stop_file(run.id)))
        if wanted.options.resume is None:
            run.name = writer.create_run(run)
        else:
            writer.reopen_run(run.id)
        self.run_id, self._writer = run.id, writer
        self._open.callback(self._keep_record, reader, store)
        facts = RunFacts(
            run_id=run.id, name=run.name, pipeline=run.pipeline, stack=run.stack,
            stack_origin=wanted.choice.origin_text, orchestrator=run.orchestrator, artifact_store=run.artifact_store,
            artifact_store_root=store.root, steps=tuple(order), resumed=wanted.options.resume is not None,
        )  # fmt: skip
        workers = wanted.options.max_workers or taken.local.workers()
        plan = RunPlan(
            facts=facts, project_id=ctx.scope.id, max_workers=workers,
            mode=ExecutionMode(wanted.options.execution_mode or taken.local.execution_mode), import_paths=roots,
            working_directory=str(Path.cwd()), external=taken.external, steps=taken.steps, redactor=taken.redactor,
            tags=tuple(run.tags), cores=cores(), earlier=earlier,
            uploads=self._uploads(recorded.uploads, recorded.spec.steps),
            growing=growing, notes=taken.notes, init=hook_call(recorded.spec.on_init),
            cleanup=hook_call(recorded.spec.on_cleanup),
        )  # fmt: skip
        execution = Execution(
            recorded, plan, home=ctx.home_folder, writer=writer, cache=cache, reporter=self.reporter,
            executor=self._executor(workers), answer=functools.partial(answer, ctx),
        )  # fmt: skip
        execution.record_steps()
        if self._created is not None:
            self._created(run.id, run.name)
        return execution

    def more(
        self, specs: list[StepSpec], definitions: dict[str, StepDefinition], uploads: dict[str, ExternalArtifact]
    ) -> Batch:
        """Check steps that were recorded after the run began.

        Raises:
            StackyardError: something is wrong with them.
        """
        assert self._taken is not None  # noqa: S101  # open comes first
        before, taken = self._taken, prepare_more(self._taken, specs, definitions)
        if taken.redactor is not before.redactor:
            self._masked.enter_context(masked_output(taken.redactor))
        self._taken = taken
        earlier = self._earlier.of(specs, growing=True)
        stored = self._uploads(uploads, specs)
        wanted = {version for spec in specs for version in spec.external_inputs.values()}
        return Batch(
            specs, definitions, {spec.name: taken.steps[spec.name] for spec in specs},
            external={key: version for key, version in taken.external.items() if key in wanted}, uploads=stored,
            earlier=earlier, redactor=taken.redactor,
        )  # fmt: skip

    def check_end(self, names: list[str]) -> None:
        """Look at the steps of a growing pipeline when all of them are known.

        Raises:
            UsageError: the step that was asked for is none of them.
        """
        self._earlier.check_end(names)

    def leave_uncalled(self, names: list[str]) -> None:
        """Record what becomes of the steps that a growing pipeline called before it was gone on with, and not again."""
        if isinstance(self._earlier, Resumed):
            for name, (step_run_id, status) in self._earlier.states.items():
                if name not in names and not status.is_success:
                    detail = "skipped because the pipeline did not call it again"
                    self._writer.step_ended(step_run_id, Status.SKIPPED, detail=detail)

    # parts ------------------------------------------------------------------------------------------------------

    def _new_run(self, recorded: RecordedPipeline, taken: RunStack) -> NewRun:
        wanted = self._wanted
        options, spec = wanted.options, recorded.spec
        return NewRun(
            id=options.resume or options.run_id or new_id(),
            pipeline=wanted.definition.name,
            name=run_name(wanted, recorded),
            stack=wanted.stack.name,
            stack_id=wanted.stack.id,
            stack_origin=wanted.choice.origin.value,
            orchestrator=taken.orchestrator.name,
            artifact_store=taken.store.name,
            artifact_store_id=taken.store.component_id,
            parameters=spec.parameters,
            file=spec.file,
            line=spec.line,
            pid=os.getpid(),
            request=options.request,
            configuration=configuration_of(recorded, options),
            tags=list(dict.fromkeys([*spec.tags, *options.tags])),
        )

    def _hold(self, run: NewRun) -> Any:
        """Take the run's lock.

        Raises:
            ResumeError: the run that is to be gone on with has a driver.
        """
        try:
            lock = hold_run(self.ctx.home_folder, run.id)
        except StackyardError as error:
            if self._wanted.options.resume is None:
                raise
            name = get_run(self.ctx, run.id).name
            raise ResumeError(
                f"The run {name!r} is running.", hint=f"Wait for its end, or stop it: stackyard run stop {name}"
            ) from error
        if self._wanted.options.resume is not None:  # what was asked of a driver that is gone
            with contextlib.suppress(OSError):
                self.ctx.home_folder.stop_file(run.id).unlink()
        return lock

    def _reader(self, run: NewRun) -> CatalogReader:
        connection = open_reader(self.ctx.home_folder)
        assert connection is not None  # noqa: S101  # the writer made it
        reader = CatalogReader(connection, self.ctx.home_folder)
        self._open.callback(reader.close)
        gone = [run_id for run_id in reader.interrupted_runs() if run_id != run.id]
        if gone:
            mark_interrupted(self.ctx.home_folder, gone)
        return reader

    def _what_was(
        self, recorded: RecordedPipeline, reader: CatalogReader, cache: StepCache, *, growing: bool
    ) -> Earlier:
        options, run = self._wanted.options, self._run
        assert run is not None  # noqa: S101  # the caller made it
        if options.resume is not None:
            view = get_run(self.ctx, options.resume)
            self._require_the_same(view, run)
            if not growing:
                require_same_graph(recorded.spec.steps, view)
            run.name = view.name
            asked = {word: view.configuration.get(word, "") for word in ("start_from", "only")}
            return Resumed(reader.step_states(view.id), cache, **asked)
        first = options.only or options.start_from
        if first is None:
            return NothingEarlier()
        return TakenOver(
            self.ctx, reader, cache, pipeline=run.pipeline, store_id=run.artifact_store_id, first=first,
            only=options.only is not None, run=options.inputs_of,
        )  # fmt: skip

    def _require_the_same(self, view: RunView, run: NewRun) -> None:
        """Insist that a run is gone on with as what it was.

        Raises:
            ResumeError: it completed, or is one of another pipeline, other parameters or another artifact store.
        """
        why = hint = ""
        others = different(to_jsonable_python(run.parameters), view.parameters)
        if view.status is Status.COMPLETED:
            why, hint = "it is complete", f"Run its pipeline again with: stackyard run retry {view.name}"
        elif view.pipeline != run.pipeline:
            why, hint = f"it is one of the pipeline {view.pipeline!r}, not of {run.pipeline!r}", "Name another run."
        elif view.artifact_store_id != run.artifact_store_id:
            why = f"its artifacts lie in the store {view.artifact_store!r}, and this stack's is {run.artifact_store!r}"
            hint = f"Go on with it on its own stack: --stack {view.stack}"
        elif others:
            why, hint = f"its parameters were others: {', '.join(others)}", "Give the same ones, or start a new run."
        if why:
            raise ResumeError(f"The run {view.name!r} can't be gone on with: {why}.", hint=hint)

    def _uploads(self, uploads: Mapping[str, ExternalArtifact], specs: Sequence[StepSpec]) -> list[Upload]:
        """Store what was given from outside and was not stored for an earlier step."""
        new = {key: value for key, value in uploads.items() if key not in self._uploaded}
        found = store_uploads(
            self.store, new, specs, run_id=self.run_id, pipeline=self._wanted.definition.name,
            project_id=self.ctx.scope.id,
        )  # fmt: skip
        self._uploaded.update(upload.placeholder for upload in found)
        return found

    def _executor(self, workers: int) -> StepExecutor:
        if self._wanted.options.in_process:
            from stackyard.engine.in_process import InProcessExecutor  # noqa: PLC0415  # few runs are in process

            return InProcessExecutor()
        from stackyard.engine.pool import WorkerPool  # noqa: PLC0415  # as above, the other way round

        return WorkerPool(workers, meanwhile=load_for_the_end)

    def _keep_record(self, reader: CatalogReader, store: ArtifactStore) -> None:
        """Leave in the artifact store what a catalog that is made anew needs to know of the run."""
        from stackyard.api.records import keep_record  # noqa: PLC0415  # the end of a run

        keep_record(store, self.run_id, lambda: reader.run_record(self.run_id))

    def _record_failure(self, error: BaseException) -> None:
        if isinstance(error, KeyboardInterrupt):
            self._writer.set_run(Status.STOPPED)
            return
        cleaned = clean_error(error, self._taken.redactor if self._taken else None)
        if isinstance(error, KeyboardInterrupt):
            self._writer.set_run(Status.STOPPED)
            return
        message, hint = f"{type(cleaned).__name__}: {cleaned}", "This is a bug in Stackyard; please report it."
        if isinstance(cleaned, StackyardError):
            message, hint = cleaned.message, cleaned.hint
        self._writer.set_run(Status.FAILED, error=StepError(type=type(cleaned).__name__, message=message, hint=hint))

    def _alert(self) -> None:
        taken = self._taken
        if taken is not None and taken.alerter is not None:
            from stackyard.api.alerts import send_alert  # noqa: PLC0415  # few stacks have an alerter

            send_alert(taken.alerter, taken.secrets, taken.redactor, self.view(), self.reporter)
