"""Values of Python's own types on whatever Python runs this, with nothing but Stackyard's own dependencies."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import json
import sys
import uuid
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, computed_field

from stackyard import HTMLString
from stackyard.model.artifact import Manifest
from stackyard.model.plain import MAX_DEPTH, is_plain
from stackyard.storage.local_store import LocalArtifactStore
from stackyard.storage.materializers.classes import behaves, kind_of
from stackyard.storage.materializers.lookup import Origin, load_version, materializer_for, save_version


class Color(enum.Enum):
    RED = "r"


class Right(enum.Flag):
    READ = 1
    WRITE = 2


class Loud(enum.Enum):
    A = 1

    def shout(self) -> str:
        return self.name


class Point(NamedTuple):
    x: int
    y: float = 0.5


Old = namedtuple("Old", "a b")  # noqa: PYI024  # as old code has it


@dataclass
class Data:
    a: int
    b: list[int] = field(default_factory=list)
    made: Any = field(init=False, repr=False, default=None)


@dataclass(order=True, unsafe_hash=True)
class Child(Data):
    """With a docstring, and all that dataclasses generate."""

    c: str = "c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slotted:
    a: int
    inner: Data | None = None


@dataclass
class Rated:
    a: int
    rate: ClassVar[float] = 0.2


@dataclass
class Area:
    a: int

    @property
    def double(self) -> int:
        return 2 * self.a


@dataclass
class AreaChild(Area):
    b: int = 0


class Model(BaseModel):
    model_config = ConfigDict(extra="allow")
    number: int = Field(default=1, alias="Number")
    inner: Any = None
    _hidden: int = PrivateAttr(default=3)


class Computed(BaseModel):
    a: int = 1

    @computed_field  # type: ignore[prop-decorator]
    @property
    def double(self) -> int:
        return self.a * 2


@dataclass
class Reduced:
    a: int

    def __reduce__(self) -> Any:
        return (Reduced, (self.a,))


@dataclass
class Failure(Exception):
    a: int


class Plain:
    def __init__(self, a: int) -> None:
        self.a = a

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain) and other.a == self.a

    __hash__ = None  # type: ignore[assignment]


@pytest.fixture
def store(tmp_path: Path) -> LocalArtifactStore:
    return LocalArtifactStore(str(tmp_path))


def through(store: LocalArtifactStore, value: Any) -> tuple[Manifest, Any]:
    manifest = save_version(store, value, Origin("value"))
    return manifest, load_version(store, manifest.uri)


VALUES = [
    (1, 2), {1, "a"}, frozenset({(1, 2)}), deque([1], maxlen=2), OrderedDict(a=1), Counter("aab"),
    defaultdict(list, {1: [2]}), {1: {2: (3,)}}, ({"$tuple": 1},), bytearray(b"x"), [b"x"], range(1, 9, 2), 1j,
    10**5000,    date(2026, 11, 22), datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1, microseconds=1), "X")), time(1, 2, 3, 4), timedelta(-1, 2, 3),
    Decimal("1.10"), Fraction(1, 3), uuid.uuid4(), PurePosixPath("a"), Color.RED, Right.READ | Right.WRITE, Loud.A,
    Point(1), Old(1, [2]), Data(1, [2]), Slotted(a=1, inner=Data(2)), Rated(1), Area(2), AreaChild(1, 2),
    Model.model_validate({"Number": 2, "inner": Data(1), "more": {1: 2}}), Computed(a=2), [HTMLString("x")],
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_a_value_comes_back_from_an_open_format(store: LocalArtifactStore, value: Any) -> None:
    manifest, found = through(store, value)
    assert (type(found), found) == (type(value), value)
    assert (manifest.materializer, manifest.unsafe) == ("structure", False)
    assert manifest.type.endswith(type(value).__qualname__)
    json.loads((Path(manifest.uri) / "structure.json").read_bytes())
    assert manifest.preview.kind in ("json", "metrics")
    with contextlib.suppress(TypeError):  # it has none
        assert hash(found) == hash(value)
    if isinstance(value, enum.Enum):
        assert found is value


def test_fields_that_no_constructor_takes_come_back(store: LocalArtifactStore) -> None:
    data = Data(1)
    data.made, data.more = {"a": 1}, "more"  # type: ignore[attr-defined]
    found = through(store, data)[1]
    assert vars(found) == vars(data)
    model = Model(Number=2)
    model._hidden = 7
    found = through(store, model)[1]
    assert (found._hidden, found.model_fields_set) == (7, {"number"})
    bare = object.__new__(Slotted)
    object.__setattr__(bare, "a", 1)
    found = through(store, bare)[1]
    assert found.a == 1
    assert not hasattr(found, "inner")


def test_nothing_of_a_class_is_called_when_a_value_is_loaded(
    store: LocalArtifactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    uris = [save_version(store, value, Origin("v")).uri for value in (Data(1), Point(1), Model(), Color.RED)]

    def fail(*_: object, **__: object) -> None:
        raise AssertionError

    for cls in (Data, Model):
        monkeypatch.setattr(cls, "__init__", fail)
    monkeypatch.setattr(Data, "__post_init__", fail, raising=False)
    for uri in uris:
        load_version(store, uri)


@pytest.mark.parametrize(
    "value", [Reduced(1), Plain(1), Failure(1), SimpleNamespace(a=1), type("Lost", (Data,), {})(1)], ids=range(5)
)
def test_what_only_its_class_understands_is_pickled_with_its_fields_shown(
    store: LocalArtifactStore, value: Any
) -> None:
    manifest, found = through(store, value)
    assert type(found).__qualname__ == type(value).__qualname__
    assert (manifest.unsafe, manifest.deterministic) == (True, False)
    if type(value) in (Plain, Reduced):
        assert manifest.preview.data == {"a": 1}
        assert "never unpickled" in manifest.preview.text


@pytest.mark.parametrize(
    ("cls", "kind", "more"),
    [
        (Data, "dataclass", False), (Child, "dataclass", False), (Slotted, "dataclass", False),
        (Rated, "dataclass", True), (Area, "dataclass", True), (AreaChild, "dataclass", True),
        (Model, "pydantic", False), (Computed, "pydantic", True), (Color, "enum", False), (Right, "enum", False),
        (Loud, "enum", True), (Point, "namedtuple", False), (Old, "namedtuple", False), (Reduced, None, True),
        (Failure, None, False), (Plain, None, True), (dict, None, False), (type(sys.version_info), None, False),
    ],
    ids=lambda found: getattr(found, "__name__", ""),
)  # fmt: skip
def test_a_class_with_more_than_fields_is_told_from_mere_data(cls: type, kind: str | None, more: bool) -> None:
    assert kind_of(cls) == kind
    assert behaves(cls) == more or kind is None


def test_values_of_a_class_that_may_change_count_by_version(store: LocalArtifactStore) -> None:
    """Equal fields don't mean that a step that gets the value does the same: its methods may be other ones now."""
    assert through(store, Data(1))[0].deterministic
    assert not through(store, Area(1))[0].deterministic
    assert not through(store, {"a": [Loud.A]})[0].deterministic


