"""What lists and descriptions read from the catalog. Rows become views here and nowhere else."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timezone
from typing import Any

from stackyard.model.cache_key import CacheKeyParts
from stackyard.model.enums import MissReason, Status
from stackyard.model.errors import UsageError
from stackyard.model.views import (
    ArtifactRefView,
    ArtifactVersionView,
    ArtifactView,
    CacheView,
    Page,
    RunView,
    StepErrorView,
    StepRunView,
)
from stackyard.storage.catalog.runs import UNFINISHED_SQL
from stackyard.storage.home import Home
from stackyard.storage.locking import is_alive

# S608 below: statements are put together from these constants alone; values are always bound.
_RUN_COLUMNS = (
    "runs.*, COALESCE(projects.name, '') AS project, "
    "(SELECT COUNT(*) FROM step_runs s WHERE s.run_id = runs.id) AS n_steps, "
    "(SELECT COUNT(*) FROM step_runs s WHERE s.run_id = runs.id AND s.status IN "
    "('completed', 'cached', 'failed', 'skipped', 'stopped', 'interrupted')) AS n_finished, "
    "(SELECT COUNT(*) FROM step_runs s WHERE s.run_id = runs.id AND s.status = 'cached') AS n_cached, "
    "(SELECT COUNT(*) FROM step_runs s WHERE s.run_id = runs.id AND s.status = 'failed') AS n_failed"
)
_RUN_FROM = "runs LEFT JOIN projects ON projects.id = runs.project_id"
_VERSION_COLUMNS = (
    "v.*, a.name AS artifact_name, a.project_id AS project_id, COALESCE(r.name, '') AS run_name, "
    "COALESCE(r.pipeline, '') AS pipeline, COALESCE(s.name, '') AS step"
)
_VERSION_FROM = (
    "artifact_versions v JOIN artifacts a ON a.id = v.artifact_id "
    "LEFT JOIN runs r ON r.id = v.run_id LEFT JOIN step_runs s ON s.id = v.step_run_id"
)


class CatalogReader:
    """Read-only questions to an open catalog."""

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

    # runs -------------------------------------------------------------------------------------------------------

    def list_runs(
        self, project_id: str | None, *, pipeline: str | None, limit: int, cursor: str | None
    ) -> Page[RunView]:
        """Return a page of runs without their steps, newest first; ``project_id`` None means all projects."""
        where, values = ["1"], list[Any]()
        if project_id is not None:
            where.append("runs.project_id = ?")
            values.append(project_id)
        if pipeline is not None:
            where.append("runs.pipeline = ?")
            values.append(pipeline)
        condition = " AND ".join(where)
        total = self._sql.execute(f"SELECT COUNT(*) FROM runs WHERE {condition}", values).fetchone()[0]  # noqa: S608
        if cursor:
            condition += " AND runs.id < ?"
            values.append(cursor)
        rows = self._sql.execute(
            f"SELECT {_RUN_COLUMNS} FROM {_RUN_FROM} WHERE {condition} ORDER BY runs.id DESC LIMIT ?",  # noqa: S608
            [*values, limit + 1],
        ).fetchall()
        items = [self._run(row) for row in rows[:limit]]
        return Page[RunView](items=items, total=total, next=items[-1].id if len(rows) > limit else None)

    def find_runs(self, name_or_id: str, project_id: str | None) -> list[RunView]:
        """Return the runs meant by a name (in the project first) or by an id prefix; at most ten."""
        base = f"SELECT {_RUN_COLUMNS} FROM {_RUN_FROM} WHERE "  # noqa: S608
        rows: list[sqlite3.Row] = []
        if project_id is not None:
            rows = self._sql.execute(
                base + "runs.name = ? AND runs.project_id = ?",
                (name_or_id, project_id),
            ).fetchall()
        if not rows:
            rows = self._sql.execute(base + "runs.name = ? LIMIT 10", (name_or_id,)).fetchall()
        if not rows and len(name_or_id) >= 4:
            rows = self._sql.execute(
                base + "runs.id >= ? AND runs.id < ? LIMIT 10",
                (name_or_id, name_or_id + "g"),
            ).fetchall()
        return [self._run(row) for row in rows]

    def recent_run_names(self, project_id: str, limit: int = 200) -> list[str]:
        """Return names of recent runs, for "did you mean"."""
        rows = self._sql.execute(
            "SELECT name FROM runs WHERE project_id = ? ORDER BY id DESC LIMIT ?", (project_id, limit)
        )
        return [row[0] for row in rows]

    def run_request(self, run_id: str) -> dict[str, Any]:
        """Return what would start a run again; empty when nobody wrote it down."""
        row = self._sql.execute("SELECT request FROM runs WHERE id = ?", (run_id,)).fetchone()
        return dict(json.loads(row[0])) if row else {}

    def steps_of(self, run: RunView) -> list[StepRunView]:
        """Return the step runs of a run in topological order."""
        rows = self._sql.execute("SELECT * FROM step_runs WHERE run_id = ? ORDER BY position", (run.id,)).fetchall()
        inputs = self._refs("step_inputs", run.id, "t.name")
        outputs = self._refs("step_outputs", run.id, "t.position")
        interrupted = run.status is Status.INTERRUPTED
        return [self._step(row, inputs, outputs, interrupted=interrupted) for row in rows]

    def unfinished_runs(self) -> list[str]:
        """Return the ids of runs whose rows say that they are not finished, dead drivers included."""
        return [row[0] for row in self._sql.execute(f"SELECT id FROM runs WHERE status IN {UNFINISHED_SQL}")]  # noqa: S608

    def interrupted_runs(self) -> list[str]:
        """Return the unfinished runs whose driver is gone."""
        return [run_id for run_id in self.unfinished_runs() if not is_alive(self._home.run_lock(run_id))]

    def count_running(self, project_id: str) -> int:
        """Return how many runs of the project are alive."""
        rows = self._sql.execute(
            f"SELECT id FROM runs WHERE project_id = ? AND status IN {UNFINISHED_SQL}",  # noqa: S608
            (project_id,),
        )
        return sum(is_alive(self._home.run_lock(row[0])) for row in rows)

    # cache ------------------------------------------------------------------------------------------------------

    def cache_candidates(
        self, cache_key: str, project_id: str, limit: int = 5
    ) -> list[tuple[str, str, dict[str, Any]]]:
        """Return step runs with this key that have outputs: (step run id, run id, metadata), newest first."""
        rows = self._sql.execute(
            "SELECT id, run_id, metadata FROM step_runs WHERE cache_key = ? AND status = 'completed' "
            "AND project_id = ? ORDER BY id DESC LIMIT ?",
            (cache_key, project_id, limit),
        )
        return [(row[0], row[1], json.loads(row[2])) for row in rows]

    def run_metadata(self, run_id: str) -> dict[str, Any]:
        """Return what a run's row has of metadata."""
        row = self._sql.execute("SELECT metadata FROM runs WHERE id = ?", (run_id,)).fetchone()
        return dict(json.loads(row[0])) if row else {}

    def latest_key_parts(self, project_id: str, pipeline: str, step: str, store_id: str) -> CacheKeyParts | None:
        """Return the key parts of the newest completed or cached run of a step, for the reason of a miss."""
        row = self._sql.execute(
            "SELECT cache_parts FROM step_runs WHERE project_id = ? AND pipeline = ? AND name = ? "
            "AND artifact_store_id = ? AND cache_parts IS NOT NULL AND status IN ('completed', 'cached') "
            "ORDER BY id DESC LIMIT 1",
            (project_id, pipeline, step, store_id),
        ).fetchone()
        return CacheKeyParts.model_validate_json(row[0]) if row else None

    def outputs_of_step_run(self, step_run_id: str) -> list[tuple[str, ArtifactVersionView]]:
        """Return output name and version in the order of the signature."""
        rows = self._sql.execute(
            f"SELECT o.name AS output, {_VERSION_COLUMNS} FROM step_outputs o JOIN {_VERSION_FROM} "  # noqa: S608
            "WHERE o.step_run_id = ? AND v.id = o.artifact_version_id ORDER BY o.position",
            (step_run_id,),
        )
        return [(row["output"], _version(row)) for row in rows]

    # artifacts --------------------------------------------------------------------------------------------------

    def list_artifacts(
        self, project_id: str | None, store_id: str | None, *, limit: int, cursor: str | None
    ) -> Page[ArtifactView]:
        """Return a page of artifacts by name, one entry an artifact store; ``None`` means any."""
        where, values = ["1"], list[Any]()
        if project_id is not None:
            where.append("a.project_id = ?")
            values.append(project_id)
        if store_id is not None:
            where.append("v.artifact_store_id = ?")
            values.append(store_id)
        grouped = (
            "SELECT a.name AS name, a.id AS artifact_id, v.artifact_store_id AS artifact_store_id, "  # noqa: S608
            "COUNT(*) AS n_versions, MAX(v.version) AS latest_version "
            "FROM artifacts a JOIN artifact_versions v ON v.artifact_id = a.id "
            f"WHERE {' AND '.join(where)} GROUP BY a.id, v.artifact_store_id"
        )
        total = self._sql.execute(f"SELECT COUNT(*) FROM ({grouped})", values).fetchone()[0]  # noqa: S608
        condition = "1"
        if cursor:
            condition = "(g.name, g.artifact_id, g.artifact_store_id) > (?, ?, ?)"
            values.extend(_decode_cursor(cursor, 3))
        rows = self._sql.execute(
            f"SELECT g.*, v.id AS latest_version_id, v.type, v.created_at, v.artifact_store "  # noqa: S608
            f"FROM ({grouped}) g JOIN artifact_versions v "
            f"ON v.artifact_id = g.artifact_id AND v.version = g.latest_version WHERE {condition} "
            "ORDER BY g.name, g.artifact_id, g.artifact_store_id LIMIT ?",
            [*values, limit + 1],
        ).fetchall()
        items = [
            ArtifactView(
                name=row["name"], artifact_store_id=row["artifact_store_id"], artifact_store=row["artifact_store"],
                n_versions=row["n_versions"], latest_version=row["latest_version"],
                latest_version_id=row["latest_version_id"], type=row["type"], updated_at=row["created_at"],
            )
            for row in rows[:limit]
        ]  # fmt: skip
        last = rows[limit - 1] if len(rows) > limit else None
        after = json.dumps([last["name"], last["artifact_id"], last["artifact_store_id"]]) if last else None
        return Page[ArtifactView](items=items, total=total, next=after)

    def list_versions(
        self, project_id: str | None, name: str, store_id: str | None, *, limit: int, cursor: str | None,
        number: int | None = None,
    ) -> Page[ArtifactVersionView]:  # fmt: skip
        """Return a page of an artifact's versions, newest first; with ``number`` only the one that has it."""
        where, values = ["a.name = ?"], [name, *list[Any]()]
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
        counting = f"SELECT COUNT(*) FROM {_VERSION_FROM} WHERE {condition}"  # noqa: S608
        total = self._sql.execute(counting, values).fetchone()[0]
        if cursor:
            condition += " AND (v.version, v.id) < (?, ?)"
            values.extend(_decode_cursor(cursor, 2))
        rows = self._sql.execute(
            f"SELECT {_VERSION_COLUMNS} FROM {_VERSION_FROM} WHERE {condition} "  # noqa: S608
            "ORDER BY v.version DESC, v.id DESC LIMIT ?",
            [*values, limit + 1],
        ).fetchall()
        items = [_version(row) for row in rows[:limit]]
        after = json.dumps([items[-1].version, items[-1].id]) if len(rows) > limit else None
        return Page[ArtifactVersionView](items=items, total=total, next=after)

    def versions_by_id(self, prefix: str) -> list[ArtifactVersionView]:
        """Return the versions whose id begins so; at most ten."""
        rows = self._sql.execute(
            f"SELECT {_VERSION_COLUMNS} FROM {_VERSION_FROM} WHERE v.id >= ? AND v.id < ? LIMIT 10",  # noqa: S608
            (prefix, prefix + "g"),
        )
        return [_version(row) for row in rows]

    def count_versions(self) -> dict[str, int]:
        """Return how many versions each artifact store has, by its id; read from an index alone."""
        sql = "SELECT artifact_store_id, COUNT(*) FROM artifact_versions GROUP BY artifact_store_id"
        return dict(map(tuple, self._sql.execute(sql)))

    def artifact_names(self, project_id: str) -> list[str]:
        """Return the names of the project's artifacts."""
        rows = self._sql.execute("SELECT name FROM artifacts WHERE project_id = ? ORDER BY name", (project_id,))
        return [row[0] for row in rows]

    # changes ----------------------------------------------------------------------------------------------------

    def data_version(self) -> int:
        """Return a number that changes when another connection commits."""
        return int(self._sql.execute("PRAGMA data_version").fetchone()[0])

    def changes_since(self, seq: int) -> tuple[int, list[tuple[str, str]]]:
        """Return the newest sequence number and (entity, id) of what came after ``seq``."""
        rows = self._sql.execute("SELECT seq, entity, id FROM changes WHERE seq > ? ORDER BY seq", (seq,)).fetchall()
        return (rows[-1]["seq"] if rows else seq), [(row["entity"], row["id"]) for row in rows]

    def last_change(self) -> int:
        """Return the newest sequence number."""
        return int(self._sql.execute("SELECT COALESCE(MAX(seq), 0) FROM changes").fetchone()[0])

    # rows -------------------------------------------------------------------------------------------------------

    def _run(self, row: sqlite3.Row) -> RunView:
        status = _status(row["status"])
        if not status.is_finished and not is_alive(self._home.run_lock(row["id"])):
            # The driver may have finished between our read of the row and the probe of its lock.
            fresh = self._sql.execute("SELECT status, ended_at FROM runs WHERE id = ?", (row["id"],)).fetchone()
            status = _status(fresh["status"]) if fresh else Status.INTERRUPTED
            if not status.is_finished:
                status = Status.INTERRUPTED
        log_file = self._home.driver_log(row["id"])
        return RunView(
            id=row["id"], name=row["name"], pipeline=row["pipeline"], status=status,
            project_id=row["project_id"], project=row["project"], stack=row["stack"], stack_id=row["stack_id"],
            stack_origin=row["stack_origin"], orchestrator=row["orchestrator"],
            artifact_store=row["artifact_store"], artifact_store_id=row["artifact_store_id"],
            created_at=row["created_at"], started_at=row["started_at"], ended_at=row["ended_at"],
            duration_s=_duration(row["started_at"], row["ended_at"], status),
            n_steps=row["n_steps"], n_finished=row["n_finished"], n_cached=row["n_cached"], n_failed=row["n_failed"],
            parameters=json.loads(row["parameters"]), metadata=json.loads(row["metadata"]),
            error=_error(row["error"]), file=row["file"], line=row["line"],
            pid=0 if status.is_finished else row["pid"], log_file=str(log_file),
        )  # fmt: skip

    def _step(
        self, row: sqlite3.Row, inputs: dict[str, list[ArtifactRefView]], outputs: dict[str, list[ArtifactRefView]],
        *, interrupted: bool,
    ) -> StepRunView:  # fmt: skip
        status = _status(row["status"])
        if interrupted and not status.is_finished:
            status = Status.SKIPPED if status is Status.QUEUED else Status.INTERRUPTED
        cache = None
        if row["cache_hit"]:
            cache = CacheView(hit=True, source_run_id=row["cache_source_run_id"])
        elif row["cache_reason"]:
            cache = CacheView(hit=False, reason=_miss_reason(row["cache_reason"]), detail=row["cache_detail"])
        return StepRunView(
            id=row["id"], name=row["name"], run_id=row["run_id"], status=status, started_at=row["started_at"],
            ended_at=row["ended_at"], duration_s=_duration(row["started_at"], row["ended_at"], status), cache=cache,
            error=_error(row["error"]), parameters=json.loads(row["parameters"]), inputs=inputs.get(row["id"], []),
            outputs=outputs.get(row["id"], []), metadata=json.loads(row["metadata"]),
            upstream=json.loads(row["upstream"]), file=row["file"], line=row["line"],
            pid=0 if status.is_finished else row["pid"],
            log_file=str(self._home.step_log(row["run_id"], row["id"])),
        )  # fmt: skip

    def _refs(self, table: str, run_id: str, order: str) -> dict[str, list[ArtifactRefView]]:
        rows = self._sql.execute(
            f"SELECT t.step_run_id, t.name, t.artifact_version_id, a.name AS artifact_name, v.version, v.type "  # noqa: S608
            f"FROM {table} t JOIN step_runs s ON s.id = t.step_run_id "
            "JOIN artifact_versions v ON v.id = t.artifact_version_id JOIN artifacts a ON a.id = v.artifact_id "
            f"WHERE s.run_id = ? ORDER BY {order}",
            (run_id,),
        )
        found: dict[str, list[ArtifactRefView]] = {}
        for row in rows:
            ref = ArtifactRefView(
                name=row["name"], artifact_version_id=row["artifact_version_id"],
                artifact_name=row["artifact_name"], version=row["version"], type=row["type"],
            )  # fmt: skip
            found.setdefault(row["step_run_id"], []).append(ref)
        return found


