"""``stackyard stack``: its commands, and those that read or switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stackyard.api import stacks
from stackyard.api.context import open_context
from stackyard.cli.completion import stack_names
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, label_texts, list_options
from stackyard.cli.output import json_option, print_facts, print_json, print_table, short_id, show_time, show_value
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType
from stackyard.model.errors import ActiveStackGoneError
from stackyard.model.views import StackView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stackyard.model.views import ActiveStackView

stack = LazyGroup(
    "stack",
    help="Switch, list, describe, register and change stacks.",
    epilog="Example: stackyard stack set my_stack",
    table={
        "list": ("stackyard.cli.stack:list_", "List all stacks."),
        "get": ("stackyard.cli.stack:get", "Print the active stack and who chose it."),
        "set": ("stackyard.cli.stack:set_", "Make a stack the active one."),
        "describe": ("stackyard.cli.stack:describe", "Show a stack with its components."),
        "register": ("stackyard.cli.stack_changes:register", "Register a stack."),
        "update": ("stackyard.cli.stack_changes:update", "Give a stack other components or labels."),
        "remove-component": ("stackyard.cli.stack_changes:remove_component", "Take components out of a stack."),
        "rename": ("stackyard.cli.stack_changes:rename", "Rename a stack."),
        "copy": ("stackyard.cli.stack_changes:copy", "Copy a stack."),
        "delete": ("stackyard.cli.stack_changes:delete", "Delete a stack."),
    },
)


def _component_column(component_type: ComponentType, importance: int) -> Column:
    def name(view: StackView) -> str:
        return next((c.name for c in view.components if c.component_type is component_type), "")

    def in_use(views: Sequence[StackView]) -> bool:
        return any(name(view) for view in views)

    required = component_type in REQUIRED_COMPONENT_TYPES
    usual: bool | Callable[[Sequence[StackView]], bool] = True if required else in_use
    return Column(component_type.value, name, usual=usual, yields=0 if required else importance)


STACKS = Listing[StackView](
    "stack",
    columns=[
        Column("active", lambda v: "yes" if v.active else "no", lambda v: "*" if v.active else ""),
        Column("name", lambda v: v.name),
        Column("id", lambda v: v.id, lambda v: short_id(v.id), yields=40),
        Column("shared", lambda v: "yes" if v.shared else "no", yields=20),
        Column("owner", lambda v: v.owner, yields=30),
        *(_component_column(t, i) for i, t in enumerate(ComponentType)),
        Column("labels", lambda v: label_texts(v.labels), usual=False),
        Column("created", lambda v: v.created_at, lambda v: show_time(v.created_at) or "-", usual=False),
    ],
    filters=[
        Filter("name", lambda v: [v.name], NAME_HELP),
        Filter("id", lambda v: [v.id], "Only ids that begin so.", plain="startswith"),
        Filter("owner", lambda v: [v.owner], "Only those of this owner."),
        Filter("component", lambda v: [c.name for c in v.components], "Only those with such a component."),
        Filter("flavor", lambda v: [c.flavor for c in v.components], "Only those with a component of this flavor."),
    ],
    labels=lambda v: v.labels,
)


@click.command("list", epilog="Example: stackyard stack list --component my_store --sort desc:created")
@list_options(STACKS)
def list_(request: Request[StackView]) -> None:
    """List all stacks, the active one first."""
    ctx = open_context()
    request.show(request.apply(stacks.list_stacks(ctx)))
    active = stacks.active_stack(ctx)
    if active.error and request.output == "table":
        click.echo(f"Warning: {active.error.message} {active.error.hint}", err=True)


@click.command(epilog="Example: stackyard stack get")
@json_option
def get(as_json: bool) -> None:
    """Print the active stack and who chose it."""
    active = stacks.active_stack(open_context())
    if active.error:
        raise ActiveStackGoneError(active.error.message, hint=active.error.hint)
    if as_json:
        print_json(active)
        return
    click.echo(f"The active stack is {active.name!r} ({active.origin_text}).")


@click.command(epilog="Example: stackyard stack describe my_stack")
@click.argument("name", required=False, shell_complete=stack_names)
@json_option
def describe(name: str | None, as_json: bool) -> None:
    """Show a stack with its components: the active one, or NAME (a name or the beginning of an id)."""
    view = stacks.get_stack(open_context(), name)
    if as_json:
        print_json(view)
        return
    show_stack(view)
    if not view.active:
        click.echo(f"Switch to it with: stackyard stack set {view.name}", err=True)


@click.command("set", epilog="Example: stackyard stack set my_stack --global")
@click.argument("name", shell_complete=stack_names)
@click.option("--global", "is_global", is_flag=True, help="For this user instead of the project.")
@json_option
def set_(name: str, is_global: bool, as_json: bool) -> None:
    """Make NAME the active stack, for the project around the working folder if there is one, else for the user."""
    active = stacks.set_active_stack(open_context(), name, "home" if is_global else "auto")
    if as_json:
        print_json(active)
        return
    tell_active(active)


def tell_active(active: ActiveStackView) -> None:
    """Tell which stack is the active one after a switch."""
    if active.warning:
        click.echo(f"Warning: {active.warning}", err=True)
    click.echo(f"The active stack is {active.name!r} ({active.origin_text}).")


def show_stack(view: StackView) -> None:
    """Print a stack with its components."""
    facts = [("Active", f"yes, {view.origin_text}" if view.active else "no"), ("Id", view.id)]
    facts.append(("Owner", view.owner or "built in"))
    if view.created_at:
        facts.append(("Created", show_time(view.created_at)))
    facts.extend((f"Label {key}", value) for key, value in sorted(view.labels.items()))
    print_facts(f"Stack {view.name}", facts)
    click.echo()
    rows = []
    for component in view.components:
        given = [f"{key}={show_value(value)}" for key, value in component.configuration.items() if value is not None]
        rows.append([component.component_type.title, component.name, component.flavor, ", ".join(given)])
    print_table(["COMPONENT TYPE", "NAME", "FLAVOR", "CONFIGURATION"], rows)
