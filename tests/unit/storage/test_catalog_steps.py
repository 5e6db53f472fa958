"""Step runs in the catalog: attempts, items, tags; runs that are gone on with, and runs that go."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from stackyard.model.base import format_time
from stackyard.model.enums import Status
from stackyard.model.errors import RunNotFoundError
from stackyard.model.job import StepError
from stackyard.storage.catalog.connection import writing
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.catalog.runs import delete_run
from stackyard.storage.catalog.tags import add_metadata, add_tags, remove_tags
from stackyard.storage.catalog.writer import NewStepRun, RunWriter, mark_interrupted
from stackyard.storage.home import Home
from stackyard.storage.ids import new_id
from stackyard.storage.locking import LifeLock
from tests.unit.storage.catalog_rows import PROJECT, manifest, new_run, open_catalog, start

ERROR = StepError(type="ValueError", message="no")


@pytest.fixture
def own(home: Path) -> Home:
    return Home(home)


@pytest.fixture
def writer(own: Home) -> Iterator[RunWriter]:
    made = RunWriter(own, PROJECT)
    yield made
    made.close()


@pytest.fixture
def catalog(own: Home, writer: RunWriter) -> Iterator[CatalogReader]:
    made = open_catalog(own)
    yield made
    made.close()


def steps(count: int) -> list[NewStepRun]:
    return [NewStepRun(new_id(), f"s{n}", n, {}, []) for n in range(count)]


def test_what_a_run_was_asked_for_and_says_of_itself_is_kept(writer: RunWriter, catalog: CatalogReader) -> None:
    run = new_run(
        request={"kind": "file", "file": "/p/a.py"}, configuration={"retry": {"max_retries": 2}}, tags=["b", "a"]
    )
    writer.create_run(run)
    step = NewStepRun(new_id(), "train", 0, {}, [], configuration={"timeout_s": 3.0}, tags=["gpu"])
    writer.add_steps([step])
    (found,) = catalog.find_runs(run.id, None)
    assert (found.tags, found.configuration) == (["a", "b"], run.configuration)
    assert found.resumable, "its driver is gone, and how to start it again is known"
    assert catalog.run_request(run.id) == run.request
    (read,) = catalog.steps_of(found)
    assert (read.tags, read.configuration, read.attempt) == (["gpu"], step.configuration, 1)
    writer.set_run(Status.COMPLETED)
    assert not catalog.find_runs(run.id, None)[0].resumable
    assert catalog.list_runs(None, pipeline=None, limit=9, cursor=None, tags=["a", "b"]).total == 1
    assert catalog.list_runs(None, pipeline=None, limit=9, cursor=None, tags=["a", "c"]).total == 0
    assert catalog.pipelines(PROJECT.id) == [("training", 1, run.id)]


def test_runs_are_found_by_status_as_readers_see_it(own: Home, writer: RunWriter, catalog: CatalogReader) -> None:
    dead, alive = new_run(), new_run()
    own.ensure("runs")
    lock = LifeLock(own.run_lock(alive.id))
    for run in (dead, alive):
        writer.create_run(run)
        writer.set_run(Status.RUNNING)

    def found(status: str) -> list[str]:
        return [r.id for r in catalog.list_runs(None, pipeline=None, limit=9, cursor=None, status=status).items]

    assert (found("running"), found("interrupted"), found("completed")) == ([alive.id], [dead.id], [])
    lock.release()


def test_a_growing_graph_keeps_the_order_in_which_it_grew(writer: RunWriter, catalog: CatalogReader) -> None:
    run = new_run()
    writer.create_run(run)
    writer.add_steps([NewStepRun(new_id(), name, n, {}, []) for n, name in enumerate(("z", "y"))])
    writer.add_steps([NewStepRun(new_id(), name, n, {}, []) for n, name in enumerate(("x", "w"))])
    writer.add_steps([NewStepRun(new_id(), "v", 4, {}, [])])
    assert list(catalog.step_states(run.id)) == ["z", "y", "x", "w", "v"]


def test_attempts_are_counted_and_the_last_one_decides(writer: RunWriter, catalog: CatalogReader) -> None:
    writer.create_run(new_run())
    (step,) = rows = steps(1)
    writer.add_steps(rows)
    start(writer, step.id)
    first = catalog.step_run(step.id)
    assert first is not None
    writer.step_retrying(step.id, 1, ERROR)
    waiting = catalog.step_run(step.id)
    assert waiting is not None
    assert waiting.error is not None
    assert (waiting.attempt, waiting.pid, waiting.error.message) == (1, 0, "no")
    assert catalog.step_states(writer.run_id) == {"s0": (step.id, Status.RETRYING)}
    start(writer, step.id, attempt=2)
    writer.step_completed(step.id, [], {})
    done = catalog.step_run(step.id)
    assert done is not None
    assert (done.attempt, done.status, done.error, done.started_at) == (2, Status.COMPLETED, None, first.started_at)


def test_items_tags_and_what_steps_save_on_their_own(own: Home, writer: RunWriter, catalog: CatalogReader) -> None:
    run = new_run()
    writer.create_run(run)
    one, other = rows = steps(2)
    writer.add_steps(rows)
    start(writer, one.id)
    made = manifest("numbers", one.id, run.id)
    assert writer.step_completed(one.id, [("output", made)], {}, tags={"output": ["raw"]}) == {"output": 1}
    start(writer, other.id, inputs={"x": made.id, "y": made.id}, items={"x": 3})
    assert (
        writer.record_artifact(manifest("extra", "", run.id), save_type="manual", step_run_id=other.id, tags=["t"]) == 1
    )
    assert writer.record_artifact(manifest("numbers"), save_type="external") == 2
    read = catalog.step_run(other.id)
    assert read is not None
    assert [(r.name, r.item) for r in read.inputs] == [("x", 3), ("y", None)]
    (saved,) = catalog.list_versions(PROJECT.id, "extra", None, limit=2, cursor=None, tags=["t"]).items
    assert (saved.save_type, saved.tags, saved.step) == ("manual", ["t"], "s1")
    (place,) = catalog.outputs_of_step_run(one.id)
    assert (place.output, place.version_id, place.artifact_name) == ("output", made.id, made.artifact_name)
    assert (place.uri, place.artifact_store_id, place.artifact_store) == (
        made.uri, run.artifact_store_id, run.artifact_store,
    )  # fmt: skip
    found = catalog.search_versions(PROJECT.id, limit=9, cursor=None, only_unused=True).items
    assert {(v.name, v.version) for v in found} == {("numbers", 2), ("extra", 1)}  # made in the same millisecond
    assert [v.id for v in catalog.search_versions(None, limit=9, cursor=None, tags=["raw"]).items] == [made.id]
    with writing(own) as sql:
        assert add_metadata(sql, PROJECT.id, "artifact_version", made.id, {"rows": 3})
        assert not add_metadata(sql, PROJECT.id, "artifact_version", new_id(), {"rows": 3})
        add_tags(sql, PROJECT.id, "run", run.id, ["x", "y"])
        assert remove_tags(sql, "run", run.id, ["y", "z"]) == 1
    assert catalog.versions_by_id(made.id)[0].metadata == {"rows": 3}
    assert catalog.tags_of("run", run.id) == ["x"]
    tags = {t.name: t.things for t in catalog.list_tags(PROJECT.id)}
    assert tags == {"raw": {"artifact_version": 1}, "t": {"artifact_version": 1}, "x": {"run": 1}}


def test_a_number_of_a_deleted_version_is_not_given_again(own: Home, writer: RunWriter) -> None:
    from stackyard.storage.catalog.versions import delete_version, users_of

    writer.create_run(new_run())
    (step,) = rows = steps(1)
    writer.add_steps(rows)
    used, unused = manifest("a"), manifest("a")
    writer.step_completed(step.id, [("output", used)], {})
    writer.record_artifact(unused, save_type="manual")
    with writing(own) as sql:
        assert users_of(sql, used.id) == ["run training-1"]
        assert users_of(sql, unused.id) == []
        delete_version(sql, unused.id, "store-1")
    assert writer.record_artifact(manifest("a"), save_type="manual") == 3


def test_a_run_goes_on_where_it_ended(own: Home, writer: RunWriter, catalog: CatalogReader) -> None:
    run = new_run()
    writer.create_run(run)
    writer.set_run(Status.RUNNING)
    done, failed, skipped = rows = steps(3)
    writer.add_steps(rows)
    start(writer, done.id)
    made = manifest("a", done.id, run.id)
    writer.step_completed(done.id, [("output", made)], {"rows": 1})
    start(writer, failed.id, inputs={"x[0]": made.id, "x[1]": made.id}, attempt=3)
    writer.step_ended(failed.id, Status.FAILED, error=ERROR, metadata={"half": 1})
    writer.step_ended(skipped.id, Status.SKIPPED, detail="skipped because 's1' failed")
    writer.set_run(Status.FAILED, error=ERROR)
    again = RunWriter(own, PROJECT)
    assert again.reopen_run(run.id) == {
        "s0": (done.id, Status.COMPLETED), "s1": (failed.id, Status.QUEUED), "s2": (skipped.id, Status.QUEUED),
    }  # fmt: skip
    assert (again.run_id, again.run.pipeline, again.run.artifact_store_id) == (run.id, "training", "store-1")
    queued = catalog.step_run(failed.id)
    assert queued is not None
    assert (queued.error, queued.metadata, queued.inputs, queued.attempt, queued.cache) == (None, {}, [], 3, None)
    start(again, failed.id, inputs={"x[0]": made.id}, attempt=4)
    again.step_completed(failed.id, [("output", manifest("b"))], {})
    again.add_steps([NewStepRun(new_id(), "grown", 0, {}, [])])
    again.set_run(Status.COMPLETED)
    (found,) = catalog.find_runs(run.id, None)
    assert (found.status, found.error) == (Status.COMPLETED, None)
    assert [(s.name, len(s.inputs)) for s in catalog.steps_of(found)] == [("s0", 0), ("s1", 1), ("s2", 0), ("grown", 0)]
    with pytest.raises(RunNotFoundError):
        again.reopen_run(new_id())
    again.close()


@pytest.mark.parametrize("end", ["recorded", "noticed", "unknown"])
def test_the_time_in_which_a_run_stood_still_is_no_part_of_its_duration(
    own: Home, writer: RunWriter, catalog: CatalogReader, end: str
) -> None:
    """Given a run that began 3 h ago and ended 2 h ago, or whose driver was last heard of then, when it goes on."""
    run = new_run()
    writer.create_run(run)
    (step,) = rows = steps(1)
    writer.add_steps(rows)
    writer.set_run(Status.RUNNING)
    three, two = (datetime.now(tz=timezone.utc) - timedelta(hours=h) for h in (3, 2))
    if end == "recorded":
        writer.set_run(Status.STOPPED)
    with writing(own) as sql:
        sql.execute("UPDATE runs SET created_at = ?, started_at = ?", (format_time(three),) * 2)
        sql.execute("UPDATE runs SET ended_at = ? WHERE ended_at <> ''", (format_time(two),))
    log = own.step_log(run.id, step.id)
    log.parent.mkdir(parents=True)
    log.touch()
    os.utime(log, (two.timestamp(), two.timestamp()))
    own.driver_log(run.id).touch()  # by whoever goes on with it
    if end == "noticed":
        mark_interrupted(own, [run.id])
    assert catalog.find_runs(run.id, None)[0].duration_s == pytest.approx(3600, abs=1)
    again = RunWriter(own, PROJECT)
    again.reopen_run(run.id)
    again.set_run(Status.COMPLETED)
    again.close()
    (found,) = catalog.find_runs(run.id, None)
    assert found.duration_s is not None
    assert 3599 < found.duration_s < 3600 + 300
    assert found.idle_s == pytest.approx(7200, abs=300)


def test_a_run_that_is_deleted_leaves_only_its_artifact_versions(
    own: Home, writer: RunWriter, catalog: CatalogReader
) -> None:
    run, other = new_run(tags=["t"]), new_run(tags=["t"])
    for one in (run, other):
        writer.create_run(one)
        (step,) = rows = steps(1)
        rows[0].tags = ["st"]
        writer.add_steps(rows)
        start(writer, step.id, inputs={"x": new_id()})
        writer.step_completed(step.id, [("output", manifest("a", step.id, one.id))], {})
        writer.set_run(Status.COMPLETED)
    with writing(own) as sql:
        delete_run(sql, run.id)
        left = {
            table: sql.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            for table in ("runs", "step_runs", "step_inputs", "step_outputs", "tags", "artifact_versions")
        }
    assert left == {
        "runs": 1, "step_runs": 1, "step_inputs": 1, "step_outputs": 1, "tags": 2, "artifact_versions": 2,
    }  # fmt: skip
    assert catalog.find_runs(run.id, None) == []
    orphan = catalog.list_versions(PROJECT.id, "a", None, limit=1, cursor=None, number=1).items[0]
    assert (orphan.run_id, orphan.run_name, orphan.step) == (run.id, "", "")


def test_a_run_that_somebody_went_on_with_meanwhile_is_not_interrupted(
    own: Home, writer: RunWriter, catalog: CatalogReader
) -> None:
    run = new_run()
    writer.create_run(run)
    writer.add_steps(steps(1))
    writer.set_run(Status.RUNNING)
    own.ensure("runs")
    lock = LifeLock(own.run_lock(run.id))
    mark_interrupted(own, [run.id])  # asked for by who found the lock free a moment ago
    assert catalog.step_states(run.id)["s0"][1] is Status.QUEUED
    assert catalog.unfinished_runs() == [run.id]
    lock.release()
    mark_interrupted(own, [run.id])
    assert catalog.unfinished_runs() == []


def test_a_step_that_was_reused_and_runs_after_all_was_not_reused(writer: RunWriter, catalog: CatalogReader) -> None:
    run = new_run()
    writer.create_run(run)
    (step,) = rows = steps(1)
    writer.add_steps(rows)
    writer.step_cached(
        step.id, inputs={}, outputs={}, cache_key="k", parts=None, source_run_id="earlier", metadata={}
    )  # fmt: skip
    start(writer, step.id)
    found = catalog.step_run(step.id)
    assert found is not None
    assert found.cache is not None
    assert (found.cache.hit, found.cache.source_run_id, found.ended_at) == (False, "", "")
