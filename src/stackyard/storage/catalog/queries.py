"""What all questions to the catalog share."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from stackyard.model.base import seconds_between
from stackyard.model.enums import Status
from stackyard.storage.catalog.sql import marks
from stackyard.storage.home import Home
from stackyard.storage.ids import now
from stackyard.storage.locking import is_alive


class Queries:
    """Read-only questions to an open catalog, by noun in the classes below; rows become views there only."""

    def __init__(self, connection: sqlite3.Connection, home: Home) -> None:
        """Use an open connection.

        Args:
            connection: from ``open_reader`` or a driver's own.
            home: tells which drivers live.
        """
        self._sql = connection
        self._home = home

    def close(self) -> None:
        """Close the connection."""
        self._sql.close()

    def _run_status(self, run_id: str, word: str) -> Status:
        """Return a run's status from what its row says: unfinished without a driver is interrupted."""
        status = status_of(word)
        if status.is_finished or is_alive(self._home.run_lock(run_id)):
            return status
        # The driver may have finished between the reading of the row and the probe of its lock.
        fresh = self._sql.execute("SELECT status FROM runs WHERE id = ?", (run_id,)).fetchone()
        status = status_of(fresh["status"]) if fresh else Status.INTERRUPTED
        return status if status.is_finished else Status.INTERRUPTED

    def _tags_of(self, entity: str, ids: Sequence[str]) -> dict[str, list[str]]:
        """Return the tags of some things of a kind, by id, in alphabetical order."""
        found: dict[str, list[str]] = {}
        for some in _portions(ids):
            rows = self._sql.execute(
                f"SELECT entity_id, tag FROM tags WHERE entity = ? AND entity_id IN ({marks(some)}) ORDER BY tag",  # noqa: S608
                (entity, *some),
            )
            for entity_id, tag in rows:
                found.setdefault(entity_id, []).append(tag)
        return found

    def _grouped(self, statement: str, ids: Sequence[str]) -> dict[str, list[Any]]:
        """Return the second columns by the first; ``statement`` has ``IN ({})`` for the ids."""
        found: dict[str, list[Any]] = {}
        for some in _portions(ids):
            for key, value in self._sql.execute(statement.format(marks(some)), some):
                found.setdefault(key, []).append(value)
        return found


def wanted_condition(
    entity: str, id_column: str, tags: Iterable[str], name_column: str = "", name: str = ""
) -> tuple[list[str], list[Any]]:
    """Return conditions, and their values, for things that have all the tags, and a name as wanted if one is."""
    where: list[str] = []
    values: list[Any] = []
    if name:
        condition, value = name_condition(name_column, name)
        where.append(condition)
        values.append(value)
    for tag in tags:
        where.append(f"{id_column} IN (SELECT entity_id FROM tags WHERE tag = ? AND entity = '{entity}')")  # noqa: S608
        values.append(tag)
    return where, values


_PATTERNS = {"contains": "%{}%", "startswith": "{}%", "endswith": "%{}"}


def name_condition(column: str, wanted: str) -> tuple[str, str]:
    """Return a condition for names, and its value.

    Args:
        column: of the names.
        wanted: what they contain; or ``contains:``, ``startswith:``, ``endswith:`` or ``equals:`` and a text.
    """
    word, colon, text = wanted.partition(":")
    if colon and word == "equals":
        return f"{column} = ?", text
    if not colon or word not in _PATTERNS:
        word, text = "contains", wanted
    escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"{column} LIKE ? ESCAPE '!'", _PATTERNS[word].format(escaped)


def status_of(word: str) -> Status:
    """Return a status; one that a newer minor version knows counts as running, which a dead driver ends."""
    try:
        return Status(word)
    except ValueError:
        return Status.RUNNING


def duration_s(started: str, ended: str, status: Status, idle_s: float = 0.0) -> float | None:
    """Return seconds between two moments, until now while it goes on, without the idle ones; None: it never began."""
    if not started or (status.is_finished and not ended):
        return None
    return max(0.0, round(seconds_between(started, ended or now()) - idle_s, 3))


def cursor_of(*values: str | int) -> str:
    """Return the cursor of a page that ends so."""
    return json.dumps(values)


def _portions(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    """Return the ids in portions that SQLite takes as values of one statement."""
    return (ids[start : start + 500] for start in range(0, len(ids), 500))
