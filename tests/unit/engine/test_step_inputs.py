"""What a step's function is called with."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.engine.step_inputs import arguments_of
from stackyard.model.graph import StepSource
from stackyard.model.job import ComponentSpec, StepJob


def untyped(x=1, y=(0.5, None)) -> None:  # type: ignore[no-untyped-def]  # that is what it is about
    """Take parameters without types."""


def _job(**parameters: Any) -> StepJob:
    store = ComponentSpec(component_id="c", name="default", flavor="local", configuration={"path": "/nowhere"})
    return StepJob(
        run_id="r", run_name="p-1", step_run_id="s", step_name="untyped", pipeline_name="p", project_id="x",
        stack_name="default", source=StepSource(module=__name__, qualname="untyped"), parameters=parameters,
        artifact_store=store,
    )  # fmt: skip


@pytest.mark.parametrize("given", [True, 1.0, [True], "1"])
def test_a_value_that_only_equals_the_default_is_not_taken_for_it(given: Any) -> None:
    found = arguments_of(_job(x=given), untyped, load=lambda _: None)["x"]
    assert (found, type(found)) == (given, type(given))


def test_the_default_itself_does_not_go_through_json() -> None:
    assert arguments_of(_job(x=1, y=[0.5, None]), untyped, load=lambda _: None) == {}
