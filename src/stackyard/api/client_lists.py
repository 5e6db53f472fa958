"""Pages of ``Client``'s lists: by cursor, as everywhere, or by number and order, as ZenML's users write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from stackyard.api.responses import Listed
from stackyard.model.errors import UsageError
from stackyard.model.names import did_you_mean
from stackyard.model.views import Page

MAX_PAGE = 1000
V = TypeVar("V", bound=BaseModel)
R = TypeVar("R")
Tags = str | Sequence[str] | None
"""A tag, or several that a thing must all have."""

_FIELDS = {"created": "created_at", "updated": "updated_at", "started": "started_at", "ended": "ended_at"}
"""ZenML's names of times."""


def listed(
    fetch: Callable[[int, str | None], Page[V]], wrap: Callable[[V], R], *, size: int, page: int = 1,
    cursor: str | None = None, sort_by: str = "", natural: str,
) -> Listed[R]:  # fmt: skip
    """Return a page.

    Args:
        fetch: gives a page for a limit and a cursor.
        wrap: makes of a view what is given back.
        size: things at most.
        page: counted from 1; the pages before are skipped.
        cursor: ``next`` of the page before, instead of ``page``.
        sort_by: a field, or ``asc:`` or ``desc:`` and a field; empty: as the catalog lists them.
        natural: that order, as ``sort_by`` would say it; any other needs the whole list.

    Raises:
        UsageError: no such page, or no such field.
    """
    if size < 1 or page < 1:
        raise UsageError(f"There is no page {page} of {size} things.", hint="Both count from 1.")
    if sort_by in ("", natural):
        for _ in range(page - 1 if cursor is None else 0):
            cursor = fetch(min(size, MAX_PAGE), cursor).next
            if cursor is None:
                return Listed([], fetch(1, None).total)
        found = fetch(min(size, MAX_PAGE), cursor)
        return Listed([wrap(view) for view in found.items], found.total, found.next)
    if cursor is not None:
        raise UsageError("cursor= does not go with sort_by=.", hint="Use page=.")
    views: list[V] = []
    while True:
        found = fetch(MAX_PAGE, cursor)
        views += found.items
        cursor = found.next
        if cursor is None:
            break
    views = _sorted(views, sort_by)
    return Listed([wrap(view) for view in views[(page - 1) * size : page * size]], len(views))


def words(tags: Tags) -> list[str]:
    """Return tags as a list."""
    return [tags] if isinstance(tags, str) else list(tags or ())


def _sorted(views: list[V], sort_by: str) -> list[V]:
    direction, colon, name = sort_by.partition(":")
    if not colon:
        direction, name = "asc", sort_by
    field = _FIELDS.get(name, name)
    if direction not in ("asc", "desc"):
        raise UsageError(f"{direction!r} is no direction to sort in.", hint=f"Write asc:{name} or desc:{name}.")
    if not views:
        return views
    known = list(type(views[0]).model_fields)
    if field not in known:
        hint = f"{did_you_mean(name, known)} Fields: {', '.join(known)}.".strip()
        raise UsageError(f"There is no field {name!r} to sort by.", hint=hint)

    def key(view: V) -> tuple[bool, Any]:
        value = getattr(view, field)
        return (value is not None, value if isinstance(value, (int, float)) else str(value))

    return sorted(views, key=key, reverse=direction == "desc")
