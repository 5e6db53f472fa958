"""How values, times and tables are printed."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from typing import Any

import pytest

from stackyard.cli.attributes import parse_attributes
from stackyard.cli.output import list_document, print_error, print_table
from stackyard.cli.progress import PlainReporter
from stackyard.cli.progress_text import error_lines, headline, result_text
from stackyard.cli.run import parse_parameters
from stackyard.cli.text import plain_lines, show_duration, show_time, show_value, terminal_width
from stackyard.engine.reporter import RunFacts, StepChange
from stackyard.model.enums import Status
from stackyard.model.errors import Location, UsageError
from stackyard.model.job import StepError

FACTS = RunFacts("id", "p-1", "p", "default", "the default", "o", "s", "/store", ("load", "train"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.0, "0.00 s"), (0.123, "0.12 s"), (2.04, "2.0 s"), (125, "2 min 5 s"), (3780, "1 h 3 min")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert show_duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.97368421, "0.9737"), (1e-05, "1e-05"), (-2.5e-07, "-2.5e-07"), (0.0, "0"), (1.0, "1"), (1e12, "1e+12"),
        (float("nan"), "nan"), (3, "3"), (True, "true"), (None, "null"), ("text", "text"), ({"ä": [1]}, '{"ä": [1]}'),
    ],
)  # fmt: skip
def test_values(value: Any, text: str) -> None:
    assert show_value(value) == text


def test_times_are_local_to_the_second() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", show_time("2026-11-21T10:00:00.123Z"))
    assert show_time("") == ""


def test_columns_are_aligned_without_trailing_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    assert plain_lines(["A", "BB"], [["long", ""], ["x", "y"]]) == ["A     BB", "long", "x     y"]
    print_table(["A"], [["1"]], title="T")
    assert capsys.readouterr().out == "T\nA\n1\n"


def test_a_list_says_its_total_and_the_next_page() -> None:
    assert list_document([]) == {"items": [], "total": 0, "next": None}
    assert list_document([], 9, "c") == {"items": [], "total": 9, "next": "c"}


def test_an_error_says_what_where_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    error = UsageError("Something is wrong.", hint="Do this.", location=Location("/p/a.py", 3, 1))
    print_error(error, as_json=False)
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "Error: /p/a.py:3: Something is wrong.\nHint:  Do this.\n")
    print_error(error, as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "error": {
            "code": "U100", "message": "Something is wrong.", "hint": "Do this.",
            "location": {"file": "/p/a.py", "line": 3, "column": 1},
        }
    }  # fmt: skip


def test_attributes_and_parameters_of_the_command_line() -> None:
    assert parse_attributes(("--path=/x=y", "--max-workers", "4")) == {"path": "/x=y", "max_workers": "4"}
    assert parse_parameters(("a=1", "b=x=y", "c=")) == {"a": "1", "b": "x=y", "c": ""}
    for words in (("path",), ("--",), ("--a",), ("--a", "--b=1"), ("--a=1", "--a=2")):
        with pytest.raises(UsageError) as caught:
            parse_attributes(words)
        assert caught.value.hint
    for words in (("a",), ("=1",), ("a b=1",), ("a=1", "a=2")):
        with pytest.raises(UsageError) as caught:
            parse_parameters(words)
        assert caught.value.hint


# progress -------------------------------------------------------------------------------------------------------------


def test_a_runs_first_line_names_stack_origin_orchestrator_and_store() -> None:
    line = headline(FACTS)
    for part in ("p", "'default'", "(the default)", "orchestrator o", "artifact store s", "/store"):
        assert part in line


def test_plain_progress_is_lines(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = PlainReporter()
    reporter.run_started(FACTS)
    reporter.step_changed(StepChange("load", Status.RUNNING))
    for piece in ("half ", "a line\n10%\r", "100%\r\nopen end"):
        reporter.step_output("load", "stdout", piece, "")
    reporter.step_output("load", "log", "watch out\n", "warning")
    reporter.step_changed(StepChange("load", Status.COMPLETED, duration_s=1.5, metadata={"rows": 3}))
    error = StepError(type="ValueError", message="no", traceback="Traceback ...\nValueError: no")
    reporter.step_changed(StepChange("train", Status.FAILED, duration_s=0.1, error=error))
    reporter.run_finished(Status.FAILED, 2.0)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:8] == [
        "load: running",
        "load | half a line",
        "load | 100%",
        "load | warning: watch out",
        "load | open end",
        "load: completed in 1.5 s",
        "train: failed in 0.10 s",
    ]
    assert "Step 'train' failed: ValueError: no" in lines
    assert any(line.startswith("load") and line.endswith("rows 3") for line in lines)
    assert lines[-1] == "✘ p-1 failed in 2.0 s: 1 completed, 1 failed"


def test_a_step_that_is_skipped_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = PlainReporter()
    reporter.run_started(FACTS)
    reporter.step_changed(StepChange("train", Status.SKIPPED, detail="because 'load' failed"))
    reporter.run_finished(Status.FAILED, 1.0)
    assert "train: skipped because 'load' failed" in capsys.readouterr().out


def test_results_are_short() -> None:
    assert result_text({}) == ""
    assert result_text({"accuracy": 0.973684}) == "accuracy 0.9737"
    assert result_text(dict.fromkeys("abcdef", 1)) == "a 1, b 1, c 1, d 1 …"
    assert result_text({"url": "http://" + 60 * "x"}) == "url http://" + 32 * "x" + "…"


def test_an_error_without_a_traceback_names_its_place() -> None:
    error = StepError(type="WorkerCrashed", message="The worker was killed.", file="a.py", line=3, hint="Look.")
    assert error_lines("s", error) == ["Step 's' failed at a.py:3: The worker was killed.", "Hint: Look."]


def test_a_table_has_the_width_that_its_columns_were_chosen_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a terminal that does not say its size, as in some containers, then all agree on one."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(shutil, "get_terminal_size", os.terminal_size)
    print_table(["A"], [["x" * (terminal_width() - 4)]])
    assert [len(line) for line in capsys.readouterr().out.splitlines()] == [terminal_width()] * 5
