"""Stacks and components as use cases: registering, switching, and who decides which stack is active."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from stackyard.api.active import Wish, resolve_active
from stackyard.api.components import get_component, list_components, register_component
from stackyard.api.context import Context, open_context
from stackyard.api.hover import component_markdown, show_size, stack_markdown
from stackyard.api.lookup import find_stack
from stackyard.api.projects import init_project
from stackyard.api.stack_changes import delete_stack
from stackyard.api.stacks import active_stack, get_stack, list_stacks, register_stack, set_active_stack
from stackyard.model.enums import ActiveStackOrigin, ComponentType
from stackyard.model.errors import (
    ActiveStackGoneError,
    AlreadyExistsError,
    ComponentConfigurationError,
    ComponentNotFoundError,
    HomeNotWritableError,
    InUseError,
    InvalidNameError,
    StackNotFoundError,
    StackValidationError,
    StackyardError,
    UnknownFlavorError,
    UsageError,
)

STORE = ComponentType.ARTIFACT_STORE
PARTS = {"orchestrator": "default", "artifact_store": "default"}


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    folder = tmp_path / "project"
    folder.mkdir()
    init_project(folder)
    return open_context(folder)


def test_a_fresh_home_has_the_default_stack_and_looking_makes_nothing(ctx: Context) -> None:
    (view,) = list_stacks(ctx)
    assert (view.name, view.active, view.origin) == ("default", True, ActiveStackOrigin.DEFAULT)
    assert [c.component_type for c in view.components] == [ComponentType.ORCHESTRATOR, STORE]
    assert view.components[1].configuration["path"] == str(ctx.home / "artifact_stores" / "default")
    assert not ctx.home.exists()


def test_a_store_without_a_path_gets_a_folder_of_its_name_in_home(ctx: Context) -> None:
    view = register_component(ctx, STORE, "My Store", "local", {})
    assert view.configuration["path"] == str(ctx.home / "artifact_stores" / "%4dy%20%53tore")
    stored = ctx.registry.read().components_of(STORE)[-1]
    assert stored.configuration["path"] == "artifact_stores/%4dy%20%53tore"  # a home can be moved
    assert stored.id == view.id


def test_a_given_path_is_made_absolute(ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert register_component(ctx, STORE, "a", "local", {"path": "data/../x"}).configuration["path"] == str(
        tmp_path / "x"
    )
    (tmp_path / "file").write_text("")
    with pytest.raises(ComponentConfigurationError, match="is a file"):
        register_component(ctx, STORE, "b", "local", {"path": "file"})


@pytest.mark.parametrize(
    ("name", "flavor", "configuration", "error"),
    [
        ("default", "local", {}, AlreadyExistsError),
        ("x", "locla", {}, UnknownFlavorError),
        ("x", "local", {"pth": "y"}, ComponentConfigurationError),
        ("a/b", "local", {}, InvalidNameError),
        ("\udcff", "local", {}, InvalidNameError),
    ],
)
def test_a_component_that_does_not_fit_changes_nothing(
    ctx: Context, name: str, flavor: str, configuration: dict[str, str], error: type[StackyardError]
) -> None:
    register_component(ctx, STORE, "kept", "local", {})
    before = ctx.home_folder.registry_file.read_bytes()
    with pytest.raises(error) as caught:
        register_component(ctx, STORE, name, flavor, configuration)
    assert caught.value.hint
    assert ctx.home_folder.registry_file.read_bytes() == before


def test_a_stack_has_what_it_was_given_by_name_or_id(ctx: Context) -> None:
    store = register_component(ctx, STORE, "s", "local", {})
    view = register_stack(ctx, "mine", {"orchestrator": "default", "artifact_store": store.id[:30]}, {"team": "a"})
    assert ([c.name for c in view.components], view.labels) == (["default", "s"], {"team": "a"})
    assert get_component(ctx, STORE, "s").stacks == ["mine"]
    assert not view.active


@pytest.mark.parametrize(
    ("name", "parts", "error", "text"),
    [
        ("x", {"orchestrator": "default"}, StackValidationError, "has no artifact store"),
        ("x", {}, StackValidationError, "has no orchestrator and no artifact store"),
        ("x", {**PARTS, "artifact-store": "a"}, StackValidationError, "is no component type"),
        ("x", {**PARTS, "artifact_store": "defualt"}, ComponentNotFoundError, "no artifact store 'defualt'"),
        ("x", {**PARTS, "alerter": "slack"}, ComponentNotFoundError, "no alerter 'slack'"),
        ("default", PARTS, AlreadyExistsError, "exists already"),
        ("", PARTS, InvalidNameError, "can't be the name of a stack"),
    ],
)
def test_a_stack_that_does_not_fit_is_refused(
    ctx: Context, name: str, parts: dict[str, str], error: type[StackyardError], text: str
) -> None:
    with pytest.raises(error) as caught:
        register_stack(ctx, name, parts)
    assert text in caught.value.message
    assert caught.value.hint
    assert [s.name for s in list_stacks(ctx)] == ["default"]


def test_who_decides_strongest_first(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("home", "project", "variable", "wish"):
        register_stack(ctx, name, PARTS)

    def active(wish: Wish | None = None) -> tuple[str, ActiveStackOrigin]:
        choice = resolve_active(ctx, ctx.registry.read(), wish)
        return choice.name, choice.origin

    assert active() == ("default", ActiveStackOrigin.DEFAULT)
    assert set_active_stack(ctx, "home", "home").name == "home"
    assert active() == ("home", ActiveStackOrigin.HOME)
    assert set_active_stack(ctx, "project").warning == ""
    assert active() == ("project", ActiveStackOrigin.PROJECT)
    monkeypatch.setenv("STACKYARD_ACTIVE_STACK", "variable")
    assert active() == ("variable", ActiveStackOrigin.ENVIRONMENT)
    wish = Wish("wish", ActiveStackOrigin.OPTION, "given by --stack")
    assert active(wish) == ("wish", ActiveStackOrigin.OPTION)
    assert list_stacks(ctx)[0].name == "variable"


def test_a_switch_that_something_stronger_overrides_says_so(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    register_stack(ctx, "mine", PARTS)
    set_active_stack(ctx, "mine")
    assert "'default' was stored, but 'mine'" in set_active_stack(ctx, "default", "home").warning
    monkeypatch.setenv("STACKYARD_ACTIVE_STACK", "default")
    view = set_active_stack(ctx, "mine")
    assert (view.name, "STACKYARD_ACTIVE_STACK=default overrides it" in view.warning) == ("default", True)


@pytest.mark.parametrize("scope", ["project", "home"])
def test_an_active_stack_that_is_gone_names_the_fixing_command(ctx: Context, scope: str) -> None:
    register_stack(ctx, "mine", PARTS)
    set_active_stack(ctx, "mine", scope)  # type: ignore[arg-type]
    ctx.registry.change(lambda registry: registry.stacks.pop())
    view = active_stack(ctx)
    assert view.error is not None
    assert (view.name, view.stack) == ("mine", None)
    fix = "stackyard stack set default" + (" --global" if scope == "home" else "")
    assert view.error.hint == f"Choose another one: {fix}"
    assert [s.active for s in list_stacks(ctx)] == [False]
    with pytest.raises(ActiveStackGoneError):
        get_stack(ctx)
    set_active_stack(ctx, "default", scope)  # type: ignore[arg-type]
    assert active_stack(ctx).error is None


def test_a_choice_survives_a_new_registration_under_its_name(ctx: Context) -> None:
    register_stack(ctx, "mine", PARTS)
    set_active_stack(ctx, "mine")
    ctx.registry.change(lambda registry: registry.stacks.pop())
    register_stack(ctx, "mine", PARTS)
    assert active_stack(ctx).error is None


def test_a_variable_that_names_nothing_is_an_error_of_the_active_stack(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACKYARD_ACTIVE_STACK", "ghost")
    view = active_stack(ctx)
    assert view.error is not None
    assert "unset STACKYARD_ACTIVE_STACK" in view.error.hint


def test_a_stack_that_the_project_s_file_declares_is_created_by_applying_it(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ctx.scope.root is not None
    (ctx.scope.root / "stackyard.yaml").write_text("stacks: {prod: {}}\n")
    wish = Wish("prod", ActiveStackOrigin.OPTION, "given by --stack")
    tries: list[Callable[[], object]] = [
        lambda: set_active_stack(ctx, "prod"),
        lambda: get_stack(ctx, "prod"),
        lambda: resolve_active(ctx, ctx.registry.read(), wish),
    ]
    for attempt in tries:
        with pytest.raises(StackNotFoundError) as caught:
            attempt()
        assert caught.value.hint.endswith("stackyard stack apply")
    with pytest.raises(StackNotFoundError) as caught:
        set_active_stack(ctx, "prd")
    assert caught.value.hint.endswith("stackyard stack list")
    monkeypatch.setenv("STACKYARD_ACTIVE_STACK", "prod")
    error = active_stack(ctx).error
    assert error is not None
    assert error.hint.endswith("stackyard stack apply")


def test_there_is_no_project_to_set_it_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no project here"):
        set_active_stack(open_context(tmp_path), "default", "project")


def test_a_stack_is_either_chosen_or_deleted_when_both_meet(ctx: Context) -> None:
    for number in range(15):
        name = f"s{number}"
        register_stack(ctx, name, PARTS)
        meeting = threading.Barrier(2)
        done: list[str] = []

        def choose(name: str = name, meeting: threading.Barrier = meeting, done: list[str] = done) -> None:
            meeting.wait()
            with contextlib.suppress(StackNotFoundError):
                set_active_stack(ctx, name)
                done.append("chosen")

        def delete(name: str = name, meeting: threading.Barrier = meeting, done: list[str] = done) -> None:
            meeting.wait()
            with contextlib.suppress(InUseError):
                delete_stack(ctx, name)
                done.append("deleted")

        threads = [threading.Thread(target=work) for work in (choose, delete)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert active_stack(ctx).error is None
        assert len(done) == 1
        set_active_stack(ctx, "default")


def test_a_project_chooses_although_home_can_not_be_written(ctx: Context) -> None:
    register_stack(ctx, "mine", PARTS)
    lock = ctx.home_folder.registry_lock
    lock.unlink(missing_ok=True)
    lock.mkdir()
    assert set_active_stack(ctx, "mine").name == "mine"
    with pytest.raises(HomeNotWritableError):
        set_active_stack(ctx, "mine", "home")


def test_names_and_prefixes(ctx: Context) -> None:
    ids = [register_stack(ctx, name, PARTS).id for name in ("one", "two")]
    registry = ctx.registry.read()
    assert find_stack(registry, ids[0]).name == "one"
    assert find_stack(registry, ids[1][:30]).name == "two"
    with pytest.raises(StackNotFoundError) as caught:
        find_stack(registry, "on")
    assert "stackyard stack list" in caught.value.hint
    with pytest.raises(UsageError, match="is the beginning of"):
        find_stack(registry, ids[0][:4])


def test_components_are_listed_by_type_then_name(ctx: Context) -> None:
    for name in ("b", "a"):
        register_component(ctx, STORE, name, "local", {})
    register_component(ctx, ComponentType.ORCHESTRATOR, "z", "local", {"max_workers": "2"})
    assert [c.name for c in list_components(ctx)] == ["default", "z", "a", "b", "default"]
    assert [c.name for c in list_components(ctx, STORE) if c.active] == ["default"]


def test_a_hover_says_the_facts_and_escapes_what_markdown_would_take(ctx: Context) -> None:
    register_component(ctx, STORE, "a_[b]_", "local", {"path": "/x/y|z"})
    view = register_stack(ctx, "mine", {**PARTS, "artifact_store": "a_[b]_"})
    text = component_markdown(view.components[1])
    assert text.startswith("**a\\_\\[b\\]\\_** (artifact store)")
    assert "| `path` | /x/y\\|z |" in text
    assert "| Used&nbsp;by | mine |" in text
    assert "Artifact&nbsp;store" in stack_markdown(view)
    assert "| Active | no |" in stack_markdown(view)


def test_a_hover_is_no_wider_for_a_long_path(ctx: Context) -> None:
    path = "/" + "/".join(["folder"] * 9)
    register_component(ctx, STORE, "far", "local", {"path": path})
    component = register_stack(ctx, "mine", {**PARTS, "artifact_store": "far"}).components[1]
    text = component_markdown(component)
    assert f"- `path`: {path}\n" in text
    assert "- Used by: mine\n" in text
    assert "|" not in text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (1_400_000, "1.4 MB"),
        (5 * 10**12, "5000.0 GB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert show_size(size) == text
