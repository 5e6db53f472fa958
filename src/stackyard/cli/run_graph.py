"""``stackyard run graph``."""

from __future__ import annotations

import sys
from typing import Any

import click

from stackyard.api import runs
from stackyard.api.context import open_context
from stackyard.cli.completion import run_names
from stackyard.cli.graph_text import dot, draw, levels, mermaid
from stackyard.cli.output import format_option, print_json, print_table, print_yaml
from stackyard.cli.progress_text import COLOURS, ICONS
from stackyard.cli.text import cell_width, show_duration, terminal_width, use_colour
from stackyard.model.views import RunView, StepRunView


@click.command(epilog="Example: stackyard run graph training-3 --output mermaid")
@click.argument("run", default="latest", shell_complete=run_names)
@format_option("text", "table", "mermaid", "dot", "json", "yaml")
def graph(run: str, output: str) -> None:
    """Draw the steps of RUN (default: the latest) and what they wait for.

    Each line is a step. What it gives runs down a rail to the steps that take it.
    """
    view = runs.get_run(open_context(), run)
    waits = {step.name: step.upstream for step in view.steps}
    statuses = {step.name: step.status.value for step in view.steps}
    if output == "mermaid":
        click.echo(mermaid(waits, statuses))
    elif output == "dot":
        click.echo(dot(waits, statuses))
    elif output == "json":
        print_json(_document(view))
    elif output == "yaml":
        print_yaml(_document(view))
    elif output == "text" and (drawing := _draw(view)):
        click.echo("\n".join(drawing))
    else:
        at = levels(waits)
        rows = [[str(at[s.name]), s.name, _status(s), ", ".join(s.upstream) or "-"] for s in view.steps]
        print_table(["LEVEL", "STEP", "STATUS", "WAITS FOR"], rows)


def _draw(view: RunView) -> list[str]:
    """Draw with rails; nothing when they are wider than the terminal."""
    widest = max((cell_width(_status(step)) for step in view.steps), default=0)
    colour = use_colour()
    notes: dict[str, str] = {}
    for step in view.steps:
        status = _status(step)
        padding = " " * (widest - cell_width(status) + 2)
        shown = click.style(status, fg=COLOURS.get(step.status)) if colour else status
        notes[step.name] = f"{shown}{padding}{show_duration(step.duration_s)}".rstrip()
    waits = {step.name: step.upstream for step in view.steps}
    return draw(waits, notes, terminal_width() if sys.stdout.isatty() else 0)


def _status(step: StepRunView) -> str:
    return f"{ICONS[step.status]} {step.status}"


def _document(view: RunView) -> dict[str, Any]:
    at = levels({step.name: step.upstream for step in view.steps})
    return {
        "run_id": view.id,
        "name": view.name,
        "status": view.status.value,
        "steps": [
            {"name": s.name, "status": s.status.value, "level": at[s.name], "upstream": s.upstream} for s in view.steps
        ],
    }
