"""What a run takes from its stack: components, their settings, secrets. All of it is checked before anything runs."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stackyard.api.components import component_spec, flavor_of
from stackyard.api.context import Context
from stackyard.api.lookup import shell_word
from stackyard.api.run_configuration import RunConfiguration
from stackyard.api.settings import RunSettings, resolve_settings
from stackyard.authoring.pipeline import PipelineDefinition, RecordedPipeline
from stackyard.engine.cache import KnownVersion
from stackyard.engine.components import redactor_of
from stackyard.engine.execution import StepComponents
from stackyard.flavors.catalogue import AnyFlavor, known_flavors
from stackyard.flavors.local import LocalOrchestratorConfiguration
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType
from stackyard.model.errors import (
    ArtifactNotFoundError,
    Location,
    PackageMissingError,
    SecretNotFoundError,
    StackValidationError,
    UnknownFlavorError,
)
from stackyard.model.graph import StepSpec
from stackyard.model.job import ComponentSpec, Secrets
from stackyard.model.secret import references_in
from stackyard.model.stack import DEFAULT_STACK_ID, Registry, Stack, StackComponent

if TYPE_CHECKING:
    from stackyard.model.redaction import Redactor

_RUNS_HERE = "local"
"""The orchestrator flavor whose work this package does itself."""


@dataclass(frozen=True)
class RunStack:
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


def prepare_stack(
    ctx: Context, registry: Registry, stack: Stack, *, definition: PipelineDefinition, recorded: RecordedPipeline,
    configuration: RunConfiguration,
) -> RunStack:  # fmt: skip
    """Check that a stack can run a recorded pipeline, and gather what the run needs of it.

    Raises:
        StackValidationError: the stack lacks what the pipeline needs.
        UnknownFlavorError: a component's flavor is not known here.
        SettingsError: settings are unknown or refused.
        PackageMissingError: what a component needs is not installed.
        SecretNotFoundError: a secret is not there.
        ArtifactNotFoundError: a step takes an artifact version that the catalog does not have.
    """
    parts = _Parts(ctx, registry, stack)
    settings = resolve_settings(
        definition.name, definition.options.settings, recorded.spec.steps, configuration,
        stack=parts.flavors, known=known_flavors(registry.flavors),
    )  # fmt: skip
    parts.settings = settings
    orchestrator = parts.component(ComponentType.ORCHESTRATOR)
    assert orchestrator is not None  # noqa: S101  # _Parts refuses a stack without one
    trackers = {step.name: _tracker(parts, step, configuration) for step in recorded.spec.steps}
    used = [ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE, ComponentType.ALERTER]
    parts.require_packages([*used, *([ComponentType.EXPERIMENT_TRACKER] if any(trackers.values()) else [])])
    store = parts.spec(ComponentType.ARTIFACT_STORE)
    assert store is not None  # noqa: S101  # as for the orchestrator
    alerter = parts.spec(ComponentType.ALERTER)
    external = _external_versions(ctx, registry, recorded.spec.steps, store.component_id)
    stores = [version.store for version in external.values() if version.store]
    specs = [store, *([alerter] if alerter else []), *(t for t in trackers.values() if t), *stores]
    secrets = _secrets(ctx, recorded.spec.steps, specs)
    steps = {
        step.name: _of_step(
            step, parts.spec(ComponentType.ARTIFACT_STORE, step.name) or store, trackers[step.name], external, secrets
        )
        for step in recorded.spec.steps
    }
    return RunStack(
        stack=stack, orchestrator=orchestrator, store=store, alerter=alerter, local=_local(parts, orchestrator),
        steps=steps, external=external, secrets=secrets, redactor=redactor_of(secrets),
    )  # fmt: skip


class _Parts:
    """The components of a stack with their flavors."""

    def __init__(self, ctx: Context, registry: Registry, stack: Stack) -> None:
        """Look them up.

        Raises:
            StackValidationError: an orchestrator or an artifact store is missing.
        """
        self._ctx = ctx
        self._registry = registry
        self._components = {t: registry.component_by_id(stack.components.get(t.value, "")) for t in ComponentType}
        self.stack = stack
        self.flavors: dict[ComponentType, AnyFlavor] = {}
        self.settings = RunSettings()
        self._specs: dict[ComponentType, ComponentSpec] = {}
        """Without settings; a pipeline of many steps resolves each component once."""
        for component_type, component in self._components.items():
            if component is None and component_type in REQUIRED_COMPONENT_TYPES:
                raise StackValidationError(
                    f"The stack {stack.name!r} has no {component_type.title}.",
                    hint="Choose another one with: stackyard stack set default",
                )
            flavor = flavor_of(registry, component) if component else None
            if flavor is not None:
                self.flavors[component_type] = flavor

    def component(self, component_type: ComponentType) -> StackComponent | None:
        """Return the stack's component of a type."""
        return self._components[component_type]

    def spec(self, component_type: ComponentType, step: str | None = None) -> ComponentSpec | None:
        """Return the stack's component of a type as the run, or a step of it, uses it."""
        component = self._components[component_type]
        if component is None:
            return None
        if component_type not in self._specs:
            self._specs[component_type] = component_spec(self._ctx, self._registry, component)
        told = self.settings.of_step(step, component_type) if step else self.settings.of_run(component_type)
        spec = self._specs[component_type]
        return spec.model_copy(update={"settings": told}) if told else spec

    def require_packages(self, types: Iterable[ComponentType]) -> None:
        """Refuse to run without what components of these types need.

        Raises:
            UnknownFlavorError: a flavor is not known here.
            PackageMissingError: naming what is missing and how to install it.
        """
        for component_type in types:
            component, flavor = self._components[component_type], self.flavors.get(component_type)
            if component is None:
                continue
            if flavor is None:
                raise UnknownFlavorError(
                    f"The {component_type.title} {component.name!r} has the flavor {component.flavor!r}, which is not "
                    "known here.",
                    hint=f"Install the package that brings it, then: stackyard {component_type.command} flavor refresh",
                )
            if flavor.source and not _can_be_found(flavor.source):
                package = flavor.descriptor().package or f"the module {flavor.source.partition(':')[0]}"
                raise PackageMissingError(
                    f"The {component_type.title} {component.name!r} of the stack {self.stack.name!r} needs {package}, "
                    "which is not installed here.",
                    hint=f"Install the package that brings its flavor {flavor.name!r} into this environment.",
                )
            if flavor.requirements:
                self._require(component, flavor)

    def _require(self, component: StackComponent, flavor: AnyFlavor) -> None:
        from stackyard.flavors.requirements import missing_requirements  # noqa: PLC0415  # few flavors have any

        missing = missing_requirements(flavor.requirements)
        if missing:
            install = " ".join(f'"{text}"' for text in missing)
            raise PackageMissingError(
                f"The {flavor.component_type.title} {component.name!r} of the stack {self.stack.name!r} needs "
                f"{', '.join(missing)}, which is not installed.",
                hint=f"Install it with: stackyard integration install {flavor.integration}"
                if flavor.integration
                else f"Install it with: python -m pip install {install}",
            )


