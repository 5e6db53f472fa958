"""The cache against a real catalog and a real store: whatever decides changes the key alone, and says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard.engine.cache import CacheDecision, KnownVersion, StepCache
from stackyard.engine.code_digest import CodeDigests
from stackyard.model.enums import MissReason
from stackyard.model.graph import OutputSpec, StepSource, StepSpec
from stackyard.storage.artifact_store import LocalArtifactStore
from stackyard.storage.catalog.connection import open_reader
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.catalog.writer import NewRun, NewStepRun, RunWriter
from stackyard.storage.home import Home
from stackyard.storage.ids import new_id
from stackyard.storage.materializers.lookup import Origin, save_version
from stackyard.storage.projects import Project
from tests.property.strategies import json_values, same

STORE_ID = "store-1"
PROJECT = Project("project-1", "p")


class World:
    """A home with a catalog, a store and a project with one module."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = Home(folder / "home")
        self.store = LocalArtifactStore(str(folder / "store"))
        (folder / "steps.py").write_text("def train(): ...\n")
        self.source = StepSource(module="steps", qualname="train", file=str(folder / "steps.py"))

    def version(self, value: Any) -> KnownVersion:
        manifest = save_version(self.store, value, Origin("value"))
        return KnownVersion(
            id=manifest.id, uri=manifest.uri, materializer=manifest.materializer, digest=manifest.digest,
            deterministic=manifest.deterministic, type=manifest.type,
        )  # fmt: skip

    def decide(
        self,
        spec: StepSpec,
        inputs: dict[str, KnownVersion],
        *,
        store_id: str = STORE_ID,
        project_id: str = PROJECT.id,
    ) -> CacheDecision:
        connection = open_reader(self.home)
        if connection is None:
            RunWriter(self.home, PROJECT).close()
            connection = open_reader(self.home)
        assert connection is not None
        reader = CatalogReader(connection, self.home)
        try:
            cache = StepCache(
                reader, self.store, store_id=store_id, project_id=project_id, pipeline="p",
                code=CodeDigests([str(self.folder)]),
            )  # fmt: skip
            return cache.decide(spec, self.source, inputs)
        finally:
            reader.close()

    def run(self, spec: StepSpec, inputs: dict[str, KnownVersion], result: Any) -> CacheDecision:
        """Record a completed run of the step, as a driver does."""
        decision = self.decide(spec, inputs)
        writer = RunWriter(self.home, PROJECT)
        try:
            run = NewRun(
                id=new_id(), pipeline="p", stack="default", stack_id="s", stack_origin="default",
                orchestrator="default", artifact_store="default", artifact_store_id=STORE_ID,
            )  # fmt: skip
            writer.create_run(run)
            step_run_id = new_id()
            writer.add_steps([NewStepRun(id=step_run_id, name=spec.name, position=0, parameters={}, upstream=[])])
            writer.step_started(
                step_run_id, pid=1, inputs={}, cache_key=decision.key, parts=decision.parts,
                reason=MissReason.NEVER_RAN, detail="",
            )  # fmt: skip
            manifest = save_version(self.store, result, Origin("result", run_id=run.id, step_run_id=step_run_id))
            writer.step_completed(step_run_id, [("output", manifest)], {"rows": 3})
        finally:
            writer.close()
        return decision


def step(**changes: Any) -> StepSpec:
    values: dict[str, Any] = {
        "name": "train",
        "source": StepSource(module="steps", qualname="train"),
        "parameters": {"rate": 0.1},
        "outputs": [OutputSpec(name="output", artifact_name="result")],
        "environment": {"SEED": "1"},
    }
    return StepSpec(**{**values, **changes})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_step_that_ran_is_reused_with_its_outputs_and_metadata(world: World) -> None:
    inputs = {"rows": world.version([1, 2])}
    first = world.run(step(), inputs, {"a": 1})
    assert (first.hit, first.reason) == (False, MissReason.NEVER_RAN)
    again = world.decide(step(), {"rows": world.version([1, 2])})
    assert again.hit
    assert again.metadata == {"rows": 3}
    assert list(again.outputs) == ["output"]
    assert again.outputs["output"].type == "dict"


