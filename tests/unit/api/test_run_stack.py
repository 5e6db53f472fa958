"""What a run takes from its stack, and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stackyard import pipeline, step
from stackyard.api.components import register_component
from stackyard.api.context import Context, open_context
from stackyard.api.lookup import find_stack
from stackyard.api.run_configuration import RunConfiguration
from stackyard.api.run_stack import RunStack, prepare_stack
from stackyard.api.stacks import register_stack
from stackyard.flavors.base import ComponentConfiguration, Flavor
from stackyard.model.enums import ComponentType, ExecutionMode
from stackyard.model.errors import (
    ArtifactNotFoundError,
    PackageMissingError,
    SecretNotFoundError,
    StackValidationError,
    UnknownFlavorError,
)
from stackyard.model.stack import Registry, StackComponent

TRACKER = Flavor("tiny", ComponentType.EXPERIMENT_TRACKER, ComponentConfiguration, "")
NEEDY = Flavor(
    "needy", ComponentType.ALERTER, ComponentConfiguration, "", requirements=("no-such-thing>=1", "pydantic")
)
BIG = Flavor("big", ComponentType.ORCHESTRATOR, ComponentConfiguration, "")


@pytest.fixture
def ctx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.chdir(tmp_path)
    found = open_context(tmp_path)

    def edit(registry: Registry) -> None:
        registry.flavors.extend(f.descriptor() for f in (TRACKER, NEEDY, BIG))

    found.registry.change(edit)
    return found


def stack_with(ctx: Context, **components: str) -> None:
    """Register the stack ``mine`` of default components and others: type to flavor."""
    own = {"orchestrator": "default", "artifact_store": "default"}
    for kind, flavor in components.items():
        register_component(ctx, ComponentType(kind), "own", flavor, {})
        own[kind] = "own"
    register_stack(ctx, "mine", own)


def prepare(ctx: Context, stack: str = "mine", settings: dict[str, Any] | None = None, **of_step: Any) -> RunStack:
    """Prepare a run of one step."""

    @step(**of_step)
    def train() -> int:
        return 1

    @pipeline(settings=settings)
    def training() -> None:
        train()

    registry = ctx.registry.read()
    recorded = training.record({}, training.new_recorder())
    return prepare_stack(
        ctx, registry, find_stack(registry, stack), definition=training, recorded=recorded,
        configuration=RunConfiguration(),
    )  # fmt: skip


def test_the_default_stack_needs_nothing(ctx: Context) -> None:
    found = prepare(ctx, "default")
    assert (found.store.name, found.alerter, found.secrets, found.redactor) == ("default", None, {}, None)
    assert found.steps["train"].artifact_store == found.store
    assert (found.steps["train"].experiment_tracker, found.steps["train"].secrets) == (None, None)
    assert found.local.execution_mode is ExecutionMode.CONTINUE_ON_FAILURE


def test_settings_change_the_orchestrator_for_this_run_alone(ctx: Context) -> None:
    settings = {"orchestrator": {"execution_mode": "fail_fast", "max_workers": None}}
    assert prepare(ctx, "default", settings).local.execution_mode is ExecutionMode.FAIL_FAST
    assert prepare(ctx, "default").local.execution_mode is ExecutionMode.CONTINUE_ON_FAILURE


def test_a_tracker_is_named_by_name_or_id_or_just_wanted(ctx: Context) -> None:
    stack_with(ctx, experiment_tracker="tiny")
    component = ctx.registry.read().components_of(ComponentType.EXPERIMENT_TRACKER)[0]
    for wanted in (True, "own", component.id):
        tracker = prepare(ctx, experiment_tracker=wanted).steps["train"].experiment_tracker
        assert tracker is not None
        assert tracker.component_id == component.id
    for unwanted in (False, None, ""):
        assert prepare(ctx, experiment_tracker=unwanted).steps["train"].experiment_tracker is None


@pytest.mark.parametrize(("stack", "command"), [("mine", "stack update mine"), ("default", "stack register NAME")])
def test_the_hint_for_a_missing_tracker_fits_the_stack(ctx: Context, stack: str, command: str) -> None:
    stack_with(ctx)
    with pytest.raises(StackValidationError) as caught:
        prepare(ctx, stack, experiment_tracker="own")
    assert f"stackyard {command}" in caught.value.hint
    assert "Register it first: stackyard experiment-tracker register own --flavor" in caught.value.hint
    assert caught.value.hint.endswith("--experiment-tracker own")
    assert caught.value.location is not None
    assert Path(caught.value.location.file).name == "test_run_stack.py"


def test_an_orchestrator_that_does_not_run_here_is_refused(ctx: Context) -> None:
    stack_with(ctx, orchestrator="big")
    with pytest.raises(StackValidationError, match="flavor 'big'"):
        prepare(ctx)


def test_what_is_missing_for_a_component_is_named_and_what_is_there_is_not(ctx: Context) -> None:
    stack_with(ctx, alerter="needy")
    with pytest.raises(PackageMissingError, match="needs no-such-thing>=1, which") as caught:
        prepare(ctx)
    assert 'pip install "no-such-thing>=1"' in caught.value.hint


def test_a_flavor_whose_package_is_gone_is_named(ctx: Context) -> None:
    def move(registry: Registry) -> None:
        registry.flavors[0].source = "no_such_package.flavors:TINY"
        registry.flavors[0].package = "no-such-package"

    ctx.registry.change(move)
    stack_with(ctx, experiment_tracker="tiny")
    assert prepare(ctx).steps["train"].experiment_tracker is None
    with pytest.raises(PackageMissingError, match="needs no-such-package, which is not installed here"):
        prepare(ctx, experiment_tracker=True)


def test_a_component_that_no_step_uses_may_lack_its_flavor(ctx: Context) -> None:
    stack_with(ctx, experiment_tracker="tiny")

    def forget(registry: Registry) -> None:
        registry.flavors.clear()

    ctx.registry.change(forget)
    assert prepare(ctx).steps["train"].experiment_tracker is None
    with pytest.raises(UnknownFlavorError, match="'tiny', which is not known here") as caught:
        prepare(ctx, experiment_tracker=True)
    assert "experiment-tracker flavor" in caught.value.hint


def test_steps_get_the_secrets_that_they_and_their_components_name(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STEP__KEY", "PLACE__KEY", "OTHER__KEY"):
        monkeypatch.setenv(f"STACKYARD_SECRET__{name}", name.lower())

    def refer(registry: Registry) -> None:
        registry.components.append(
            StackComponent(
                id="11111111-0000-7000-8000-000000000001", name="secretive", flavor="local",
                component_type=ComponentType.ARTIFACT_STORE, configuration={"path": "/store/{{place.key}}"},
            )
        )  # fmt: skip

    ctx.registry.change(refer)
    register_stack(ctx, "mine", {"orchestrator": "default", "artifact_store": "secretive"})
    found = prepare(ctx, secrets=["step"])
    assert found.store.configuration["path"] == "/store/{{place.key}}", "a specification holds no values"
    secrets = found.steps["train"].secrets
    assert secrets is not None
    assert sorted(secrets.values) == ["place", "step"]
    assert found.redactor is not None
    assert found.redactor.clean("step__key place__key other__key") == "*** *** other__key"
    with pytest.raises(SecretNotFoundError):
        prepare(ctx, secrets=["absent"])
    monkeypatch.delenv("STACKYARD_SECRET__PLACE__KEY")
    with pytest.raises(SecretNotFoundError, match="'place', which the artifact store 'secretive' names"):
        prepare(ctx)
    monkeypatch.setenv("STACKYARD_SECRET__PLACE__OTHER", "x")
    with pytest.raises(SecretNotFoundError, match="artifact store 'secretive'"):
        prepare(ctx)


def test_an_artifact_version_that_is_not_there_is_refused(ctx: Context) -> None:
    class Version:
        def __stackyard_artifact_version__(self) -> str:
            return "0190aaaa"

    @step
    def train(x: int) -> int:
        return x

    @pipeline
    def training() -> None:
        train(Version())

    registry = ctx.registry.read()
    with pytest.raises(ArtifactNotFoundError, match="0190aaaa is not in the catalog; step 'train' takes it"):
        prepare_stack(
            ctx, registry, find_stack(registry, "default"), definition=training,
            recorded=training.record({}, training.new_recorder()), configuration=RunConfiguration(),
        )  # fmt: skip
