"""What a run takes from its stack: components, their settings, secrets. All of it is checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stackyard.api.context import Context
from stackyard.api.loading import source_root_of
from stackyard.api.lookup import shell_word
from stackyard.api.option_places import OptionPlaces
from stackyard.api.run_configuration import RunConfiguration
from stackyard.api.run_inputs import external_versions
from stackyard.api.settings import SettingsResolver
from stackyard.api.stack_parts import StackParts
from stackyard.api.validation import check_hook, check_steps, notes_on
from stackyard.authoring.pipeline import PipelineDefinition, RecordedPipeline
from stackyard.engine.cache import KnownVersion
from stackyard.engine.components import redactor_of
from stackyard.engine.plan import StepComponents
from stackyard.flavors.catalogue import flavor_names
from stackyard.flavors.local import LocalOrchestratorConfiguration
from stackyard.model.enums import ComponentType, ExecutionMode
from stackyard.model.errors import (
    Location,
    RunConfigurationError,
    SecretNotFoundError,
    StackValidationError,
)
from stackyard.model.graph import StepSpec
from stackyard.model.job import ComponentSpec, Secrets
from stackyard.model.names import did_you_mean
from stackyard.model.problems import Problems
from stackyard.model.record import Record
from stackyard.model.secret import references_in
from stackyard.model.stack import DEFAULT_STACK_ID, Registry, Stack, StackComponent

if TYPE_CHECKING:
    from stackyard.authoring.step import StepDefinition
    from stackyard.model.redaction import Redactor

_RUNS_HERE = "local"
"""The orchestrator flavor whose work this package does itself."""
_ANY = "TRACKER"
"""Stands for the name of whichever experiment tracker, in a command."""


class RunStack(Record):
    """The components of a stack as one run uses them."""

    stack: Stack
    orchestrator: StackComponent
    store: ComponentSpec
    alerter: ComponentSpec | None
    local: LocalOrchestratorConfiguration
    """With what code and run configuration say."""
    steps: dict[str, StepComponents]
    external: dict[str, KnownVersion]
    """Artifact version id to version, for inputs that exist before the run."""
    secrets: dict[str, dict[str, str]]
    redactor: Redactor | None
    preparation: Preparation = field(repr=False)
    """Prepares steps that a growing pipeline records later."""
    notes: tuple[str, ...] = ()
    """What is said without effect, or has another one than it may seem; one or two sentences each."""


def prepare_stack(
    ctx: Context, registry: Registry, stack: Stack, *, definition: PipelineDefinition, recorded: RecordedPipeline,
    configuration: RunConfiguration, problems: Problems | None = None,
) -> RunStack:  # fmt: skip
    """Check that a stack can run a recorded pipeline, and gather what the run needs of it.

    Args:
        ctx: where.
        registry: as it was read for this run.
        stack: one of it.
        definition: the pipeline.
        recorded: what it recorded so far.
        configuration: the run configuration.
        problems: what was found wrong before; it is raised together with what is found here.

    Raises:
        StackValidationError: the stack lacks what the pipeline needs.
        UnknownFlavorError: a component's flavor is not known here.
        SettingsError: settings are unknown or refused.
        PackageMissingError: what a component needs is not installed.
        SecretNotFoundError: a secret is not there.
        ArtifactNotFoundError: a step takes an artifact version that is not there.
        PipelineValidationError: several of these.
    """
    problems = Problems() if problems is None else problems
    what = f"The pipeline {definition.name!r} can't run"
    try:
        preparation = Preparation(
            ctx, registry, stack, definition=definition, configuration=configuration, problems=problems
        )
        taken = preparation.first(recorded, problems)
    except StackValidationError as error:  # without an orchestrator or a store nothing else can be checked
        problems.add(error)
        problems.raise_any(what)
        raise
    problems.raise_any(what)
    return taken


def prepare_more(taken: RunStack, steps: list[StepSpec], definitions: Mapping[str, StepDefinition]) -> RunStack:
    """Check steps that a growing pipeline recorded after others began.

    Args:
        taken: what the run took for the steps before.
        steps: the new ones.
        definitions: theirs, by name.

    Returns:
        What the run takes for all its steps; ``redactor`` masks the secrets of the new ones, too.

    Raises:
        StackyardError: as :func:`prepare_stack`.
    """
    problems = Problems()
    found = taken.preparation.more(taken, steps, definitions, problems)
    problems.raise_any(f"The pipeline {taken.preparation.pipeline!r} can't go on")
    return found


class Preparation:
    """Gathers what steps need of a run's stack, batch by batch."""

    def __init__(
        self, ctx: Context, registry: Registry, stack: Stack, *, definition: PipelineDefinition,
        configuration: RunConfiguration, problems: Problems,
    ) -> None:  # fmt: skip
        """Look at the stack.

        Raises:
            StackValidationError: an orchestrator or an artifact store is missing.
        """
        self.pipeline = definition.name
        self._ctx = ctx
        self._registry = registry
        self._definition = definition
        self._configuration = configuration
        self._places = OptionPlaces(configuration)
        self._parts = StackParts(ctx, registry, stack)
        self._settings = SettingsResolver(
            definition.name, definition.options.settings, configuration,
            stack=self._parts.flavors, known=partial(flavor_names, registered=registry.flavors),
            problems=problems,
        )  # fmt: skip
        self._parts.settings = self._settings.found
        self._definitions: dict[str, StepDefinition] = {}
        file = Path(definition.location.file)
        self._source_root = source_root_of(file, ctx.scope) if file.is_file() else Path.cwd()

    def first(self, recorded: RecordedPipeline, problems: Problems) -> RunStack:
        """Return what the run takes from its stack.

        Raises:
            StackValidationError: the orchestrator can't run anything here.
        """
        parts = self._parts
        for component_type in (ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE, ComponentType.ALERTER):
            with problems.collecting():
                parts.require_packages([component_type])
        orchestrator, store = parts.component(ComponentType.ORCHESTRATOR), parts.spec(ComponentType.ARTIFACT_STORE)
        assert orchestrator is not None  # noqa: S101  # StackParts refuses a stack without one
        assert store is not None  # noqa: S101  # as above
        alerter = parts.spec(ComponentType.ALERTER)
        empty = RunStack(
            stack=parts.stack, orchestrator=orchestrator, store=store, alerter=alerter,
            local=self._local(orchestrator), steps={}, external={},
            secrets=self._secrets([], [store, *([alerter] if alerter else [])], problems), redactor=None,
            preparation=self,
        )  # fmt: skip
        self._check_hooks(recorded, problems)
        notes = (*self._configuration.notes, *notes_on(recorded.spec.steps))
        taken = empty.replace(redactor=redactor_of(empty.secrets), notes=notes)
        return self.more(taken, recorded.spec.steps, recorded.definitions, problems)

    def more(
        self, taken: RunStack, steps: list[StepSpec], definitions: Mapping[str, StepDefinition], problems: Problems
    ) -> RunStack:
        """Return what the run takes when these steps are added."""
        self._definitions.update(definitions)
        check_steps(steps, self._definitions, problems, source_root=self._source_root, places=self._places)
        self._settings.add(steps, problems)
        trackers = {step.name: self._tracker(step, problems) for step in steps}
        if any(trackers.values()):
            with problems.collecting():
                self._parts.require_packages([ComponentType.EXPERIMENT_TRACKER])
        for step in steps:
            with problems.collecting():
                self._refuse_step_operator(step)
        external = external_versions(
            self._ctx, self._registry, steps, taken.store, known=taken.external, problems=problems
        )
        stores = [version.store for version in external.values() if version.store]
        fresh = self._secrets(steps, [*(t for t in trackers.values() if t), *stores], problems)
        secrets = {**taken.secrets, **fresh}
        known = {**taken.external, **external}
        return taken.replace(external=known, secrets=secrets,
            steps={**taken.steps, **{step.name: self._of_step(step, taken.store, trackers[step.name], known, secrets)
                                     for step in steps}},
            redactor=redactor_of(secrets) if fresh.keys() - taken.secrets.keys() else taken.redactor,
        )  # fmt: skip

    def _check_hooks(self, recorded: RecordedPipeline, problems: Problems) -> None:
        """Look at the hooks of the pipeline as a whole."""
        find, code = self._configuration.find, self._definition.location
        for hook, name, keys in (
            (recorded.spec.on_init, "on_init", ("init_hook_kwargs", "init_hook_source")),
            (recorded.spec.on_cleanup, "on_cleanup", ("cleanup_hook_source",)),
        ):
            place = next((found for key in keys if self._configuration.node and (found := find(key))), code)
            for problem in check_hook(hook, f"The hook {name} of pipeline {self.pipeline!r}", place, of_step=False):
                problems.add(problem)
        if recorded.spec.on_init is None and self._configuration.values.get("on_init_kwargs"):
            problems.add(
                RunConfigurationError(
                    f"The run configuration has init_hook_kwargs, and the pipeline {self.pipeline!r} no init hook.",
                    hint="Name it: init_hook_source: module.function",
                    location=self._configuration.location("init_hook_kwargs"),
                )
            )

    def _local(self, orchestrator: StackComponent) -> LocalOrchestratorConfiguration:
        """Return how steps run on this machine.

        Raises:
            StackValidationError: the orchestrator does not run them here.
        """
        spec = self._parts.spec(ComponentType.ORCHESTRATOR)
        if spec is None or spec.flavor != _RUNS_HERE or spec.source:
            raise StackValidationError(
                f"The orchestrator {orchestrator.name!r} has the flavor {orchestrator.flavor!r}, which can't run "
                "pipelines here.",
                hint=f"Choose a stack with an orchestrator of the flavor {_RUNS_HERE!r}: stackyard stack list",
            )
        told = {name: value for name, value in spec.settings.items() if value is not None}
        mode = self._configuration.values.get("execution_mode") or (
            self._settings.of_file(ComponentType.ORCHESTRATOR).get("execution_mode")
            or getattr(self._definition.options, "execution_mode", None)
        )
        if mode:
            told["execution_mode"] = ExecutionMode(mode)
        return LocalOrchestratorConfiguration.model_validate({**spec.configuration, **told})

    def _tracker(self, step: StepSpec, problems: Problems) -> ComponentSpec | None:
        """Return the experiment tracker that a step names."""
        wanted = step.experiment_tracker
        if not wanted:
            return None
        tracker = self._parts.component(ComponentType.EXPERIMENT_TRACKER)
        if tracker is not None and wanted in (True, tracker.name, tracker.id):
            return self._parts.spec(ComponentType.EXPERIMENT_TRACKER, step.name)
        asked = "an experiment tracker" if wanted is True else f"the experiment tracker {wanted!r}"
        has = f"{tracker.name!r}" if tracker else "none"
        problems.add(
            StackValidationError(
                f"The step {step.name!r} names {asked}; the stack {self._parts.stack.name!r} has {has}.",
                hint=self._tracker_hint(_ANY if wanted is True else str(wanted)),
                location=self._place(step, "experiment_tracker"),
            )
        )
        return None

    def _tracker_hint(self, tracker: str) -> str:
        """Say how the stack gets an experiment tracker; one that is not registered comes first."""
        stack = self._parts.stack
        known = [each.name for each in self._registry.components_of(ComponentType.EXPERIMENT_TRACKER)]
        first = ""
        if tracker not in (*known, _ANY):
            near = did_you_mean(tracker, known)
            command = f"stackyard experiment-tracker register {shell_word(tracker)} --flavor FLAVOR"
            first = f"{near} Register it first: {command}\n".lstrip()
        if stack.id == DEFAULT_STACK_ID:  # it can't be changed
            command = "Use another one: stackyard stack register NAME -o default -a default"
        else:
            command = f"Give it to the stack: stackyard stack update {shell_word(stack.name)}"
        return f"{first}{command} --experiment-tracker {shell_word(tracker)}"

    def _refuse_step_operator(self, step: StepSpec) -> None:
        """Refuse a step that is to run elsewhere.

        Raises:
            StackValidationError: no step operator executes steps of this version, or the stack has none.
        """
        wanted = step.step_operator
        if not wanted:
            return
        operator = self._parts.component(ComponentType.STEP_OPERATOR)
        asked = "a step operator" if wanted is True else f"the step operator {wanted!r}"
        place = self._place(step, "step_operator")
        if operator is None or wanted not in (True, operator.name, operator.id):
            has = f"{operator.name!r}" if operator else "none"
            raise StackValidationError(
                f"The step {step.name!r} names {asked}; the stack {self._parts.stack.name!r} has {has}.",
                hint="Leave step_operator out: the step runs where the orchestrator runs it.",
                location=place,
            )
        raise StackValidationError(
            f"The step {step.name!r} names {asked}, whose flavor {operator.flavor!r} can't run steps here.",
            hint="Leave step_operator out: the step runs where the orchestrator runs it.",
            location=place,
        )

    def _place(self, step: StepSpec, key: str) -> Location:
        """Return where a step's option is said: in the run configuration, else at the call."""
        for name in (step.name, step.mapped_from):
            if self._configuration.step(name).get(key) is not None:
                return self._configuration.location("steps", name, key)
        return Location(step.file, step.line)

    def _secrets(
        self, steps: list[StepSpec], specs: list[ComponentSpec], problems: Problems
    ) -> dict[str, dict[str, str]]:
        """Return the secrets that steps and components name."""
        references = [(spec, reference) for spec in specs for reference in references_in(spec.configuration)]
        declared = [name for step in steps for name in step.secrets]
        names = list(dict.fromkeys([*declared, *(reference.name for _, reference in references)]))
        if not names:
            return {}
        from stackyard.api.secrets import secret_values  # noqa: PLC0415  # only runs that use secrets open them

        found: dict[str, dict[str, str]] = {}
        try:
            found = secret_values(self._ctx, names)
        except SecretNotFoundError:
            for name in names:
                try:
                    found.update(secret_values(self._ctx, [name]))
                except SecretNotFoundError as error:
                    problems.add(_with_its_user(error, name, steps, specs, self._places))
        for spec, (name, key) in references:
            if name in found and key not in found[name]:
                problems.add(
                    SecretNotFoundError(
                        f"The secret {name!r} has no key {key!r}, which the {spec.component_type.title} {spec.name!r} "
                        "needs.",
                        hint=f"Add it with: stackyard secret update {name} --{key}=VALUE",
                    )
                )
        return found

    def _of_step(
        self, step: StepSpec, store: ComponentSpec, tracker: ComponentSpec | None, external: dict[str, KnownVersion],
        secrets: dict[str, dict[str, str]],
    ) -> StepComponents:  # fmt: skip
        store = self._parts.spec(ComponentType.ARTIFACT_STORE, step.name) or store
        stores = [external[version].store for version in step.external_inputs.values() if version in external]
        specs = [spec for spec in (store, tracker, *stores) if spec is not None]
        names = (
            {*step.secrets, *(r.name for spec in specs for r in references_in(spec.configuration))} if secrets else ()
        )
        values = Secrets(values={name: secrets.get(name, {}) for name in sorted(names)}) if names else None
        return StepComponents(store, tracker, values)


def _with_its_user(
    error: SecretNotFoundError, secret: str, steps: Iterable[StepSpec], specs: Iterable[ComponentSpec],
    places: OptionPlaces,
) -> SecretNotFoundError:  # fmt: skip
    """Say who names a secret that is not there."""
    users: list[tuple[str, Location | None]] = [
        (f"step {step.name!r}", places.of_secret(step, secret)) for step in steps if secret in step.secrets
    ]
    users += [
        (f"{spec.component_type.title} {spec.name!r}", None)
        for spec in specs
        if secret in [reference.name for reference in references_in(spec.configuration)]
    ]
    if not users:
        return error
    user, place = users[0]
    said = error.message.rstrip(".")
    return SecretNotFoundError(f"{said}, which the {user} names.", hint=error.hint, location=place)
