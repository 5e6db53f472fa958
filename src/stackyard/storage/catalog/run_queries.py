"""Questions about runs and step runs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from stackyard.model.cache_key import CacheKeyParts
from stackyard.model.enums import MissReason, Status
from stackyard.model.views import ArtifactRefView, CacheView, Page, ProjectView, RunView, StepErrorView, StepRunView
from stackyard.storage.catalog.queries import Queries, duration_s, status_of, wanted_condition
from stackyard.storage.catalog.runs import UNFINISHED_SQL, last_sign
from stackyard.storage.catalog.sql import check_id_cursor, marks
from stackyard.storage.locking import is_alive

# S608 below: statements are put together from our own constants; values are always bound.
_COLUMNS = (
    "runs.*, COALESCE(projects.name, '') AS project, "
    "(SELECT COUNT(*) FROM step_runs s WHERE s.run_id = runs.id) AS n_steps, "
    "(SELECT COUNT(*) FROM step_runs s WHERE s.run_id = runs.id AND s.status IN "
    "('completed', 'cached', 'failed', 'skipped', 'stopped', 'interrupted')) AS n_finished, "
    "(SELECT COUNT(*) FROM step_runs s WHERE s.run_id = runs.id AND s.status IN ('completed', 'cached')) "
    "AS n_succeeded, "
    "(SELECT COUNT(*) FROM step_runs s WHERE s.run_id = runs.id AND s.status = 'cached') AS n_cached, "
    "(SELECT COUNT(*) FROM step_runs s WHERE s.run_id = runs.id AND s.status = 'failed') AS n_failed"
)
_FROM = "runs LEFT JOIN projects ON projects.id = runs.project_id"
_RESTARTABLE = ("file", "script", "module")
"""Kinds of requests that can be done again: what was typed into a shell can't."""


class CacheCandidate(NamedTuple):
    """A step run that may be reused."""

    step_run_id: str
    run_id: str
    metadata: dict[str, Any]
    ended_at: str
    """UTC ISO 8601."""


