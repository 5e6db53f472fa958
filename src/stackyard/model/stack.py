"""Stacks, stack components and the registry document that holds them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from stackyard.model.base import Persisted, no_entries, no_items
from stackyard.model.enums import ComponentType
from stackyard.model.flavor import FlavorDescriptor

REGISTRY_FORMAT = "1.1"
"""1.1 added flavors and ``managed_by``."""

DEFAULT_NAME = "default"
DEFAULT_ORCHESTRATOR_ID = "00000000-0000-7000-8000-000000000001"
DEFAULT_ARTIFACT_STORE_ID = "00000000-0000-7000-8000-000000000002"
DEFAULT_STACK_ID = "00000000-0000-7000-8000-000000000003"
DEFAULT_IDS = frozenset({DEFAULT_ORCHESTRATOR_ID, DEFAULT_ARTIFACT_STORE_ID, DEFAULT_STACK_ID})
"""Of what is always there."""


class StackComponent(Persisted):
    """One configured instance of a flavor."""

    id: str
    """UUIDv7; the built-in default components have fixed ids."""
    name: str
    """Unique among the components of its type."""
    component_type: ComponentType | str = Field(union_mode="left_to_right")
    """A text when a newer minor version knows more types; such a component is kept and otherwise ignored."""
    flavor: str
    configuration: dict[str, Any] = Field(default_factory=no_entries)
    """What the flavor's configuration model accepted, as JSON values; defaults left out."""
    owner: str = ""
    """Name of the operating system's user who registered it."""
    shared: bool = False
    labels: dict[str, str] = Field(default_factory=no_entries)
    created_at: str = ""
    """UTC ISO 8601."""
    managed_by: str = ""
    """Id of the project whose ``stackyard.yaml`` made it; empty when it was registered by hand."""


class Stack(Persisted):
    """A named set of components: at most one a type, always an orchestrator and an artifact store."""

    id: str
    name: str
    components: dict[str, str] = Field(default_factory=no_entries)
    """Component type to component id."""
    owner: str = ""
    shared: bool = False
    labels: dict[str, str] = Field(default_factory=no_entries)
    created_at: str = ""
    managed_by: str = ""
    """As for components."""


class Registry(Persisted):
    """The whole registry file. ``default`` is always in it, and so is what a newer minor version wrote."""

    format: str = REGISTRY_FORMAT
    components: list[StackComponent] = Field(default_factory=no_items)
    stacks: list[Stack] = Field(default_factory=no_items)
    flavors: list[FlavorDescriptor] = Field(default_factory=no_items)
    """Of flavors that do not come with Stackyard."""

    def component_by_id(self, component_id: str) -> StackComponent | None:
        """Return the component, or None."""
        return next((c for c in self.components if c.id == component_id), None)

    def components_of(self, component_type: ComponentType) -> list[StackComponent]:
        """Return the components of a type, in the order of registration."""
        return [c for c in self.components if c.component_type is component_type]

    def stacks_using(self, component_id: str) -> list[Stack]:
        """Return the stacks that have the component."""
        return [s for s in self.stacks if component_id in s.components.values()]


def default_registry() -> Registry:
    """Return the registry of a home in which nothing was registered yet; the same on every machine."""
    return Registry(
        components=[
            StackComponent(
                id=DEFAULT_ORCHESTRATOR_ID,
                name=DEFAULT_NAME,
                component_type=ComponentType.ORCHESTRATOR,
                flavor="local",
            ),
            StackComponent(
                id=DEFAULT_ARTIFACT_STORE_ID,
                name=DEFAULT_NAME,
                component_type=ComponentType.ARTIFACT_STORE,
                flavor="local",
                configuration={"path": "artifact_stores/default"},
            ),
        ],
        stacks=[
            Stack(
                id=DEFAULT_STACK_ID,
                name=DEFAULT_NAME,
                components={
                    ComponentType.ORCHESTRATOR.value: DEFAULT_ORCHESTRATOR_ID,
                    ComponentType.ARTIFACT_STORE.value: DEFAULT_ARTIFACT_STORE_ID,
                },
            )
        ],
    )
