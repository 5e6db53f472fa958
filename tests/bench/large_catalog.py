"""Makes a catalog of many runs and artifact versions, by statements on the writer's own tables."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from stackyard.model.cache_key import CacheKeyParts
from stackyard.storage.catalog.connection import open_writer
from stackyard.storage.home import Home
from stackyard.storage.projects import Project

STEPS = 10
"""Of a run; each takes what the one before gave, and the first one the dataset that all runs share."""
ARTIFACTS = 6000
PIPELINES = 20
MODELS = 1000
UNUSED_EACH = 100
"""After so many runs there is a version that nothing uses."""
_PARTS = CacheKeyParts(code={"steps.py:step": "sha256:" + "0" * 64}, python="3.11").model_dump_json()
_MANIFEST = {"n": 1, "rows": [1, 2, 3], "what": "as much as a step usually logs of itself"}


def fill(home: Home, project: Project, runs: int) -> str:
    """Write so many runs with ten times as many versions; return the id of the dataset that all runs take."""
    sql = open_writer(home)
    sql.execute("PRAGMA synchronous=OFF")
    sql.execute("BEGIN")
    sql.execute("INSERT INTO projects VALUES (?, ?, ?)", (project.id, project.name, str(project.root or "")))
    _many(sql, "artifacts", ("id", "project_id", "name", "last_version"), (
        (i + 1, project.id, f"artifact_{i:05}", runs * STEPS // ARTIFACTS + 1) for i in range(ARTIFACTS)
    ))  # fmt: skip
    _many(sql, "models", ("id", "project_id", "name", "created_at", "last_version"), (
        (_id(i, 9), project.id, f"model_{i:05}", _time(i), 1) for i in range(MODELS)
    ))  # fmt: skip
    dataset = _id(0, 0)
    _versions(sql, [(dataset, ARTIFACTS, 10**6, "", "", "external")])
    for start in range(0, runs, 500):
        _runs(sql, project, dataset, range(start, min(runs, start + 500)))
    sql.execute("COMMIT")
    sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sql.close()
    return dataset


def version_id(run: int, step: int) -> str:
    """Return the id of what a step of a run made; runs and steps are counted from 0."""
    return _id(run + 1, 100 + step)


def _runs(sql: sqlite3.Connection, project: Project, dataset: str, numbers: Sequence[int]) -> None:
    ids = {n: _id(n + 1, 1) for n in numbers}
    _many(sql, "runs", (
        "id", "name", "number", "pipeline", "project_id", "status", "stack", "stack_id", "stack_origin", "orchestrator",
        "artifact_store", "artifact_store_id", "created_at", "started_at", "ended_at", "parameters", "request",
    ), (
        (ids[n], f"pipeline_{n % PIPELINES}-{n // PIPELINES + 1}", n // PIPELINES + 1, f"pipeline_{n % PIPELINES}",
         project.id, "failed" if n % 10 == 3 else "completed", "default", "s", "default", "default", "default", "store",
         _time(n), _time(n), _time(n), '{"rate": 0.1}', '{"kind": "file", "file": "/project/flow.py"}')
        for n in numbers
    ))  # fmt: skip
    every = [(n, k) for n in numbers for k in range(STEPS)]
    _many(sql, "step_runs", (
        "id", "run_id", "name", "position", "status", "started_at", "ended_at", "cache_key", "cache_parts",
        "cache_reason", "artifact_store_id", "project_id", "pipeline", "parameters", "metadata", "upstream",
    ), (
        (_id(n + 1, 10 + k), ids[n], f"step_{k}", k, "completed", _time(n), _time(n), f"key-{n}-{k}", _PARTS,
         "never_ran", "store", project.id, f"pipeline_{n % PIPELINES}", '{"n": 3}', json.dumps(_MANIFEST),
         json.dumps([f"step_{k - 1}"] if k else []))
        for n, k in every
    ))  # fmt: skip
    _versions(sql, [
        (version_id(n, k), (n * STEPS + k) % ARTIFACTS + 1, (n * STEPS + k) // ARTIFACTS + 1, ids[n],
         _id(n + 1, 10 + k), "step_output")
        for n, k in every
    ])  # fmt: skip
    unused = [n for n in numbers if n % UNUSED_EACH == 0]
    _versions(sql, [(_id(n + 1, 300), n % ARTIFACTS + 1, 10**5 + n, "", "", "manual") for n in unused])
    # One more step was reused: it gives what a step of the first run made.
    _many(sql, "step_runs", (
        "id", "run_id", "name", "position", "status", "cache_key", "cache_hit", "artifact_store_id", "project_id",
        "pipeline",
    ), (
        (_id(n + 1, 50), ids[n], "reused", STEPS, "cached", "key", 1, "store", project.id, f"pipeline_{n % PIPELINES}")
        for n in numbers
    ))  # fmt: skip
    _many(sql, "step_inputs", ("step_run_id", "name", "artifact_version_id"), [
        *((_id(n + 1, 10 + k), "data", version_id(n, k - 1) if k else dataset) for n, k in every),
        *((_id(n + 1, 50), "data", dataset) for n in numbers),
    ])  # fmt: skip
    _many(sql, "step_outputs", ("step_run_id", "name", "position", "artifact_version_id"), [
        *((_id(n + 1, 10 + k), "output", 0, version_id(n, k)) for n, k in every),
        *((_id(n + 1, 50), "output", 0, version_id(0, 0)) for n in numbers),
    ])  # fmt: skip
    _many(sql, "model_versions", ("id", "model_id", "number", "created_at", "run_id"), (
        (_id(n + 1, 8), _id(n % MODELS, 9), n // MODELS + 1, _time(n), ids[n]) for n in numbers
    ))  # fmt: skip
    _many(sql, "model_version_runs", ("model_version_id", "run_id"), ((_id(n + 1, 8), ids[n]) for n in numbers))
    _many(sql, "model_version_artifacts", ("model_version_id", "artifact_version_id"), (
        (_id(n + 1, 8), version_id(n, STEPS - 1)) for n in numbers
    ))  # fmt: skip
    _many(sql, "tags", ("project_id", "entity", "entity_id", "tag"), (
        (project.id, entity, found, f"tag-{n % 200}")
        for n in numbers for entity, found in (("run", ids[n]), ("artifact_version", version_id(n, 0)))
    ))  # fmt: skip


def _versions(sql: sqlite3.Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    _many(sql, "artifact_versions", (
        "id", "artifact_id", "version", "run_id", "step_run_id", "save_type", "type", "materializer", "data_format",
        "digest", "size_bytes", "shape", "uri", "artifact_store_id", "artifact_store", "created_at", "metadata",
        "maybe_unused",
    ), (
        (*row, "pandas.core.frame.DataFrame", "pandas", "arrow", "sha256:" + row[0].replace("-", "") * 2, 80_000,
         "[1000, 10]", str(Path("/store/artifacts", f"artifact_{row[1]:05}", row[0])), "store", "default",
         _time(row[2]), json.dumps(_MANIFEST), int(row[5] != "step_output"))
        for row in rows
    ))  # fmt: skip


def _many(sql: sqlite3.Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(columns))
    sql.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def _id(moment: int, what: int) -> str:
    """Return an id that sorts by the moment, in minutes."""
    digits = f"{0x019A00000000 + moment * 60_000:012x}7{what:03x}8{moment:015x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _time(minute: int) -> str:
    days, rest = divmod(minute % 400_000, 1440)
    return f"2026-{days // 28 % 12 + 1:02}-{days % 28 + 1:02}T{rest // 60:02}:{rest % 60:02}:00.000Z"
