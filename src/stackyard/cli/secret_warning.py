"""What a command says when a configuration refers to secrets that are not there yet."""

from __future__ import annotations

from collections.abc import Iterable

import click

from stackyard.api.context import Context
from stackyard.model.secret import SecretReference


def warn_of_missing_secrets(ctx: Context, references: Iterable[SecretReference]) -> None:
    """Name the references that lead nowhere, and the commands that help: they may be right and only too early."""
    wanted = list(references)
    if not wanted:
        return
    from stackyard.api.secrets import command_for, unresolved  # noqa: PLC0415  # few components name secrets

    for reference in unresolved(ctx, wanted):
        click.echo(
            f"Warning: the secret {reference} is not there. Give it a value with: {command_for(ctx, reference)}",
            err=True,
        )