def _version(row: sqlite3.Row) -> ArtifactVersionView:
    return ArtifactVersionView(
        id=row["id"], name=row["artifact_name"], version=row["version"], project_id=row["project_id"],
        type=row["type"], materializer=row["materializer"], data_format=row["data_format"],
        unsafe=bool(row["unsafe"]), digest=row["digest"], size_bytes=row["size_bytes"],
        shape=json.loads(row["shape"]) if row["shape"] else None, uri=row["uri"],
        artifact_store_id=row["artifact_store_id"], artifact_store=row["artifact_store"], run_id=row["run_id"],
        run_name=row["run_name"], pipeline=row["pipeline"], step=row["step"], created_at=row["created_at"],
        metadata=json.loads(row["metadata"]),
    )  # fmt: skip


def _status(word: str) -> Status:
    """Return a status; one that a newer minor version knows counts as running, which a dead driver ends."""
    try:
        return Status(word)
    except ValueError:
        return Status.RUNNING


def _miss_reason(word: str) -> MissReason | None:
    """Return a reason; None for one that a newer minor version knows: the words beside it say enough."""
    try:
        return MissReason(word)
    except ValueError:
        return None


def _error(text: str | None) -> StepErrorView | None:
    if not text:
        return None
    found = json.loads(text)  # a newer minor version may have written more
    return StepErrorView.model_validate({k: v for k, v in found.items() if k in StepErrorView.model_fields})


def _parse(moment: str) -> datetime:
    return datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def _duration(started: str, ended: str, status: Status) -> float | None:
    if not started or (status.is_finished and not ended):
        return None
    until = _parse(ended) if ended else datetime.now(tz=timezone.utc)
    return max(0.0, round((until - _parse(started)).total_seconds(), 3))


def _decode_cursor(cursor: str, length: int) -> list[Any]:
    try:
        values = json.loads(cursor)
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != length or not all(type(v) in (str, int) for v in values):
        raise UsageError(f"{cursor!r} is not a cursor of this list.", hint="Pass 'next' of the page before.")
    return values