class RunQueries(Queries):
    """Runs and their step runs."""

    def list_runs(
        self, project_id: str | None, *, pipeline: str | None, limit: int, cursor: str | None,
        tags: Sequence[str] = (), name: str = "", status: str = "",
    ) -> Page[RunView]:  # fmt: skip
        """Return a page of runs without their steps, newest first.

        Args:
            project_id: whose; None: of all projects.
            pipeline: only runs of this pipeline.
            limit: runs at most.
            cursor: of the page.
            tags: only runs that have all of these.
            name: only runs whose names contain this.
            status: only runs with this status.
        """
        where, values = wanted_condition("run", "runs.id", tags, "runs.name", name)
        for condition, value in (("project_id = ?", project_id), ("pipeline = ?", pipeline)):
            if value is not None:
                where.append(f"runs.{condition}")
                values.append(value)
        if status:
            # Rows of runs whose drivers are gone still say that they run.
            gone = self.interrupted_runs()
            known = f"runs.id IN ({marks(gone)})"
            is_gone = status == Status.INTERRUPTED
            where.append(f"(runs.status = ? {'OR' if is_gone else 'AND NOT'} {known})")
            values += [status, *gone]
        condition = " AND ".join(where or ["1"])
        total = self._sql.execute(f"SELECT COUNT(*) FROM runs WHERE {condition}", values).fetchone()[0]  # noqa: S608
        if cursor:
            condition += " AND runs.id < ?"
            values.append(check_id_cursor(cursor))
        rows = self._sql.execute(
            f"SELECT {_COLUMNS} FROM {_FROM} WHERE {condition} ORDER BY runs.id DESC LIMIT ?",  # noqa: S608
            [*values, limit + 1],
        ).fetchall()
        items = self._runs(rows[:limit])
        return Page[RunView](items=items, total=total, next=items[-1].id if len(rows) > limit else None)

    def find_runs(self, name_or_id: str, project_id: str | None) -> list[RunView]:
        """Return the runs meant by a name (in the project first) or by an id prefix; at most ten."""
        base = f"SELECT {_COLUMNS} FROM {_FROM} WHERE "  # noqa: S608
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
        return self._runs(rows)

    def recent_run_names(self, project_id: str, limit: int = 200) -> list[str]:
        """Return names of recent runs, for "did you mean"."""
        rows = self._sql.execute(
            "SELECT name FROM runs WHERE project_id = ? ORDER BY id DESC LIMIT ?", (project_id, limit)
        )
        return [row[0] for row in rows]

    def run_request(self, run_id: str) -> dict[str, Any]:
        """Return what the run's driver was asked for; empty when that is not known."""
        row = self._sql.execute("SELECT request FROM runs WHERE id = ?", (run_id,)).fetchone()
        return dict(json.loads(row[0])) if row else {}

    def run_metadata(self, run_id: str) -> dict[str, Any]:
        """Return what a run's row has of metadata."""
        row = self._sql.execute("SELECT metadata FROM runs WHERE id = ?", (run_id,)).fetchone()
        return dict(json.loads(row[0])) if row else {}

    def pipelines(self, project_id: str | None) -> list[tuple[str, int, str]]:
        """Return the pipelines that ran, by name: name, number of runs, id of the newest run."""
        rows = self._sql.execute(
            "SELECT pipeline, COUNT(*), MAX(id) FROM runs WHERE ? IS NULL OR project_id = ? "
            "GROUP BY pipeline ORDER BY pipeline",
            (project_id, project_id),
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def projects(self) -> list[ProjectView]:
        """Return the projects that ran something, by name."""
        rows = self._sql.execute("SELECT id, name, root FROM projects ORDER BY name, id")
        return [ProjectView(id=row[0], name=row[1], root=row[2]) for row in rows]

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

    # step runs --------------------------------------------------------------------------------------------------

    def steps_of(self, run: RunView) -> list[StepRunView]:
        """Return the step runs of a run in topological order."""
        rows = self._sql.execute("SELECT * FROM step_runs WHERE run_id = ? ORDER BY position", (run.id,)).fetchall()
        return self._steps(rows, interrupted=run.status is Status.INTERRUPTED)

    def step_run(self, step_run_id: str) -> StepRunView | None:
        """Return a step run by its id."""
        return self._one_step("SELECT * FROM step_runs WHERE id = ?", (step_run_id,))

    def step_runs_by_id(self, prefix: str) -> list[str]:
        """Return the ids of step runs that begin so; at most ten."""
        rows = self._sql.execute("SELECT id FROM step_runs WHERE id >= ? AND id < ? LIMIT 10", (prefix, prefix + "g"))
        return [row[0] for row in rows]

    def step_states(self, run_id: str) -> dict[str, tuple[str, Status]]:
        """Return step name to step run id and status as the row has it, in topological order; cheap."""
        rows = self._sql.execute("SELECT name, id, status FROM step_runs WHERE run_id = ? ORDER BY position", (run_id,))
        return {row[0]: (row[1], status_of(row[2])) for row in rows}

    def cache_candidates(self, cache_key: str, project_id: str, limit: int = 5) -> list[CacheCandidate]:
        """Return step runs with this key that have outputs, newest first."""
        rows = self._sql.execute(
            "SELECT id, run_id, metadata, ended_at FROM step_runs WHERE cache_key = ? AND status = 'completed' "
            "AND project_id = ? ORDER BY id DESC LIMIT ?",
            (cache_key, project_id, limit),
        )
        return [CacheCandidate(row[0], row[1], json.loads(row[2]), row[3] or "") for row in rows]

    def latest_key_parts(
        self, project_id: str, pipeline: str, step: str, store_id: str
    ) -> Iterator[tuple[str, CacheKeyParts]]:
        """Return ids and key parts of the last few completed or cached runs of a step, newest first."""
        rows = self._sql.execute(
            "SELECT id, cache_parts FROM step_runs WHERE project_id = ? AND pipeline = ? AND name = ? "
            "AND artifact_store_id = ? AND cache_parts IS NOT NULL AND status IN ('completed', 'cached') "
            "ORDER BY id DESC LIMIT 5",
            (project_id, pipeline, step, store_id),
        ).fetchall()
        return ((row[0], CacheKeyParts.model_validate_json(row[1])) for row in rows)

    # rows -------------------------------------------------------------------------------------------------------

    def _runs(self, rows: Sequence[sqlite3.Row]) -> list[RunView]:
        ids = [row["id"] for row in rows]
        tags = self._tags_of("run", ids)
        models = self._grouped(
            "SELECT run_id, model_version_id FROM model_version_runs WHERE run_id IN ({}) ORDER BY model_version_id",
            ids,
        )
        return [self._run(row, tags.get(row["id"], []), models.get(row["id"], [])) for row in rows]

    def _run(self, row: sqlite3.Row, tags: list[str], models: list[str]) -> RunView:
        status = self._run_status(row["id"], row["status"])
        ended = row["ended_at"]
        if not ended and status is Status.INTERRUPTED:  # nobody has recorded it yet
            ended = last_sign(self._home, self._sql, row["id"])
        restartable = json.loads(row["request"]).get("kind") in _RESTARTABLE
        return RunView(
            id=row["id"], name=row["name"], pipeline=row["pipeline"], status=status,
            project_id=row["project_id"], project=row["project"], stack=row["stack"], stack_id=row["stack_id"],
            stack_origin=row["stack_origin"], orchestrator=row["orchestrator"],
            artifact_store=row["artifact_store"], artifact_store_id=row["artifact_store_id"],
            created_at=row["created_at"], started_at=row["started_at"], ended_at=ended,
            duration_s=duration_s(row["started_at"], ended, status, row["idle_s"]), idle_s=row["idle_s"],
            n_steps=row["n_steps"], n_finished=row["n_finished"], n_succeeded=row["n_succeeded"],
            n_cached=row["n_cached"], n_failed=row["n_failed"],
            parameters=json.loads(row["parameters"]), metadata=json.loads(row["metadata"]),
            error=_error(row["error"]), tags=tags, configuration=json.loads(row["configuration"]),
            model_version_ids=models,
            resumable=restartable and status.is_finished and status is not Status.COMPLETED,
            file=row["file"], line=row["line"], pid=0 if status.is_finished else row["pid"],
            log_file=str(self._home.driver_log(row["id"])),
        )  # fmt: skip

    def _one_step(self, statement: str, values: tuple[str, ...]) -> StepRunView | None:
        row = self._sql.execute(statement, values).fetchone()
        if row is None:
            return None
        run = self._sql.execute("SELECT status FROM runs WHERE id = ?", (row["run_id"],)).fetchone()
        status = self._run_status(row["run_id"], run["status"] if run else "")
        return self._steps([row], interrupted=status is Status.INTERRUPTED)[0]

    def _steps(self, rows: Sequence[sqlite3.Row], *, interrupted: bool) -> list[StepRunView]:
        ids = [row["id"] for row in rows]
        inputs = self._refs("SELECT step_run_id, name, artifact_version_id, item, name AS place FROM step_inputs", ids)
        outputs = self._refs(
            "SELECT step_run_id, name, artifact_version_id, NULL AS item, position AS place FROM step_outputs", ids
        )
        tags = self._tags_of("step_run", ids)
        return [
            self._step(row, inputs.get(row["id"], []), outputs.get(row["id"], []), tags.get(row["id"], []), interrupted)
            for row in rows
        ]

    def _step(
        self, row: sqlite3.Row, inputs: list[ArtifactRefView], outputs: list[ArtifactRefView], tags: list[str],
        interrupted: bool,
    ) -> StepRunView:  # fmt: skip
        status = status_of(row["status"])
        if interrupted and not status.is_finished:
            status = Status.SKIPPED if status is Status.QUEUED else Status.INTERRUPTED
        cache = None
        if row["cache_hit"]:
            cache = CacheView(hit=True, source_run_id=row["cache_source_run_id"])
        elif row["cache_reason"]:
            cache = CacheView(hit=False, reason=_miss_reason(row["cache_reason"]), detail=row["cache_detail"])
        return StepRunView(
            id=row["id"], name=row["name"], run_id=row["run_id"], status=status, started_at=row["started_at"],
            ended_at=row["ended_at"], duration_s=duration_s(row["started_at"], row["ended_at"], status), cache=cache,
            error=_error(row["error"]), parameters=json.loads(row["parameters"]), inputs=inputs, outputs=outputs,
            metadata=json.loads(row["metadata"]), upstream=json.loads(row["upstream"]), attempt=row["attempt"],
            tags=tags, configuration=json.loads(row["configuration"]), model_version_id=row["model_version_id"],
            file=row["file"], line=row["line"], pid=0 if status.is_finished else row["pid"],
            log_file=str(self._home.step_log(row["run_id"], row["id"])),
        )  # fmt: skip

    def _refs(self, table: str, ids: Sequence[str]) -> dict[str, list[ArtifactRefView]]:
        found: dict[str, list[ArtifactRefView]] = {}
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            rows = self._sql.execute(
                f"SELECT t.*, a.name AS artifact_name, v.version, v.type FROM ({table} "  # noqa: S608
                f"WHERE step_run_id IN ({marks(some)})) t JOIN artifact_versions v ON v.id = t.artifact_version_id "
                "JOIN artifacts a ON a.id = v.artifact_id ORDER BY t.step_run_id, t.place",
                some,
            )
            for row in rows:
                ref = ArtifactRefView(
                    name=row["name"], artifact_version_id=row["artifact_version_id"], item=row["item"],
                    artifact_name=row["artifact_name"], version=row["version"], type=row["type"],
                )  # fmt: skip
                found.setdefault(row["step_run_id"], []).append(ref)
        return found


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
