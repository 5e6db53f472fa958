"""``stackyard run resume|retry``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stackyard.cli.completion import run_names, stack_names
from stackyard.cli.run_start import Manner, carry_out, manner_options

if TYPE_CHECKING:
    from stackyard.api.run_request import RunRequest


@click.command(epilog="Example: stackyard run resume training-3")
@click.argument("run", default="latest", shell_complete=run_names)
@manner_options
def resume(run: str, manner: Manner) -> int:
    """Go on with RUN (default: the latest), which failed, was stopped or interrupted.

    It stays the same run: steps that completed are kept, all others run; with the same parameters, stack and run
    configuration, and the code as it is now. A script is run again, and what its earlier pipelines gave is kept.

    A new run of the same pipeline is: stackyard run retry
    """
    from stackyard.api.context import open_context  # noqa: PLC0415  # completion and help need none of it
    from stackyard.api.rerun import request_to_resume  # noqa: PLC0415

    ctx = open_context()
    request = request_to_resume(ctx, run)
    _tell_of_interpreter(request)
    return carry_out(ctx, request, manner)


@click.command(epilog="Example: stackyard run retry training-3 --no-cache")
@click.argument("run", shell_complete=run_names)
@click.option("--stack", metavar="NAME", shell_complete=stack_names, help="On this stack instead of the run's own.")
@click.option("--no-cache", is_flag=True, help="Run every step, whatever is there.")
@click.option("--run-name", metavar="NAME", help="Name of the new run; default: numbered.")
@manner_options
def retry(run: str, stack: str | None, no_cache: bool, run_name: str | None, manner: Manner) -> int:
    """Run the pipeline of RUN again, as a new run.

    It has the same parameters, stack and run configuration, and the code as it is now. The cache gives what completed
    and did not change, so what failed is what runs.

    To go on with the same run instead: stackyard run resume
    """
    from stackyard.api.context import open_context  # noqa: PLC0415  # completion and help need none of it
    from stackyard.api.rerun import request_to_retry  # noqa: PLC0415

    ctx = open_context()
    request = request_to_retry(ctx, run, stack=stack)
    request = request.replace(
        enable_cache=False if no_cache else request.enable_cache,
        run_name=run_name,
    )
    _tell_of_interpreter(request)
    return carry_out(ctx, request, manner)


def _tell_of_interpreter(request: RunRequest) -> None:
    from stackyard.api.rerun import difference_of_interpreters  # noqa: PLC0415

    told = difference_of_interpreters(request)
    if told:
        click.echo(f"Warning: {told}", err=True)
