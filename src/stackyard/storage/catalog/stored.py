"""Artifact versions as those who look after the stores need them: many, and little of each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

# S608 below: statements are put together from our own constants; values are always bound.


class StoredVersion(NamedTuple):
    """Where a version lies, and how large it is."""

    id: str
    name: str
    """Of the artifact."""
    version: int
    project_id: str
    uri: str
    artifact_store_id: str
    artifact_store: str
    size_bytes: int


COLUMNS = "v.id, a.name, v.version, a.project_id, v.uri, v.artifact_store_id, v.artifact_store, v.size_bytes"


class Wanted(NamedTuple):
    """Which versions; what is None or empty says nothing."""

    project_id: str | None = None
    artifact: str = ""
    store_id: str = ""
    number: int | None = None
    version_id: str = ""

    def condition(self) -> tuple[str, list[Any]]:
        """Return a condition on ``artifact_versions v JOIN artifacts a``, and its values."""
        given = {
            "a.project_id": self.project_id,
            "a.name": self.artifact or None,
            "v.artifact_store_id": self.store_id or None,
            "v.version": self.number,
            "v.id": self.version_id or None,
        }
        chosen = {column: value for column, value in given.items() if value is not None}
        return " AND ".join(["1", *(f"{column} = ?" for column in chosen)]), list(chosen.values())


def stored_versions(sql: sqlite3.Connection, wanted: Wanted) -> Iterator[StoredVersion]:
    """Yield the versions that should have files, oldest first."""
    condition, values = wanted.condition()
    rows = sql.execute(
        f"SELECT {COLUMNS} FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id "  # noqa: S608
        f"WHERE v.pruned = '' AND {condition} ORDER BY v.id",
        values,
    )
    return (StoredVersion(*row) for row in rows)
