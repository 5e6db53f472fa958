"""How artifact versions, and the inputs and outputs of step runs, come into the catalog."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from stackyard.model.artifact import Manifest
from stackyard.storage.catalog.schema import MARK_USED
from stackyard.storage.catalog.sql import changed, insert
from stackyard.storage.catalog.tags import forget_tags


def insert_version(
    sql: sqlite3.Connection, project_id: str, manifest: Manifest, *, store_id: str, store: str, save_type: str
) -> int:
    """Record an artifact version and give it the next number of its artifact; return the number.

    A ``step_output`` is one of :func:`insert_outputs` in the same transaction.
    """
    key = (project_id, manifest.artifact_name)
    if not sql.execute(
        "UPDATE artifacts SET last_version = last_version + 1 WHERE project_id = ? AND name = ?", key
    ).rowcount:
        sql.execute("INSERT INTO artifacts (project_id, name, last_version) VALUES (?, ?, 1)", key)
    artifact_id, number = sql.execute(
        "SELECT id, last_version FROM artifacts WHERE project_id = ? AND name = ?", key
    ).fetchone()
    columns = {
        "id": manifest.id, "artifact_id": artifact_id, "version": number, "type": manifest.type,
        "materializer": manifest.materializer, "data_format": manifest.data_format, "digest": manifest.digest,
        "size_bytes": manifest.size_bytes, "shape": json.dumps(manifest.shape) if manifest.shape is not None else None,
        "unsafe": int(manifest.unsafe), "deterministic": int(manifest.deterministic), "uri": manifest.uri,
        "artifact_store_id": store_id, "artifact_store": store, "run_id": manifest.run_id,
        "step_run_id": manifest.step_run_id, "created_at": manifest.created_at,
        "metadata": json.dumps(manifest.metadata), "save_type": save_type,
        "maybe_unused": int(save_type != "step_output"),
    }  # fmt: skip
    try:
        insert(sql, "artifact_versions", columns)
    except sqlite3.IntegrityError:  # `artifact reindex` found its manifest this moment
        row = sql.execute("SELECT version FROM artifact_versions WHERE id = ?", (manifest.id,)).fetchone()
        if row is None:
            raise
        sql.execute("UPDATE artifacts SET last_version = last_version - 1 WHERE id = ?", (artifact_id,))
        sql.execute("UPDATE artifact_versions SET save_type = ? WHERE id = ?", (save_type, manifest.id))
        number = row[0]
    return int(number)


def insert_inputs(
    sql: sqlite3.Connection, step_run_id: str, inputs: Mapping[str, str], items: Mapping[str, int] | None
) -> None:
    """Record what a step run takes: input to version, and to the member of its value if not the whole is meant."""
    chosen = items or {}
    sql.executemany(
        "INSERT INTO step_inputs (step_run_id, name, artifact_version_id, item) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (step_run_id, name) DO UPDATE SET artifact_version_id = excluded.artifact_version_id, "
        "item = excluded.item",
        [(step_run_id, name, version, chosen.get(name)) for name, version in inputs.items()],
    )


def insert_outputs(sql: sqlite3.Connection, step_run_id: str, outputs: Mapping[str, str]) -> None:
    """Record what a step run gives: output to version, in the order of the signature."""
    sql.executemany(
        "INSERT INTO step_outputs (step_run_id, name, position, artifact_version_id) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (step_run_id, name) DO UPDATE SET position = excluded.position, "
        "artifact_version_id = excluded.artifact_version_id",
        [(step_run_id, name, i, version) for i, (name, version) in enumerate(outputs.items())],
    )


def known_damage(sql: sqlite3.Connection) -> dict[str, str]:
    """Return the versions that were found to be damaged when they were last read, with what was found."""
    return dict(map(tuple, sql.execute("SELECT id, damage FROM artifact_versions WHERE damage <> ''")))


def record_damage(sql: sqlite3.Connection, found: Mapping[str, str]) -> None:
    """Record what was found when versions were read: id to what :func:`known_damage` returns, empty for nothing."""
    sql.executemany("UPDATE artifact_versions SET damage = ? WHERE id = ?", [(what, i) for i, what in found.items()])
    changed(sql, "artifact", "")


def mark_used(sql: sqlite3.Connection) -> None:
    """Find out anew, after many versions were added, which ones something uses: the others are found quicker."""
    sql.execute(MARK_USED)


def users_of(sql: sqlite3.Connection, version_id: str) -> list[str]:
    """Return in words what keeps an artifact version from being deleted; at most five."""
    rows = sql.execute(
        "SELECT DISTINCT 'run ' || r.name FROM runs r JOIN step_runs s ON s.run_id = r.id WHERE s.id IN "
        "(SELECT step_run_id FROM step_inputs WHERE artifact_version_id = ? "
        "UNION SELECT step_run_id FROM step_outputs WHERE artifact_version_id = ?) "
        "UNION ALL SELECT 'version ' || v.number || ' of model ' || m.name FROM model_version_artifacts l "
        "JOIN model_versions v ON v.id = l.model_version_id JOIN models m ON m.id = v.model_id "
        "WHERE l.artifact_version_id = ? LIMIT 5",
        (version_id, version_id, version_id),
    )
    return [row[0] for row in rows]


def delete_version(sql: sqlite3.Connection, version_id: str, store_id: str) -> None:
    """Forget an artifact version; the caller made sure that nothing uses it. Its number is not given again."""
    forget_tags(sql, "artifact_version", [version_id])
    sql.execute("DELETE FROM model_version_artifacts WHERE artifact_version_id = ?", (version_id,))
    sql.execute("DELETE FROM artifact_versions WHERE id = ?", (version_id,))
    changed(sql, "artifact", store_id)
