"""What a run would do with each step, and why: everything is checked and nothing runs, nor is anything stored."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path
from typing import Any

from stackyard.api.context import Context, open_context, working_in
from stackyard.api.driver import cant_run, find_wanted, record_wanted, wiring_failed
from stackyard.api.earlier import Earlier, NothingEarlier, TakenOver
from stackyard.api.explain import changes_between
from stackyard.api.loading import (
    CalledWhileLoadingError,
    load_file,
    pick_pipeline,
    refuse_while_loading,
    source_root_of,
)
from stackyard.api.run_checks import check_recorded
from stackyard.api.run_options import RunOptions
from stackyard.api.run_stack import RunStack
from stackyard.api.session import Wanted
from stackyard.api.session_parts import open_store
from stackyard.api.uploads import store_uploads
from stackyard.authoring.pipeline import PipelineDefinition, set_runner
from stackyard.authoring.recorder import Recorder
from stackyard.engine.cache import CacheDecision, KnownVersion, StepCache
from stackyard.engine.code_digest import CodeDigests
from stackyard.engine.functions import portable_source
from stackyard.engine.plan import KeptStep
from stackyard.model.enums import MissReason, Status
from stackyard.model.errors import StackyardError, UsageError
from stackyard.model.explain_views import ChangeView, RunForecast, StepForecast
from stackyard.model.graph import OutputRef, StepSpec, topological_order
from stackyard.storage.artifact_store import ArtifactStore
from stackyard.storage.catalog.explain_queries import KeyedStep
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.host import expand
from stackyard.storage.local_store import LocalArtifactStore


def forecast_file(file: str, function: str | None, options: RunOptions) -> RunForecast:
    """Import a file and forecast what a run of one of its pipelines would do.

    Args:
        file: path of the file.
        function: name of the pipeline; may be left out when the file has just one.
        options: what would be asked for.

    Raises:
        UsageError: the file calls its pipeline while it is imported.
        StackyardError: a run would be refused, with all that is wrong.
    """
    path = Path(expand(file))
    ctx = open_context(path)
    if ctx.scope.problem is not None:
        raise ctx.scope.problem
    set_runner(refuse_while_loading)
    try:
        definition = pick_pipeline(load_file(path, ctx.scope), function)
    except CalledWhileLoadingError as error:
        raise UsageError(
            f"{file} calls its pipeline while it is imported, so that it can't be forecast.",
            hint='Guard the call with: if __name__ == "__main__":',
        ) from error
    return forecast_pipeline(definition, options, ctx)


def forecast_pipeline(definition: PipelineDefinition, options: RunOptions, ctx: Context) -> RunForecast:
    """Forecast what a run of a pipeline would do.

    Args:
        definition: the pipeline.
        options: what would be asked for.
        ctx: home and project.

    Raises:
        StackyardError: a run would be refused, with all that is wrong.
    """
    options.check()
    wanted = find_wanted(ctx, definition, options)
    with ctx.catalog() as catalog, tempfile.TemporaryDirectory(prefix="stackyard-") as scratch:
        return _Forecast(ctx, wanted, catalog, LocalArtifactStore(scratch)).made()


class _UnknownValueError(BaseException):
    """The pipeline function looks at a value that is not there yet. Passes by its ``except Exception``."""


class _Forecast:
    """One forecast while it is made: knows the values of steps that would be reused."""

    def __init__(self, ctx: Context, wanted: Wanted, catalog: CatalogReader | None, scratch: ArtifactStore) -> None:
        self._ctx = ctx
        self._wanted = wanted
        self._catalog = catalog
        self._scratch = scratch
        """Takes the values that a run would store before it begins."""
        configuration = wanted.configuration
        self._recorder: Recorder = wanted.definition.new_recorder(
            force_cache=wanted.options.enable_cache, configuration=configuration.values,
            locate=configuration.location if configuration.file else None, problems=wanted.problems,
        )  # fmt: skip
        self._recorder.values = self
        self._taken: RunStack | None = None
        self._cache: StepCache | None = None
        self._earlier: Earlier = NothingEarlier()
        self._external: dict[str, KnownVersion] = {}
        self._outputs: dict[str, dict[str, KnownVersion]] = {}
        """Step that would be reused, or is kept, to its outputs."""
        self._changing: dict[str, str] = {}
        """Step whose outputs are not known before it runs, to what would become of it: `run` or `depends`."""
        self._steps: dict[str, StepForecast] = {}
        self._texts: dict[str, str] = {}
        """Digest to code; of several steps that it belongs to, only the first one's decision has it."""

    def made(self) -> RunForecast:
        """Record the pipeline as far as that goes, and say what would become of its steps."""
        wanted, waits_for = self._wanted, ""
        try:
            with working_in(self._ctx.scope.root or Path.cwd()):
                record_wanted(wanted.definition, wanted.options, wanted.configuration, self._recorder)
            self._recorder.check_configured_steps()
        except _UnknownValueError as unknown:
            waits_for = str(unknown)
        except Exception as error:
            wanted.problems.add(error if isinstance(error, StackyardError) else wiring_failed(wanted.definition, error))
            with wanted.problems.collecting():
                check_recorded(self._ctx, wanted, wanted.definition.recorded(self._recorder))
            wanted.problems.raise_any(cant_run(wanted.definition))
            raise
        self._go_on()
        if not waits_for:
            self._earlier.check_end(list(self._recorder.definitions))
        assert self._taken is not None  # noqa: S101  # _go_on took it
        return RunForecast(
            pipeline=wanted.definition.name, stack=wanted.stack.name, stack_origin=wanted.choice.origin_text,
            artifact_store=self._taken.store.name, steps=list(self._steps.values()), complete=not waits_for,
            waits_for=waits_for,
        )  # fmt: skip

    # what the pipeline function may ask for -----------------------------------------------------------------------

    def load(self, ref: OutputRef) -> Any:
        """Return the value of a step that would be reused."""
        from stackyard.storage.materializers.lookup import load_version  # noqa: PLC0415  # few pipelines look at values

        self.wait(ref.step)
        assert self._taken is not None  # noqa: S101  # wait took it
        return load_version(open_store(self._taken), self._outputs[ref.step][ref.output].uri)

    def wait(self, step: str) -> None:
        """Go on only if the step would be reused."""
        self._go_on()
        if step not in self._outputs:
            raise _UnknownValueError(step)

    # steps ------------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Look at the steps that were recorded since the last time."""
        recorded = self._wanted.definition.recorded(self._recorder)
        taken = self._taken = check_recorded(self._ctx, self._wanted, recorded)
        if self._catalog is not None and self._cache is None:
            self._open_cache(taken, self._catalog, recorded.spec.file)
        self._external.update(taken.external)
        new = [spec for spec in recorded.spec.steps if spec.name not in self._steps]
        self._store_uploads(new)
        growing = bool(self._steps)
        kept = self._earlier.of(new, growing=growing).kept if new else {}
        specs = {spec.name: spec for spec in new}
        for name in topological_order(recorded.spec.steps):
            if name in specs:
                self._steps[name] = self._of(specs[name], kept.get(name))

    def _open_cache(self, taken: RunStack, catalog: CatalogReader, file: str) -> None:
        root = source_root_of(Path(file), self._ctx.scope) if file else Path.cwd()
        roots = list(dict.fromkeys([str(root), sys.path[0] or str(Path.cwd())]))
        options, pipeline, store_id = self._wanted.options, self._wanted.definition.name, taken.store.component_id
        self._cache = StepCache(
            catalog, open_store(taken), store_id=store_id, project_id=self._ctx.scope.id, pipeline=pipeline,
            code=CodeDigests(roots),
        )  # fmt: skip
        first = options.only or options.start_from
        if first is not None:
            self._earlier = TakenOver(
                self._ctx, catalog, self._cache, pipeline=pipeline, store_id=store_id, first=first,
                only=options.only is not None, run=options.inputs_of,
            )  # fmt: skip

    def _store_uploads(self, specs: list[StepSpec]) -> None:
        uploads = {k: v for k, v in self._recorder.uploads.items() if k not in self._external}
        for upload in store_uploads(
            self._scratch, uploads, specs, run_id="", pipeline=self._wanted.definition.name, project_id=""
        ):
            self._external[upload.placeholder] = KnownVersion.of_manifest(upload.manifest)

    def _of(self, spec: StepSpec, kept: KeptStep | None) -> StepForecast:
        found = StepForecast(step=spec.name, would="run", upstream=spec.upstream())
        if kept is not None:
            return self._kept(found, kept)
        if self._cache is None:
            self._changing[spec.name] = "run"
            return found.model_copy(
                update={"reason": MissReason.NEVER_RAN, "detail": "nothing ran in this home before"}
            )
        inputs = self._inputs_of(spec)
        unknown = {key for key, ref in spec.inputs.items() if ref.step in self._changing}
        assert self._taken is not None  # noqa: S101  # the caller took it
        tracker = self._taken.steps[spec.name].experiment_tracker
        source = portable_source(self._recorder.definitions[spec.name])
        decision = self._cache.decide(
            spec, source, inputs, experiment_tracker=tracker.component_id if tracker else "", unknown=unknown
        )
        self._texts.update(decision.texts)
        if decision.hit and not unknown:
            self._outputs[spec.name] = decision.outputs
            return found.model_copy(update={"would": "reuse", "from_run": self._run_name(decision.source_run_id)})
        if decision.hit:
            self._depend(found, spec, decision, unknown)
        else:
            found.reason, found.detail = decision.reason, decision.detail
            found.changes = self._changes(spec, decision, inputs)
        self._changing[spec.name] = found.would
        return found

    def _kept(self, found: StepForecast, kept: KeptStep) -> StepForecast:
        if kept.status is Status.SKIPPED:
            return found.model_copy(update={"would": "skip", "detail": kept.detail})
        self._outputs[found.step] = dict(kept.outputs)
        return found.model_copy(update={"would": "reuse", "from_run": self._run_name(kept.source_run_id)})

    def _depend(self, found: StepForecast, spec: StepSpec, decision: CacheDecision, unknown: set[str]) -> None:
        """Say of a step what only the steps before it decide."""
        running = (key for key in unknown if self._changing[spec.inputs[key].step] == "run")
        never_same = sorted(key for key in running if decision.parts.inputs.get(key, "").startswith("version:"))
        if never_same:  # pickles: equal values are other bytes, so each new version counts
            steps = ", ".join(dict.fromkeys(spec.inputs[key].step for key in never_same))
            found.reason, found.detail = MissReason.INPUT_CHANGED, f"{steps} will store a new version"
            return
        makers = list(dict.fromkeys(spec.inputs[key].step for key in sorted(unknown)))
        same = f"output of {makers[0]} stays" if len(makers) == 1 else f"outputs of {', '.join(makers)} stay"
        found.would, found.detail = "depends", f"reused if the {same} the same"

    def _inputs_of(self, spec: StepSpec) -> dict[str, KnownVersion]:
        found = {}
        for key, ref in spec.inputs.items():
            version = self._outputs.get(ref.step, {}).get(ref.output)
            if version is not None:
                found[key] = version.of_item(ref.item, ref.item_digest)
        for key, placeholder in spec.external_inputs.items():
            with contextlib.suppress(KeyError):
                found[key] = self._external[placeholder]
        return found

    def _changes(self, spec: StepSpec, decision: CacheDecision, inputs: dict[str, KnownVersion]) -> list[ChangeView]:
        if not decision.compared_id or self._catalog is None:
            return []
        before = self._catalog.keyed_step(decision.compared_id)
        if before is None:
            return []
        words = self._catalog.version_words(version.id for version in inputs.values())
        given = {key: words.get(version.id, "a value given to it") for key, version in inputs.items()}
        now = KeyedStep("", "", decision.parts, spec.parameters, given)
        return changes_between(self._catalog, before, now, self._texts)

    def _run_name(self, run_id: str) -> str:
        return self._catalog.run_names([run_id]).get(run_id, "") if self._catalog is not None else ""
