"""How a run's progress is shown: lines, a table that fits, events."""

from __future__ import annotations

import io
import json
import threading
import time
from pathlib import Path

import pytest

from stackyard.cli.events import EventsReporter
from stackyard.cli.live import LiveReporter
from stackyard.cli.progress import MAX_ROWS, PlainReporter, change_text, write_safely
from stackyard.cli.progress_text import counts_text
from stackyard.cli.when import moment
from stackyard.engine.growth import Growth
from stackyard.engine.plan import StepEnd
from stackyard.engine.reporter import RunFacts, StepChange
from stackyard.engine.run_hooks import RunHooks
from stackyard.model.enums import Status
from stackyard.model.errors import UsageError
from stackyard.model.job import StepError

STEPS = tuple(f"step_{n}" for n in range(1000))
ERROR = StepError(type="ValueError", message="no", traceback="Traceback ...\nValueError: no", file="a.py", line=3)


def facts(*steps: str, resumed: bool = False) -> RunFacts:
    return RunFacts("id", "p-1", "p", "default", "the default", "o", "s", "/store", steps, resumed=resumed)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (StepChange("a", Status.RUNNING, "the code changed"), "a: running"),
        (StepChange("a", Status.RUNNING, attempt=2), "a: running (attempt 2)"),
        (
            StepChange("a", Status.RETRYING, error=ERROR, wait_s=3),
            "a: attempt 1 failed after ValueError: no; the next one in 3 s",
        ),
        (StepChange("a", Status.COMPLETED, duration_s=1.5), "a: completed in 1.5 s"),
        (StepChange("a", Status.COMPLETED, kept=True), "a: completed before"),
        (StepChange("a", Status.CACHED, "p-1", kept=True), "a: cached in p-1"),
        (StepChange("a", Status.SKIPPED, "because 'b' failed"), "a: skipped because 'b' failed"),
        (StepChange("a", Status.SKIPPED, "not asked for", kept=True), "a: skipped, not asked for"),
        (StepChange("a", Status.CACHED), "a: cached"),
    ],
)
def test_each_change_is_a_line(change: StepChange, text: str) -> None:
    assert change_text(change) == text


