"""Lineage in the catalog: both ways, in steps, with what was reused, cut with a count; circles end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from stackyard.model.enums import Status
from stackyard.model.lineage_views import LineageView
from stackyard.model.options import ModelSpec
from stackyard.storage.catalog.connection import writing
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.catalog.runs import delete_run
from stackyard.storage.catalog.writer import NewStepRun, RunWriter
from stackyard.storage.home import Home
from stackyard.storage.ids import new_id
from tests.unit.storage.catalog_rows import PROJECT, manifest, new_run, open_catalog, start


class Recorder:
    """Records runs of one step each."""

    def __init__(self, home: Home) -> None:
        self.writer = RunWriter(home, PROJECT)
        self.names: dict[str, str] = {}
        """Id to a word."""

    def run(self, step: str, inputs: Mapping[str, str], *outputs: str) -> list[str]:
        """Record a step that makes versions; return their ids."""
        step_id = self._begin(step)
        start(self.writer, step_id, inputs=inputs)
        made = [manifest(name, step_id, self.writer.run_id) for name in outputs]
        numbers = self.writer.step_completed(step_id, [(m.artifact_name, m) for m in made], {})
        self.writer.set_run(Status.COMPLETED)
        self.names.update(
            (m.id, f"{m.artifact_name}{number}") for m, number in zip(made, numbers.values(), strict=True)
        )
        return [m.id for m in made]

    def reuse(self, step: str, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> None:
        """Record a step that was not done since its versions were there."""
        self.writer.step_cached(
            self._begin(step), inputs=inputs, outputs=outputs, cache_key="k", parts=None, source_run_id="", metadata={}
        )
        self.writer.set_run(Status.COMPLETED)

    def _begin(self, step: str) -> str:
        step_id = new_id()
        self.names[step_id] = step
        self.writer.create_run(new_run())
        self.writer.add_steps([NewStepRun(step_id, step, 0, {}, [])])
        return step_id

    def edges(self, view: LineageView) -> set[str]:
        return {f"{self.names[e.source]} {e.kind} {self.names[e.target]}" for e in view.edges}

    def levels(self, view: LineageView) -> dict[str, int]:
        return {self.names[n.id]: n.level for n in view.nodes}


@pytest.fixture
def recorder(home: Path) -> Iterator[Recorder]:
    made = Recorder(Home(home))
    yield made
    made.writer.close()


@pytest.fixture
def catalog(home: Path, recorder: Recorder) -> Iterator[CatalogReader]:
    del recorder
    made = open_catalog(Home(home))
    yield made
    made.close()


def lineage(
    catalog: CatalogReader, version: str, *, up: bool = True, down: bool = True, depth: int = 9, limit: int = 99
) -> LineageView:
    view = catalog.lineage(version, up=up, down=down, depth=depth, limit=limit)
    known = {node.id for node in view.nodes}
    assert len(known) == len(view.nodes)
    assert all(edge.source in known and edge.target in known for edge in view.edges)
    return view


def test_both_ways(recorder: Recorder, catalog: CatalogReader) -> None:
    """Given a diamond, when its middle is looked at, then what is before and after it is there, no more."""
    (raw,) = recorder.run("load", {}, "raw")
    left, _beside = recorder.run("left", {"data": raw}, "left", "beside")
    (right,) = recorder.run("right", {"data": raw}, "right")
    recorder.run("join", {"a": left, "b": right, "c": left}, "joined")
    view = lineage(catalog, left)
    assert recorder.levels(view) == {"left1": 0, "left": -1, "raw1": -1, "load": -2, "join": 1, "joined1": 1}
    assert recorder.edges(view) == {
        "load output raw1", "raw1 input left", "left output left1", "left1 input join", "join output joined1"
    }  # fmt: skip
    assert {edge.name for edge in view.edges if edge.kind == "input"} == {"data", "a", "c"}
    assert (view.n_more_up, view.n_more_down, view.nodes[0].id) == (0, 0, left)
    assert set(recorder.levels(lineage(catalog, left, down=False))) == {"left1", "left", "raw1", "load"}
    whole = lineage(catalog, raw)
    assert {"left1 input join", "right1 input join", "left output beside1"} <= recorder.edges(whole)


def test_depth_and_limit_leave_out_with_a_count(recorder: Recorder, catalog: CatalogReader) -> None:
    (at,) = recorder.run("load", {}, "v")
    first = at
    for number in range(5):
        (at,) = recorder.run(f"s{number}", {"x": at}, "v")
    view = lineage(catalog, first, depth=2)
    assert recorder.levels(view) == {"v1": 0, "load": -1, "s0": 1, "v2": 1, "s1": 2, "v3": 2}
    assert (view.n_more_up, view.n_more_down) == (0, 1)
    view = lineage(catalog, at, down=False, depth=2)
    assert recorder.levels(view) == {"v6": 0, "s4": -1, "v5": -1, "s3": -2, "v4": -2}
    assert (view.n_more_up, view.n_more_down) == (1, 0)
    for number in range(30):
        recorder.run(f"user{number}", {"x": first})
    view = lineage(catalog, first, limit=10)
    assert len(view.nodes) == 12, "itself, one above, ten below"
    assert {"user29", "user20"} <= set(recorder.levels(view)), "the newest"
    assert view.n_more_down == 21, "20 others that use it, and s0"
    assert lineage(catalog, first, down=False, limit=10).n_more_down == 0


def test_what_was_reused(recorder: Recorder, catalog: CatalogReader) -> None:
    """Given steps that were not done again, even in a circle, then they are told from those that made a version."""
    (first,) = recorder.run("make", {}, "x")
    (made,) = recorder.run("double", {"x": first}, "y")
    (again,) = recorder.run("back", {"y": made}, "x")
    recorder.reuse("double again", {"x": again}, {"y": made})
    view = lineage(catalog, first)
    assert "double again reused y1" in recorder.edges(view)
    assert "x2 input double again" in recorder.edges(view)
    by_word = {recorder.names[node.id]: node for node in view.nodes}
    assert (by_word["y1"].n_reused, by_word["x1"].n_reused) == (1, 0)
    assert by_word["double again"].status is Status.CACHED
    up = lineage(catalog, made, down=False)
    assert set(recorder.levels(up)) == {"y1", "double", "x1", "make"}, "nothing comes from what was reused"


def test_what_is_saved_linked_and_deleted(home: Path, recorder: Recorder, catalog: CatalogReader) -> None:
    (first,) = recorder.run("make", {}, "x")
    maker = recorder.writer.run_id
    step = next(id_ for id_, word in recorder.names.items() if word == "make")
    note, given = manifest("note", step, maker), manifest("given")
    recorder.names.update({note.id: "note1", given.id: "given1"})
    model = recorder.writer.resolve_model(ModelSpec(name="churn"))
    recorder.writer.record_artifact(note, save_type="manual", step_run_id=step, model_version_id=model.model_version_id)
    recorder.writer.record_artifact(given, save_type="external")
    recorder.run("train", {"x": first, "y": given.id}, "model")
    recorder.names[model.model_version_id] = "churn"
    view = lineage(catalog, note.id)
    assert recorder.edges(view) == {"make saved note1", "note1 model churn"}
    assert {node.id: node.version for node in view.nodes}[model.model_version_id] == 1
    assert recorder.levels(lineage(catalog, given.id, up=False)) == {"given1": 0, "train": 1, "model1": 1}
    assert recorder.edges(lineage(catalog, given.id, down=False)) == set()
    with writing(Home(home)) as sql:
        delete_run(sql, maker)
    assert recorder.levels(lineage(catalog, first, down=False)) == {"x1": 0}, "who made it is not known any more"
