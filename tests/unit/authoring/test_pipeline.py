"""``@pipeline``: parameters, options, and who runs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from stackyard import pipeline, step
from stackyard.authoring import pipeline as module
from stackyard.model.errors import (
    DefinitionError,
    ParameterError,
    RunConfigurationError,
)


@step
def work(n: int) -> int:
    return n


@pipeline
def simple(n: int = 1, name: str = "x") -> None:
    """Do little."""
    work(n)


@pipeline(name="needy", enable_cache=False)
def needs(n: int) -> None:
    work(n)


@pytest.fixture
def calls() -> Iterator[list[dict[str, Any]]]:
    before = list(module._runner)
    found: list[dict[str, Any]] = []
    module.set_runner(lambda definition, given: found.append({"name": definition.name, **given}))
    yield found
    module._runner[:] = before


def recorded(definition: Any, given: dict[str, Any], given_as: str = "code") -> Any:
    return definition.record(given, definition.new_recorder(), given_as=given_as).spec


def test_calling_it_hands_it_to_the_runner_with_what_was_given(calls: list[dict[str, Any]]) -> None:
    simple(5)
    needs(n=2)
    assert calls == [{"name": "simple", "n": 5}, {"name": "needy", "n": 2}]


def test_parameters_are_recorded_with_defaults() -> None:
    spec = recorded(simple, {"n": 4})
    assert (spec.name, spec.parameters) == ("simple", {"n": 4, "name": "x"})
    assert spec.steps[0].parameters == {"n": 4}
    assert spec.file == __file__


def test_typed_texts_are_converted() -> None:
    assert recorded(simple, {"n": "7"}, "text").parameters["n"] == 7


@pytest.mark.parametrize(
    ("given", "text"),
    [({}, "needs a value for 'n'"), ({"n": "a"}, "must be int"), ({"n": 1, "m": 2}, "no parameter 'm'")],
)
def test_wrong_parameters_are_refused(given: dict[str, Any], text: str) -> None:
    with pytest.raises(ParameterError, match=text) as caught:
        recorded(needs, given)
    assert caught.value.hint


def test_a_wrong_call_is_refused(calls: list[dict[str, Any]]) -> None:
    with pytest.raises(ParameterError, match="can't be called like this"):
        simple(1, "a", 3)  # type: ignore[call-arg, unused-ignore]
    with pytest.raises(ParameterError, match="no parameter 'm'"):
        simple(m=3)  # type: ignore[call-arg, unused-ignore]
    assert calls == []


def test_options_of_a_copy_leave_the_original_alone() -> None:
    changed = simple.with_options(stack="remote", run_name="r", config_path="c.yaml", enable_cache=False)
    assert (changed.options.stack, changed.options.run_name, changed.options.config_path) == ("remote", "r", "c.yaml")
    assert simple.options == module.PipelineOptions()
    assert changed.with_options(stack="other").options.run_name == "r"


def test_a_pipeline_in_a_pipeline_adds_its_steps() -> None:
    @pipeline
    def outer() -> None:
        simple(2)
        simple(3)

    assert [(s.name, s.parameters["n"]) for s in recorded(outer, {}).steps] == [("work", 2), ("work_2", 3)]


def test_a_pipeline_that_raises_leaves_no_recorder_behind() -> None:
    @pipeline
    def bad() -> None:
        work(1)
        raise LookupError

    with pytest.raises(LookupError):
        recorded(bad, {})
    assert work(3) == 3


def test_a_section_for_a_step_that_is_not_there_is_refused() -> None:
    recorder = simple.new_recorder(configuration={"steps": {"wrok": {}}}, file="/p/c.yaml")
    simple.record({}, recorder)
    with pytest.raises(RunConfigurationError, match="'wrok'") as caught:
        recorder.check_configured_steps()
    assert "Did you mean 'work'" in caught.value.hint
    assert caught.value.location is not None
    assert caught.value.location.file == "/p/c.yaml"


def test_without_a_runner_it_says_what_to_import() -> None:
    before = list(module._runner)
    module._runner.clear()
    try:
        with pytest.raises(DefinitionError, match="through the package"):
            simple()
    finally:
        module._runner[:] = before
