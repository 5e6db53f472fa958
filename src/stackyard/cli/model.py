"""``stackyard model``: what runs worked on, version by version. Commands of versions are in ``model_version``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from stackyard.api import models
from stackyard.api.context import open_context
from stackyard.cli.completion import model_names
from stackyard.cli.confirm import confirm
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, list_options
from stackyard.cli.output import json_option, print_done, print_facts, print_json, print_table
from stackyard.cli.progress_text import ICONS
from stackyard.cli.text import short_id, show_time, show_value
from stackyard.model.model_views import ModelArtifactView, ModelRunView, ModelVersionView, ModelView

F = TypeVar("F", bound=Callable[..., Any])
SHOWN_VERSIONS = 10
TEXTS = {
    "description": "What it is.",
    "license": "Under which it may be used.",
    "audience": "For whom it is.",
    "use_cases": "What it is good for.",
    "limitations": "What it can't.",
    "trade_offs": "What was given up for what.",
    "ethics": "What is to be thought of.",
}
_OLD_NAMES = {"trade_offs": "--tradeoffs", "ethics": "--ethical"}
"""ZenML's names of options."""
ALL_PROJECTS = click.option("--all-projects", is_flag=True, help="Not only the project around the working folder.")
CURSOR = click.option("--cursor", help="Go on after an earlier page ('next' of its JSON).")
TAG_HELP = "Only those with this tag."

MODELS = Listing[ModelView](
    "model",
    columns=[
        Column("name", lambda v: v.name),
        Column("latest", lambda v: v.latest_version or None),
        Column("versions", lambda v: v.n_versions, yields=1),
        Column("staging", lambda v: v.stages.get("staging")),
        Column("production", lambda v: v.stages.get("production")),
        Column("tags", lambda v: ", ".join(v.tags), yields=3, usual=lambda found: any(v.tags for v in found)),
        Column("created", lambda v: v.created_at, lambda v: show_time(v.created_at), yields=2),
        Column("license", lambda v: v.license, usual=False),
        Column("description", lambda v: v.description, usual=False, prose=True),
        Column("id", lambda v: v.id, lambda v: short_id(v.id), usual=False),
    ],
    filters=[
        Filter("name", lambda v: [v.name], NAME_HELP),
        Filter("tag", lambda v: v.tags, TAG_HELP, plain="equals"),
        Filter("id", lambda v: [v.id], "Only ids that begin so.", plain="startswith"),
    ],
    page=50,
)
ARTIFACTS = Listing[ModelArtifactView](
    "artifact version",
    columns=[
        Column("name", lambda v: v.artifact_name),
        Column("version", lambda v: v.version),
        Column("kind", lambda v: v.artifact_type or "data"),
        Column("type", lambda v: v.type),
        Column("step", lambda v: v.step, yields=1),
        Column("id", lambda v: v.artifact_version_id, lambda v: short_id(v.artifact_version_id), yields=2),
    ],
    filters=[
        Filter("name", lambda v: [v.artifact_name], NAME_HELP),
        Filter("kind", lambda v: [v.artifact_type or "data"], "Only model, data or deployment.", "equals", "type"),
    ],
    page=50,
)
RUNS = Listing[ModelRunView](
    "run",
    columns=[
        Column("name", lambda v: v.name),
        Column("status", lambda v: v.status.value, lambda v: f"{ICONS.get(v.status, '·')} {v.status}"),
        Column("started", lambda v: v.created_at, lambda v: show_time(v.created_at), yields=1),
        Column("id", lambda v: v.run_id, lambda v: short_id(v.run_id), yields=2),
    ],
    filters=[
        Filter("name", lambda v: [v.name], NAME_HELP),
        Filter("status", lambda v: [v.status.value], "Only runs with this status."),
    ],
    page=20,
)

name_argument = click.argument("name", shell_complete=model_names)
version_option = click.option(
    "--version", "--model-version", "version", default="latest", show_default=True,
    help="Number, name or stage of the version.",
)  # fmt: skip
tag_option = click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag to put on it; may be repeated.")
remove_tag_option = click.option(
    "--remove-tag", "removed", multiple=True, metavar="TAG", help="A tag to take from it; may be repeated."
)
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


def text_options(command: F) -> F:
    """Add what a model says of itself; the command gets each as a text or None."""
    for text, sentence in reversed(TEXTS.items()):
        names = [f"--{text.replace('_', '-')}", *([_OLD_NAMES[text]] if text in _OLD_NAMES else [])]
        command = click.option(*names, text, metavar="TEXT", help=sentence)(command)
    return command


@click.group(
    cls=LazyGroup,
    table={
        "list": ("stackyard.cli.model:list_", "List models by name."),
        "show": ("stackyard.cli.model:show", "Show a model with its newest versions."),
        "register": ("stackyard.cli.model:register", "Register a model."),
        "update": ("stackyard.cli.model:update", "Rename a model, or change what it says of itself."),
        "delete": ("stackyard.cli.model:delete", "Delete a model with its versions."),
        "version": ("stackyard.cli.model_version:version", "List, show, change, promote and delete versions."),
        "artifacts": ("stackyard.cli.model:artifacts", "List the artifact versions of a model version."),
        "runs": ("stackyard.cli.model:runs", "List the runs that worked on a model version."),
    },
    epilog="Example: stackyard model version promote churn latest production",
)
def model() -> None:
    """What runs worked on: versions, stages, and the artifacts and runs that belong to them.

    Runs of @pipeline(model=Model(name="churn")) make the model and a version each.
    """


