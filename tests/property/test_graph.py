"""The order of the steps."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stackyard.model.errors import CycleError
from stackyard.model.graph import StepSpec, topological_order
from tests.property.strategies import graphs, spec


@given(graphs())
def test_each_step_comes_after_what_it_waits_for(steps: list[StepSpec]) -> None:
    order = topological_order(steps)
    assert sorted(order) == sorted(s.name for s in steps)
    for step in steps:
        assert all(order.index(up) < order.index(step.name) for up in step.upstream())


@given(graphs())
def test_levels_follow_each_other_and_keep_the_recorded_order(steps: list[StepSpec]) -> None:
    level: dict[str, int] = {}
    for step in steps:
        level[step.name] = 1 + max((level[up] for up in step.upstream()), default=-1)
    recorded = [s.name for s in steps]
    assert topological_order(steps) == sorted(recorded, key=lambda name: (level[name], recorded.index(name)))


@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_does_not_hang_on_the_order_of_recording_but_for_ties(steps: list[StepSpec], random: object) -> None:
    shuffled = list(steps)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    order = topological_order(shuffled)
    for step in steps:
        assert all(order.index(up) < order.index(step.name) for up in step.upstream())


@given(graphs(), st.data())
def test_a_cycle_is_named_with_its_steps(steps: list[StepSpec], data: st.DataObject) -> None:
    last = steps[-1]
    upstream = set(last.upstream())
    for step in reversed(steps):
        if step.name in upstream:
            upstream |= set(step.upstream())
    target = data.draw(st.sampled_from([*sorted(upstream), last.name]))
    closed = [s if s.name != target else s.model_copy(update={"after": [*s.after, last.name]}) for s in steps]
    with pytest.raises(CycleError) as caught:
        topological_order(closed)
    assert target in caught.value.message
    assert last.name in caught.value.message
    assert caught.value.hint


@given(st.lists(st.text("abc", min_size=1, max_size=3), unique=True, min_size=1, max_size=5))
def test_what_is_waited_for_and_not_there_does_not_count(names: list[str]) -> None:
    assume("elsewhere" not in names)
    assert topological_order([spec(name, ["elsewhere"]) for name in names]) == names
