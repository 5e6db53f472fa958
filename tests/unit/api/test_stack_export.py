"""Exported stacks come back as they were; the schema accepts what is accepted and refuses what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
import yaml

from stackyard.api.component_changes import rename_component
from stackyard.api.components import register_component
from stackyard.api.context import Context, open_context
from stackyard.api.flavors import register_flavor
from stackyard.api.plan import apply_file, import_file, plan_file
from stackyard.api.stack_export import export_stacks, left_out, project_schema, stack_requirements, write_file
from stackyard.api.stack_file import read_stack_file
from stackyard.api.stacks import list_stacks, register_stack
from stackyard.model.enums import ComponentType
from stackyard.model.errors import (
    AlreadyExistsError,
    ProjectFileError,
    ProtectedError,
    StackNotFoundError,
    StorageError,
    UnknownFlavorError,
)
from stackyard.model.stack import Registry, StackComponent
from stackyard.model.views import StackView

ROOT = Path(__file__).resolve().parents[3]
STARTER = ROOT / "examples" / "starter" / "stackyard.yaml"
PAGE = ROOT / "docs" / "stacks-as-code.md"


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    """A home with two stacks: names that YAML might misread, a reference to a secret, paths in home and elsewhere."""
    ctx = open_context(tmp_path)
    register_component(ctx, ComponentType.ORCHESTRATOR, "on", "local", {"max_workers": 3}, labels={"a": "1.0"})
    register_component(ctx, ComponentType.ARTIFACT_STORE, "größe", "local", {})
    register_component(ctx, ComponentType.ARTIFACT_STORE, "data", "local", {"path": str(tmp_path / "data")})
    register_component(
        ctx,
        ComponentType.EXPERIMENT_TRACKER,
        "tracker",
        "mlflow",
        {"tracking_uri": "https://{{mlflow.host}}/x", "tracking_token": "{{mlflow.token}}"},
    )
    register_component(ctx, ComponentType.ALERTER, "unused", "webhook", {"url": "https://example.org"})
    register_stack(ctx, "12", {"orchestrator": "on", "artifact_store": "größe"}, {"team": "vision"})
    register_stack(ctx, "b", {"orchestrator": "default", "artifact_store": "data", "experiment_tracker": "tracker"})
    return ctx


def shape(view: StackView, home: Path) -> dict[str, Any]:
    parts = {
        c.component_type.value: (
            c.name,
            c.flavor,
            {key: str(value).replace(str(home), "HOME") for key, value in c.configuration.items()},
            c.labels,
        )
        for c in view.components
    }
    return {"name": view.name, "labels": view.labels, **parts}


def test_an_import_of_an_export_into_an_empty_home_gives_equal_stacks(ctx: Context, tmp_path: Path) -> None:
    file = tmp_path / "team.yaml"
    file.write_text(export_stacks(ctx), encoding="utf-8")
    away = open_context(tmp_path, tmp_path / "away")
    import_file(away, file)
    assert [shape(v, away.home) for v in list_stacks(away)] == [shape(v, ctx.home) for v in list_stacks(ctx)]
    assert export_stacks(away) == export_stacks(ctx)


def test_applying_an_export_changes_nothing_where_it_comes_from(ctx: Context, tmp_path: Path) -> None:
    rename_component(ctx, ComponentType.ARTIFACT_STORE, "größe", "renamed")  # its folder keeps the old name
    file = tmp_path / "team.yaml"
    file.write_text(export_stacks(ctx), encoding="utf-8")
    assert not plan_file(ctx, file).drift
    assert not import_file(ctx, file).drift


def test_an_export_has_what_the_stacks_use_in_a_steady_order(ctx: Context, tmp_path: Path) -> None:
    document = yaml.safe_load(export_stacks(ctx))
    assert list(document) == ["version", "components", "stacks"]
    assert list(document["components"]) == ["orchestrator", "artifact_store", "experiment_tracker"]
    assert list(document["components"]["artifact_store"]) == ["data", "größe"]
    assert document["components"]["artifact_store"]["größe"] == {"flavor": "local"}  # another home has its own folder
    assert document["components"]["artifact_store"]["data"]["configuration"] == {"path": str(tmp_path / "data")}
    assert list(document["stacks"]) == ["12", "b"]
    assert document["stacks"]["12"] == {"orchestrator": "on", "artifact_store": "größe", "labels": {"team": "vision"}}
    only = yaml.safe_load(export_stacks(ctx, ["b", "b"]))
    assert list(only["stacks"]) == ["b"]
    assert "orchestrator" not in only["components"]  # default is in every home


def test_default_is_not_exported(ctx: Context, tmp_path: Path) -> None:
    with pytest.raises(ProtectedError, match="'default' is always there and can't be exported"):
        export_stacks(ctx, ["default"])
    with pytest.raises(StackNotFoundError, match="'nope'"):
        export_stacks(ctx, ["b", "nope"])
    assert export_stacks(open_context(tmp_path, tmp_path / "away")) == "version: 1\n"


def test_what_only_a_newer_version_knows_is_left_out_and_named(ctx: Context) -> None:
    def edit(registry: Registry) -> None:
        registry.components.append(StackComponent(id="q", name="q", component_type="quantum_thing", flavor="x"))
        registry.stacks[-1].components["quantum_thing"] = "q"

    before = export_stacks(ctx)
    ctx.registry.change(edit)
    assert export_stacks(ctx) == before
    assert left_out(ctx) == left_out(ctx, ["b"]) == [("b", "quantum_thing")]
    assert left_out(ctx, ["12"]) == []


def test_requirements_are_those_of_the_flavors(ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = stack_requirements(ctx, "b")
    assert found == sorted(set(found))
    assert any(r.startswith("mlflow") for r in found)
    assert stack_requirements(ctx) == []  # the active one is default
    (tmp_path / "flavor_of_a_test.py").write_text(FLAVOR, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    register_flavor(ctx, ComponentType.ALERTER, "flavor_of_a_test:SIREN")
    register_component(ctx, ComponentType.ALERTER, "s", "siren", {"level": "2"})
    register_stack(ctx, "loud", {"orchestrator": "default", "artifact_store": "default", "alerter": "s"})
    assert stack_requirements(ctx, "loud") == ["pyserial>=3"]
    ctx.registry.change(lambda r: r.flavors.clear())
    with pytest.raises(UnknownFlavorError, match="'siren'"):
        stack_requirements(ctx, "loud")


def test_a_file_is_not_overwritten_by_accident(tmp_path: Path) -> None:
    path = write_file(tmp_path / "a.yaml", "one")
    with pytest.raises(AlreadyExistsError, match=r"a\.yaml exists already"):
        write_file(path, "two")
    assert path.read_text() == "one"
    assert write_file(path, "two", force=True).read_text() == "two"
    with pytest.raises(StorageError, match="can't be written: no such file or directory"):
        write_file(tmp_path / "none" / "a.yaml", "x")


FLAVOR = '''
from stackyard.flavors.base import ComponentConfiguration, Flavor, secret_field
from stackyard.model.enums import ComponentType


class SirenConfiguration(ComponentConfiguration):
    level: int
    """How loud."""
    key: str | None = secret_field()


SIREN = Flavor(
    name="siren", component_type=ComponentType.ALERTER, configuration_model=SirenConfiguration,
    doc="Howls.", requirements=("pyserial>=3",), implementation="nothing:here", source="flavor_of_a_test:SIREN",
)
'''


@pytest.fixture
def accepts(ctx: Context) -> Callable[[Any], bool]:
    validate = fastjsonschema.compile(project_schema(ctx))

    def check(document: Any) -> bool:
        try:
            validate(document)
        except fastjsonschema.JsonSchemaValueException:
            return False
        return True

    return check


def component(kind: str, **fields: Any) -> dict[str, Any]:
    return {"version": 1, "components": {kind: {"a": {"flavor": "local", **fields}}}}


BOTH = {"orchestrator": "default", "artifact_store": "default"}


@pytest.mark.parametrize(
    ("document", "accepted"),
    [
        ({"version": 1}, True),
        ({"version": 1, "stacks": None, "components": None, "project": {"name": "x"}}, True),
        (component("orchestrator", configuration={"max_workers": 2}, labels={"a": 1}), True),
        (component("orchestrator", configuration=None), True),
        (component("alerter", flavor="webhook", configuration={"url": "https://x"}), True),
        (component("experiment_tracker", flavor="mlflow", configuration={"tracking_token": "{{a.b}}"}), True),
        ({"version": 1, "stacks": {"a": {**BOTH, "labels": {"x": "y"}}}}, True),
        ({}, False),
        ({"version": 2}, False),
        ({"version": 1, "stack": {}}, False),
        (component("orchestra"), False),
        (component("orchestrator", flavor="lokal"), False),
        (component("orchestrator", configuration={"max_worker": 2}), False),
        (component("orchestrator", configuration={"max_workers": 0}), False),
        (component("orchestrator", config={}), False),
        (component("alerter", flavor="webhook"), False),
        (component("experiment_tracker", flavor="mlflow", configuration={"tracking_token": "plain"}), False),
        ({"version": 1, "components": {"orchestrator": {"default": {"flavor": "local"}}}}, False),
        ({"version": 1, "components": {"orchestrator": {"a": {}}}}, False),
        ({"version": 1, "stacks": {"default": BOTH}}, False),
        ({"version": 1, "stacks": {"a": {"orchestrator": "default"}}}, False),
        ({"version": 1, "stacks": {"a": {**BOTH, "alertr": "x"}}}, False),
    ],
)
def test_the_schema_and_the_reader_agree(
    ctx: Context, tmp_path: Path, accepts: Callable[[Any], bool], document: Any, accepted: bool
) -> None:
    assert accepts(document) is accepted
    path = tmp_path / "stackyard.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    if accepted:
        read_stack_file(path, ctx.registry.read())
    else:
        with pytest.raises(ProjectFileError):
            read_stack_file(path, ctx.registry.read())


def test_the_schema_accepts_exports_and_the_starter(
    ctx: Context, accepts: Callable[[Any], bool], tmp_path: Path
) -> None:
    assert accepts(yaml.safe_load(export_stacks(ctx)))
    assert accepts(yaml.safe_load(STARTER.read_text(encoding="utf-8")))
    away = open_context(tmp_path, tmp_path / "away")
    assert [i.action for i in apply_file(away, STARTER).items] == ["create", "create"]


def test_the_file_of_the_documentation_is_one(ctx: Context, accepts: Callable[[Any], bool], tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert accepts(yaml.safe_load(text))
    (tmp_path / "stackyard.yaml").write_text(text, encoding="utf-8")
    away = open_context(tmp_path, tmp_path / "away")
    assert len(apply_file(away).items) == 5
    assert not plan_file(away).drift


def test_the_schema_knows_flavors_from_outside(ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flavor_of_a_test.py").write_text(FLAVOR, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    register_flavor(ctx, ComponentType.ALERTER, "flavor_of_a_test:SIREN")
    validate = fastjsonschema.compile(project_schema(ctx))
    validate(component("alerter", flavor="siren", configuration={"level": 3, "key": "{{a.b}}"}))
    for configuration in ({}, {"level": "loud"}, {"level": 3, "key": "plain"}):
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            validate(component("alerter", flavor="siren", configuration=configuration))
