"""Pipelines that look at values: what is recorded runs meanwhile, handles load, loop and map."""

from __future__ import annotations

import re
from typing import Annotated, Any

import pytest

from stackyard.authoring.coroutines import finished
from stackyard.authoring.handles import OutputHandle
from stackyard.authoring.mapped import StepResults, unmapped
from stackyard.authoring.pipeline import PipelineDefinition, pipeline
from stackyard.authoring.recorder import Recorder, recording
from stackyard.authoring.step import step
from stackyard.model.digest import digest_value
from stackyard.model.errors import DefinitionError, InputError, StackyardError
from stackyard.model.graph import OutputRef


class Runs:
    """Runs what is recorded when a value is asked for, as a driver does, but right here."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.values: dict[tuple[str, str], Any] = {}
        self.ran: list[str] = []
        self.batches: list[int] = []

    def _member(self, ref: OutputRef) -> Any:
        value = self.values[ref.step, ref.output]
        return value if ref.item is None else value[ref.item]

    def _catch_up(self) -> None:
        specs, definitions = self.recorder.take_new()
        self.batches.append(len(specs))
        for spec in specs:
            given = dict(spec.parameters)
            for name, ref in spec.inputs.items():
                listed = re.fullmatch(r"(.*)\[(\d+)\]", name)
                if listed:
                    given.setdefault(listed[1], []).append(self._member(ref))
                else:
                    given[name] = self._member(ref)
            with recording(None):
                result = finished(definitions[spec.name].function(**given))
            self.ran.append(spec.name)
            results = [result] if len(spec.outputs) == 1 else list(result or ())
            self.values.update({(spec.name, o.name): v for o, v in zip(spec.outputs, results, strict=True)})

    def load(self, ref: OutputRef) -> Any:
        self._catch_up()
        return self.values[ref.step, ref.output]

    def wait(self, step: str) -> None:
        self._catch_up()
        assert step in self.ran


def run(function: Any) -> Runs:
    definition = function if isinstance(function, PipelineDefinition) else PipelineDefinition(function, name="growing")
    recorder = definition.new_recorder()
    runs = Runs(recorder)
    recorder.values = runs
    definition.record({}, recorder)
    runs._catch_up()
    return runs


@step
def numbers(count: int = 3) -> list[int]:
    return list(range(count))


@step
def double(n: int, by: int = 2) -> int:
    return n * by


@step
def both(n: int) -> tuple[Annotated[int, "one"], Annotated[int, "two"]]:
    return n, n + 1


@step
def total(values: list[int], start: int = 0) -> int:
    return sum(values, start)


@step
def say(text: str) -> None:
    del text


@step
async def later(n: int) -> int:
    return n + 10


def test_values_decide_what_is_recorded() -> None:
    seen: list[Any] = []

    def wiring() -> None:
        found = numbers(3)
        if len(found.load()) > 2:
            seen.append(double(5).load())
        double(n=seen[0])
        done = say("x")
        done.wait()
        seen.extend([done.load(), both(1).load(), both(2).result().outputs["two"].load(), found.artifacts() is found])

    runs = run(wiring)
    assert seen == [10, None, (1, 2), 3, True]
    assert runs.ran == ["numbers", "double", "double_2", "say", "both", "both_2"]
    assert runs.values["double_2", "output"] == 20


def test_members_are_inputs_with_their_own_digests() -> None:
    seen: list[OutputHandle] = []

    def wiring() -> None:
        found = numbers(3)
        for member in found:
            seen.append(member)
            if member.load() != 1:
                double(member)
        double(found.chunk(1), id="chunk")
        first, _, last = found
        total([first, last, found.chunk(0)])

    runs = run(wiring)
    specs = {spec.name: spec for spec in runs.recorder.specs}
    assert [(h.ref.item, h.ref.item_digest) for h in seen] == [(i, digest_value("item/1", i)) for i in range(3)]
    assert specs["double_2"].inputs["n"] == seen[2].ref
    assert (specs["chunk"].inputs["n"].item, specs["chunk"].inputs["n"].item_digest) == (1, "")
    assert list(specs["total"].inputs) == ["values[0]", "values[1]", "values[2]"]
    assert specs["total"].upstream() == ["numbers"]
    assert (runs.values["double_2", "output"], runs.values["total", "output"]) == (4, 2)


def test_members_without_a_json_value_have_no_digest() -> None:
    @step
    def pairs() -> list[tuple[int, int]]:
        return [(1, 2), (3, 4)]

    digests: list[str] = []
    run(lambda: digests.extend(member.ref.item_digest for member in pairs()))
    assert digests == ["", ""]


def test_mapping_makes_a_step_of_each_member() -> None:
    seen: list[Any] = []

    def wiring() -> None:
        found = numbers(4)
        doubled = double.map(found, by=unmapped(3))
        again = double.map(n=doubled, by=[1, 2, 3, 4], after=found)
        seen.append(again.load())
        total(again, start=1)
        pairs = both.map([5, 6])
        ones, twos = pairs.unpack()
        total(ones, id="ones")
        total(list(twos), id="twos")
        say.map(["a", "b"]).wait()
        products = double.product(n=found, by=[1, 10])
        seen.extend([len(products), products[1].load(), products[-2:].load(), [h.load() for h in products][:3]])
        total(double.map([]), id="nothing")
        total([], id="empty")

    runs = run(wiring)
    assert seen == [[0, 6, 18, 36], 8, 0, [3, 30], [0, 0, 1]]
    assert runs.values["total", "output"] == 61
    assert (runs.values["ones", "output"], runs.values["twos", "output"]) == (11, 13)
    assert (runs.values["nothing", "output"], runs.values["empty", "output"]) == (0, 0)
    specs = {spec.name: spec for spec in runs.recorder.specs}
    assert specs["double_5"].after == ["numbers"]
    assert specs["nothing"].parameters == {"values": [], "start": 0}
    assert [name for name in specs if name.startswith("say")] == ["say", "say_2"]


def test_lists_of_values_are_mapped_without_running_anything() -> None:
    definition = PipelineDefinition(lambda: total(double.map([1, 2, 3])), name="p")
    spec = definition.record({}, definition.new_recorder()).spec
    assert [s.parameters for s in spec.steps[:3]] == [{"n": n, "by": 2} for n in (1, 2, 3)]
    assert [ref.step for ref in spec.steps[3].inputs.values()] == ["double", "double_2", "double_3"]


def test_a_section_of_a_run_configuration_counts_for_every_call_of_a_map() -> None:
    definition = PipelineDefinition(lambda: (double.map([1, 2]), double(3)), name="p")
    steps = {"double": {"retry": {"max_retries": 3}, "parameters": {"by": 7}}, "double_2": {"parameters": {"by": 8}}}
    recorder = definition.new_recorder(configuration={"steps": steps})
    specs = definition.record({}, recorder).spec.steps
    recorder.check_configured_steps()
    assert [(s.retry is not None, s.parameters["by"]) for s in specs] == [(True, 7), (True, 8), (False, 2)]


def test_pipelines_in_pipelines_and_async_ones_hand_on_handles() -> None:
    @pipeline(retry=4, tags=["inner"])
    def inner(n: Any) -> Any:
        return double(n), both.with_options(retry=1)(n)

    @pipeline(retry=2)
    async def between(n: int) -> Any:
        value = await later(n)  # not needed, and natural
        first, (one, _) = inner(value)
        return total([first, one])

    seen: list[int] = []

    @pipeline(environment={"A": "1"})
    async def outer() -> None:
        seen.append((await between(1)).load())
        double(1)

    runs = run(outer)
    assert seen == [22 + 11]
    specs = {spec.name: spec for spec in runs.recorder.specs}
    assert {name: spec.retry and spec.retry.max_retries for name, spec in specs.items()} == {
        "later": 2, "double": 4, "both": 1, "total": 2, "double_2": None,
    }  # fmt: skip
    assert {name: spec.tags for name, spec in specs.items() if spec.tags} == {"double": ["inner"], "both": ["inner"]}
    assert all(spec.environment == {"A": "1"} for spec in specs.values())


def refused(call: Any, *, running: bool = True) -> StackyardError:
    definition = PipelineDefinition(lambda: (call(),), name="p")
    recorder = definition.new_recorder()
    recorder.values = Runs(recorder) if running else None
    with pytest.raises(StackyardError) as caught:
        definition.record({}, recorder)
    assert caught.value.hint
    assert caught.value.location is not None
    assert caught.value.location.file == __file__
    return caught.value


@pytest.mark.parametrize(
    ("call", "text", "hint"),
    [
        (lambda: bool(numbers()), "as if it were there", "if handle.load()"),
        (lambda: numbers() == [1], "as if it were there", "handle.load() =="),
        (lambda: numbers() != [1], "as if it were there", "handle.load() =="),
        (lambda: len(numbers()), "as if it were there", "len(handle.load())"),
        (lambda: 1 in numbers(), "as if it were there", "in handle.load()"),
        (lambda: double(1) + 1, "as if it were there", "handle.load() + ..."),
        (lambda: 1 - double(1), "as if it were there", "handle.load() - ..."),
        (lambda: double(1) < 2, "as if it were there", "handle.load() < ..."),
        (lambda: float(double(1)), "as if it were there", "float(handle.load())"),
        (lambda: numbers()[0], "as if it were there", "handle.chunk(0)"),
        (lambda: f"model_{numbers()}", "as if it were there", "{handle.load()}"),
        (lambda: bool(both(1)), "What step 'both' returns", "if handle.load()"),
        (lambda: both(1).get_artifact("three"), "no output 'three'", "one, two"),
        (lambda: list(double(1)), "is an int, which has no members", "Return a list"),
        (lambda: numbers().chunk(-1), "has no member -1", "from 0 on"),
        (lambda: numbers().chunk(7).load(), "does not exist: the value has 3 members", "number 0"),
        (lambda: list(numbers().chunk(0)), "is a member of an output itself", "Load it"),
        (lambda: double.map(n=1), "given nothing that has members", "double(...)"),
        (lambda: double.map(n=[1, 2], by=[1]), "different lengths: n has 2, by has 1", "unmapped"),
        (lambda: double.map(both(1)), "given all outputs of step 'both'", "one, two"),
        (lambda: total(both.map([1])), "has not just one output", "unpack()"),
        (lambda: total([double(1), 2]), "with an int in place 1", "ExternalArtifact(value=...)"),
        (lambda: total([double(1), both(2)]), "with a step's outputs in place 1", "single outputs"),
        (lambda: total([[double(1)]]), "a list that holds outputs of steps inside", "flat list"),
        (lambda: say({"a": both(1)}), "a dict that holds outputs of steps inside", "flat list"),
        (lambda: double(double), "given the step 'double' itself", "double()"),
        (lambda: double.map(numbers(), id="x"), "was called with id=", "A name for this call"),
        (lambda: double(1, start_after=numbers()), "was called with start_after=", "use after="),
    ],
)
def test_traps_are_told_with_what_to_write_instead(call: Any, text: str, hint: str) -> None:
    error = refused(call)
    assert text in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    "call",
    [lambda: numbers().load(), lambda: list(numbers()), lambda: say("a").wait(), lambda: double.map(numbers())],
)
def test_nothing_is_loaded_while_a_pipeline_is_only_recorded(call: Any) -> None:
    error = refused(call, running=False)
    assert isinstance(error, DefinitionError)
    assert error.details == {"dynamic": True}


def test_attributes_of_values_are_named_in_the_error() -> None:
    with pytest.raises(AttributeError, match=r"handle\.load\(\)\.shape"):
        run(lambda: numbers().shape)


def test_handles_of_another_call_are_refused() -> None:
    kept: list[Any] = []
    run(lambda: kept.append(numbers()))
    error = refused(lambda: total(kept[0]))
    assert isinstance(error, InputError)
    assert "of another call of a pipeline" in error.message


def test_outside_of_a_pipeline_there_is_no_map() -> None:
    with pytest.raises(DefinitionError, match="outside of a pipeline"):
        double.map([1])


def test_what_is_recorded_is_taken_once_and_told() -> None:
    told: list[int] = []

    def wiring() -> None:
        double.map([1, 2])
        numbers().load()
        double(3)

    definition = PipelineDefinition(wiring, name="p")
    recorder = definition.new_recorder()
    recorder.on_added = lambda: told.append(len(recorder.specs))
    recorder.values = runs = Runs(recorder)
    recorded = definition.record({}, recorder)
    assert (told, runs.batches) == ([1, 2, 3, 4], [3])
    assert [spec.name for spec in recorder.take_new()[0]] == ["double_3"]
    assert recorder.take_new() == ([], {})
    assert len(recorded.spec.steps) == len(recorded.definitions) == 4


def test_results_of_a_map_behave_like_a_list() -> None:
    seen: list[Any] = []

    def wiring() -> None:
        found = double.map([1, 2, 3])
        seen.extend([len(found), found[0].step_name, [h.step_name for h in found], repr(found), found.futures])
        assert isinstance(found[:2], StepResults)
        say("x", after=found)
        say("y", after=[found[1:], numbers()])

    runs = run(wiring)
    assert seen[:4] == [3, "double", ["double", "double_2", "double_3"], "<3 results of step 'double'>"]
    assert [spec.after for spec in runs.recorder.specs if spec.name.startswith("say")] == [
        ["double", "double_2", "double_3"],
        ["double_2", "double_3", "numbers"],
    ]
