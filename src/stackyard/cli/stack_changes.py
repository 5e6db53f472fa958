"""The commands of ``stackyard stack`` that change something: register, update, rename, copy, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from stackyard.api import stack_changes, stacks
from stackyard.api.context import open_context
from stackyard.api.lookup import shell_word
from stackyard.cli.attributes import label_option, parse_labels
from stackyard.cli.completion import component_names, stack_names
from stackyard.cli.confirm import confirm
from stackyard.cli.output import json_option, print_done, print_json
from stackyard.cli.stack import tell_active
from stackyard.model.basic_views import StackView
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType
from stackyard.model.stack import DEFAULT_IDS

F = TypeVar("F", bound=Callable[..., Any])

SHORT_OPTIONS = {
    ComponentType.ORCHESTRATOR: "-o",
    ComponentType.ARTIFACT_STORE: "-a",
    ComponentType.CONTAINER_REGISTRY: "-c",
    ComponentType.STEP_OPERATOR: "-s",
    ComponentType.EXPERIMENT_TRACKER: "-e",
    ComponentType.MODEL_DEPLOYER: "-d",
    ComponentType.MODEL_REGISTRY: "-r",
    ComponentType.FEATURE_STORE: "-f",
    ComponentType.DATA_VALIDATOR: "-dv",
    ComponentType.ALERTER: "-al",
    ComponentType.ANNOTATOR: "-an",
    ComponentType.IMAGE_BUILDER: "-i",
}


def _names(component_type: ComponentType) -> list[str]:
    short = SHORT_OPTIONS.get(component_type)
    return [f"--{component_type.command}"] if short is None else [short, f"--{component_type.command}"]


def component_options(command: F) -> F:
    """Add an option for each component type; the command gets each as a name or None."""
    for component_type in reversed(ComponentType):
        command = click.option(
            *_names(component_type),
            component_type.value,
            metavar="NAME",
            shell_complete=component_names(component_type),
            help=f"Name or id of the {component_type.title}.",
        )(command)
    return command


def component_flags(command: F) -> F:
    """Add a flag for each component type; those that every stack needs are there to be refused in words."""
    for component_type in reversed(ComponentType):
        command = click.option(
            *_names(component_type),
            component_type.value,
            is_flag=True,
            hidden=component_type in REQUIRED_COMPONENT_TYPES,
            help=f"The {component_type.title}.",
        )(command)
    return command


@click.command(epilog="Example: stackyard stack register my_stack -o default -a my_artifact_store --set")
@click.argument("name")
@component_options
@label_option("A label; may be repeated.")
@click.option("--set", "activate", is_flag=True, help="Make it the active stack as well.")
@json_option
def register(name: str, label: tuple[str, ...], activate: bool, as_json: bool, **chosen: str | None) -> None:
    """Register the stack NAME from components that exist."""
    ctx = open_context()
    view = stacks.register_stack(ctx, name, _given(chosen), parse_labels(label))
    active = stacks.set_active_stack(ctx, view.id) if activate else None
    if as_json:
        print_json(stacks.get_stack(ctx, view.id))
        return
    click.echo(f"Stack {view.name!r} registered.")
    if active:
        tell_active(active)
    else:
        click.echo(f"Switch to it with: stackyard stack set {shell_word(view.name)}", err=True)


@click.command(epilog="Example: stackyard stack update my_stack --experiment-tracker my_tracker")
@click.argument("name", required=False, shell_complete=stack_names)
@component_options
@label_option("A label to set; may be repeated.")
@json_option
def update(name: str | None, label: tuple[str, ...], as_json: bool, **chosen: str | None) -> None:
    """Give a stack other components or labels: NAME, or the active one. What is not named stays as it is."""
    ctx = open_context()
    target = name or stacks.get_stack(ctx).name
    view = stack_changes.update_stack(ctx, target, _given(chosen), parse_labels(label))
    print_done(view, f"Stack {view.name!r} updated.", as_json)


@click.command("remove-component", epilog="Example: stackyard stack remove-component my_stack --experiment-tracker")
@click.argument("name", required=False, shell_complete=stack_names)
@component_flags
@json_option
def remove_component(name: str | None, as_json: bool, **chosen: bool) -> None:
    """Take components out of a stack: NAME, or the active one. The components themselves stay."""
    ctx = open_context()
    target = name or stacks.get_stack(ctx).name
    types = [ComponentType(key) for key, wanted in chosen.items() if wanted]
    view = stack_changes.remove_stack_components(ctx, target, types)
    print_done(view, f"Stack {view.name!r} updated.", as_json)


@click.command(epilog="Example: stackyard stack rename my_stack another_name")
@click.argument("name", shell_complete=stack_names)
@click.argument("new_name")
@json_option
def rename(name: str, new_name: str, as_json: bool) -> None:
    """Rename the stack NAME; where it is the active one it stays that."""
    ctx = open_context()
    before = stacks.get_stack(ctx, name)
    view = stack_changes.rename_stack(ctx, before.id, new_name)
    print_done(view, f"Stack {before.name!r} is now called {view.name!r}.", as_json)


@click.command(epilog="Example: stackyard stack copy default my_stack")
@click.argument("name", shell_complete=stack_names)
@click.argument("new_name")
@json_option
def copy(name: str, new_name: str, as_json: bool) -> None:
    """Copy the stack NAME: a second one of the same components."""
    ctx = open_context()
    before = stacks.get_stack(ctx, name)
    view = stack_changes.copy_stack(ctx, before.id, new_name)
    print_done(view, f"Stack {view.name!r} made as a copy of {before.name!r}.", as_json)
    if not as_json:
        click.echo(f"Switch to it with: stackyard stack set {shell_word(view.name)}", err=True)


@click.command(epilog="Example: stackyard stack delete my_stack --yes")
@click.argument("name", shell_complete=stack_names)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("-r", "--recursive", is_flag=True, help="Delete its components too, those that no other stack uses.")
@json_option
def delete(name: str, yes: bool, recursive: bool, as_json: bool) -> None:
    """Delete the stack NAME. Runs and artifacts are not touched, components only with --recursive."""
    ctx = open_context()
    view = stacks.get_stack(ctx, name)
    going = _only_here(view) if recursive else []
    too = f" and its {', '.join(going)}" if going else ""
    # The active and the default stack will be refused: no need to ask first.
    confirm(f"Delete the stack {view.name!r}{too}?", yes=yes or view.active or view.id in DEFAULT_IDS)
    view = stack_changes.delete_stack(ctx, view.id, recursive=recursive)
    print_done(view, f"Stack {view.name!r}{too} deleted.", as_json)


def _given(chosen: dict[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in chosen.items() if value is not None}


def _only_here(view: StackView) -> list[str]:
    return [
        f"{c.component_type.title} {c.name!r}"
        for c in view.components
        if c.stacks == [view.name] and c.id not in DEFAULT_IDS
    ]
