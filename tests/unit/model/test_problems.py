"""Several problems as one error, one as itself."""

from __future__ import annotations

import pickle

import pytest

from stackyard.model.errors import InputError, Location, ParameterError, PipelineValidationError
from stackyard.model.problems import Problems


def at(line: int, file: str = "b.py") -> Location:
    return Location(file, line)


def _miss() -> None:
    raise InputError("An input is missing.", location=at(3))


def test_none_raises_nothing_and_one_is_itself() -> None:
    problems = Problems()
    problems.raise_any("The pipeline 'p' can't run")
    with problems.collecting():
        _miss()
    assert len(problems) == 1
    with pytest.raises(InputError, match="An input is missing"):
        problems.raise_any("The pipeline 'p' can't run")


def test_several_come_in_the_order_of_the_text_and_each_once() -> None:
    inner, problems = Problems(), Problems()
    problems.add(ParameterError("No place."))
    problems.add(InputError("Late.", hint="Do.", location=at(9)))
    inner.add(InputError("Early.", location=at(2)))
    inner.add(InputError("Elsewhere.", location=at(1, "a.py")))
    with problems.collecting():
        inner.raise_any("Inner")
    problems.add(InputError("Early.", location=at(2)))
    with pytest.raises(PipelineValidationError) as caught:
        problems.raise_any("The pipeline 'p' can't run")
    error = caught.value
    assert str(error) == "The pipeline 'p' can't run: 4 problems."
    shown = error.as_dict()["problems"]
    assert [problem["message"] for problem in shown] == ["Early.", "Late.", "Elsewhere.", "No place."]
    assert shown[1] == {
        "code": "D105", "message": "Late.", "hint": "Do.", "location": {"file": "b.py", "line": 9, "column": 0},
    }  # fmt: skip
    assert pickle.loads(pickle.dumps(error)).as_dict() == error.as_dict()
