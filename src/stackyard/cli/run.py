"""``stackyard run``: run a pipeline, and look after runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from stackyard.cli.completion import stack_names
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.output import json_option, print_json
from stackyard.model.errors import UsageError

TARGET = "FILE[:PIPELINE]"
_SUBCOMMANDS = {
    "list": ("stackyard.cli.runs:list_", "List runs, newest first."),
    "show": ("stackyard.cli.runs:show", "Show a run with its steps."),
    "logs": ("stackyard.cli.runs:logs", "Print what a run's steps printed."),
    "stop": ("stackyard.cli.runs:stop", "Stop a run that is going on."),
}
RESERVED = frozenset({*_SUBCOMMANDS, "resume", "retry", "delete", "wait", "graph", "explain"})


class RunGroup(LazyGroup):
    """``run FILE`` runs a pipeline; ``run list`` and its like look after runs. A file named so is ``./list``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take anything that is no reserved word as a file."""
        if args and args[0] in _SUBCOMMANDS:
            return super().resolve_command(ctx, args)
        if args and args[0] in RESERVED:
            raise UsageError(
                f"'run {args[0]}' is not there yet.", hint=f"A file of that name is run with: stackyard run ./{args[0]}"
            )
        return "run", run_target, args

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Complete the subcommands, or let the shell complete files."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  # only while a shell completes

        return super().shell_complete(ctx, incomplete) or [CompletionItem(incomplete, type="file")]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands, and the options of running."""
        super().format_commands(ctx, formatter)
        target = click.Context(run_target, info_name="run", parent=ctx.parent)
        with formatter.section(f"Options of run {TARGET}"):
            records = [p.get_help_record(target) for p in run_target.get_params(target)]
            formatter.write_dl([r for r in records if r is not None and not r[0].startswith("-h")])


@click.group(
    cls=RunGroup,
    table=_SUBCOMMANDS,
    options_metavar=TARGET,
    subcommand_metavar="[OPTIONS] | COMMAND ...",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Examples: stackyard run pipelines/training.py --param test_size=0.3   ·   stackyard run logs training-3",
)
def run() -> None:
    """Run a pipeline on the active stack, or look after runs.

    \b
    run FILE            runs the file's only pipeline
    run FILE:PIPELINE   runs that one
    run FILE ARGS...    runs a file with a main guard as a script, like python FILE ARGS
    """  # noqa: D301  # click's mark for lines that stay as they are


class _TargetCommand(click.Command):
    """Stands for ``run`` itself: its help and its errors do not say the word twice."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Take the group's place."""
        return super().make_context(info_name, args, parent.parent if parent else None, **extra)


@click.command(
    "run",
    cls=_TargetCommand,
    context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]},
    epilog="Example: stackyard run pipelines/training.py:training --stack local --param test_size=0.3",
)
@click.argument("target", metavar=TARGET)
@click.option(
    "--stack", metavar="NAME", shell_complete=stack_names, help="Run on this stack instead of the active one."
)
@click.option("-p", "--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A pipeline parameter.")
@click.option("-c", "--config", metavar="FILE", help="A run configuration (YAML).")
@click.option("--no-cache", is_flag=True, help="Run every step, whatever is there.")
@click.option("--run-name", metavar="NAME", help="Name of the run; default: numbered.")
@json_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGS...]")
@click.pass_context
def run_target(
    ctx: click.Context, *, target: str, stack: str | None, parameters: tuple[str, ...], config: str | None,
    no_cache: bool, run_name: str | None, as_json: bool, arguments: tuple[str, ...],
) -> int:  # fmt: skip
    """Run a pipeline of a file on the active stack."""
    from stackyard.api.driver import RunOptions  # noqa: PLC0415  # the engine, needed for running only
    from stackyard.api.loading import has_main_guard, read_source, split_target  # noqa: PLC0415
    from stackyard.cli.script import run_script  # noqa: PLC0415

    file, function = split_target(target)
    path = Path(os.path.normpath(Path(file).absolute()))
    options = RunOptions(
        stack=stack,
        enable_cache=False if no_cache else None,
        config=config,
        run_name=run_name,
        parameters=parse_parameters(parameters),
        parameters_given_as="text",
    )
    if arguments:
        if function is None and has_main_guard(read_source(path)):
            return run_script(path, list(arguments), options)
        raise UsageError(
            f"{' '.join(arguments)!r} is no option of 'stackyard run', and {file} is no script with a main guard.",
            hint=f"See: {ctx.command_path} --help",
        )
    return _run_pipeline(path, function, options, as_json=as_json)


def _run_pipeline(path: Path, function: str | None, options: Any, *, as_json: bool) -> int:
    from stackyard.api.driver import raise_for_status, run_file  # noqa: PLC0415
    from stackyard.api.loading import CalledWhileLoadingError, refuse_while_loading  # noqa: PLC0415
    from stackyard.authoring.pipeline import set_runner  # noqa: PLC0415
    from stackyard.cli.progress import choose_reporter  # noqa: PLC0415
    from stackyard.cli.script import run_script  # noqa: PLC0415

    set_runner(refuse_while_loading)
    try:
        view = run_file(str(path), function, options, choose_reporter(as_json=as_json))
    except CalledWhileLoadingError:
        return run_script(path, [], options)
    if as_json:
        print_json(view)
        return 0 if view.status.is_success else 1
    raise_for_status(view)
    return 0


def parse_parameters(words: tuple[str, ...]) -> dict[str, str]:
    """Return ``NAME=VALUE`` words as a mapping.

    Raises:
        UsageError: a word without ``=``, or a name that is given twice.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"--param {word!r} is no parameter.", hint="Write --param NAME=VALUE.")
        if name in found:
            raise UsageError(f"The parameter {name!r} is given twice.", hint="Give it once.")
        found[name] = value
    return found
