"""Parameter values: checked by their type, whichever way they were given."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import math
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from stackyard.authoring.parameters import to_json, validate
from stackyard.authoring.signature import EMPTY, Parameter
from stackyard.model.errors import Location, ParameterError


class Colour(enum.Enum):
    RED = "red"


class Settings(BaseModel):
    rate: float = 0.1


@dataclasses.dataclass
class Point:
    x: int


def parameter(annotation: Any) -> Parameter:
    return Parameter("p", annotation, EMPTY)


def check(annotation: Any, value: Any, given_as: str) -> Any:
    return validate(parameter(annotation), value, "step 's'", Location("a.py", 3), given_as=given_as)


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (int, "3", 3),
        (float, "1e-3", 0.001),
        (float, "3", 3.0),
        (bool, "true", True),
        (bool, "no", False),
        (str, "3", "3"),
        (str, "null", "null"),
        (str | None, "null", None),
        (str | None, "5", "5"),
        (int | None, "5", 5),
        (list[int], "[1, 2]", [1, 2]),
        (dict[str, float], "{a: 1}", {"a": 1.0}),
        (Literal["a", "b"], "a", "a"),
        (Path, "data/x.csv", Path("data/x.csv")),
        (dt.date, "2026-01-02", dt.date(2026, 1, 2)),
        (Colour, "red", Colour.RED),
        (Settings, "{rate: 0.5}", Settings(rate=0.5)),
        (Any, "3", 3),
        (Any, "a: [", "a: ["),
    ],
    ids=str,
)
def test_typed_texts(annotation: Any, text: str, value: Any) -> None:
    found = check(annotation, text, "text")
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, "3"),
        (float, "3"),
        (bool, "true"),
        (int, 2.5),
        (str, 3),
        (list[int], ["a"]),
        (Literal["a"], "b"),
        (int, None),
    ],
    ids=str,
)
def test_a_slip_in_code_is_refused_with_its_place(annotation: Any, value: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        check(annotation, value, "code")
    error = caught.value
    assert "Parameter 'p' of step 's' must be" in error.message
    assert repr(value) in error.message
    assert error.location == Location("a.py", 3)


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(ParameterError) as caught:
        check(int, "x" * 1000, "code")
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, 3),
        (float, -0.0),
        (str, "x"),
        (list[int], [1]),
        (tuple[int, str], (1, "a")),
        (set[int], {1}),
        (dict[int, str], {1: "a"}),
        (dt.datetime, dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc)),
        (Path, Path("/x")),
        (bytes, b"abc"),
        (Colour, Colour.RED),
        (Settings, Settings(rate=2)),
        (Point, Point(3)),
    ],
    ids=str,
)
def test_what_is_recorded_becomes_the_same_value_in_the_worker(annotation: Any, value: Any) -> None:
    recorded = to_json(parameter(annotation), value, "step 's'", None)
    found = check(annotation, recorded, "json")
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_infinity_and_nan_are_recorded_as_such(value: float) -> None:
    recorded = to_json(parameter(float), value, "step 's'", None)
    assert repr(check(float, recorded, "json")) == repr(value)


@pytest.mark.parametrize("value", [object(), lambda: None, [object()]])
def test_a_value_that_can_not_be_recorded_says_what_to_do(value: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        to_json(parameter(Any), value, "step 's'", None)
    assert "can't be recorded as a parameter" in caught.value.message
    assert "Return it from a step" in caught.value.hint
