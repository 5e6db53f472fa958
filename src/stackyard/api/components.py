"""Stack components: list, describe, register."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from stackyard.api.active import resolve_active
from stackyard.api.context import Context
from stackyard.flavors.base import Flavor
from stackyard.flavors.catalogue import AnyFlavor, find_flavor, known_flavors
from stackyard.model.enums import ComponentType
from stackyard.model.errors import (
    AlreadyExistsError,
    ComponentConfigurationError,
    ComponentNotFoundError,
    UsageError,
)
from stackyard.model.job import ComponentSpec
from stackyard.model.names import check_name, did_you_mean, folder_name
from stackyard.model.stack import Registry, Stack, StackComponent
from stackyard.model.views import ComponentView
from stackyard.storage.host import expand, user_name
from stackyard.storage.ids import new_id, now

MIN_PREFIX = 4


def list_components(ctx: Context, component_type: ComponentType | None = None) -> list[ComponentView]:
    """Return components by type, then by name.

    Raises:
        RegistryDamagedError: the registry can't be read.
    """
    registry = ctx.registry.read()
    views = ComponentViews(ctx, registry, resolve_active(ctx, registry).stack)
    types = [component_type] if component_type else list(ComponentType)
    found = [c for t in types for c in sorted(registry.components_of(t), key=lambda c: c.name)]
    return [view for c in found if (view := views.of(c.id)) is not None]


def get_component(ctx: Context, component_type: ComponentType, name_or_id: str) -> ComponentView:
    """Return a component by name or id prefix.

    Raises:
        ComponentNotFoundError: there is none.
        UsageError: the prefix means several.
    """
    registry = ctx.registry.read()
    component = find_component(registry, component_type, name_or_id)
    view = ComponentViews(ctx, registry, resolve_active(ctx, registry).stack).of(component.id)
    assert view is not None  # noqa: S101  # it was just found
    return view


def register_component(
    ctx: Context, component_type: ComponentType, name: str, flavor: str, configuration: dict[str, Any]
) -> ComponentView:
    """Register a component.

    Args:
        ctx: where.
        component_type: what it is for.
        name: unique among the components of the type.
        flavor: name of the flavor.
        configuration: field to value.

    Raises:
        UnknownFlavorError: no such flavor.
        ComponentConfigurationError: the flavor refuses the configuration.
        AlreadyExistsError: the name is taken.
        InvalidNameError: the name can't be one.
    """
    what = f"{component_type.title} {name!r}"
    check_name(name, component_type.title)
    found = find_flavor(component_type, flavor, ctx.registry.read().flavors)
    checked = found.validate(configuration, what)

    def edit(registry: Registry) -> StackComponent:
        if any(c.name == name for c in registry.components_of(component_type)):
            raise AlreadyExistsError(
                f"There is {'an' if component_type.title[0] in 'aeiou' else 'a'} {component_type.title} named {name!r} "
                "already.",
                hint=f"Choose another name, or see it with: stackyard {component_type.command} describe {name}",
            )
        component = StackComponent(
            id=new_id(),
            name=name,
            component_type=component_type,
            flavor=flavor,
            configuration=checked,
            owner=user_name(),
            created_at=now(),
        )
        _place(ctx, registry, component)
        registry.components.append(component)
        return component

    component = ctx.registry.change(edit)
    return get_component(ctx, component_type, component.id)


def find_component(registry: Registry, component_type: ComponentType, name_or_id: str) -> StackComponent:
    """Return a component by name or id prefix.

    Raises:
        ComponentNotFoundError: there is none.
        UsageError: the prefix means several.
    """
    candidates = registry.components_of(component_type)
    exact = [c for c in candidates if name_or_id in (c.name, c.id)]
    if exact:
        return exact[0]
    by_prefix = [c for c in candidates if len(name_or_id) >= MIN_PREFIX and c.id.startswith(name_or_id)]
    if len(by_prefix) == 1:
        return by_prefix[0]
    if by_prefix:
        raise UsageError(
            f"{name_or_id!r} is the beginning of {len(by_prefix)} {component_type.title} ids.",
            hint=f"Write more of it, or a name: {', '.join(c.name for c in by_prefix)}.",
        )
    names = [c.name for c in candidates]
    listing = f"List them with: stackyard {component_type.command} list"
    raise ComponentNotFoundError(
        f"There is no {component_type.title} {name_or_id!r}.",
        hint=f"{did_you_mean(name_or_id, names)} {listing}".strip(),
    )


def flavor_of(registry: Registry, component: StackComponent) -> AnyFlavor | None:
    """Return a component's flavor; None when it is not known here."""
    return next(
        (
            f
            for f in known_flavors(registry.flavors)
            if f.component_type is component.component_type and f.name == component.flavor
        ),
        None,
    )


