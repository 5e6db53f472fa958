"""``stackyard stack``: its commands, and those that read or switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stackyard.api import stacks
from stackyard.api.context import open_context
from stackyard.api.lookup import shell_word
from stackyard.cli.completion import stack_names
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.output import json_option, print_facts, print_json, print_table
from stackyard.cli.text import show_time, show_value
from stackyard.model.errors import ActiveStackGoneError

if TYPE_CHECKING:
    from stackyard.model.views import ActiveStackView, StackView

stack = LazyGroup(
    "stack",
    help="Switch, list, describe, register and change stacks.",
    epilog="Example: stackyard stack set my_stack",
    table={
        "list": ("stackyard.cli.stack_list:list_", "List all stacks."),
        "get": ("stackyard.cli.stack:get", "Print the active stack and who chose it."),
        "set": ("stackyard.cli.stack:set_", "Make a stack the active one."),
        "describe": ("stackyard.cli.stack:describe", "Show a stack with its components."),
        "register": ("stackyard.cli.stack_changes:register", "Register a stack."),
        "update": ("stackyard.cli.stack_changes:update", "Give a stack other components or labels."),
        "remove-component": ("stackyard.cli.stack_changes:remove_component", "Take components out of a stack."),
        "rename": ("stackyard.cli.stack_changes:rename", "Rename a stack."),
        "copy": ("stackyard.cli.stack_changes:copy", "Copy a stack."),
        "delete": ("stackyard.cli.stack_changes:delete", "Delete a stack."),
        "check": ("stackyard.cli.doctor:stack_check", "Tell whether a stack can be used."),
        "apply": ("stackyard.cli.stack_file:apply", "Bring stacks and components to what stackyard.yaml says."),
        "export": ("stackyard.cli.stack_file:export", "Write stacks as stackyard.yaml has them."),
        "import": ("stackyard.cli.stack_file:import_", "Register the stacks of a file."),
        "export-requirements": ("stackyard.cli.stack_file:export_requirements", "Write what must be installed."),
    },
)


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
        click.echo(f"Switch to it with: stackyard stack set {shell_word(view.name)}", err=True)


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
