"""Why a step failed, as its author needs it: own frames only, own place, any text."""

from __future__ import annotations

import builtins
import json
import sys
from typing import Any

import pytest

from stackyard.authoring.pipeline import PipelineDefinition
from stackyard.engine.tracebacks import (
    LONGEST_MESSAGE,
    LONGEST_TRACEBACK,
    step_error,
    storable,
    user_traceback,
)
from stackyard.model.errors import Location, UsageError
from stackyard.model.job import StepError


def caught(function: Any) -> BaseException:
    try:
        function()
    except BaseException as error:  # noqa: BLE001  # any kind is looked at
        return error
    raise AssertionError


def fail() -> None:
    raise ValueError("no")


def through_the_package() -> None:
    definition = PipelineDefinition(fail, name="p")
    definition.record({}, definition.new_recorder())


def test_the_place_is_the_innermost_of_the_users() -> None:
    error = step_error(caught(lambda: json.loads("{")))
    assert (error.type, error.file) == ("JSONDecodeError", __file__) or error.file.endswith("decoder.py")
    own = step_error(caught(fail))
    assert (own.type, own.message, own.file, own.line) == (
        "ValueError",
        "no",
        __file__,
        fail.__code__.co_firstlineno + 1,
    )


def test_frames_of_the_package_are_left_out() -> None:
    text = user_traceback(caught(through_the_package))
    assert "test_tracebacks.py" in text
    assert "pipeline.py" not in text
    assert text.endswith("ValueError: no")
    assert text.startswith("Traceback")


def test_causes_are_shown_and_cut_too() -> None:
    def chained() -> None:
        try:
            through_the_package()
        except ValueError as error:
            raise KeyError("outer") from error

    text = user_traceback(caught(chained))
    assert "direct cause" in text
    assert "stackyard/authoring" not in text


def test_our_own_errors_keep_hint_and_place() -> None:
    def ours() -> None:
        raise UsageError("What.", hint="Do.", location=Location("x.py", 4))

    error = step_error(caught(ours))
    assert (error.message, error.hint) == ("What.", "Do.")


def test_an_error_of_ours_without_a_line_of_the_user_s_is_said_once() -> None:
    error = step_error(UsageError("What.", hint="Do."))
    assert (error.message, error.traceback) == ("What.", "")
    assert step_error(ValueError("no")).traceback == "ValueError: no"


class Mute(Exception):
    """Can't even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "message"),
    [(Mute(), "Mute"), (ValueError(), "ValueError"), (ValueError("bad \udcff"), "bad \\udcff"), (KeyError("k"), "'k'")],
)
def test_any_error_can_be_stored(error: BaseException, message: str) -> None:
    found = step_error(error)
    assert found.message == message
    assert StepError.model_validate_json(found.model_dump_json()) == found


def test_texts_that_utf8_can_not_hold_are_spelled_out() -> None:
    assert storable("größe \ud800") == "größe \\ud800"


if sys.version_info >= (3, 11):  # exception groups came with it

    def test_members_of_a_group_are_cut_too() -> None:
        group = builtins.ExceptionGroup("several", [caught(through_the_package), KeyError("second")])  # type: ignore[list-item]
        text = user_traceback(group)
        assert "test_tracebacks.py" in text
        assert "pipeline.py" not in text
        assert "several (2 sub-exceptions)" in text
        assert "KeyError: 'second'" in text


def test_the_middle_of_an_error_that_quotes_a_table_is_left_out() -> None:
    error = step_error(ValueError("first " + "x" * 3_000_000 + " last"))
    for text, longest in ((error.message, LONGEST_MESSAGE), (error.traceback, LONGEST_TRACEBACK)):
        assert len(text) < longest + 100
        assert "first x" in text
        assert text.endswith("x last")
        assert "characters left out" in text
