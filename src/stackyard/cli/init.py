"""``stackyard init``."""

from __future__ import annotations

from pathlib import Path

import click

from stackyard.api.projects import init_project
from stackyard.cli.output import json_option, print_json


@click.command(epilog="Example: stackyard init --name churn")
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the project; default: the folder's.")
@json_option
def init(path: Path, name: str | None, as_json: bool) -> None:
    """Make a folder a project: the scope of its runs, artifacts and active stack.

    Everything works without; then your home is the scope. The folder .stackyard/ ignores itself in git.
    """
    project, new = init_project(path, name)
    if as_json:
        print_json(project)
        return
    click.echo(
        f"Project {project.name!r} initialized in {project.root}"
        if new
        else f"{project.root} is the project {project.name!r} already."
    )
