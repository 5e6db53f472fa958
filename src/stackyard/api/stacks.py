"""Stacks: list, describe, register, switch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

from stackyard.api.active import STACK_VARIABLE, Choice, Wish, find_stack_here, require_active, resolve_active
from stackyard.api.components import ComponentViews
from stackyard.api.context import Context
from stackyard.api.lookup import (
    check_labels,
    check_new_name,
    find_component,
    find_component_type,
    find_stack,
    is_default,
)
from stackyard.model.basic_views import ActiveStackView, ErrorView, StackView
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ActiveStackOrigin, ComponentType
from stackyard.model.errors import (
    ActiveStackGoneError,
    HomeNotWritableError,
    NotFoundError,
    StackValidationError,
    StorageError,
    UsageError,
)
from stackyard.model.stack import Registry, Stack
from stackyard.storage.home import not_writable
from stackyard.storage.host import user_name
from stackyard.storage.ids import new_id, now
from stackyard.storage.projects import StackChoice, choice_file, ensure_project_folder, write_choice

Scope = Literal["auto", "project", "home"]
OPTIONS = {ComponentType.ORCHESTRATOR: "-o", ComponentType.ARTIFACT_STORE: "-a"}
"""How the command line takes the components that every stack has."""


def list_stacks(ctx: Context) -> list[StackView]:
    """Return all stacks, the active one first, then by name.

    Raises:
        RegistryDamagedError: the registry can't be read.
    """
    registry = ctx.registry.read()
    choice = resolve_active(ctx, registry)
    components = ComponentViews(ctx, registry, choice.stack)
    views = [stack_view(stack, choice, components) for stack in registry.stacks]
    return sorted(views, key=lambda v: (not v.active, v.name))


def get_stack(ctx: Context, name_or_id: str | None = None) -> StackView:
    """Return a stack by name or id prefix; None means the active one.

    Raises:
        StackNotFoundError: there is none.
        ActiveStackGoneError: the active stack does not exist any more.
    """
    registry = ctx.registry.read()
    choice = resolve_active(ctx, registry)
    stack = find_stack_here(ctx, registry, name_or_id) if name_or_id else require_active(choice)
    return stack_view(stack, choice, ComponentViews(ctx, registry, choice.stack))


def active_stack(ctx: Context, option: str | None = None) -> ActiveStackView:
    """Return the active stack; ``error`` is set when it does not exist any more.

    Args:
        ctx: where.
        option: a stack given on the command line.
    """
    registry = ctx.registry.read()
    wish = Wish(option, ActiveStackOrigin.OPTION, "given by --stack") if option else None
    return _active_view(ctx, registry, resolve_active(ctx, registry, wish))


def set_active_stack(ctx: Context, name_or_id: str, scope: Scope = "auto") -> ActiveStackView:
    """Make a stack the active one, for the project if there is one, else for the user.

    Returns:
        The active stack as it is now; ``warning`` says when something stronger overrides the choice.

    Raises:
        StackNotFoundError: there is none.
        UsageError: ``scope`` is "project" and there is no project.
        StorageError: the choice can't be written.
    """
    registry = ctx.registry.read()
    stack = find_stack_here(ctx, registry, name_or_id)
    if scope == "project" and ctx.scope.root is None:
        raise UsageError("There is no project here.", hint="Make one with: stackyard init")
    try:
        if is_default(stack):
            _write_choice(ctx, stack, scope)
        else:
            # Under the lock of those who delete: they must see the choice, or the choice that it is gone.
            ctx.registry.change(lambda newest: _write_choice(ctx, find_stack(newest, stack.id), scope))
    except HomeNotWritableError:
        if scope == "home" or ctx.scope.root is None:
            raise
        _write_choice(ctx, stack, scope)  # a home that can't be written loses no stack either
    choice = resolve_active(ctx, registry)
    view = _active_view(ctx, registry, choice)
    if choice.id != stack.id:
        if choice.origin is ActiveStackOrigin.ENVIRONMENT:
            value = os.environ.get(STACK_VARIABLE, "")
            view.warning = (
                f"The choice of {stack.name!r} was stored, but {STACK_VARIABLE}={value} overrides it in this "
                "environment."
            )
        else:
            view.warning = f"The choice of {stack.name!r} was stored, but {choice.name!r} is {choice.origin_text}."
    return view


def _write_choice(ctx: Context, stack: Stack, scope: Scope) -> None:
    if scope != "home" and ctx.scope.root is not None:
        ensure_project_folder(ctx.scope)
        write_choice(choice_file(ctx.scope, ctx.home_folder), StackChoice(stack.id, stack.name))
        return
    ctx.home_folder.ensure()
    try:
        write_choice(ctx.home_folder.active_stack_file, StackChoice(stack.id, stack.name))
    except StorageError as error:
        if isinstance(error.__cause__, OSError):
            raise not_writable(ctx.home, error.__cause__) from error
        raise


def register_stack(
    ctx: Context, name: str, components: dict[str, str], labels: dict[str, str] | None = None
) -> StackView:
    """Register a stack.

    Args:
        ctx: where.
        name: unique among the stacks.
        components: component type to component name or id; an orchestrator and an artifact store at least.
        labels: free texts by keys.

    Raises:
        StackValidationError: the orchestrator or the artifact store is missing, or a type is unknown.
        ComponentNotFoundError: a component does not exist.
        AlreadyExistsError: the name is taken.
        InvalidNameError: the name can't be one, or the key of a label can't.
    """
    typed = component_names(components)
    missing = [t for t in REQUIRED_COMPONENT_TYPES if not typed.get(t)]
    if missing:
        raise StackValidationError(
            f"The stack {name!r} has no {' and no '.join(t.title for t in missing)}.",
            hint=f"Every stack needs one. Add: {' '.join(f'{OPTIONS[t]} default' for t in missing)}",
        )

    def edit(registry: Registry) -> StackView:
        return view_of(ctx, registry, add_stack(registry, name, typed, labels))

    return ctx.registry.change(edit)


def add_stack(
    registry: Registry, name: str, components: dict[ComponentType, str], labels: dict[str, str] | None = None
) -> Stack:
    """Add a stack to a registry; as :func:`register_stack`, for those who change more at once.

    Args:
        registry: changed in place.
        name: unique among the stacks.
        components: component type to component name or id, the required ones among them.
        labels: free texts by keys.
    """
    check_new_name(name, registry.stacks, "stack", "stack")
    stack = Stack(
        id=new_id(),
        name=name,
        components={t.value: find_component(registry, t, value).id for t, value in components.items()},
        owner=user_name(),
        labels=check_labels(labels or {}),
        created_at=now(),
    )
    registry.stacks.append(stack)
    return stack


def component_names(components: Mapping[str, str]) -> dict[ComponentType, str]:
    """Return names or ids of components by type.

    Raises:
        StackValidationError: a type is unknown.
    """
    return {find_component_type(key): value for key, value in components.items()}


def view_of(ctx: Context, registry: Registry, stack: Stack) -> StackView:
    """Return a stack of a registry with its components."""
    choice = resolve_active(ctx, registry)
    return stack_view(stack, choice, ComponentViews(ctx, registry, choice.stack))


def stack_view(stack: Stack, choice: Choice, components: ComponentViews) -> StackView:
    """Return a stack with its components in the order of the component types."""
    active = choice.stack is not None and choice.stack.id == stack.id
    order = [t.value for t in ComponentType]
    ids = sorted(stack.components.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order))
    return StackView(
        id=stack.id,
        name=stack.name,
        active=active,
        origin=choice.origin if active else None,
        origin_text=choice.origin_text if active else "",
        owner=stack.owner,
        shared=stack.shared,
        labels=stack.labels,
        components=[view for _, component_id in ids if (view := components.of(component_id)) is not None],
        created_at=stack.created_at,
    )


def _active_view(ctx: Context, registry: Registry, choice: Choice) -> ActiveStackView:
    error = None
    try:
        require_active(choice)
    except ActiveStackGoneError as gone:
        error = ErrorView.model_validate(gone.as_dict())
    except NotFoundError as problem:
        error = ErrorView.model_validate(problem.as_dict())
    return ActiveStackView(
        name=choice.name,
        id=choice.id,
        origin=choice.origin,
        origin_text=choice.origin_text,
        error=error,
        stack=stack_view(choice.stack, choice, ComponentViews(ctx, registry, choice.stack)) if choice.stack else None,
    )
