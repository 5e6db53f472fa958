"""Records behave as the dataclasses that type checkers take them for."""

from __future__ import annotations

import copy
import pickle
from dataclasses import field
from typing import ClassVar

import pytest

from stackyard.model.record import Record


class Point(Record):
    KIND: ClassVar[str] = "plane"
    x: int
    y: int = 0
    tags: list[str] = field(default_factory=list)
    secret: str = field(default="hush", repr=False)


class Named(Point):
    name: str = ""
    x: int = 7


class Counter(Record, frozen=False):
    count: int = 0


class Pair(Record):
    one: int
    other: int


def test_fields_are_given_by_position_by_name_or_by_default() -> None:
    point = Point(1, tags=["a"])
    assert (point.x, point.y, point.tags, point.secret) == (1, 0, ["a"], "hush")
    assert Point(1).tags is not Point(1).tags
    assert Point.field_names == ("x", "y", "tags", "secret")
    assert Named.field_names == ("x", "y", "tags", "secret", "name")
    assert (Named().x, Named(3).x) == (7, 3)


@pytest.mark.parametrize(
    ("values", "named", "said"),
    [
        ((), {"other": 2}, "Pair() was called without one"),
        ((1,), {}, "Pair() was called without other"),
        ((1,), {"one": 1, "other": 2}, "Pair() was called with one"),
        ((1, 2, 3), {}, "Pair() was called with 3 values"),
        ((1, 2), {"color": "red"}, "Pair() was called with color"),
        ((1,), {"color": "red"}, "Pair() was called without other and with color"),
    ],
)
def test_wrong_fields_are_refused(values: tuple[int, ...], named: dict[str, object], said: str) -> None:
    with pytest.raises(TypeError) as raised:
        Pair(*values, **named)  # type: ignore[arg-type]
    assert str(raised.value) == said


def test_they_are_values() -> None:
    assert Pair(1, 2) == Pair(other=2, one=1) != Pair(2, 1)
    assert len({Pair(1, 2), Pair(other=2, one=1), Pair(2, 1)}) == 2
    assert Named(1) != Point(1)
    assert Pair(1, 2).replace(other=3) == Pair(1, 3)
    assert Pair(1, 2).as_dict() == {"one": 1, "other": 2}
    assert repr(Point(1)) == "Point(x=1, y=0, tags=[])"
    for same in (copy.copy(Pair(1, 2)), copy.deepcopy(Pair(1, 2)), pickle.loads(pickle.dumps(Pair(1, 2)))):
        assert same == Pair(1, 2)
    with pytest.raises(TypeError):
        Pair(1, 2).replace(color="red")


def test_only_the_mutable_ones_change() -> None:
    with pytest.raises(AttributeError, match=r"Pair\.one can't be changed"):
        Pair(1, 2).one = 3  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del Pair(1, 2).one
    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(counter)
