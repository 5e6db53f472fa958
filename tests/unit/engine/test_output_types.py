"""What a step returns beside its annotation is stored, and warned of; what may fit is not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional, TypedDict, TypeVar, cast

import numpy as np
import pytest

from tests.unit.engine.test_step_runner import Runner

T = TypeVar("T")


class Row(TypedDict):
    x: int


def text_for_int() -> int:
    return "x"  # type: ignore[return-value]


def none_for_list() -> list[int]:
    return None  # type: ignore[return-value]


def bytes_for_text() -> tuple[Annotated[int, "n"], Annotated[Optional[str], "t"]]:  # noqa: UP045  # as many write it
    return 1, b"x"  # type: ignore[return-value]


def exact() -> int:
    return 1


def unannotated():  # type: ignore[no-untyped-def]
    return "x"


def anything() -> Any:
    return "x"


def near() -> float:
    return cast("float", np.float32(1))


def whole() -> float:
    return 1


def members() -> dict[str, list[int]]:
    return {}


def either() -> int | None:
    return None


def typed_dict() -> Row:
    return {"x": 1}


def generic() -> T:  # type: ignore[type-var]
    return 1  # type: ignore[return-value]


def _warnings(function: Any, folder: Path, *outputs: str) -> list[str]:
    runner = Runner(folder)
    assert runner(function, list(outputs or ("output",))).status == "completed"
    return [event.text for event in runner.events if event.kind == "log"]


@pytest.mark.parametrize(
    ("function", "outputs", "said"),
    [
        (text_for_int, (), "Step 'text_for_int' says that it returns int, and returned str."),
        (none_for_list, (), "Step 'none_for_list' says that it returns list[int], and returned None."),
        (
            bytes_for_text, ("n", "t"),
            "Step 'bytes_for_text' says that its output 't' is Optional[str], and returned bytes.",
        ),
    ],
)  # fmt: skip
def test_another_type_than_declared_is_stored_and_warned_of(
    tmp_path: Path, function: Any, outputs: tuple[str, ...], said: str
) -> None:
    assert _warnings(function, tmp_path, *outputs) == [
        f"{said} That is stored all the same; correct the annotation or the step."
    ]


@pytest.mark.parametrize(
    "function", [exact, unannotated, anything, near, whole, members, either, typed_dict, generic]
)  # fmt: skip
def test_what_may_be_what_it_says_is_no_warning(tmp_path: Path, function: Any) -> None:
    assert _warnings(function, tmp_path) == []
