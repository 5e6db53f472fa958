"""What a function's annotations say of its parameters and outputs."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Annotated, Any, Optional

import pytest

from stackyard.authoring.signature import EMPTY, read_signature, type_text

if TYPE_CHECKING:
    from decimal import Decimal


def outputs(annotation: Any) -> list[tuple[str, bool]]:
    def function() -> None: ...

    if annotation is EMPTY:
        del function.__annotations__["return"]
    else:
        function.__annotations__["return"] = annotation
    return [(o.name, o.named) for o in read_signature(function, "step").outputs]


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (EMPTY, [("output", False)]),
        (None, []),
        (typing.NoReturn, []),
        (int, [("output", False)]),
        (Annotated[int, "a"], [("a", True)]),
        (Annotated[int, {"doc": 1}, "a"], [("a", True)]),
        (Annotated[int, 5], [("output", False)]),
        (tuple[int, str], [("output_0", False), ("output_1", False)]),
        (tuple[Annotated[int, "a"], str], [("a", True), ("output_1", False)]),
        (tuple[int, ...], [("output", False)]),
        (Annotated[tuple[int, str], "pair"], [("pair", True)]),
        (tuple, [("output", False)]),
        (dict[str, int], [("output", False)]),
        ("Annotated[int, 'a']", [("a", True)]),
    ],
    ids=str,
)
def test_outputs(annotation: Any, expected: list[tuple[str, bool]]) -> None:
    assert outputs(annotation) == expected


def test_parameters_have_types_and_defaults() -> None:
    def function(a: int, b: Optional[str] = None, *, c=3) -> None: ...  # type: ignore[no-untyped-def]  # noqa: UP045  # people write it so

    found = {p.name: (p.annotation, p.required) for p in read_signature(function, "step").parameters}
    assert found == {"a": (int, True), "b": (Optional[str], False), "c": (Any, False)}  # noqa: UP045


def test_a_name_that_only_type_checkers_know_leaves_the_others_alone() -> None:
    def function(a: Decimal, b: int) -> Annotated[int, "x"]:
        return b

    signature = read_signature(function, "step")
    assert [p.annotation for p in signature.parameters] == [Any, int]
    assert [o.name for o in signature.outputs] == ["x"]


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "int"),
        (Any, "any"),
        (list[int], "list[int]"),
        (typing.Optional[int], "Optional[int]"),  # noqa: UP045  # people write it so
        (int | None, "int | None"),
    ],
)
def test_types_read_as_people_write_them(annotation: Any, text: str) -> None:
    assert type_text(annotation) in {text, "int | None"}
