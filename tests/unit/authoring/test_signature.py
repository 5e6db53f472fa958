"""What a function's annotations say of its parameters and outputs."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Annotated, Any, Optional

import pytest

from stackyard.authoring.parameters import to_json
from stackyard.authoring.signature import EMPTY, read_signature, type_text
from stackyard.model.errors import ParameterError

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


def test_a_default_of_none_says_that_none_may_be_given() -> None:
    def function(a: int = None, b: list[int] = None, d=None): ...  # type: ignore[no-untyped-def,assignment]  # noqa: RUF013  # people write it so

    read = {p.name: p for p in read_signature(function, "step").parameters}
    assert (read["a"].annotation, read["b"].annotation, read["d"].annotation) == (int | None, list[int] | None, Any)
    for parameter in read.values():
        assert to_json(parameter, None, "step 's'", None) is None
    assert to_json(read["a"], 5, "step 's'", None) == 5
    with pytest.raises(ParameterError, match="got '5'"):
        to_json(read["a"], "5", "step 's'", None)


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
