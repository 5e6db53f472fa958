"""``stackyard artifact``."""

from __future__ import annotations

import click

from stackyard.api import artifacts
from stackyard.api.context import Context, open_context
from stackyard.api.hover import show_size
from stackyard.api.runs import get_run
from stackyard.api.tags import add_tags, remove_tags
from stackyard.cli.artifact_diff import diff
from stackyard.cli.artifact_export import export
from stackyard.cli.artifact_lineage import lineage
from stackyard.cli.artifact_prune import prune_command
from stackyard.cli.artifact_reindex import reindex
from stackyard.cli.artifact_show import show
from stackyard.cli.artifact_snippet import snippet
from stackyard.cli.artifact_verify import verify
from stackyard.cli.confirm import confirm
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, list_options
from stackyard.cli.output import json_option, print_done
from stackyard.cli.text import short_id, show_time
from stackyard.model.errors import UsageError
from stackyard.model.views import ArtifactVersionView, ArtifactView, Page

ARTIFACTS = Listing[ArtifactView](
    "artifact",
    columns=[
        Column("name", lambda v: v.name),
        Column("latest", lambda v: v.latest_version),
        Column("versions", lambda v: v.n_versions, yields=2),
        Column("type", lambda v: v.type),
        Column("artifact_store", lambda v: v.artifact_store, yields=1),
        Column("updated", lambda v: v.updated_at, lambda v: show_time(v.updated_at), yields=3),
        Column("tags", lambda v: ", ".join(v.tags), yields=4, usual=lambda found: any(v.tags for v in found)),
        Column("latest_id", lambda v: v.latest_version_id, lambda v: short_id(v.latest_version_id), usual=False),
    ],
    filters=[
        Filter("name", lambda v: [v.name], NAME_HELP),
        Filter("type", lambda v: [v.type], "Only those of this type."),
        Filter("artifact_store", lambda v: [v.artifact_store], "Only those in such an artifact store."),
        Filter("tag", lambda v: v.tags, "Only those with this tag.", plain="equals"),
    ],
    page=50,
)


VERSIONS = Listing[ArtifactVersionView](
    "artifact version",
    columns=[
        Column("name", lambda v: v.name),
        Column("version", lambda v: v.version),
        Column("type", lambda v: v.type, yields=4),
        Column("size", lambda v: v.size_bytes, lambda v: show_size(v.size_bytes), yields=1),
        Column("run", lambda v: v.run_name, yields=2),
        Column("step", lambda v: v.step, usual=False),
        Column("tags", lambda v: ", ".join(v.tags), yields=5, usual=lambda found: any(v.tags for v in found)),
        Column("status", lambda v: v.status, usual=lambda found: any(v.status != "available" for v in found)),
        Column("created", lambda v: v.created_at, lambda v: show_time(v.created_at), yields=3),
        Column("artifact_store", lambda v: v.artifact_store, usual=False),
        Column("project_id", lambda v: v.project_id, lambda v: short_id(v.project_id), usual=False),
        Column("id", lambda v: v.id, lambda v: short_id(v.id), usual=False),
    ],
    filters=[
        Filter("type", lambda v: [v.type], "Only those of this type."),
        Filter("step", lambda v: [v.step], "Only those that this step made."),
        Filter(
            "status", lambda v: [v.status], "Only those with this status.", words=["available", "missing", "damaged"]
        ),
        Filter("tag", lambda v: v.tags, "Only those with this tag.", plain="equals"),
    ],
    page=50,
)


@click.group(cls=LazyGroup, epilog="Example: stackyard artifact show model")
def artifact() -> None:
    """What the runs stored."""


@artifact.command("list", epilog="Example: stackyard artifact list --type DataFrame --sort desc:updated")
@click.option("--cursor", help="Go on after an earlier page ('next' of its JSON).")
@click.option("--all-projects", is_flag=True, help="Not only the project around the working folder.")
@list_options(ARTIFACTS)
def list_(request: Request[ArtifactView], cursor: str | None, all_projects: bool) -> None:
    """List artifacts by name, one line for each artifact store that holds versions."""
    ctx = open_context()
    request.show_page(
        lambda size, after: artifacts.list_artifacts(ctx, limit=size, cursor=after, all_projects=all_projects),
        cursor=cursor,
        none=lambda: _lost(ctx) or "No artifacts yet. Run a pipeline with: stackyard run FILE",
    )


