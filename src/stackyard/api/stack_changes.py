"""Stacks: update, rename, copy and delete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stackyard.api.active import choices, command_to_leave, require_active, resolve_active
from stackyard.api.context import Context
from stackyard.api.lookup import (
    check_labels,
    check_new_name,
    copy_of,
    find_component,
    find_component_type,
    find_stack,
    is_default,
    protect_default,
    shell_word,
)
from stackyard.api.stacks import OPTIONS, component_names, view_of
from stackyard.model.basic_views import StackView
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType
from stackyard.model.errors import ComponentNotFoundError, InUseError, StackValidationError, UsageError
from stackyard.model.stack import Registry, Stack


def update_stack(
    ctx: Context, name_or_id: str | None, components: Mapping[str, str], labels: Mapping[str, str] | None = None
) -> StackView:
    """Exchange or add components and labels of a stack; those that are not given stay.

    Args:
        ctx: where.
        name_or_id: which; None means the active one.
        components: component type to component name or id.
        labels: key to new text.

    Raises:
        StackNotFoundError: there is none.
        ActiveStackGoneError: the active stack does not exist any more.
        ProtectedError: it is the default stack.
        UsageError: nothing is given.
        StackValidationError: a component type is unknown.
        ComponentNotFoundError: a component does not exist.
        InvalidNameError: the key of a label can't be one.
    """
    return edit_stack(ctx, name_or_id, components=components, labels=labels)


def remove_stack_components(ctx: Context, name_or_id: str | None, component_types: Iterable[str]) -> StackView:
    """Take components out of a stack; they stay registered.

    Args:
        ctx: where.
        name_or_id: which; None means the active one.
        component_types: what to take out; never what every stack has.

    Raises:
        StackNotFoundError: there is none.
        ActiveStackGoneError: the active stack does not exist any more.
        ProtectedError: it is the default stack.
        UsageError: nothing is given.
        StackValidationError: a component type is unknown, or every stack has one.
        ComponentNotFoundError: the stack has no such component.
    """
    removed = tuple(component_types)
    if not removed:
        raise _nothing_to_change(name_or_id, "Name component types. See: stackyard stack remove-component --help")
    return edit_stack(ctx, name_or_id, remove=removed)


def rename_stack(ctx: Context, name_or_id: str, new_name: str) -> StackView:
    """Rename a stack; whoever chose it as the active one keeps it.

    Raises:
        StackNotFoundError: there is none.
        ProtectedError: it is the default stack.
        UsageError: it has that name.
        AlreadyExistsError: another one has that name.
        InvalidNameError: the name can't be one.
    """
    return edit_stack(ctx, name_or_id, name=new_name)


def edit_stack(
    ctx: Context,
    name_or_id: str | None,
    *,
    name: str | None = None,
    components: Mapping[str, str] | None = None,
    remove: tuple[str, ...] = (),
    labels: Mapping[str, str] | None = None,
    remove_labels: tuple[str, ...] = (),
) -> StackView:
    """Rename and change a stack at once; see the functions above for each."""
    typed = component_names(components or {})
    removed = [find_component_type(text) for text in remove]
    if not (name is not None or typed or removed or labels or remove_labels):
        raise _nothing_to_change(name_or_id, "Name components or labels. See: stackyard stack update --help")

    def edit(registry: Registry) -> StackView:
        stack = find_stack(registry, name_or_id) if name_or_id else require_active(resolve_active(ctx, registry))
        protect_default(stack, "stack", "stack", "renamed" if name is not None else "changed")
        if name is not None:
            if name == stack.name:
                raise UsageError(f"The stack {name!r} has that name already.", hint="Choose another name.")
            check_new_name(name, registry.stacks, "stack", "stack")
            stack.name = name
        for component_type in removed:
            _remove(stack, component_type)
        for component_type, component in typed.items():
            stack.components[component_type.value] = find_component(registry, component_type, component).id
        for label in remove_labels:
            if label not in stack.labels:
                raise StackValidationError(
                    f"The stack {stack.name!r} has no label {label!r}.",
                    hint=f"Labels: {', '.join(stack.labels) or 'none'}.",
                )
            del stack.labels[label]
        stack.labels.update(check_labels(labels or {}))
        return view_of(ctx, registry, stack)

    return ctx.registry.change(edit)


def copy_stack(ctx: Context, name_or_id: str, new_name: str) -> StackView:
    """Register a stack with the components and labels of another one.

    Raises:
        StackNotFoundError: there is none.
        AlreadyExistsError: the new name is taken.
        InvalidNameError: the new name can't be one.
    """

    def edit(registry: Registry) -> StackView:
        source = find_stack(registry, name_or_id)
        check_new_name(new_name, registry.stacks, "stack", "stack")
        copy = copy_of(source, new_name)
        registry.stacks.append(copy)
        return view_of(ctx, registry, copy)

    return ctx.registry.change(edit)


def delete_stack(ctx: Context, name_or_id: str, recursive: bool = False) -> StackView:
    """Delete a stack. Runs and artifacts stay.

    Args:
        ctx: where.
        name_or_id: which.
        recursive: delete its components as well, but for default ones and those that other stacks use.

    Returns:
        The stack as it was; of its components those went that no other stack uses.

    Raises:
        StackNotFoundError: there is none.
        ProtectedError: it is the default stack.
        InUseError: it is the active stack of this environment, the project or the user.
    """

    def edit(registry: Registry) -> StackView:
        stack = find_stack(registry, name_or_id)
        protect_default(stack, "stack", "stack", "deleted")
        choice = next((c for c in choices(ctx, registry) if c.stack is stack), None)
        if choice is not None:
            raise InUseError(
                f"The stack {stack.name!r} can't be deleted: it is the active stack, {choice.origin_text}.",
                hint=f"Choose another one first: {command_to_leave(choice)}",
            )
        view = view_of(ctx, registry, stack)
        registry.stacks.remove(stack)
        if recursive:
            kept = {component_id for other in registry.stacks for component_id in other.components.values()}
            gone = set(stack.components.values()) - kept
            registry.components = [
                c
                for c in registry.components
                if c.id not in gone or is_default(c) or not isinstance(c.component_type, ComponentType)
            ]
        return view

    return ctx.registry.change(edit)


def _nothing_to_change(name: str | None, hint: str) -> UsageError:
    which = f"the stack {name!r}" if name else "the active stack"
    return UsageError(f"There is nothing to change in {which}.", hint=hint)


def _remove(stack: Stack, component_type: ComponentType) -> None:
    if component_type in REQUIRED_COMPONENT_TYPES:
        option = OPTIONS[component_type]
        raise StackValidationError(
            f"The {component_type.title} can't be removed from the stack {stack.name!r}: every stack has one.",
            hint=f"Exchange it: stackyard stack update {shell_word(stack.name)} {option} OTHER",
        )
    if stack.components.pop(component_type.value, None) is None:
        raise ComponentNotFoundError(
            f"The stack {stack.name!r} has no {component_type.title}.",
            hint=f"See what it has: stackyard stack describe {shell_word(stack.name)}",
        )
