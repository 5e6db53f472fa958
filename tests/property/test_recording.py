"""Recording pipelines: whatever calls a function makes, the graph says exactly these; options join as they should."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stackyard.authoring.mapped import unmapped
from stackyard.authoring.options import StepOptions
from stackyard.authoring.pipeline import PipelineDefinition
from stackyard.authoring.recorder import Recorder
from stackyard.authoring.step import StepDefinition, step
from stackyard.authoring.vocabulary import PIPELINE_CHANGES, PIPELINE_OPTIONS, STEP_CHANGES, STEP_OPTIONS
from stackyard.model.errors import StackyardError
from stackyard.model.graph import PipelineSpec, topological_order
from stackyard.model.options import ModelSpec, ResourceSettings, StepRetryConfig
from tests.property.strategies import json_values


@step
def first(a: Any = None, b: Any = None) -> Any:
    return a, b


@step
def second(a: Any = None, b: Any = None) -> Any:
    return b, a


STEPS = (first, second)


def record(function: Any) -> tuple[PipelineSpec, Recorder]:
    definition: PipelineDefinition[Any] = PipelineDefinition(function, name="p")
    recorder = definition.new_recorder()
    return definition.record({}, recorder).spec, recorder


@st.composite
def programs(draw: st.DrawFn) -> list[tuple[int, list[Any], list[int]]]:
    """Return calls: which step, its arguments (``("out", i)``, lists of these, values), what it waits for."""
    calls: list[tuple[int, list[Any], list[int]]] = []
    for number in range(draw(st.integers(1, 12))):
        value = json_values(st.integers() | st.text("ab", max_size=3), st.text("ab", max_size=3))
        argument = value.map(lambda v: ("value", v))
        if number:
            out = st.integers(0, number - 1).map(lambda i: ("out", i))
            argument |= out | st.lists(out, min_size=1, max_size=4).map(lambda refs: ("list", refs))
        arguments = draw(st.lists(argument, max_size=2))
        waits = draw(st.lists(st.integers(0, number - 1), max_size=2)) if number else []
        calls.append((draw(st.integers(0, 1)), arguments, waits))
    return calls


@given(programs())
def test_the_graph_is_what_the_function_called(program: list[tuple[int, list[Any], list[int]]]) -> None:
    def wiring() -> None:
        handles: list[Any] = []

        def given_as(argument: Any) -> Any:
            kind, content = argument
            return (
                handles[content] if kind == "out" else [handles[i] for _, i in content] if kind == "list" else content
            )

        for which, arguments, waits in program:
            handles.append(STEPS[which](*map(given_as, arguments), after=[handles[i] for i in waits]))

    spec, recorder = record(wiring)
    names = [s.name for s in spec.steps]
    assert len(set(names)) == len(names) == len(program)
    counted = Counter(STEPS[which].name for which, _, _ in program)
    assert set(names) == {n if i == 1 else f"{n}_{i}" for n, count in counted.items() for i in range(1, count + 1)}
    for made, (_, arguments, waits) in zip(spec.steps, program, strict=True):
        inputs: dict[str, str] = {}
        parameters: dict[str, Any] = {"a": None, "b": None}
        for name, (kind, content) in zip("ab", arguments, strict=False):
            if kind == "value":
                parameters[name] = content
                continue
            del parameters[name]
            outs = {name: content} if kind == "out" else {f"{name}[{place}]": i for place, (_, i) in enumerate(content)}
            inputs.update({key: names[i] for key, i in outs.items()})
        assert {key: ref.step for key, ref in made.inputs.items()} == inputs
        assert made.parameters == parameters
        assert made.after == list(dict.fromkeys(names[i] for i in waits))
    assert sorted(topological_order(spec.steps)) == sorted(names)
    assert PipelineSpec.model_validate_json(spec.model_dump_json()) == spec
    assert recorder.take_new() == (spec.steps, recorder.definitions)


@given(st.lists(st.integers(), max_size=4), st.lists(st.integers(), max_size=4), st.booleans())
def test_maps_and_products_are_those_of_python(ones: list[int], others: list[int], combine: bool) -> None:
    others = others if combine else others[: len(ones)] + [0] * (len(ones) - len(others))

    def wiring() -> None:
        first()
        results = (second.product if combine else second.map)(a=ones, b=others)
        first(results)
        second.map(a=results, b=unmapped([1, 2]))

    steps = record(wiring)[0].steps
    expected = list(itertools.product(ones, others) if combine else zip(ones, others, strict=True))
    count = len(expected)
    assert [(s.parameters["a"], s.parameters["b"]) for s in steps[1 : count + 1]] == expected
    gathered, mapped = steps[count + 1], steps[count + 2 :]
    called = [s.name for s in steps[1 : count + 1]]
    assert [ref.step for ref in gathered.inputs.values()] == called
    nothing: dict[str, Any] = {"a": [], "b": None}
    assert gathered.parameters == ({"b": None} if called else nothing)
    assert [(s.inputs["a"].step, s.parameters["b"]) for s in mapped] == [(name, [1, 2]) for name in called]


names = st.sampled_from("abc")
options = st.builds(
    StepOptions,
    enable_cache=st.none() | st.booleans(),
    retry=st.none() | st.builds(StepRetryConfig, max_retries=st.integers(0, 3)),
    timeout_s=st.none() | st.sampled_from([1.0, 2.0]),
    model=st.none() | st.builds(ModelSpec, name=names),
    experiment_tracker=st.none() | st.booleans() | names,
    resources=st.none()
    | st.sampled_from([ResourceSettings(cpu_count=1), ResourceSettings(memory="1GB"), ResourceSettings(gpu_count=2)]),
    environment=st.dictionaries(names, names),
    secrets=st.lists(names, unique=True),
    tags=st.lists(names, unique=True),
    extra=st.dictionaries(names, st.integers(0, 3)),
    substitutions=st.dictionaries(names, names),
)


@given(options, options, options)
def test_options_join_place_by_place_and_the_stronger_wins(
    weak: StepOptions, middle: StepOptions, strong: StepOptions
) -> None:
    joined = weak.under(middle).under(strong)
    assert joined == weak.under(middle.under(strong))
    assert weak.under(StepOptions()) == weak == StepOptions().under(weak)
    for name in StepOptions.field_names:
        new, old, found = (getattr(options, name) for options in (strong, weak.under(middle), joined))
        if isinstance(new, dict):
            assert found == {**old, **new}
        elif isinstance(new, list):
            assert found == list(dict.fromkeys([*old, *new]))
        elif isinstance(new, ResourceSettings):
            assert all(getattr(found, each) == getattr(new, each) for each in new.model_fields_set)
        else:
            assert found == (old if new is None else new)


wild = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.binary(max_size=3)
    | st.sampled_from([object(), len, int, step, {}, [], {"a"}, (1,), {1: 2}, {"a": object()}, [None], lambda: 1])
    | st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=3) | st.none(), max_size=2)
)  # fmt: skip


def refused_well(error: StackyardError) -> None:
    assert error.message
    assert error.hint


def plain(n: int = 1) -> int:
    return n


@given(st.dictionaries(st.sampled_from([*STEP_OPTIONS, *STEP_CHANGES, "other"]), wild, max_size=3))
def test_a_step_takes_an_option_or_says_what_is_wrong_with_it(given_options: dict[str, Any]) -> None:
    try:
        changed: StepDefinition[Any] = step(plain).with_options(**given_options)
        spec, _ = record(lambda: (changed(),))
    except StackyardError as error:
        refused_well(error)
        return
    assert PipelineSpec.model_validate_json(spec.model_dump_json()).steps[0].name == changed.name


@given(st.dictionaries(st.sampled_from([*PIPELINE_OPTIONS, *PIPELINE_CHANGES, "other"]), wild, max_size=3))
def test_a_pipeline_takes_an_option_or_says_what_is_wrong_with_it(given_options: dict[str, Any]) -> None:
    definition: PipelineDefinition[Any] = PipelineDefinition(lambda: (first(),), name="p")
    try:
        changed = definition.with_options(**given_options)
        recorded = changed.record({}, changed.new_recorder())
    except StackyardError as error:
        refused_well(error)
        return
    assert PipelineSpec.model_validate_json(recorded.spec.model_dump_json()).name == changed.name
