"""``stackyard stack apply``, ``export``, ``import`` and ``export-requirements``, and ``stackyard schema``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from typing import Literal

import click

from stackyard.api import plan, stack_export
from stackyard.api.context import Context, open_context
from stackyard.api.hover import show_value
from stackyard.api.lookup import shell_word
from stackyard.cli.completion import stack_names
from stackyard.cli.confirm import confirm
from stackyard.cli.output import json_option, print_json
from stackyard.cli.secret_warning import warn_of_missing_secrets
from stackyard.cli.text import use_colour
from stackyard.model.errors import DriftError
from stackyard.model.stack_views import PlanItemView, PlanView

Action = Literal["create", "change", "leave", "remove"]

_SIGNS = {"create": ("+", "green"), "change": ("~", "yellow"), "remove": ("-", "red")}
_DONE: Mapping[Action, str] = {"create": "created", "change": "changed", "remove": "removed", "leave": "unchanged"}
_TO_DO: Mapping[Action, str] = {
    "create": "to create",
    "change": "to change",
    "remove": "to remove",
    "leave": "unchanged",
}

_yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
_force_option = click.option("--force", "--overwrite", "force", is_flag=True, help="Overwrite FILE.")


@click.command(epilog="Examples: stackyard stack apply --check   ·   stackyard stack apply team.yaml --yes")
@click.argument("file", required=False, type=click.Path())
@click.option("--prune", is_flag=True, help="Also remove what this file made earlier and no longer names.")
@click.option("--check", is_flag=True, help="Change nothing; exit code 5 when there is something to do.")
@_yes_option
@json_option
def apply(file: str | None, *, prune: bool, check: bool, yes: bool, as_json: bool) -> int:
    """Make the registry what FILE says: by default the project's stackyard.yaml.

    Shows what would be created and changed, asks, and does all of it or nothing. What was registered by hand or by
    another project under the same name is changed to what FILE says and is never removed: --prune removes only what
    this project's stackyard.yaml made itself, and nothing that a stack still uses.
    """
    ctx = open_context()
    view = plan.plan_file(ctx, file, prune)
    if check:
        return _check(view, file, prune=prune, as_json=as_json)
    if view.drift:
        _show(view, err=as_json)
        confirm("Apply this?", yes=yes)
        done = plan.apply_file(ctx, file, prune)
        _tell_if_different(view, done)
        view = done
    else:
        view.applied = True
    _report(ctx, view, as_json=as_json)
    return 0


@click.command("import", epilog="Example: stackyard stack import team.yaml --name my_stack --yes")
@click.argument("file", type=click.Path())
@click.option("--name", help="Name for the file's only stack, instead of its own.")
@click.option("-f", "--filename", hidden=True, help="The file; the name of the stack stands before, as ZenML has it.")
@_yes_option
@json_option
def import_(file: str, name: str | None, filename: str | None, *, yes: bool, as_json: bool) -> None:
    """Register the stacks and components of FILE, as stack export writes it.

    What is there and equal stays; a name that something else has is refused.
    """
    if filename:
        file, name = filename, name or file
    ctx = open_context()
    view = plan.plan_import(ctx, file, name)
    if view.drift:
        _show(view, err=as_json)
        confirm("Import this?", yes=yes)
    done = plan.import_file(ctx, file, name)
    _tell_if_different(view, done)
    _report(ctx, done, as_json=as_json)


@click.command(epilog="Example: stackyard stack export my_stack -o my_stack.yaml")
@click.argument("names", nargs=-1, shell_complete=stack_names)
@click.option("-o", "--output-file", "target", metavar="FILE", help="Write to FILE instead of the terminal.")
@_force_option
@json_option
def export(names: tuple[str, ...], target: str | None, *, force: bool, as_json: bool) -> None:
    """Print the stacks NAMES with their components as a file for stack apply and stack import.

    Without NAMES: all stacks but default, which every home has. Secrets are named, never their values.
    """
    if target is None and len(names) == 2 and names[1].endswith((".yaml", ".yml")):
        target, names = names[-1], names[:1]  # as ZenML has it
    ctx = open_context()
    document = stack_export.stack_document(ctx, names)
    n_stacks = len(document.get("stacks", {}))
    for name, word in stack_export.left_out(ctx, names):
        click.echo(f"Warning: the {word} of the stack {name!r} is left out: only a newer Stackyard knows it.", err=True)
    if target:
        path = stack_export.write_file(target, stack_export.as_yaml(document), force=force)
        if as_json:
            print_json({"file": str(path), "stacks": list(document.get("stacks", {}))})
        else:
            click.echo(f"{n_stacks} stack{'' if n_stacks == 1 else 's'} written to {path}.")
        return
    if not n_stacks:
        click.echo("There is no stack besides default yet.", err=True)
    if as_json:
        print_json(document)
    else:
        click.echo(stack_export.as_yaml(document), nl=False)


@click.command(
    "export-requirements", epilog="Example: stackyard stack export-requirements my_stack -o requirements.txt"
)
@click.argument("name", required=False, shell_complete=stack_names)
@click.option("-o", "--output-file", "target", metavar="FILE", help="Write to FILE instead of the terminal.")
@_force_option
@json_option
def export_requirements(name: str | None, target: str | None, *, force: bool, as_json: bool) -> None:
    """Print what the stack NAME needs installed, one requirement a line, as pip takes it; by default the active one."""
    found = stack_export.stack_requirements(open_context(), name)
    text = "".join(f"{requirement}\n" for requirement in found)
    path = stack_export.write_file(target, text, force=force) if target else None
    if not found:
        click.echo("The stack needs nothing besides stackyard.", err=True)
    if as_json:
        print_json({"items": found, "total": len(found), "next": None})
    elif path:
        click.echo(f"{len(found)} requirement{'' if len(found) == 1 else 's'} written to {path}.")
    else:
        click.echo(text, nl=False)


@click.command(epilog="Example: stackyard schema > stackyard.schema.json")
@click.option("--run-configuration", is_flag=True, help="Of run configurations instead of stackyard.yaml.")
@json_option
def schema(*, run_configuration: bool, as_json: bool) -> None:  # noqa: ARG001  # a schema is JSON in any case
    """Print the JSON schema of stackyard.yaml with the flavors that are known here, for editors and other checks."""
    if run_configuration:
        from stackyard.api.configuration_schema import run_configuration_schema  # noqa: PLC0415  # needed here only

        print_json(run_configuration_schema(open_context()))
        return
    print_json(stack_export.project_schema(open_context()))


def _check(view: PlanView, file: str | None, *, prune: bool, as_json: bool) -> int:
    if as_json:
        print_json(view)
        return DriftError.exit_code if view.drift else 0
    if not view.drift:
        _report(None, view, as_json=False)
        return 0
    _show(view, err=False)
    words = ["stackyard stack apply", *([shell_word(file)] if file else []), *(["--prune"] if prune else [])]
    raise DriftError(
        f"The registry differs from {view.file}: {_count(view, _TO_DO)}.", hint=f"Apply it with: {' '.join(words)}"
    )


def _show(view: PlanView, *, err: bool) -> None:
    """Print what would be done, a line each."""
    colour = use_colour(sys.stderr if err else sys.stdout)

    def line(text: str, color: str | None = None) -> None:
        click.echo(click.style(text, fg=color) if colour and color else text, err=err)

    line(f"{view.file}:")
    for item in view.items:
        if item.action == "leave":
            continue
        sign, color = _SIGNS[item.action]
        line(f"  {sign} {_what(item)}", color)
        for field, (now, after) in item.changes.items():
            line(f"      {field}: {show_value(now)} -> {show_value(after)}")
    line(f"{_count(view, _TO_DO)}.")


def _report(ctx: Context | None, view: PlanView, *, as_json: bool) -> None:
    """Print what was done, and what comes next."""
    if as_json:
        print_json(view)
        return
    if not view.drift:
        click.echo(f"Nothing to do: the registry is what {view.file} says.")
        return
    click.echo(f"Done: {_count(view, _DONE)}.")
    if ctx is None:
        return
    warn_of_missing_secrets(ctx, plan.missing_secrets(ctx, view))
    created = [item.name for item in view.items if item.kind == "stack" and item.action == "create"]
    if created:
        click.echo(f"Switch to it with: stackyard stack set {shell_word(created[0])}", err=True)


def _tell_if_different(planned: PlanView, done: PlanView) -> None:
    if planned.items != done.items:
        click.echo("The registry or the file changed meanwhile. This was done:", err=True)
        _show(done, err=True)


def _count(view: PlanView, words: Mapping[Action, str]) -> str:
    numbers = Counter(item.action for item in view.items)
    return ", ".join(f"{numbers[action]} {word}" for action, word in words.items() if numbers[action])


def _what(item: PlanItemView) -> str:
    return f"{item.component_type.title if item.component_type else 'stack'} {item.name}"