@artifact.command(epilog="Example: stackyard artifact versions model --tag nightly")
@click.argument("name", required=False)
@click.option("--run", metavar="NAME", help="Only those that this run made.")
@click.option("--unused", is_flag=True, help="Only those that no run and no model version has.")
@click.option("--cursor", help="Go on after an earlier page ('next' of its JSON).")
@click.option("--all-projects", is_flag=True, help="Not only the project around the working folder.")
@list_options(VERSIONS)
def versions(
    *, request: Request[ArtifactVersionView], name: str | None, run: str | None, unused: bool, cursor: str | None,
    all_projects: bool,
) -> None:  # fmt: skip
    """List the versions of the artifact NAME, or of all artifacts, newest first."""
    ctx = open_context()
    run_id = get_run(ctx, run).id if run else ""

    def fetch(size: int, after: str | None) -> Page[ArtifactVersionView]:
        if name and not (run_id or unused or all_projects):
            return artifacts.list_versions(ctx, name, limit=size, cursor=after)
        return artifacts.search_versions(
            ctx, limit=size, cursor=after, run_id=run_id, only_unused=unused, artifact=name or "",
            all_projects=all_projects,
        )  # fmt: skip

    request.show_page(fetch, cursor=cursor, none=lambda: _lost(ctx) or "There are no such versions.")


def _lost(ctx: Context) -> str:
    """Return what to tell when lists are empty since the catalog was lost; empty: it was not."""
    from stackyard.api.artifact_leftovers import store_of_a_lost_catalog  # noqa: PLC0415  # opens stores

    store = store_of_a_lost_catalog(ctx)
    return store and (
        f"The catalog knows no artifacts, but the artifact store {store!r} holds some. Bring them back with: "
        "stackyard artifact reindex"
    )


@artifact.command(epilog="Example: stackyard artifact update model --version 3 --tag nightly")
@click.argument("name")
@click.option("--version", type=int, help="Of this version; default: of the artifact itself.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag to put on it; may be repeated.")
@click.option("--remove-tag", "removed", multiple=True, metavar="TAG", help="A tag to take from it; may be repeated.")
@json_option
def update(name: str, version: int | None, tags: tuple[str, ...], removed: tuple[str, ...], as_json: bool) -> None:
    """Put tags on the artifact NAME, or on one of its versions, and take others from it."""
    ctx = open_context()
    if version is None:
        kind, thing, what = "artifact", artifacts.artifact_id(ctx, name), f"Artifact {name!r}"
    else:
        kind, thing = "artifact_version", artifacts.find_version(ctx, name, version).id
        what = f"Version {version} of the artifact {name!r}"
    remove_tags(ctx, kind, thing, removed)
    add_tags(ctx, kind, thing, tags)
    print_done({"name": name, "version": version}, f"{what} updated.", as_json)


@artifact.command(epilog="Example: stackyard artifact delete model --version 3 --yes")
@click.argument("name")
@click.option("--version", type=int, help="Number of the version; may be left out when NAME is its id.")
@click.option("--keep-files", is_flag=True, help="Leave its files in the artifact store.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(name: str, version: int | None, keep_files: bool, yes: bool, as_json: bool) -> None:
    """Delete a version of the artifact NAME (or the version with the id NAME) that no run and no model version has."""
    ctx = open_context()
    view = artifacts.find_version(ctx, name, version)
    if version is None and not view.id.startswith(name):
        raise UsageError(f"Which version of {name!r}?", hint=f"Its newest: --version {view.version}")
    files = "; its files stay" if keep_files else " with its files"
    confirm(f"Delete version {view.version} of the artifact {view.name!r}{files}?", yes=yes)
    artifacts.delete_version(ctx, view, data=not keep_files)
    print_done(view, f"Version {view.version} of the artifact {view.name!r} deleted.", as_json)


artifact.add_command(show)
artifact.add_command(snippet)
artifact.add_command(export)
artifact.add_command(lineage)
artifact.add_command(diff)
artifact.add_command(verify)
artifact.add_command(prune_command)
artifact.add_command(reindex)
