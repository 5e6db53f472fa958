"""The catalog: what a driver writes is what lists and descriptions read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackyard.model.artifact import Manifest
from stackyard.model.cache_key import CacheKeyParts
from stackyard.model.enums import MissReason, Status
from stackyard.model.errors import AlreadyExistsError, CatalogError, FormatTooNewError, UsageError
from stackyard.model.job import StepError
from stackyard.storage.catalog.connection import open_reader, open_writer
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.catalog.schema import VERSION
from stackyard.storage.catalog.writer import NewRun, NewStepRun, RunWriter, mark_interrupted
from stackyard.storage.home import Home
from stackyard.storage.ids import new_id, now
from stackyard.storage.locking import LifeLock
from stackyard.storage.projects import Project

PROJECT = Project("project-1", "churn")


@pytest.fixture
def own(home: Path) -> Home:
    return Home(home)


def new_run(pipeline: str = "training", **changes: Any) -> NewRun:
    return NewRun(
        id=new_id(), pipeline=pipeline, stack="default", stack_id="s", stack_origin="default", orchestrator="default",
        artifact_store="default", artifact_store_id="store-1", **changes,
    )  # fmt: skip


_opened: list[CatalogReader] = []


@pytest.fixture(autouse=True)
def _close_readers() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().close()


def reader(own: Home) -> CatalogReader:
    connection = open_reader(own)
    assert connection is not None
    _opened.append(CatalogReader(connection, own))
    return _opened[-1]


def manifest(name: str, step_run_id: str = "", run_id: str = "") -> Manifest:
    return Manifest(
        id=new_id(), artifact_name=name, type="int", materializer="json", data_format="json", digest="sha256:0",
        size_bytes=1, files=[], uri=f"/store/{name}", step_run_id=step_run_id, run_id=run_id, created_at=now(),
    )  # fmt: skip


def record(own: Home, outputs: int = 1, project: Project = PROJECT, **changes: str) -> tuple[str, str]:
    """Record a completed run of one step; return its id and name."""
    writer = RunWriter(own, project)
    run = new_run(**changes)
    name = writer.create_run(run)
    step = new_id()
    writer.add_steps([NewStepRun(step, "load", 0, {"n": 1}, [])])
    writer.set_run(Status.RUNNING)
    writer.step_started(
        step, pid=5, inputs={}, cache_key="k", parts=CacheKeyParts(), reason=MissReason.NEVER_RAN, detail="first"
    )
    made = [(f"out_{i}", manifest(f"a{i}", step, run.id)) for i in range(outputs)]
    writer.step_completed(step, made, {"rows": 3})
    writer.add_run_metadata({"accuracy": 0.5})
    writer.set_run(Status.COMPLETED)
    writer.close()
    return run.id, name


def test_without_a_catalog_there_is_nothing_and_nothing_is_made(own: Home) -> None:
    assert open_reader(own) is None
    assert not own.root.exists()


def test_a_run_is_read_as_it_was_written(own: Home) -> None:
    run_id, name = record(own, outputs=2)
    catalog = reader(own)
    (run,) = catalog.find_runs(name, PROJECT.id)
    assert (run.id, run.name, run.status, run.project) == (run_id, "training-1", Status.COMPLETED, "churn")
    assert (run.n_steps, run.n_finished, run.n_succeeded, run.n_cached, run.n_failed) == (1, 1, 1, 0, 0)
    assert run.metadata == {"accuracy": 0.5}
    assert run.pid == 0
    (step,) = catalog.steps_of(run)
    assert (step.name, step.status, step.parameters) == ("load", Status.COMPLETED, {"n": 1})
    assert step.metadata == {"rows": 3}
    assert step.cache is not None
    assert (step.cache.hit, step.cache.reason, step.cache.detail) == (False, MissReason.NEVER_RAN, "first")
    assert [(o.name, o.artifact_name, o.version) for o in step.outputs] == [("out_0", "a0", 1), ("out_1", "a1", 1)]


def test_runs_are_numbered_for_each_pipeline_and_versions_for_each_artifact(own: Home) -> None:
    names = [record(own, pipeline=p)[1] for p in ("training", "inference", "training")]
    assert names == ["training-1", "inference-1", "training-2"]
    page = reader(own).list_versions(PROJECT.id, "a0", None, limit=10, cursor=None)
    assert [v.version for v in page.items] == [3, 2, 1]


def test_another_project_has_its_own_names_and_numbers(own: Home) -> None:
    record(own)
    other = Project("project-2", "other")
    assert record(own, project=other)[1] == "training-1"
    catalog = reader(own)
    assert catalog.list_runs(PROJECT.id, pipeline=None, limit=10, cursor=None).total == 1
    assert catalog.list_runs(None, pipeline=None, limit=10, cursor=None).total == 2
    assert catalog.list_versions("project-2", "a0", None, limit=9, cursor=None).items[0].version == 1
    assert catalog.find_runs("training-1", "project-2")[0].project == "other"


def test_a_run_name_that_is_taken_is_refused_and_nothing_is_recorded(own: Home) -> None:
    record(own, name="mine")
    with pytest.raises(AlreadyExistsError, match="'mine'"):
        record(own, name="mine")
    assert reader(own).list_runs(None, pipeline=None, limit=10, cursor=None).total == 1


def test_runs_are_found_by_the_beginning_of_an_id(own: Home) -> None:
    run_id, _ = record(own)
    catalog = reader(own)
    assert [r.id for r in catalog.find_runs(run_id[:20], PROJECT.id)] == [run_id]
    assert catalog.find_runs(run_id[:3], PROJECT.id) == []
    assert catalog.find_runs("' OR 1=1 --", PROJECT.id) == []


def test_pages_cover_everything_once(own: Home) -> None:
    ids = [record(own, pipeline="p")[0] for _ in range(7)]
    catalog = reader(own)
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = catalog.list_runs(None, pipeline="p", limit=3, cursor=cursor)
        assert page.total == 7
        found += [run.id for run in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == sorted(ids, reverse=True)
    versions = catalog.list_versions(PROJECT.id, "a0", None, limit=5, cursor=None)
    rest = catalog.list_versions(PROJECT.id, "a0", None, limit=5, cursor=versions.next)
    assert [v.version for v in versions.items + rest.items] == [7, 6, 5, 4, 3, 2, 1]
    assert rest.next is None
    (third,) = catalog.list_versions(PROJECT.id, "a0", None, limit=5, cursor=None, number=3).items
    assert third.version == 3


def test_artifacts_are_listed_once_a_store(own: Home) -> None:
    record(own, outputs=3)
    record(own, outputs=1)
    catalog = reader(own)
    page = catalog.list_artifacts(PROJECT.id, None, limit=2, cursor=None)
    rest = catalog.list_artifacts(PROJECT.id, None, limit=2, cursor=page.next)
    assert [(a.name, a.n_versions, a.latest_version) for a in page.items + rest.items] == [
        ("a0", 2, 2), ("a1", 1, 1), ("a2", 1, 1),
    ]  # fmt: skip
    assert page.total == 3
    assert catalog.list_artifacts(PROJECT.id, "store-2", limit=5, cursor=None).items == []


@pytest.mark.parametrize("cursor", ["x", "{}", "[]", "[1]", "[[], 1]", '[{"a": 1}, 2]', "5", '["a", "b", "c", "d"]'])
def test_what_is_no_cursor_is_a_usage_error(own: Home, cursor: str) -> None:
    record(own)
    with pytest.raises(UsageError):
        reader(own).list_versions(PROJECT.id, "a0", None, limit=5, cursor=cursor)
    with pytest.raises(UsageError):
        reader(own).list_runs(None, pipeline=None, limit=5, cursor=cursor)
    with pytest.raises(UsageError):
        reader(own).model_artifacts("", limit=5, cursor=cursor)


def test_a_run_whose_driver_is_gone_is_interrupted_for_every_reader_and_then_for_good(own: Home) -> None:
    writer = RunWriter(own, PROJECT)
    run = new_run()
    own.ensure("runs")
    lock = LifeLock(own.run_lock(run.id))
    writer.create_run(run)
    done, running, queued = new_id(), new_id(), new_id()
    writer.add_steps([NewStepRun(i, f"s{n}", n, {}, []) for n, i in enumerate((done, running, queued))])
    writer.set_run(Status.RUNNING)
    parts = CacheKeyParts()
    for step in (done, running):
        writer.step_started(step, pid=5, inputs={}, cache_key="k", parts=parts, reason=MissReason.NEVER_RAN, detail="")
    writer.step_completed(done, [], {})
    catalog = reader(own)
    assert catalog.find_runs(run.id, None)[0].status is Status.RUNNING
    assert (catalog.count_running(PROJECT.id), catalog.interrupted_runs()) == (1, [])
    lock.release()
    before = catalog.find_runs(run.id, None)[0]
    statuses = [s.status for s in catalog.steps_of(before)]
    assert (before.status, statuses) == (
        Status.INTERRUPTED,
        [Status.COMPLETED, Status.INTERRUPTED, Status.SKIPPED],
    )
    assert (catalog.count_running(PROJECT.id), catalog.interrupted_runs()) == (0, [run.id])
    mark_interrupted(own, [run.id])
    after = catalog.find_runs(run.id, None)[0]
    assert (after.status, [s.status for s in catalog.steps_of(after)]) == (before.status, statuses)
    assert after.ended_at
    assert catalog.interrupted_runs() == []
    mark_interrupted(own, [run.id])  # twice changes nothing
    assert catalog.find_runs(run.id, None)[0].ended_at == after.ended_at
    writer.close()


def test_a_failure_is_kept_with_its_reason(own: Home) -> None:
    writer = RunWriter(own, PROJECT)
    run = new_run()
    writer.create_run(run)
    step, skipped = new_id(), new_id()
    writer.add_steps([NewStepRun(step, "a", 0, {}, []), NewStepRun(skipped, "b", 1, {}, ["a"])])
    error = StepError(type="ValueError", message="no", file="/p/a.py", line=3)
    writer.step_ended(step, Status.FAILED, error=error, metadata={"rows": 1})
    writer.step_ended(skipped, Status.SKIPPED, detail="skipped because 'a' failed")
    writer.set_run(Status.FAILED, error=error)
    writer.close()
    catalog = reader(own)
    (found,) = catalog.find_runs(run.id, None)
    assert found.error is not None
    assert (found.error.message, found.error.line, found.n_failed) == ("no", 3, 1)
    one, other = catalog.steps_of(found)
    assert one.error == found.error
    assert one.metadata == {"rows": 1}
    assert (other.status, other.upstream) == (Status.SKIPPED, ["a"])


def test_changes_are_fed_to_followers_once(own: Home) -> None:
    RunWriter(own, PROJECT).close()
    catalog = reader(own)
    seen, version = catalog.last_change(), catalog.data_version()
    run_id, _ = record(own)
    assert catalog.data_version() != version
    last, changes = catalog.changes_since(seen)
    assert {entity for entity, _ in changes} == {"run", "artifact"}
    assert {i for entity, i in changes if entity == "run"} == {run_id}
    assert catalog.changes_since(last) == (last, [])


def test_a_catalog_of_a_newer_version_is_refused_and_left_untouched(own: Home) -> None:
    record(own)
    connection = sqlite3.connect(own.catalog_file)
    connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    for use in (open_reader, open_writer):
        with pytest.raises(FormatTooNewError, match="left untouched"):
            use(own)


def test_words_of_a_newer_minor_version_are_read(own: Home) -> None:
    writer = RunWriter(own, PROJECT)
    run, step = new_run(), new_id()
    writer.create_run(run)
    writer.add_steps([NewStepRun(step, "train", 0, {}, [])])
    writer.set_run(Status.RUNNING)
    writer.close()
    connection = open_writer(own)
    connection.execute("UPDATE runs SET status = 'paused', error = ?", ('{"type": "T", "message": "m", "more": 1}',))
    connection.execute("UPDATE step_runs SET status = 'paused', cache_reason = 'moon_phase', cache_detail = 'full'")
    connection.close()
    (found,) = reader(own).find_runs(run.id, None)
    assert found.status is Status.INTERRUPTED, "nobody drives it"
    assert found.error is not None
    assert found.error.message == "m"
    (read,) = reader(own).steps_of(found)
    assert read.status is Status.INTERRUPTED
    assert read.cache is not None
    assert (read.cache.reason, read.cache.detail) == (None, "full")


@pytest.mark.parametrize("data", [b"not a database at all, just text" * 50, b"SQLite format 3\x00" + b"\xff" * 4000])
def test_a_file_that_is_no_database_is_named_with_a_remedy(own: Home, data: bytes) -> None:
    own.ensure()
    own.catalog_file.write_bytes(data)
    for use in (open_reader, open_writer):
        with pytest.raises(CatalogError) as caught:
            use(own)
        assert str(own.catalog_file) in caught.value.message
        assert "stackyard artifact reindex" in caught.value.hint
    assert own.catalog_file.read_bytes() == data


def test_an_empty_file_is_no_catalog_yet(own: Home) -> None:
    own.ensure()
    own.catalog_file.write_bytes(b"")
    assert open_reader(own) is None
    record(own)
    assert reader(own).list_runs(None, pipeline=None, limit=1, cursor=None).total == 1


def test_a_reader_can_not_write(own: Home) -> None:
    record(own)
    connection = open_reader(own)
    assert connection is not None
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM runs")
    connection.close()
