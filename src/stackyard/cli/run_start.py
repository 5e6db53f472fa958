"""What ``run FILE``, ``run resume`` and ``run retry`` share: how a run is shown, and that it may go on by itself."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stackyard.cli.output import json_option, print_json
from stackyard.model.errors import PipelineNotFoundError, StackyardError, UsageError
from stackyard.model.record import Record

if TYPE_CHECKING:
    from stackyard.api.context import Context
    from stackyard.api.run_request import RunRequest
    from stackyard.engine.reporter import Reporter

F = TypeVar("F", bound=Callable[..., Any])


class Manner(Record):
    """How a run is started and shown."""

    detach: bool
    events: str | None
    in_process: bool
    as_json: bool

    def check(self) -> None:
        """Refuse what does not go together.

        Raises:
            UsageError: two options that exclude each other.
        """
        given = {"--detach": self.detach, "--events": self.events, "--in-process": self.in_process}
        for one, other in (("--detach", "--events"), ("--detach", "--in-process")):
            if given[one] and given[other]:
                raise UsageError(f"{one} and {other} do not go together.", hint="Leave one out.")
        if self.events and self.as_json:
            raise UsageError("--events and --json do not go together.", hint="The last event has the run's status.")


def manner_options(command: F) -> F:
    """Add the options of a :class:`Manner`; the command gets it as ``manner``."""

    def wrapped(*args: Any, detach: bool, events: str | None, in_process: bool, as_json: bool, **rest: Any) -> Any:
        manner = Manner(detach, events, in_process, as_json)
        manner.check()
        return command(*args, manner=manner, **rest)

    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    wrapped.__dict__.update(command.__dict__)  # click collects a command's options on the function
    for option in (
        json_option,
        click.option(
            "--events", type=click.Choice(["jsonl"]),
            help="Print what happens as it happens, one JSON object a line, on stdout; lines for people on stderr.",
        ),
        click.option(
            "--detach", "-d", is_flag=True, help="Let it run by itself: the command ends when the run has begun."
        ),
        click.option(
            "--in-process", is_flag=True,
            help="One step after the other in this very process, for debuggers and profilers.",
        ),
    ):  # fmt: skip
        option(wrapped)
    return wrapped  # type: ignore[return-value]  # the options became the manner


def carry_out(ctx: Context, request: RunRequest, manner: Manner) -> int:
    """Do what a request asks for, here or in a process of its own, and show what comes of it.

    Returns:
        The exit code.

    Raises:
        RunFailedError: a step failed.
        RunStoppedError: the run was stopped.
        StackyardError: nothing ran.
    """
    if manner.detach:
        return _detach(ctx, request, manner)
    from stackyard.api.driver import raise_for_status  # noqa: PLC0415  # the engine, needed for running only
    from stackyard.api.runs import get_run  # noqa: PLC0415
    from stackyard.api.starting import run_here  # noqa: PLC0415

    request = request.replace(in_process=manner.in_process)
    out = sys.stdout
    with _own_stdout(manner):
        try:
            ended = run_here(request, lambda: _reporter(manner, out))
        except StackyardError as error:
            if manner.events:
                from stackyard.cli.events import print_error_event  # noqa: PLC0415

                print_error_event(error, out)
            raise
    if manner.as_json:
        if ended.run is None:
            raise PipelineNotFoundError(
                f"{request.target} called no pipeline: there is no run to print.", hint="Leave --json out."
            )
        print_json(get_run(ctx, ended.run.id))
        return ended.exit_code or (0 if ended.run.status.is_success else 1)
    if ended.run is not None and request.kind == "file":
        raise_for_status(ended.run)
    return ended.exit_code


@contextlib.contextmanager
def _own_stdout(manner: Manner) -> Iterator[None]:
    """Keep what user code prints in this process away from a stdout that is for programs."""
    if not (manner.as_json or manner.events):
        yield
        return
    with contextlib.redirect_stdout(sys.stderr):
        yield


def _reporter(manner: Manner, out: Any) -> Reporter:
    from stackyard.cli.progress import choose_reporter  # noqa: PLC0415

    shown = choose_reporter(err=manner.as_json or bool(manner.events), in_process=manner.in_process)
    if not manner.events:
        return shown
    from stackyard.cli.events import EventsReporter  # noqa: PLC0415  # only for programs

    return EventsReporter(out, shown)


def _detach(ctx: Context, request: RunRequest, manner: Manner) -> int:
    from stackyard.api import runs  # noqa: PLC0415
    from stackyard.api.launch import start_run  # noqa: PLC0415

    driver = [sys.executable, "-m", "stackyard.api.detached"]
    run_id, name = start_run(ctx, request, driver=driver, environment=dict(os.environ))
    if manner.as_json:
        print_json(runs.get_run(ctx, run_id))
        return 0
    click.echo(f"The run {name} goes on by itself. Follow it with: stackyard run wait {name}")
    return 0
