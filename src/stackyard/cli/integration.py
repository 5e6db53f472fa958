"""``stackyard integration``."""

from __future__ import annotations

import click

from stackyard.api import integrations
from stackyard.cli.completion import integration_names
from stackyard.cli.confirm import confirm
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, list_options
from stackyard.cli.output import json_option, list_document, print_json
from stackyard.model.errors import UsageError
from stackyard.model.stack_views import IntegrationView

yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


INTEGRATIONS = Listing[IntegrationView](
    "integration",
    columns=[
        Column("name", lambda v: v.name),
        Column("installed", lambda v: "yes" if v.installed else "no"),
        Column("requirements", lambda v: ", ".join(v.requirements), yields=1),
        Column("purpose", lambda v: v.doc, prose=True),
        Column("missing", lambda v: ", ".join(v.missing), usual=False),
    ],
    filters=[
        Filter("name", lambda v: [v.name], NAME_HELP),
        Filter("requirement", lambda v: v.requirements, "Only those that need such a package."),
    ],
)


@click.group(cls=LazyGroup, epilog="Example: stackyard integration install mlflow --yes")
def integration() -> None:
    """List, install and uninstall the packages that flavors and materializers need."""


@integration.command("list", epilog="Example: stackyard integration list --columns name,missing")
@list_options(INTEGRATIONS)
def list_(request: Request[IntegrationView]) -> None:
    """List all integrations and whether they are installed here."""
    request.show(request.apply(integrations.list_integrations()))


@integration.command(
    short_help="Print the requirements of integrations.", epilog="Example: stackyard integration requirements mlflow"
)
@click.argument("names", nargs=-1, shell_complete=integration_names)
@json_option
def requirements(names: tuple[str, ...], as_json: bool) -> None:
    """Print the requirements of integrations, one a line, as pip takes them; without NAMES those of all."""
    found = [integrations.get_integration(name) for name in names] or integrations.list_integrations()
    if as_json:
        print_json(list_document(found))
        return
    for requirement in sorted({r for view in found for r in view.requirements}):
        click.echo(requirement)


@integration.command(
    short_help="Install integrations into this environment.",
    epilog="Examples: stackyard integration install mlflow   ·   stackyard integration install pandas sklearn --yes",
)
@click.argument("names", nargs=-1, required=True, shell_complete=integration_names)
@yes_option
@json_option
def install(names: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Install integrations into this environment, with uv where it is found, else with pip."""
    views = [integrations.get_integration(name) for name in names]
    needed = list(dict.fromkeys(r for view in views for r in view.missing))
    if needed:
        confirm(f"Install {', '.join(needed)}?", yes=yes)
        click.echo(f"Installing {', '.join(needed)} ...", err=True)
    found = integrations.install(names, _tell)
    if as_json:
        print_json(list_document(found))
        return
    for view in found:
        already = "" if needed else " already"
        click.echo(f"{view.name} is installed{already}: {_versions(view)}.")


@integration.command(
    short_help="Uninstall the packages of integrations.", epilog="Example: stackyard integration uninstall mlflow --yes"
)
@click.argument("names", nargs=-1, required=True, shell_complete=integration_names)
@yes_option
@json_option
def uninstall(names: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Uninstall the packages of integrations; what other installed packages need is kept."""
    going, kept = integrations.removable(names)
    for name, users in kept.items():
        shown = ", ".join(users[:3]) + (" and others" if len(users) > 3 else "")
        click.echo(f"{name} stays: {shown} {'needs' if len(users) == 1 else 'need'} it.", err=True)
    if going:
        confirm(f"Uninstall {', '.join(going)}?", yes=yes)
    removed = integrations.uninstall(names, _tell)
    if as_json:
        print_json({"removed": removed, "kept": kept})
        return
    click.echo(f"Removed {', '.join(removed)}." if removed else "There is nothing to remove.")


def _tell(line: str) -> None:
    click.echo(f"  {line}", err=True)


def _versions(view: IntegrationView) -> str:
    if view.missing:  # the installer was content, and yet something is not there
        raise UsageError(f"{view.name} still lacks {', '.join(view.missing)}.", hint="Look at the output above.")
    return ", ".join(f"{name} {version}" for name, version in view.versions.items())
