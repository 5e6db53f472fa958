"""Stacks as use cases: update, remove components, rename, copy and delete, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stackyard.api.component_changes import copy_component
from stackyard.api.components import get_component, list_components, register_component
from stackyard.api.context import Context, open_context
from stackyard.api.projects import init_project
from stackyard.api.stack_changes import copy_stack, delete_stack, remove_stack_components, rename_stack, update_stack
from stackyard.api.stacks import active_stack, get_stack, list_stacks, register_stack, set_active_stack
from stackyard.model.enums import ComponentType
from stackyard.model.errors import (
    ActiveStackGoneError,
    AlreadyExistsError,
    ComponentNotFoundError,
    InUseError,
    InvalidNameError,
    ProtectedError,
    StackNotFoundError,
    StackValidationError,
    StackyardError,
    UsageError,
)
from stackyard.model.flavor import FlavorDescriptor
from stackyard.model.stack import Registry

STORE = ComponentType.ARTIFACT_STORE
ALERTER = ComponentType.ALERTER
PARTS = {"orchestrator": "default", "artifact_store": "default"}


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    """A project with the stack ``prod``: default orchestrator, store ``s``, alerter ``al``."""
    folder = tmp_path / "project"
    folder.mkdir()
    init_project(folder)
    ctx = open_context(folder)
    siren = FlavorDescriptor(
        name="siren", component_type=ALERTER, source="sirens:SIREN", configuration_schema={"type": "object"}
    )
    ctx.registry.change(lambda registry: registry.flavors.append(siren))
    register_component(ctx, STORE, "s", "local", {})
    register_component(ctx, ALERTER, "al", "siren", {})
    register_stack(ctx, "prod", {"orchestrator": "default", "artifact_store": "s", "alerter": "al"}, {"team": "a"})
    return ctx


def names(ctx: Context, stack: str) -> list[str]:
    return [component.name for component in get_stack(ctx, stack).components]


def test_an_update_exchanges_and_adds_and_keeps_the_rest(ctx: Context) -> None:
    before = get_stack(ctx, "prod")
    register_component(ctx, ALERTER, "bell", "siren", {})
    view = update_stack(ctx, "prod", {"artifact_store": "default", "alerter": "bell"}, {"stage": "test"})
    assert [c.name for c in view.components] == ["default", "default", "bell"]
    assert view.labels == {"team": "a", "stage": "test"}
    assert (view.id, view.created_at, view.owner) == (before.id, before.created_at, before.owner)
    assert get_stack(ctx, before.id[:30]) == view
    assert get_component(ctx, STORE, "s").stacks == []


def test_an_update_without_a_name_changes_the_active_stack(ctx: Context) -> None:
    set_active_stack(ctx, "prod")
    view = update_stack(ctx, None, {"artifact_store": "default"})
    assert (view.name, view.active, names(ctx, "prod")[1]) == ("prod", True, "default")
    assert [c.name for c in remove_stack_components(ctx, None, ["alerter"]).components] == ["default", "default"]


def test_a_component_that_is_taken_out_stays_registered(ctx: Context) -> None:
    view = remove_stack_components(ctx, "prod", [ALERTER])
    assert [c.name for c in view.components] == ["default", "s"]
    assert get_component(ctx, ALERTER, "al").stacks == []


@pytest.mark.parametrize("scope", ["project", "home"])
def test_who_chose_a_stack_keeps_it_when_it_is_renamed(ctx: Context, scope: str) -> None:
    set_active_stack(ctx, "prod", scope)  # type: ignore[arg-type]
    before = get_stack(ctx, "prod")
    view = rename_stack(ctx, "prod", "Prod")
    assert view == before.model_copy(
        update={"name": "Prod", "components": [c.model_copy(update={"stacks": ["Prod"]}) for c in before.components]}
    ).model_copy(update={"components": view.components})
    register_stack(ctx, "prod", PARTS)
    assert active_stack(ctx).name == "Prod"


def test_a_copy_is_a_stack_of_its_own_with_the_same_components(ctx: Context) -> None:
    """Given a stack that a project's file made, then its copy belongs to nobody's file, and an edit keeps it."""

    def manage(registry: Registry) -> None:
        registry.stacks[-1].managed_by = "some-project"

    ctx.registry.change(manage)
    set_active_stack(ctx, "prod")
    source, copy = get_stack(ctx, "prod"), copy_stack(ctx, "prod", "prod2")
    assert [c.id for c in copy.components] == [c.id for c in source.components]
    assert (copy.labels, copy.active, copy.id != source.id) == ({"team": "a"}, False, True)
    update_stack(ctx, "prod2", {"artifact_store": "default"}, {"team": "b"})
    update_stack(ctx, "prod", {}, {"x": "y"})
    assert (names(ctx, "prod"), get_stack(ctx, "prod").labels) == (["default", "s", "al"], {"team": "a", "x": "y"})
    assert [s.managed_by for s in ctx.registry.read().stacks] == ["", "some-project", ""]
    assert copy_stack(ctx, "default", "mine").owner == source.owner


def test_a_stack_that_is_deleted_leaves_its_components(ctx: Context) -> None:
    view = get_stack(ctx, "prod")
    assert delete_stack(ctx, view.id) == view
    assert [s.name for s in list_stacks(ctx)] == ["default"]
    assert [c.name for c in list_components(ctx)] == ["default", "default", "s", "al"]


def test_a_recursive_deletion_spares_what_others_use_and_the_default_ones(ctx: Context) -> None:
    register_stack(ctx, "other", {**PARTS, "artifact_store": "s"})
    copy_component(ctx, STORE, "s", "unused")
    view = delete_stack(ctx, "prod", recursive=True)
    assert [(c.name, c.stacks) for c in view.components][1:] == [("s", ["other", "prod"]), ("al", ["prod"])]
    assert [c.name for c in list_components(ctx)] == ["default", "default", "s", "unused"]
    delete_stack(ctx, "other", recursive=True)
    assert [c.name for c in list_components(ctx)] == ["default", "default", "unused"]


def test_a_recursive_deletion_spares_components_of_types_to_come(ctx: Context) -> None:
    def newer(registry: Registry) -> None:
        teleporter = registry.components[-1].model_copy(update={"id": "future", "component_type": "teleporter"})
        registry.components.append(teleporter)
        registry.stacks[-1].components["teleporter"] = "future"

    ctx.registry.change(newer)
    assert names(ctx, copy_stack(ctx, "prod", "prod2").name) == ["default", "s", "al"]
    delete_stack(ctx, "prod2")
    update_stack(ctx, "prod", {"artifact_store": "default"})
    assert ctx.registry.read().stacks[-1].components["teleporter"] == "future"
    delete_stack(ctx, "prod", recursive=True)
    assert ctx.registry.read().components[-1].id == "future"


REFUSALS: dict[str, tuple[Callable[[Context], object], type[StackyardError], str, str]] = {
    "update nothing": (
        lambda ctx: update_stack(ctx, "prod", {}), UsageError,
        "nothing to change in the stack 'prod'", "stackyard stack update --help",
    ),
    "update nothing of the active": (
        lambda ctx: update_stack(ctx, None, {}), UsageError, "nothing to change in the active stack", "--help",
    ),
    "update unknown": (
        lambda ctx: update_stack(ctx, "prd", {}, {"a": "b"}), StackNotFoundError, "no stack 'prd'", "mean 'prod'?",
    ),
    "update default": (
        lambda ctx: update_stack(ctx, "default", {"artifact_store": "s"}), ProtectedError,
        "The stack 'default' is always there and can't be changed", "stackyard stack copy default my_stack",
    ),
    "update the active default": (
        lambda ctx: update_stack(ctx, None, {}, {"a": "b"}), ProtectedError, "'default'", "copy default",
    ),
    "update with unknown type": (
        lambda ctx: update_stack(ctx, "prod", {"artifact_stor": "s"}), StackValidationError,
        "'artifact_stor' is no component type", "Did you mean 'artifact_store'?",
    ),
    "update with unknown component": (
        lambda ctx: update_stack(ctx, "prod", {"artifact_store": "default", "alerter": "a"}), ComponentNotFoundError,
        "no alerter 'a'", "stackyard alerter list",
    ),
    "update with a component of another type": (
        lambda ctx: update_stack(ctx, "prod", {"orchestrator": "s"}), ComponentNotFoundError,
        "no orchestrator 's'", "orchestrator list",
    ),
    "update with a label in another encoding": (
        lambda ctx: update_stack(ctx, "prod", {}, {"team": "m\udcfcnchen"}), InvalidNameError,
        "The text of the label 'team' is not UTF-8", "UTF-8",
    ),
    "update with a bad label": (
        lambda ctx: update_stack(ctx, "prod", {"artifact_store": "default"}, {" a": "b"}), InvalidNameError,
        "' a' can't be the key of a label", "KEY=VALUE",
    ),
    "remove nothing": (
        lambda ctx: remove_stack_components(ctx, "prod", []), UsageError, "nothing to change", "--help",
    ),
    "remove the orchestrator": (
        lambda ctx: remove_stack_components(ctx, "prod", ["alerter", "orchestrator"]), StackValidationError,
        "The orchestrator can't be removed from the stack 'prod'", "stackyard stack update prod -o OTHER",
    ),
    "remove the store": (
        lambda ctx: remove_stack_components(ctx, "prod", ["artifact_store"]), StackValidationError,
        "every stack has one", "stackyard stack update prod -a OTHER",
    ),
    "remove what it has not": (
        lambda ctx: remove_stack_components(ctx, "prod", ["annotator"]), ComponentNotFoundError,
        "The stack 'prod' has no annotator", "stackyard stack describe prod",
    ),
    "remove an unknown type": (
        lambda ctx: remove_stack_components(ctx, "prod", ["bell"]), StackValidationError, "'bell'", "Known: ",
    ),
    "remove from default": (
        lambda ctx: remove_stack_components(ctx, "default", ["alerter"]), ProtectedError, "can't be changed", "copy",
    ),
    "rename default": (
        lambda ctx: rename_stack(ctx, "default", "x"), ProtectedError, "can't be renamed", "copy default my_stack",
    ),
    "rename onto another": (
        lambda ctx: rename_stack(ctx, "prod", "default"), AlreadyExistsError,
        "A stack named 'default' exists already", "stackyard stack describe default",
    ),
    "rename onto itself": (
        lambda ctx: rename_stack(ctx, "prod", "prod"), UsageError, "'prod' has that name already", "another name",
    ),
    "rename badly": (
        lambda ctx: rename_stack(ctx, "prod", "-x"), InvalidNameError, "'-x' can't be the name of a stack", "Use",
    ),
    "rename unknown": (
        lambda ctx: rename_stack(ctx, "ghost", "x"), StackNotFoundError, "'ghost'", "stackyard stack list",
    ),
    "copy onto another": (
        lambda ctx: copy_stack(ctx, "default", "prod"), AlreadyExistsError, "'prod' exists already", "describe prod",
    ),
    "copy badly": (lambda ctx: copy_stack(ctx, "prod", " "), InvalidNameError, "' ' can't be the name", "Use"),
    "copy unknown": (lambda ctx: copy_stack(ctx, "ghost", "x"), StackNotFoundError, "'ghost'", "list"),
    "delete default": (
        lambda ctx: delete_stack(ctx, "default", recursive=True), ProtectedError,
        "can't be deleted", "stackyard stack delete NAME",
    ),
    "delete unknown": (lambda ctx: delete_stack(ctx, "ghost"), StackNotFoundError, "'ghost'", "list"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_names_thing_and_remedy_and_changes_nothing(ctx: Context, case: str) -> None:
    act, error, message, hint = REFUSALS[case]
    before = ctx.home_folder.registry_file.read_bytes()
    with pytest.raises(error) as caught:
        act(ctx)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert ctx.home_folder.registry_file.read_bytes() == before


def choose_for_project(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    set_active_stack(ctx, "prod", "project")


def choose_for_user(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    set_active_stack(ctx, "prod", "home")


def choose_for_user_below_another(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    set_active_stack(ctx, "prod", "home")
    set_active_stack(ctx, "default", "project")


def choose_in_the_environment(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKYARD_ACTIVE_STACK", "prod")


@pytest.mark.parametrize(
    ("choose", "who", "remedy"),
    [
        (choose_for_project, "set for the project project", "stackyard stack set default"),
        (choose_for_user, "set for this user", "stackyard stack set default --global"),
        (choose_for_user_below_another, "set for this user", "stackyard stack set default --global"),
        (choose_in_the_environment, "STACKYARD_ACTIVE_STACK", "unset STACKYARD_ACTIVE_STACK"),
    ],
)
def test_a_stack_that_is_chosen_can_t_be_deleted(
    ctx: Context,
    monkeypatch: pytest.MonkeyPatch,
    choose: Callable[[Context, pytest.MonkeyPatch], None],
    who: str,
    remedy: str,
) -> None:
    choose(ctx, monkeypatch)
    before = ctx.home_folder.registry_file.read_bytes()
    with pytest.raises(InUseError) as caught:
        delete_stack(ctx, "prod")
    assert "'prod' can't be deleted: it is the active stack" in caught.value.message
    assert who in caught.value.message
    assert caught.value.hint.endswith(remedy)
    assert ctx.home_folder.registry_file.read_bytes() == before
    monkeypatch.delenv("STACKYARD_ACTIVE_STACK", raising=False)
    for scope in ("project", "home"):
        set_active_stack(ctx, "default", scope)
    assert delete_stack(ctx, "prod").name == "prod"


def test_an_update_of_an_active_stack_that_is_gone_is_refused(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKYARD_ACTIVE_STACK", "ghost")
    with pytest.raises(ActiveStackGoneError):
        update_stack(ctx, None, {}, {"a": "b"})


def test_a_hint_quotes_a_name_that_a_shell_would_split(ctx: Context) -> None:
    register_stack(ctx, "my stack", {**PARTS, "artifact_store": "s"})
    with pytest.raises(StackValidationError) as caught:
        remove_stack_components(ctx, "my stack", ["orchestrator"])
    assert caught.value.hint == "Exchange it: stackyard stack update 'my stack' -o OTHER"


def test_an_id_means_its_own_stack_whatever_others_are_called(ctx: Context) -> None:
    prod = get_stack(ctx, "prod")
    register_stack(ctx, prod.id, PARTS)
    assert get_stack(ctx, prod.id).name == "prod"
