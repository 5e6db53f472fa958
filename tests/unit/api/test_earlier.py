"""Steps that need not run when a run is gone on with."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.api.earlier import Resumed
from stackyard.api.session_parts import different
from stackyard.authoring.pipeline import pipeline
from stackyard.authoring.step import step
from stackyard.model.enums import Status

_NONE: Any = None


@step
def first() -> int:
    return 1


@step
def second(value: int) -> int:
    return value


@step
def third(value: int) -> int:
    return value


@step
def beside() -> int:
    return 2


@pipeline
def chain() -> None:
    beside()
    third(second(first()))


@pytest.mark.parametrize(
    ("asked", "skipped"),
    [
        ({}, []),
        ({"only": "second"}, ["beside", "first", "third"]),
        ({"start_from": "second"}, ["beside", "first"]),
    ],
)
def test_what_a_run_was_not_asked_for_does_not_run_when_it_is_gone_on_with(
    asked: dict[str, Any], skipped: list[str]
) -> None:
    specs = chain.record({}, chain.new_recorder()).spec.steps
    states = {spec.name: (f"id-{spec.name}", Status.SKIPPED) for spec in specs}
    states["second"] = ("id-second", Status.FAILED)
    found = Resumed(states, _NONE, **asked).of(specs, growing=False)
    assert [(name, kept.status) for name, kept in found.kept.items()] == [(name, Status.SKIPPED) for name in skipped]
    assert set(found.ids) == set(states)


def test_parameters_are_the_same_when_their_json_is() -> None:
    nan = float("nan")
    assert different({"x": nan, "y": [1]}, {"x": float("nan"), "y": [1]}) == []
    assert different({"x": 1, "z": None}, {"x": True}) == ["x"]
    assert different({"x": 1}, {"y": nan}) == ["y", "x"]
