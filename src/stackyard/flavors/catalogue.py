"""All flavors that are known: those that come with Stackyard, and those that the registry describes."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from stackyard.flavors.base import Flavor
from stackyard.flavors.described import DescribedFlavor
from stackyard.model.enums import ComponentType
from stackyard.model.errors import UnknownFlavorError
from stackyard.model.flavor import FlavorDescriptor
from stackyard.model.names import did_you_mean

AnyFlavor = Flavor | DescribedFlavor

_BUILT_IN = {
    (ComponentType.ORCHESTRATOR, "local"): ("local", "LOCAL_ORCHESTRATOR"),
    (ComponentType.ARTIFACT_STORE, "local"): ("local", "LOCAL_ARTIFACT_STORE"),
    (ComponentType.CONTAINER_REGISTRY, "default"): ("container_registry", "CONTAINER_REGISTRY"),
    (ComponentType.EXPERIMENT_TRACKER, "mlflow"): ("mlflow", "MLFLOW"),
    (ComponentType.ALERTER, "webhook"): ("webhook", "WEBHOOK"),
}
"""Component type and name to module and attribute: a run loads those of its stack only."""


def built_in_flavor(component_type: ComponentType | str, name: str) -> Flavor | None:
    """Return a flavor that comes with Stackyard; None when there is none of that name."""
    place = _BUILT_IN.get((component_type, name))  # type: ignore[arg-type]  # the enum's members are texts
    if place is None:
        return None
    flavor: Flavor = getattr(import_module(f"stackyard.flavors.{place[0]}"), place[1])
    return flavor


def built_in_flavors() -> list[Flavor]:
    """Return those that come with Stackyard; their names can't be taken by others."""
    return [flavor for key in _BUILT_IN if (flavor := built_in_flavor(*key)) is not None]


def known_flavors(registered: Iterable[FlavorDescriptor] = ()) -> list[AnyFlavor]:
    """Return all flavors: our own first, then the described ones; those of component types to come are left out."""
    return [*built_in_flavors(), *_described(registered)]


def flavor_names(component_type: ComponentType, registered: Iterable[FlavorDescriptor] = ()) -> list[str]:
    """Return the names of a component type's flavors, our own first; no flavor is loaded."""
    own = [name for kind, name in _BUILT_IN if kind is component_type]
    return own + [flavor.name for flavor in _described(registered) if flavor.component_type is component_type]


def flavors_of(component_type: ComponentType, registered: Iterable[FlavorDescriptor] = ()) -> list[AnyFlavor]:
    """Return the flavors of a component type."""
    return [f for f in known_flavors(registered) if f.component_type is component_type]


def known_flavor(
    component_type: ComponentType | str, name: str, registered: Iterable[FlavorDescriptor] = ()
) -> AnyFlavor | None:
    """Return a flavor; None when there is none of that name, or when a newer version's component type has it."""
    own = built_in_flavor(component_type, name)
    if own is not None:
        return own
    return next((f for f in _described(registered) if f.component_type is component_type and f.name == name), None)


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
    names = flavor_names(component_type, registered)
    known = f"Known flavors: {', '.join(names)}." if names else f"There is no {component_type.title} flavor yet."
    group = f"stackyard {component_type.command} flavor"
    raise UnknownFlavorError(
        f"No {component_type.title} flavor is called {name!r}.",
        hint=f"{did_you_mean(name, names)} {known} Add one with: {group} register MODULE:ATTRIBUTE, or those of "
        f"installed packages with: {group} refresh".strip(),
    )


def _described(registered: Iterable[FlavorDescriptor]) -> list[DescribedFlavor]:
    return [DescribedFlavor(d) for d in registered if isinstance(d.component_type, ComponentType)]
