"""Stack components: list, describe, register."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackyard.api.active import require_active, resolve_active
from stackyard.api.context import Context
from stackyard.api.lookup import check_labels, check_new_name, find_component, no_component_in, words_of
from stackyard.flavors.base import Flavor
from stackyard.flavors.catalogue import AnyFlavor, find_flavor, known_flavor, known_flavors
from stackyard.flavors.local import LOCAL_ARTIFACT_STORE
from stackyard.model.basic_views import ComponentView
from stackyard.model.enums import ComponentType
from stackyard.model.errors import ComponentConfigurationError
from stackyard.model.names import folder_name
from stackyard.model.secret import references_in
from stackyard.model.stack import Registry, Stack, StackComponent
from stackyard.storage.host import expand, user_name
from stackyard.storage.ids import new_id, now

if TYPE_CHECKING:
    from stackyard.model.job import ComponentSpec


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


def get_component(ctx: Context, component_type: ComponentType, name_or_id: str | None = None) -> ComponentView:
    """Return a component by name or id prefix; None means the active stack's.

    Raises:
        ComponentNotFoundError: there is none, or the active stack has none of that type.
        ActiveStackGoneError: the active stack does not exist any more.
        UsageError: the prefix means several.
    """
    registry = ctx.registry.read()
    if name_or_id is None:
        stack = require_active(resolve_active(ctx, registry))
        component = registry.component_by_id(stack.components.get(component_type.value, ""))
        if component is None:
            raise no_component_in(stack, component_type)
    else:
        component = find_component(registry, component_type, name_or_id)
    return component_view(ctx, registry, component)


def register_component(
    ctx: Context,
    component_type: ComponentType,
    name: str,
    flavor: str,
    configuration: dict[str, Any],
    *,
    labels: dict[str, str] | None = None,
) -> ComponentView:
    """Register a component.

    Args:
        ctx: where.
        component_type: what it is for.
        name: unique among the components of the type.
        flavor: name of the flavor.
        configuration: field to value; texts of the command line are converted. A relative path of an artifact store
            is taken from the working folder.
        labels: free texts by keys.

    Raises:
        UnknownFlavorError: no such flavor.
        ComponentConfigurationError: the flavor refuses the configuration.
        SecretReferenceError: a plain text for a field that takes a reference to a secret.
        AlreadyExistsError: the name is taken.
        InvalidNameError: the name can't be one, or the key of a label can't.
    """

    def edit(registry: Registry) -> ComponentView:
        component = add_component(
            ctx, registry, component_type, name, flavor=flavor, configuration=configuration, labels=labels
        )
        return component_view(ctx, registry, component)

    return ctx.registry.change(edit)


def add_component(
    ctx: Context,
    registry: Registry,
    component_type: ComponentType,
    name: str,
    *,
    flavor: str,
    configuration: dict[str, Any],
    labels: dict[str, str] | None = None,
) -> StackComponent:
    """Add a component to a registry; as :func:`register_component`, for those who change more at once."""
    others = registry.components_of(component_type)
    check_new_name(name, others, component_type.title, component_type.command)
    component = StackComponent(
        id=new_id(),
        name=name,
        component_type=component_type,
        flavor=flavor,
        owner=user_name(),
        labels=check_labels(labels or {}),
        created_at=now(),
    )
    configure(ctx, registry, component, configuration)
    registry.components.append(component)
    return component


def configure(
    ctx: Context,
    registry: Registry,
    component: StackComponent,
    given: Mapping[str, Any],
    kept: Mapping[str, Any] | None = None,
) -> None:
    """Give a component a configuration, validated as a whole by its flavor.

    A local artifact store without a path keeps the folder in home that it was given before, else gets one of its
    name. Such a path is stored relative to home, so that a home can be moved, and stays when the component is renamed;
    a path that somebody gives is made absolute.

    Args:
        ctx: where.
        registry: the component's.
        component: changed in place.
        given: field to new value; texts of the command line are converted.
        kept: what stays of its configuration, as it is stored.

    Raises:
        UnknownFlavorError: its flavor is not known.
        ComponentConfigurationError: the flavor refuses the configuration.
        SecretReferenceError: a plain text for a field that takes a reference to a secret.
    """
    component_type = ComponentType(component.component_type)
    what = words_of(component)
    flavor = find_flavor(component_type, component.flavor, registry.flavors)
    checked = flavor.validate({**(kept or {}), **given}, what)
    if component_type is ComponentType.ARTIFACT_STORE:
        path, is_local = given.get("path"), flavor is LOCAL_ARTIFACT_STORE
        if isinstance(path, str):
            checked["path"] = _folder(path, what) if is_local or "://" not in path else path
        elif is_local and checked.get("path") is None:
            stored = str(component.configuration.get("path", ""))
            automatic = stored and not Path(stored).is_absolute()
            checked["path"] = stored if automatic else _folder_in_home(ctx, registry, component)
    component.configuration = checked


def flavor_of(registry: Registry, component: StackComponent) -> AnyFlavor | None:
    """Return a component's flavor; None when it is not known here."""
    return known_flavor(component.component_type, component.flavor, registry.flavors)


def component_spec(
    ctx: Context, registry: Registry, component: StackComponent, settings: dict[str, Any] | None = None
) -> ComponentSpec:
    """Return what whoever executes a step needs of a component; references to secrets stay references."""
    from stackyard.model.job import ComponentSpec  # noqa: PLC0415  # runs alone need it

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


def component_view(ctx: Context, registry: Registry, component: StackComponent) -> ComponentView:
    """Return a component of a registry with its facts."""
    view = ComponentViews(ctx, registry, resolve_active(ctx, registry).stack).of(component.id)
    assert view is not None  # noqa: S101  # it is one of the registry, and of a type that is known here
    return view


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


def _folder(path: str, what: str) -> str:
    """Return a path that somebody gave as an absolute one.

    Raises:
        ComponentConfigurationError: there can be no folder.
    """
    problem, hint = "", "Choose a folder."
    if not path.strip() or "\0" in path:
        problem = f"{path!r} is no path"
    elif any(references_in(path)):
        problem = "a folder is no secret"
        hint = "Write the folder itself."
    elif "://" in path:
        problem = f"{path} is no folder of this machine"
        hint = "A store elsewhere needs another flavor: stackyard artifact-store flavor list"
    elif os.path.exists(expand(path)) and not os.path.isdir(expand(path)):  # noqa: PTH110, PTH112  # these never raise
        problem = f"{expand(path)} is a file"
    if problem:
        raise ComponentConfigurationError(f"The {what} can't have this path: {problem}.", hint=hint)
    return expand(path)


def _folder_in_home(ctx: Context, registry: Registry, component: StackComponent) -> str:
    """Return a folder of the component's name, relative to home, that no other artifact store has."""
    others = [c for c in registry.components_of(ComponentType.ARTIFACT_STORE) if c.id != component.id]
    # As they are stored: to resolve each would make many new stores slow.
    taken = {os.path.normpath(ctx.home / str(c.configuration["path"])) for c in others if "path" in c.configuration}
    folder = f"artifact_stores/{folder_name(component.name)}"
    return f"{folder}-{component.id[-8:]}" if os.path.normpath(ctx.home / folder) in taken else folder
