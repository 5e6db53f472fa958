"""Values of names count wherever data says all of them, whatever class holds it."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter, OrderedDict, defaultdict
from dataclasses import dataclass, field, make_dataclass
from enum import Enum
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import numpy as np
import pytest
from pydantic import BaseModel

from stackyard.engine.plain_values import may_be_plain, plain_digest


class Kind(Enum):
    A = 1
    B = 2


class Point(NamedTuple):
    x: object


@dataclass
class Settings:
    rate: object
    names: list[str] = field(default_factory=list)


class Model(BaseModel, extra="allow"):
    rate: Any = None


def _slotted(rate: object) -> object:
    return make_dataclass("Slotted", ["rate"], slots=True)(rate)


MAKERS: list[Any] = [
    lambda rate: rate,
    lambda rate: [rate],
    lambda rate: {"a": (rate, {1, 2})},
    lambda rate: OrderedDict(a=rate),
    lambda rate: defaultdict(list, a=[rate]),
    lambda rate: Counter(a=rate),
    lambda rate: Namespace(rate=rate, other=1),
    lambda rate: SimpleNamespace(inner=Namespace(rate=rate)),
    Point,
    Settings,
    lambda rate: Settings(Settings(rate)),
    _slotted,
    lambda rate: Model(rate=rate),
    lambda rate: Model.model_validate({"more": rate}),
    lambda rate: np.array([rate, 1]),
    np.float32,
    Kind,
    lambda rate: Settings(Kind(rate)),
    lambda rate: Settings(rate, names=cast("list[str]", [print, object()])),
    lambda rate: {"connection": object(), "rate": rate},
]


@pytest.mark.parametrize("make", MAKERS)
def test_equal_data_has_one_digest_and_other_data_another(make: Any) -> None:
    assert may_be_plain(make(1))
    assert plain_digest(make(1), []) == plain_digest(make(1), []) != ""
    assert plain_digest(make(1), []) != plain_digest(make(2), [])


def test_what_is_no_data_or_very_large_does_not_count() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert not may_be_plain(object())
    assert not may_be_plain(print)
    assert plain_digest(endless, []) == ""
    assert plain_digest(list(range(30_000)), []) == ""
    assert plain_digest(np.zeros(2_000_000), []) == ""
    assert plain_digest(Settings("/home/a/data"), ["/home/a"]) == plain_digest(Settings("/srv/b/data"), ["/srv/b"])
