"""How runs and step runs come into the catalog, are opened again, and go."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import suppress
from dataclasses import field
from datetime import datetime, timezone
from typing import Any

from stackyard.model.base import format_time, seconds_between
from stackyard.model.digest import canonical_json
from stackyard.model.enums import Status
from stackyard.model.errors import AlreadyExistsError, RunNotFoundError
from stackyard.model.record import Record
from stackyard.storage.catalog.connection import writing
from stackyard.storage.catalog.sql import changed, insert
from stackyard.storage.catalog.tags import add_tags, forget_tags
from stackyard.storage.home import Home
from stackyard.storage.ids import now
from stackyard.storage.locking import is_alive
from stackyard.storage.projects import Project
from stackyard.storage.strays import end_strays

UNFINISHED_SQL = "('initializing', 'queued', 'running', 'retrying', 'stopping')"


class NewRun(Record, frozen=False):
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
    request: dict[str, Any] = field(default_factory=dict)
    """What the driver was asked for, so that it can be asked again; JSON values."""
    configuration: dict[str, Any] = field(default_factory=dict)
    """What code and run configuration say of the run, apart from parameters; JSON values."""
    tags: list[str] = field(default_factory=list)


class NewStepRun(Record, frozen=False):
    """The facts of a step run when its run, or the graph that grows, comes to it."""

    id: str
    name: str
    position: int
    """Counted from 0; of steps that are added later it goes on after those that are there."""
    parameters: dict[str, Any]
    upstream: list[str]
    file: str = ""
    line: int = 0
    configuration: dict[str, Any] = field(default_factory=dict)
    """What code and run configuration say of it, apart from parameters; JSON values."""
    tags: list[str] = field(default_factory=list)
    model_version_id: str = ""


def insert_run(sql: sqlite3.Connection, project: Project, run: NewRun) -> str:
    """Record a run; return its name.

    Raises:
        AlreadyExistsError: the project has a run of that name.
    """
    sql.execute(
        "INSERT INTO projects VALUES (?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, root = excluded.root "
        "WHERE name <> excluded.name OR root <> excluded.root",
        (project.id, project.name, str(project.root or "")),
    )
    number = sql.execute(
        "SELECT COALESCE(MAX(number), 0) + 1 FROM runs WHERE project_id = ? AND pipeline = ?",
        (project.id, run.pipeline),
    ).fetchone()[0]
    name = run.name or f"{run.pipeline}-{number}"
    columns = {
        "id": run.id, "name": name, "number": number, "pipeline": run.pipeline,
        "project_id": project.id, "status": Status.INITIALIZING.value, "stack": run.stack,
        "stack_id": run.stack_id, "stack_origin": run.stack_origin, "orchestrator": run.orchestrator,
        "artifact_store": run.artifact_store, "artifact_store_id": run.artifact_store_id,
        "created_at": now(), "parameters": canonical_json(run.parameters), "file": run.file,
        "line": run.line, "pid": run.pid, "request": json.dumps(run.request),
        "configuration": json.dumps(run.configuration),
    }  # fmt: skip
    try:
        insert(sql, "runs", columns)
    except sqlite3.IntegrityError as error:
        raise AlreadyExistsError(
            f"A run named {name!r} exists in project {project.name!r}.",
            hint="Choose another run_name, or leave it out to get a numbered one.",
        ) from error
    add_tags(sql, project.id, "run", run.id, run.tags)
    changed(sql, "run", run.id)
    return name


def insert_steps(sql: sqlite3.Connection, project_id: str, run: NewRun, steps: list[NewStepRun], first: int) -> int:
    """Record steps as queued.

    Args:
        sql: in a transaction.
        project_id: of the run.
        run: theirs.
        steps: in topological order.
        first: the lowest position that is free.

    Returns:
        The next free position.
    """
    for step in steps:
        position = max(step.position, first)
        first = position + 1
        columns = {
            "id": step.id, "run_id": run.id, "name": step.name, "position": position,
            "status": Status.QUEUED.value, "parameters": canonical_json(step.parameters),
            "upstream": json.dumps(step.upstream), "file": step.file, "line": step.line,
            "artifact_store_id": run.artifact_store_id, "project_id": project_id, "pipeline": run.pipeline,
            "configuration": json.dumps(step.configuration), "model_version_id": step.model_version_id,
        }  # fmt: skip
        insert(sql, "step_runs", columns)
        if step.tags:
            add_tags(sql, project_id, "step_run", step.id, step.tags)
    changed(sql, "run", run.id)
    return first


def reopen(home: Home, sql: sqlite3.Connection, run_id: str) -> tuple[NewRun, dict[str, tuple[str, Status]], int]:
    """Make a finished run one that goes on: what it did not complete is queued again.

    The time since its end is no part of its duration.

    Returns:
        The run; step name to step run id and status, ``queued`` or that with which it completed, in topological
        order; the next free position.

    Raises:
        RunNotFoundError: there is no such run.
    """
    row = sql.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        raise RunNotFoundError(f"There is no run {run_id!r}.", hint="List them with: stackyard run list")
    # One that was never begun began nothing that could stand still.
    idle_s = seconds_between(row["ended_at"] or last_sign(home, sql, run_id), now()) if row["started_at"] else 0.0
    again = "SELECT id FROM step_runs WHERE run_id = ? AND status NOT IN ('completed', 'cached')"
    for table in ("step_inputs", "step_outputs"):
        sql.execute(f"DELETE FROM {table} WHERE step_run_id IN ({again})", (run_id,))  # noqa: S608  # constants
    sql.execute(
        "UPDATE step_runs SET status = 'queued', started_at = '', ended_at = '', error = NULL, pid = 0, "
        "cache_key = '', cache_parts = NULL, cache_reason = NULL, cache_detail = '', metadata = '{}' "
        "WHERE run_id = ? AND status NOT IN ('completed', 'cached')",
        (run_id,),
    )
    sql.execute(
        "UPDATE runs SET status = 'running', ended_at = '', error = NULL, pid = ?, idle_s = idle_s + ? WHERE id = ?",
        (os.getpid(), idle_s, run_id),
    )
    changed(sql, "run", run_id)
    rows = sql.execute(
        "SELECT id, name, status, position FROM step_runs WHERE run_id = ? ORDER BY position", (run_id,)
    ).fetchall()
    run = NewRun(
        id=row["id"], pipeline=row["pipeline"], stack=row["stack"], stack_id=row["stack_id"],
        stack_origin=row["stack_origin"], orchestrator=row["orchestrator"], artifact_store=row["artifact_store"],
        artifact_store_id=row["artifact_store_id"], name=row["name"], parameters=json.loads(row["parameters"]),
        file=row["file"], line=row["line"], request=json.loads(row["request"]),
        configuration=json.loads(row["configuration"]),
    )  # fmt: skip
    steps = {step["name"]: (step["id"], Status(step["status"])) for step in rows}
    return run, steps, rows[-1]["position"] + 1 if rows else 0


def delete_run(sql: sqlite3.Connection, run_id: str) -> None:
    """Forget a run and its step runs; the artifact versions that it made stay."""
    steps = [row[0] for row in sql.execute("SELECT id FROM step_runs WHERE run_id = ?", (run_id,))]
    forget_tags(sql, "run", [run_id])
    forget_tags(sql, "step_run", steps)
    for table in ("step_inputs", "step_outputs"):
        sql.executemany(f"DELETE FROM {table} WHERE step_run_id = ?", [(step,) for step in steps])  # noqa: S608
    sql.execute("DELETE FROM step_runs WHERE run_id = ?", (run_id,))
    sql.execute("DELETE FROM model_version_runs WHERE run_id = ?", (run_id,))
    sql.execute("DELETE FROM runs WHERE id = ?", (run_id,))
    changed(sql, "run", run_id)


def end_unfinished_steps(sql: sqlite3.Connection, run_id: str, moment: str) -> None:
    """Record of a run that is over that its steps are, too: those that ran are interrupted, the others skipped."""
    sql.execute(
        f"UPDATE step_runs SET ended_at = CASE WHEN status = 'queued' THEN '' ELSE ? END, pid = 0, "  # noqa: S608  # a constant
        f"status = CASE WHEN status = 'queued' THEN 'skipped' ELSE 'interrupted' END "
        f"WHERE run_id = ? AND status IN {UNFINISHED_SQL}",
        (moment, run_id),
    )


def last_sign(home: Home, sql: sqlite3.Connection, run_id: str) -> str:
    """Return the newest moment at which a run whose driver is gone is known to have gone on.

    Nobody wrote down its end, and who notices may do so days later: its rows and logs tell how far it came. (What a
    detached driver prints is not asked: that file is the one's that goes on with it.)
    """
    told = sql.execute(
        "SELECT MAX(created_at, started_at, COALESCE((SELECT MAX(MAX(s.started_at, s.ended_at)) FROM step_runs s "
        "WHERE s.run_id = runs.id), '')) FROM runs WHERE id = ?",
        (run_id,),
    ).fetchone()
    signs = [told[0]] if told is not None else []
    for log in home.log_dir(run_id).glob("*.jsonl"):
        with suppress(OSError):  # deleted meanwhile
            signs.append(format_time(datetime.fromtimestamp(log.stat().st_mtime, timezone.utc)))
    # A clock that was set back tells of no end in the future.
    return min(max(signs, default=""), now()) or now()


def mark_interrupted(home: Home, run_ids: list[str]) -> None:
    """Record that the drivers of these unfinished runs are gone, after ending what they left behind."""
    for run_id in run_ids:
        end_strays(home, run_id)
    with writing(home) as sql:
        for run_id in run_ids:
            if is_alive(home.run_lock(run_id)):  # gone on with meanwhile: its rows are its driver's again
                continue
            moment = last_sign(home, sql, run_id)
            sql.execute(
                f"UPDATE runs SET status = 'interrupted', ended_at = ?, pid = 0 "  # noqa: S608  # a constant
                f"WHERE id = ? AND status IN {UNFINISHED_SQL}",
                (moment, run_id),
            )
            end_unfinished_steps(sql, run_id, moment)
            changed(sql, "run", run_id)
