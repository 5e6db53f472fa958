"""``stackyard``: the entry point, the list of commands, and the one place where errors become exit codes."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any

import click

from stackyard import __version__
from stackyard.cli.lazy import LazyGroup, Table
from stackyard.cli.output import print_error, wants_json
from stackyard.model.component_types import EXPLANATIONS
from stackyard.model.enums import ComponentType
from stackyard.model.errors import EXIT_BUG, StackyardError, StorageError, UsageError
from stackyard.preflight import explain_import_error
from stackyard.storage.notices import listen

EXIT_INTERRUPTED = 130

_SECTIONS: dict[str, Table] = {
    "Stacks": {
        "stack": ("stackyard.cli.stack:stack", "Switch, list, describe, register and change stacks."),
        "secret": ("stackyard.cli.secret:secret", "Keep passwords and tokens out of stacks and code."),
        "doctor": ("stackyard.cli.doctor:doctor", "Check stacks and this installation, and repair it."),
        "component-type": ("stackyard.cli.component_type:component_type", "What a stack can be made of."),
    },
    "Running": {
        "pipeline": ("stackyard.cli.pipeline:pipeline", "List pipelines, check one, write a run configuration."),
        "run": ("stackyard.cli.run:run", "Run a pipeline; list, show, follow and stop runs."),
        "artifact": ("stackyard.cli.artifact:artifact", "What the runs stored."),
        "model": ("stackyard.cli.model:model", "What runs worked on: versions, stages, what belongs to them."),
        "tag": ("stackyard.cli.tag:tag", "Words on runs, artifacts and models, to find them again."),
    },
    "Components": {t.command: (f"stackyard.cli.component:{t.value}", EXPLANATIONS[t].doc) for t in ComponentType},
    "More": {
        "schema": (
            "stackyard.cli.stack_file:schema",
            "JSON schemas of stackyard.yaml and of run configurations.",
        ),
        "init": ("stackyard.cli.init:init", "Make a folder a project."),
        "integration": ("stackyard.cli.integration:integration", "Install packages that flavors need."),
        "completion": ("stackyard.cli.completion:completion", "Let your shell complete commands and names."),
    },
}


_NO_SERVER = "There is no server to start or to log in to. See: stackyard --help"
_OF_ZENML = {
    "version": "Write: stackyard --version",
    "status": "The active stack: stackyard stack get. This installation: stackyard doctor",
    "info": "This installation: stackyard doctor",
    "server": _NO_SERVER,
    "login": _NO_SERVER,
    "connect": _NO_SERVER,
    "up": _NO_SERVER,
}
"""What helps who types a command that only ZenML has."""


class _ReaderGoneError(Exception):
    """Whoever read our output is gone (``| head``); click would end with 1, as if a run had failed."""


class _Root(LazyGroup):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in _OF_ZENML:
            raise UsageError(f"There is no command '{args[0]}'.", hint=_OF_ZENML[args[0]])
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Root,
    sections=_SECTIONS,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        # Options and commands may be written with underscores, as in Python.
        "token_normalize_func": lambda word: word.replace("_", "-"),
    },
    epilog="Example: stackyard stack set my_stack && stackyard run pipelines/training.py",
)
@click.version_option(__version__, "--version", message="%(version)s")
def cli() -> None:
    """Switch where an ML pipeline runs without touching the pipeline."""


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the words after the program's name; default: those of the process.

    Returns:
        The exit code of the error tree.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json = wants_json(arguments)
    listen(lambda notice: click.echo(notice, err=True))
    try:
        result: Any = cli.main(args=arguments, prog_name="stackyard", standalone_mode=False)
    except StackyardError as error:
        print_error(error, as_json=as_json)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return 0
    except click.ClickException as error:
        usage = UsageError(" ".join(error.format_message().split()), hint=_help_hint(error, arguments))
        print_error(usage, as_json=as_json)
        return usage.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("Aborted.", err=True)
        return EXIT_INTERRUPTED
    except _ReaderGoneError:
        _drop_output()
        return 0
    except OSError as error:
        # Files of ours have errors of their own: this was the output.
        if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EIO, errno.EBADF):
            return _report_bug()
        _drop_output()
        click.echo(f"Error: The output can't be written: {error.strerror}.", err=True)
        return StorageError.exit_code
    except ImportError as error:
        explain_import_error(error)  # a command's module: pydantic may be missing or too old
        return _report_bug()
    except Exception:  # noqa: BLE001  # the boundary: what gets here is a bug of ours
        return _report_bug()
    return result if isinstance(result, int) else 0


def _help_hint(error: click.ClickException, arguments: list[str]) -> str:
    """Name the help of the command that refused; click's parser does not always say which one that was."""
    ctx = getattr(error, "ctx", None)
    if ctx is not None:
        return f"See: {ctx.command_path} --help"
    command: click.Command | None = cli
    path = ["stackyard"]
    for word in arguments:
        command = command.get_command(click.Context(command), word) if isinstance(command, click.Group) else None
        if command is None:
            break
        path.append(word)
    return f"See: {' '.join(path)} --help"


def _drop_output() -> None:
    """Leave nothing of our output to flush at exit, which would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_bug() -> int:
    import traceback  # noqa: PLC0415

    traceback.print_exc()
    click.echo("\nThis is a bug in Stackyard, not a mistake of yours. Please report it with the text above.", err=True)
    return EXIT_BUG
