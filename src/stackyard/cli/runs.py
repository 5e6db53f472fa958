"""``stackyard run list|show|logs|stop``."""

from __future__ import annotations

import time

import click

from stackyard.api import runs
from stackyard.api.context import open_context
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, list_options
from stackyard.cli.output import (
    json_option,
    list_document,
    print_facts,
    print_json,
    print_table,
    short_id,
    show_duration,
    show_time,
    show_value,
    use_colour,
)
from stackyard.cli.progress import ICONS, result_text
from stackyard.model.errors import UsageError
from stackyard.model.views import LogLine, RunView

FOLLOW_S = 0.2


RUNS = Listing[RunView](
    "run",
    columns=[
        Column("name", lambda v: v.name),
        Column("project", lambda v: v.project, usual=False),
        Column("status", lambda v: v.status.value, lambda v: f"{ICONS.get(v.status, '·')} {v.status}"),
        Column("steps", lambda v: f"{v.n_finished}/{v.n_steps}"),
        Column("duration", lambda v: v.duration_s, lambda v: show_duration(v.duration_s)),
        Column("stack", lambda v: v.stack, yields=1),
        Column("started", lambda v: v.created_at, lambda v: show_time(v.created_at), yields=2),
        Column("id", lambda v: v.id, lambda v: short_id(v.id), yields=3),
        Column("pipeline", lambda v: v.pipeline, usual=False),
        Column("orchestrator", lambda v: v.orchestrator, usual=False),
        Column("artifact_store", lambda v: v.artifact_store, usual=False),
    ],
    filters=[
        Filter("name", lambda v: [v.name], NAME_HELP),
        Filter("id", lambda v: [v.id], "Only ids that begin so.", plain="startswith"),
        Filter("status", lambda v: [v.status.value], "Only runs with this status."),
        Filter("stack", lambda v: [v.stack], "Only runs on such a stack."),
    ],
    page=20,
)


@click.command("list", epilog="Example: stackyard run list --status failed --sort desc:duration")
@click.option("--cursor", help="Go on after an earlier page ('next' of its JSON).")
@click.option("--pipeline", help="Only runs of this pipeline.")
@click.option("--all-projects", is_flag=True, help="Not only the project around the working folder.")
@list_options(RUNS)
def list_(request: Request[RunView], cursor: str | None, pipeline: str | None, all_projects: bool) -> None:
    """List runs, newest first."""
    ctx = open_context()
    request.show_page(
        lambda size, after: runs.list_runs(ctx, limit=size, cursor=after, pipeline=pipeline, all_projects=all_projects),
        cursor=cursor,
        also=["project"] if all_projects else [],
        none="No runs yet. Start one with: stackyard run FILE",
    )


@click.command(epilog="Example: stackyard run show training-3")
@click.argument("run")
@json_option
def show(run: str, as_json: bool) -> None:
    """Show RUN (a name or the beginning of an id) with its steps."""
    view = runs.get_run(open_context(), run)
    if as_json:
        print_json(view)
        return
    _show(view)


@click.command(epilog="Example: stackyard run logs training-3 --step train --follow")
@click.argument("run")
@click.option("--step", metavar="NAME", help="Only this step.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@json_option
def logs(run: str, step: str | None, follow: bool, as_json: bool) -> None:
    """Print what the steps of RUN printed, merged by time."""
    ctx = open_context()
    if as_json and follow:
        raise UsageError("--json and --follow do not go together.", hint="Leave one out.")
    page = runs.read_logs(ctx, run, step=step, limit=0)
    if as_json:
        print_json(list_document(page.lines))
        return
    if not page.lines and page.finished:
        click.echo("Nothing was printed.", err=True)
    _print_lines(page.lines, prefix=step is None)
    while follow and not page.finished:
        time.sleep(FOLLOW_S)
        page = runs.read_logs(ctx, run, step=step, cursor=page.cursor, limit=0)
        _print_lines(page.lines, prefix=step is None)


@click.command(epilog="Example: stackyard run stop training-3")
@click.argument("run")
@click.option("--force", is_flag=True, help="Kill the steps instead of asking them to stop.")
@click.option("--timeout", default=15.0, show_default=True, help="Seconds to wait for the end.")
@json_option
def stop(run: str, force: bool, timeout: float, as_json: bool) -> None:
    """Stop RUN: its steps are asked, and killed when they do not end within 5 s."""
    ctx = open_context()
    asked = runs.stop_run(ctx, run, force=force)
    view = runs.wait_for_end(ctx, asked.id, timeout)
    if as_json:
        print_json(view)
        return
    if view.status.is_finished:
        click.echo(f"The run {view.name!r} is {view.status}.")
    else:
        click.echo(f"The run {view.name!r} was asked to stop and is {view.status}. Kill it with: --force", err=True)


def _show(view: RunView) -> None:
    facts = [
        ("Status", f"{ICONS.get(view.status, '·')} {view.status}"),
        ("Pipeline", view.pipeline + (f" ({view.file}:{view.line})" if view.file else "")),
        ("Stack", f"{view.stack} (orchestrator {view.orchestrator}, artifact store {view.artifact_store})"),
        ("Started", show_time(view.started_at) or "-"),
        ("Duration", show_duration(view.duration_s) or "-"),
    ]
    facts.extend((f"Parameter {name}", show_value(value)) for name, value in view.parameters.items())
    for name, value in view.metadata.items():  # a mapping is what an experiment tracker says of a step
        parts = value.items() if isinstance(value, dict) else [("", value)]
        facts.extend((f"{name}: {part}" if part else name, show_value(item)) for part, item in parts)
    facts.append(("Id", view.id))
    print_facts(f"Run {view.name}", facts)
    click.echo()
    rows = []
    for step in view.steps:
        outputs = ", ".join(f"{ref.artifact_name} v{ref.version}" for ref in step.outputs)
        cache = "" if step.cache is None or step.cache.hit else step.cache.detail
        status = f"{ICONS.get(step.status, '·')} {step.status}"
        links = view.metadata.get(step.name)  # what an experiment tracker said stands above
        logged = {k: v for k, v in step.metadata.items() if not isinstance(links, dict) or k not in links}
        rows.append([step.name, status, show_duration(step.duration_s), result_text(logged), outputs, cache])
    print_table(["STEP", "STATUS", "DURATION", "RESULT", "OUTPUTS", "WHY NOT CACHED"], rows)
    for step in view.steps:
        if step.error and step.status.value == "failed":
            click.echo()
            head = f"Step {step.name!r} failed: {step.error.type}: {step.error.message}"
            click.echo(click.style(head, fg="red") if use_colour() else head)
            if step.error.traceback:
                click.echo(step.error.traceback)
            if step.error.hint:
                click.echo(f"Hint: {step.error.hint}")


def _print_lines(lines: list[LogLine], *, prefix: bool) -> None:
    for line in lines:
        level = f"{line.level}: " if line.level and line.level != "info" else ""
        click.echo(f"{line.step} | {level}{line.text}" if prefix else f"{level}{line.text}")
