"""A catalog of version 1 becomes one of today: everything in it is read, and a copy of it is kept."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from stackyard.model.digest import digest_value
from stackyard.model.enums import Status
from stackyard.model.options import ModelSpec
from stackyard.storage.catalog.connection import open_writer
from stackyard.storage.catalog.schema import MIGRATIONS, VERSION
from stackyard.storage.catalog.sql import insert
from stackyard.storage.catalog.writer import NewStepRun, RunWriter
from stackyard.storage.home import Home
from stackyard.storage.ids import new_id
from tests.unit.storage.catalog_rows import PROJECT, manifest, new_run, open_catalog, start

RUN, STEP, VERSION_ID = (f"01a20000-0000-7000-8000-00000000000{n}" for n in (1, 2, 3))
ROWS: dict[str, dict[str, object]] = {
    "projects": {"id": PROJECT.id, "name": "churn", "root": "/p"},
    "runs": {
        "id": RUN, "name": "training-1", "number": 1, "pipeline": "training", "project_id": PROJECT.id,
        "status": "failed", "stack": "default", "stack_id": "s", "stack_origin": "default", "orchestrator": "default",
        "artifact_store": "default", "artifact_store_id": "store-1", "created_at": "2026-11-21T10:00:00.000Z",
        "started_at": "2026-11-21T10:00:01.000Z", "ended_at": "2026-11-21T10:00:03.000Z", "parameters": '{"n":1}',
        "metadata": '{"accuracy": 0.5}', "error": '{"type": "ValueError", "message": "no"}',
    },
    "step_runs": {
        "id": STEP, "run_id": RUN, "name": "load", "position": 0, "status": "completed", "cache_key": "k",
        "cache_parts": "{}", "cache_reason": "never_ran", "project_id": PROJECT.id, "pipeline": "training",
        "artifact_store_id": "store-1",
    },
    "artifacts": {"id": 7, "project_id": PROJECT.id, "name": "data"},
    "artifact_versions": {
        "id": VERSION_ID, "artifact_id": 7, "version": 4, "type": "int", "materializer": "json", "data_format": "json",
        "digest": "sha256:0", "size_bytes": 1, "uri": "/store/data", "artifact_store_id": "store-1",
        "artifact_store": "default", "run_id": RUN, "step_run_id": STEP, "created_at": "2026-11-21T10:00:02.000Z",
    },
    "step_inputs": {"step_run_id": STEP, "name": "x", "artifact_version_id": VERSION_ID},
    "step_outputs": {"step_run_id": STEP, "name": "output", "position": 0, "artifact_version_id": VERSION_ID},
    "changes": {"entity": "run", "id": RUN},
}  # fmt: skip


def old_catalog(home: Home) -> None:
    """Make the catalog that the first version wrote."""
    home.ensure()
    connection = sqlite3.connect(home.catalog_file)
    connection.execute("PRAGMA journal_mode=WAL")
    for statement in MIGRATIONS[1]:
        connection.execute(statement)
    for table, columns in ROWS.items():
        insert(connection, table, columns)
    connection.execute("PRAGMA user_version=1")
    connection.commit()
    connection.close()


def test_the_statements_of_version_1_are_those_that_were_shipped() -> None:
    assert digest_value("migration", MIGRATIONS[1])[:23] == "sha256:28bd615c1bd6d12f"


def test_everything_is_read_and_gone_on_with(home: Path) -> None:
    own = Home(home)
    old_catalog(own)
    catalog = open_catalog(own)  # a reader is enough to bring it up to date
    (run,) = catalog.find_runs("training-1", PROJECT.id)
    assert (run.id, run.status, run.parameters, run.metadata) == (RUN, Status.FAILED, {"n": 1}, {"accuracy": 0.5})
    assert (run.tags, run.configuration, run.model_version_ids, run.resumable) == ([], {}, [], False)
    assert run.error is not None
    assert run.error.message == "no"
    (step,) = catalog.steps_of(run)
    assert (step.name, step.attempt, step.tags, step.model_version_id) == ("load", 1, [], "")
    assert [(r.artifact_name, r.version, r.item) for r in (*step.inputs, *step.outputs)] == [("data", 4, None)] * 2
    (version,) = catalog.list_versions(PROJECT.id, "data", None, limit=5, cursor=None).items
    assert (version.id, version.save_type, version.step) == (VERSION_ID, "step_output", "load")
    assert [c.step_run_id for c in catalog.cache_candidates("k", PROJECT.id)] == [STEP]
    writer = RunWriter(own, PROJECT)
    assert writer.create_run(new_run()) == "training-2"
    assert writer.record_artifact(manifest("data"), save_type="manual") == 5, "numbers go on"
    assert writer.resolve_model(ModelSpec(name="churn")).number == 1
    writer.close()
    copy = sqlite3.connect(own.root / "catalog.v1.db")
    assert copy.execute("PRAGMA user_version").fetchone()[0] == 1
    assert copy.execute("SELECT name FROM runs").fetchall() == [("training-1",)]
    assert "request" not in {row[1] for row in copy.execute("PRAGMA table_info(runs)")}
    copy.close()
    catalog.close()


def test_several_at_once_bring_it_up_to_date_once_and_write(home: Path) -> None:
    own = Home(home)
    old_catalog(own)
    problems: list[BaseException] = []

    def work(number: int) -> None:
        try:
            writer = RunWriter(own, PROJECT)
            run = new_run(f"pipeline-{number}")
            writer.create_run(run)
            writer.resolve_model(ModelSpec(name="shared"))
            step = NewStepRun(new_id(), "train", 0, {}, [])
            writer.add_steps([step])
            for _ in range(20):
                start(writer, step.id)
                writer.step_completed(step.id, [("output", manifest("shared"))], {"n": number})
            writer.set_run(Status.COMPLETED)
            writer.close()
        except BaseException as error:  # noqa: BLE001  # shown below
            problems.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    catalog = open_catalog(own)
    versions = catalog.list_versions(PROJECT.id, "shared", None, limit=1000, cursor=None).items
    assert sorted(v.version for v in versions) == list(range(1, 121))
    assert sorted(v.number for v in catalog.list_model_versions(None, limit=9, cursor=None).items) == list(range(1, 7))
    catalog.close()
    connection = open_writer(own)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == VERSION
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()
