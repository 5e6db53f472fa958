"""``@pipeline``: parameters, options, and who runs it."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import stackyard
from stackyard import pipeline, step
from stackyard.authoring import context
from stackyard.authoring import pipeline as module
from stackyard.authoring.context import NameInfo, RunInfo
from stackyard.model.errors import (
    DefinitionError,
    ParameterError,
    RunConfigurationError,
    UsageError,
)
from stackyard.model.problems import Problems

SERVICES: Any = None
"""A step that asks for nothing."""


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


@pytest.fixture
def in_a_step() -> Iterator[None]:
    names = (NameInfo("p"), NameInfo("s"))
    token = context.enter(context.StepContext("train", "1", RunInfo("2", "p-1"), *names, {}, (), SERVICES))
    yield
    context.leave(token)


@pytest.mark.usefixtures("in_a_step")
def test_in_a_running_step_it_is_refused_but_not_while_a_module_is_imported(
    calls: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="'simple' was called in the running step 'train'") as caught:
        simple()
    assert caught.value.location is not None
    assert caught.value.location.file == __file__
    assert calls == []
    (tmp_path / "calls_at_the_top.py").write_text(
        "from stackyard import pipeline\n@pipeline\ndef top(): ...\ndef main():\n    top()\nmain()\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("calls_at_the_top")
    assert calls == [{"name": "top"}]  # its runner, in a worker, does nothing


# what a pipeline's function can ask ---------------------------------------------------------------------------------


def test_a_pipeline_knows_itself_while_it_wires() -> None:
    seen: list[Any] = []

    @pipeline(tags=["a"], extra={"team": "x"}, model="churn", enable_cache=False, substitutions={"who": "me"})
    def wide(n: int = 3) -> None:
        seen.append(stackyard.get_pipeline_context())
        work(n)

    configuration = {"tags": ["b"], "extra": {"file": 1}}
    wide.record({"n": 4}, wide.new_recorder(configuration=configuration))
    (found,) = seen
    assert (found.name, found.parameters, found.enable_cache) == ("wide", {"n": 4}, False)
    assert (found.tags, found.extra) == (("a", "b"), {"team": "x", "file": 1})
    assert found.substitutions["who"] == "me"
    assert isinstance(found.model, stackyard.Model)
    assert found.model.__stackyard_model__().name == "churn"
    with pytest.raises(UsageError, match="outside of a pipeline"):
        stackyard.get_pipeline_context()


def test_everything_that_is_wrong_is_collected_where_recording_can_go_on() -> None:
    def wiring() -> None:
        first = work("a")
        work(n=1, m=2)
        work()
        work(1, after="nobody")
        work(first, id="twice")
        work(first, id="twice")
        work([[first]])
        work(1, start_after=first)

    definition: module.PipelineDefinition[Any] = module.PipelineDefinition(wiring, name="p")
    problems = Problems()
    recorder = definition.new_recorder(configuration={"steps": {"wrok": {}}}, problems=problems)
    spec = definition.record({}, recorder).spec
    recorder.check_configured_steps()
    assert [type(each).__name__ for each in problems] == [
        "ParameterError", "ParameterError", "InputError", "InputError", "DefinitionError", "InputError", "OptionError",
        "RunConfigurationError",
    ]  # fmt: skip
    assert [each.location.line for each in problems if each.location][:7] == [
        wiring.__code__.co_firstlineno + line for line in (1, 2, 3, 4, 6, 7, 8)
    ]
    assert len(spec.steps) == 8


@pipeline(environment={"WHO": "first"})
async def first_inside() -> None:
    await asyncio.sleep(0)
    work(1)


@pipeline
async def second_inside() -> None:
    await asyncio.sleep(0)
    work(2)
    await asyncio.sleep(0)
    work(3)


@pipeline
async def taking_turns() -> None:
    await asyncio.gather(first_inside(), second_inside())
    work(4)


def test_async_pipelines_that_take_turns_keep_their_options_to_themselves() -> None:
    recorded = taking_turns.record({}, taking_turns.new_recorder()).spec
    assert [step.environment for step in recorded.steps] == [{"WHO": "first"}, {}, {}, {}]
