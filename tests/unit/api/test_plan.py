"""Stacks as code: what a plan says is what applying does, all or nothing, and nothing of others is removed."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from stackyard.api.component_changes import delete_component, rename_component, update_component
from stackyard.api.components import get_component, list_components, register_component
from stackyard.api.context import Context, open_context
from stackyard.api.plan import apply_file, import_file, missing_secrets, plan_file, plan_import
from stackyard.api.stack_changes import copy_stack
from stackyard.api.stacks import get_stack, list_stacks, register_stack, set_active_stack
from stackyard.model.enums import ComponentType
from stackyard.model.errors import (
    AlreadyExistsError,
    InUseError,
    NotFoundError,
    ProjectFileError,
    StackyardError,
    UsageError,
)
from stackyard.model.stack_views import PlanView

STORE, ORCHESTRATOR, TRACKER = (
    ComponentType.ARTIFACT_STORE,
    ComponentType.ORCHESTRATOR,
    ComponentType.EXPERIMENT_TRACKER,
)
TEXT = """
version: 1
components:
  orchestrator:
    small: {flavor: local, configuration: {max_workers: 2}}
  artifact_store:
    team: {flavor: local, configuration: {path: artifacts}, labels: {of: us}}
stacks:
  dev: {orchestrator: small, artifact_store: team, labels: {for: tests}}
