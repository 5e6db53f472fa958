"""Looking at stored tables: which rows, in which order, and a page of them; the protocol's models are the same."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field

from stackyard.model.artifact import PreviewColumn
from stackyard.model.base import no_items
from stackyard.model.basic_views import View
from stackyard.model.errors import UsageError

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "contains", "is null", "is not null"]
OPERATORS: tuple[Operator, ...] = ("=", "!=", "<", "<=", ">", ">=", "contains", "is null", "is not null")
HOW = (
    'Write a column, one of = != < <= > >= contains, and a value: "age >= 30"; or "age is null", "age is not null". '
    "A name with blanks or signs goes in double quotes."
)
_CONDITION = re.compile(
    r"""\s* (?: "(?P<quoted>[^"]+)" | (?P<plain>[^\s"<>=!][^<>=!]*?) ) \s*
    (?: (?P<sign> == | != | <= | >= | = | < | > ) | \b(?P<contains>contains)\b
      | \b(?P<null>is \s+ (?:not \s+)? null) \s* $ )
    \s* (?P<value>.*?) \s* $""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


class Condition(View):
    """What rows must meet. A missing value (null, NaN) meets ``is null`` alone."""

    column: str
    op: Operator
    value: Any = None
    """Number, text or boolean; a text is read as what the column holds: ``"30"`` as a number, ``"2026-11-01"`` as a
    day. None for ``is null`` and ``is not null``."""


class SortKey(View):
    """A column to sort by; rows without a value come last either way, equal rows keep their order."""

    column: str
    descending: bool = False


class TablePage(View):
    """Rows of a stored table, or of an array of one or two dimensions."""

    columns: list[PreviewColumn]
    """Of the rows here, in their order."""
    rows: list[list[Any]]
    """JSON values as in previews: long texts cut, integers beyond 2**53, NaN and times as text."""
    offset: int
    """Place of the first row among those that match."""
    n_matching: int
    """Rows that meet the conditions."""
    n_rows: int
    """Of the whole table."""
    n_columns: int
    """Of the whole table; more than there are here when only some were asked for, or there are very many."""
    shape: list[int] = Field(default_factory=no_items)
    """Of an array of more than two dimensions: all of them."""
    index: list[int] = Field(default_factory=no_items)
    """Where the rows lie in the leading dimensions of such an array."""


class TableRequest(View):
    """Which stored table, or array, to look into."""

    id: str
    """Of the artifact version."""
    file: str = ""
    """Which of the version's files, relative; empty: the only one."""
    index: list[int] = Field(default_factory=no_items)
    """Of an array of more than two dimensions: where in the leading ones, counted from 0; empty: the first of each."""


class PageRequest(TableRequest):
    """Rows of a stored table; of a text its lines, as the column ``line``."""

    offset: int = 0
    limit: int = 100
    """Rows at most, up to 1,000."""
    columns: list[str] | None = None
    """In the order in which they are wanted; None: all, the first 200 of very many."""
    sort: list[SortKey] = Field(default_factory=no_items)
    """The most important key first."""
    where: list[Condition] = Field(default_factory=no_items)
    """All of these must hold."""


class StatisticsRequest(TableRequest):
    """What a column of a stored table holds; that of an array of one dimension is called ``value``."""

    column: str


def parse_condition(text: str) -> Condition:
    """Return a condition as users write it: ``age >= 30``, ``"full name" contains Smith``, ``city is null``.

    Raises:
        UsageError: it is none.
    """
    found = _CONDITION.match(text)
    if found is None:
        raise UsageError(f"{text!r} is no condition.", hint=HOW)
    column, value = found["quoted"] or found["plain"], found["value"]
    if found["null"]:
        return Condition(column=column, op="is not null" if "not" in found["null"].lower() else "is null")
    if not value:
        raise UsageError(f"The condition {text!r} has no value.", hint=HOW)
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    op: Any = "contains" if found["contains"] else "=" if found["sign"] == "==" else found["sign"]
    return Condition(column=column, op=op, value=value)


def parse_sort(text: str) -> SortKey:
    """Return a key as users write it: ``age``; ``-age`` or ``desc:age`` for descending."""
    for start, descending in (("desc:", True), ("asc:", False), ("-", True)):
        if text.startswith(start) and text != start:
            return SortKey(column=text.removeprefix(start), descending=descending)
    return SortKey(column=text)
