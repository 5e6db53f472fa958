"""``stackyard run``: run a pipeline, and look after runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from stackyard.cli.completion import run_names, stack_names
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.run_start import Manner, carry_out, manner_options
from stackyard.model.enums import ExecutionMode
from stackyard.model.errors import UsageError
from stackyard.storage.host import expand

TARGET = "FILE[:PIPELINE]"
_SUBCOMMANDS = {
    "list": ("stackyard.cli.runs:list_", "List runs, newest first."),
    "show": ("stackyard.cli.runs:show", "Show a run with its steps."),
    "logs": ("stackyard.cli.runs:logs", "Print what a run's steps printed."),
    "explain": ("stackyard.cli.run_explain:explain", "Say why a run's steps were reused, or not."),
    "graph": ("stackyard.cli.run_graph:graph", "Draw a run's steps and what they wait for."),
    "wait": ("stackyard.cli.run_after:wait", "Wait until a run ends; the exit code says how."),
    "stop": ("stackyard.cli.run_after:stop", "Stop a run that is going on, or one step of it."),
    "resume": ("stackyard.cli.run_again:resume", "Go on with a run that ended before it completed."),
    "retry": ("stackyard.cli.run_again:retry", "Run a run's pipeline again, as a new run."),
    "delete": ("stackyard.cli.run_after:delete", "Delete runs from the catalog."),
}
RESERVED = frozenset(_SUBCOMMANDS)


class RunGroup(LazyGroup):
    """``run FILE`` runs a pipeline; ``run list`` and its like look after runs. A file named so is ``./list``."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take anything that is no reserved word as a file."""
        if args and args[0] in _SUBCOMMANDS:
            return super().resolve_command(ctx, args)
        if args and args[0].isalpha() and not os.path.lexists(args[0]):
            from stackyard.model.names import closest  # noqa: PLC0415  # only on the way to an error

            for meant in closest(args[0], list(_SUBCOMMANDS), 1):
                raise UsageError(
                    f"There is neither a command nor a file {args[0]!r}.",
                    hint=f"Did you mean 'stackyard run {meant}'? A file is given with its ending: {args[0]}.py",
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
    run -m MODULE       runs a pipeline of a module: -m MODULE:PIPELINE
    run FILE ARGS...    runs a file with a main guard as a script, like python FILE ARGS

    RUN is the name of a run, the beginning of its id, or latest.
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
@click.option("-m", "--module", "is_module", is_flag=True, help="FILE is the name of a module: package.module")
@click.option(
    "--stack", metavar="NAME", shell_complete=stack_names, help="Run on this stack instead of the active one."
)
@click.option("-p", "--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A pipeline parameter.")
@click.option("-c", "--config", metavar="FILE", help="A run configuration (YAML).")
@click.option("--no-cache", is_flag=True, help="Run every step, whatever is there.")
@click.option("--run-name", metavar="NAME", help="Name of the run; default: numbered.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Tag the run, to find it again in lists.")
@click.option("--from", "start_from", metavar="STEP", help="Run this step and what follows from it; keep the others.")
@click.option("--only", metavar="STEP", help="Run this step alone.")
@click.option(
    "--inputs-of", metavar="RUN", shell_complete=run_names,
    help="Where --from and --only take inputs from; default: the newest run that has them.",
)  # fmt: skip
@click.option(
    "--dry-run", is_flag=True, help="Check everything and say which steps would be reused, and why not; nothing runs."
)
@click.option("--max-workers", type=click.IntRange(1), metavar="N", help="So many steps at the same time at most.")
@click.option(
    "--mode", type=click.Choice([mode.value for mode in ExecutionMode]), help="What a failed step means for the others."
)
@manner_options
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGS...]")
@click.pass_context
def run_target(
    ctx: click.Context, /, *, target: str, is_module: bool, no_cache: bool, parameters: tuple[str, ...],
    config: str | None, tags: tuple[str, ...], max_workers: int | None, mode: str | None, manner: Manner,
    dry_run: bool, arguments: tuple[str, ...], **wishes: str | None,
) -> int:  # fmt: skip
    """Run a pipeline of a file on the active stack."""
    from stackyard.api.context import open_context  # noqa: PLC0415
    from stackyard.api.loading import has_main_guard, read_source, split_target  # noqa: PLC0415  # needed here only
    from stackyard.api.run_request import of_here  # noqa: PLC0415

    if wishes["start_from"] and wishes["only"]:
        raise UsageError("--from and --only do not go together.", hint="Leave one out.")
    if wishes["inputs_of"] and not (wishes["start_from"] or wishes["only"]):
        raise UsageError("--inputs-of goes with --from or --only.", hint="See: stackyard run --help")
    place, function = split_target(target)
    path = _module_file(place) if is_module else Path(os.path.normpath(Path(place).absolute()))
    request = of_here(
        file=str(path),
        function=function,
        parameters=parse_parameters(parameters),
        config=expand(config) if config else None,
        enable_cache=False if no_cache else None,
        tags=list(dict.fromkeys(tags)),
        max_workers=max_workers,
        execution_mode=mode,
        **wishes,
    )
    if arguments:
        if parameters:
            raise UsageError(
                f"{place} runs as a script, which takes no --param.", hint="Give it its own arguments behind --."
            )
        if function is not None or not has_main_guard(read_source(path)):
            raise UsageError(
                f"{' '.join(arguments)!r} is no option of 'stackyard run', and {place} is no script with a main guard.",
                hint=f"See: {ctx.command_path} --help",
            )
        request = request.replace(kind="script", arguments=list(arguments))
        if is_module:
            request = request.replace(kind="module", module=place, file="")
    if dry_run:
        from stackyard.cli.run_forecast import forecast  # noqa: PLC0415  # the engine, needed for running only

        return forecast(request, manner)
    return carry_out(open_context(path), request, manner)


def _module_file(name: str) -> Path:
    """Return the file of a module, which is looked for from the working folder on, as ``python -m`` does.

    Raises:
        UsageError: there is none.
    """
    import importlib.util  # noqa: PLC0415  # only for -m
    import sys  # noqa: PLC0415

    sys.path.insert(0, str(Path.cwd()))
    problem = "it was not found from this folder"
    try:
        found = importlib.util.find_spec(name)
        if found is not None and found.submodule_search_locations is not None:
            found = importlib.util.find_spec(f"{name}.__main__") or found
        if found is not None and found.origin and found.has_location:
            return Path(found.origin)
    except Exception as error:  # noqa: BLE001  # the packages around it are the user's code
        problem = f"{type(error).__name__}: {error}"
    raise UsageError(f"There is no module {name!r} to run: {problem}.", hint="Write -m package.module, or give a file.")


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
