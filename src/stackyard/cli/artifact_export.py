"""``stackyard artifact export``."""

from __future__ import annotations

import click

from stackyard.api.context import open_context
from stackyard.api.hover import show_size
from stackyard.cli.artifact_snippet import VERSION_HELP
from stackyard.cli.output import json_option, print_done
from stackyard.cli.working import working

FORMATS = ("stored", "arrow", "csv", "json", "npy", "parquet", "png", "txt")


@click.command(epilog="Example: stackyard artifact export people@3 -o people.csv")
@click.argument("name", metavar="NAME[@VERSION]")
@click.option("--version", type=int, help=VERSION_HELP)
@click.option(
    "-o", "--output-file", "target", metavar="PATH",
    help="Of the file, or folder, to write; default: one called after the artifact, in the working folder.",
)  # fmt: skip
@click.option(
    "--format", "to_format", type=click.Choice(FORMATS),
    help="Default: what the ending of PATH says, else as it is stored.",
)  # fmt: skip
@click.option("--file", default="", metavar="PATH", help="Only this one of its files, if it has several.")
@click.option("--force", "--overwrite", "force", is_flag=True, help="Overwrite PATH.")
@json_option
def export(  # noqa: PLR0917  # click passes them by name
    name: str, version: int | None, target: str | None, to_format: str | None, file: str, force: bool, as_json: bool
) -> None:
    """Copy a version of the artifact NAME (or the version with the id NAME) out of its store.

    As it is stored, checked while it is copied, or turned into another open format: tables into CSV, Parquet, Arrow and
    JSON, arrays into CSV, JSON and PNG. A version with several files becomes a folder; --file takes one of them.
    """
    from stackyard.api import artifact_export as api  # noqa: PLC0415  # opens stores: other verbs don't need it
    from stackyard.api.artifact_named import named_version  # noqa: PLC0415

    ctx = open_context()
    found = named_version(ctx, name, version)
    wanted = "" if to_format == "stored" else to_format
    with working("Copying", found.size_bytes, in_bytes=True) as progress:
        view = api.export(ctx, found, target, file=file, to_format=wanted, force=force, progress=progress)
    many = f", {view.files} files" if view.files != 1 else ""
    size = show_size(view.size_bytes)
    print_done(view, f"Version {view.version} of the artifact {view.name!r} is in {view.path} ({size}{many}).", as_json)