def test_a_class_that_changed_is_named(store: LocalArtifactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    from stackyard.model.errors import MaterializationError

    module = sys.modules[__name__]
    uri = save_version(store, Data(1, [2]), Origin("v")).uri
    grown = dataclasses.make_dataclass("Data", [("a", int), ("b", Any), ("made", Any), ("d", int, field(default=7))])
    monkeypatch.setattr(module, "Data", grown)
    assert load_version(store, uri).d == 7, "a new field has its default"
    for fields in ([("a", int), ("b", Any), ("made", Any), ("new", int)], [("a", int)]):
        monkeypatch.setattr(module, "Data", dataclasses.make_dataclass("Data", fields))
        with pytest.raises(MaterializationError, match="has changed since"):
            load_version(store, uri)
    monkeypatch.delattr(module, "Data")
    with pytest.raises(MaterializationError, match="not there any more"):
        load_version(store, uri)


def test_numbers_in_a_row_have_statistics(store: LocalArtifactStore) -> None:
    found = through(store, [1, 2, 3.5, float("nan")])[0].preview.statistics
    assert found is not None
    assert (found.count, found.missing, found.minimum, found.maximum, found.distinct) == (3, 1, 1, 3.5, 3)
    assert found.mean == pytest.approx(6.5 / 3)
    assert found.std == pytest.approx(1.2583057)
    assert found.histogram is not None
    assert sum(found.histogram.counts) == 3
    large = through(store, tuple(range(100_001)))[0].preview.statistics
    assert large is not None
    assert (large.count, large.maximum, large.mean, large.sampled) == (100_001, 100_000, 50_000, 16_667)
    value: Any
    for value in ([10**400, 1], [float("inf"), 1.0], [1.0, 1.0], {1, 2}, range(3)):
        assert through(store, value)[0].preview.statistics is not None
    for value in ([True, False], ["a"], [1], []):
        assert through(store, value)[0].preview.statistics is None


def test_values_that_are_endless_when_written_are_not(store: LocalArtifactStore) -> None:
    value: Any = [1]
    for _ in range(60):
        value = [value, value]
    assert not is_plain(value)
    manifest, found = through(store, (value,))
    assert manifest.unsafe
    assert found[0][0] is found[0][1]


def test_plain_json_has_bounds() -> None:
    deep: list[Any] = []
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]
    assert is_plain(deep)
    assert not is_plain([deep])
    rows: Any
    for rows in ([2**1999] * 60, [2**1999, -(2**1999), 1.5] * 60, {"a": -(2**1999)}):
        assert is_plain(rows)
    for rows in ([2**2000] * 60, [-(2**2000), 1.5] * 60, {"a": 2**2000}, 2**2000, [()], {1: 1}, [Color.RED] * 60):
        assert not is_plain(rows)


def test_choosing_is_quick_and_imports_nothing_for_plain_values() -> None:
    assert materializer_for({"a": [1]}).name == "json"
    assert materializer_for(HTMLString("x")).name == "typed-text"
    assert materializer_for(Path("x")).name == "files"
    assert materializer_for(Area).name == "pickle"
