"""``stackyard run explain``, and how changes are shown: before and after."""

from __future__ import annotations

import click

from stackyard.cli.completion import run_names
from stackyard.cli.output import json_option, print_json
from stackyard.cli.progress_text import COLOURS, ICONS, cut
from stackyard.cli.text import cell_width, show_value, use_colour
from stackyard.model.enums import Status
from stackyard.model.explain_views import ChangeView, StepExplanation

MAX_VALUE = 60
SHOWN = 8
"""Changes of one step that are shown beside those of others."""
_NOUNS = {
    "code": "code of",
    "parameters": "parameter",
    "inputs": "input",
    "outputs": "output",
    "materializers": "materializer",
    "policy": "",
    "environment": "environment variable",
    "secrets": "secret",
    "experiment_tracker": "experiment tracker",
    "python": "Python",
}
_SECRET = frozenset({"environment", "secrets"})
"""Parts whose digests say nothing to people, and whose values are nobody's business."""


@click.command(epilog="Example: stackyard run explain training-4 train")
@click.argument("run", default="latest", shell_complete=run_names)
@click.argument("step", required=False)
@json_option
def explain(run: str, step: str | None, as_json: bool) -> None:
    """Say why the steps of RUN (default: the latest), or one STEP, were reused or not.

    What changed since the run before is shown with before and after; code as a diff.
    """
    from stackyard.api.context import open_context  # noqa: PLC0415
    from stackyard.api.explain import explain_run  # noqa: PLC0415

    found = explain_run(open_context(), run, step)
    if as_json:
        print_json(found)
        return
    width = max((cell_width(each.step) for each in found.steps), default=0)
    click.secho(f"{found.run} · artifact store {found.artifact_store}", bold=use_colour())
    for each in found.steps:
        _print_step(each, width, more="" if step else f"stackyard run explain {found.run} {each.step}")


def _print_step(step: StepExplanation, width: int, more: str) -> None:
    sign = click.style(ICONS[step.status], fg=COLOURS.get(step.status)) if use_colour() else ICONS[step.status]
    click.echo(f"{sign} {step.step}{' ' * (width - cell_width(step.step))}  {_why(step)}")
    if step.compared_run and step.changes:
        click.echo(f"    compared with {step.compared_run}:")
        print_changes(step.changes, more)


def _why(step: StepExplanation) -> str:
    if step.reused:
        return f"reused from {step.from_run or 'a run that was deleted'}"
    if step.reason is not None:
        return f"ran: {step.detail}"
    return "taken as it was" if step.status is Status.CACHED else f"{step.status}: the cache was not asked"


def print_changes(changes: list[ChangeView], more: str = "") -> None:
    """Print what changed, each with before and after.

    Args:
        changes: the strongest reason first.
        more: only the first few are shown, and this is what shows all; empty: all are.
    """
    for change in changes[:SHOWN] if more else changes:
        name = f"{_NOUNS[change.part]} {change.name}".strip()
        if change.part == "code":
            word = "is new" if change.before is None else "is gone" if change.after is None else "changed"
            click.echo(f"    {name} {word}" + (":" if change.diff else ""))
            for line in change.diff.splitlines():
                click.secho(f"      {line}".rstrip(), fg=_colour(line))
        elif change.part in _SECRET:
            word = "is new" if change.before is None else "is gone" if change.after is None else "changed"
            click.echo(f"    {name} {word}")
        else:
            click.echo(f"    {name}: {_values(change)}")
    if more and len(changes) > SHOWN:
        click.echo(f"    and {len(changes) - SHOWN} more: {more}")


def _colour(line: str) -> str | None:
    if not use_colour():
        return None
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])


def _values(change: ChangeView) -> str:
    before, after = _value(change.before), _value(change.after)
    artifact, _, version = before.rpartition(" ")
    if change.part == "inputs" and artifact and after.startswith(f"{artifact} "):
        return f"{artifact} {version} → {after[len(artifact) + 1 :]}"
    return f"{before} → {after}"


def _value(value: object) -> str:
    return "nothing" if value is None else cut(show_value(value), MAX_VALUE)
