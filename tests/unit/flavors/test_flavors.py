"""Flavors: what they take, what they refuse, what they say of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.flavors.catalogue import built_in_flavors, find_flavor, flavors_of
from stackyard.flavors.docs import field_docs
from stackyard.flavors.local import LOCAL_ARTIFACT_STORE, LOCAL_ORCHESTRATOR, LocalOrchestratorConfiguration
from stackyard.flavors.opening import open_artifact_store
from stackyard.model.enums import ComponentType
from stackyard.model.errors import ComponentConfigurationError, SecretReferenceError, UnknownFlavorError
from stackyard.model.job import ComponentSpec


@pytest.mark.parametrize("flavor", built_in_flavors(), ids=lambda f: f"{f.component_type} {f.name}")
def test_every_flavor_explains_itself_and_every_field(flavor: Any) -> None:
    assert flavor.doc.endswith(".")
    for model in filter(None, (flavor.configuration_model, flavor.settings_model)):
        assert set(model.model_fields) == set(field_docs(model))


def test_texts_of_the_command_line_are_converted_and_defaults_left_out() -> None:
    given = {"max_workers": "4", "execution_mode": "fail_fast"}
    assert LOCAL_ORCHESTRATOR.validate(given, "o") == {"max_workers": 4, "execution_mode": "fail_fast"}
    assert LOCAL_ORCHESTRATOR.validate({"execution_mode": "continue_on_failure"}, "o") == {}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"max_worker": 1}, "the attribute 'max_worker'"),
        ({"max_workers": 0}, "max_workers=0"),
        ({"max_workers": "many"}, "max_workers='many'"),
        ({"max_workers": "x" * 5000}, f"max_workers='{'x' * 99}...:"),
        ({"execution_mode": "never"}, "execution_mode='never'"),
    ],
)
def test_what_a_flavor_does_not_know_is_refused(given: dict[str, Any], text: str) -> None:
    with pytest.raises(ComponentConfigurationError) as caught:
        LOCAL_ORCHESTRATOR.validate(given, "orchestrator 'o'")
    assert "orchestrator 'o'" in caught.value.message
    assert text in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "given",
    [{"url": "{{hook}}"}, {"url": "{{hook.url.x}}"}, {"url": "http://{{hook.url"}, {"headers": '{"A": "B {{hook}}"}'}],
    ids=str,
)
def test_what_looks_like_a_reference_and_is_none_is_refused(given: dict[str, Any]) -> None:
    webhook = find_flavor(ComponentType.ALERTER, "webhook")
    with pytest.raises(SecretReferenceError, match=r"is no reference to a secret") as caught:
        webhook.validate({"url": "{{ hook.url }}", **given}, "alerter 'a'")
    assert "{{hook" in caught.value.message
    assert "{{my_secret.my_key}}" in caught.value.hint


def test_a_stored_configuration_that_no_longer_fits_is_shown_as_it_is() -> None:
    assert LOCAL_ORCHESTRATOR.complete({"max_workers": -5}) == {"max_workers": -5}


def test_workers_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert LocalOrchestratorConfiguration().workers() == 8
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    assert LocalOrchestratorConfiguration().workers() == 64
    assert LocalOrchestratorConfiguration(max_workers=3).workers() == 3


def test_a_flavor_is_found_by_type_and_name() -> None:
    assert find_flavor(ComponentType.ARTIFACT_STORE, "local") is LOCAL_ARTIFACT_STORE
    assert flavors_of(ComponentType.ANNOTATOR) == []
    with pytest.raises(UnknownFlavorError) as caught:
        find_flavor(ComponentType.ARTIFACT_STORE, "locla")
    assert "Did you mean 'local'? Known flavors: local." in caught.value.hint
    with pytest.raises(UnknownFlavorError) as caught:
        find_flavor(ComponentType.ANNOTATOR, "prodigy")
    assert "There is no annotator flavor yet." in caught.value.hint


def test_a_store_is_opened_without_touching_anything(tmp_path: Any) -> None:
    store = open_artifact_store(
        ComponentSpec(component_id="c", name="s", flavor="local", configuration={"path": str(tmp_path / "s")})
    )
    assert store.root == str(tmp_path / "s")
    assert not (tmp_path / "s").exists()
    with pytest.raises(UnknownFlavorError):
        open_artifact_store(ComponentSpec(component_id="c", name="s", flavor="s3"))
