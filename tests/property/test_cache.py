"""The cache against a real catalog and a real store: whatever decides changes the key alone, and says so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard.engine.cache import CacheDecision, KnownVersion, StepCache
from stackyard.engine.code_digest import CodeDigests
from stackyard.model.enums import MissReason
from stackyard.model.errors import OptionError
from stackyard.model.graph import OutputSpec, StepSource, StepSpec
from stackyard.model.options import CachePolicy
from stackyard.storage.catalog.connection import open_reader
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.catalog.writer import NewRun, NewStepRun, RunWriter
from stackyard.storage.home import Home
from stackyard.storage.ids import new_id
from stackyard.storage.local_store import LocalArtifactStore
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
        (
            {"outputs": [OutputSpec(name="output", artifact_name="result", materializers=["stores:Mine"])]},
            MissReason.MATERIALIZER_CHANGED,
            "output output changed",
        ),
        ({"experiment_tracker": True}, None, ""),
        ({"cache_policy": CachePolicy(ignored_inputs=["other"])}, None, ""),
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
        "code of steps.py:train changed",
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
    assert "is missing" in world.decide(step(), {}).detail


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
    version = world.version(re.compile("a"))
    world.run(step(), {"rows": version}, 1)
    assert world.decide(step(), {"rows": version}).hit
    assert not world.decide(step(), {"rows": world.version(re.compile("a"))}).hit


def policy(**fields: Any) -> dict[str, Any]:
    return {"cache_policy": CachePolicy(**fields)}


@pytest.mark.parametrize(
    ("fields", "changed", "value"),
    [
        ({"ignored_inputs": ["rate"]}, {"parameters": {"rate": 0.2}}, 1),
        ({"ignored_inputs": ["rows"]}, {}, 2),
        ({"include_step_parameters": False}, {"parameters": {"rate": 0.2, "n": 1}}, 1),
        ({"include_artifact_values": False}, {}, 2),
    ],
)
def test_what_a_policy_leaves_out_does_not_count(
    world: World, fields: dict[str, Any], changed: dict[str, Any], value: int
) -> None:
    world.run(step(**policy(**fields)), {"rows": world.version(1), "rows_2[0]": world.version(1)}, 1)
    others = {"rows": world.version(value), "rows_2[0]": world.version(1)}
    assert world.decide(step(**policy(**fields), **changed), others).hit
    assert not world.decide(step(**changed, outputs=[]), others).hit, "what is left counts as before"


def test_versions_count_instead_of_values_when_the_policy_says_so(world: World) -> None:
    ids, version = policy(include_artifact_ids=True), world.version(1)
    world.run(step(**ids), {"rows": version}, 1)
    assert world.decide(step(**ids), {"rows": version}).hit
    assert not world.decide(step(**ids), {"rows": world.version(1)}).hit


def test_code_that_does_not_count(world: World) -> None:
    free = policy(include_step_code=False)
    world.run(step(**free), {}, 1)
    (world.folder / "steps.py").write_text("def train(): return 1\n")
    assert world.decide(step(**free), {}).hit
    world.source = world.source.model_copy(update={"qualname": "other"})
    assert not world.decide(step(**free), {}).hit, "another function is another step"


def test_an_item_counts_by_its_own_digest_or_by_its_place(world: World) -> None:
    whole, more = world.version([1, 2]), world.version([1, 2, 3])
    world.run(step(), {"row": whole.of_item(0, "sha256:1")}, 1)
    assert world.decide(step(), {"row": more.of_item(0, "sha256:1")}).hit
    assert not world.decide(step(), {"row": more.of_item(0, "sha256:2")}).hit
    world.run(step(), {"row": whole.of_item(0)}, 1)
    assert not world.decide(step(), {"row": whole.of_item(1)}).hit
    assert not world.decide(step(), {"row": whole}).hit
    assert whole.of_item(1).as_input().item == 1


def test_files_and_code_that_a_policy_names_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(world.folder))
    (world.folder / "data").mkdir()
    (world.folder / "data" / "a.csv").write_text("1")
    (world.folder / "query.sql").write_text("select 1")
    (world.folder / "helper_of_cache_test.py").write_text(
        "def answer():\n    return 42\n\n\nclass Tool:\n    rate = 1\n"
    )
    named = policy(
        file_dependencies=["data", "*.sql"],
        source_dependencies=["helper_of_cache_test.Tool"],
        cache_func="helper_of_cache_test.answer",
    )
    world.run(step(**named), {}, 1)
    assert world.decide(step(**named), {}).hit
    (world.folder / "data" / "a.csv").write_text("2")
    assert (world.decide(step(**named), {}).reason, world.decide(step(**named), {}).detail) == (
        MissReason.FILE_CHANGED, "file data/a.csv changed",
    )  # fmt: skip
    (world.folder / "data" / "b.csv").write_text("2")
    assert world.decide(step(**named), {}).detail == "file data/a.csv, file data/b.csv changed"
    (world.folder / "data" / "a.csv").write_text("1")
    (world.folder / "data" / "b.csv").unlink()
    monkeypatch.setattr("helper_of_cache_test.answer", lambda: 43)
    assert world.decide(step(**named), {}).detail == "result of helper_of_cache_test.answer changed"
    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(world.folder))
    assert world.decide(step(**named), {}).hit
    module = world.folder / "helper_of_cache_test.py"
    module.write_text(module.read_text().replace("rate = 1", "rate = 2"))
    assert world.decide(step(**named), {}).reason is MissReason.CODE_CHANGED


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"file_dependencies": ["gone.csv"]}, "there is no file 'gone.csv'"),
        ({"file_dependencies": ["*.gone"]}, "there is no file '*.gone'"),
        ({"source_dependencies": ["no_such_module.f"]}, "there is no module 'no_such_module'"),
        ({"source_dependencies": ["math.cos"]}, "'math.cos' has no Python source"),
        ({"cache_func": "json.lods"}, "json has no 'lods'"),
        ({"cache_func": "json.loads"}, "cache_func 'json.loads' failed: TypeError"),
    ],
)
def test_a_policy_that_can_not_be_followed_is_an_error(world: World, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        world.decide(step(**policy(**fields)), {})
    assert message in caught.value.message
    assert "'train'" in caught.value.message


def test_a_result_expires(world: World) -> None:
    world.run(step(), {}, 1)
    assert world.decide(step(**policy(expires_after=3600)), {}).hit
    expired = world.decide(step(**policy(expires_after=1e-9)), {})
    assert (expired.hit, expired.reason) == (False, MissReason.EXPIRED)
    assert "old" in expired.detail
