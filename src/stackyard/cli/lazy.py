"""Groups of commands that import a command only when it is called, so that each one starts quickly."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from stackyard.model.errors import UsageError

Table = Mapping[str, tuple[str, str]]
"""Name of a command to ``module:attribute`` and its sentence."""


class LazyGroup(click.Group):
    """A group that knows its commands by name; an unknown one is refused with the nearest named.

    Without a table it is a usual group, commands added one by one.
    """

    def __init__(
        self, *args: Any, table: Table | None = None, sections: Mapping[str, Table] | None = None,
        argument: object = None, **options: Any,
    ) -> None:  # fmt: skip
        """Make the group.

        Args:
            args: as for :class:`click.Group`.
            table: its commands.
            sections: its commands under headings, instead of ``table``.
            argument: what a command that is no command but makes one is called with.
            options: as for :class:`click.Group`.
        """
        super().__init__(*args, **options)
        self._sections = dict(sections or {"Commands": table or {}})
        self._table = {name: entry for part in self._sections.values() for name, entry in part.items()}
        self._argument = argument

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the commands in the order of use."""
        return list(dict.fromkeys([*self._table, *self.commands]))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name in self._table and cmd_name not in self.commands:
            module, _, attribute = self._table[cmd_name][0].partition(":")
            found = getattr(importlib.import_module(module), attribute)
            self.commands[cmd_name] = found if isinstance(found, click.Command) else found(self._argument)
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest one."""
        name = args[0].replace("_", "-")
        if name not in self.list_commands(ctx) and not args[0].startswith("-") and not ctx.resilient_parsing:
            from stackyard.model.names import did_you_mean  # noqa: PLC0415  # only on the way to an error

            hint = f"{did_you_mean(name, self.list_commands(ctx))} See: {ctx.command_path} --help".strip()
            raise UsageError(f"There is no command '{_after_program(ctx, args[0])}'.", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        if not self._table:
            super().format_commands(ctx, formatter)
            return
        width = max(len(name) for name in self._table)
        for heading, part in self._sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), sentence) for name, (_, sentence) in part.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Complete the commands without importing them, and the options."""
        if not self._table:
            return super().shell_complete(ctx, incomplete)
        from click.shell_completion import CompletionItem  # noqa: PLC0415  # only while a shell completes

        found = [CompletionItem(n, help=s) for n, (_, s) in self._table.items() if n.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


def _after_program(ctx: click.Context, word: str) -> str:
    return " ".join([*ctx.command_path.split()[1:], word])