def _written(reporter: PlainReporter, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what one of the next ticks writes; not every tick does."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        reporter.tick()
        text = capsys.readouterr().out
        if text:
            return text
    return ""


def test_a_run_that_goes_on_and_grows(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = PlainReporter()
    reporter.run_started(facts("a", resumed=True))
    assert capsys.readouterr().out.startswith("Going on with p-1, a run of p on stack 'default' (the default)")
    reporter.steps_added(["b"])
    reporter.step_changed(StepChange("a", Status.COMPLETED, kept=True))
    reporter.step_changed(StepChange("b", Status.RUNNING))
    reporter.step_output("b", "stdout", "caf\udcc3\udca9\n", "")
    assert capsys.readouterr().out == "", "lines wait for a tick"
    assert _written(reporter, capsys) == "a: completed before\nb: running\nb | café\n"
    reporter.step_changed(StepChange("b", Status.COMPLETED, duration_s=1.0))
    reporter.run_finished(Status.COMPLETED, 1.0)
    assert capsys.readouterr().out.endswith("✔ p-1 completed in 1.0 s: 2 completed\n")


def test_of_a_thousand_steps_the_end_shows_those_that_matter(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = PlainReporter()
    reporter.run_started(facts(*STEPS))
    for number, step in enumerate(STEPS):
        failed = number % 100 == 7
        reporter.step_changed(
            StepChange(step, Status.FAILED, error=ERROR) if failed else StepChange(step, Status.CACHED)
        )
    capsys.readouterr()
    assert _written(reporter, capsys).count("\n") == len(STEPS)
    reporter.run_finished(Status.FAILED, 1.0)
    text = capsys.readouterr().out
    assert text.count("Traceback") == 5
    assert "These failed, too: step_507, step_607, step_707, step_807, step_907\n" in text
    assert len(text.splitlines()) < MAX_ROWS + 50
    assert "and 990 more steps; see all with: stackyard run show p-1\n" in text
    assert text.endswith("✘ p-1 failed in 1.0 s: 990 cached, 10 failed\n")


@pytest.mark.parametrize("room", [3, 10, 33])
def test_the_live_table_shows_what_runs_whatever_its_size(room: int) -> None:
    reporter = LiveReporter()
    reporter.facts = facts(*STEPS)
    reporter.steps_added(STEPS)
    for step in STEPS[:500]:
        reporter.step_changed(StepChange(step, Status.COMPLETED, duration_s=1.0))
    reporter.step_changed(StepChange(STEPS[3], Status.FAILED, error=ERROR))
    for step in STEPS[500:508]:
        reporter.step_changed(StepChange(step, Status.RUNNING))
    shown = reporter._visible(room)  # what stands on the screen
    assert len(shown) == room
    assert shown == sorted(shown, key=STEPS.index)
    assert set(shown) & set(STEPS[500:508]) == set(STEPS[500 : 500 + min(room, 8)])
    if room > 20:
        assert {STEPS[3], STEPS[499], STEPS[508]} <= set(shown)


def test_a_stream_that_lacks_characters_takes_the_others() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    write_safely(stream, "✔ done ü\n")
    assert raw.getvalue() == b"? done ?\n"


def test_events_hold_what_people_see_elsewhere() -> None:
    out, people = io.StringIO(), io.StringIO()
    shown = PlainReporter()
    shown._out = people  # stands for stderr
    reporter = EventsReporter(out, shown)
    reporter.run_started(facts("a"))
    reporter.step_output("a", "stdout", "caf\udcc3\udca9 \u2028 half", "")
    reporter.step_changed(StepChange("a", Status.FAILED, duration_s=0.5, error=ERROR))
    reporter.tick()
    reporter.run_finished(Status.FAILED, 1.23456)
    events = [json.loads(line) for line in out.getvalue().split("\n")[:-1]]
    assert [event["event"] for event in events] == ["run_started", "step_output", "step_changed", "run_finished"]
    assert events[2]["error"] == {
        "type": "ValueError", "message": "no", "traceback": ERROR.traceback, "file": "a.py", "line": 3, "hint": "",
    }  # fmt: skip
    assert events[3]["duration_s"] == 1.235
    assert "a: failed in 0.50 s" in people.getvalue()


def test_counts() -> None:
    assert counts_text([Status.CACHED] * 1200 + [Status.FAILED]) == "1,200 cached, 1 failed"


def test_moments() -> None:
    assert moment("2026-11-22T10:00:00Z", "--since") == "2026-11-22T10:00:00.000Z"
    assert moment("2026-11-22T10:00:00+02:00", "--since") == "2026-11-22T08:00:00.000Z"
    assert moment("1h", "--since") < moment("5 m", "--since") < moment("0s", "--since")
    for text in ("yesterday", "", "-1h", "9999999d", "999999d", "2026-13-01"):
        with pytest.raises(UsageError, match="is no time"):
            moment(text, "--since")


def test_what_was_told_is_shown_before_the_user_s_code_prints(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    reporter = PlainReporter()
    reporter.run_started(facts("a"))
    reporter.step_changed(StepChange("a", Status.COMPLETED, duration_s=1.5))
    RunHooks(tmp_path / "log.jsonl", reporter).call("on_cleanup", lambda: print("tidied up"), None)
    reporter.step_changed(StepChange("b", Status.COMPLETED, duration_s=1.5))
    growth = Growth()
    waiting = threading.Thread(target=lambda: print("the function saw", growth.wait_for("b").status))
    waiting.start()
    while growth.awaited != "b":
        time.sleep(0.001)
    growth.ended("b", StepEnd(Status.COMPLETED), reporter.catch_up)
    waiting.join()
    lines = capsys.readouterr().out.splitlines()[1:]
    assert lines == ["a: completed in 1.5 s", "tidied up", "b: completed in 1.5 s", "the function saw completed"]
