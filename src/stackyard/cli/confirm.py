"""Asking before something is lost or changed at large."""

from __future__ import annotations

import sys

import click

from stackyard.model.errors import UsageError


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal; elsewhere insist on ``--yes``.

    Args:
        question: ends with a question mark.
        yes: the user said so already.

    Raises:
        click.Abort: the user said no.
        UsageError: nobody can be asked.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} Nobody can be asked here.", hint="Add --yes to go on; nothing was changed.")
    click.confirm(question, abort=True, err=True)
