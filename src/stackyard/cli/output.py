"""How results and errors are printed: JSON, tables for people, plain columns in a pipe."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from stackyard.cli.text import plain_lines, terminal_width, use_colour
from stackyard.model.errors import StackyardError

if TYPE_CHECKING:
    from pydantic import BaseModel

F = TypeVar("F", bound=Callable[..., Any])

_JSON_WANTED = "stackyard.json"
_YAML_WANTED = "stackyard.yaml"


def json_option(command: F) -> F:
    """Add ``--json`` and its long form ``--output json``; the command gets ``as_json``.

    ``--output yaml`` is the same to the command: :func:`print_json` prints YAML then.
    """

    def combine(ctx: click.Context, _parameter: click.Parameter, value: str) -> bool:
        ctx.meta[_YAML_WANTED] = value == "yaml"
        return value != "table"

    return _format_options(["table", "json", "yaml"], "as_json", combine)(command)


def format_option(*formats: str) -> Callable[[F], F]:
    """Add ``--output`` with formats, the first one the usual, and ``--json``; the command gets ``output``."""
    return _format_options(formats, "output", lambda _ctx, _parameter, value: value)


def _format_options(
    formats: Sequence[str], name: str, convert: Callable[[click.Context, click.Parameter, str], object]
) -> Callable[[F], F]:
    def remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
        ctx.meta[_JSON_WANTED] = value

    def choose(ctx: click.Context, parameter: click.Parameter, value: str) -> object:
        return convert(ctx, parameter, "json" if ctx.meta.get(_JSON_WANTED) else value)

    def decorate(command: F) -> F:
        command = click.option(
            "--json", "json_wanted", is_flag=True, is_eager=True, expose_value=False, callback=remember,
            help="Same as --output json.",
        )(command)  # fmt: skip
        return click.option(
            "--output", name, type=click.Choice(formats), default=formats[0], callback=choose,
            help="How to print it: as text for people, or for programs.",
        )(command)  # fmt: skip

    return decorate


def wants_json(arguments: Sequence[str]) -> bool:
    """Tell whether a command line asks for JSON, before it is parsed."""
    words = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    pairs = list(itertools.pairwise(words))
    return "--json" in words or "--output=json" in words or ("--output", "json") in pairs


def print_json(value: Any) -> None:
    """Print a view, or JSON values; as YAML if that was asked for."""
    # By what it can do, not by its class: commands without a view start without pydantic.
    document = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
    ctx = click.get_current_context(silent=True)
    if ctx is not None and ctx.meta.get(_YAML_WANTED):
        print_yaml(document)
        return
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def print_done(view: Any, text: str, as_json: bool) -> None:
    """Print what a change left: the view as JSON, or a sentence."""
    if as_json:
        print_json(view)
    else:
        click.echo(text)


def print_yaml(document: Any) -> None:
    """Print JSON values as YAML."""
    import yaml  # noqa: PLC0415  # slow to import, seldom needed

    click.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), nl=False)


def list_document(
    items: Sequence[BaseModel], total: int | None = None, next_cursor: str | None = None
) -> dict[str, Any]:
    """Return the JSON of a list: items, total, cursor of the next page."""
    return {
        "items": [item.model_dump(mode="json") for item in items],
        "total": len(items) if total is None else total,
        "next": next_cursor,
    }


def print_error(error: StackyardError, *, as_json: bool) -> None:
    """Print an error: what happened, where, what to do."""
    if as_json:
        click.echo(json.dumps({"error": error.as_dict()}, indent=2, ensure_ascii=False))
        return
    head = click.style("Error:", fg="red", bold=True) if use_colour(sys.stderr) else "Error:"
    click.echo(f"{head} {error.placed()}", err=True)
    for line in error.problem_lines():
        click.echo(line, err=True)
    trace = error.details.get("traceback")
    if trace:
        click.echo(str(trace), err=True)
    if error.hint:
        click.echo("Hint:  " + error.hint.replace("\n", "\n       "), err=True)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print a table: boxed on a terminal, plain columns in a pipe."""
    if not sys.stdout.isatty():
        if title:
            click.echo(title)
        for line in plain_lines(columns, rows):
            click.echo(line)
        return
    from rich.console import Console  # noqa: PLC0415  # slow to import; not needed in a pipe

    colours: Literal["auto"] | None = "auto" if use_colour() else None
    # The width that columns were chosen for: rich has another one where a terminal does not say its own.
    Console(highlight=False, color_system=colours, width=terminal_width()).print(rich_table(columns, rows, title))


def rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> Any:
    """Return a table for a terminal."""
    from rich import box  # noqa: PLC0415  # slow to import; not needed in a pipe
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.ROUNDED, title=title or None, title_justify="left", header_style="bold", title_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def print_facts(title: str, facts: Sequence[tuple[str, str]]) -> None:
    """Print a description: a title and aligned names with values."""
    click.echo(click.style(title, bold=True) if use_colour() else title)
    width = max((len(name) for name, _ in facts), default=0)
    for name, value in facts:
        click.echo(f"  {name.ljust(width)}  {value}")
