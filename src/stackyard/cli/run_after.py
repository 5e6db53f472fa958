"""``stackyard run wait|stop|delete``."""

from __future__ import annotations

import time

import click

from stackyard.api import runs
from stackyard.api.context import open_context
from stackyard.cli.completion import run_names, step_names
from stackyard.cli.confirm import confirm
from stackyard.cli.output import json_option, print_json
from stackyard.cli.progress_text import ICONS
from stackyard.cli.text import show_duration
from stackyard.model.enums import Status
from stackyard.model.errors import UsageError
from stackyard.model.views import RunView

LOOK_S = 0.2
EXIT_STILL_RUNNING = 124
"""As `timeout` of the shell ends."""
EXIT_CODES = {Status.COMPLETED: 0, Status.FAILED: 1, Status.STOPPED: 1, Status.INTERRUPTED: 1}


@click.command(epilog="Example: stackyard run wait training-3 --timeout 600")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--timeout", type=click.FloatRange(0), metavar="SECONDS", help="Wait no longer than this.")
@json_option
def wait(run: str, timeout: float | None, as_json: bool) -> int:
    """Wait until RUN (default: the latest) ends, and tell each step that does.

    The exit code is 0 if the run completed, 1 if it failed, was stopped or interrupted, and 124 if it still goes on
    after the timeout.
    """
    ctx = open_context()
    view = runs.get_run(ctx, run)
    deadline = None if timeout is None else time.monotonic() + timeout
    told: set[tuple[str, int]] = set()
    while True:
        if not as_json:
            _tell_ended(view, told)
        if view.status.is_finished or (deadline is not None and time.monotonic() >= deadline):
            break
        time.sleep(LOOK_S)
        view = runs.get_run(ctx, view.id)
    if as_json:
        print_json(view)
    elif view.status.is_finished:
        click.echo(f"{ICONS[view.status]} {view.name} {view.status} in {show_duration(view.duration_s)}")
    else:
        click.echo(f"{view.name} is still {view.status}: {view.n_finished} of {view.n_steps} steps ended.", err=True)
    return EXIT_CODES.get(view.status, EXIT_STILL_RUNNING)


@click.command(epilog="Example: stackyard run stop training-3")
@click.argument("run", shell_complete=run_names)
@click.option("--step", metavar="NAME", shell_complete=step_names, help="Only this step; the run goes on without it.")
@click.option("--force", is_flag=True, help="Kill the steps instead of asking them to stop.")
@click.option("--timeout", default=15.0, show_default=True, help="Seconds to wait for the end.")
@json_option
def stop(run: str, step: str | None, force: bool, timeout: float, as_json: bool) -> None:
    """Stop RUN, or one step of it: steps are asked, and killed when they do not end within 5 s."""
    ctx = open_context()
    asked = runs.stop_run(ctx, run, step=step, force=force)
    view = runs.wait_for_end(ctx, asked.id, timeout, step=step)
    if as_json:
        print_json(view)
        return
    found = next((s for s in view.steps if s.name == step), None)
    what, status = (f"step {step!r} of {view.name!r}", found.status) if found else (f"run {view.name!r}", view.status)
    if status.is_finished:
        click.echo(f"The {what} is {status}.")
    else:
        click.echo(f"The {what} was asked to stop and is {status}. Kill it with: --force", err=True)


@click.command(epilog="Example: stackyard run delete training-1 training-2")
@click.argument("wanted", metavar="RUN...", nargs=-1, shell_complete=run_names)
@click.option("--older-than", type=click.IntRange(0, 36500), metavar="DAYS", help="All that began before so many days.")
@click.option("--pipeline", help="With --older-than: only runs of this pipeline.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(wanted: tuple[str, ...], older_than: int | None, pipeline: str | None, yes: bool, as_json: bool) -> None:
    """Delete runs with their logs. What they stored stays: artifact versions can be listed and loaded as before.

    A run that goes on can't be deleted; one that was deleted can't be resumed.
    """
    ctx = open_context()
    if not wanted and older_than is None:
        raise UsageError("No run was named.", hint="Name runs, or give --older-than DAYS. See: stackyard run list")
    if pipeline is not None and older_than is None:
        raise UsageError("--pipeline goes with --older-than.", hint="See: stackyard run delete --help")
    found = runs.runs_to_delete(ctx, wanted, older_than_days=older_than, pipeline=pipeline)
    if found:
        shown = ", ".join(run.name for run in found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
        confirm(f"Delete {len(found)} run{'s' if len(found) > 1 else ''} ({shown}) with logs?", yes=yes)
        runs.delete_runs(ctx, found)
    if as_json:
        print_json({"deleted": [run.id for run in found]})
    else:
        click.echo(f"{len(found)} run{'' if len(found) == 1 else 's'} deleted." if found else "There is none so old.")


def _tell_ended(view: RunView, told: set[tuple[str, int]]) -> None:
    """Print the steps that ended since the last look."""
    for step in view.steps:
        mark = (step.name, step.attempt)
        if step.status.is_finished and mark not in told:
            told.add(mark)
            spent = f" in {show_duration(step.duration_s)}" if step.duration_s is not None else ""
            click.echo(f"{ICONS[step.status]} {step.name}: {step.status}{spent}")
