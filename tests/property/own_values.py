"""Values of Python's own types and of users' data classes, generated and compared to the last bit."""

from __future__ import annotations

import dataclasses
import enum
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, RootModel

from tests.property.strategies import any_text

T = TypeVar("T")


class Color(enum.Enum):
    RED = "r"
    ALSO_RED = "r"  # noqa: PIE796  # an alias
    DARK = ("d", 1)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Word(str, enum.Enum):  # StrEnum came with Python 3.11
    YES = "yes"


class Right(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


class Bits(enum.IntFlag):
    ONE = 1
    TWO = 2


class Point(NamedTuple):
    x: Any
    y: Any = 0


@dataclass
class Base:
    first: Any
    made: Any = field(init=False, default=None)


@dataclass
class Derived(Base, Generic[T]):
    second: Any = field(default_factory=list)


@dataclass(frozen=True)
class Frozen:
    value: Any


@dataclass(frozen=True)
class Slotted:
    """As ``slots=True`` makes them, and with a field that may have no value."""

    __slots__ = ("unset", "value")

    value: Any
    unset: Any

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(f"Slotted({self.value!r})")  # Hypothesis shows all fields otherwise


class Model(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    number: Any = Field(default=1, alias="Number")
    inner: Any = None
    _hidden: Any = PrivateAttr(default=0)


class Open(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)
    known: int = 0


class Rows(RootModel[list[int]]):
    pass


def slotted(value: Any) -> Slotted:
    made = object.__new__(Slotted)
    object.__setattr__(made, "value", value)
    return made


def model(number: Any, inner: Any, hidden: Any) -> Model:
    made = Model(Number=number, inner=inner)
    made._hidden = hidden
    return made


def derived(first: Any, second: Any, made: Any) -> Derived[Any]:
    found: Derived[Any] = Derived(first, second)
    found.made = made
    return found


fixed_zones = st.builds(
    timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)), st.text("ABCde +", min_size=1, max_size=4)
) | st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))
zones: st.SearchStrategy[tzinfo | None] = st.none() | fixed_zones | st.timezones() | st.just(timezone.utc)
times: st.SearchStrategy[Any] = st.one_of(
    st.dates(),
    st.timedeltas(),
    st.builds(lambda t, fold: t.replace(fold=fold), st.datetimes(timezones=zones), st.integers(0, 1)),
    st.builds(lambda t, zone, fold: t.replace(tzinfo=zone, fold=fold), st.times(), zones, st.integers(0, 1)),
    fixed_zones,
)
numbers: st.SearchStrategy[Any] = st.one_of(
    st.integers(),
    st.integers(-(10**1500), 10**1500),
    st.floats(),
    st.decimals(),
    st.sampled_from([Decimal("1.10"), Decimal("-0E+3"), Decimal("sNaN123"), Decimal("-NaN"), Decimal("1E-999999")]),
    st.fractions(),
    st.builds(Fraction, st.integers(10**700, 10**701)),
    st.complex_numbers(),
)
numpy_scalars: st.SearchStrategy[Any] = st.one_of(
    st.floats().map(np.float64),
    st.floats(width=32).map(np.float32),
    st.integers(-128, 127).map(np.int8),
    st.integers(0, 2**64 - 1).map(np.uint64),
    st.booleans().map(np.bool_),
    st.complex_numbers().map(np.complex128),
    st.integers(-(2**62), 2**62).map(lambda n: np.datetime64(n, "ns")),
    st.integers(-(2**62), 2**62).map(lambda n: np.timedelta64(n, "s")),
    st.text("aé\U0001f600", max_size=4).map(np.str_),
    st.binary(max_size=4).map(np.bytes_),
)
members: st.SearchStrategy[Any] = st.sampled_from(
    [*Color, *Level, *Word, *Right, *Bits, Right.READ | Right.WRITE, Right(0), Bits.ONE | Bits.TWO, Bits(8)]
)
# A UNC path without a share is no equal one when Python before 3.12 reads its own text, or copies it.
windows_paths = (
    st.text("ab\\:.", max_size=8).map(PureWindowsPath).filter(lambda path: PureWindowsPath(str(path)) == path)
)
paths = st.text("ab/.é", max_size=8).map(PurePosixPath) | windows_paths
hashable: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), any_text, numbers.filter(lambda n: not (isinstance(n, Decimal) and n.is_snan())),
    times, members, paths, st.uuids(), st.binary(max_size=4),
)  # fmt: skip
single: st.SearchStrategy[Any] = st.one_of(
    hashable, numbers, numpy_scalars, st.builds(range, st.integers(), st.integers(), st.integers(1)),
    st.binary(max_size=4).map(bytearray), st.lists(st.integers(), max_size=3).map(Rows),
)  # fmt: skip