def component_spec(
    ctx: Context, registry: Registry, component: StackComponent, settings: dict[str, Any] | None = None
) -> ComponentSpec:
    """Return what whoever executes a step needs of a component; references to secrets stay references."""
    flavor = flavor_of(registry, component)
    return ComponentSpec(
        component_type=ComponentType(component.component_type),
        component_id=component.id,
        name=component.name,
        flavor=component.flavor,
        source=flavor.source if flavor else "",
        configuration=resolved_configuration(ctx, component, flavor),
        settings=settings or {},
    )


def resolved_configuration(ctx: Context, component: StackComponent, flavor: AnyFlavor | None) -> dict[str, Any]:
    """Return a component's configuration with defaults, paths absolute; as it is stored without a known flavor."""
    if flavor is None:
        return dict(component.configuration)
    values = flavor.complete(component.configuration)
    path = values.get("path")
    if component.component_type is ComponentType.ARTIFACT_STORE and isinstance(path, str) and "://" not in path:
        values["path"] = os.path.normpath(ctx.home / path)
    if isinstance(flavor, Flavor) and flavor.resolve:
        flavor.resolve(values, ctx.home, component.id)
    return values


class ComponentViews:
    """Makes the views of one registry's components, each once, whatever the number of stacks that share it."""

    def __init__(self, ctx: Context, registry: Registry, active_stack: Stack | None) -> None:
        """Look once at who uses what."""
        self._ctx = ctx
        self._flavors = {(f.component_type, f.name): f for f in known_flavors(registry.flavors)}
        self._by_id = {c.id: c for c in registry.components}
        self._active = set(active_stack.components.values()) if active_stack else set()
        self._stacks: dict[str, list[str]] = {}
        for stack in registry.stacks:
            for component_id in stack.components.values():
                self._stacks.setdefault(component_id, []).append(stack.name)
        self._views: dict[str, ComponentView] = {}

    def of(self, component_id: str) -> ComponentView | None:
        """Return a component with its facts; None when the registry has none of that id."""
        component = self._by_id.get(component_id)
        if component is None or not isinstance(component.component_type, ComponentType):
            return None
        if component_id not in self._views:
            self._views[component_id] = self._make(component)
        return self._views[component_id]

    def _make(self, component: StackComponent) -> ComponentView:
        component_type = ComponentType(component.component_type)
        flavor = self._flavors.get((component_type, component.flavor))
        return ComponentView(
            id=component.id,
            name=component.name,
            component_type=component_type,
            flavor=component.flavor,
            owner=component.owner,
            shared=component.shared,
            labels=component.labels,
            configuration=resolved_configuration(self._ctx, component, flavor),
            active=component.id in self._active,
            stacks=sorted(set(self._stacks.get(component.id, []))),
            created_at=component.created_at,
            flavor_doc=flavor.doc if flavor else "",
        )


def _place(ctx: Context, registry: Registry, component: StackComponent) -> None:
    """Give a local artifact store without a path a folder of its name in home; make a given path absolute.

    A path in home is stored relative to it, so that a home can be moved; it stays when the component is renamed.
    """
    if component.component_type is not ComponentType.ARTIFACT_STORE or component.flavor != "local":
        return
    given = component.configuration.get("path")
    if given:
        path = expand(str(given))
        if Path(path).exists() and not Path(path).is_dir():
            raise ComponentConfigurationError(
                f"The path {path} of artifact store {component.name!r} is a file.", hint="Choose a folder."
            )
        component.configuration["path"] = path
        return
    stores = registry.components_of(ComponentType.ARTIFACT_STORE)
    taken = {resolved_configuration(ctx, c, flavor_of(registry, c)).get("path") for c in stores}
    folder = f"artifact_stores/{folder_name(component.name)}"
    if os.path.normpath(ctx.home / folder) in taken:
        folder = f"{folder}-{component.id[-8:]}"
    component.configuration["path"] = folder
