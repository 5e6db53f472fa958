"""``stackyard run list|show|logs``."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterable, Sequence

import click

from stackyard.api import runs
from stackyard.api.context import open_context
from stackyard.api.run_logs import RunLogs
from stackyard.cli.completion import run_names, step_names
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, list_options
from stackyard.cli.output import json_option, list_document, print_facts, print_json, print_table
from stackyard.cli.progress_text import ICONS, cut_middle, error_lines, result_text, run_error_lines
from stackyard.cli.text import cell_width, short_id, show_duration, show_time, show_value, terminal_width, use_colour
from stackyard.cli.when import WHEN_HELP, moment
from stackyard.model.enums import Status
from stackyard.model.errors import UsageError
from stackyard.model.views import LogLine, RunView

FOLLOW_S = 0.2
NAME, STATUS, DURATION, RESULT = range(4)
"""Columns of a run's steps; there are two more."""
LEAST = 16
"""Characters of a name, a result and such, if the terminal has room for it at all."""


RUNS = Listing[RunView](
    "run",
    columns=[
        Column("name", lambda v: v.name),
        Column("project", lambda v: v.project, usual=False),
        Column("status", lambda v: v.status.value, lambda v: f"{ICONS.get(v.status, '·')} {v.status}"),
        Column("steps", lambda v: f"{v.n_succeeded}/{v.n_steps}" + (f", {v.n_failed} failed" if v.n_failed else "")),
        Column("duration", lambda v: v.duration_s, lambda v: show_duration(v.duration_s)),
        Column("stack", lambda v: v.stack, yields=1),
        Column("started", lambda v: v.created_at, lambda v: show_time(v.created_at), yields=2),
        Column("id", lambda v: v.id, lambda v: short_id(v.id), yields=3),
        Column("pipeline", lambda v: v.pipeline, usual=False),
        Column("orchestrator", lambda v: v.orchestrator, usual=False),
        Column("artifact_store", lambda v: v.artifact_store, usual=False),
        Column("tags", lambda v: ", ".join(v.tags), usual=False),
    ],
    filters=[
        Filter("name", lambda v: [v.name], NAME_HELP),
        Filter("id", lambda v: [v.id], "Only ids that begin so.", plain="startswith"),
        Filter("status", lambda v: [v.status.value], "Only runs with this status.", words=[s.value for s in Status]),
        Filter("stack", lambda v: [v.stack], "Only runs on such a stack."),
        Filter("tag", lambda v: v.tags, "Only runs with this tag.", plain="equals"),
    ],
    page=20,
)


@click.command("list", epilog="Example: stackyard run list --status failed --sort desc:duration")
@click.option("--cursor", help="Go on after an earlier page ('next' of its JSON).")
@click.option("--pipeline", help="Only runs of this pipeline.")
@click.option("--all-projects", is_flag=True, help="Not only the project around the working folder.")
@click.option("--since", metavar="TIME", help=f"Only runs begun since: {WHEN_HELP}")
@click.option("--before", metavar="TIME", help="Only runs begun before.")
@list_options(RUNS)
def list_(
    *, request: Request[RunView], cursor: str | None, pipeline: str | None, all_projects: bool, since: str | None,
    before: str | None,
) -> None:  # fmt: skip
    """List runs, newest first."""
    ctx = open_context()
    if since:
        earliest = moment(since, "--since")
        request.tests = [*request.tests, lambda view: view.created_at >= earliest]
    if before:
        latest = moment(before, "--before")
        request.tests = [*request.tests, lambda view: view.created_at < latest]
    request.show_page(
        lambda size, after: runs.list_runs(ctx, limit=size, cursor=after, pipeline=pipeline, all_projects=all_projects),
        cursor=cursor,
        also=["project"] if all_projects else [],
        none="No runs yet. Start one with: stackyard run FILE",
    )


@click.command(epilog="Example: stackyard run show training-3")
@click.argument("run", default="latest", shell_complete=run_names)
@json_option
def show(run: str, as_json: bool) -> None:
    """Show RUN (a name, the beginning of an id, or latest) with its steps."""
    view = runs.get_run(open_context(), run)
    if as_json:
        print_json(view)
        return
    _show(view)


@click.command(epilog="Example: stackyard run logs training-3 --step train --follow")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--step", metavar="NAME", shell_complete=step_names, help="Only this step.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the run ends.")
@click.option("-n", "--tail", type=click.IntRange(0), metavar="N", help="Only the last N lines of what is there.")
@click.option("--since", metavar="TIME", help=f"Only what was printed since: {WHEN_HELP}")
@click.option("--timestamps", is_flag=True, help="Begin each line with its time.")
@json_option
def logs(
    *, run: str, step: str | None, follow: bool, tail: int | None, since: str | None, timestamps: bool, as_json: bool
) -> None:
    """Print what the steps of RUN (default: the latest) printed, merged by time."""
    if as_json and follow:
        raise UsageError("--json and --follow do not go together.", hint="Leave one out.")
    reader = RunLogs(open_context(), run, step, since=moment(since, "--since") if since else "")
    lines = deque(reader.new_lines(), maxlen=tail) if tail is not None else reader.new_lines()
    if as_json:
        print_json(list_document(list(lines)))
        return
    printed = _print_lines(lines, prefix=step is None, timestamps=timestamps)
    while follow and not reader.finished:
        time.sleep(FOLLOW_S)
        printed += _print_lines(reader.new_lines(), prefix=step is None, timestamps=timestamps)
    if not printed and reader.finished:
        click.echo(f"Nothing was printed.{reader.said_elsewhere()}", err=True)


