"""The steps of a run as its driver knows them: rows, functions, components, models, inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from stackyard.authoring.sources import FunctionHook
from stackyard.authoring.step import StepDefinition
from stackyard.engine.attempts import Attempt, Jobs, step_configuration
from stackyard.engine.cache import CacheDecision, KnownVersion
from stackyard.engine.functions import portable_hook, portable_source
from stackyard.engine.plan import Batch, KeptStep, RunPlan
from stackyard.engine.scheduler import Scheduler
from stackyard.engine.tracebacks import step_error
from stackyard.model.artifact import Manifest
from stackyard.model.enums import Status
from stackyard.model.errors import StackyardError
from stackyard.model.graph import OutputRef, StepSource, StepSpec
from stackyard.model.job import StepError, StepJob, StepOutcome
from stackyard.storage.catalog.runs import NewStepRun
from stackyard.storage.catalog.writer import RunWriter
from stackyard.storage.ids import new_id

if TYPE_CHECKING:
    from stackyard.model.options import HookEvent, HookSpec, ModelVersionRef
    from stackyard.model.redaction import Redactor


class Steps:
    """What stands in the catalog of steps before they run, and what they take and give."""

    def __init__(self, plan: RunPlan, jobs: Jobs, scheduler: Scheduler, writer: RunWriter) -> None:
        """Start without steps."""
        self.specs: dict[str, StepSpec] = {}
        self.sources: dict[str, StepSource] = {}
        self.ids: dict[str, str] = {}
        """Step to its step run's id."""
        self.names: dict[str, str] = {}
        """Step run's id to step."""
        self.hooks: dict[str, dict[HookEvent, HookSpec]] = {}
        """Step to its hooks, as they travel; steps without any left out."""
        self.components = dict(plan.steps)
        self._jobs = jobs
        self._scheduler = scheduler
        self._writer = writer
        self._external = dict(plan.external)
        self._outputs: dict[tuple[str, str], KnownVersion] = {}
        self._models: dict[str, ModelVersionRef] = {}
        self._known_sources: dict[int, tuple[StepDefinition, StepSource]] = {}
        self._known_hooks: dict[int, tuple[Callable[..., object], str]] = {}

    def prepare(self, spec: StepSpec, definition: StepDefinition) -> None:
        """Find the step's function and hooks, as they travel to a worker.

        Raises:
            DefinitionError: one can't be sent to it.
        """
        # Calls of a step share its function, which may take long to pickle.
        function = definition.function
        if id(function) not in self._known_sources:
            self._known_sources[id(function)] = (definition, portable_source(definition))
        self.sources[spec.name] = self._known_sources[id(function)][1]
        if spec.hooks:
            self.hooks[spec.name] = {event: self._portable(hook) for event, hook in spec.hooks.items()}

    def prepare_each(self, batch: Batch) -> dict[str, StepError]:
        """Prepare steps of a run that goes on; return those that can't begin, and why."""
        wrong = {}
        for spec in batch.specs:
            try:
                self.prepare(spec, batch.definitions[spec.name])
                self.resolve_model(spec)
            except StackyardError as error:
                wrong[spec.name] = step_error(error)
        return wrong

    def _portable(self, hook: HookSpec) -> HookSpec:
        function = hook.function if isinstance(hook, FunctionHook) else None
        if function is None:
            return hook
        if id(function) not in self._known_hooks:
            self._known_hooks[id(function)] = (function, portable_hook(hook, function).pickled)
        return hook.model_copy(update={"pickled": self._known_hooks[id(function)][1]})

    def resolve_model(self, spec: StepSpec) -> None:
        """Find the model version that the step works on, or make it; each once a run.

        Raises:
            ModelNotFoundError: there is none of that number or stage.
        """
        if spec.model is not None and _model_key(spec) not in self._models:
            self._models[_model_key(spec)] = self._writer.resolve_model(spec.model)

    def model_of(self, spec: StepSpec) -> ModelVersionRef | None:
        """Return the model version that the step works on."""
        return self._models.get(_model_key(spec)) if spec.model is not None else None

    def model_version_id(self, spec: StepSpec) -> str:
        """Return the id of that version; empty without one."""
        model = self.model_of(spec)
        return model.model_version_id if model else ""

    def add(self, batch: Batch) -> list[str]:
        """Queue steps and write their rows; return those that will never run, which the scheduler skipped.

        Raises:
            CycleError: steps wait for each other.
        """
        self.components.update(batch.components)
        self._external.update(batch.external)
        first = len(self.specs)
        skipped = self._scheduler.add(batch.specs)
        self.specs.update({spec.name: spec for spec in batch.specs})
        rows = []
        for position, name in enumerate(self._scheduler.after(first), first):
            spec = self.specs[name]
            self._jobs.know(spec)
            known = batch.earlier.ids.get(name)
            self.ids[name] = known or new_id()
            self.names[self.ids[name]] = name
            if known is None:
                rows.append(self._row(spec, position))
        if rows:
            self._writer.add_steps(rows)
        for upload in batch.uploads:
            self._writer.record_artifact(upload.manifest, save_type="external")
            self._external[upload.placeholder] = KnownVersion.of_manifest(upload.manifest)
        return skipped

    def attempt(
        self, spec: StepSpec, inputs: Mapping[str, KnownVersion], decision: CacheDecision, redactor: Redactor | None
    ) -> Attempt:
        """Return a step's first attempt; what is recorded of it has its secrets masked."""
        # What a store says of damage may name its address.
        detail, texts = decision.detail, decision.texts
        if redactor is not None:
            detail = redactor.clean(detail)
            texts = {digest: redactor.clean(text) for digest, text in texts.items()}
        secrets = self.components[spec.name].secrets
        return Attempt(spec, self.job(spec, inputs), secrets, inputs, decision, detail, texts)

    def job(self, spec: StepSpec, inputs: Mapping[str, KnownVersion]) -> StepJob:
        """Return the job of a step's first attempt."""
        return self._jobs.new(
            spec, step_run_id=self.ids[spec.name], source=self.sources[spec.name], inputs=inputs,
            components=self.components[spec.name], model=self.model_of(spec), hooks=self.hooks.get(spec.name, {}),
        )  # fmt: skip

    def job_ahead(self, spec: StepSpec, after: str) -> StepJob:
        """Return the job of a step that begins where another one ends, which may be the step before or further up."""
        job = self.job(spec, self.inputs_of(spec))
        job.after = self.ids[after]
        job.awaited = {
            key: (self.ids[ref.step], ref.output) for key, ref in spec.inputs.items() if key not in job.inputs
        }
        return job

    def inputs_of(self, spec: StepSpec) -> dict[str, KnownVersion]:
        """Return the versions of a step's inputs, as far as they are there."""
        found = {key: self._version(ref) for key, ref in spec.inputs.items() if (ref.step, ref.output) in self._outputs}
        for key, version in spec.external_inputs.items():
            if version in self._external:
                found[key] = self._external[version]
        return found

    def keep_outputs(self, name: str, outputs: Mapping[str, KnownVersion]) -> None:
        """Remember what a step gave."""
        for output, version in outputs.items():
            self._outputs[name, output] = version

    # what is written of one ----------------------------------------------------------------------------------------

    def write_started(self, attempt: Attempt, pid: int) -> None:
        """Record that a worker executes a step, with why it was not reused."""
        self._writer.step_started(
            attempt.job.step_run_id, at=attempt.began_at, pid=pid, inputs=_version_ids(attempt.inputs),
            items=_items_of(attempt.inputs), cache_key=attempt.decision.key, parts=attempt.decision.parts,
            reason=attempt.decision.reason, detail=attempt.detail, attempt=attempt.number,
            model_version_id=self.model_version_id(attempt.spec), compared_id=attempt.decision.compared_id,
            texts=attempt.texts,
        )  # fmt: skip

    def write_completed(self, attempt: Attempt, outcome: StepOutcome, outputs: list[tuple[str, Manifest]]) -> None:
        """Record a step's outputs, in the order of its signature, and what it logged."""
        self._writer.step_completed(
            attempt.job.step_run_id, outputs, attempt.metadata, at=attempt.ended_at,
            tags={output.name: output.tags for output in outcome.outputs if output.tags},
            model_version_id=self.model_version_id(attempt.spec), artifact_types=_artifact_types(attempt.spec),
        )  # fmt: skip

    def write_reused(self, spec: StepSpec, inputs: Mapping[str, KnownVersion], decision: CacheDecision) -> None:
        """Record that the versions which the cache found are a step's outputs."""
        self._writer.step_cached(
            self.ids[spec.name], inputs=_version_ids(inputs), items=_items_of(inputs),
            outputs=_version_ids(decision.outputs), cache_key=decision.key, parts=decision.parts,
            source_run_id=decision.source_run_id, metadata=decision.metadata,
            model_version_id=self.model_version_id(spec), artifact_types=_artifact_types(spec),
        )  # fmt: skip
        if decision.links:
            self._writer.add_run_metadata({spec.name: decision.links})

    def write_kept(self, name: str, kept: KeptStep) -> None:
        """Record what stands instead of a step; what the run itself made before it was resumed is recorded."""
        if kept.status is Status.SKIPPED:
            self._writer.step_ended(self.ids[name], Status.SKIPPED, detail=kept.detail)
        elif kept.source_run_id:
            inputs = self.inputs_of(self.specs[name])
            self._writer.step_cached(
                self.ids[name], inputs=_version_ids(inputs), items=_items_of(inputs),
                outputs=_version_ids(kept.outputs), cache_key="", parts=None, source_run_id=kept.source_run_id,
                metadata={},
            )  # fmt: skip

    # parts ---------------------------------------------------------------------------------------------------------

    def _version(self, ref: OutputRef) -> KnownVersion:
        return self._outputs[ref.step, ref.output].of_item(ref.item, ref.item_digest)

    def _row(self, spec: StepSpec, position: int) -> NewStepRun:
        return NewStepRun(
            id=self.ids[spec.name], name=spec.name, position=position, parameters=spec.parameters,
            upstream=spec.upstream(), file=spec.source.file, line=spec.source.line,
            configuration=step_configuration(spec), tags=spec.tags, model_version_id=self.model_version_id(spec),
        )  # fmt: skip


def _version_ids(versions: Mapping[str, KnownVersion]) -> dict[str, str]:
    """Return inputs or outputs as the catalog writes them: name to artifact version id."""
    return {key: version.id for key, version in versions.items()}


def _items_of(inputs: Mapping[str, KnownVersion]) -> dict[str, int]:
    """Return the members that inputs take of their versions, where it is not the whole."""
    return {key: version.item for key, version in inputs.items() if version.item is not None}


def _artifact_types(spec: StepSpec) -> dict[str, str]:
    """Return what outputs are for the model, where something was said."""
    return {output.name: output.artifact_type for output in spec.outputs if output.artifact_type}


def _model_key(spec: StepSpec) -> str:
    return spec.model.model_dump_json() if spec.model else ""
