"""Every list of the command line: columns, filters, sorting, and four ways to print it.

A list is described once (:class:`Listing`), its command gets the options by :func:`list_options`, and prints what it
found with :meth:`Request.show`. JSON and YAML hold the whole views, whatever the columns.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

import click
from pydantic import BaseModel

from stackyard.cli.completion import column_names
from stackyard.cli.output import format_option, list_document, print_json, print_table, print_yaml
from stackyard.cli.text import cell_width, terminal_width
from stackyard.model.errors import UsageError
from stackyard.model.names import closest, did_you_mean

if TYPE_CHECKING:
    from stackyard.model.views import Page

MAX_PAGE = 1000
PROSE_WIDTH = 30
V = TypeVar("V", bound=BaseModel)
Value = str | int | float | None

OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda value, text: text.casefold() in value.casefold(),
    "startswith": lambda value, text: value.casefold().startswith(text.casefold()),
    "endswith": lambda value, text: value.casefold().endswith(text.casefold()),
    "equals": lambda value, text: value == text,
}


NAME_HELP = "Only names that contain this; or startswith:, endswith:, equals:TEXT."


class Column(NamedTuple):
    """What a list tells of each of its things."""

    name: str
    """As ``--columns`` and ``--sort`` take it: ``artifact_store``."""
    value: Callable[[Any], Value]
    """For sorting and CSV."""
    text: Callable[[Any], str] | None = None
    """For people; None: the value."""
    usual: bool | Callable[[Sequence[Any]], bool] = True
    """Shown unless other columns are asked for; may depend on what is listed."""
    yields: int = 0
    """The higher, the earlier it is left out when the terminal is narrow; 0: never."""
    prose: bool = False
    """Sentences, which may be folded: no other column is left out for their full length."""

    def cell(self, item: BaseModel) -> str:
        """Return what a table shows."""
        if self.text is not None:
            return self.text(item)
        value = self.value(item)
        return "-" if value in (None, "") else str(value)


class Filter(NamedTuple):
    """An option that leaves things out."""

    name: str
    """Of the option: ``flavor``."""
    values: Callable[[Any], Iterable[str]]
    """What a thing has; one that fits is enough."""
    help: str
    plain: str = "contains"
    """What a text without an operator means."""
    alias: str = ""
    """Another name of the option."""
    words: Sequence[str] = ()
    """All values that there can be."""


class Listing(Generic[V]):
    """A kind of list."""

    def __init__(
        self, noun: str, columns: Sequence[Column], filters: Sequence[Filter] = (),
        labels: Callable[[V], dict[str, str]] | None = None, page: int | None = None,
    ) -> None:  # fmt: skip
        """Describe it.

        Args:
            noun: one of the things: ``stack``.
            columns: what may be shown.
            filters: what may be left out.
            labels: what ``--label`` looks at.
            page: things at most unless ``--limit`` says otherwise; None: all, there are never very many.
        """
        self.noun = noun
        self.columns = columns
        self.filters = filters
        self.labels = labels
        self.page = page

    def column(self, name: str, what: str) -> Column:
        """Return a column by name.

        Raises:
            UsageError: there is none; the nearest is named.
        """
        wanted = name.strip().lower().replace("-", "_").replace(" ", "_")
        known = [c.name for c in self.columns]
        if wanted not in known:
            hint = f"{did_you_mean(wanted, known)} Columns: {', '.join(known)}.".strip()
            raise UsageError(f"There is no column {name.strip()!r} {what}.", hint=hint)
        return self.columns[known.index(wanted)]


class Request(Generic[V]):
    """How the user wants a list."""

    def __init__(
        self, listing: Listing[V], *, output: str, columns: Sequence[Column], sort: Column | None, descending: bool,
        tests: Sequence[Callable[[V], bool]], limit: int | None,
    ) -> None:  # fmt: skip
        """Take what the options say.

        Args:
            listing: what is listed.
            output: how to print it.
            columns: what to show; empty: the usual ones.
            sort: the column to sort by; None: in the order in which the things come.
            descending: the largest first.
            tests: the filters.
            limit: things at most; None: all.
        """
        self.listing = listing
        self.output = output
        self.columns = columns
        self.sort = sort
        self.descending = descending
        self.tests = tests
        self.limit = limit

    @property
    def selects(self) -> bool:
        """Tell whether the order or the number of things differs from what the registry or catalog gives."""
        return bool(self.tests) or self.sort is not None

    def apply(self, items: Sequence[V]) -> list[V]:
        """Return what passes the filters, sorted if that was asked for."""
        found = [item for item in items if all(test(item) for test in self.tests)]
        if self.sort is not None:
            value = self.sort.value
            # Things without a value come last in both directions.
            filled = sorted(
                (item for item in found if value(item) not in (None, "")),
                key=lambda item: _sort_key(value(item)),
                reverse=self.descending,
            )
            found = [*filled, *(item for item in found if value(item) in (None, ""))]
        return found

    def show(
        self, items: Sequence[V], *, total: int | None = None, next_cursor: str | None = None,
        also: Sequence[str] = (), none: str | Callable[[], str] = "",
    ) -> None:  # fmt: skip
        """Print a list.

        Args:
            items: what :meth:`apply` returned.
            total: of all pages; default: the number of items.
            next_cursor: of the next page.
            also: names of columns to show although they are not usual.
            none: what to tell, on stderr, when there is nothing even without the filters.
        """
        total = len(items) if total is None else total
        items = items[: self.limit]
        if self.output == "json":
            print_json(list_document(items, total, next_cursor))
        elif self.output == "yaml":
            print_yaml(list_document(items, total, next_cursor))
        elif self.output == "csv":
            self._show_csv(items, also)
        elif items:
            self._show_table(items, also, total)
        else:
            told = none() if callable(none) else none
            click.echo(told or f"No {self.listing.noun} fits the filters.", err=True)

    def show_page(
        self, fetch: Callable[[int, str | None], Page[V]], *, cursor: str | None,
        also: Sequence[str] = (), none: str | Callable[[], str] = "",
    ) -> None:  # fmt: skip
        """Print a page of a list that may be long.

        Args:
            fetch: gives a page for a limit and a cursor.
            cursor: of the page, as an earlier one named it.
            also: as for :meth:`show`.
            none: as for :meth:`show`.

        Raises:
            UsageError: a cursor together with what changes the order or number of things.
        """
        if not self.selects:
            page = fetch(self.limit or MAX_PAGE, cursor)
            self.show(page.items, total=page.total, next_cursor=page.next, also=also, none=none)
            return
        if cursor is not None:
            raise UsageError("--cursor does not go with filters or --sort.", hint="Use a larger --limit instead.")
        page = fetch(MAX_PAGE, None)
        items = list(page.items)
        while page.next is not None:
            page = fetch(MAX_PAGE, page.next)
            items += page.items
        found = self.apply(items)
        self.show(found, also=also, none="" if items else none)

    def _chosen(self, items: Sequence[V], also: Sequence[str]) -> list[Column]:
        if self.columns:
            return list(self.columns)
        return [c for c in self.listing.columns if c.name in also or (c.usual(items) if callable(c.usual) else c.usual)]

    def _show_csv(self, items: Sequence[V], also: Sequence[str]) -> None:
        import csv  # noqa: PLC0415  # seldom needed

        columns = self._chosen(items, also)
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([c.name for c in columns])
        writer.writerows([["" if (v := c.value(item)) is None else v for c in columns] for item in items])

    def _show_table(self, items: Sequence[V], also: Sequence[str], total: int) -> None:
        columns = self._chosen(items, also)
        cells = {c.name: [c.cell(item) for item in items] for c in columns}
        hidden: list[Column] = []
        if sys.stdout.isatty() and not self.columns:
            columns, hidden = _fitting(columns, cells, terminal_width())
        print_table([_title(c) for c in columns], list(zip(*(cells[c.name] for c in columns), strict=True)))
        noun = self.listing.noun if total == 1 else plural(self.listing.noun)
        left_out = f"; not shown for want of room: {', '.join(c.name for c in hidden)}" if hidden else ""
        if total > len(items):
            most = min(MAX_PAGE, total) if self.listing.page else total
            click.echo(f"{len(items)} of {total} {noun}{left_out}. More with: --limit {most}", err=True)
        elif sys.stdout.isatty():
            click.echo(f"{total} {noun}{left_out}", err=True)


C = TypeVar("C", bound=Callable[..., Any])


def list_options(listing: Listing[Any]) -> Callable[[C], C]:
    """Add the options of a list; the command gets them as ``request``, a :class:`Request`."""

    def decorate(command: C) -> C:
        @functools.wraps(command)
        def wrapped(
            *args: Any, columns: str | None, sort: str | None, label: tuple[str, ...] = (), **options: Any
        ) -> Any:
            tests: list[Callable[[Any], bool]] = []
            for one in listing.filters:
                tests += [_test(one, text) for text in options.pop(f"filter_{one.name}")]
            if listing.labels is not None:
                tests += [_label_test(listing.labels, text) for text in label]
            direction, by = _split_sort(sort or "")
            request = Request(
                listing,
                output=options.pop("output"),
                columns=[listing.column(n, "in this list") for n in columns.split(",")] if columns else (),
                sort=listing.column(by, "to sort by") if by else None,
                descending=direction == "desc",
                tests=tests,
                limit=options.pop("limit"),
            )
            return command(*args, request=request, **options)

        for option in reversed(_options(listing)):
            option(wrapped)
        return wrapped  # type: ignore[return-value]  # the options became the request

    return decorate


def plural(noun: str) -> str:
    """Return more than one of it."""
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"


def label_texts(labels: dict[str, str]) -> str:
    """Return labels on one line."""
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _options(listing: Listing[Any]) -> list[Callable[[Any], Any]]:
    names = ", ".join(c.name for c in listing.columns)
    made: list[Callable[[Any], Any]] = [
        click.option(
            *(f"--{name.replace('_', '-')}" for name in (f.name, f.alias) if name),
            f"filter_{f.name}",
            multiple=True,
            metavar="TEXT",
            help=f.help,
        )
        for f in listing.filters
    ]
    if listing.labels is not None:
        made.append(click.option("--label", multiple=True, metavar="KEY[=VALUE]", help="Only those with this label."))
    made += [
        click.option(
            "--columns",
            metavar="A,B,...",
            help=f"Show these columns, out of {names}.",
            shell_complete=column_names([c.name for c in listing.columns], ","),
        ),
        click.option(
            "--sort",
            "--sort-by",
            "sort",
            metavar="[asc:|desc:]COLUMN",
            help="Sort by a column; -COLUMN is desc:COLUMN.",
            shell_complete=column_names([c.name for c in listing.columns], ":"),
        ),
        click.option(
            "--limit",
            "--size",
            "limit",
            default=listing.page,
            show_default=True,
            type=click.IntRange(1, MAX_PAGE if listing.page else None),
            help="So many at most, after filters and sorting.",
        ),
        format_option("table", "json", "yaml", "csv"),
    ]
    return made


def _test(one: Filter, given: str) -> Callable[[Any], bool]:
    word, colon, text = given.partition(":")
    if not colon or word not in OPERATORS:
        if colon and closest(word, list(OPERATORS), 1):
            raise UsageError(
                f"{word!r} in --{one.name} {given!r} is no way to compare.",
                hint=f"{did_you_mean(word, list(OPERATORS))} A text with a colon: equals:{given}",
            )
        word, text = one.plain, given
    compare = OPERATORS[word]
    if one.words and not any(compare(known, text) for known in one.words):
        raise UsageError(f"There is no {one.name} {text!r}.", hint=f"There are: {', '.join(one.words)}.")
    return lambda item: any(compare(value, text) for value in one.values(item))


def _label_test(labels: Callable[[Any], dict[str, str]], given: str) -> Callable[[Any], bool]:
    key, equals, value = given.partition("=")
    if not equals:
        return lambda item: key in labels(item)
    return lambda item: labels(item).get(key) == value


def _split_sort(given: str) -> tuple[str, str]:
    """Return direction and column of ``name``, ``desc:name``, ``name:desc``, ``-name``.

    Raises:
        UsageError: a direction that does not exist.
    """
    if given.startswith("-"):
        return "desc", given[1:]
    direction, colon, by = given.partition(":")
    if not colon:
        return "asc", given
    if by in ("asc", "desc"):
        direction, by = by, direction
    if direction not in ("asc", "desc"):
        raise UsageError(f"{direction!r} is no direction to sort in.", hint=f"Write asc:{by} or desc:{by}.")
    return direction, by


def _sort_key(value: Value) -> tuple[int, Any]:
    return (1, value.casefold()) if isinstance(value, str) else (0, value)


def _title(column: Column) -> str:
    return column.name.replace("_", " ").upper()


def _fitting(columns: Sequence[Column], cells: dict[str, list[str]], width: int) -> tuple[list[Column], list[Column]]:
    """Return the columns that fit into a terminal, and those to leave out; what never yields is folded instead."""
    widths = {c.name: max(len(_title(c)), *(cell_width(cell) for cell in cells[c.name])) for c in columns}
    widths.update({c.name: min(widths[c.name], PROSE_WIDTH) for c in columns if c.prose})
    shown, hidden = list(columns), []
    for column in sorted((c for c in columns if c.yields), key=lambda c: -c.yields):
        if sum(widths[c.name] + 3 for c in shown) + 1 <= width:
            break
        shown.remove(column)
        hidden.append(column)
    return shown, hidden