def _show(view: RunView) -> None:
    idle = f" (and {show_duration(view.idle_s)} idle before it was resumed)" if view.idle_s >= 1 else ""
    facts = [
        ("Status", f"{ICONS.get(view.status, '·')} {view.status}"),
        ("Pipeline", view.pipeline + (f" ({view.file}:{view.line})" if view.file else "")),
        ("Stack", f"{view.stack} (orchestrator {view.orchestrator}, artifact store {view.artifact_store})"),
        ("Started", show_time(view.started_at) or "-"),
        ("Duration", (show_duration(view.duration_s) or "-") + idle),
    ]
    if view.tags:
        facts.append(("Tags", ", ".join(view.tags)))
    facts.extend((f"Parameter {name}", show_value(value)) for name, value in view.parameters.items())
    for name, value in view.metadata.items():  # a mapping is what an experiment tracker says of a step
        parts = value.items() if isinstance(value, dict) else [("", value)]
        facts.extend((f"{name}: {part}" if part else name, show_value(item)) for part, item in parts)
    facts.append(("Id", view.id))
    print_facts(f"Run {view.name}", facts)
    click.echo()
    _show_steps(view)
    failed = [step for step in view.steps if step.error and step.status.value == "failed"]
    errors = [error_lines(step.name, step.error) for step in failed if step.error]
    told = [f"Step {step.name!r} failed: {step.error.message}" for step in failed if step.error]
    if view.error and view.error.message not in told:
        errors.append(run_error_lines(view.error))
    for head, *rest in errors:
        click.echo()
        click.echo(click.style(head, fg="red") if use_colour() else head)
        for line in rest:
            click.echo(line)


def _show_steps(view: RunView) -> None:
    """Print a table of the steps; on a terminal names are cut in the middle, and what has no room is left out."""
    columns = ["STEP", "STATUS", "DURATION", "RESULT", "OUTPUTS", "WHY NOT CACHED"]
    rows = []
    for step in view.steps:
        outputs = ", ".join(f"{ref.artifact_name} v{ref.version}" for ref in step.outputs)
        cache = "" if step.cache is None or step.cache.hit else step.cache.detail
        status = f"{ICONS.get(step.status, '·')} {step.status}"
        links = view.metadata.get(step.name)  # what an experiment tracker said stands above
        logged = {k: v for k, v in step.metadata.items() if not isinstance(links, dict) or k not in links}
        rows.append([step.name, status, show_duration(step.duration_s), result_text(logged), outputs, cache])
    if not sys.stdout.isatty() or not rows:
        print_table(columns, rows)
        return
    # Status and duration stand whole; the others have what is left.
    widest = [max(cell_width(cell) for cell in cells) for cells in zip(columns, *rows, strict=True)]
    shown = len(columns)
    while shown > RESULT + 1 and _needed(widest[:shown]) > terminal_width():
        shown -= 1
    sizes = widest[:shown]
    left = terminal_width() - 3 * shown - 1 - sizes[STATUS] - sizes[DURATION]
    others = sum(min(width, LEAST) for width in sizes[RESULT:])
    sizes[NAME] = min(sizes[NAME], max(LEAST // 2, left - others))
    left -= sizes[NAME]
    for number, place in enumerate(sorted(range(RESULT, shown), key=lambda place: widest[place])):
        sizes[place] = min(sizes[place], max(0, left) // (shown - RESULT - number))
        left -= sizes[place]
    if shown == len(columns):
        sizes[-1] = widest[-1]  # sentences fold
    print_table(columns[:shown], [list(map(cut_middle, row, sizes)) for row in rows])
    if shown < len(columns):
        names = " and ".join(name.lower() for name in columns[shown:])
        click.echo(f"not shown for want of room: {names}", err=True)


def _needed(widest: Sequence[int]) -> int:
    """Return the columns of a terminal that a table of the steps takes at least."""
    sizes = [width if place in (STATUS, DURATION) else min(width, LEAST) for place, width in enumerate(widest)]
    return sum(sizes) + 3 * len(sizes) + 1


def _print_lines(lines: Iterable[LogLine], *, prefix: bool, timestamps: bool) -> int:
    """Print lines of logs; return how many."""
    count = 0
    dim = use_colour()
    for line in lines:
        count += 1
        level = f"{line.level}: " if line.level and line.level != "info" else ""
        step = f"{line.step} | " if prefix and line.step else ""
        head = (f"{show_time(line.at)} " if timestamps else "") + step
        sys.stdout.write(f"{click.style(head, dim=True) if dim and head else head}{level}{line.text}\n")
    sys.stdout.flush()
    return count
