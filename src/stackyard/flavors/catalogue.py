"""All flavors that are known."""

from __future__ import annotations

from stackyard.flavors.base import Flavor
from stackyard.flavors.local import LOCAL_ARTIFACT_STORE, LOCAL_ORCHESTRATOR
from stackyard.model.enums import ComponentType
from stackyard.model.errors import UnknownFlavorError
from stackyard.model.names import did_you_mean

FLAVORS: tuple[Flavor, ...] = (LOCAL_ORCHESTRATOR, LOCAL_ARTIFACT_STORE)


def flavors_of(component_type: ComponentType) -> list[Flavor]:
    """Return the flavors of a component type."""
    return [f for f in FLAVORS if f.component_type is component_type]


def find_flavor(component_type: ComponentType, name: str) -> Flavor:
    """Return a flavor.

    Raises:
        UnknownFlavorError: the component type has none of that name.
    """
    found = flavors_of(component_type)
    for flavor in found:
        if flavor.name == name:
            return flavor
    names = [f.name for f in found]
    known = f"Known flavors: {', '.join(names)}." if names else f"There is no {component_type.title} flavor yet."
    raise UnknownFlavorError(
        f"No {component_type.title} flavor is called {name!r}.",
        hint=f"{did_you_mean(name, names)} {known}".strip(),
    )
