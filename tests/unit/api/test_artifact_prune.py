"""What may be pruned, and what becomes of it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from stackyard.api.artifact_leftovers import add_leftovers, clear_downloads
from stackyard.api.artifact_prune import PrunePlan, PruneView, plan_prune, prune
from stackyard.api.artifacts import find_version, get_version, list_versions, record_version, store_of
from stackyard.api.client import Client
from stackyard.api.context import Context, open_context
from stackyard.api.models import create_model, create_version, link_artifact
from stackyard.api.tags import add_tags
from stackyard.model.artifact import Manifest
from stackyard.model.cache_key import CacheKeyParts
from stackyard.model.enums import MissReason, Status
from stackyard.model.errors import ArtifactNotFoundError
from stackyard.model.stack import DEFAULT_ARTIFACT_STORE_ID
from stackyard.model.views import ArtifactVersionView
from stackyard.storage.catalog.connection import open_writer, transaction, writing
from stackyard.storage.catalog.pruning import announce
from stackyard.storage.catalog.versions import insert_version, record_damage
from stackyard.storage.catalog.writer import NewRun, NewStepRun, RunWriter
from stackyard.storage.ids import new_id, now
from stackyard.storage.local_store import LocalArtifactStore
from stackyard.storage.locking import LifeLock
from stackyard.storage.materializers.lookup import Origin, save_version

OLD = "01900000-0000-7000-8000-00000000000"
"""Beginning of ids that were made long ago."""


@pytest.fixture
def ctx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setenv("STACKYARD_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return open_context(tmp_path)


def _store(ctx: Context) -> LocalArtifactStore:
    return LocalArtifactStore(str(ctx.home_folder.artifact_stores / "default"))


def save(ctx: Context, name: str, value: object = 1, *, run_id: str = "") -> ArtifactVersionView:
    """Save a version that no run lists."""
    manifest = save_version(_store(ctx), value, Origin(name, project_id=ctx.scope.id, run_id=run_id))
    return record_version(ctx, manifest, store_id=DEFAULT_ARTIFACT_STORE_ID, store="default", save_type="manual")


class Run:
    """A run of one step that takes a version and gives one."""

    def __init__(self, ctx: Context, takes: str = "", *, name: str = "out", tags: tuple[str, ...] = ()) -> None:
        self.id, step = new_id(), new_id()
        self.lock = LifeLock(ctx.home_folder.ensure("runs") / f"{self.id}.lock")
        self.writer = RunWriter(ctx.home_folder, ctx.scope)
        run = NewRun(
            id=self.id, pipeline="p", stack="default", stack_id="s", stack_origin="default", orchestrator="default",
            artifact_store="default", artifact_store_id=DEFAULT_ARTIFACT_STORE_ID, tags=list(tags),
        )  # fmt: skip
        self.writer.create_run(run)
        self.writer.add_steps([NewStepRun(step, "s", 0, {}, [])])
        self.writer.set_run(Status.RUNNING)
        self.writer.step_started(
            step, pid=1, inputs={"x": takes} if takes else {}, cache_key="k", parts=CacheKeyParts(),
            reason=MissReason.NEVER_RAN, detail="",
        )  # fmt: skip
        manifest = save_version(_store(ctx), 1, Origin(name, run_id=self.id, step_run_id=step, project_id=ctx.scope.id))
        self.writer.step_completed(step, [("output", manifest)], {})
        self.output = manifest.id

    def end(self) -> str:
        """End; return the id of the output."""
        self.writer.set_run(Status.COMPLETED)
        self.writer.close()
        self.lock.release()
        return self.output


def numbers(view: PruneView) -> list[tuple[str, int]]:
    return [(item.name, item.version) for item in view.items]


def test_nothing_to_prune_without_a_catalog(ctx: Context) -> None:
    assert prune(ctx, plan_prune(ctx)).versions == 0
    with pytest.raises(ArtifactNotFoundError):
        plan_prune(ctx, "nothing")


def test_age_and_count_and_name_name_versions_together(ctx: Context) -> None:
    first = [save(ctx, "a"), save(ctx, "a"), save(ctx, "b")]
    while now() == first[-1].created_at:
        time.sleep(0.001)
    moment = now()
    time.sleep(0.002)
    save(ctx, "a")
    save(ctx, "b")
    assert numbers(plan_prune(ctx).view) == [("a", 1), ("a", 2), ("b", 1), ("a", 3), ("b", 2)]
    assert numbers(plan_prune(ctx, before=moment).view) == [("a", 1), ("a", 2), ("b", 1)]
    assert numbers(plan_prune(ctx, keep=1).view) == [("a", 1), ("a", 2), ("b", 1)]
    assert numbers(plan_prune(ctx, keep=2, before=moment).view) == [("a", 1)]
    assert numbers(plan_prune(ctx, "b", keep=0).view) == [("b", 1), ("b", 2)]
    with writing(ctx.home_folder) as sql:
        sql.execute("UPDATE artifact_versions SET artifact_store_id = 'other' WHERE id = ?", (first[0].id,))
    assert numbers(plan_prune(ctx, "a", keep=1).view) == [("a", 2)], "each store keeps its newest"
    with writing(ctx.home_folder) as sql:
        sql.execute("UPDATE artifact_versions SET artifact_store_id = ?", (first[0].artifact_store_id,))
    newest = plan_prune(ctx, "b").versions[-1].id
    with writing(ctx.home_folder) as sql:
        record_damage(sql, {newest: "cut"})
    assert numbers(plan_prune(ctx, "b", keep=1).view) == [], "what is damaged does not stand for what is whole"
    with writing(ctx.home_folder) as sql:
        record_damage(sql, {newest: ""})
    plan = plan_prune(ctx, keep=1)
    assert [(a.name, a.versions) for a in plan.view.artifacts] == [("a", 2), ("b", 1)]
    assert all(Path(v.uri).exists() for v in plan.versions), "a plan removes nothing"
    done = prune(ctx, plan)
    assert (done.done, done.versions, done.failed) == (True, 3, [])
    assert not any(Path(v.uri).exists() for v in plan.versions)
    assert [v.version for v in list_versions(ctx, "a").items] == [3]
    assert save(ctx, "a").version == 4, "numbers are not given again"


def test_what_models_runs_and_tags_need_stays(ctx: Context) -> None:
    of_model, tagged, free = save(ctx, "m"), save(ctx, "t"), save(ctx, "f")
    of_artifact = save(ctx, "kept")
    create_model(ctx, "churn", {})
    link_artifact(ctx, create_version(ctx, "churn").id, of_model.id)
    connection = open_writer(ctx.home_folder)
    artifact = connection.execute("SELECT id FROM artifacts WHERE name = 'kept'").fetchone()[0]
    connection.close()
    add_tags(ctx, "artifact_version", tagged.id, ["keep"])
    add_tags(ctx, "artifact", str(artifact), ["keep"])
    taken, taken_by_kept = save(ctx, "in"), save(ctx, "in")
    usual = Run(ctx, taken.id).end()
    kept = Run(ctx, taken_by_kept.id, tags=("keep",)).end()
    living = Run(ctx, name="living")
    save(ctx, "beside", run_id=living.id)

    plan = plan_prune(ctx)
    assert [v.id for v in plan.versions] == [free.id]
    assert plan.view.stay == {"model": 1, "tag": 4, "run": 2, "running": 2}
    plan = plan_prune(ctx, from_runs=True)
    assert {v.id for v in plan.versions} == {free.id, taken.id, usual}
    done = prune(ctx, plan)
    assert done.versions == 3
    assert {item.id: item.listed_by_runs for item in done.items} == {free.id: False, taken.id: True, usual: True}

    # Runs can still be looked at: what they list is there, without files.
    view = get_version(ctx, usual)
    assert (view.status, view.pruned, view.preview) == ("missing", True, None)
    assert "It was pruned" in view.problem
    assert [v.status for v in list_versions(ctx, "out").items] == ["available", "missing"]
    assert find_version(ctx, kept).pruned is False
    with pytest.raises(ArtifactNotFoundError):
        find_version(ctx, free.id)
    assert plan_prune(ctx, from_runs=True).versions == [], "what was pruned is not announced again"
    living.end()
    assert len(plan_prune(ctx, from_runs=True).versions) == 2
    assert of_artifact.status == "available"


def test_what_is_needed_since_the_plan_was_made_stays(ctx: Context) -> None:
    one, two = save(ctx, "a"), save(ctx, "a")
    plan = plan_prune(ctx)
    Run(ctx, one.id).end()
    assert [item.id for item in prune(ctx, plan).items] == [two.id]
    assert get_version(ctx, one.id).status == "available"


def test_a_prune_that_was_killed_is_gone_on_with(ctx: Context) -> None:
    """Given a process killed after announcing, after removing some files, the next one ends it."""
    versions = [save(ctx, "a") for _ in range(6)]
    listed = Run(ctx, versions[4].id)
    listed.end()
    plan = plan_prune(ctx, from_runs=True)
    connection = open_writer(ctx.home_folder)
    with transaction(connection) as sql:
        announce(sql, plan.criteria, [v.id for v in versions[:5]])
    connection.close()
    store_of(ctx, versions[0]).discard(versions[0].uri)
    Path(versions[1].uri, "manifest.json").unlink()
    assert get_version(ctx, versions[2].id).pruned
    after = plan_prune(ctx, before="0")
    assert (len(after.versions), after.view.left_before) == (5, 5)
    assert prune(ctx, after).failed == []
    assert [v.id for v in list_versions(ctx, "a").items] == [versions[5].id, versions[4].id]
    assert not any(Path(v.uri).exists() for v in versions[:5])
    assert plan_prune(ctx, before="0").versions == []


def test_what_can_not_be_removed_is_named_and_tried_again(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = [save(ctx, "a") for _ in range(3)]
    monkeypatch.setattr("shutil.rmtree", lambda *_args, **_options: None)
    view = prune(ctx, plan_prune(ctx))
    assert (view.versions, len(view.failed)) == (0, 3)
    assert "can't be removed" in view.failed[0].problem
    assert "permissions" in view.failed[0].hint
    monkeypatch.undo()
    monkeypatch.setenv("STACKYARD_HOME", str(ctx.home))
    assert prune(ctx, plan_prune(ctx)).versions == 3
    assert not any(Path(v.uri).exists() for v in versions)


def test_leftovers_are_what_nobody_can_still_be_writing(ctx: Context) -> None:
    known = save(ctx, "a")
    store = _store(ctx)
    for n, (folder, age_s) in enumerate({"old": 100_000, "fresh": 10}.items(), 1):
        writer = store.new_version(folder, f"{OLD}{n}")
        writer.write("data", b"1")
        for path in (Path(store.uri_of(folder, f"{OLD}{n}")), Path(store.uri_of(folder, f"{OLD}{n}"), "data")):
            os.utime(path, (time.time() - age_s, time.time() - age_s))
    Path(store.uri_of("old", new_id())).mkdir()
    unknown = save_version(store, 1, Origin("u"), version=None)
    moved = store.uri_of("u", f"{OLD}3")
    Path(unknown.uri).rename(moved)
    save_version(store, 1, Origin("new"))
    old = store.uri_of("old", f"{OLD}1")

    def found(*, remove_unknown: bool = False) -> PrunePlan:
        return add_leftovers(ctx, plan_prune(ctx, before="0"), unfinished=True, unknown=remove_unknown)

    plan = found()
    assert (plan.view.leftovers, plan.view.unknown, [r.uri for r in plan.rubbish]) == ([old], [moved], [old])
    running = LifeLock(ctx.home_folder.ensure("runs") / f"{OLD}0.lock")
    assert found().view.leftovers == [], "a run that began before goes on"
    running.release()
    done = prune(ctx, plan)
    assert (done.leftovers, done.failed) == ([old], [])
    assert not Path(old).exists()
    assert Path(moved).exists()
    assert prune(ctx, found(remove_unknown=True)).unknown == [moved]
    assert not Path(moved).exists()
    assert get_version(ctx, known.id).status == "available"


def test_copies_of_other_machines_files_go_when_nobody_used_them(ctx: Context) -> None:
    for name, age_s in (("used", 10), ("idle", 100_000)):
        path = ctx.home_folder.downloads / name / "deep" / "file"
        path.parent.mkdir(parents=True)
        path.write_text("1")
        os.utime(path, (time.time() - age_s, 1))
    clear_downloads(ctx.home_folder)
    assert [p.name for p in ctx.home_folder.downloads.iterdir()] == ["used"]


def test_the_client_prunes_as_in_zenml(ctx: Context) -> None:
    versions = [save(ctx, "a") for _ in range(2)]
    assert Client().prune_artifacts().versions == 2
    assert all(Path(v.uri).exists() for v in versions)
    again = save(ctx, "a")
    Client().prune_artifacts(delete_from_artifact_store=True)
    assert not Path(again.uri).exists()


def test_many_versions_go_without_keeping_others_from_writing(ctx: Context) -> None:
    """Given 2,000 versions, while they go a writer gets its turn again and again within moments."""
    home = ctx.home_folder
    connection = open_writer(home)
    root = _store(ctx).root
    with transaction(connection) as sql:
        for n in range(2_000):
            version_id = new_id()
            manifest = Manifest(
                id=version_id, artifact_name=f"a{n % 10}", type="int", materializer="json", data_format="json",
                digest="sha256:0", size_bytes=1, files=[], created_at=now(), uri=f"{root}/artifacts/a/{version_id}",
            )  # fmt: skip
            insert_version(
                sql, ctx.scope.id, manifest, store_id=DEFAULT_ARTIFACT_STORE_ID, store="default", save_type="manual"
            )
    waits: list[float] = []
    ended = threading.Event()

    def write() -> None:
        own = open_writer(home)
        while not ended.is_set():
            begun = time.perf_counter()
            with transaction(own) as sql:
                sql.execute("UPDATE artifacts SET last_version = last_version")
            waits.append(time.perf_counter() - begun)
            time.sleep(0.001)
        own.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        view = prune(ctx, plan_prune(ctx, keep=1))
    finally:
        ended.set()
        writer.join()
    assert view.versions == 1_990
    assert len(waits) > 10
    assert sorted(waits)[len(waits) // 2] < 0.5, "others wait for one batch at most"
    assert max(waits) < 200, "the machine may stand still"
    connection.close()
