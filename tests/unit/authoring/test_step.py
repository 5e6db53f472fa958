"""``@step``: a plain function elsewhere, a recorded step in a pipeline; what does not fit is refused with a place."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from stackyard import step
from stackyard.authoring.pipeline import PipelineDefinition
from stackyard.authoring.step import StepDefinition
from stackyard.model.errors import (
    DefinitionError,
    InputError,
    InvalidNameError,
    ParameterError,
    SignatureError,
    StackyardError,
)
from stackyard.model.graph import PipelineSpec


def record(function: Any, given: dict[str, Any] | None = None, **options: Any) -> PipelineSpec:
    definition = PipelineDefinition(function, name="wiring")
    return definition.record(given or {}, definition.new_recorder(**options)).spec


@step
def load(rows: int = 3) -> Annotated[list[int], "dataset"]:
    """Load rows."""
    return list(range(rows))


@step
def split(data: list[int], share: float = 0.5) -> tuple[Annotated[list[int], "train"], Annotated[list[int], "test"]]:
    cut = int(len(data) * share)
    return data[:cut], data[cut:]


@step
def add(one: int, two: int) -> int:
    return one + two


@step
def say(text: str) -> None:
    print(text)


def test_elsewhere_a_step_is_its_function() -> None:
    assert load(rows=2) == [0, 1]
    assert split([1, 2, 3, 4], share=0.25) == ([1], [2, 3, 4])
    assert (getattr(load, "__name__", ""), load.__doc__) == ("load", "Load rows.")


def test_in_a_pipeline_calls_are_recorded_with_inputs_parameters_and_places() -> None:
    def wiring() -> None:
        train, _ = split(load(5), share=0.8)
        split(train)

    spec = record(wiring)
    assert [s.name for s in spec.steps] == ["load", "split", "split_2"]
    first, second, third = spec.steps
    assert (first.parameters, first.inputs) == ({"rows": 5}, {})
    assert (second.parameters, second.inputs["data"].step, second.inputs["data"].output) == (
        {"share": 0.8},
        "load",
        "dataset",
    )
    assert (third.inputs["data"].output, third.parameters) == ("train", {"share": 0.5})
    assert [o.artifact_name for o in second.outputs] == ["train", "test"]
    assert third.upstream() == ["split"]
    assert (second.file, second.line) == (__file__, wiring.__code__.co_firstlineno + 1)
    assert first.source.qualname == "load"


def test_an_unnamed_output_belongs_to_its_pipeline_and_step() -> None:
    def wiring() -> None:
        add(1, 2)

    (spec,) = record(wiring).steps
    assert [(o.name, o.artifact_name) for o in spec.outputs] == [("output", "wiring::add::output")]


def test_a_step_without_outputs_can_be_waited_for() -> None:
    def wiring() -> None:
        first = say("a")
        say("b", after=first)
        say("c", after=["say", load()], id="last")

    spec = record(wiring)
    assert [(s.name, s.after) for s in spec.steps[:2]] == [("say", []), ("say_2", ["say"])]
    assert (spec.steps[-1].name, spec.steps[-1].after) == ("last", ["say", "load"])
    assert spec.steps[0].outputs == []


def test_options_of_a_copy_leave_the_original_alone() -> None:
    changed = load.with_options(name="other", enable_cache=False, environment={"A": "1"})
    assert (changed.name, changed.enable_cache, changed.environment) == ("other", False, {"A": "1"})
    assert (load.name, load.enable_cache, load.environment) == ("load", None, {})
    assert changed.with_options(environment={"B": "2"}).environment == {"A": "1", "B": "2"}


@pytest.mark.parametrize(
    ("forced", "own", "pipeline", "expected"),
    [
        (None, None, None, True), (None, None, False, False), (None, True, False, True), (None, False, True, False),
        (False, True, True, False), (True, False, False, True),
    ],
)  # fmt: skip
def test_who_decides_about_caching(
    forced: bool | None, own: bool | None, pipeline: bool | None, expected: bool
) -> None:
    def wiring() -> None:
        load.with_options(enable_cache=own)()

    definition = PipelineDefinition(wiring, enable_cache=pipeline)
    spec = definition.record({}, definition.new_recorder(force_cache=forced)).spec
    assert spec.steps[0].enable_cache is expected


def test_a_run_configuration_gives_parameters_and_caching() -> None:
    def wiring() -> None:
        load()

    steps = {"load": {"parameters": {"rows": 9}, "enable_cache": False}}
    spec = record(wiring, configuration={"steps": steps}).steps[0]
    assert (spec.parameters, spec.enable_cache) == ({"rows": 9}, False)


def refused(error: type[StackyardError], call: Any) -> StackyardError:
    with pytest.raises(error) as caught:
        record(call)
    assert type(caught.value) is error
    assert caught.value.hint
    assert caught.value.location is not None
    assert caught.value.location.file == __file__
    return caught.value


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: load("3"), ParameterError, "must be int, got '3'"),
        (lambda: load(2.5), ParameterError, "must be int, got 2.5"),
        (lambda: load(rosw=3), ParameterError, "no parameter 'rosw'"),
        (lambda: load(1, 2), InputError, "can't be called like this"),
        (lambda: add(1), InputError, "is called without 'two'"),
        (lambda: split(split(load())), InputError, "was given all outputs of step 'split'"),
        (lambda: say(object()), ParameterError, "must be str"),
        (lambda: load(id="a/b"), InvalidNameError, "can't be the name of a step"),
        (lambda: (load(id="x"), load(id="x")), DefinitionError, "has a step 'x' already"),
        (lambda: say("a", after="nobody"), InputError, "waits for 'nobody'"),
        (lambda: say("a", after=5), InputError, "after= was given an int"),
        (lambda: bool(load()), DefinitionError, "was asked for its value"),
        (lambda: load() == [], DefinitionError, "was asked for its value"),
        (lambda: list(load()), DefinitionError, "can't be unpacked"),
    ],
)
def test_what_does_not_fit_is_refused_at_the_call(call: Any, error: type[StackyardError], text: str) -> None:
    if error is InvalidNameError:
        with pytest.raises(InvalidNameError, match=text):
            record(call)
    else:
        assert text in refused(error, call).message


def test_a_pipeline_without_steps_is_none() -> None:
    assert "calls no steps" in refused(DefinitionError, lambda: None).message


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda *args: None, r"'\*args'"),
        (lambda **kwargs: None, r"'\*\*kwargs'"),
        (lambda a, /: None, "'a'"),
    ],
)
def test_parameters_without_names_are_refused(function: Any, text: str) -> None:
    with pytest.raises(SignatureError, match=text):
        StepDefinition(function, name="f")


def test_two_outputs_of_one_name_are_refused() -> None:
    def twice() -> tuple[Annotated[int, "a"], Annotated[str, "a"]]:
        return 1, "a"

    with pytest.raises(SignatureError, match="more than one output named 'a'"):
        step(twice)


def test_handles_say_what_they_are() -> None:
    seen: list[str] = []

    def wiring() -> None:
        train, _ = outputs = split(load())
        seen.extend([repr(train), str(outputs.outputs["test"])])
        assert len({train, train}) == 1

    record(wiring)
    assert seen == ["<output 'train' of step 'split'>", "<output 'test' of step 'split'>"]
