"""Records of models: what runs can't tell in theirs, since it is said of models later: stages, names, descriptions.

One is kept, for each model that was changed by hand, in every artifact store that has something of its versions.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from stackyard.storage.catalog.records import FORMAT, insert_missing, rows_of
from stackyard.storage.catalog.sql import changed
from stackyard.storage.catalog.tags import add_tags
from stackyard.storage.ids import now

# S608 below: statements are put together from our own constants; values are always bound.
_VERSIONS = "SELECT id FROM model_versions WHERE model_id = ?"
_STORES = (
    "SELECT r.artifact_store_id FROM model_version_runs l JOIN runs r ON r.id = l.run_id "  # noqa: S608
    f"WHERE l.model_version_id IN ({_VERSIONS}) UNION SELECT v.artifact_store_id FROM model_version_artifacts l "
    f"JOIN artifact_versions v ON v.id = l.artifact_version_id WHERE l.model_version_id IN ({_VERSIONS})"
)
_SAID = {
    "models": ("description", "license", "audience", "use_cases", "limitations", "trade_offs", "ethics"),
    "model_versions": ("name", "description", "stage"),
}
"""What is said of them by hand, and comes back from here although a run's record had them as well."""


def record_name(model_id: str) -> str:
    """Return what the record of a model is called."""
    return f"model-{model_id}"


def model_record(sql: sqlite3.Connection, model_id: str) -> bytes | None:
    """Return the record of a model; None when there is no such model."""
    models = rows_of(sql, "SELECT * FROM models WHERE id = ?", (model_id,))
    if not models:
        return None
    document = {
        "format": FORMAT,
        "at": now(),
        "projects": rows_of(sql, "SELECT * FROM projects WHERE id = ?", (models[0]["project_id"],)),
        "models": models,
        "model_versions": rows_of(sql, "SELECT * FROM model_versions WHERE model_id = ?", (model_id,)),
        "model_version_artifacts": rows_of(
            sql,
            f"SELECT * FROM model_version_artifacts WHERE model_version_id IN ({_VERSIONS})",  # noqa: S608
            (model_id,),
        ),
        "tags": [
            list(row.values())
            for row in rows_of(
                sql,
                "SELECT entity, entity_id, tag FROM tags WHERE (entity = 'model' AND entity_id = ?) "  # noqa: S608
                f"OR (entity = 'model_version' AND entity_id IN ({_VERSIONS}))",
                (model_id, model_id),
            )
        ],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def model_stores(sql: sqlite3.Connection, model_id: str) -> list[str]:
    """Return the ids of the artifact stores that have something of a model's versions."""
    return [row[0] for row in sql.execute(_STORES, (model_id, model_id))]


def records_with(sql: sqlite3.Connection, model_id: str, version_id: str | None = None) -> list[tuple[str, str]]:
    """Return whose records tell of a model's versions, or of one: ``run`` or ``artifact_version``, and the id."""
    rows = sql.execute(
        "WITH chosen AS (SELECT id FROM model_versions WHERE model_id = ? AND (? IS NULL OR id = ?)) "
        "SELECT 'run', run_id FROM model_version_runs WHERE model_version_id IN chosen UNION "
        "SELECT CASE v.run_id WHEN '' THEN 'artifact_version' ELSE 'run' END, "
        "CASE v.run_id WHEN '' THEN v.id ELSE v.run_id END FROM model_version_artifacts m "
        "JOIN artifact_versions v ON v.id = m.artifact_version_id WHERE m.model_version_id IN chosen",
        (model_id, version_id, version_id),
    )
    return [(entity, entity_id) for entity, entity_id in rows]


def known_models(sql: sqlite3.Connection) -> set[str]:
    """Return the ids of all models and their versions."""
    return {row[0] for row in sql.execute("SELECT id FROM models UNION ALL SELECT id FROM model_versions")}


def restore_models(sql: sqlite3.Connection, records: Iterable[dict[str, Any]], known: set[str]) -> None:
    """Bring back what records say of models, in a transaction; the newest record of a model counts.

    Args:
        sql: in a transaction.
        records: of models.
        known: models and versions of which the catalog knew before: they stay as they are.
    """
    done: set[str] = set()
    for record in sorted(records, key=lambda r: str(r.get("at", "")), reverse=True):
        (model,) = record["models"]
        if model["id"] in done:
            continue
        done.add(model["id"])
        insert_missing(sql, "projects", record.get("projects", ()))
        insert_missing(sql, "models", [model])
        if sql.execute("SELECT 1 FROM models WHERE id = ?", (model["id"],)).fetchone() is None:
            continue  # the project has another model of that name by now
        versions = record.get("model_versions", ())
        insert_missing(sql, "model_versions", ({**version, "stage": ""} for version in versions))
        insert_missing(sql, "model_version_artifacts", record.get("model_version_artifacts", ()))
        _say(sql, "models", [model], known)
        _say(sql, "model_versions", versions, known)
        for entity, entity_id, tag in record.get("tags", ()):
            if entity_id not in known:
                add_tags(sql, model["project_id"], entity, entity_id, [tag])
        changed(sql, "model", model["project_id"])


def _say(sql: sqlite3.Connection, table: str, rows: Sequence[dict[str, Any]], known: set[str]) -> None:
    """Say of rows that came back what was said of them; a stage or name that another version has by now stays there."""
    settings = ", ".join(f"{column} = ?" for column in _SAID[table])
    sql.executemany(
        f"UPDATE OR IGNORE {table} SET {settings} WHERE id = ?",  # noqa: S608
        [(*(row.get(c, "") for c in _SAID[table]), row["id"]) for row in rows if row["id"] not in known],
    )
