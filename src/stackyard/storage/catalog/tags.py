"""What users put on things of the catalog: tags and metadata."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from stackyard.storage.catalog.sql import changed, merge_json

if TYPE_CHECKING:
    import sqlite3  # code that only imports Client does not load it

TABLES = {
    "run": "runs",
    "step_run": "step_runs",
    "artifact": "artifacts",
    "artifact_version": "artifact_versions",
    "model": "models",
    "model_version": "model_versions",
}
"""What can have tags, to its table."""


def add_tags(sql: sqlite3.Connection, project_id: str, entity: str, entity_id: str, tags: Iterable[str]) -> None:
    """Put tags on a thing; those that it has already stay."""
    sql.executemany(
        "INSERT OR IGNORE INTO tags (project_id, entity, entity_id, tag) VALUES (?, ?, ?, ?)",
        [(project_id, entity, entity_id, tag) for tag in tags],
    )


def remove_tags(sql: sqlite3.Connection, entity: str, entity_id: str, tags: Iterable[str]) -> int:
    """Take tags from a thing; return how many it had."""
    return sql.executemany(
        "DELETE FROM tags WHERE entity = ? AND entity_id = ? AND tag = ?", [(entity, entity_id, tag) for tag in tags]
    ).rowcount


def add_metadata(
    sql: sqlite3.Connection, project_id: str, entity: str, entity_id: str, metadata: dict[str, Any]
) -> bool:
    """Add to a thing's metadata and tell followers; False: there is no such thing. Artifacts themselves have none."""
    found = merge_json(sql, TABLES[entity], entity_id, "metadata", metadata)
    if found:
        changed(sql, *subject(sql, project_id, entity, entity_id))
    return found


def subject(sql: sqlite3.Connection, project_id: str, entity: str, entity_id: str) -> tuple[str, str]:
    """Return what followers are told of when a thing changes: a run, an artifact (of any store), a model."""
    if entity == "step_run":
        row = sql.execute("SELECT run_id FROM step_runs WHERE id = ?", (entity_id,)).fetchone()
        return "run", row[0] if row else ""
    if entity == "run":
        return "run", entity_id
    return ("artifact", "") if entity.startswith("artifact") else ("model", project_id)


def forget_tags(sql: sqlite3.Connection, entity: str, entity_ids: Iterable[str]) -> None:
    """Drop the tags of things that are being deleted."""
    sql.executemany("DELETE FROM tags WHERE entity = ? AND entity_id = ?", [(entity, i) for i in entity_ids])


def rename_tag(sql: sqlite3.Connection, project_id: str, tag: str, new: str) -> int:
    """Call a tag otherwise wherever the project has it; return how many things had it."""
    sql.execute(
        "INSERT OR IGNORE INTO tags (project_id, entity, entity_id, tag) "
        "SELECT project_id, entity, entity_id, ? FROM tags WHERE project_id = ? AND tag = ? AND tag <> ?",
        (new, project_id, tag, new),
    )
    return sql.execute(
        "DELETE FROM tags WHERE project_id = ? AND tag = ? AND tag <> ?", (project_id, tag, new)
    ).rowcount


def delete_tag(sql: sqlite3.Connection, project_id: str, tag: str) -> int:
    """Take a tag from everything in the project; return how many things had it."""
    return sql.execute("DELETE FROM tags WHERE project_id = ? AND tag = ?", (project_id, tag)).rowcount


def changed_everywhere(sql: sqlite3.Connection, project_id: str) -> None:
    """Tell followers that things of every kind may have other tags."""
    for entity, entity_id in (("run", ""), ("artifact", ""), ("model", project_id)):
        changed(sql, entity, entity_id)
