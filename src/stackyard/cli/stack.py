"""``stackyard stack``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stackyard.api import stacks
from stackyard.api.context import open_context
from stackyard.cli.output import json_option, list_document, print_facts, print_json, print_table, short_id, use_colour
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType
from stackyard.model.errors import ActiveStackGoneError

if TYPE_CHECKING:
    from stackyard.model.views import ActiveStackView, StackView


@click.group(epilog="Example: stackyard stack set my_stack")
def stack() -> None:
    """Switch, list, describe and register stacks."""


@stack.command("list", epilog="Example: stackyard stack list --json")
@json_option
def list_(as_json: bool) -> None:
    """List all stacks, the active one first."""
    ctx = open_context()
    found = stacks.list_stacks(ctx)
    if as_json:
        print_json(list_document(found))
        return
    types = [t for t in ComponentType if any(c.component_type is t for s in found for c in s.components)]
    types = list(dict.fromkeys([*REQUIRED_COMPONENT_TYPES, *types]))
    rows = []
    for view in found:
        names = {c.component_type: c.name for c in view.components}
        shared = "yes" if view.shared else "no"
        rows.append(
            ["*" if view.active else "", view.name, short_id(view.id), shared, view.owner or "-"]
            + [names.get(t, "-") for t in types]
        )
    print_table(["ACTIVE", "NAME", "ID", "SHARED", "OWNER", *(t.title.upper() for t in types)], rows)
    active = stacks.active_stack(ctx)
    if active.error:
        click.echo(f"Warning: {active.error.message} {active.error.hint}", err=True)


@stack.command(epilog="Example: stackyard stack get")
@json_option
def get(as_json: bool) -> None:
    """Print the active stack and who chose it."""
    active = stacks.active_stack(open_context())
    _raise_if_gone(active)
    if as_json:
        print_json(active)
        return
    click.echo(f"The active stack is {active.name!r} ({active.origin_text}).")


@stack.command(epilog="Example: stackyard stack describe my_stack")
@click.argument("name", required=False)
@json_option
def describe(name: str | None, as_json: bool) -> None:
    """Show a stack with its components: the active one, or NAME (a name or the beginning of an id)."""
    view = stacks.get_stack(open_context(), name)
    if as_json:
        print_json(view)
        return
    _describe(view)


@stack.command("set", epilog="Example: stackyard stack set my_stack --global")
@click.argument("name")
@click.option("--global", "is_global", is_flag=True, help="For this user instead of the project.")
@json_option
def set_(name: str, is_global: bool, as_json: bool) -> None:
    """Make NAME the active stack, for the project around the working folder if there is one, else for the user."""
    active = stacks.set_active_stack(open_context(), name, "home" if is_global else "auto")
    if as_json:
        print_json(active)
        return
    if active.warning:
        click.echo(f"Warning: {active.warning}", err=True)
    click.echo(f"The active stack is {active.name!r} ({active.origin_text}).")


@stack.command(epilog="Example: stackyard stack register my_stack -o default -a my_artifact_store --set")
@click.argument("name")
@click.option("-o", "--orchestrator", help="Name or id of the orchestrator.")
@click.option("-a", "--artifact-store", "artifact_store", help="Name or id of the artifact store.")
@click.option("--set", "activate", is_flag=True, help="Make it the active stack as well.")
@json_option
def register(name: str, orchestrator: str | None, artifact_store: str | None, activate: bool, as_json: bool) -> None:
    """Register the stack NAME from components that exist."""
    ctx = open_context()
    given = {ComponentType.ORCHESTRATOR.value: orchestrator, ComponentType.ARTIFACT_STORE.value: artifact_store}
    view = stacks.register_stack(ctx, name, {key: value for key, value in given.items() if value})
    active = stacks.set_active_stack(ctx, view.id) if activate else None
    if as_json:
        print_json(stacks.get_stack(ctx, view.id))
        return
    click.echo(f"Stack {view.name!r} registered.")
    if active:
        if active.warning:
            click.echo(f"Warning: {active.warning}", err=True)
        click.echo(f"The active stack is {active.name!r} ({active.origin_text}).")
    else:
        click.echo(f"Switch to it with: stackyard stack set {view.name}", err=True)


def _describe(view: StackView) -> None:
    facts = [("Active", f"yes, {view.origin_text}" if view.active else "no"), ("Id", view.id)]
    facts.append(("Owner", view.owner or "built in"))
    facts.extend((f"Label {key}", value) for key, value in sorted(view.labels.items()))
    print_facts(f"Stack {view.name}", facts)
    click.echo()
    rows = []
    for component in view.components:
        details = ", ".join(f"{key}={value}" for key, value in component.configuration.items() if value is not None)
        rows.append([component.component_type.title, component.name, component.flavor, details])
    print_table(["COMPONENT TYPE", "NAME", "FLAVOR", "CONFIGURATION"], rows)
    if not view.active:
        hint = f"Switch to it with: stackyard stack set {view.name}"
        click.echo(click.style(hint, dim=True) if use_colour() else hint, err=True)


def _raise_if_gone(active: ActiveStackView) -> None:
    if active.error:
        raise ActiveStackGoneError(active.error.message, hint=active.error.hint)
