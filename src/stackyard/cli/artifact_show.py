"""``stackyard artifact show``: a version's facts and preview, or rows and statistics of what it stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stackyard.api import artifacts
from stackyard.api.artifact_named import named_version
from stackyard.api.context import Context, open_context
from stackyard.api.hover import show_size
from stackyard.cli.artifact_text import print_page, print_preview, print_statistics
from stackyard.cli.output import json_option, print_facts, print_json
from stackyard.cli.text import show_time, show_value
from stackyard.model.errors import UsageError
from stackyard.model.reading import parse_condition, parse_sort
from stackyard.model.views import ArtifactVersionView

if TYPE_CHECKING:
    from stackyard.storage.reading.table import StoredTable

ROWS = 20


@click.command(epilog="""Example: stackyard artifact show people --where "age >= 30" --sort=-age --rows 50""")
@click.argument("name")
@click.option("--version", type=int, help="Number of the version; default: the newest.")
@click.option("--rows", type=click.IntRange(1), help=f"So many rows of a table, array or text; default: {ROWS}.")
@click.option("--offset", type=click.IntRange(0), help="Leave out so many rows before the first.")
@click.option(
    "--sort", "sort", multiple=True, metavar="COLUMN", help="Sort by it; -COLUMN: descending. May be repeated."
)
@click.option(
    "--where", multiple=True, metavar="CONDITION", help='Only rows like "age >= 30"; may be repeated: all hold.'
)
@click.option("--columns", multiple=True, metavar="NAME,NAME", help="Only these columns, in this order.")
@click.option("--statistics", is_flag=True, help="What each column holds, instead of rows.")
@click.option("--file", default="", metavar="PATH", help="Which of its files, if it has several.")
@click.option("--index", metavar="N,N", help="Which slice of an array of more than two dimensions.")
@click.option("--all-projects", is_flag=True, help="Not only the project around the working folder.")
@json_option
def show(  # noqa: PLR0917  # click passes them by name
    name: str, version: int | None, rows: int | None, offset: int | None, sort: tuple[str, ...],
    where: tuple[str, ...], columns: tuple[str, ...], statistics: bool, file: str, index: str | None,
    all_projects: bool, as_json: bool,
) -> None:  # fmt: skip
    """Show a version of the artifact NAME (NAME@2, or the beginning of an id) with a preview; nothing is loaded.

    With one of the options that choose rows or columns, or with --statistics: what is stored. Tables, arrays, lists
    and texts are read from their files, page by page; nothing is unpickled.
    """
    ctx = open_context()
    of_rows = rows is not None or offset is not None or sort or where
    if not (of_rows or columns or statistics or file or index):
        view = named_version(ctx, name, version, all_projects=all_projects)
        _show_preview(artifacts.get_version(ctx, view.id, open_store=True), as_json)
        return
    if statistics and of_rows:
        raise UsageError(
            "--statistics are of whole columns: they don't go together with --rows, --offset, --sort and --where.",
            hint="Leave one of them out.",
        )
    conditions, keys = [parse_condition(text) for text in where], [parse_sort(text) for text in sort]
    table = _open(ctx, named_version(ctx, name, version, all_projects=all_projects), file, _numbers(index))
    chosen = _chosen(table, columns)
    if statistics:
        found = table.columns if chosen is None else [table.column(name) for name in chosen]
        for column in found:
            column.statistics = table.statistics(column.name)
        if as_json:
            print_json({"n_rows": table.n_rows, "columns": [column.model_dump(mode="json") for column in found]})
        else:
            print_statistics(found)
        return
    page = table.page(offset or 0, ROWS if rows is None else rows, columns=chosen, sort=keys, where=conditions)
    if as_json:
        print_json(page)
    else:
        print_page(page, filtered=bool(where))


def _open(ctx: Context, version: ArtifactVersionView, file: str, index: tuple[int, ...]) -> StoredTable:
    from stackyard.api.reading import open_version, table_of  # noqa: PLC0415  # a preview needs none of it

    return table_of(open_version(ctx, version, file=file, index=index), version)


def _chosen(table: StoredTable, columns: tuple[str, ...]) -> list[str] | None:
    """Return the names of columns; each text is one, or several with commas between them."""
    if not columns:
        return None
    return [name for text in columns for name in ([text] if table.has(text) else map(str.strip, text.split(",")))]


def _numbers(text: str | None) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise UsageError(f"--index {text!r} is no list of numbers.", hint="Write it like: --index 3,0") from None


def _show_preview(view: ArtifactVersionView, as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    facts = [("Type", view.type)]
    if view.shape:
        facts.append(("Shape", " x ".join(str(n) for n in view.shape)))
    unsafe = ", unsafe: loading it runs code" if view.unsafe else ""
    facts.append(("Format", f"{view.data_format} (materializer {view.materializer}{unsafe})"))
    facts.append(("Size", show_size(view.size_bytes)))
    facts.append(("Digest", view.digest))
    facts.append(("Artifact store", f"{view.artifact_store} ({view.uri})"))
    facts.append(("Made by", _maker(view)))
    facts.append(("Created", show_time(view.created_at)))
    if view.tags:
        facts.append(("Tags", ", ".join(view.tags)))
    if view.status != "available":
        facts.append(("Status", f"{view.status}: {view.problem}"))
    facts.extend((str(key), show_value(value)) for key, value in view.metadata.items())
    facts.append(("Id", view.id))
    print_facts(f"Artifact {view.name} version {view.version}", facts)
    if view.preview is not None:
        print_preview(view.preview)


def _maker(view: ArtifactVersionView) -> str:
    """Return how a version came to be."""
    if view.save_type == "step_output":
        return f"step {view.step} of run {view.run_name}" if view.run_name else "a run that was deleted"
    words = {"manual": "saved by", "preexisting": "registered by", "external": "given to"}[view.save_type]
    who = (
        f"step {view.step} of run {view.run_name}" if view.step else f"run {view.run_name}" if view.run_name else "code"
    )
    return f"{words} {who}"
