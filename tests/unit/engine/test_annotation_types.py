"""Certain mismatches between annotations, and nothing else."""

# ruff: noqa: UP007, UP045  # both spellings of a union are tried

from __future__ import annotations

import enum
import io
import sqlite3
import threading
import types
import typing
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, Optional, Protocol, TypedDict, TypeVar, Union

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

from stackyard.authoring.annotation_types import element_of, is_mismatch, why_never_stored


class Base: ...


class Derived(Base): ...


class Other: ...


class Colour(enum.Enum):
    RED = "red"


class TextColour(str, enum.Enum):
    RED = "red"


class Facts(BaseModel):
    n: int = 0


class Sized(Protocol):
    def size(self) -> int: ...


class Row(TypedDict):
    n: int


T = TypeVar("T")
UserId = NewType("UserId", int)

FIT = [
    (int, int), (int, float), (float, int), (bool, int), (np.int64, int), (np.float64, float), (Decimal, float),
    (int, Any), (Any, int), (int, object), (int, T), (int, "Unknown"), (UserId, int), (int, UserId),
    (Derived, Base), (Base, Derived), (Base, Other),
    (Optional[int], int), (int, Optional[int]), (Union[int, str], str), (int | None, int), (str, int | str),
    (Annotated[int, "n"], float), (Literal["a", "b"], str), (str, Literal["a"]), (str, TextColour),
    (list[int], list[str]), (list, Sequence), (list[int], Iterable[int]), (dict[str, int], Mapping[str, int]),
    (list, tuple),
    (str, Sequence[str]), (Sequence[int], list[int]), (Row, dict), (dict, Row), (Facts, Base),
    (pd.DataFrame, pd.DataFrame), (pd.DataFrame, Sized), (np.ndarray, Sequence), (np.ndarray, np.ndarray[Any, Any]),
    (type[Base], type), (Callable[[int], int], Callable[..., Any]), (Base, Callable[..., Any]),
]  # fmt: skip
MISMATCH = [
    (int, str), (str, int), (float, str), (Optional[int], str), (int, Union[str, bytes]), (Union[int, float], str),
    (list[int], int), (list, dict), (dict[str, int], list[int]), (str, bytes), (None, int), (Path, str),
    (int, Iterable),
    (Annotated[int, "n"], str), (Literal[1, 2], str), (UserId, str), (str, Colour), (Facts, str), (str, Facts),
    (pd.DataFrame, str), (pd.DataFrame, np.ndarray), (np.ndarray, pd.DataFrame), (int, pd.DataFrame),
    (list, pd.DataFrame),
    (Mapping[str, int], str), (int, Callable[..., Any]), (pd.Series, pd.DataFrame),
]  # fmt: skip


@pytest.mark.parametrize(("given", "wanted"), FIT)
def test_what_might_fit_fits(given: Any, wanted: Any) -> None:
    assert not is_mismatch(given, wanted)


@pytest.mark.parametrize(("given", "wanted"), MISMATCH)
def test_what_never_fits_is_told(given: Any, wanted: Any) -> None:
    assert is_mismatch(given, wanted)


def test_members_of_sequences() -> None:
    assert element_of(list[int]) is int
    assert element_of(tuple[int, ...]) is int
    assert element_of(Sequence[str]) is str
    assert element_of(Optional[list[int]]) is Any, "None has no members; whoever takes it knows more"
    for untold in (list, Any, dict[str, int], int, pd.DataFrame):
        assert element_of(untold) is Any
    assert is_mismatch(element_of(list[int]), str)


@pytest.mark.parametrize(
    "kind",
    [
        Generator[int, None, None], Iterator[int], AsyncIterator[int], types.GeneratorType, threading.Thread,
        type(threading.Lock()), io.TextIOWrapper, typing.IO[str], typing.TextIO, sqlite3.Connection,
        Optional[typing.TextIO], types.ModuleType,
    ],
)  # fmt: skip
def test_what_is_never_stored_says_why(kind: Any) -> None:
    assert why_never_stored(kind)


@pytest.mark.parametrize(
    "kind",
    [
        int, Any, list[int], io.BytesIO, Iterable[int], Callable[..., int], Union[int, Generator[int, None, None]],
        pd.DataFrame, Base, T, None,
    ],
)  # fmt: skip
def test_what_may_be_stored_is_left_alone(kind: Any) -> None:
    assert why_never_stored(kind) == ""
