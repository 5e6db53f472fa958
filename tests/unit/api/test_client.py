"""``Client``: stacks and components with the names that ZenML's users know."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.api.client import Client
from stackyard.api.user_artifacts import save_artifact
from stackyard.model.enums import ComponentType
from stackyard.model.errors import (
    AlreadyExistsError,
    ComponentConfigurationError,
    ComponentNotFoundError,
    InUseError,
    SecretNotFoundError,
    StackValidationError,
)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.chdir(tmp_path)
    return Client()


def test_components_from_registration_to_deletion(client: Client) -> None:
    made = client.create_stack_component("s", "local", "artifact_store", {"path": "data"}, {"team": "a", "x": "y"})
    view = client.update_stack_component(
        "s", ComponentType.ARTIFACT_STORE, name="t", configuration={"path": None}, labels={"team": "b", "x": None}
    )
    assert (view.id, view.name, view.labels) == (made.id, "t", {"team": "b"})
    assert view.configuration["path"].endswith("/artifact_stores/t")
    assert client.get_stack_component("artifact_store", made.id[:30]) == view
    assert client.get_stack_component("artifact_store").name == "default"
    client.delete_stack_component("t", "artifact_store")
    assert [c.name for c in client.list_stack_components("artifact_store")] == ["default"]


def test_stacks_from_registration_to_deletion(client: Client) -> None:
    client.create_stack_component("o", "local", "orchestrator")
    parts = {ComponentType.ORCHESTRATOR: "default", ComponentType.ARTIFACT_STORE: "default"}
    made = client.create_stack("prod", parts, {"a": "b", "c": "d"})
    client.activate_stack("prod")
    view = client.update_stack(name="Prod", labels={"a": None}, component_updates={ComponentType.ORCHESTRATOR: "o"})
    assert (view.id, view.name, view.labels, view.components[0].name) == (made.id, "Prod", {"c": "d"}, "o")
    assert client.active_stack == view
    with pytest.raises(InUseError):
        client.delete_stack("Prod")
    client.activate_stack("default")
    client.delete_stack("Prod", recursive=True)
    assert [s.name for s in client.list_stacks()] == ["default"]
    assert [c.name for c in client.list_stack_components()] == ["default", "default"]


def test_one_change_is_all_or_nothing(client: Client) -> None:
    client.create_stack_component("s", "local", "artifact_store", {"path": "data"})
    before = client.create_stack("prod", {"orchestrator": "default", "artifact_store": "s"}, {"a": "b"})
    with pytest.raises(ComponentConfigurationError):
        client.update_stack_component("s", "artifact_store", name="t", configuration={"pth": "x"})
    with pytest.raises(ComponentNotFoundError):
        client.update_stack("prod", name="x", component_updates={"alerter": "ghost"})
    with pytest.raises(StackValidationError, match="no label 'z'"):
        client.update_stack("prod", name="x", labels={"z": None})
    with pytest.raises(AlreadyExistsError):
        client.update_stack("prod", name="default", labels={"c": "d"})
    assert client.get_stack("prod") == before


def test_a_component_type_that_is_none_is_named_with_the_nearest(client: Client) -> None:
    with pytest.raises(StackValidationError) as caught:
        client.list_stack_components("artefact_store")
    assert "Did you mean 'artifact_store'?" in caught.value.hint


def test_flavors(client: Client) -> None:
    assert {"local"} <= {f.name for f in client.get_flavors_by_type("orchestrator")}
    assert client.get_flavor_by_name_and_type("local", "artifact_store").configuration[0].name == "path"
    assert len(client.list_flavors()) >= 2


def test_secrets(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKYARD_SECRETS_BACKEND", "file")
    monkeypatch.setenv("STACKYARD_SECRETS_KEY_FILE", str(tmp_path / "secrets.key"))
    client.create_secret("db", {"user": "u", "password": "hush"})
    assert [s.keys for s in client.list_secrets()] == [["user", "password"]]
    view = client.update_secret("db", "base", add_or_update_values={"user": "v"}, remove_values=["password"])
    assert (view.name, view.keys) == ("base", ["user"])
    assert client.get_secret("base").secret_values == {"user": "v"}
    client.delete_secret("base")
    with pytest.raises(SecretNotFoundError):
        client.get_secret("base")


def test_a_notebook_shows_what_tells_an_object_from_others_not_all_of_it(client: Client) -> None:
    client.create_model("churn")
    version = client.create_model_version("churn")
    saved = save_artifact({"a": list(range(1000))}, name="numbers")
    assert repr(version) == f"ModelVersion(model='churn', number=1, id='{version.id}')"
    assert (
        repr(saved) == f"ArtifactVersion(name='numbers', version=1, type='dict', status='available', id='{saved.id}')"
    )
