"""A lost catalog is made anew from the artifact stores: the same listing, the same lineage, the same cache."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from tests.integration.user import User, statuses, wait_for

PIPELINE = """
    import pathlib, time
    from stackyard import Model, log_metadata, pipeline, save_artifact, step


    @step(output_materializers=None)
    def load(n: int, bulk: int) -> list[int]:
        for i in range(bulk):
            save_artifact(i, f"bulk_{i % 20}", tags=["bulk"] if i % 7 == 0 else [])
        return list(range(n))


    @step
    def train(values: list[int]) -> float:
        log_metadata({"accuracy": 0.9})
        return sum(values) / 10


    @step
    def slow(score: float) -> float:
        while not pathlib.Path("go").exists():
            time.sleep(0.02)
        return score


    @pipeline(tags=["nightly"], model=Model(name="churn"))
    def work(n: int = 4, bulk: int = 20) -> None:
        train(load(n, bulk))


    @step
    def one(n: int) -> int:
        return n


    @pipeline
    def many() -> None:
        for n in range(918):
            one.with_options(name=f"one_{n}")(n)


    @pipeline
    def long(n: int = 4) -> None:
        slow(train.with_options(enable_cache=False)(load(n, 60)))
"""
SAVER = """
    import sys
    from stackyard import Client, save_artifact

    for i in range(int(sys.argv[1])):
        save_artifact({"i": i}, f"saved_{i % 10}", tags=["by hand"] if i % 5 == 0 else [])