"""
EMPTY = "version: 1\n"


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    (tmp_path / "project").mkdir()
    write(tmp_path / "project", TEXT)
    return open_context(tmp_path / "project")


def write(folder: Path, text: str, name: str = "stackyard.yaml") -> Path:
    path = folder / name
    path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return path


def root(ctx: Context) -> Path:
    assert ctx.scope.root is not None
    return ctx.scope.root


def actions(view: PlanView) -> dict[str, str]:
    return {item.name: item.action for item in view.items}


def registry_bytes(ctx: Context) -> bytes:
    path = ctx.home_folder.registry_file
    return path.read_bytes() if path.exists() else b""


def test_a_plan_tells_and_changes_nothing(ctx: Context) -> None:
    view = plan_file(ctx)
    assert [(i.action, i.kind, i.component_type, i.name, i.line) for i in view.items] == [
        ("create", "component", ORCHESTRATOR, "small", 4),
        ("create", "component", STORE, "team", 6),
        ("create", "stack", None, "dev", 8),
    ]
    assert view.file == str(root(ctx) / "stackyard.yaml")
    assert (view.drift, view.applied) == (True, False)
    assert not ctx.home.exists()
    assert [p.name for p in root(ctx).iterdir()] == ["stackyard.yaml"]


def test_applying_does_what_the_plan_says_and_then_there_is_nothing_to_do(ctx: Context) -> None:
    planned = plan_file(ctx)
    done = apply_file(ctx)
    assert (done.items, done.applied) == (planned.items, True)
    stack = get_stack(ctx, "dev")
    assert [c.name for c in stack.components] == ["small", "team"]
    assert stack.labels == {"for": "tests"}
    assert stack.components[0].configuration["max_workers"] == 2
    assert stack.components[1].configuration["path"] == str(root(ctx) / "artifacts")
    before = registry_bytes(ctx)
    assert set(actions(plan_file(ctx, prune=True)).values()) == {"leave"}
    again = apply_file(ctx)
    assert (again.drift, again.applied) == (False, True)
    assert registry_bytes(ctx) == before


def test_changes_are_told_field_by_field(ctx: Context) -> None:
    apply_file(ctx)
    write(
        root(ctx),
        """
        version: 1
        components:
          orchestrator:
            small: {flavor: local, configuration: {execution_mode: fail_fast}}
          artifact_store:
            team: {flavor: local, configuration: {path: artifacts}, labels: {of: us, since: 2026}}
        stacks:
          dev: {orchestrator: default, artifact_store: team}
        """,
    )
    planned = plan_file(ctx)
    assert {item.name: item.changes for item in planned.items} == {
        "small": {
            "configuration.max_workers": [2, None],
            "configuration.execution_mode": ["continue_on_failure", "fail_fast"],
        },
        "team": {"labels.since": [None, "2026"]},
        "dev": {"orchestrator": ["small", "default"], "labels.for": ["tests", None]},
    }
    ids = {stack.id for stack in list_stacks(ctx)}
    assert apply_file(ctx).items == planned.items
    assert {stack.id for stack in list_stacks(ctx)} == ids
    assert not plan_file(ctx).drift


def test_a_component_that_is_left_out_of_a_stack_goes_out_of_it(ctx: Context) -> None:
    text = TEXT.replace("stacks:", "  experiment_tracker: {t: {flavor: mlflow}}\nstacks:")
    write(root(ctx), text.replace("artifact_store: team,", "artifact_store: team, experiment_tracker: t,"))
    apply_file(ctx)
    assert not plan_file(ctx).drift
    write(root(ctx), text)
    (dev,) = [item for item in apply_file(ctx).items if item.name == "dev"]
    assert dev.changes == {"experiment_tracker": ["t", None]}
    assert [c.name for c in get_stack(ctx, "dev").components] == ["small", "team"]


def test_an_edit_by_hand_is_drift_and_is_mended(ctx: Context) -> None:
    apply_file(ctx)
    update_component(ctx, ORCHESTRATOR, "small", {"max_workers": 7})
    (small,) = [item for item in plan_file(ctx).items if item.action != "leave"]
    assert (small.action, small.changes) == ("change", {"configuration.max_workers": [7, 2]})
    apply_file(ctx)
    assert get_component(ctx, ORCHESTRATOR, "small").configuration["max_workers"] == 2


def test_a_store_without_a_path_keeps_its_folder_in_home(ctx: Context) -> None:
    write(root(ctx), "version: 1\ncomponents: {artifact_store: {s: {flavor: local}}}\n")
    apply_file(ctx)
    path = str(ctx.home / "artifact_stores" / "s")
    assert get_component(ctx, STORE, "s").configuration["path"] == path
    assert not plan_file(ctx).drift
    write(
        root(ctx),
        f"version: 1\ncomponents: {{artifact_store: {{s: {{flavor: local, configuration: {{path: {path}}}}}}}}}",
    )
    assert not plan_file(ctx).drift  # the same folder, said in another way
    write(root(ctx), "version: 1\ncomponents: {artifact_store: {t: {flavor: local}}}\n")
    rename_component(ctx, STORE, "s", "t")
    assert not plan_file(ctx).drift
    update_component(ctx, STORE, "t", {"path": str(root(ctx) / "x")})
    (item,) = plan_file(ctx).items
    assert item.changes == {"configuration.path": [str(root(ctx) / "x"), str(ctx.home / "artifact_stores" / "t")]}


def test_pruning_removes_what_the_file_made_and_no_longer_names(ctx: Context) -> None:
    apply_file(ctx)
    write(root(ctx), EMPTY)
    assert not plan_file(ctx).drift
    view = plan_file(ctx, prune=True)
    assert [(i.action, i.kind, i.name) for i in view.items] == [
        ("remove", "component", "small"),
        ("remove", "component", "team"),
        ("remove", "stack", "dev"),
    ]
    assert apply_file(ctx, prune=True).items == view.items
    assert [stack.name for stack in list_stacks(ctx)] == ["default"]
    assert {c.name for c in list_components(ctx)} == {"default"}


def test_pruning_leaves_what_others_made_or_use(ctx: Context, tmp_path: Path) -> None:
    register_component(ctx, STORE, "team", "local", {})  # by hand, before the file named it
    apply_file(ctx)
    copy_stack(ctx, "dev", "mine")  # a copy is nobody's; it uses what the file made
    other = tmp_path / "other"
    other.mkdir()
    write(other, "version: 1\ncomponents: {orchestrator: {theirs: {flavor: local}}}\n")
    apply_file(open_context(other))
    write(root(ctx), EMPTY)
    assert actions(apply_file(ctx, prune=True)) == {"dev": "remove"}
    assert {c.name for c in list_components(ctx)} == {"default", "small", "team", "theirs"}
    assert [c.name for c in get_stack(ctx, "mine").components] == ["small", "team"]


def test_what_was_there_is_changed_and_never_becomes_the_files(ctx: Context) -> None:
    register_component(ctx, ORCHESTRATOR, "small", "local", {"max_workers": 5})
    register_stack(ctx, "dev", {"orchestrator": "default", "artifact_store": "default"})
    view = apply_file(ctx)
    assert actions(view) == {"small": "change", "team": "create", "dev": "change"}
    write(root(ctx), EMPTY)
    assert apply_file(ctx, prune=True).items == []  # dev was registered by hand, and needs what it has
    assert [c.name for c in get_stack(ctx, "dev").components] == ["small", "team"]


def test_the_active_stack_is_not_pruned(ctx: Context) -> None:
    apply_file(ctx)
    set_active_stack(ctx, "dev")
    write(root(ctx), EMPTY)
    before = registry_bytes(ctx)
    for use in (plan_file, apply_file):
        with pytest.raises(
            InUseError, match="'dev' can't be removed: it is the active stack, set for the project"
        ) as caught:
            use(ctx, prune=True)
        assert "stackyard stack set default" in caught.value.hint
    assert registry_bytes(ctx) == before


def test_a_file_that_is_no_projects_own_owns_nothing(ctx: Context) -> None:
    other = write(root(ctx), TEXT.replace("dev", "other").replace("team", "other"), "more.yaml")
    assert actions(apply_file(ctx, other)) == {"small": "create", "other": "create"}
    assert get_component(ctx, STORE, "other").configuration["path"] == str(root(ctx) / "artifacts")
    with pytest.raises(UsageError, match=r"more\.yaml is no project's own stackyard\.yaml"):
        plan_file(ctx, other, prune=True)
    apply_file(ctx, prune=True)
    assert {stack.name for stack in list_stacks(ctx)} == {"default", "dev", "other"}


def test_a_file_of_another_project_is_that_projects(ctx: Context, tmp_path: Path) -> None:
    """Given a working folder elsewhere, when a project's file is named, then paths and ownership are that project's."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    away = open_context(elsewhere)
    apply_file(away, root(ctx) / "stackyard.yaml")
    assert get_component(away, STORE, "team").configuration["path"] == str(root(ctx) / "artifacts")
    write(root(ctx), EMPTY)
    assert len(plan_file(ctx, prune=True).items) == 3


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (TEXT.replace("  dev:", "  ok: {orchestrator: small, artifact_store: team}\n  bad/name:"), ProjectFileError),
        (TEXT.replace("path: artifacts", "path: stackyard.yaml"), ProjectFileError),
        ("version: 3\n", ProjectFileError),
    ],
)
def test_a_file_with_a_mistake_changes_nothing(ctx: Context, text: str, error: type[StackyardError]) -> None:
    register_component(ctx, STORE, "kept", "local", {})
    before = registry_bytes(ctx)
    write(root(ctx), text)
    with pytest.raises(error) as caught:
        apply_file(ctx, prune=True)
    assert caught.value.location is not None
    assert caught.value.location.line > 0
    assert registry_bytes(ctx) == before


