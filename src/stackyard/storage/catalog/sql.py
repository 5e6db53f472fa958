"""Statements that several parts of the catalog share. Table and column names come from our code alone."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from stackyard.model.errors import AlreadyExistsError, UsageError

if TYPE_CHECKING:
    import sqlite3  # code that only imports Client does not load it

    Connection = sqlite3.Connection
    Row = sqlite3.Row

# S608 here and beside: statements are put together from our own constants; values are always bound.


def insert(sql: sqlite3.Connection, table: str, columns: dict[str, Any]) -> None:
    """Add a row."""
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    sql.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(columns.values()))  # noqa: S608


@contextlib.contextmanager
def unless_taken(error: AlreadyExistsError) -> Iterator[None]:
    """Raise the error when a row breaks a rule of uniqueness."""
    import sqlite3  # noqa: PLC0415

    try:
        yield
    except sqlite3.IntegrityError as refusal:
        raise error from refusal


def changed(sql: sqlite3.Connection, entity: str, entity_id: str) -> None:
    """Tell followers that a thing changed: ``run``, ``artifact`` (its store's id), ``model`` (its project's id)."""
    sql.execute("INSERT INTO changes (entity, id) VALUES (?, ?)", (entity, entity_id))


def merge_json(sql: sqlite3.Connection, table: str, row_id: str, column: str, values: dict[str, Any]) -> bool:
    """Add to a JSON column; what it has under the same names is replaced. False: there is no such row."""
    row = sql.execute(f"SELECT {column} FROM {table} WHERE id = ?", (row_id,)).fetchone()  # noqa: S608
    if row is None:
        return False
    merged = json.dumps({**json.loads(row[0]), **values})
    sql.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (merged, row_id))  # noqa: S608
    return True


def marks(values: Iterable[Any]) -> str:
    """Return ``?, ?, ?`` for as many values."""
    return ", ".join("?" for _ in values)


def decode_cursor(cursor: str, length: int) -> list[Any]:
    """Return what a page's cursor holds.

    Raises:
        UsageError: it is not one of this list.
    """
    try:
        values = json.loads(cursor)
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != length or not all(type(v) in (str, int) for v in values):
        raise _not_a_cursor(cursor)
    return values


def check_id_cursor(cursor: str) -> str:
    """Return the cursor of a list that is ordered by id: the last id of the page before, of a thing that may be gone.

    Raises:
        UsageError: it is none.
    """
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", cursor) is None:
        raise _not_a_cursor(cursor)
    return cursor


def _not_a_cursor(cursor: str) -> UsageError:
    return UsageError(f"{cursor!r} is not a cursor of this list.", hint="Pass 'next' of the page before.")
