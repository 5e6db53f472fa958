"""Runs and artifacts as use cases, on a catalog that is written here as a driver writes it."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from stackyard.api.artifacts import get_version, list_artifacts, list_versions
from stackyard.api.changes import Follower
from stackyard.api.client import Client
from stackyard.api.components import register_component
from stackyard.api.context import Context, open_context
from stackyard.api.runs import count_running, delete_runs, get_run, list_runs, read_logs, stop_run
from stackyard.api.stacks import set_active_stack
from stackyard.model.cache_key import CacheKeyParts
from stackyard.model.enums import ComponentType, MissReason, Status
from stackyard.model.errors import (
    ArtifactDamagedError,
    ArtifactNotFoundError,
    CatalogError,
    RunNotActiveError,
    RunNotFoundError,
    StepRunNotFoundError,
    UsageError,
)
from stackyard.storage.catalog.writer import NewRun, NewStepRun, RunWriter
from stackyard.storage.ids import new_id
from stackyard.storage.local_store import LocalArtifactStore
from stackyard.storage.locking import LifeLock
from stackyard.storage.logs import StepLog
from stackyard.storage.materializers.lookup import Origin, save_version
from stackyard.storage.strays import MARK_VARIABLE


@pytest.fixture
def ctx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.chdir(tmp_path)
    return open_context(tmp_path)


class Driver:
    """Writes one run of two steps, in pieces."""

    def __init__(self, ctx: Context, value: object = 1) -> None:
        self.home = ctx.home_folder
        self.id, self.steps = new_id(), [new_id(), new_id()]
        self.home.ensure("runs")
        self.home.ensure("logs", self.id)
        self.lock = LifeLock(self.home.run_lock(self.id))
        self.writer = RunWriter(self.home, ctx.scope)
        self.store = LocalArtifactStore(str(self.home.artifact_stores / "default"))
        self.value = value
        run = NewRun(
            id=self.id, pipeline="training", stack="default", stack_id="s", stack_origin="default",
            orchestrator="default", artifact_store="default", artifact_store_id="store-1",
        )  # fmt: skip
        self.name = self.writer.create_run(run)
        self.writer.add_steps([NewStepRun(s, f"step_{i}", i, {}, []) for i, s in enumerate(self.steps)])
        self.writer.set_run(Status.RUNNING)
        self.logs = [StepLog(self.home.step_log(self.id, s)) for s in self.steps]

    def finish(self) -> None:
        for step in self.steps:
            self.writer.step_started(
                step, pid=1, inputs={}, cache_key="k", parts=CacheKeyParts(), reason=MissReason.NEVER_RAN, detail=""
            )
        origin = Origin("model", run_id=self.id, step_run_id=self.steps[0], step_name="step_0")
        self.writer.step_completed(self.steps[0], [("output", save_version(self.store, self.value, origin))], {})
        self.writer.step_completed(self.steps[1], [], {})
        self.writer.set_run(Status.COMPLETED)
        self.end()

    def end(self) -> None:
        """Leave as a process does that ends for whatever reason."""
        self.writer.close()
        for log in self.logs:
            log.close()
        self.lock.release()


def test_without_a_catalog_lists_are_empty_and_names_are_not_found(ctx: Context) -> None:
    assert list_runs(ctx).items == []
    assert list_artifacts(ctx).items == []
    assert count_running(ctx) == 0
    with pytest.raises(RunNotFoundError):
        get_run(ctx, "training-1")
    with pytest.raises(ArtifactNotFoundError):
        get_version(ctx, "model")
    assert not ctx.home.exists()


def test_a_run_while_it_lives_and_after(ctx: Context) -> None:
    driver = Driver(ctx)
    assert (get_run(ctx, "training-1").status, count_running(ctx)) == (Status.RUNNING, 1)
    driver.finish()
    run = get_run(ctx, driver.id[:20])
    assert (run.status, count_running(ctx), len(run.steps)) == (Status.COMPLETED, 0, 2)
    with pytest.raises(RunNotFoundError) as caught:
        get_run(ctx, "trainign-1")
    assert "Did you mean 'training-1'?" in caught.value.hint


def test_logs_are_read_in_pieces_and_end(ctx: Context) -> None:
    driver = Driver(ctx)
    driver.logs[0].write("stdout", "one\ntw", at="2026-11-21T10:00:00.000Z")
    driver.logs[1].write("stdout", "other\n", at="2026-11-21T10:00:01.000Z")
    page = read_logs(ctx, driver.name)
    assert ([(line.step, line.text) for line in page.lines], page.finished) == (
        [("step_0", "one"), ("step_1", "other")],
        False,
    )
    driver.logs[0].write("stdout", "o", at="2026-11-21T10:00:02.000Z")
    driver.finish()
    rest = read_logs(ctx, driver.name, cursor=page.cursor)
    assert ([line.text for line in rest.lines], rest.finished) == (["two"], True)
    assert read_logs(ctx, driver.name, cursor=rest.cursor).lines == []
    assert [line.text for line in read_logs(ctx, driver.name, step="step_1").lines] == ["other"]
    with pytest.raises(StepRunNotFoundError) as caught:
        read_logs(ctx, driver.name, step="step_2")
    assert "Its steps: step_0, step_1." in caught.value.hint


def test_a_stop_is_asked_for_once_the_run_lives_and_refused_after(ctx: Context) -> None:
    driver = Driver(ctx)
    stop_run(ctx, driver.name)
    assert driver.home.stop_file(driver.id).read_text() == "\n"
    stop_run(ctx, driver.name, force=True)
    assert driver.home.stop_file(driver.id).read_text() == "\nforce\n"
    stop_run(ctx, driver.name, step="step_0")
    stop_run(ctx, driver.name, step="step_0", force=True)
    assert driver.home.stop_file(driver.id).read_text() == "\nforce\nstep step_0\nstep step_0 force\n"
    with pytest.raises(StepRunNotFoundError, match="has no step 'step_7'"):
        stop_run(ctx, driver.name, step="step_7")
    driver.finish()
    with pytest.raises(RunNotActiveError, match="is completed already"):
        stop_run(ctx, driver.name)


def test_an_artifact_with_its_preview_files_and_damage(ctx: Context) -> None:
    for value in ({"a": 1.5}, {"a": 2.5}):
        Driver(ctx, value).finish()
    (artifact,) = list_artifacts(ctx).items
    assert (artifact.name, artifact.n_versions, artifact.latest_version) == ("model", 2, 2)
    newest = get_version(ctx, "model")
    assert newest.preview is not None
    assert (newest.version, newest.preview.data, newest.status) == (2, {"a": 2.5}, "available")
    first = get_version(ctx, "model", 1)
    assert get_version(ctx, first.id).version == 1
    assert [f.name for f in first.files] == ["data.json"]
    Path(first.files[0].path).unlink()
    assert get_version(ctx, "model", 1).status == "damaged"
    Path(first.uri, "manifest.json").unlink()
    assert get_version(ctx, "model", 1).status == "missing"
    assert [v.status for v in list_versions(ctx, "model").items] == ["available", "missing"]
    with pytest.raises(ArtifactNotFoundError, match="no version 3") as caught:
        get_version(ctx, "model", 3)
    assert caught.value.hint == "Newest versions: 2, 1."
    with pytest.raises(ArtifactNotFoundError) as caught:
        get_version(ctx, "modle")
    assert "Did you mean 'model'?" in caught.value.hint


def test_the_client_loads_values_and_checks_them(ctx: Context) -> None:
    Driver(ctx, {"a": 1}).finish()
    version = Client().get_artifact_version("model")
    assert (version.load(), version.name, version.version) == ({"a": 1}, "model", 1)
    (Path(version.uri) / "data.json").write_text('{"a":2}')
    with pytest.raises(ArtifactDamagedError):
        version.load()
    assert Client().get_pipeline_run("training-1").status is Status.COMPLETED
    assert Client().active_stack.name == "default"


def test_the_client_lists_runs_by_their_names_and_statuses(ctx: Context) -> None:
    Driver(ctx).finish()
    Driver(ctx).finish()
    for name, found in [
        ("ning-2", [2]), ("contains:NING-2", [2]), ("startswith:train", [2, 1]), ("startswith:2", []),
        ("endswith:-1", [1]), ("equals:training-1", [1]), ("equals:training", []), ("t%g", []), ("x:training", []),
    ]:  # fmt: skip
        runs = Client().list_pipeline_runs(name=name, status="completed")
        assert [run.name for run in runs] == [f"training-{number}" for number in found]
        assert runs.total == len(found)
    with pytest.raises(UsageError, match="no status 'bogus'") as caught:
        Client().list_pipeline_runs(status="bogus")
    assert "completed" in caught.value.hint


def test_a_follower_learns_of_every_change_by_whatever_hand(ctx: Context) -> None:
    follower = Follower(ctx)
    assert not follower.poll()
    register_component(ctx, ComponentType.ARTIFACT_STORE, "s", "local", {})
    assert follower.poll().entities == {"stacks"}
    set_active_stack(ctx, "default", "home")
    assert follower.poll().entities == {"active_stack"}
    driver = Driver(ctx)
    assert "runs" in follower.poll().entities
    follower.poll()
    driver.writer.step_ended(driver.steps[1], Status.FAILED)
    seen = follower.poll()
    assert (seen.entities, seen.runs) == ({"runs"}, {driver.id})
    assert not follower.poll()
    driver.end()  # killed: nobody writes anything, and yet the run's status is another
    gone = follower.poll()
    assert (gone.entities, gone.runs) == ({"runs"}, {driver.id})
    assert not follower.poll()
    ctx.home_folder.catalog_file.unlink()
    assert "runs" in follower.poll().entities
    follower.close()


def test_a_catalog_that_is_damaged_inside_is_an_error_with_a_remedy(ctx: Context) -> None:
    for _ in range(30):
        Driver(ctx).finish()
    file = ctx.home_folder.catalog_file
    file.with_name("catalog.db-wal").unlink(missing_ok=True)
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    file.write_bytes(data)
    with pytest.raises(CatalogError) as caught:
        list_runs(ctx)
    assert caught.value.hint


def test_who_deletes_a_run_ends_what_its_killed_driver_left_behind(ctx: Context) -> None:
    driver = Driver(ctx)
    driver.end()
    ctx.home_folder.run_lock(driver.id).write_text("mark-of-the-killed")
    left = subprocess.Popen(["sleep", "600"], env={**os.environ, MARK_VARIABLE: "mark-of-the-killed.1"})
    try:
        delete_runs(ctx, [get_run(ctx, driver.id)])
        assert left.wait(180) == -signal.SIGKILL
    finally:
        left.kill()
        left.wait()
    assert list_runs(ctx).items == []
    assert not ctx.home_folder.run_lock(driver.id).exists()
