"""``stackyard artifact snippet``."""

from __future__ import annotations

import click

from stackyard.api.context import open_context
from stackyard.cli.output import json_option, print_json

VERSION_HELP = "Number of the version, as NAME@NUMBER says too; default: the newest."


@click.command(epilog="Example: stackyard artifact snippet people@3 > load_people.py")
@click.argument("name", metavar="NAME[@VERSION]")
@click.option("--version", type=int, help=VERSION_HELP)
@json_option
def snippet(name: str, version: int | None, as_json: bool) -> None:
    """Print Python code that loads a version of the artifact NAME (or the version with the id NAME).

    With Stackyard, and with a plain reader of the format that it is stored in; the code runs as it is.
    """
    from stackyard.api import artifact_snippet as api  # noqa: PLC0415  # other verbs don't need it
    from stackyard.api.artifact_named import named_version  # noqa: PLC0415

    ctx = open_context()
    view = api.snippet(ctx, named_version(ctx, name, version))
    if as_json:
        print_json(view)
    else:
        click.echo(view.code, nl=False)
