"""``stackyard``: the entry point, the list of commands, and the one place where errors become exit codes."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from stackyard import __version__
from stackyard.cli.output import print_error, wants_json
from stackyard.model.errors import EXIT_BUG, StackyardError, UsageError

EXIT_INTERRUPTED = 130

_COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("stackyard.cli.init:init", "Make a folder a project."),
    "stack": ("stackyard.cli.stack:stack", "Switch, list, describe and register stacks."),
    "orchestrator": ("stackyard.cli.component:orchestrator", "Components that run the steps."),
    "artifact-store": ("stackyard.cli.component:artifact_store", "Components that keep what steps return."),
    "run": ("stackyard.cli.run:run", "Run a pipeline; list, show, follow and stop runs."),
    "artifact": ("stackyard.cli.artifact:artifact", "What the runs stored."),
}


class LazyGroup(click.Group):
    """Imports a command only when it is called, so that each one starts quickly."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the commands in the order of use."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101  # our own table
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the closest one."""
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from stackyard.model.names import did_you_mean  # noqa: PLC0415  # only on the way to an error

            hint = f"{did_you_mean(args[0], list(_COMMANDS))} See: stackyard --help".strip()
            raise UsageError(f"There is no command {args[0]!r}.", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, doc) for name, (_, doc) in _COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
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
    try:
        result: Any = cli.main(args=arguments, prog_name="stackyard", standalone_mode=False)
    except StackyardError as error:
        print_error(error, as_json=as_json)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return 0
    except click.ClickException as error:
        usage = UsageError(error.format_message(), hint=_help_hint(error))
        print_error(usage, as_json=as_json)
        return usage.exit_code
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("Aborted.", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone (`| head`): nothing to tell, and nothing to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001  # the boundary: what gets here is a bug of ours
        return _report_bug()
    return result if isinstance(result, int) else 0


def _help_hint(error: click.ClickException) -> str:
    ctx = getattr(error, "ctx", None)
    return f"See: {ctx.command_path} --help" if ctx is not None else "See: stackyard --help"


def _report_bug() -> int:
    import traceback  # noqa: PLC0415

    traceback.print_exc()
    click.echo("\nThis is a bug in Stackyard, not a mistake of yours. Please report it with the text above.", err=True)
    return EXIT_BUG
