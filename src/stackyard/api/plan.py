"""From a file of stacks and components to the registry: what would change, and changing it, all or nothing.

A plan is what the change does to a copy of the registry: the two can't disagree. What applying creates from a project's
own ``stackyard.yaml`` is marked as made by that project; only such things are ever removed. What was registered
otherwise is changed to what the file says, and stays when the file no longer names it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from stackyard.api.active import choices, command_to_leave
from stackyard.api.components import add_component, configure, flavor_of, resolved_configuration
from stackyard.api.context import Context
from stackyard.api.lookup import check_new_name, shell_word, some_of
from stackyard.api.secrets import unresolved
from stackyard.api.stack_file import DeclaredComponent, DeclaredStack, StackFile, read_stack_file
from stackyard.api.stacks import add_stack
from stackyard.model.enums import ComponentType
from stackyard.model.errors import (
    AlreadyExistsError,
    ComponentConfigurationError,
    InUseError,
    NotFoundError,
    ProjectFileError,
    StorageError,
    UsageError,
)
from stackyard.model.record import Record
from stackyard.model.secret import SecretReference, references_in
from stackyard.model.stack import Registry, Stack, StackComponent
from stackyard.model.stack_views import PlanItemView, PlanView
from stackyard.storage.host import expand
from stackyard.storage.projects import FILE, ensure_project_folder, find_project

Thing = TypeVar("Thing", Stack, StackComponent)


class _Source(Record):
    """A file, and the project around it."""

    ctx: Context
    path: Path
    managed_by: str
    """Id of the project whose own ``stackyard.yaml`` it is; empty for other files."""


def plan_file(ctx: Context, file: str | Path | None = None, prune: bool = False) -> PlanView:
    """Return what applying a file would do; changes nothing.

    Args:
        ctx: where; the project counts when no file is given.
        file: default: the project's ``stackyard.yaml``.
        prune: also remove what this project's file made earlier and no longer names.

    Raises:
        NotFoundError: no file is given and the project has none.
        ProjectFileError: the file can't be read, or something is wrong in it.
        UsageError: ``prune`` with a file that is no project's own ``stackyard.yaml``.
        InUseError: a stack to remove is the active one.
    """
    source = _open(ctx, file, prune=prune)
    return PlanView(file=str(source.path), items=_apply(source, ctx.registry.read(), prune=prune))


def apply_file(ctx: Context, file: str | Path | None = None, prune: bool = False) -> PlanView:
    """Make the registry what a file says: everything or, after an error, nothing.

    Returns:
        What was done; it differs from an earlier plan if the registry or the file changed meanwhile.

    Raises:
        StackyardError: as for :func:`plan_file`.
    """
    source = _open(ctx, file, prune=prune)
    items = _apply(source, ctx.registry.read(), prune=prune)
    if any(item.action != "leave" for item in items):
        if source.managed_by:
            with contextlib.suppress(
                StorageError
            ):  # a checkout that can't be written has the same id as long as it stays
                ensure_project_folder(source.ctx.scope)
        items = ctx.registry.change(lambda registry: _apply(source, registry, prune=prune))
    return PlanView(file=str(source.path), items=items, applied=True)


def plan_import(ctx: Context, file: str | Path, name: str | None = None) -> PlanView:
    """Return what importing a file would do; changes nothing. See :func:`import_file`."""
    source = _open(ctx, file)
    return PlanView(file=str(source.path), items=_import(source, ctx.registry.read(), name))


def import_file(ctx: Context, file: str | Path, name: str | None = None) -> PlanView:
    """Register the stacks and components of a file that are not there yet; what is there and equal stays.

    Args:
        ctx: where.
        file: as ``export_stacks`` writes it.
        name: for the file's only stack, instead of its own.

    Raises:
        ProjectFileError: the file can't be read, or something is wrong in it.
        AlreadyExistsError: something else has one of the names.
        UsageError: a name is given, and the file has not exactly one stack.
        InvalidNameError: the name can't be one.
    """
    source = _open(ctx, file)
    items = _import(source, ctx.registry.read(), name)
    if any(item.action != "leave" for item in items):
        items = ctx.registry.change(lambda registry: _import(source, registry, name))
    return PlanView(file=str(source.path), items=items, applied=True)


def missing_secrets(ctx: Context, plan: PlanView) -> list[SecretReference]:
    """Return the references to secrets, in the components of an applied plan, that are not there; once each."""
    registry = ctx.registry.read()
    named = {(i.component_type, i.name) for i in plan.items if i.kind == "component" and i.action != "remove"}
    found = [c for c in registry.components if (c.component_type, c.name) in named]
    return unresolved(ctx, (r for c in found for r in references_in(c.configuration)))


def _open(ctx: Context, file: str | Path | None, *, prune: bool = False) -> _Source:
    if file is None:
        if ctx.scope.file is None:
            raise NotFoundError(
                f"There is no {FILE} in this folder or above.",
                hint=f"Name a file, or write one: stackyard stack export -o {FILE}",
            )
        path = ctx.scope.file
    else:
        path = Path(expand(str(file)))
    project = find_project(path, ctx.home_folder)
    own = project.root is not None and path == project.root / FILE
    if prune and not own:
        raise UsageError(
            f"{path} is no project's own {FILE}: nothing was made from it that could be removed.",
            hint="Delete single stacks with: stackyard stack delete NAME",
        )
    return _Source(ctx.replace(scope=project), path, project.id if own else "")


def _apply(source: _Source, registry: Registry, *, prune: bool) -> list[PlanItemView]:
    """Change a registry to what the file says, and tell what was changed."""
    document = read_stack_file(source.path, registry)
    items = _put(source, registry, document)
    if prune:
        items += _prune(source, registry, document)
    order = list(ComponentType)
    return sorted(
        items, key=lambda i: (order.index(i.component_type) if i.component_type else len(order), i.name, i.action)
    )


def _import(source: _Source, registry: Registry, name: str | None) -> list[PlanItemView]:
    document = read_stack_file(source.path, registry)
    if name is not None:
        if len(document.stacks) != 1:
            raise UsageError(
                f"{source.path} has {len(document.stacks)} stacks: a name can be given to a single one only.",
                hint="Leave --name out.",
            )
        check_new_name(name, registry.stacks, "stack", "stack")
        document = document.replace(stacks=(document.stacks[0].replace(name=name),))
    items = _put(source.replace(managed_by=""), registry, document)
    taken = [item for item in items if item.action == "change"]
    if taken:
        first = taken[0]
        group = first.component_type.command if first.component_type else "stack"
        what = f"{group.replace('-', ' ')} {first.name!r}"
        others = f" (also {some_of([item.name for item in taken[1:]])})" if taken[1:] else ""
        hint = f"Rename the one that is there: stackyard {group} rename {shell_word(first.name)} NEW_NAME"
        if first.kind == "stack" and len(document.stacks) == 1:
            hint = "Import it under another name with: --name NAME"
        raise AlreadyExistsError(f"The {what} is registered already and differs from the file{others}.", hint=hint)
    return items


def _put(source: _Source, registry: Registry, document: StackFile) -> list[PlanItemView]:
    components = [_put_component(source, registry, declared) for declared in document.components]
    return [*components, *(_put_stack(source, registry, declared) for declared in document.stacks)]


def _put_component(source: _Source, registry: Registry, declared: DeclaredComponent) -> PlanItemView:
    found = next((c for c in registry.components_of(declared.component_type) if c.name == declared.name), None)
    item = PlanItemView(
        action="create",
        kind="component",
        component_type=declared.component_type,
        name=declared.name,
        line=declared.location.line,
    )
    try:
        if found is None:
            added = add_component(
                source.ctx,
                registry,
                declared.component_type,
                declared.name,
                flavor=declared.flavor,
                configuration=declared.configuration,
                labels=declared.labels,
            )
            added.managed_by = source.managed_by
            return item
        before, stored = _facts(source.ctx, registry, found), found.configuration
        configure(source.ctx, registry, found, declared.configuration)
        found.labels = dict(declared.labels)
    except ComponentConfigurationError as error:  # what only the disk knows, such as a path that is a file
        raise ProjectFileError(error.message, hint=error.hint, location=declared.location) from error
    item.changes = _changes(before, _facts(source.ctx, registry, found))
    item.action = "change" if item.changes else "leave"
    if not item.changes:
        found.configuration = stored  # it may say the same in another way: a folder in home by its absolute path
    return item


def _put_stack(source: _Source, registry: Registry, declared: DeclaredStack) -> PlanItemView:
    found = next((s for s in registry.stacks if s.name == declared.name), None)
    item = PlanItemView(action="create", kind="stack", name=declared.name, line=declared.location.line)
    ids = {
        t: next(c.id for c in registry.components_of(t) if c.name == name) for t, name in declared.components.items()
    }
    if found is None:
        add_stack(registry, declared.name, ids, declared.labels).managed_by = source.managed_by
        return item
    before = _stack_facts(registry, found)
    known = {t.value for t in ComponentType}
    newer = {word: identifier for word, identifier in found.components.items() if word not in known}
    found.components = {**{t.value: identifier for t, identifier in ids.items()}, **newer}
    found.labels = dict(declared.labels)
    item.changes = _changes(before, _stack_facts(registry, found))
    item.action = "change" if item.changes else "leave"
    return item


def _prune(source: _Source, registry: Registry, document: StackFile) -> list[PlanItemView]:
    """Remove what the project's file made earlier and no longer names, but for what a stack that stays uses."""
    stacks = {declared.name for declared in document.stacks}
    gone = [s for s in registry.stacks if s.managed_by == source.managed_by and s.name not in stacks]
    for choice in choices(source.ctx, registry):
        if any(stack.id == choice.id for stack in gone):
            raise InUseError(
                f"The stack {choice.name!r} can't be removed: it is the active stack, {choice.origin_text}.",
                hint=f"Choose another one first: {command_to_leave(choice)}",
            )
    _remove(registry.stacks, gone)
    used = {identifier for stack in registry.stacks for identifier in stack.components.values()}
    declared = {(c.component_type, c.name) for c in document.components}
    loose = [
        c
        for t in ComponentType
        for c in registry.components_of(t)
        if c.managed_by == source.managed_by and (t, c.name) not in declared and c.id not in used
    ]
    _remove(registry.components, loose)
    return [
        *(PlanItemView(action="remove", kind="stack", name=stack.name) for stack in gone),
        *(
            PlanItemView(action="remove", kind="component", component_type=ComponentType(c.component_type), name=c.name)
            for c in loose
        ),
    ]


def _remove(things: list[Thing], gone: list[Thing]) -> None:
    ids = {thing.id for thing in gone}
    things[:] = [thing for thing in things if thing.id not in ids]


def _facts(ctx: Context, registry: Registry, component: StackComponent) -> dict[str, Any]:
    configuration = resolved_configuration(ctx, component, flavor_of(registry, component))
    return {
        **{f"configuration.{key}": value for key, value in configuration.items()},
        **{f"labels.{key}": value for key, value in component.labels.items()},
    }


def _stack_facts(registry: Registry, stack: Stack) -> dict[str, Any]:
    names = {c.id: c.name for c in registry.components}
    facts: dict[str, Any] = {
        t.value: names.get(stack.components[t.value], "") for t in ComponentType if t.value in stack.components
    }
    return {**facts, **{f"labels.{key}": value for key, value in stack.labels.items()}}


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    fields = dict.fromkeys([*before, *after])
    return {f: [before.get(f), after.get(f)] for f in fields if before.get(f) != after.get(f)}
