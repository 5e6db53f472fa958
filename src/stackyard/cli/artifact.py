"""``stackyard artifact``."""

from __future__ import annotations

import json

import click

from stackyard.api import artifacts
from stackyard.api.context import open_context
from stackyard.api.hover import show_size
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, list_options
from stackyard.cli.output import json_option, print_facts, print_json, print_table, short_id, show_time, show_value
from stackyard.model.artifact import Preview
from stackyard.model.views import ArtifactView

MAX_ROWS = 10
MAX_CELL = 24


ARTIFACTS = Listing[ArtifactView](
    "artifact",
    columns=[
        Column("name", lambda v: v.name),
        Column("latest", lambda v: v.latest_version),
        Column("versions", lambda v: v.n_versions, yields=1),
        Column("type", lambda v: v.type),
        Column("artifact_store", lambda v: v.artifact_store, yields=2),
        Column("updated", lambda v: v.updated_at, lambda v: show_time(v.updated_at), yields=3),
        Column("latest_id", lambda v: v.latest_version_id, lambda v: short_id(v.latest_version_id), usual=False),
    ],
    filters=[
        Filter("name", lambda v: [v.name], NAME_HELP),
        Filter("type", lambda v: [v.type], "Only those of this type."),
        Filter("artifact_store", lambda v: [v.artifact_store], "Only those in such an artifact store."),
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
        none="No artifacts yet. Run a pipeline with: stackyard run FILE",
    )


@artifact.command(epilog="Example: stackyard artifact show model --version 3")
@click.argument("name")
@click.option("--version", type=int, help="Number of the version; default: the newest.")
@json_option
def show(name: str, version: int | None, as_json: bool) -> None:
    """Show a version of the artifact NAME (or the version with the id NAME) with a preview; nothing is loaded."""
    view = artifacts.get_version(open_context(), name, version, open_store=True)
    if as_json:
        print_json(view)
        return
    facts = [("Type", view.type)]
    if view.shape:
        facts.append(("Shape", " x ".join(str(n) for n in view.shape)))
    unsafe = ", unsafe: loading it runs code" if view.unsafe else ""
    facts.append(("Format", f"{view.data_format} (materializer {view.materializer}{unsafe})"))
    facts.append(("Size", show_size(view.size_bytes)))
    facts.append(("Digest", view.digest))
    facts.append(("Artifact store", f"{view.artifact_store} ({view.uri})"))
    facts.append(("Made by", f"step {view.step} of run {view.run_name}"))
    facts.append(("Created", show_time(view.created_at)))
    if view.status != "available":
        facts.append(("Status", f"{view.status}: run its step again"))
    facts.extend((str(key), show_value(value)) for key, value in view.metadata.items())
    facts.append(("Id", view.id))
    print_facts(f"Artifact {view.name} version {view.version}", facts)
    if view.preview is not None and view.preview.kind != "none":
        click.echo()
        _print_preview(view.preview)
    elif view.preview is not None and view.preview.text:
        click.echo(f"\n{view.preview.text}")


def _print_preview(preview: Preview) -> None:
    if preview.kind == "table":
        columns = [f"{c.name} ({c.dtype})" for c in preview.columns]
        shown = max(1, min(len(columns), 8))
        rows = [[_cell(cell) for cell in row[:shown]] for row in preview.rows[:MAX_ROWS]]
        print_table(columns[:shown], rows)
        click.echo(f"{len(rows)} of {preview.n_rows} rows, {shown} of {len(columns)} columns", err=True)
    elif preview.kind == "metrics":
        print_facts("Metrics", [(str(k), show_value(v)) for k, v in preview.data.items()])
    elif preview.kind == "text":
        click.echo(preview.text)
    elif preview.kind == "image":
        click.echo(f"Image, {preview.text}")
    else:
        click.echo(json.dumps(preview.data, indent=2, ensure_ascii=False))
    if preview.truncated and preview.kind != "table":
        click.echo("… (cut)", err=True)


def _cell(value: object) -> str:
    text = show_value(value) if value is not None else ""
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…"
