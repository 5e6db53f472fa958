"""Parameters without a type: what JSON would change silently is refused, defaults stay as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stackyard.authoring.parameters import to_json, validate
from stackyard.authoring.signature import EMPTY, Parameter
from stackyard.model.errors import ParameterError


def _untyped(default: Any = EMPTY) -> Parameter:
    return Parameter("x", Any, default)


@pytest.mark.parametrize("value", [(1, 2), Path("x"), {1: "a"}, {"a"}, [(1,)]])
def test_what_json_would_change_is_refused_with_the_remedy(value: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        to_json(_untyped(), value, "step 'a'", None)
    assert "Annotate the parameter" in caught.value.hint


@pytest.mark.parametrize("value", [None, True, 3, 0.5, "text", [1, [2]], {"a": {"b": None}}])
def test_plain_values_need_no_type(value: Any) -> None:
    assert to_json(_untyped(), value, "step 'a'", None) == value


def test_a_default_is_the_function_s_own() -> None:
    betas = (0.9, 0.999)
    assert to_json(_untyped(betas), betas, "step 'a'", None) == [0.9, 0.999]


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [(int, "010", 10), (Any, "12:30", "12:30"), (Any, "no", "no"), (Any, "[1, x]", [1, "x"]), (Any, "null", None)],
)
def test_typed_texts_are_not_read_as_yaml_reads_them(annotation: Any, text: str, expected: Any) -> None:
    assert validate(Parameter("x", annotation, EMPTY), text, "step 'a'", None, given_as="text") == expected