"""


def _json(user: User, *words: str) -> Any:
    return json.loads(user.do(*words, "--json").out)


def _listing(user: User) -> dict[str, Any]:
    """Return everything that lists and descriptions say."""
    versions = _json(user, "artifact", "versions", "--limit", "1000")["items"]
    named = {name: _json(user, "artifact", "show", name) for name in ("work::train::output", "saved_0", "bulk_7")}
    runs = _json(user, "run", "list", "--limit", "100")["items"]
    return {
        "artifacts": _json(user, "artifact", "list", "--limit", "1000")["items"],
        "versions": versions,
        "shown": named,
        "of_one": _json(user, "artifact", "versions", "bulk_3", "--limit", "1000")["items"],
        "runs": runs,
        "run": _json(user, "run", "show", "work-1"),
        "tags": _json(user, "tag", "list"),
        "model": _json(user, "model", "show", "churn"),
        "model_versions": _json(user, "model", "version", "list", "churn")["items"],
    }


def _lose_catalog(user: User) -> None:
    for path in user.home.glob("catalog.db*"):
        path.unlink()


def test_a_store_with_a_thousand_versions_gives_the_same_listing(user: User) -> None:
    """Given 1,000 versions, of runs and saved by hand, some tagged later, losing the catalog loses nothing."""
    user.write("run.py", PIPELINE)
    user.write("save.py", SAVER)
    for words in (("run.py:many",), ("run.py:work",), ("run.py:work", "-p", "n=7"), ("run.py:work",)):
        user.do("run", *words)
    assert set(statuses(user.last_run()).values()) == {"cached"}
    assert user.python("save.py", "40").code == 0
    user.do("artifact", "update", "saved_3", "--version", "2", "--tag", "later")
    user.do("artifact", "update", "saved_4", "--tag", "whole")
    user.do("artifact", "update", "work::train::output", "--version", "1", "--tag", "keep")
    user.do("artifact", "prune", "saved_5", "--keep", "2", "--yes")
    user.do("run", "delete", "work-3", "--yes")
    for version, stage in (("1", "production"), ("2", "archived"), ("2", "staging")):
        user.do("model", "version", "promote", "churn", version, stage)
    user.do("model", "update", "churn", "--description", "who leaves")
    user.do("model", "version", "delete", "churn", "3", "--yes")
    before = _listing(user)
    assert len(before["versions"]) == 918 + 2 * 22 + 40 - 2 == 1000
    _lose_catalog(user)
    assert user.do("artifact", "list", "--json").out.count('"name"') == 0
    assert (
        "store 'default' holds some. Bring them back with: stackyard artifact reindex"
        in user.do("artifact", "list").err
    )

    begun = time.monotonic()
    view = _json(user, "artifact", "reindex")
    took = time.monotonic() - begun
    assert (view["catalog"], view["added"], view["runs"]) == ("new", 1000, 3)
    assert took < 150, "a second or two on a quiet machine"
    after = _listing(user)
    for what, found in before.items():
        assert after[what] == found, what

    # Again: nothing to do. The cache knows the runs, numbers go on.
    again = _json(user, "artifact", "reindex")
    assert (again["catalog"], again["added"], again["runs"], again["stores"][0]["records"]) == ("existing", 0, 0, 0)
    user.do("run", "run.py:work")
    assert set(statuses(user.last_run()).values()) == {"cached"}
    assert user.python("save.py", "10").code == 0
    assert _json(user, "artifact", "show", "saved_5")["version"] == 5


def test_what_is_there_is_kept_and_what_runs_on_is_left_alone(user: User) -> None:
    """Given a run that goes on and one that was killed, reindexing beside them disturbs nothing and finds the rest."""
    user.write("run.py", PIPELINE)
    killed = user.start(user.interpreter, "-m", "stackyard", "run", "run.py:long", start_new_session=True)
    wait_for(lambda: user.runs() and statuses(user.last_run()).get("slow") == "running", 180, "it runs")
    beside = _json(user, "artifact", "reindex")
    assert (beside["added"], beside["stores"][0]["damaged"]) == (0, [])
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    wait_for(lambda: user.last_run().status.is_finished, 180, "it is seen as interrupted")
    _lose_catalog(user)
    view = _json(user, "artifact", "reindex")
    assert (view["added"], view["runs"], view["stores"][0]["records"]) == (62, 1, 1)
    run = user.last_run()
    assert (run.name, run.status, run.pipeline) == ("long-1", "interrupted", "long")
    assert statuses(run) == {"load": "completed", "train": "completed"}
    (trained,) = (step for step in run.steps if step.name == "train")
    assert [i.name for i in trained.inputs] == ["values"]
    numbers = [v["version"] for v in _json(user, "artifact", "versions", "bulk_0", "--limit", "100")["items"]]
    assert numbers == [3, 2, 1]

    # A run that began before the catalog was lost, and that of a new one, do not take each other's versions.
    living = user.start(user.interpreter, "-m", "stackyard", "run", "run.py:long", start_new_session=True)
    wait_for(lambda: statuses(user.last_run()).get("slow") == "running", 180, "it runs")
    for _ in range(3):
        assert _json(user, "artifact", "reindex")["added"] == 0
    (user.folder / "go").touch()
    assert living.wait(180) == 0
    assert set(statuses(user.last_run()).values()) <= {"completed", "cached"}
    assert _json(user, "artifact", "reindex")["added"] == 0


def test_a_damaged_catalog_is_moved_aside_and_every_error_names_the_remedy(user: User) -> None:
    user.write("save.py", SAVER)
    assert user.python("save.py", "3").code == 0
    before = _json(user, "artifact", "versions")
    catalog = user.home / "catalog.db"
    for garbage_from in (0, 4096):
        data = catalog.read_bytes()
        damage = data[:garbage_from] + b"\xff" * (len(data) - garbage_from)
        for extra in user.home.glob("catalog.db-*"):
            extra.unlink()
        catalog.write_bytes(damage)
        failed = user.stackyard("artifact", "list")
        assert failed.code == 6, failed
        assert "damaged" in failed.err
        assert "stackyard artifact reindex" in failed.err
        view = _json(user, "artifact", "reindex")
        assert view["catalog"] == "replaced"
        assert Path(view["moved_to"]).read_bytes() == damage
        assert _json(user, "artifact", "versions") == before
    assert user.stackyard("artifact", "reindex", "--store", "nothing").code == 4


def test_manifests_alone_are_enough_for_a_listing(user: User) -> None:
    """Given a store without records, versions come back in their order, with runs."""
    user.write("run.py", PIPELINE)
    user.do("run", "run.py:work", "-p", "bulk=60")
    before = _json(user, "artifact", "versions", "--limit", "1000")["items"]
    for record in user.home.glob("artifact_stores/default/runs/*"):
        record.unlink()
    broken = next(user.home.glob("artifact_stores/default/artifacts/bulk_9/*/manifest.json"))
    broken.write_bytes(broken.read_bytes()[:50])
    _lose_catalog(user)
    result = user.stackyard("artifact", "reindex", "--json")
    assert result.code == 1
    (store,) = json.loads(result.out)["stores"]
    assert (store["versions"], store["added"], store["runs"], len(store["damaged"])) == (62, 61, 1, 1)
    after = {item["id"]: item for item in _json(user, "artifact", "versions", "--limit", "1000")["items"]}
    for item in before:
        if item["name"] != "bulk_9":
            item["tags"] = []  # of records
            assert after[item["id"]] == item
    assert user.last_run().name == "work-1"
