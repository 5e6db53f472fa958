"""All flavors that are known: those that come with Stackyard, and those that the registry describes."""

from __future__ import annotations

from collections.abc import Iterable

from stackyard.flavors.base import Flavor
from stackyard.flavors.container_registry import CONTAINER_REGISTRY
from stackyard.flavors.described import DescribedFlavor
from stackyard.flavors.local import LOCAL_ARTIFACT_STORE, LOCAL_ORCHESTRATOR
from stackyard.flavors.mlflow import MLFLOW
from stackyard.flavors.webhook import WEBHOOK
from stackyard.model.enums import ComponentType
from stackyard.model.errors import UnknownFlavorError
from stackyard.model.flavor import FlavorDescriptor
from stackyard.model.names import did_you_mean

AnyFlavor = Flavor | DescribedFlavor

FLAVORS: tuple[Flavor, ...] = (LOCAL_ORCHESTRATOR, LOCAL_ARTIFACT_STORE, CONTAINER_REGISTRY, MLFLOW, WEBHOOK)
"""Those that come with Stackyard; their names can't be taken by others."""


def known_flavors(registered: Iterable[FlavorDescriptor] = ()) -> list[AnyFlavor]:
    """Return all flavors: our own first, then the described ones; those of component types to come are left out."""
    described = [DescribedFlavor(d) for d in registered if isinstance(d.component_type, ComponentType)]
    return [*FLAVORS, *described]


def flavors_of(component_type: ComponentType, registered: Iterable[FlavorDescriptor] = ()) -> list[AnyFlavor]:
    """Return the flavors of a component type."""
    return [f for f in known_flavors(registered) if f.component_type is component_type]


def known_flavor(
    component_type: ComponentType | str, name: str, registered: Iterable[FlavorDescriptor] = ()
) -> AnyFlavor | None:
    """Return a flavor; None when there is none of that name, or when a newer version's component type has it."""
    return next((f for f in known_flavors(registered) if f.component_type is component_type and f.name == name), None)


def find_flavor(component_type: ComponentType, name: str, registered: Iterable[FlavorDescriptor] = ()) -> AnyFlavor:
    """Return a flavor.

    Args:
        component_type: what it implements.
        name: its name.
        registered: the registry's descriptors.

    Raises:
        UnknownFlavorError: the component type has none of that name.
    """
    flavor = known_flavor(component_type, name, registered)
    if flavor is not None:
        return flavor
    names = [f.name for f in flavors_of(component_type, registered)]
    known = f"Known flavors: {', '.join(names)}." if names else f"There is no {component_type.title} flavor yet."
    group = f"stackyard {component_type.command} flavor"
    raise UnknownFlavorError(
        f"No {component_type.title} flavor is called {name!r}.",
        hint=f"{did_you_mean(name, names)} {known} Add one with: {group} register MODULE:ATTRIBUTE, or those of "
        f"installed packages with: {group} refresh".strip(),
    )