@st.composite
def _hashable(draw: st.DrawFn) -> Any:
    return draw(hashable)


@st.composite
def _single(draw: st.DrawFn) -> Any:
    return draw(single)


@st.composite
def _keys(draw: st.DrawFn) -> Any:
    plain = _hashable()
    return draw(st.one_of(plain, st.tuples(plain, plain), st.frozensets(plain, max_size=3)))


keys = _keys()
"""Hypothesis writes out what a strategy is made of: functions keep that short."""


def _of(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, max_size=3)
    pairs = st.lists(st.tuples(keys, inner), max_size=3)
    names = st.dictionaries(st.sampled_from(["a", "b", "known_not", "$tuple", "$", ""]), inner, max_size=3)
    return st.one_of(
        lists,
        lists.map(tuple),
        st.builds(deque, lists, st.none() | st.integers(0, 4)),
        st.sets(keys, max_size=4),
        st.frozensets(keys, max_size=4),
        names,
        pairs.map(dict),
        pairs.map(OrderedDict),
        pairs.map(lambda p: defaultdict(list, p)),
        pairs.map(lambda p: defaultdict(None, p)),
        st.lists(keys, max_size=4).map(Counter),
        st.builds(Point, inner, inner),
        st.builds(derived, inner, inner, inner),
        inner.map(Frozen),
        inner.map(slotted),
        st.builds(model, inner, inner, inner),
        st.builds(lambda known, more: Open(known=known, **more), st.integers(), st.dictionaries(
            st.sampled_from(["extra_one", "extra_two"]), inner, max_size=2
        )),
    )  # fmt: skip


nested: st.SearchStrategy[Any] = st.recursive(_single(), _of, max_leaves=8)


def form(value: Any) -> Any:
    """Return what tells a value from all others: types, order, NaN, -0.0, digits of Decimals, zones, fields."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, enum.Enum):
        return (kind, value._name_, value._value_, "the very member" if value is type(value)(value._value_) else "")
    if isinstance(value, BaseModel):
        state = value.__getstate__()
        return (kind, {name: form(found) for name, found in state.items()})
    if dataclasses.is_dataclass(value):
        names = [f.name for f in dataclasses.fields(value) if hasattr(value, f.name)]
        return (kind, [(name, form(getattr(value, name))) for name in names])
    if isinstance(value, dict):
        factory = getattr(value, "default_factory", None)
        return (kind, factory, [(form(key), form(found)) for key, found in value.items()])
    if isinstance(value, (set, frozenset)):
        return (kind, sorted(repr(form(member)) for member in value))
    if isinstance(value, (list, tuple, deque)):
        return (kind, getattr(value, "maxlen", None), [form(member) for member in value])
    if isinstance(value, (datetime, time)):
        zone = value.tzinfo
        return (kind, repr(value.replace(tzinfo=None)), value.fold, repr(zone), getattr(zone, "key", None))
    if isinstance(value, int):
        return (kind, hex(value))
    if isinstance(value, Fraction):
        return (kind, hex(value.numerator), hex(value.denominator))
    return (kind, repr(value))
