"""``stackyard model version``."""

from __future__ import annotations

import click

from stackyard.api import models
from stackyard.api.context import open_context
from stackyard.cli.completion import model_names
from stackyard.cli.confirm import confirm
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, list_options
from stackyard.cli.model import (
    ALL_PROJECTS,
    CURSOR,
    TAG_HELP,
    name_argument,
    remove_tag_option,
    tag_option,
    version_name,
    yes_option,
)
from stackyard.cli.output import json_option, print_done, print_facts, print_json, print_table
from stackyard.cli.progress_text import ICONS
from stackyard.cli.text import short_id, show_time, show_value
from stackyard.model.model_views import ModelVersionView

SHOWN = 20
VERSIONS = Listing[ModelVersionView](
    "model version",
    columns=[
        Column("model", lambda v: v.model),
        Column("version", lambda v: v.number),
        Column("name", lambda v: v.name, usual=lambda found: any(v.name for v in found)),
        Column("stage", lambda v: v.stage),
        Column("artifacts", lambda v: v.n_artifacts, yields=2),
        Column("runs", lambda v: v.n_runs, yields=2),
        Column("tags", lambda v: ", ".join(v.tags), yields=3, usual=lambda found: any(v.tags for v in found)),
        Column("created", lambda v: v.created_at, lambda v: show_time(v.created_at), yields=1),
        Column("id", lambda v: v.id, lambda v: short_id(v.id), usual=False),
        Column("description", lambda v: v.description, usual=False, prose=True),
    ],
    filters=[
        Filter("name", lambda v: [v.name], NAME_HELP),
        Filter("stage", lambda v: [v.stage or "none"], "Only those in this stage; none: in no stage.", "equals"),
        Filter("number", lambda v: [str(v.number)], "Only those with this number.", "equals"),
        Filter("tag", lambda v: v.tags, TAG_HELP, plain="equals"),
    ],
    page=50,
)

version_argument = click.argument("version")
force_option = click.option("-f", "--force", is_flag=True, help="Archive the version that holds the stage.")


@click.group(cls=LazyGroup, epilog="Example: stackyard model version promote churn 3 production")
def version() -> None:
    """Versions of models.

    VERSION is a number, a name, a stage (staging, production, archived), latest, or the beginning of an id.
    """


@version.command("list", epilog="Example: stackyard model version list churn --stage production")
@click.argument("name", required=False, shell_complete=model_names)
@click.option("--model", "model", metavar="NAME", help="The same as NAME.", shell_complete=model_names)
@CURSOR
@ALL_PROJECTS
@list_options(VERSIONS)
def list_(
    request: Request[ModelVersionView], name: str | None, model: str | None, cursor: str | None, all_projects: bool
) -> None:
    """List versions of the model NAME, or of all models, newest first."""
    ctx = open_context()
    request.show_page(
        lambda size, after: models.list_versions(
            ctx, name or model, limit=size, cursor=after, all_projects=all_projects
        ),
        cursor=cursor,
        none="No versions yet. Runs of @pipeline(model=...) make them.",
    )


@version.command(epilog="Example: stackyard model version show churn production")
@name_argument
@click.argument("version", default="latest")
@json_option
def show(name: str, version: str, as_json: bool) -> None:
    """Show a version of the model NAME, the newest unless VERSION is given, with its artifacts and runs."""
    view = models.get_version(open_context(), name, version, details=True)
    if as_json:
        print_json(view)
        return
    facts = [("Stage", view.stage or "-")]
    if view.description:
        facts.append(("Description", view.description))
    if view.tags:
        facts.append(("Tags", ", ".join(view.tags)))
    facts.extend((key, show_value(value)) for key, value in view.metadata.items())
    facts += [("Created", show_time(view.created_at)), ("Id", view.id)]
    print_facts(f"Model {view.model} version {version_name(view)}", facts)
    if view.artifacts:
        click.echo()
        rows = [
            [a.artifact_name, str(a.version), a.artifact_type or "data", a.type, a.step or "-"]
            for a in view.artifacts[:SHOWN]
        ]
        print_table(["ARTIFACT", "VERSION", "KIND", "TYPE", "STEP"], rows)
        _more(view.n_artifacts, f"stackyard model artifacts {view.model} --version {view.number}")
    if view.runs:
        click.echo()
        shown = [
            [run.name, f"{ICONS.get(run.status, '·')} {run.status}", show_time(run.created_at)]
            for run in view.runs[:SHOWN]
        ]
        print_table(["RUN", "STATUS", "STARTED"], shown)
        _more(view.n_runs, f"stackyard model runs {view.model} --version {view.number}")


@version.command(epilog="Example: stackyard model version create churn --name baseline")
@name_argument
@click.option("-n", "--name", "own_name", default="", metavar="TEXT", help="Its own name; default: only a number.")
@click.option("-d", "--description", default="", metavar="TEXT", help="What it is.")
@tag_option
@json_option
def create(name: str, own_name: str, description: str, tags: tuple[str, ...], as_json: bool) -> None:
    """Make a new version of the model NAME, without a run."""
    view = models.create_version(open_context(), name, name=own_name, description=description, tags=tags)
    print_done(view, f"Version {version_name(view)} of the model {view.model!r} created.", as_json)


@version.command(epilog="Example: stackyard model version update churn 3 --name baseline --tag nightly")
@name_argument
@version_argument
@click.option("-s", "--stage", metavar="STAGE", help="staging, production, archived, or none.")
@force_option
@click.option("-n", "--name", "own_name", metavar="TEXT", help="Its own new name; '' takes it away.")
@click.option("-d", "--description", metavar="TEXT", help="What it is.")
@tag_option
@remove_tag_option
@json_option
def update(
    *, name: str, version: str, stage: str | None, force: bool, own_name: str | None, description: str | None,
    tags: tuple[str, ...], removed: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Change a version of the model NAME; what is not named stays as it is."""
    view = models.update_version(
        open_context(), name, version, name=own_name, description=description, stage=stage, force=force, tags=tags,
        remove=removed,
    )  # fmt: skip
    print_done(view, f"Version {version_name(view)} of the model {view.model!r} updated.", as_json)


@version.command(epilog="Example: stackyard model version promote churn latest production")
@name_argument
@version_argument
@click.argument("stage")
@force_option
@json_option
def promote(name: str, version: str, stage: str, force: bool, as_json: bool) -> None:
    """Bring a version of the model NAME into STAGE: staging, production, archived, or none.

    Staging and production hold one version each: --force archives the one that is there.
    """
    view = models.update_version(open_context(), name, version, stage=stage, force=force)
    where = f"is in {view.stage}" if view.stage else "is in no stage"
    print_done(view, f"Version {version_name(view)} of the model {view.model!r} {where}.", as_json)


@version.command(epilog="Example: stackyard model version delete churn 3 --yes")
@name_argument
@version_argument
@yes_option
@json_option
def delete(name: str, version: str, yes: bool, as_json: bool) -> None:
    """Delete a version of the model NAME. Linked runs and artifact versions stay."""
    ctx = open_context()
    view = models.get_version(ctx, name, version)
    stage = f", which is in {view.stage}" if view.stage else ""
    confirm(
        f"Delete version {version_name(view)} of the model {view.model!r}{stage}? Its runs and artifact versions stay.",
        yes=yes,
    )
    models.delete_version(ctx, view.model_id, view.id)
    print_done(view, f"Version {version_name(view)} of the model {view.model!r} deleted.", as_json)


def _more(count: int, command: str) -> None:
    if count > SHOWN:
        click.echo(f"{SHOWN} of {count}. More with: {command}", err=True)
