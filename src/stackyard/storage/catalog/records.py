"""Records: what the catalog knows of a run, or of a version without one, as a text that its artifact store keeps.

A record holds rows as they are in the catalog's tables, so that a catalog made anew has the same ones: numbers, tags,
inputs and outputs, cache keys. Stages of models are left out: they may have changed since, and have records of their
own.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from stackyard.model.base import check_format
from stackyard.storage.catalog.sql import insert, marks
from stackyard.storage.ids import now

FORMAT = "1.0"
_JSON = json.JSONEncoder(separators=(",", ":")).encode
Rows = list[dict[str, Any]]
# S608 below: statements are put together from our own constants; values are always bound.
_VERSIONS_OF_RUN = (
    "SELECT v.id FROM artifact_versions v WHERE v.step_run_id IN (SELECT id FROM step_runs WHERE run_id = ?) "
    "UNION SELECT v.id FROM step_runs s JOIN step_outputs o ON o.step_run_id = s.id "
    "JOIN artifact_versions v ON v.id = o.artifact_version_id WHERE s.run_id = ? AND v.run_id = s.run_id "
    "UNION SELECT v.id FROM step_runs s JOIN step_inputs i ON i.step_run_id = s.id "
    "JOIN artifact_versions v ON v.id = i.artifact_version_id WHERE s.run_id = ? AND v.run_id = s.run_id"
)
_NAMED = (
    "SELECT v.*, a.name AS artifact_name, a.project_id FROM artifact_versions v "
    "JOIN artifacts a ON a.id = v.artifact_id"
)
_TAGS = "SELECT entity_id, tag FROM tags WHERE entity = '{}' AND entity_id IN ({{}})"
_STEP = "step_run_id IN (SELECT id FROM step_runs WHERE run_id = ?)"
_OF_RUN = {
    "projects": "SELECT * FROM projects WHERE id = (SELECT project_id FROM runs WHERE id = ?)",
    "runs": "SELECT * FROM runs WHERE id = ?",
    "step_runs": "SELECT * FROM step_runs WHERE run_id = ? ORDER BY position",
    "step_inputs": f"SELECT * FROM step_inputs WHERE {_STEP}",  # noqa: S608
    "step_outputs": f"SELECT * FROM step_outputs WHERE {_STEP}",  # noqa: S608
    "model_version_runs": "SELECT * FROM model_version_runs WHERE run_id = ?",
}
_OWNERS = {
    "run": "SELECT id, '', artifact_store_id FROM runs WHERE id = ?",
    "step_run": "SELECT run_id, '', artifact_store_id FROM step_runs WHERE id = ?",
    "artifact_version": "SELECT run_id, id, artifact_store_id FROM artifact_versions WHERE id = ?",
    "artifact": "SELECT run_id, id, artifact_store_id FROM artifact_versions WHERE artifact_id = ? "
    "ORDER BY version DESC LIMIT 1",
}
_COPIED = (*_OF_RUN, "models", "model_versions", "model_version_artifacts")
"""Tables whose rows are put back as they are, in this order."""


class Owner(NamedTuple):
    """The run, or the version without a run, whose record tells of a thing."""

    run_id: str
    version_id: str
    store_id: str
    """Of the artifact store that keeps the record."""


def record_owner(sql: sqlite3.Connection, entity: str, entity_id: str) -> Owner | None:
    """Return whose record tells of what has tags and metadata; None for models, and for what is not there."""
    row = sql.execute(_OWNERS[entity], (entity_id,)).fetchone() if entity in _OWNERS else None
    return Owner(*row) if row else None


def run_record(sql: sqlite3.Connection, run_id: str) -> bytes | None:
    """Return the record of a run; None when there is no such run."""
    if sql.execute("SELECT 1 FROM runs WHERE id = ?", (run_id,)).fetchone() is None:
        return None
    document = _Document()
    for table, query in _OF_RUN.items():
        document.put(table, _rows(sql, query, (run_id,)))
    steps = [row[0] for row in sql.execute("SELECT id FROM step_runs WHERE run_id = ?", (run_id,))]
    models = {
        row[0] for row in sql.execute("SELECT model_version_id FROM model_version_runs WHERE run_id = ?", (run_id,))
    }
    _put_versions(sql, document, versions_of_run(sql, run_id), {"run": [run_id], "step_run": steps}, models)
    return document.end()


def versions_of_run(sql: sqlite3.Connection, run_id: str) -> list[str]:
    """Return the ids of the versions that a run made."""
    return [row[0] for row in sql.execute(_VERSIONS_OF_RUN, (run_id, run_id, run_id))]


def versions_record(sql: sqlite3.Connection, version_ids: list[str]) -> bytes | None:
    """Return the record of versions without their run; None when there are none of them."""
    query = (
        "SELECT v.id, a.project_id FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id WHERE v.id IN ({})"
    )
    there = {row["id"]: row["project_id"] for row in _by_id(sql, query, version_ids)}
    if not there:
        return None
    document = _Document()
    document.put("projects", _rows(sql, "SELECT * FROM projects WHERE id = ?", (next(iter(there.values())),)))
    _put_versions(sql, document, list(there), {}, set())
    return document.end()


def parse_record(data: bytes) -> dict[str, Any] | None:
    """Return a record; None when it is damaged, or of a newer major version."""
    try:
        found = json.loads(data)
    except ValueError:
        return None
    if not isinstance(found, dict) or not check_format(str(found.get("format")), FORMAT):
        return None
    return found


def restore(sql: sqlite3.Connection, record: dict[str, Any]) -> None:
    """Put the rows of a record back, in a transaction; what is there already stays. Versions and tags come after.

    A run whose name another one has by now gets its id's beginning behind it.
    """
    for run in record.get("runs", ()):
        key = (run["project_id"], run["name"], run["id"])
        if sql.execute("SELECT 1 FROM runs WHERE project_id = ? AND name = ? AND id <> ?", key).fetchone():
            run["name"] = f"{run['name']}-{run['id'][:13]}"
    for version in record.get("model_versions", ()):
        version["stage"] = ""
    for table in _COPIED:
        insert_missing(sql, table, record.get(table, ()))


def insert_missing(sql: sqlite3.Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Add rows unless they are there; columns that are not known here are left out."""
    known = {row[1] for row in sql.execute(f"PRAGMA table_info({table})")}
    for row in rows:
        columns = {name: value for name, value in row.items() if name in known}
        names = ", ".join(columns)
        sql.execute(
            f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks(columns)})",  # noqa: S608
            tuple(columns.values()),
        )


