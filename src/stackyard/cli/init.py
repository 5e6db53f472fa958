"""``stackyard init``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from stackyard.api.projects import init_project
from stackyard.cli.output import json_option, print_json
from stackyard.model.errors import UsageError


@click.command(epilog="Examples: stackyard init --name churn   ·   stackyard init my_project --template starter")
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the project; default: the folder's.")
@click.option("--template", metavar="starter|FOLDER", help="Copy a project to begin with: the starter, or a folder.")
@click.option(
    "--template-with-defaults", "defaults", is_flag=True, help="Take the template's own answers instead of asking."
)
@json_option
def init(path: Path, name: str | None, template: str | None, defaults: bool, as_json: bool) -> None:
    """Make a folder a project: the scope of its runs, artifacts and active stack.

    Everything works without; then your home is the scope. The folder .stackyard/ ignores itself in git.
    """
    if defaults and not template:
        raise UsageError("--template-with-defaults needs a template.", hint="Add: --template starter")
    copied: list[Path] = []
    if template:
        from stackyard.api.templates import copy_template, find_template  # noqa: PLC0415  # few projects start so

        source = find_template(template)
        path = path.absolute()
        if name is None and not defaults and not as_json and sys.stdin.isatty():
            name = click.prompt("Name of the project", default=path.name, err=True)
        copied = copy_template(source, path, name or path.name)
    project, new = init_project(path, name)
    if as_json:
        print_json(project)
        return
    click.echo(
        f"Project {project.name!r} initialized in {project.root}"
        if new
        else f"{project.root} is a project already; its name is {project.name!r}."
    )
    if template:
        files = "1 file" if len(copied) == 1 else f"{len(copied)} files"
        click.echo(f"{files} copied from the template {template!r}.", err=True)
        _say_next(path)


def _say_next(path: Path) -> None:
    """Name the next commands that the copied project makes possible."""
    here = path == Path.cwd()
    steps = [] if here else [f'cd "{path}"' if " " in str(path) else f"cd {path}"]
    if (path / "requirements.txt").is_file():
        steps.append("pip install -r requirements.txt")
    if (path / "run.py").is_file():
        steps.append("python run.py")
    if steps:
        click.echo(f"Next: {' && '.join(steps)}", err=True)
