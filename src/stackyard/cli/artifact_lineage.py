"""``stackyard artifact lineage``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from stackyard.api.context import open_context
from stackyard.cli.artifact_snippet import VERSION_HELP
from stackyard.cli.output import json_option, print_json
from stackyard.cli.progress_text import COLOURS, ICONS
from stackyard.cli.text import use_colour
from stackyard.model.enums import Status
from stackyard.model.lineage_views import LineageEdge, LineageNode, LineageView

DEPTH, LIMIT = 10, 200
_Branches = Mapping[str, Mapping[str, LineageEdge]]
"""Node to those beyond it, each with the edge to it."""


@click.command(epilog="Example: stackyard artifact lineage model@3 --up --depth 2")
@click.argument("name", metavar="NAME[@VERSION]")
@click.option("--version", type=int, help=VERSION_HELP)
@click.option("--up", is_flag=True, help="Only what it comes from.")
@click.option("--down", is_flag=True, help="Only what came of it.")
@click.option(
    "--depth", type=click.IntRange(1, 1000), default=DEPTH, help=f"So many steps in each direction; default: {DEPTH}."
)
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=LIMIT,
    help=f"So many artifact versions and steps in each direction; default: {LIMIT}.",
)  # fmt: skip
@json_option
def lineage(  # noqa: PLR0917  # click passes them by name
    name: str, version: int | None, up: bool, down: bool, depth: int, limit: int, as_json: bool
) -> None:
    """Draw where a version of the artifact NAME (or the version with the id NAME) comes from, and what came of it.

    Artifact versions and the steps that made and took them, by turns; the versions of models that have them at the end.
    """
    from stackyard.api import artifact_lineage as api  # noqa: PLC0415  # other verbs don't need it
    from stackyard.api.artifact_named import named_version  # noqa: PLC0415

    ctx = open_context()
    found = named_version(ctx, name, version)
    both = up == down
    view = api.lineage(ctx, found.id, up=up or both, down=down or both, depth=depth, limit=limit)
    if as_json:
        print_json(view)
        return
    for line in _lines(view, up=up or both, down=down or both):
        click.echo(line)


def _lines(view: LineageView, *, up: bool, down: bool) -> Iterator[str]:
    nodes = {node.id: node for node in view.nodes}
    above: dict[str, dict[str, LineageEdge]] = {}
    below: dict[str, dict[str, LineageEdge]] = {}
    for edge in view.edges:
        # What was reused is not where something comes from; it is what came of the run that had no need to run.
        source, target = nodes[edge.source], nodes[edge.target]
        if source.level <= 0 and target.level <= 0 and edge.kind not in ("reused", "model"):
            _put(above.setdefault(edge.target, {}), edge.source, edge)
        if source.level >= 0 and target.level >= 0:
            _put(below.setdefault(edge.source, {}), edge.target, edge)
    for found in below.values():  # what was made is drawn where it was made
        ordered = sorted(found.items(), key=lambda item: nodes[item[0]].status is Status.CACHED)
        found.clear()
        found.update(ordered)
    start = nodes[view.id]
    head = _text(start, None)
    yield click.style(head, bold=True) if use_colour() else head
    if up:
        yield "comes from"
        yield from _tree(view.id, nodes, above, view.n_more_up, "nothing that is known")
    if down:
        yield "went into"
        yield from _tree(view.id, nodes, below, view.n_more_down, "nothing yet")


def _put(branches: dict[str, LineageEdge], other: str, edge: LineageEdge) -> None:
    """Add a node beyond another; one that is two inputs of a step is drawn once."""
    if other in branches:
        edge = edge.model_copy(update={"name": f"{branches[other].name}, {edge.name}"})
    branches[other] = edge


def _tree(
    start: str, nodes: Mapping[str, LineageNode], branches: _Branches, n_more: int, nothing: str
) -> Iterator[str]:
    """Draw what lies beyond a node, each thing with what lies beyond it once."""
    drawn = {start}
    shown = False
    nothing_beyond: Mapping[str, LineageEdge] = {}
    pending = [(start, iter(branches.get(start, nothing_beyond).items()), "")]
    left = {start: len(branches.get(start, nothing_beyond))}
    while pending:
        node, rest, indent = pending[-1]
        step = next(rest, None)
        if step is None:
            pending.pop()
            continue
        shown = True
        left[node] -= 1
        last = not left[node] and not (len(pending) == 1 and n_more)
        other, edge = step
        again = other in drawn
        beyond = nothing_beyond if again else branches.get(other, nothing_beyond)
        mark = " (see above)" if again and branches.get(other) else ""
        yield f"{indent}{'└─' if last else '├─'} {_text(nodes[other], edge)}{mark}"
        drawn.add(other)
        left[other] = len(beyond)
        pending.append((other, iter(beyond.items()), indent + ("   " if last else "│  ")))
    if n_more:
        yield f"└─ … and {n_more:,} more: see them with --depth and --limit"
    elif not shown:
        yield f"└─ {nothing}"


def _text(node: LineageNode, edge: LineageEdge | None) -> str:
    """Return a node in words."""
    if node.kind == "step_run":
        assert node.status is not None  # noqa: S101  # step runs have one
        sign = ICONS[node.status]
        shown = click.style(sign, fg=COLOURS.get(node.status)) if use_colour() else sign
        where = f"{shown} {node.name}  {node.run}"
        return f"{where}, {node.status}" if node.status is not Status.COMPLETED else where
    if node.kind == "model_version":
        return f"model {node.name} {node.version}" + (f"  {node.stage}" if node.stage else "")
    facts = [node.type.rpartition(".")[2]]
    if edge is not None and edge.kind == "input" and edge.name != node.name:
        facts.append(f"as {edge.name}")
    if edge is not None and edge.kind in ("saved", "reused"):
        facts.append("saved beside its outputs" if edge.kind == "saved" else "reused")
    elif node.n_reused:
        facts.append(f"reused {node.n_reused:,} times" if node.n_reused > 1 else "reused once")
    if node.pruned:
        facts.append("pruned")
    return f"{node.name} {node.version}  {', '.join(facts)}"