@pytest.mark.parametrize(
    ("change", "reason", "detail"),
    [
        ({"parameters": {"rate": 0.2}}, MissReason.PARAMETER_CHANGED, "parameter rate changed"),
        ({"parameters": {"rate": 0.1, "n": 1}}, MissReason.PARAMETER_CHANGED, "parameter n changed"),
        ({"environment": {"SEED": "2"}}, MissReason.ENVIRONMENT_CHANGED, "environment variable SEED changed"),
        ({"outputs": [OutputSpec(name="output", artifact_name="x")]}, MissReason.CODE_CHANGED, "output output changed"),
        ({"enable_cache": False}, MissReason.DISABLED, "caching is off for this step"),
        ({"name": "other"}, None, ""),
    ],
)
def test_each_part_of_a_step_counts_alone(
    world: World, change: dict[str, Any], reason: MissReason | None, detail: str
) -> None:
    inputs = {"rows": world.version(1)}
    world.run(step(), inputs, 1)
    decision = world.decide(step(**change), inputs)
    if reason is None:  # what a step is called does not decide about what it computes
        assert decision.hit
    else:
        assert (decision.hit, decision.reason, decision.detail) == (False, reason, detail)


def test_code_store_and_project_count(world: World) -> None:
    world.run(step(), {}, 1)
    assert world.decide(step(), {}).hit
    elsewhere = world.decide(step(), {}, store_id="store-2")
    assert (elsewhere.hit, elsewhere.reason) == (False, MissReason.NEVER_RAN)
    assert not world.decide(step(), {}, project_id="project-2").hit
    (world.folder / "steps.py").write_text("def train(): return 1\n")
    changed = world.decide(step(), {})
    assert (changed.hit, changed.reason, changed.detail) == (
        False,
        MissReason.CODE_CHANGED,
        "code of steps.py changed",
    )


def test_outputs_that_are_gone_or_damaged_are_missing(world: World) -> None:
    world.run(step(), {}, 1)
    hit = world.decide(step(), {})
    data = Path(hit.outputs["output"].uri) / "data.json"
    data.write_text("2")
    damaged = world.decide(step(), {})
    assert (damaged.hit, damaged.reason) == (False, MissReason.ARTIFACT_MISSING)
    assert "is damaged" in damaged.detail
    data.unlink()
    assert "can't be read" in world.decide(step(), {}).detail


pairs = [("5", 5), (5, 5.0), (True, 1), ("true", True), ([], {}), ("", b""), ("null", None), (b"5", "5"), (-0.0, 0.0)]


@pytest.mark.parametrize(("one", "other"), pairs)
def test_values_that_look_alike_are_not_taken_for_each_other(world: World, one: Any, other: Any) -> None:
    world.run(step(), {"rows": world.version(one)}, 1)
    decision = world.decide(step(), {"rows": world.version(other)})
    assert (decision.hit, decision.reason) == (False, MissReason.INPUT_CHANGED)


values = json_values() | st.binary(max_size=5) | st.tuples(st.integers()) | st.complex_numbers(allow_nan=False)


@given(one=values, other=values)
def test_an_input_counts_as_the_same_only_when_it_is_equal(
    tmp_path_factory: pytest.TempPathFactory, one: Any, other: Any
) -> None:
    world = World(tmp_path_factory.getbasetemp())
    left, right = world.version(one), world.version(other)
    if left.identity() == right.identity():
        assert same(one, other)
    elif same(one, other):
        assert not left.deterministic or not right.deterministic
    assert world.version(one).identity() == left.identity() or not left.deterministic


def test_a_pickled_input_counts_by_its_version(world: World) -> None:
    """Pickles of equal values differ, so the version stands for the value: a needless miss, never a stale hit."""
    version = world.version({1, 2, 3})
    world.run(step(), {"rows": version}, 1)
    assert world.decide(step(), {"rows": version}).hit
    assert not world.decide(step(), {"rows": world.version({1, 2, 3})}).hit
