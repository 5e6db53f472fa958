"""``stackyard run --dry-run``."""

from __future__ import annotations

import contextlib
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stackyard.cli.output import print_json
from stackyard.cli.run_explain import print_changes
from stackyard.cli.text import cell_width, use_colour
from stackyard.model.errors import UsageError

if TYPE_CHECKING:
    from stackyard.api.run_request import RunRequest
    from stackyard.cli.run_start import Manner
    from stackyard.model.explain_views import RunForecast, StepForecast

_COLOURS = {"reuse": "blue", "run": "green", "depends": "yellow", "skip": "bright_black"}
_COUNTS = {"reuse": "would be reused", "run": "would run", "depends": "depends on steps before it", "skip": "left out"}


def forecast(request: RunRequest, manner: Manner) -> int:
    """Print what a run would do; return the exit code.

    Raises:
        UsageError: options that are for running, or a script, which does what it likes.
        StackyardError: a run would be refused.
    """
    from stackyard.api.forecast import forecast_file  # noqa: PLC0415  # the engine, not needed for the help
    from stackyard.api.programs import options_of  # noqa: PLC0415

    for word, given in (("--detach", manner.detach), ("--events", manner.events), ("--in-process", manner.in_process)):
        if given:
            raise UsageError(f"--dry-run and {word} do not go together.", hint="Leave one out.")
    if request.kind != "file":
        raise UsageError("A script can't be forecast: it does what it likes.", hint="Leave its arguments out.")
    if request.cwd and Path(request.cwd) != Path.cwd():
        os.chdir(request.cwd)
    with contextlib.redirect_stdout(sys.stderr):  # what the user's code prints meanwhile is no part of the answer
        found = forecast_file(request.file, request.function, options_of(request))
    if manner.as_json:
        print_json(found)
    else:
        _print(found)
    return 0


def _print(found: RunForecast) -> None:
    head = f"{found.pipeline} on stack {found.stack} ({found.stack_origin}) · artifact store {found.artifact_store}"
    click.secho(f"{head} · nothing runs", bold=use_colour())
    width = max((cell_width(step.step) for step in found.steps), default=0)
    for step in found.steps:
        word = f"{step.would:<7}"
        click.echo(
            f"{step.step}{' ' * (width - cell_width(step.step))}  "
            f"{click.style(word, fg=_COLOURS[step.would]) if use_colour() else word}  {_why(step)}".rstrip()
        )
        print_changes(step.changes, "see --json")
    counts = Counter[str](step.would for step in found.steps)
    texts = {**_COUNTS, "depends": "depend on steps before them"} if counts["depends"] > 1 else _COUNTS
    click.echo(", ".join(f"{counts[word]} {text}" for word, text in texts.items() if counts[word]))
    if not found.complete:
        click.echo(f"The pipeline looks at the value of {found.waits_for}: what follows is known when that has run.")


def _why(step: StepForecast) -> str:
    return f"from {step.from_run or 'a run that was deleted'}" if step.would == "reuse" else step.detail