def artifact_row(sql: sqlite3.Connection, project_id: str, name: str) -> int:
    """Return the id of an artifact, which is made if needed."""
    key = (project_id, name)
    sql.execute("INSERT OR IGNORE INTO artifacts (project_id, name, last_version) VALUES (?, ?, 0)", key)
    row = sql.execute("SELECT id FROM artifacts WHERE project_id = ? AND name = ?", key).fetchone()
    return int(row[0])


def put_version(sql: sqlite3.Connection, row: dict[str, Any], project_id: str, name: str) -> None:
    """Add a version with the number that it is to have."""
    artifact_id = artifact_row(sql, project_id, name)
    known = {found[1] for found in sql.execute("PRAGMA table_info(artifact_versions)")}
    columns = {**row, "artifact_id": artifact_id, "maybe_unused": 1}
    insert(sql, "artifact_versions", {k: v for k, v in columns.items() if k in known})
    sql.execute("UPDATE artifacts SET last_version = MAX(last_version, ?) WHERE id = ?", (row["version"], artifact_id))


class _Document:
    """A record's JSON, made row by row: the rows of a long run are ten times as large in memory as their text."""

    def __init__(self) -> None:
        self._text = bytearray(_JSON({"format": FORMAT, "at": now()})[:-1].encode())

    def put(self, name: str, rows: Iterable[Any]) -> None:
        """Add a list."""
        self._text += f",{_JSON(name)}:[".encode()
        for number, row in enumerate(rows):
            self._text += f"{',' if number else ''}{_JSON(row)}".encode()
        self._text += b"]"

    def end(self) -> bytes:
        """Return all of it."""
        self._text += b"}"
        return bytes(self._text)


def _put_versions(
    sql: sqlite3.Connection, document: _Document, version_ids: list[str], tagged: dict[str, list[str]],
    model_versions: set[str],
) -> None:  # fmt: skip
    """Add versions with their artifacts, the tags of all, and the model versions that have to do with them.

    Args:
        sql: the catalog.
        document: what they are added to.
        version_ids: of the artifact versions.
        tagged: kind to ids of other things whose tags belong to the record.
        model_versions: ids of those that belong to it in any case.
    """
    artifact_ids: dict[int, None] = {}

    def versions() -> Iterator[dict[str, Any]]:
        for row in _by_id(sql, f"{_NAMED} WHERE v.id IN ({{}})", version_ids):
            artifact_ids[row["artifact_id"]] = None
            yield row

    document.put("artifact_versions", versions())
    document.put(
        "tags",
        (
            [kind, row["entity_id"], row["tag"]]
            for kind, ids in {"artifact_version": version_ids, **tagged}.items()
            for row in _by_id(sql, _TAGS.format(kind), ids)
        ),
    )
    of_artifacts: dict[str, list[str]] = {}
    for row in _by_id(sql, _TAGS.format("artifact"), [str(artifact_id) for artifact_id in artifact_ids]):
        of_artifacts.setdefault(row["entity_id"], []).append(row["tag"])
    document.put(
        "artifacts",
        (
            {
                "project_id": row["project_id"], "name": row["name"], "last_version": row["last_version"],
                "tags": of_artifacts.get(str(row["id"]), []),
            }
            for row in _by_id(sql, "SELECT * FROM artifacts WHERE id IN ({})", [*artifact_ids])
        ),
    )  # fmt: skip
    links = list(_by_id(sql, "SELECT * FROM model_version_artifacts WHERE artifact_version_id IN ({})", version_ids))
    of_models = sorted(model_versions | {row["model_version_id"] for row in links})
    if of_models:
        found = list(_by_id(sql, "SELECT * FROM model_versions WHERE id IN ({})", of_models))
        models = sorted({row["model_id"] for row in found})
        document.put("model_version_artifacts", links)
        document.put("model_versions", found)
        document.put("models", _by_id(sql, "SELECT * FROM models WHERE id IN ({})", models))


def rows_of(sql: sqlite3.Connection, query: str, values: tuple[Any, ...]) -> Rows:
    """Return rows as a record holds them."""
    return list(_rows(sql, query, values))


def _rows(sql: sqlite3.Connection, query: str, values: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    cursor = sql.execute(query, values)
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield {n: v for n, v in zip(names, row, strict=True) if v is not None}


def _by_id(sql: sqlite3.Connection, query: str, ids: list[Any]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(ids), 500):
        some = tuple(ids[start : start + 500])
        yield from _rows(sql, query.format(marks(some)), some)
