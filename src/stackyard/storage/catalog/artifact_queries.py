"""Questions about artifacts and their versions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

from stackyard.model.views import ArtifactVersionView, ArtifactView, Page
from stackyard.storage.catalog.queries import Queries, cursor_of, wanted_condition
from stackyard.storage.catalog.sql import check_id_cursor, decode_cursor

# S608 below: statements are put together from our own constants; values are always bound.
_COLUMNS = (
    "v.*, a.name AS artifact_name, a.project_id AS project_id, COALESCE(r.name, '') AS run_name, "
    "COALESCE(r.pipeline, '') AS pipeline, COALESCE(s.name, '') AS step"
)
_FROM = (
    "artifact_versions v JOIN artifacts a ON a.id = v.artifact_id "
    "LEFT JOIN runs r ON r.id = v.run_id LEFT JOIN step_runs s ON s.id = v.step_run_id"
)

_IN_STORE = "artifact_versions v WHERE v.artifact_store_id = st.id AND v.artifact_id = a.id"
_STORES = (
    # The artifact stores that have versions: each found by one look into the index, not by reading all of it.
    "WITH RECURSIVE known(id) AS (SELECT MIN(artifact_store_id) FROM artifact_versions UNION ALL "
    "SELECT (SELECT MIN(artifact_store_id) FROM artifact_versions WHERE artifact_store_id > known.id) FROM known "
    "WHERE known.id IS NOT NULL), stores(id) AS (SELECT id FROM known WHERE id IS NOT NULL)"
)

_UNUSED = " AND ".join(
    f"NOT EXISTS (SELECT 1 FROM {table} u WHERE u.artifact_version_id = v.id)"  # noqa: S608
    for table in ("step_outputs", "step_inputs", "model_version_artifacts")
)


class StepOutputPlace(NamedTuple):
    """An output of a step run: which artifact version it is, and where that lies."""

    output: str
    version_id: str
    uri: str
    artifact_name: str
    artifact_store_id: str
    artifact_store: str
    pruned: int
    """1: its files are gone, or go this moment."""
    damaged: int
    """1: it was not what was written when all of it was last read."""


class ArtifactQueries(Queries):
    """Artifacts, artifact versions, and who uses them."""

    def outputs_of_step_run(self, step_run_id: str) -> list[StepOutputPlace]:
        """Return the outputs of a step run in the order of the signature."""
        rows = self._sql.execute(
            "SELECT o.name, v.id, v.uri, a.name, v.artifact_store_id, v.artifact_store, v.pruned <> '', "
            "v.damage <> '' FROM step_outputs o JOIN artifact_versions v ON v.id = o.artifact_version_id "
            "JOIN artifacts a ON a.id = v.artifact_id "
            "WHERE o.step_run_id = ? ORDER BY o.position",
            (step_run_id,),
        )
        return [StepOutputPlace(*row) for row in rows]

    def list_artifacts(
        self, project_id: str | None, store_id: str | None, *, limit: int, cursor: str | None,
        tags: Sequence[str] = (), name: str = "",
    ) -> Page[ArtifactView]:  # fmt: skip
        """Return a page of artifacts by name, one entry an artifact store.

        Args:
            project_id: whose; None: of all projects.
            store_id: only what lies in this artifact store.
            limit: entries at most.
            cursor: of the page.
            tags: only artifacts that have all of these.
            name: only artifacts whose names contain this.
        """
        where, values = wanted_condition("artifact", "CAST(a.id AS TEXT)", tags, "a.name", name)
        if project_id is not None:
            where.append("a.project_id = ?")
            values.append(project_id)
        if store_id is not None:
            where.append("st.id = ?")
            values.append(store_id)
        where.append(f"EXISTS (SELECT 1 FROM {_IN_STORE})")  # noqa: S608
        condition = " AND ".join(where)
        counting = f"{_STORES} SELECT COUNT(*) FROM artifacts a CROSS JOIN stores st WHERE {condition}"  # noqa: S608
        total = self._sql.execute(counting, values).fetchone()[0]
        if cursor:
            condition += " AND (a.name, a.id, st.id) > (?, ?, ?)"
            values.extend(decode_cursor(cursor, 3))
        rows = self._sql.execute(
            f"{_STORES}, page AS (SELECT a.name AS name, a.id AS artifact_id, st.id AS artifact_store_id "  # noqa: S608
            f"FROM artifacts a CROSS JOIN stores st WHERE {condition} ORDER BY a.name, a.id, st.id LIMIT ?) "
            "SELECT a.*, v.version AS latest_version, v.id AS latest_version_id, v.type, v.created_at, "
            "v.artifact_store, (SELECT COUNT(*) FROM artifact_versions n "
            "WHERE n.artifact_store_id = a.artifact_store_id AND n.artifact_id = a.artifact_id) AS n_versions "
            "FROM page a CROSS JOIN artifact_versions v ON v.artifact_id = a.artifact_id AND v.version = "
            "(SELECT MAX(m.version) FROM artifact_versions m "
            "WHERE m.artifact_store_id = a.artifact_store_id AND m.artifact_id = a.artifact_id) "
            "ORDER BY a.name, a.artifact_id, a.artifact_store_id",
            [*values, limit + 1],
        ).fetchall()
        tagged = self._tags_of("artifact", [str(row["artifact_id"]) for row in rows[:limit]])
        items = [
            ArtifactView(
                name=row["name"], artifact_store_id=row["artifact_store_id"], artifact_store=row["artifact_store"],
                n_versions=row["n_versions"], latest_version=row["latest_version"],
                latest_version_id=row["latest_version_id"], type=row["type"], updated_at=row["created_at"],
                tags=tagged.get(str(row["artifact_id"]), []),
            )
            for row in rows[:limit]
        ]  # fmt: skip
        last = rows[limit - 1] if len(rows) > limit else None
        after = cursor_of(last["name"], last["artifact_id"], last["artifact_store_id"]) if last else None
        return Page[ArtifactView](items=items, total=total, next=after)

    def list_versions(
        self, project_id: str | None, name: str, store_id: str | None, *, limit: int, cursor: str | None,
        number: int | None = None, tags: Sequence[str] = (),
    ) -> Page[ArtifactVersionView]:  # fmt: skip
        """Return a page of an artifact's versions, newest first; with ``number`` only the one that has it."""
        where, values = wanted_condition("artifact_version", "v.id", tags)
        where.append("a.name = ?")
        values.append(name)
        if project_id is not None:
            where.append("a.project_id = ?")
            values.append(project_id)
        if store_id is not None:
            where.append("v.artifact_store_id = ?")
            values.append(store_id)
        if number is not None:
            where.append("v.version = ?")
            values.append(number)
        condition = " AND ".join(where)
        counting = (
            f"SELECT COUNT(*) FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id WHERE {condition}"  # noqa: S608
        )
        total = self._sql.execute(counting, values).fetchone()[0]
        if cursor:
            condition += " AND (v.version, v.id) < (?, ?)"
            values.extend(decode_cursor(cursor, 2))
        rows = self._sql.execute(
            f"SELECT {_COLUMNS} FROM {_FROM} WHERE {condition} "  # noqa: S608
            "ORDER BY v.version DESC, v.id DESC LIMIT ?",
            [*values, limit + 1],
        ).fetchall()
        items = self._versions(rows[:limit])
        after = cursor_of(items[-1].version, items[-1].id) if len(rows) > limit else None
        return Page[ArtifactVersionView](items=items, total=total, next=after)

    def search_versions(
        self, project_id: str | None, *, limit: int, cursor: str | None, tags: Sequence[str] = (), name: str = "",
        artifact: str = "", run_id: str = "", model_version_id: str = "", only_unused: bool = False,
    ) -> Page[ArtifactVersionView]:  # fmt: skip
        """Return a page of the versions of any artifacts, newest first.

        Args:
            project_id: whose; None: of all projects.
            limit: versions at most.
            cursor: of the page.
            tags: only versions that have all of these.
            name: only versions of artifacts whose names contain this.
            artifact: only versions of this artifact.
            run_id: only versions that steps of this run made.
            model_version_id: only versions that are part of this model version.
            only_unused: only versions that no step run takes or gives and no model version has.
        """
        where, values = wanted_condition("artifact_version", "v.id", tags, "a.name", name)
        if project_id is not None:
            where.append("a.project_id = ?")
            values.append(project_id)
        if artifact:
            where.append("a.name = ?")
            values.append(artifact)
        if run_id:
            where.append("v.step_run_id IN (SELECT id FROM step_runs WHERE run_id = ?)")
            values.append(run_id)
        if model_version_id:
            where.append("v.id IN (SELECT artifact_version_id FROM model_version_artifacts WHERE model_version_id = ?)")
            values.append(model_version_id)
        if only_unused:
            where.append(f"v.maybe_unused = 1 AND {_UNUSED}")
        condition = " AND ".join(where or ["1"])
        few = run_id or model_version_id or tags
        # The planner knows no numbers: few versions are looked up, and all are read in order, as far as the page goes.
        first = "CROSS JOIN" if few or not (name or artifact) else "JOIN"
        order = "+v.id" if few else "v.id"
        base = (
            f"artifact_versions v {'CROSS JOIN' if few or only_unused else 'JOIN'} artifacts a ON a.id = v.artifact_id"
        )
        total = self._sql.execute(f"SELECT COUNT(*) FROM {base} WHERE {condition}", values).fetchone()[0]  # noqa: S608
        if cursor:
            condition += " AND v.id < ?"
            values.append(check_id_cursor(cursor))
        rows = self._sql.execute(
            f"SELECT {_COLUMNS} FROM {_FROM.replace('JOIN', first, 1)} WHERE {condition} "  # noqa: S608
            f"ORDER BY {order} DESC LIMIT ?",
            [*values, limit + 1],
        ).fetchall()
        items = self._versions(rows[:limit])
        return Page[ArtifactVersionView](items=items, total=total, next=items[-1].id if len(rows) > limit else None)

    def versions_by_id(self, prefix: str) -> list[ArtifactVersionView]:
        """Return the versions whose id begins so; at most ten."""
        rows = self._sql.execute(
            f"SELECT {_COLUMNS} FROM {_FROM} WHERE v.id >= ? AND v.id < ? LIMIT 10",  # noqa: S608
            (prefix, prefix + "g"),
        ).fetchall()
        return self._versions(rows)

    def artifact_id(self, project_id: str, name: str) -> str | None:
        """Return what tags of an artifact are kept under; None when there is no such artifact."""
        row = self._sql.execute(
            "SELECT id FROM artifacts WHERE project_id = ? AND name = ?", (project_id, name)
        ).fetchone()
        return str(row[0]) if row else None

    def count_versions(self) -> dict[str, int]:
        """Return how many versions each artifact store has, by its id; read from an index alone."""
        sql = "SELECT artifact_store_id, COUNT(*) FROM artifact_versions GROUP BY artifact_store_id"
        return dict(map(tuple, self._sql.execute(sql)))

    def projects_with(self, name: str) -> list[str]:
        """Return the ids of the projects that have an artifact of that name."""
        return [row[0] for row in self._sql.execute("SELECT project_id FROM artifacts WHERE name = ?", (name,))]

    def artifact_names(self, project_id: str) -> list[str]:
        """Return the names of the project's artifacts."""
        rows = self._sql.execute("SELECT name FROM artifacts WHERE project_id = ? ORDER BY name", (project_id,))
        return [row[0] for row in rows]

    def _versions(self, rows: Sequence[sqlite3.Row]) -> list[ArtifactVersionView]:
        tags = self._tags_of("artifact_version", [row["id"] for row in rows])
        return [_version(row, tags.get(row["id"], [])) for row in rows]


def _version(row: sqlite3.Row, tags: list[str]) -> ArtifactVersionView:
    found = json.loads(row["damage"]) if row["damage"] else {}
    return ArtifactVersionView(
        id=row["id"], name=row["artifact_name"], version=row["version"], project_id=row["project_id"],
        type=row["type"], materializer=row["materializer"], data_format=row["data_format"],
        unsafe=bool(row["unsafe"]), digest=row["digest"], size_bytes=row["size_bytes"],
        shape=json.loads(row["shape"]) if row["shape"] else None, uri=row["uri"],
        artifact_store_id=row["artifact_store_id"], artifact_store=row["artifact_store"], run_id=row["run_id"],
        run_name=row["run_name"], pipeline=row["pipeline"], step=row["step"], created_at=row["created_at"],
        metadata=json.loads(row["metadata"]), tags=tags, save_type=_save_type(row["save_type"]),
        status="missing" if row["pruned"] else found.get("status", "available"), problem=found.get("problem", ""),
        pruned=bool(row["pruned"]),
    )  # fmt: skip


def _save_type(word: str) -> Any:
    """Return how a version came to be; a word of a newer minor version counts as saved by hand."""
    return word if word in ("step_output", "manual", "preexisting", "external") else "manual"
