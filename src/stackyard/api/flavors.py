"""Flavors: list and describe those that are known, and bring in others.

Registering and refreshing import flavors' packages: only ever in the user's interpreter, never in the server.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from stackyard.api.context import Context
from stackyard.api.lookup import article, shell_word
from stackyard.flavors.base import ENTRY_POINT_GROUP, Flavor
from stackyard.flavors.catalogue import AnyFlavor, built_in_flavor, find_flavor, flavors_of, known_flavors
from stackyard.flavors.docs import fields_of
from stackyard.model.component_types import EXPLANATIONS
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType
from stackyard.model.errors import AlreadyExistsError, InUseError, ProtectedError, StackyardError, UnknownFlavorError
from stackyard.model.flavor import FlavorDescriptor
from stackyard.model.stack import Registry
from stackyard.model.stack_views import ComponentTypeView, FlavorView
from stackyard.storage.ids import now

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}\Z")


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
        package=descriptor.package if flavor.source else "stackyard",
        version=descriptor.version,
        integration=flavor.integration,
        requirements=list(flavor.requirements),
        configuration=fields_of(descriptor.configuration_schema),
        settings=fields_of(descriptor.settings_schema),
        settings_scope=flavor.settings_scope,
    )


def register_flavor(ctx: Context, component_type: ComponentType, source: str) -> FlavorView:
    """Import a flavor and write down what others need to know of it; once more: write it down anew.

    Args:
        ctx: where; modules in its project are found too.
        component_type: what the flavor implements.
        source: ``module:attribute`` of a :class:`~stackyard.flavors.base.Flavor`.

    Raises:
        PackageMissingError: the module can't be imported.
        UnknownFlavorError: it is no flavor, or one of another component type.
        AlreadyExistsError: its name is taken by a flavor from elsewhere.
    """
    find_modules_of(ctx)
    installed = next((e for e in _entry_points() if e.value == source), None)
    described = _describe(source, installed)
    if described.component_type is not component_type:
        found = ComponentType(described.component_type)
        raise UnknownFlavorError(
            f"{source} is {article(found.title)} {found.title} flavor, not {article(component_type.title)} "
            f"{component_type.title} flavor.",
            hint=f"stackyard {found.command} flavor register {source}",
        )
    ctx.registry.change(lambda registry: _put(registry, described))
    return get_flavor(ctx, component_type, described.name)


def refresh_flavors(ctx: Context, failed: Callable[[str, StackyardError], None] | None = None) -> list[FlavorView]:
    """Look at the flavors of the installed packages, and once more at those that were registered by hand.

    New ones are registered, changed ones described anew. One whose package is gone is forgotten, unless components
    use it. One that fails is left as it is.

    Args:
        ctx: where; modules in its project are found too.
        failed: takes source and reason of each flavor that can't be registered or described anew.

    Returns:
        The flavors that do not come with Stackyard, as they are now.
    """
    find_modules_of(ctx)
    installed = {entry.value: entry for entry in _entry_points()}
    before = [d for d in ctx.registry.read().flavors if isinstance(d.component_type, ComponentType)]
    fresh: list[FlavorDescriptor] = []
    problems: dict[str, StackyardError] = {}
    gone = {d.source for d in before if d.package and d.source not in installed}
    for source in dict.fromkeys([*installed, *(d.source for d in before if d.source not in gone)]):
        try:
            fresh.append(_describe(source, installed.get(source)))
        except StackyardError as error:
            problems[source] = error

    def edit(registry: Registry) -> None:
        problems.update(_forget(registry, gone, fresh))
        for new in fresh:
            try:
                _put(registry, new)
            except StackyardError as error:
                problems[new.source] = error

    if before or fresh:
        ctx.registry.change(edit)
    if failed is not None:
        for source, problem in problems.items():
            failed(source, problem)
    return [view for view in list_flavors(ctx) if view.source]


def delete_flavor(ctx: Context, component_type: ComponentType, name: str) -> FlavorView:
    """Forget a flavor that does not come with Stackyard; its package is left alone.

    Returns:
        The flavor as it was.

    Raises:
        UnknownFlavorError: the component type has none of that name.
        ProtectedError: it comes with Stackyard.
        InUseError: components use it.
    """

    def edit(registry: Registry) -> FlavorView:
        flavor = find_flavor(component_type, name, registry.flavors)
        if isinstance(flavor, Flavor):
            raise ProtectedError(
                f"The {component_type.title} flavor {name!r} comes with Stackyard and can't be deleted.",
                hint=f"See the others with: stackyard {component_type.command} flavor list",
            )
        descriptor = flavor.descriptor()
        users = _users(registry, descriptor)
        if users:
            raise InUseError(
                f"The {component_type.title} flavor {name!r} can't be deleted: {_named(users)} "
                f"{'uses' if len(users) == 1 else 'use'} it.",
                hint=f"Delete what uses it first: stackyard {component_type.command} delete {shell_word(users[0])}",
            )
        registry.flavors.remove(descriptor)
        return flavor_view(flavor)

    return ctx.registry.change(edit)


def discover_flavor(ctx: Context, component_type: ComponentType, name: str) -> bool:
    """Register a flavor that is not known yet if an installed package brings it.

    Args:
        ctx: where.
        component_type: what it implements.
        name: of the flavor.

    Returns:
        Whether it was found and registered.

    Raises:
        PackageMissingError: a package announces it and can't be imported.
        AlreadyExistsError: its name is taken by a flavor from elsewhere.
    """
    if any(f.name == name for f in flavors_of(component_type, ctx.registry.read().flavors)):
        return False
    problem: StackyardError | None = None
    for entry in sorted(_entry_points(), key=lambda e: e.name != name):
        try:
            described = _describe(entry.value, entry)
        except StackyardError as error:
            # A broken package that has nothing to do with it is for a refresh to report.
            problem = problem or (error if entry.name == name else None)
            continue
        if described.component_type is component_type and described.name == name:
            ctx.registry.change(lambda registry, found=described: _put(registry, found))  # type: ignore[misc]
            return True
    if problem is not None:
        raise problem
    return False


def _entry_points() -> list[EntryPoint]:
    from importlib.metadata import entry_points  # noqa: PLC0415  # slow to import

    return list(entry_points(group=ENTRY_POINT_GROUP))


def find_modules_of(ctx: Context) -> None:
    """Let modules of the project be imported, as a run does; behind all others, so that none is hidden."""
    folders = (ctx.scope.source_root or Path.cwd(), Path.cwd())
    sys.path.extend(folder for folder in dict.fromkeys(map(str, folders)) if folder not in sys.path)


def _describe(source: str, installed: EntryPoint | None) -> FlavorDescriptor:
    """Import a flavor and return its descriptor.

    Raises:
        PackageMissingError: its module can't be imported.
        UnknownFlavorError: it is no flavor, or one that nothing could use.
    """
    from stackyard.flavors.opening import load_flavor  # noqa: PLC0415  # lists import nothing

    flavor = load_flavor(source)
    wrong = ""
    if flavor.component_type not in list(ComponentType):
        wrong = f"its component_type is {flavor.component_type!r}, not a ComponentType"
    elif not _NAME.match(str(flavor.name or "")):
        wrong = f"{flavor.name!r} can't be a flavor's name (letters, digits, - and _)"
    elif not all(flavor.implementation.partition(":")):
        wrong = "its implementation names no module:attribute"
    if wrong:
        raise UnknownFlavorError(f"The flavor {source} can't be used: {wrong}.", hint="Correct it in its package.")
    try:
        descriptor = flavor.descriptor()
    except Exception as error:  # pydantic's, or whatever the code of others does
        why = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
        raise UnknownFlavorError(
            f"The flavor {source} can't be described: {why}.",
            hint="Give it a sentence, and models with fields of JSON types that do not contain themselves.",
        ) from error
    distribution = installed.dist if installed else None
    return descriptor.model_copy(
        update={
            "source": source,
            "package": distribution.name if distribution else "",
            "version": distribution.version if distribution else "",
            "registered_at": now(),
        }
    )


def _put(registry: Registry, descriptor: FlavorDescriptor) -> None:
    """Add a descriptor, or replace the one from the same source.

    Raises:
        AlreadyExistsError: the name is taken by a flavor from elsewhere.
    """
    key = (descriptor.component_type, descriptor.name)
    title = _title(descriptor)
    if built_in_flavor(*key) is not None:
        raise AlreadyExistsError(
            f"{article(title).capitalize()} {title} flavor named {descriptor.name!r} comes with Stackyard.",
            hint=f"Give the flavor {descriptor.source} another name.",
        )
    for index, known in enumerate(registry.flavors):
        if (known.component_type, known.name) != key:
            continue
        if known.source != descriptor.source:
            raise AlreadyExistsError(
                f"There is {article(title)} {title} flavor named {descriptor.name!r} already: {known.source}.",
                hint=f"Forget it first: stackyard {title.replace(' ', '-')} flavor delete {descriptor.name}",
            )
        registry.flavors[index] = descriptor
        return
    registry.flavors.append(descriptor)


def _forget(registry: Registry, gone: set[str], fresh: list[FlavorDescriptor]) -> dict[str, StackyardError]:
    """Remove descriptors by their sources; return why some stay. One that is there anew has only moved."""
    moved = {(d.component_type, d.name) for d in fresh}
    problems: dict[str, StackyardError] = {}
    for old in [d for d in registry.flavors if d.source in gone]:
        users = _users(registry, old)
        if (old.component_type, old.name) in moved or not users:
            registry.flavors.remove(old)
            continue
        problems[old.source] = InUseError(
            f"The {_title(old)} flavor {old.name!r} of {_named(users)} comes with {old.package}, which is not "
            "installed here.",
            hint=f"Install {old.package} again.",
        )
    return problems


def _users(registry: Registry, descriptor: FlavorDescriptor) -> list[str]:
    """Return the names of the components of a flavor."""
    key = (descriptor.component_type, descriptor.name)
    return [c.name for c in registry.components if (c.component_type, c.flavor) == key]


def _named(users: list[str]) -> str:
    return ", ".join(repr(name) for name in users[:5]) + (" and more" if len(users) > 5 else "")


def _title(descriptor: FlavorDescriptor) -> str:
    return str(descriptor.component_type).replace("_", " ")