def test_without_a_file_one_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no stackyard\.yaml") as caught:
        plan_file(open_context(tmp_path))
    assert "stackyard stack export -o stackyard.yaml" in caught.value.hint
    with pytest.raises(ProjectFileError, match="can't be read: no such file"):
        apply_file(open_context(tmp_path), tmp_path / "none.yaml")


def test_the_secrets_that_are_missing_are_named_once(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        root(ctx),
        """
        version: 1
        components:
          experiment_tracker:
            a: &tracker {flavor: mlflow, configuration: {tracking_uri: "https://x", tracking_token: "{{s.token}}"}}
            b: *tracker
          alerter:
            c: {flavor: webhook, configuration: {url: "{{s.url}}"}}
        """,
    )
    view = apply_file(ctx)
    assert sorted(str(reference) for reference in missing_secrets(ctx, view)) == ["{{s.token}}", "{{s.url}}"]
    monkeypatch.setenv("STACKYARD_SECRET__S__TOKEN", "x")
    assert [str(reference) for reference in missing_secrets(ctx, view)] == ["{{s.url}}"]


def test_an_import_registers_what_is_missing_and_leaves_what_is_equal(ctx: Context) -> None:
    file = root(ctx) / "stackyard.yaml"
    register_component(ctx, ORCHESTRATOR, "small", "local", {"max_workers": 2})
    planned = plan_import(ctx, file)
    assert actions(planned) == {"small": "leave", "team": "create", "dev": "create"}
    assert import_file(ctx, file).items == planned.items
    assert actions(import_file(ctx, file)) == {"small": "leave", "team": "leave", "dev": "leave"}
    write(root(ctx), EMPTY)
    assert not plan_file(ctx, prune=True).drift  # an import makes nothing that a project owns


def test_an_import_refuses_names_that_something_else_has(ctx: Context) -> None:
    file = root(ctx) / "stackyard.yaml"
    register_stack(ctx, "dev", {"orchestrator": "default", "artifact_store": "default"})
    before = registry_bytes(ctx)
    with pytest.raises(AlreadyExistsError, match="stack 'dev' is registered already and differs") as caught:
        import_file(ctx, file)
    assert "--name NAME" in caught.value.hint
    assert registry_bytes(ctx) == before
    assert actions(import_file(ctx, file, "mine"))["mine"] == "create"
    update_component(ctx, ORCHESTRATOR, "small", {"max_workers": 9})
    with pytest.raises(
        AlreadyExistsError, match=r"orchestrator 'small' .* differs from the file \(also 'dev'\)"
    ) as caught:
        import_file(ctx, file)
    assert "stackyard orchestrator rename small NEW_NAME" in caught.value.hint
    with pytest.raises(AlreadyExistsError, match="'mine' exists already"):
        import_file(ctx, file, "mine")


def test_a_name_for_an_import_needs_exactly_one_stack(ctx: Context) -> None:
    file = write(root(ctx), TEXT + "  more: {orchestrator: default, artifact_store: team}\n")
    with pytest.raises(UsageError, match="has 2 stacks"):
        import_file(ctx, file, "x")
    assert not ctx.home.exists()


def test_what_is_gone_is_made_again(ctx: Context) -> None:
    """Given a stack that was changed to free a component, and the component deleted, applying makes both whole."""
    apply_file(ctx)
    from stackyard.api.stack_changes import update_stack

    update_stack(ctx, "dev", {"orchestrator": "default"})
    delete_component(ctx, ORCHESTRATOR, "small")
    assert actions(apply_file(ctx)) == {"small": "create", "team": "leave", "dev": "change"}
    assert not plan_file(ctx).drift
