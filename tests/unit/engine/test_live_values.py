"""Values count by all that they consist of, whatever holds it, and the same in every process."""

from __future__ import annotations

import functools
import io
import logging
import os
import random
import re
import sqlite3
import subprocess
import sys
import threading
import time
import weakref
import xml.etree.ElementTree as ET
from argparse import Namespace
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass, field, make_dataclass
from datetime import datetime, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from stackyard.engine.live_values import MOST_VALUES, LiveValues

ROOT = Path(__file__).resolve().parents[3]


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


class _Own:
    def __init__(self, rate: object) -> None:
        self.rate = {"rate": [rate]}

    def read(self) -> object:
        return self.rate


class _Hiding:
    __slots__ = ("__rate",)

    def __init__(self, rate: object) -> None:
        self.__rate = rate

    def __reduce__(self) -> Any:
        return type(self), (0,)


def _remembering(rate: object) -> object:
    @functools.lru_cache
    def asked(x: object) -> object:
        return [x]

    asked(rate)
    return asked


def _parsed(rate: object) -> ConfigParser:
    parser = ConfigParser()
    parser.read_string(f"[a]\nrate = {rate}")
    return parser


def _cycle(rate: object) -> object:
    one, other = _Own(rate), _Own(None)
    one.rate["other"], other.rate["one"] = [other], [one]
    return other


def _started() -> Iterator[int]:
    numbers = (x for x in [1, 2])
    next(numbers)
    return numbers


def _nested(depth: int) -> list[Any]:
    value: list[Any] = [[]]
    for _ in range(depth):
        value = [value]
    return value


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
    lambda rate: {"lock": threading.Lock(), "rate": rate},
    _Own,
    _Hiding,
    lambda rate: functools.partial(print, rate),
    lambda rate: lambda x=rate: x,
    lambda rate: lambda: rate,
    lambda rate: _Own(rate).read,
    lambda rate: type("Made", (), {"rate": rate}),
    lambda rate: property(lambda self: rate),
    _remembering,
    lambda rate: pd.DataFrame({"a": [rate], "b": ["x"]}),
    lambda rate: pd.Series(["x", str(rate)]),
    lambda rate: pd.Timestamp(2020, 1, rate),
    lambda rate: np.array([rate, None], dtype=object),
    lambda rate: np.ma.array([1, 2], mask=[rate == 1, False]),
    np.random.default_rng,
    lambda rate: np.array([("a", rate)], dtype=[("n", "U3"), ("r", "f8")]),
    lambda rate: pa.table({"a": [rate], "b": ["x"]}),
    lambda rate: pl.DataFrame({"a": [rate], "b": ["x"]}),
    random.Random,
    lambda rate: deque([rate], maxlen=3),
    lambda rate: iter([rate]),
    lambda rate: (x for x in [rate]),
    lambda rate: Path(str(rate)),
    Decimal,
    lambda rate: datetime(2020, 1, rate, tzinfo=timezone.utc),
    ValueError,
    lambda rate: re.compile(str(rate)),
    lambda rate: io.BytesIO(str(rate).encode()),
    lambda rate: ET.fromstring(f"<a><b c='{rate}'/></a>"),
    _parsed,
    lambda rate: LogisticRegression(C=rate).fit([[0], [1]], [0, 1]),
    lambda rate: DecisionTreeClassifier(random_state=0).fit([[0], [1], [2]], [0, rate, 0]),
    _cycle,
    slice,
    lambda rate: threading.Timer(1, print, [rate]),
    lambda rate: bytearray(str(rate).encode()),
]


def _values(*roots: str) -> LiveValues:
    own = ("__main__", __name__)
    return LiveValues(roots, lambda module: module if module in own else None, lambda module, name: True)


def _digest(value: Any, *roots: str) -> str:
    found = _values(*roots).of(value)
    assert not found.doubt
    return found.digest


@pytest.mark.parametrize("make", MAKERS)
def test_equal_values_have_one_digest_and_others_another(make: Any) -> None:
    assert _digest(make(1)) == _digest(make(1))
    assert _digest(make(1)) != _digest(make(2))


def test_digests_are_the_same_in_every_process() -> None:
    """Texts are hashed with another seed in each, so sets come in another order."""
    program = "import tests.unit.engine.test_live_values as t; print([t._digest(make(1)) for make in t.MAKERS])"
    texts = [
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("make", "doubt"),
    [
        (lambda: sqlite3.connect(":memory:"), "sqlite3.Connection can't be taken apart"),
        (lambda: [_started()], "generator can't be taken apart"),
        (lambda: [[i] for i in range(MOST_VALUES)], "it holds more than 300,000 objects"),
        (lambda: _nested(5000), "it is nested too deep"),
        (lambda: np.zeros(130_000_000), "it holds more than 1 GB"),
    ],
)
def test_what_cannot_be_compared_says_why(make: Any, doubt: str) -> None:
    found = _values().of(make())
    assert (found.digest, found.doubt) == ("", doubt)


def test_what_leads_out_of_the_process_counts_by_its_type(tmp_path: Path) -> None:
    for make in (logging.getLogger, threading.Lock, lambda: weakref.ref(_Own(1))):
        assert _digest(make()) == _digest(make())
    with (tmp_path / "a").open("w") as one, (tmp_path / "b").open("w") as other:
        assert _digest(one) == _digest(other)


def test_folders_of_the_project_may_move_and_large_values_are_quick() -> None:
    for make in (lambda root: Settings(f"{root}/data"), lambda root: [Path(root, "a")], lambda root: [[root], root]):
        assert _digest(make("/home/a"), "/home/a") == _digest(make("/srv/b"), "/srv/b")
    begun = time.process_time()
    _digest([list(range(1_000_000)), np.zeros(10_000_000), {str(i): i for i in range(300_000)}])
    assert time.process_time() - begun < 5  # half a second on a quiet machine
