"""Flavors: list and describe them."""

from __future__ import annotations

from stackyard.api.context import Context
from stackyard.flavors.catalogue import FLAVORS, AnyFlavor, find_flavor, flavors_of, known_flavors
from stackyard.flavors.docs import fields_of
from stackyard.model.component_types import EXPLANATIONS
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType
from stackyard.model.stack_views import ComponentTypeView, FlavorView


def list_flavors(ctx: Context, component_type: ComponentType | None = None) -> list[FlavorView]:
    """Return the flavors that are known, by component type, those that come with Stackyard first.

    Raises:
        RegistryDamagedError: the registry can't be read.
    """
    known = known_flavors(ctx.registry.read().flavors)
    types = [component_type] if component_type else list(ComponentType)
    return [flavor_view(flavor) for t in types for flavor in known if flavor.component_type is t]


def get_flavor(ctx: Context, component_type: ComponentType, name: str) -> FlavorView:
    """Return a flavor by name.

    Raises:
        UnknownFlavorError: the component type has none of that name.
    """
    return flavor_view(find_flavor(component_type, name, ctx.registry.read().flavors))


def flavor_docs(ctx: Context, component_type: ComponentType) -> dict[str, str]:
    """Return name to sentence of a component type's flavors: much cheaper than :func:`list_flavors`."""
    return {f.name: f.doc for f in flavors_of(component_type, ctx.registry.read().flavors)}


def list_component_types(ctx: Context) -> list[ComponentTypeView]:
    """Return all component types in their order, with their flavors and how many components there are."""
    registry = ctx.registry.read()
    known = known_flavors(registry.flavors)
    return [
        ComponentTypeView(
            name=t,
            title=t.title,
            command=t.command,
            required=t in REQUIRED_COMPONENT_TYPES,
            doc=EXPLANATIONS[t].doc,
            explanation=EXPLANATIONS[t].text,
            flavors=[f.name for f in known if f.component_type is t],
            n_components=len(registry.components_of(t)),
        )
        for t in ComponentType
    ]


def flavor_view(flavor: AnyFlavor) -> FlavorView:
    """Return a flavor with its fields."""
    descriptor = flavor.descriptor()
    return FlavorView(
        name=flavor.name,
        component_type=flavor.component_type,
        doc=flavor.doc,
        source=flavor.source,
        package=descriptor.package if flavor not in FLAVORS else "stackyard",
        version=descriptor.version,
        integration=flavor.integration,
        requirements=list(flavor.requirements),
        configuration=fields_of(descriptor.configuration_schema),
        settings=fields_of(descriptor.settings_schema),
        settings_scope=flavor.settings_scope,
    )