@click.command("list", epilog="Example: stackyard model list --tag nightly --sort desc:created")
@CURSOR
@ALL_PROJECTS
@list_options(MODELS)
def list_(request: Request[ModelView], cursor: str | None, all_projects: bool) -> None:
    """List models by name."""
    ctx = open_context()
    request.show_page(
        lambda size, after: models.list_models(ctx, limit=size, cursor=after, all_projects=all_projects),
        cursor=cursor,
        none="No models yet. Runs of @pipeline(model=...) make them, or: stackyard model register NAME",
    )


@click.command(epilog="Example: stackyard model show churn")
@name_argument
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the model NAME (or the one whose id begins so) with its newest versions."""
    ctx = open_context()
    view = models.get_model(ctx, name)
    if as_json:
        print_json(view)
        return
    facts = [(text.replace("_", " ").capitalize(), getattr(view, text)) for text in TEXTS if getattr(view, text)]
    facts.extend((stage.capitalize(), f"version {number}") for stage, number in view.stages.items())
    if view.tags:
        facts.append(("Tags", ", ".join(view.tags)))
    facts.extend((key, show_value(value)) for key, value in view.metadata.items())
    facts += [("Created", show_time(view.created_at)), ("Id", view.id)]
    print_facts(f"Model {view.name}", facts)
    page = models.list_versions(ctx, view.id, limit=SHOWN_VERSIONS)
    if not page.items:
        return
    click.echo()
    print_table(["VERSION", "STAGE", "ARTIFACTS", "RUNS", "CREATED"], [_version_row(v) for v in page.items])
    if page.total > len(page.items):
        click.echo(f"{len(page.items)} of {page.total}. More with: stackyard model version list {view.name}", err=True)


@click.command(epilog='Example: stackyard model register churn --license MIT --description "Who will leave us."')
@click.argument("name", required=False)
@click.option("-n", "--name", "given", metavar="NAME", help="The same as NAME.")
@text_options
@tag_option
@json_option
def register(name: str | None, given: str | None, tags: tuple[str, ...], as_json: bool, **texts: str | None) -> None:
    """Register the model NAME. Runs that name it make its versions."""
    wanted = name or given
    if not wanted:
        raise click.UsageError("Missing argument 'NAME'.")
    view = models.create_model(open_context(), wanted, _given(texts), tags)
    print_done(view, f"Model {view.name!r} registered.", as_json)


@click.command(epilog="Example: stackyard model update churn --license GPL --tag nightly --remove-tag draft")
@name_argument
@click.option("-n", "--name", "new_name", metavar="NAME", help="Its new name.")
@text_options
@tag_option
@remove_tag_option
@json_option
def update(
    name: str, new_name: str | None, tags: tuple[str, ...], removed: tuple[str, ...], as_json: bool,
    **texts: str | None,
) -> None:  # fmt: skip
    """Rename the model NAME, or change what it says of itself; what is not named stays as it is."""
    view = models.update_model(open_context(), name, name=new_name, texts=_given(texts), tags=tags, remove=removed)
    print_done(view, f"Model {view.name!r} updated.", as_json)


@click.command(epilog="Example: stackyard model delete churn --yes")
@name_argument
@yes_option
@json_option
def delete(name: str, yes: bool, as_json: bool) -> None:
    """Delete the model NAME with its versions. Linked runs and artifact versions stay."""
    ctx = open_context()
    view = models.get_model(ctx, name)
    count = f"{view.n_versions} version{'' if view.n_versions == 1 else 's'}"
    confirm(f"Delete the model {view.name!r} with {count}? Its runs and artifact versions stay.", yes=yes)
    models.delete_model(ctx, view.id)
    print_done(view, f"Model {view.name!r} deleted.", as_json)


@click.command(epilog="Example: stackyard model artifacts churn --version production --kind model")
@name_argument
@version_option
@CURSOR
@list_options(ARTIFACTS)
def artifacts(request: Request[ModelArtifactView], name: str, version: str, cursor: str | None) -> None:
    """List the artifact versions that belong to a version of the model NAME, newest first."""
    ctx = open_context()
    found = models.get_version(ctx, name, version)
    request.show_page(
        lambda size, after: models.list_artifacts(ctx, found.id, limit=size, cursor=after),
        cursor=cursor,
        none=f"Version {found.number} of the model {found.model!r} has no artifacts.",
    )


@click.command(epilog="Example: stackyard model runs churn --version 3")
@name_argument
@version_option
@CURSOR
@list_options(RUNS)
def runs(request: Request[ModelRunView], name: str, version: str, cursor: str | None) -> None:
    """List the runs that worked on a version of the model NAME, newest first."""
    ctx = open_context()
    found = models.get_version(ctx, name, version)
    request.show_page(
        lambda size, after: models.list_runs(ctx, found.id, limit=size, cursor=after),
        cursor=cursor,
        none=f"No run worked on version {found.number} of the model {found.model!r}.",
    )


def version_name(view: ModelVersionView) -> str:
    """Return a version as people call it: its number, and its name if it has one."""
    return f"{view.number} ({view.name})" if view.name else str(view.number)


def _version_row(view: ModelVersionView) -> list[str]:
    return [
        version_name(view), view.stage or "-", str(view.n_artifacts), str(view.n_runs), show_time(view.created_at),
    ]  # fmt: skip


def _given(texts: dict[str, str | None]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if text is not None}