def _can_be_found(source: str) -> bool:
    """Tell whether the package of ``module:attribute`` is there; nothing is imported."""
    try:
        return importlib.util.find_spec(source.partition(":")[0].partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False


def _local(parts: _Parts, orchestrator: StackComponent) -> LocalOrchestratorConfiguration:
    spec = parts.spec(ComponentType.ORCHESTRATOR)
    if spec is None or spec.flavor != _RUNS_HERE or spec.source:
        raise StackValidationError(
            f"The orchestrator {orchestrator.name!r} has the flavor {orchestrator.flavor!r}, which can't run pipelines "
            "here.",
            hint=f"Choose a stack with an orchestrator of the flavor {_RUNS_HERE!r}: stackyard stack list",
        )
    told = {name: value for name, value in spec.settings.items() if value is not None}
    return LocalOrchestratorConfiguration.model_validate({**spec.configuration, **told})


def _tracker(parts: _Parts, step: StepSpec, configuration: RunConfiguration) -> ComponentSpec | None:
    """Return the experiment tracker that a step names.

    Raises:
        StackValidationError: the stack has none, or another one.
    """
    wanted = step.experiment_tracker
    if not wanted:
        return None
    tracker = parts.component(ComponentType.EXPERIMENT_TRACKER)
    if tracker is not None and wanted in (True, tracker.name, tracker.id):
        return parts.spec(ComponentType.EXPERIMENT_TRACKER, step.name)
    asked = "an experiment tracker" if wanted is True else f"the experiment tracker {wanted!r}"
    has = f"{tracker.name!r}" if tracker else "none"
    in_file = configuration.step(step.name).get("experiment_tracker") is not None
    raise StackValidationError(
        f"The step {step.name!r} names {asked}; the stack {parts.stack.name!r} has {has}.",
        hint=_tracker_hint(parts.stack, "NAME" if wanted is True else str(wanted)),
        location=configuration.location("steps", step.name, "experiment_tracker")
        if in_file
        else Location(step.file, step.line),
    )


def _tracker_hint(stack: Stack, tracker: str) -> str:
    if stack.id == DEFAULT_STACK_ID:  # it can't be changed
        return f"Use another one: stackyard stack register NAME -o default -a default --experiment-tracker {tracker}"
    return f"Give it to the stack: stackyard stack update {shell_word(stack.name)} --experiment-tracker {tracker}"


def _secrets(ctx: Context, steps: list[StepSpec], specs: list[ComponentSpec]) -> dict[str, dict[str, str]]:
    """Return the secrets that steps and components name.

    Raises:
        SecretNotFoundError: one is not there, or lacks a key.
    """
    references = [(spec, reference) for spec in specs for reference in references_in(spec.configuration)]
    declared = [name for step in steps for name in step.secrets]
    names = list(dict.fromkeys([*declared, *(reference.name for _, reference in references)]))
    if not names:
        return {}
    from stackyard.api.secrets import secret_values  # noqa: PLC0415  # only runs that use secrets open them

    try:
        found = secret_values(ctx, names)
    except SecretNotFoundError as error:
        raise _with_its_user(error, steps, specs) from error
    for spec, (name, key) in references:
        if key not in found[name]:
            raise SecretNotFoundError(
                f"The secret {name!r} has no key {key!r}, which the {spec.component_type.title} {spec.name!r} needs.",
                hint=f"Add it with: stackyard secret update {name} --{key}=VALUE",
            )
    return found


def _with_its_user(
    error: SecretNotFoundError, steps: Iterable[StepSpec], specs: Iterable[ComponentSpec]
) -> SecretNotFoundError:
    """Say who names a secret that is not there."""
    users: list[tuple[str, str, Location | None]] = [
        (name, f"step {step.name!r}", Location(step.file, step.line)) for step in steps for name in step.secrets
    ]
    users += [
        (name, f"{spec.component_type.title} {spec.name!r}", None)
        for spec in specs
        for name, _ in references_in(spec.configuration)
    ]
    for name, user, place in users:
        if repr(name) in error.message:
            said = error.message.rstrip(".")
            return SecretNotFoundError(f"{said}, which the {user} names.", hint=error.hint, location=place)
    return error


def _of_step(
    step: StepSpec, store: ComponentSpec, tracker: ComponentSpec | None, external: dict[str, KnownVersion],
    secrets: dict[str, dict[str, str]],
) -> StepComponents:  # fmt: skip
    stores = [external[version].store for version in step.external_inputs.values()]
    specs = [spec for spec in (store, tracker, *stores) if spec is not None]
    names = {*step.secrets, *(r.name for spec in specs for r in references_in(spec.configuration))} if secrets else ()
    values = Secrets(values={name: secrets[name] for name in sorted(names)}) if names else None
    return StepComponents(store, tracker, values)


def _external_versions(
    ctx: Context, registry: Registry, steps: Iterable[StepSpec], store_id: str
) -> dict[str, KnownVersion]:
    wanted = {version: step.name for step in steps for version in step.external_inputs.values()}
    if not wanted:
        return {}
    found: dict[str, KnownVersion] = {}
    with ctx.catalog() as catalog:
        for version_id, step in wanted.items():
            rows = catalog.versions_by_id(version_id) if catalog else []
            if not rows:
                raise ArtifactNotFoundError(
                    f"The artifact version {version_id} that step {step!r} takes is not in the catalog.",
                    hint="Pass a version of this home's catalog.",
                )
            row = rows[0]
            other = registry.component_by_id(row.artifact_store_id) if row.artifact_store_id != store_id else None
            found[version_id] = KnownVersion(
                id=row.id, uri=row.uri, materializer=row.materializer, digest=row.digest, deterministic=False,
                type=row.type, artifact_name=row.name, version=row.version,
                store=component_spec(ctx, registry, other) if other else None,
            )  # fmt: skip
    return found
