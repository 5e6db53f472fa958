"""``stackyard artifact prune``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stackyard.api.context import open_context
from stackyard.api.hover import show_size
from stackyard.cli.confirm import confirm
from stackyard.cli.output import json_option, print_json, print_table
from stackyard.cli.text import show_time
from stackyard.cli.when import WHEN_HELP, moment
from stackyard.cli.working import working
from stackyard.model.errors import UsageError

if TYPE_CHECKING:
    from stackyard.api.artifact_prune import PruneView

MAX_ROWS = 30
_NEVER = "0"
_STAY = {
    "model": "of model versions",
    "tag": "with the tag 'keep', or of something that has it",
    "running": "of runs that go on",
    "run": "that runs list (--from-runs takes them, too)",
}


@click.command("prune", epilog="Example: stackyard artifact prune --older-than 30d --keep 3 --dry-run")
@click.argument("name", required=False)
@click.option("--older-than", metavar="TIME", help=f"Only versions made before: {WHEN_HELP}")
@click.option(
    "--keep", type=click.IntRange(min=0), metavar="N", help="Not the newest N of each artifact in each store."
)
@click.option("--unused", is_flag=True, help="All that no run and no model version has, however new.")
@click.option("--from-runs", is_flag=True, help="Also what runs list; the runs stay, and their steps run again.")
@click.option("--store", metavar="STORE", help="Only what lies in this artifact store.")
@click.option("--all-projects", is_flag=True, help="Not only the project around the working folder.")
@click.option("--leftovers", is_flag=True, help="Also what killed runs left in the stores, older than a day.")
@click.option("--unknown", is_flag=True, help="Also versions in the stores that this catalog does not know.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
def prune_command(
    *, name: str | None, older_than: str | None, keep: int | None, unused: bool, from_runs: bool, store: str | None,
    all_projects: bool, leftovers: bool, unknown: bool, dry_run: bool, yes: bool, as_json: bool,
) -> int:  # fmt: skip
    """Remove artifact versions with their files: those of NAME, or of all artifacts, that all of the options name.

    What a model version has, what has the tag 'keep' or lies in a run with that tag, and what belongs to a run that
    goes on, stays in any case. What other runs list stays, too, unless --from-runs: then only its files go, the runs
    can still be looked at, and the cache has the steps run again. Says what would go before anything does.
    """
    from stackyard.api.artifact_leftovers import add_leftovers, clear_downloads  # noqa: PLC0415  # opens stores
    from stackyard.api.artifact_prune import plan_prune, prune  # noqa: PLC0415  # as above

    of_versions = unused or older_than is not None or keep is not None
    _check(of_versions=of_versions, rubbish=leftovers or unknown, special=bool(name or from_runs))
    if unused and from_runs:
        raise UsageError("--unused is what no run lists.", hint="Leave out --unused or --from-runs.")
    ctx = open_context()
    # Without a wish for versions only those are found that an earlier prune announced.
    before = moment(older_than, "--older-than") if older_than else "" if of_versions else _NEVER
    plan = plan_prune(
        ctx, name, before=before, keep=keep, from_runs=from_runs, store=store, all_projects=all_projects
    )  # fmt: skip
    if leftovers or unknown:
        add_leftovers(ctx, plan, store, unfinished=leftovers, unknown=unknown)
    if not as_json:
        _print_plan(plan.view, unknown=unknown)
    count = len(plan.versions) + len(plan.rubbish)
    if count and not dry_run:
        confirm(f"Remove {_counted(plan.view, unknown=unknown)}?", yes=yes)
        with working("Removing", count) as progress:
            view = prune(ctx, plan, progress)
        if leftovers:
            clear_downloads(ctx.home_folder)
    else:
        view = plan.view
    if as_json:
        print_json(view)
    elif view.done:
        _print_failed(view)
        click.echo(f"Removed {_counted(view, unknown=unknown)}.")
    elif count:
        click.echo("Nothing was removed: this was a dry run.")
    return 1 if view.failed else 0


def _check(*, of_versions: bool, rubbish: bool, special: bool) -> None:
    if not (of_versions or rubbish):
        raise UsageError("Which versions may go?", hint="Write --older-than 30d, --keep 3, --unused or --leftovers.")
    if special and not of_versions:
        raise UsageError("Leftovers are of no artifact and no run.", hint="Add --older-than 30d, --keep 3 or --unused.")


def _print_plan(view: PruneView, *, unknown: bool) -> None:
    if view.artifacts:
        rows = [
            [a.name, str(a.versions), show_size(a.size_bytes), show_time(a.oldest), show_time(a.newest)]
            for a in view.artifacts[:MAX_ROWS]
        ]
        print_table(["ARTIFACT", "VERSIONS", "SIZE", "OLDEST", "NEWEST"], rows)
        if len(view.artifacts) > MAX_ROWS:
            click.echo(f"... and {len(view.artifacts) - MAX_ROWS} more artifacts")
    for reason, count in view.stay.items():
        click.echo(f"Stays: {_many(count, 'version')} {_STAY[reason]}.")
    if view.left_before:
        click.echo(f"{_many(view.left_before, 'version')} of a prune that was interrupted.")
    if view.unknown and not unknown:
        click.echo(
            f"Not in this catalog: {_many(len(view.unknown), 'version')}. Bring them into it with: stackyard artifact "
            "reindex, or remove them with --unknown."
        )
    _print_failed(view)
    click.echo(f"To be removed: {_counted(view, unknown=unknown)}.")


def _print_failed(view: PruneView) -> None:
    for problem in view.failed:
        click.echo(f"Warning: {problem.problem} {problem.hint}".rstrip(), err=True)


def _counted(view: PruneView, *, unknown: bool) -> str:
    """Return what goes in words."""
    parts = []
    if view.versions:
        artifacts = _many(len(view.artifacts), "artifact")
        parts.append(f"{_many(view.versions, 'version')} of {artifacts} ({show_size(view.size_bytes)})")
    if view.leftovers:
        parts.append(f"{_many(len(view.leftovers), 'leftover')} without a manifest")
    if unknown and view.unknown:
        parts.append(f"{_many(len(view.unknown), 'version')} that this catalog does not know")
    return ", ".join(parts) or "nothing"


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
