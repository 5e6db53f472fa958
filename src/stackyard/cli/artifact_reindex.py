"""``stackyard artifact reindex``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stackyard.api.context import open_context
from stackyard.cli.output import json_option, print_json, print_table
from stackyard.cli.working import working

if TYPE_CHECKING:
    from stackyard.api.artifact_reindex import ReindexView

_HEADS = {
    "new": "There was no catalog; a new one was made.",
    "existing": "",
    "replaced": "The catalog was damaged; a new one was made. The damaged one is kept: {}",
}


@click.command(epilog="Example: stackyard artifact reindex && stackyard artifact list")
@click.option("--store", metavar="STORE", help="Only what lies in this artifact store; default: all of them.")
@json_option
def reindex(store: str | None, as_json: bool) -> int:
    """Rebuild a lost or damaged catalog from the artifact stores, or add to it what it lacks.

    Versions come back with their numbers, tags and lineage, runs with their steps, parameters and cache keys: from the
    manifests, and from the record that each run leaves in its store when it ends. Of a run that was killed, or whose
    store keeps no records, only what its versions tell comes back. Secrets, stacks and logs are elsewhere and not
    touched. What the catalog has stays as it is, so this may be done at any time, and again.
    """
    from stackyard.api import artifact_reindex  # noqa: PLC0415  # opens stores: other verbs do not

    with working("Reading manifests", None) as progress:
        view = artifact_reindex.reindex(open_context(), store, progress)
    if as_json:
        print_json(view)
    else:
        _print(view)
    return 1 if any(found.problem or found.damaged for found in view.stores) else 0


def _print(view: ReindexView) -> None:
    head = _HEADS[view.catalog].format(view.moved_to)
    if head:
        click.echo(head)
    rows = [
        [s.artifact_store, str(s.versions), str(s.added), str(s.runs), str(s.running), str(len(s.damaged))]
        for s in view.stores
    ]
    print_table(["ARTIFACT STORE", "VERSIONS", "ADDED", "RUNS ADDED", "OF RUNS THAT GO ON", "DAMAGED"], rows)
    for store in view.stores:
        if store.problem:
            click.echo(f"Warning: {store.artifact_store}: {store.problem}", err=True)
        for damaged in store.damaged:
            click.echo(f"Warning: {damaged.problem} {damaged.hint}".rstrip(), err=True)
    if not (view.added or view.runs):
        click.echo("The catalog had all of it.")
