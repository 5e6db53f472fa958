"""Components as use cases: update, remove attributes, rename, copy and delete, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stackyard.api.component_changes import (
    copy_component,
    delete_component,
    remove_attributes,
    rename_component,
    update_component,
)
from stackyard.api.components import get_component, list_components, register_component
from stackyard.api.context import Context, open_context
from stackyard.api.stacks import register_stack
from stackyard.model.enums import ComponentType
from stackyard.model.errors import (
    AlreadyExistsError,
    ComponentConfigurationError,
    ComponentNotFoundError,
    InUseError,
    InvalidNameError,
    ProtectedError,
    SecretReferenceError,
    StackyardError,
    UnknownFlavorError,
    UsageError,
)
from stackyard.model.flavor import FlavorDescriptor
from stackyard.model.stack import Registry

STORE = ComponentType.ARTIFACT_STORE
ORCHESTRATOR = ComponentType.ORCHESTRATOR
ALERTER = ComponentType.ALERTER

SIREN = FlavorDescriptor(
    name="siren",
    component_type=ALERTER,
    source="sirens:SIREN",
    configuration_schema={
        "type": "object",
        "required": ["place"],
        "properties": {
            "place": {"type": "string"},
            "loud": {"type": "boolean", "default": False},
            "token": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None, "secret": True},
            "name": {"type": "string", "default": ""},
        },
    },
)


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    """A home with an orchestrator, a store and an alerter of the user, which the stack ``prod`` uses."""
    ctx = open_context(tmp_path)

    def edit(registry: Registry) -> None:
        registry.flavors.append(SIREN)

    ctx.registry.change(edit)
    register_component(ctx, ORCHESTRATOR, "o", "local", {"max_workers": "4"}, labels={"team": "a"})
    register_component(ctx, STORE, "s", "local", {})
    register_component(ctx, ALERTER, "al", "siren", {"place": "roof"})
    register_stack(ctx, "prod", {"orchestrator": "o", "artifact_store": "s", "alerter": "al"})
    return ctx


def stored(ctx: Context, component_type: ComponentType, name: str) -> dict[str, object]:
    return next(c.configuration for c in ctx.registry.read().components_of(component_type) if c.name == name)


def test_an_update_changes_what_is_given_and_keeps_the_rest(ctx: Context) -> None:
    before = get_component(ctx, ORCHESTRATOR, "o")
    view = update_component(ctx, ORCHESTRATOR, "o", {"execution_mode": "fail_fast"}, {"stage": "test"})
    assert view.configuration == {"max_workers": 4, "execution_mode": "fail_fast"}
    assert view.labels == {"team": "a", "stage": "test"}
    assert (view.id, view.created_at, view.stacks) == (before.id, before.created_at, ["prod"])
    assert get_component(ctx, ORCHESTRATOR, "o") == view
    assert update_component(ctx, ORCHESTRATOR, view.id[:30], {}, {"team": "b"}).labels["team"] == "b"


def test_an_update_to_what_is_there_already_is_none(ctx: Context) -> None:
    before = ctx.home_folder.registry_file.read_bytes()
    update_component(ctx, ORCHESTRATOR, "o", {"max_workers": "4"})
    assert ctx.home_folder.registry_file.read_bytes() == before


def test_a_value_that_is_the_default_is_left_out(ctx: Context) -> None:
    update_component(ctx, ALERTER, "al", {"loud": "true"})
    assert stored(ctx, ALERTER, "al") == {"place": "roof", "loud": True}
    update_component(ctx, ALERTER, "al", {"loud": "false"})
    assert stored(ctx, ALERTER, "al") == {"place": "roof"}


def test_an_update_keeps_the_folder_in_home_and_takes_a_path_from_the_working_folder(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    update_component(ctx, STORE, "s", {}, {"a": "b"})
    assert stored(ctx, STORE, "s") == {"path": "artifact_stores/s"}
    update_component(ctx, STORE, "s", {"path": "artifact_stores/s"})
    assert stored(ctx, STORE, "s") == {"path": str(tmp_path / "artifact_stores" / "s")}
    remove_attributes(ctx, STORE, "s", ["path"])
    assert stored(ctx, STORE, "s") == {"path": "artifact_stores/s"}


def test_attributes_and_labels_that_are_removed_are_back_at_their_defaults(ctx: Context) -> None:
    view = remove_attributes(ctx, ORCHESTRATOR, "o", ["max_workers"], ["team"])
    assert (view.configuration["max_workers"], view.labels) == (None, {})
    assert stored(ctx, ORCHESTRATOR, "o") == {}


def test_a_rename_keeps_id_stacks_and_folder(ctx: Context) -> None:
    before = get_component(ctx, STORE, "s")
    view = rename_component(ctx, STORE, before.id[:30], "S")
    assert view == before.model_copy(update={"name": "S"})
    fresh = register_component(ctx, STORE, "s", "local", {})
    assert fresh.configuration["path"] == f"{before.configuration['path']}-{fresh.id[-8:]}"


def test_a_copy_is_a_component_of_its_own_with_the_same_configuration(ctx: Context) -> None:
    """Given a component that a project's file made, then its copy belongs to nobody's file."""

    def manage(registry: Registry) -> None:
        registry.components_of(ORCHESTRATOR)[-1].managed_by = "some-project"

    ctx.registry.change(manage)
    source = get_component(ctx, ORCHESTRATOR, "o")
    copy = copy_component(ctx, ORCHESTRATOR, "o", "o2")
    assert (copy.configuration, copy.labels, copy.flavor) == (source.configuration, source.labels, source.flavor)
    assert (copy.id != source.id, copy.stacks) == (True, [])
    assert [c.managed_by for c in ctx.registry.read().components_of(ORCHESTRATOR)] == ["", "some-project", ""]
    update_component(ctx, ORCHESTRATOR, "o2", {"max_workers": 1}, {"team": "z"})
    assert get_component(ctx, ORCHESTRATOR, "o") == source
    update_component(ctx, ORCHESTRATOR, "o", {"max_workers": 9})
    assert [c.managed_by for c in ctx.registry.read().components_of(ORCHESTRATOR)] == ["", "some-project", ""]


def test_a_copy_of_a_store_shares_its_folder_and_the_default_one_can_be_copied(ctx: Context) -> None:
    copy = copy_component(ctx, STORE, "default", "mine")
    assert copy.configuration == get_component(ctx, STORE, "default").configuration
    assert copy.owner == get_component(ctx, STORE, "s").owner
    rename_component(ctx, STORE, "mine", "ours")
    assert delete_component(ctx, STORE, "ours").name == "ours"


def test_a_component_that_is_deleted_leaves_its_data(ctx: Context) -> None:
    view = register_component(ctx, STORE, "gone", "local", {})
    file = Path(view.configuration["path"]) / "artifacts" / "x"
    file.parent.mkdir(parents=True)
    file.write_text("kept")
    assert delete_component(ctx, STORE, view.id) == view
    assert [c.name for c in list_components(ctx, STORE)] == ["default", "s"]
    assert file.read_text() == "kept"


def test_labels_and_names_change_while_the_flavor_s_package_is_gone(ctx: Context) -> None:
    ctx.registry.change(lambda registry: registry.flavors.clear())
    assert update_component(ctx, ALERTER, "al", {}, {"a": "b"}).labels == {"a": "b"}
    assert rename_component(ctx, ALERTER, "al", "bell").configuration == {"place": "roof"}
    assert copy_component(ctx, ALERTER, "bell", "bell2").flavor == "siren"
    with pytest.raises(UnknownFlavorError):
        update_component(ctx, ALERTER, "bell", {"place": "cellar"})


def test_an_attribute_that_the_flavor_no_longer_knows_can_be_removed(ctx: Context) -> None:
    def older(registry: Registry) -> None:
        registry.components_of(ALERTER)[0].configuration["pitch"] = 3

    ctx.registry.change(older)
    with pytest.raises(ComponentConfigurationError, match="'pitch'"):
        update_component(ctx, ALERTER, "al", {"loud": "true"})
    assert remove_attributes(ctx, ALERTER, "al", ["pitch"]).configuration["place"] == "roof"


def test_a_flavor_may_have_an_attribute_called_name(ctx: Context) -> None:
    assert update_component(ctx, ALERTER, "al", {"name": "Big Ben"}).configuration["name"] == "Big Ben"


def test_what_a_newer_version_wrote_stays(ctx: Context) -> None:
    def newer(registry: Registry) -> None:
        component = registry.components_of(ORCHESTRATOR)[-1]
        assert component.model_extra is not None
        component.model_extra["price"] = 7

    ctx.registry.change(newer)
    update_component(ctx, ORCHESTRATOR, "o", {"max_workers": 2})
    copy_component(ctx, ORCHESTRATOR, "o", "o2")
    found = ctx.registry.read().components_of(ORCHESTRATOR)[1:]
    assert [(c.name, (c.model_extra or {})["price"]) for c in found] == [("o", 7), ("o2", 7)]


REFUSALS: dict[str, tuple[Callable[[Context], object], type[StackyardError], str, str]] = {
    "update nothing": (
        lambda ctx: update_component(ctx, STORE, "s", {}), UsageError,
        "nothing to change in the artifact store 's'", "artifact-store update --help",
    ),
    "update unknown": (
        lambda ctx: update_component(ctx, STORE, "ss", {"path": "x"}), ComponentNotFoundError,
        "no artifact store 'ss'", "Did you mean 's'?",
    ),
    "update none there": (
        lambda ctx: update_component(ctx, ComponentType.ANNOTATOR, "x", {"a": "b"}), ComponentNotFoundError,
        "no annotator 'x'", "None is registered yet. See: stackyard annotator register --help",
    ),
    "update default": (
        lambda ctx: update_component(ctx, STORE, "default", {"path": "x"}), ProtectedError,
        "'default' is always there and can't be changed", "artifact-store copy default my_artifact_store",
    ),
    "label default": (
        lambda ctx: update_component(ctx, ORCHESTRATOR, "default", {}, {"a": "b"}), ProtectedError,
        "can't be changed", "orchestrator copy default my_orchestrator",
    ),
    "update unknown attribute": (
        lambda ctx: update_component(ctx, STORE, "s", {"pth": "x"}), ComponentConfigurationError,
        "'pth'", "Did you mean 'path'?",
    ),
    "update wrong value": (
        lambda ctx: update_component(ctx, ORCHESTRATOR, "o", {"max_workers": "many"}), ComponentConfigurationError,
        "orchestrator 'o' can't have max_workers='many'", "stackyard orchestrator",
    ),
    "update one right one wrong": (
        lambda ctx: update_component(ctx, ORCHESTRATOR, "o", {"max_workers": "5", "x": "y"}),
        ComponentConfigurationError, "'x'", "Attributes: max_workers, execution_mode",
    ),
    "update plain secret": (
        lambda ctx: update_component(ctx, ALERTER, "al", {"token": "hush"}), SecretReferenceError,
        "'token' of the alerter 'al' takes a reference", "stackyard secret create",
    ),
    "update flavor": (
        lambda ctx: update_component(ctx, STORE, "s", {"flavor": "s3"}), ComponentConfigurationError,
        "can't change the flavor of the artifact store 's'", "artifact-store register NAME --flavor=FLAVOR",
    ),
    "update type": (
        lambda ctx: update_component(ctx, STORE, "s", {"component_type": "alerter"}), ComponentConfigurationError,
        "can't change the component type", "artifact-store register",
    ),
    "update name": (
        lambda ctx: update_component(ctx, STORE, "s", {"name": "t"}), ComponentConfigurationError,
        "can't change the name", "stackyard artifact-store rename s NEW_NAME",
    ),
    "update with a path elsewhere": (
        lambda ctx: update_component(ctx, STORE, "s", {"path": "s3://bucket"}), ComponentConfigurationError,
        "s3://bucket is no folder of this machine", "artifact-store flavor list",
    ),
    "update with an empty path": (
        lambda ctx: update_component(ctx, STORE, "s", {"path": " "}), ComponentConfigurationError,
        "' ' is no path", "Choose a folder",
    ),
    "update with a label without key": (
        lambda ctx: update_component(ctx, STORE, "s", {}, {"": "x"}), InvalidNameError,
        "'' can't be the key of a label", "KEY=VALUE",
    ),
    "register with a label": (
        lambda ctx: register_component(ctx, STORE, "t", "local", {}, labels={"a=b": "x"}), InvalidNameError,
        "'a=b' can't be the key of a label", "KEY=VALUE",
    ),
    "remove nothing": (
        lambda ctx: remove_attributes(ctx, STORE, "s", []), UsageError, "nothing to change", "--help",
    ),
    "remove from default": (
        lambda ctx: remove_attributes(ctx, STORE, "default", ["path"]), ProtectedError, "can't be changed", "copy",
    ),
    "remove unknown attribute": (
        lambda ctx: remove_attributes(ctx, ORCHESTRATOR, "o", ["max_worker"]), ComponentConfigurationError,
        "no attribute 'max_worker'", "Did you mean 'max_workers'?",
    ),
    "remove known and unknown": (
        lambda ctx: remove_attributes(ctx, ORCHESTRATOR, "o", ["max_workers", "x"]), ComponentConfigurationError,
        "no attribute 'x'", "max_workers",
    ),
    "remove required attribute": (
        lambda ctx: remove_attributes(ctx, ALERTER, "al", ["place"]), ComponentConfigurationError,
        "can't do without the attribute 'place'", "stackyard alerter update al --place=VALUE",
    ),
    "remove what is not set": (
        lambda ctx: remove_attributes(ctx, ORCHESTRATOR, "o", ["execution_mode"]), ComponentConfigurationError,
        "'execution_mode' of the orchestrator 'o' is not set", "orchestrator describe o",
    ),
    "remove the folder in home": (
        lambda ctx: remove_attributes(ctx, STORE, "s", ["path"]), ComponentConfigurationError,
        "is not set", "artifact-store describe s",
    ),
    "remove unknown label": (
        lambda ctx: remove_attributes(ctx, ORCHESTRATOR, "o", ["max_workers"], ["tem"]), ComponentConfigurationError,
        "no label 'tem'", "Labels: team.",
    ),
    "rename default": (
        lambda ctx: rename_component(ctx, STORE, "default", "x"), ProtectedError, "can't be renamed", "copy",
    ),
    "rename onto another": (
        lambda ctx: rename_component(ctx, STORE, "s", "default"), AlreadyExistsError,
        "An artifact store named 'default' exists already", "stackyard artifact-store describe default",
    ),
    "rename onto itself": (
        lambda ctx: rename_component(ctx, STORE, "s", "s"), UsageError, "has that name already", "another name",
    ),
    "rename badly": (
        lambda ctx: rename_component(ctx, STORE, "s", "a/b"), InvalidNameError, "'a/b' can't be the name", "Use",
    ),
    "copy unknown": (
        lambda ctx: copy_component(ctx, STORE, "ghost", "x"), ComponentNotFoundError, "'ghost'", "artifact-store list",
    ),
    "copy onto another": (
        lambda ctx: copy_component(ctx, ALERTER, "al", "al"), AlreadyExistsError,
        "An alerter named 'al' exists", "alerter describe al",
    ),
    "copy badly": (
        lambda ctx: copy_component(ctx, STORE, "s", ""), InvalidNameError, "'' can't be the name", "Use",
    ),
    "delete default": (
        lambda ctx: delete_component(ctx, ORCHESTRATOR, "default"), ProtectedError,
        "can't be deleted", "stackyard orchestrator delete NAME",
    ),
    "delete what every stack needs": (
        lambda ctx: delete_component(ctx, STORE, "s"), InUseError,
        "'s' can't be deleted: it is used by the stack 'prod'",
        "stackyard stack update prod -a OTHER, or delete the stack: stackyard stack delete prod",
    ),
    "delete what a stack has": (
        lambda ctx: delete_component(ctx, ALERTER, "al"), InUseError,
        "used by the stack 'prod'", "stackyard stack remove-component prod --alerter",
    ),
    "delete unknown": (
        lambda ctx: delete_component(ctx, STORE, "ghost"), ComponentNotFoundError, "'ghost'", "list",
    ),
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


def test_the_users_of_a_component_are_counted_and_the_first_ones_named(ctx: Context) -> None:
    for number in range(5):
        register_stack(ctx, f"my stack {number}", {"orchestrator": "o", "artifact_store": "default"})
    with pytest.raises(InUseError) as caught:
        delete_component(ctx, ORCHESTRATOR, "o")
    assert "used by 6 stacks: 'prod', 'my stack 0', 'my stack 1' and 3 more" in caught.value.message
    assert caught.value.details["stacks"] == ["prod", *(f"my stack {number}" for number in range(5))]


def test_the_active_stack_s_component_needs_no_name(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_component(ctx, STORE).name == "default"
    with pytest.raises(ComponentNotFoundError) as caught:
        get_component(ctx, ALERTER)
    assert "stackyard stack register my_stack -o default -a default --alerter NAME" in caught.value.hint
    monkeypatch.setenv("STACKYARD_ACTIVE_STACK", "prod")
    assert get_component(ctx, ALERTER).name == "al"
    with pytest.raises(ComponentNotFoundError) as caught:
        get_component(ctx, ComponentType.ANNOTATOR)
    assert "stackyard stack update prod --annotator NAME" in caught.value.hint
