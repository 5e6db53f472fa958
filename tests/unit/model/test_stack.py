"""The registry document."""

from __future__ import annotations

from stackyard.model.enums import ComponentType
from stackyard.model.stack import Registry, StackComponent, default_registry


def test_the_default_registry_is_the_same_everywhere() -> None:
    assert default_registry() == default_registry()
    (stack,) = default_registry().stacks
    assert stack.name == "default"
    assert set(stack.components) == {"orchestrator", "artifact_store"}


def test_keys_of_a_newer_minor_version_survive() -> None:
    document = default_registry().model_dump(mode="json")
    document["future"] = {"a": 1}
    document["stacks"][0]["quota"] = 5
    again = Registry.model_validate(document).model_dump(mode="json")
    assert again == document


def test_components_are_found_by_id_and_by_type() -> None:
    registry = default_registry()
    store = StackComponent(id="x", name="s", component_type=ComponentType.ARTIFACT_STORE, flavor="local")
    registry.components.append(store)
    assert registry.component_by_id("x") is store
    assert registry.component_by_id("y") is None
    assert [c.name for c in registry.components_of(ComponentType.ARTIFACT_STORE)] == ["default", "s"]
    assert [s.name for s in registry.stacks_using(registry.components[0].id)] == ["default"]
    assert registry.stacks_using("x") == []
