"""Stack components: update, rename, copy and delete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stackyard.api.components import component_view, configure
from stackyard.api.context import Context
from stackyard.api.lookup import (
    check_labels,
    check_new_name,
    command_of,
    copy_of,
    find_component,
    protect_default,
    shell_word,
    some_of,
    words_of,
)
from stackyard.api.stacks import OPTIONS
from stackyard.flavors.catalogue import find_flavor
from stackyard.model.basic_views import ComponentView
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType
from stackyard.model.errors import ComponentConfigurationError, InUseError, UsageError
from stackyard.model.names import did_you_mean
from stackyard.model.stack import Registry, StackComponent


def update_component(
    ctx: Context,
    component_type: ComponentType,
    name_or_id: str,
    configuration: dict[str, Any],
    labels: dict[str, str] | None = None,
) -> ComponentView:
    """Change attributes and labels of a component; those that are not given stay.

    An artifact store that gets another path finds new artifacts there; those at the old path stay where they are.

    Args:
        ctx: where.
        component_type: what it is for.
        name_or_id: which.
        configuration: field to new value; texts of the command line are converted.
        labels: key to new text.

    Raises:
        ComponentNotFoundError: there is none.
        ProtectedError: it is a default component.
        UsageError: nothing is given.
        ComponentConfigurationError: the flavor refuses the configuration, or can't be exchanged itself.
        SecretReferenceError: a plain text for a field that takes a reference to a secret.
        InvalidNameError: the key of a label can't be one.
    """
    return edit_component(ctx, component_type, name_or_id, configuration=configuration, labels=labels or {})


def remove_attributes(
    ctx: Context,
    component_type: ComponentType,
    name_or_id: str,
    attributes: Iterable[str],
    labels: Iterable[str] = (),
) -> ComponentView:
    """Remove attributes, which then have their defaults, and labels.

    Raises:
        ComponentNotFoundError: there is none.
        ProtectedError: it is a default component.
        UsageError: nothing is given.
        ComponentConfigurationError: an attribute is unknown, required or not set, or a label is not there.
    """
    gone, gone_labels = tuple(attributes), tuple(labels)
    if not gone and not gone_labels:
        raise _nothing_to_change(component_type, name_or_id, "remove-attribute")
    return edit_component(ctx, component_type, name_or_id, remove_attributes=gone, remove_labels=gone_labels)


def rename_component(ctx: Context, component_type: ComponentType, name_or_id: str, new_name: str) -> ComponentView:
    """Rename a component; stacks keep it, and its artifacts stay in their folder.

    Raises:
        ComponentNotFoundError: there is none.
        ProtectedError: it is a default component.
        UsageError: it has that name.
        AlreadyExistsError: another one has that name.
        InvalidNameError: the name can't be one.
    """
    return edit_component(ctx, component_type, name_or_id, name=new_name)


def edit_component(
    ctx: Context,
    component_type: ComponentType,
    name_or_id: str,
    *,
    name: str | None = None,
    configuration: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    remove_attributes: tuple[str, ...] = (),
    remove_labels: tuple[str, ...] = (),
) -> ComponentView:
    """Rename and change a component at once; see the functions above for each."""
    command = component_type.command
    if not (name is not None or configuration or labels or remove_attributes or remove_labels):
        raise _nothing_to_change(component_type, name_or_id, "update")

    def edit(registry: Registry) -> ComponentView:
        component = find_component(registry, component_type, name_or_id)
        verb = "renamed" if name is not None else "changed"
        protect_default(component, component_type.title, command, verb)
        if name is not None:
            _rename(registry, component, name)
        if configuration or remove_attributes:
            _reconfigure(ctx, registry, component, configuration or {}, remove_attributes)
        for label in remove_labels:
            if label not in component.labels:
                raise ComponentConfigurationError(
                    f"The {words_of(component)} has no label {label!r}.",
                    hint=f"Labels: {', '.join(component.labels) or 'none'}.",
                )
            del component.labels[label]
        component.labels.update(check_labels(labels or {}))
        return component_view(ctx, registry, component)

    return ctx.registry.change(edit)


def copy_component(ctx: Context, component_type: ComponentType, name_or_id: str, new_name: str) -> ComponentView:
    """Register a component with flavor, configuration and labels of another one.

    The configuration stays as it is: the copy of an artifact store has the same path, so that both show and store
    their artifacts in the same folder until one of them gets another path. The default store's folder in home is
    shared as well.

    Raises:
        ComponentNotFoundError: there is none.
        AlreadyExistsError: the new name is taken.
        InvalidNameError: the new name can't be one.
    """

    def edit(registry: Registry) -> ComponentView:
        source = find_component(registry, component_type, name_or_id)
        check_new_name(new_name, registry.components_of(component_type), component_type.title, component_type.command)
        copy = copy_of(source, new_name)
        registry.components.append(copy)
        return component_view(ctx, registry, copy)

    return ctx.registry.change(edit)


def delete_component(ctx: Context, component_type: ComponentType, name_or_id: str) -> ComponentView:
    """Delete a component. Data is never touched: artifacts stay where they are.

    Returns:
        The component as it was.

    Raises:
        ComponentNotFoundError: there is none.
        ProtectedError: it is a default component.
        InUseError: stacks use it.
    """

    def edit(registry: Registry) -> ComponentView:
        component = find_component(registry, component_type, name_or_id)
        protect_default(component, component_type.title, component_type.command, "deleted")
        stacks = [stack.name for stack in registry.stacks_using(component.id)]
        if stacks:
            raise _in_use(component, stacks)
        view = component_view(ctx, registry, component)
        registry.components.remove(component)
        return view

    return ctx.registry.change(edit)


def _nothing_to_change(component_type: ComponentType, name: str, verb: str) -> UsageError:
    return UsageError(
        f"There is nothing to change in the {component_type.title} {name!r}.",
        hint=f"Name attributes or labels. See: stackyard {component_type.command} {verb} --help",
    )


def _rename(registry: Registry, component: StackComponent, name: str) -> None:
    component_type = ComponentType(component.component_type)
    if name == component.name:
        raise UsageError(f"The {words_of(component)} has that name already.", hint="Choose another name.")
    others = registry.components_of(component_type)
    check_new_name(name, others, component_type.title, component_type.command)
    component.name = name


def _in_use(component: StackComponent, stacks: list[str]) -> InUseError:
    component_type = ComponentType(component.component_type)
    users = "the stack" if len(stacks) == 1 else f"{len(stacks)} stacks:"
    name = shell_word(stacks[0])
    free = f"Take it out: stackyard stack remove-component {name} --{component_type.command}"
    if component_type in REQUIRED_COMPONENT_TYPES:
        free = f"Exchange it: stackyard stack update {name} {OPTIONS[component_type]} OTHER"
    return InUseError(
        f"The {words_of(component)} can't be deleted: it is used by {users} {some_of(stacks)}.",
        hint=f"{free}, or delete the stack: stackyard stack delete {name}",
        stacks=stacks,
    )


def _reconfigure(
    ctx: Context, registry: Registry, component: StackComponent, given: Mapping[str, Any], removed: tuple[str, ...]
) -> None:
    """Set and remove attributes, all or none."""
    _refuse_fixed(registry, component, given)
    if removed:
        _refuse_removal(registry, component, removed)
    before = component.configuration
    kept = {key: value for key, value in before.items() if key not in removed}
    configure(ctx, registry, component, given, kept)
    for attribute in removed:
        # A store's folder in home was never set by anybody, and it keeps it.
        if attribute not in before or component.configuration.get(attribute) == before[attribute]:
            raise ComponentConfigurationError(
                f"The attribute {attribute!r} of the {words_of(component)} is not set: it has its default.",
                hint=f"See: stackyard {command_of(component)} describe {shell_word(component.name)}",
            )


def _refuse_removal(registry: Registry, component: StackComponent, attributes: tuple[str, ...]) -> None:
    """Refuse to remove attributes that are unknown or required.

    Raises:
        ComponentConfigurationError: naming the first of them.
    """
    schema = _schema(registry, component)
    known = list(dict.fromkeys([*schema.get("properties", {}), *component.configuration]))
    for attribute in attributes:
        if attribute not in known:
            raise ComponentConfigurationError(
                f"The {words_of(component)} has no attribute {attribute!r}.",
                hint=f"{did_you_mean(attribute, known)} Attributes: {', '.join(known) or 'none'}.".strip(),
            )
        if attribute in schema.get("required", []):
            raise ComponentConfigurationError(
                f"The {words_of(component)} can't do without the attribute {attribute!r}.",
                hint=f"Change it: stackyard {command_of(component)} update {shell_word(component.name)} "
                f"--{attribute}=VALUE",
            )


def _refuse_fixed(registry: Registry, component: StackComponent, given: Mapping[str, Any]) -> None:
    """Refuse what users take for attributes and can't change here, unless the flavor has attributes of that name.

    Raises:
        ComponentConfigurationError: with the command that helps.
    """
    command = command_of(component)
    other = f"Register another one: stackyard {command} register NAME --flavor=FLAVOR"
    rename = f"Rename it: stackyard {command} rename {shell_word(component.name)} NEW_NAME"
    for key, hint in {"flavor": other, "type": other, "component_type": other, "name": rename}.items():
        if key in given and key not in _schema(registry, component).get("properties", {}):
            raise ComponentConfigurationError(
                f"An update can't change the {key.replace('_', ' ')} of the {words_of(component)}.", hint=hint
            )


def _schema(registry: Registry, component: StackComponent) -> dict[str, Any]:
    flavor = find_flavor(ComponentType(component.component_type), component.flavor, registry.flavors)
    return flavor.descriptor().configuration_schema
