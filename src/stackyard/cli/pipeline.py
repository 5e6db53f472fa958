"""``stackyard pipeline``: which pipelines there are, and what one would do."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click

from stackyard.api import pipelines
from stackyard.api.context import open_context
from stackyard.cli.completion import stack_names
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, list_options
from stackyard.cli.output import format_option, json_option, print_json, print_table, print_yaml
from stackyard.cli.text import show_time
from stackyard.model.pipeline_views import PipelineCheckView, PipelineSummaryView

if TYPE_CHECKING:
    from stackyard.api.run_options import RunOptions

F = TypeVar("F", bound=Callable[..., Any])
TARGET = "FILE[:PIPELINE]"

PIPELINES = Listing[PipelineSummaryView](
    "pipeline",
    columns=[
        Column("name", lambda v: v.name),
        Column("place", lambda v: f"{v.file}:{v.line}" if v.file else "", lambda v: _place(v) or "-"),
        Column("steps", lambda v: len(v.steps) or None, yields=2),
        Column("runs", lambda v: v.runs),
        Column("last_run", lambda v: v.last_run, yields=3),
        Column("status", lambda v: v.last_status.value if v.last_status else None),
        Column("started", lambda v: v.last_started_at, lambda v: show_time(v.last_started_at) or "-", yields=1),
        Column("parameters", lambda v: ", ".join(v.parameters), usual=False),
        Column("purpose", lambda v: v.doc, prose=True, usual=False),
    ],
    filters=[
        Filter("name", lambda v: [v.name], NAME_HELP),
        Filter("file", lambda v: [v.file], "Only those of files whose paths contain this."),
    ],
)


@click.group(cls=LazyGroup, epilog="Example: stackyard pipeline validate pipelines/training.py")
def pipeline() -> None:
    """List the project's pipelines, check one without running it, write a run configuration for it."""


@pipeline.command("list", epilog="Example: stackyard pipeline list --columns name,place,parameters")
@list_options(PIPELINES)
@click.option("--all-projects", is_flag=True, help="Also pipelines that ran in other projects.")
def list_(request: Request[PipelineSummaryView], *, all_projects: bool) -> None:
    """List the pipelines that the project's files define and those that ran; nothing is imported."""
    found = pipelines.list_pipelines(open_context(), all_projects=all_projects)
    request.show(
        request.apply(found), none="There is no pipeline yet. Decorate a function with @pipeline, or: stackyard init"
    )


def _run_options(command: F) -> F:
    """Add the options of running that change what is recorded; the command gets ``options``."""

    def wrapped(*args: Any, stack: str | None, config: str | None, parameters: tuple[str, ...], **rest: Any) -> Any:
        from stackyard.api.run_options import RunOptions  # noqa: PLC0415  # the engine's, needed here only
        from stackyard.cli.run import parse_parameters  # noqa: PLC0415

        told = RunOptions(
            stack=stack, config=config, parameters=parse_parameters(parameters), parameters_given_as="text"
        )
        return command(*args, options=told, **rest)

    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    wrapped.__dict__.update(command.__dict__)  # click collects a command's options on the function
    for option in (
        click.option("-c", "--config", metavar="FILE", help="A run configuration (YAML)."),
        click.option("-p", "--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A pipeline parameter."),
        click.option("--stack", metavar="NAME", shell_complete=stack_names, help="Instead of the active one."),
    ):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]  # a command like the one that came in, with other parameters


@contextlib.contextmanager
def _prints_apart() -> Iterator[None]:
    """Keep what the user's file prints while it is imported out of our output."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


@pipeline.command(epilog="Example: stackyard pipeline validate pipelines/training.py --config configs/small.yaml")
@click.argument("target", metavar=TARGET)
@_run_options
@json_option
def validate(target: str, *, options: RunOptions, as_json: bool) -> None:
    """Check a pipeline without running it: parameters, types between steps, stack, settings, secrets.

    The file is imported and the pipeline's function is called; its steps are not. All problems are told at once, each
    with file and line; the exit code is 3 then.
    """
    view = _checked(target, options)
    if as_json:
        print_json(view)
        return
    for note in view.notes:
        click.echo(f"Note:  {note}", err=True)
    count = f"{len(view.steps)} step{'' if len(view.steps) == 1 else 's'}"
    click.echo(f"ok: {view.pipeline}, {count}, would run on the stack {view.stack} ({view.stack_origin}).")
    if not view.complete:
        click.echo("It looks at a step's value: what it does then is checked when it runs.", err=True)


@pipeline.command(epilog="Example: stackyard pipeline graph pipelines/training.py --output mermaid")
@click.argument("target", metavar=TARGET)
@_run_options
@format_option("text", "table", "mermaid", "dot", "json", "yaml")
def graph(target: str, *, options: RunOptions, output: str) -> None:
    """Draw the steps of a pipeline and what they wait for; nothing runs.

    Each line is a step. What it gives runs down a rail to the steps that take it.
    """
    from stackyard.cli.graph_text import dot, draw, levels, mermaid  # noqa: PLC0415  # needed here only

    view = _checked(target, options)
    waits = {step.name: step.upstream for step in view.steps}
    if output == "json":
        print_json(view)
    elif output == "yaml":
        print_yaml(view.model_dump(mode="json"))
    elif output in ("mermaid", "dot"):
        click.echo((mermaid if output == "mermaid" else dot)(waits))
    elif output == "table":
        at = levels(waits)
        rows = [
            [str(at[s.name]), s.name, ", ".join(s.outputs) or "-", ", ".join(s.upstream) or "-"] for s in view.steps
        ]
        print_table(["LEVEL", "STEP", "OUTPUTS", "WAITS FOR"], rows)
    else:
        click.echo("\n".join(draw(waits)))
    if not view.complete:
        click.echo("It looks at a step's value: what it does then is known when it runs.", err=True)


@pipeline.command(epilog="Example: stackyard pipeline template pipelines/training.py -o configs/training.yaml")
@click.argument("target", metavar=TARGET)
@_run_options
@click.option("-o", "--output-file", "file", metavar="FILE", help="Write to FILE instead of the terminal.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@json_option
def template(target: str, *, options: RunOptions, file: str | None, force: bool, as_json: bool) -> None:
    """Write a run configuration for a pipeline: its parameters, and all else that may be said, commented out.

    It is valid as it is. Take the # away in front of what you want to set.
    """
    from stackyard.api.loading import split_target  # noqa: PLC0415  # the engine, needed here only
    from stackyard.api.pipeline_template import template_of  # noqa: PLC0415
    from stackyard.api.stack_export import write_file  # noqa: PLC0415

    with _prints_apart():
        text = template_of(*split_target(target), options)
    path = write_file(file, text, force=force) if file else None
    if as_json:
        print_json({"text": text, "file": str(path) if path else None})
    elif path:
        click.echo(f"Written to {path}. Use it with: stackyard run {target} --config {file}")
    else:
        click.echo(text, nl=False)


def _checked(target: str, options: RunOptions) -> PipelineCheckView:
    from stackyard.api.loading import split_target  # noqa: PLC0415  # the engine, needed here only

    with _prints_apart():
        return pipelines.check_pipeline(*split_target(target), options)


def _place(view: PipelineSummaryView) -> str:
    from pathlib import Path  # noqa: PLC0415  # this module needs it here only

    path = Path(view.file)
    if not view.file:
        return ""
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}:{view.line}"
