"""What a driver writes: its run, its step runs, their artifact versions. One short transaction a happening."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from stackyard.model.artifact import Manifest
from stackyard.model.cache_key import CacheKeyParts
from stackyard.model.digest import canonical_json
from stackyard.model.enums import MissReason, Status
from stackyard.model.errors import AlreadyExistsError
from stackyard.model.job import StepError
from stackyard.storage.catalog.connection import checkpoint, open_writer, transaction
from stackyard.storage.home import Home
from stackyard.storage.ids import now
from stackyard.storage.projects import Project
from stackyard.storage.strays import end_strays

CHANGES_KEPT = 20_000
UNFINISHED = ("initializing", "queued", "running", "retrying", "stopping")
UNFINISHED_SQL = "('initializing', 'queued', 'running', 'retrying', 'stopping')"


@dataclass
class NewRun:
    """The facts of a run when it begins."""

    id: str
    pipeline: str
    stack: str
    stack_id: str
    stack_origin: str
    orchestrator: str
    artifact_store: str
    artifact_store_id: str
    name: str = ""
    """Empty: ``<pipeline>-<number>`` is given."""
    parameters: dict[str, Any] = field(default_factory=dict)
    file: str = ""
    line: int = 0
    pid: int = 0


@dataclass
class NewStepRun:
    """The facts of a step run when its run begins."""

    id: str
    name: str
    position: int
    parameters: dict[str, Any]
    upstream: list[str]
    file: str = ""
    line: int = 0


class RunWriter:
    """The only writer of a run's rows while its driver lives."""

    def __init__(self, home: Home, project: Project) -> None:
        """Open the catalog.

        Raises:
            CatalogError: it can't be opened or written.
        """
        self._home = home
        self._project = project
        self._connection = open_writer(home)
        self.run_id = ""
        self._run: NewRun | None = None

    def close(self) -> None:
        """Checkpoint when due, and close."""
        checkpoint(self._connection, self._home)
        self._connection.close()

    def create_run(self, run: NewRun) -> str:
        """Record the run; return its name.

        Raises:
            AlreadyExistsError: the project has a run of that name.
        """
        self.run_id, self._run = run.id, run
        with transaction(self._connection) as sql:
            sql.execute(
                "INSERT INTO projects VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET name = excluded.name, root = excluded.root "
                "WHERE name <> excluded.name OR root <> excluded.root",
                (self._project.id, self._project.name, str(self._project.root or "")),
            )
            number = sql.execute(
                "SELECT COALESCE(MAX(number), 0) + 1 FROM runs WHERE project_id = ? AND pipeline = ?",
                (self._project.id, run.pipeline),
            ).fetchone()[0]
            name = run.name or f"{run.pipeline}-{number}"
            columns = {
                "id": run.id, "name": name, "number": number, "pipeline": run.pipeline,
                "project_id": self._project.id, "status": Status.INITIALIZING.value, "stack": run.stack,
                "stack_id": run.stack_id, "stack_origin": run.stack_origin, "orchestrator": run.orchestrator,
                "artifact_store": run.artifact_store, "artifact_store_id": run.artifact_store_id,
                "created_at": now(), "parameters": canonical_json(run.parameters), "file": run.file,
                "line": run.line, "pid": run.pid,
            }  # fmt: skip
            try:
                _insert(sql, "runs", columns)
            except sqlite3.IntegrityError as error:
                raise AlreadyExistsError(
                    f"A run named {name!r} exists in project {self._project.name!r}.",
                    hint="Choose another run_name, or leave it out to get a numbered one.",
                ) from error
            _changed(sql, "run", run.id)
        return name

    def add_steps(self, steps: list[NewStepRun]) -> None:
        """Record the steps of the graph as queued."""
        assert self._run is not None  # noqa: S101  # create_run comes first
        with transaction(self._connection) as sql:
            for step in steps:
                columns = {
                    "id": step.id, "run_id": self.run_id, "name": step.name, "position": step.position,
                    "status": Status.QUEUED.value, "parameters": canonical_json(step.parameters),
                    "upstream": json.dumps(step.upstream), "file": step.file, "line": step.line,
                    "artifact_store_id": self._run.artifact_store_id, "project_id": self._project.id,
                    "pipeline": self._run.pipeline,
                }  # fmt: skip
                _insert(sql, "step_runs", columns)
            _changed(sql, "run", self.run_id)

    def set_run(self, status: Status, *, error: StepError | None = None) -> None:
        """Record the run's status; start and end times follow from it."""
        moment = now()
        with transaction(self._connection) as sql:
            sql.execute("UPDATE runs SET status = ? WHERE id = ?", (status.value, self.run_id))
            if status is Status.RUNNING:
                sql.execute("UPDATE runs SET started_at = ? WHERE id = ? AND started_at = ''", (moment, self.run_id))
            if status.is_finished:
                sql.execute("UPDATE runs SET ended_at = ?, pid = 0 WHERE id = ?", (moment, self.run_id))
                sql.execute("DELETE FROM changes WHERE seq < (SELECT MAX(seq) FROM changes) - ?", (CHANGES_KEPT,))
            if error is not None:
                sql.execute("UPDATE runs SET error = ? WHERE id = ?", (error.model_dump_json(), self.run_id))
            _changed(sql, "run", self.run_id)

    def add_run_metadata(self, metadata: dict[str, Any]) -> None:
        """Add to the run's metadata; what it has under the same names is replaced."""
        with transaction(self._connection) as sql:
            _merge_metadata(sql, "runs", self.run_id, metadata)
            _changed(sql, "run", self.run_id)

    def step_started(
        self, step_run_id: str, *, pid: int, inputs: dict[str, str], cache_key: str, parts: CacheKeyParts,
        reason: MissReason, detail: str,
    ) -> None:  # fmt: skip
        """Record that a worker executes the step, with why it was not reused.

        Args:
            step_run_id: the step run.
            pid: of the worker.
            inputs: input to artifact version id.
            cache_key: digest of the parts.
            parts: what the key was made of.
            reason: why there was no hit.
            detail: the same in words.
        """
        with transaction(self._connection) as sql:
            sql.execute(
                "UPDATE step_runs SET status = ?, started_at = ?, pid = ?, cache_key = ?, cache_parts = ?, "
                "cache_reason = ?, cache_detail = ? WHERE id = ?",
                (
                    Status.RUNNING.value,
                    now(),
                    pid,
                    cache_key,
                    parts.model_dump_json(),
                    reason.value,
                    detail,
                    step_run_id,
                ),
            )
            _insert_inputs(sql, step_run_id, inputs)
            _changed(sql, "run", self.run_id)

    def step_cached(
        self, step_run_id: str, *, inputs: dict[str, str], outputs: dict[str, str], cache_key: str,
        parts: CacheKeyParts, source_run_id: str, metadata: dict[str, Any],
    ) -> None:  # fmt: skip
        """Record that existing versions are reused."""
        moment = now()
        with transaction(self._connection) as sql:
            sql.execute(
                "UPDATE step_runs SET status = ?, started_at = ?, ended_at = ?, cache_key = ?, cache_parts = ?, "
                "cache_hit = 1, cache_source_run_id = ?, metadata = ? WHERE id = ?",
                (
                    Status.CACHED.value, moment, moment, cache_key, parts.model_dump_json(), source_run_id,
                    json.dumps(metadata), step_run_id,
                ),
            )  # fmt: skip
            _insert_inputs(sql, step_run_id, inputs)
            _insert_outputs(sql, step_run_id, outputs)
            _changed(sql, "run", self.run_id)

    def step_completed(
        self, step_run_id: str, outputs: list[tuple[str, Manifest]], metadata: dict[str, Any],
    ) -> dict[str, int]:  # fmt: skip
        """Record the outputs and give each its version number.

        Args:
            step_run_id: the step run.
            outputs: output name and what was stored, in the order of the signature.
            metadata: what the step logged.

        Returns:
            Output name to version number.
        """
        assert self._run is not None  # noqa: S101  # create_run comes first
        numbers: dict[str, int] = {}
        with transaction(self._connection) as sql:
            for name, manifest in outputs:
                numbers[name] = _insert_version(sql, self._project.id, self._run, manifest)
            _insert_outputs(sql, step_run_id, {name: manifest.id for name, manifest in outputs})
            if metadata:
                _merge_metadata(sql, "step_runs", step_run_id, metadata)
            sql.execute(
                "UPDATE step_runs SET status = ?, ended_at = ?, pid = 0 WHERE id = ?",
                (Status.COMPLETED.value, now(), step_run_id),
            )
            _changed(sql, "run", self.run_id)
            if outputs:
                _changed(sql, "artifact", self._run.artifact_store_id)
        return numbers

    def step_ended(
        self, step_run_id: str, status: Status, *, error: StepError | None = None, detail: str = "",
        metadata: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Record that the step ended without outputs: failed, skipped or stopped."""
        with transaction(self._connection) as sql:
            sql.execute(
                "UPDATE step_runs SET status = ?, ended_at = ?, pid = 0, error = ?, "
                "cache_detail = CASE WHEN ? = '' THEN cache_detail ELSE ? END WHERE id = ?",
                (status.value, now(), error.model_dump_json() if error else None, detail, detail, step_run_id),
            )
            if metadata:
                _merge_metadata(sql, "step_runs", step_run_id, metadata)
            _changed(sql, "run", self.run_id)


def mark_interrupted(home: Home, run_ids: list[str]) -> None:
    """Record that the drivers of these unfinished runs are gone, after ending what they left behind."""
    for run_id in run_ids:
        end_strays(home, run_id)
    connection = open_writer(home)
    moment = now()
    try:
        with transaction(connection) as sql:
            for run_id in run_ids:
                sql.execute(
                    f"UPDATE runs SET status = 'interrupted', ended_at = ?, pid = 0 "  # noqa: S608  # a constant
                    f"WHERE id = ? AND status IN {UNFINISHED_SQL}",
                    (moment, run_id),
                )
                sql.execute(
                    f"UPDATE step_runs SET ended_at = CASE WHEN status = 'queued' THEN '' ELSE ? END, pid = 0, "  # noqa: S608  # a constant
                    f"status = CASE WHEN status = 'queued' THEN 'skipped' ELSE 'interrupted' END "
                    f"WHERE run_id = ? AND status IN {UNFINISHED_SQL}",
                    (moment, run_id),
                )
                _changed(sql, "run", run_id)
    finally:
        connection.close()


def _insert(sql: sqlite3.Connection, table: str, columns: dict[str, Any]) -> None:
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    sql.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(columns.values()))  # noqa: S608  # our names


def _changed(sql: sqlite3.Connection, entity: str, entity_id: str) -> None:
    sql.execute("INSERT INTO changes (entity, id) VALUES (?, ?)", (entity, entity_id))


def _insert_inputs(sql: sqlite3.Connection, step_run_id: str, inputs: dict[str, str]) -> None:
    sql.executemany(
        "INSERT OR REPLACE INTO step_inputs (step_run_id, name, artifact_version_id) VALUES (?, ?, ?)",
        [(step_run_id, name, version) for name, version in inputs.items()],
    )


def _insert_outputs(sql: sqlite3.Connection, step_run_id: str, outputs: dict[str, str]) -> None:
    sql.executemany(
        "INSERT OR REPLACE INTO step_outputs VALUES (?, ?, ?, ?)",
        [(step_run_id, name, i, version) for i, (name, version) in enumerate(outputs.items())],
    )


def _merge_metadata(sql: sqlite3.Connection, table: str, row_id: str, metadata: dict[str, Any]) -> None:
    row = sql.execute(f"SELECT metadata FROM {table} WHERE id = ?", (row_id,)).fetchone()  # noqa: S608  # our names
    merged = {**(json.loads(row[0]) if row else {}), **metadata}
    sql.execute(f"UPDATE {table} SET metadata = ? WHERE id = ?", (json.dumps(merged), row_id))  # noqa: S608


def _insert_version(sql: sqlite3.Connection, project_id: str, run: NewRun, manifest: Manifest) -> int:
    sql.execute(
        "INSERT OR IGNORE INTO artifacts (project_id, name) VALUES (?, ?)", (project_id, manifest.artifact_name)
    )
    artifact_id = sql.execute(
        "SELECT id FROM artifacts WHERE project_id = ? AND name = ?", (project_id, manifest.artifact_name)
    ).fetchone()[0]
    number = int(
        sql.execute(
            "SELECT COALESCE(MAX(version), 0) + 1 FROM artifact_versions WHERE artifact_id = ?", (artifact_id,)
        ).fetchone()[0]
    )
    columns = {
        "id": manifest.id, "artifact_id": artifact_id, "version": number, "type": manifest.type,
        "materializer": manifest.materializer, "data_format": manifest.data_format, "digest": manifest.digest,
        "size_bytes": manifest.size_bytes, "shape": json.dumps(manifest.shape) if manifest.shape is not None else None,
        "unsafe": int(manifest.unsafe), "deterministic": int(manifest.deterministic), "uri": manifest.uri,
        "artifact_store_id": run.artifact_store_id, "artifact_store": run.artifact_store, "run_id": manifest.run_id,
        "step_run_id": manifest.step_run_id, "created_at": manifest.created_at,
        "metadata": json.dumps(manifest.metadata),
    }  # fmt: skip
    _insert(sql, "artifact_versions", columns)
    return number
