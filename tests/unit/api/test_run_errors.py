"""What goes wrong in a run, and where it can be read: what is printed, the catalog, logs, events."""

from __future__ import annotations

import bdb
import io
import json
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from click.testing import CliRunner

from stackyard.api.client import Client
from stackyard.api.context import open_context
from stackyard.api.model import Model
from stackyard.api.models import create_model
from stackyard.api.programs import Program
from stackyard.api.run_request import of_here
from stackyard.api.runs import get_run, list_runs, read_logs
from stackyard.authoring.context import get_step_context
from stackyard.authoring.pipeline import pipeline
from stackyard.authoring.step import step
from stackyard.cli.events import EventsReporter
from stackyard.cli.main import cli
from stackyard.cli.progress import PlainReporter
from stackyard.model.enums import Status
from stackyard.model.errors import ModelNotFoundError, RunFailedError, UsageError
from stackyard.model.options import StepRetryConfig


@step
def one() -> int:
    return 1


def refuses(purpose: str = "") -> None:
    raise ValueError(f"not today{purpose}")


def left_over() -> None:
    raise KeyError("gone")


@pipeline(on_init=refuses, enable_cache=False)
def refused() -> None:
    one()


@pipeline(on_init=refuses, on_init_kwargs={"purpose": ", Ann"}, on_cleanup=left_over, enable_cache=False)
def neither() -> None:
    one()


@pipeline(on_cleanup=left_over, enable_cache=False)
def untidy() -> None:
    one()


@step(retry=StepRetryConfig(max_retries=1, delay=1))
def fails_twice() -> int:
    raise OSError("the line is bad")


@step
def after(x: int) -> int:
    return x


@pipeline(enable_cache=False)
def retried() -> None:
    after(fails_twice())
    one()


@step
def asks() -> None:
    config = get_step_context().step_run.config
    assert (config.parameters, config.extra, config.settings) == ({}, {}, {})
    raise EOFError("EOF when reading a line")  # as input() does in a worker


@step
def debugged() -> None:
    class Quits(bdb.Bdb):  # as breakpoint() does where nobody answers
        def user_line(self, frame: FrameType) -> None:
            self.set_quit()

    debugger = Quits()
    debugger.set_trace()
    debugger.set_continue()


@pipeline(enable_cache=False)
def without_terminal() -> None:
    asks()
    debugged()


class Seen:
    """A script that runs its pipelines right here, and all that it prints."""

    def __init__(self) -> None:
        self.events = io.StringIO()
        self._program = Program(
            of_here(kind="script", file=__file__, in_process=True),
            lambda: EventsReporter(self.events, PlainReporter(in_process=True)),
        )

    def run(self, definition: Any) -> str:
        """Run it; return the error, empty without one."""
        try:
            self._program.run(definition, {})
        except RunFailedError as error:
            return str(error)
        return ""

    def happened(self, event: str) -> list[dict[str, Any]]:
        """Return the events of a kind."""
        return [e for line in self.events.getvalue().splitlines() if (e := json.loads(line))["event"] == event]


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seen:
    monkeypatch.chdir(tmp_path)
    return Seen()


def _shown(*words: str) -> str:
    result = CliRunner().invoke(cli, ["run", *words], standalone_mode=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_why_on_init_failed_can_be_read_everywhere(seen: Seen, capsys: pytest.CaptureFixture[str]) -> None:
    line = refuses.__code__.co_firstlineno + 1
    failed = "The pipeline's on_init failed: ValueError: not today"
    assert failed in seen.run(refused)
    printed = capsys.readouterr().out
    assert f"The pipeline's on_init failed at {__file__}:{line}: ValueError: not today\nTraceback (most" in printed
    assert printed.count("ValueError: not today") == 2
    run = get_run(open_context(), "latest")
    assert run.error is not None
    assert (run.error.type, run.error.message, run.error.line) == ("ValueError", failed, line)
    assert f'File "{__file__}", line {line}, in refuses' in run.error.traceback
    shown = _shown("show")
    assert f"{failed} at {__file__}:{line}" in shown
    assert "in refuses\n" in shown
    logs = _shown("logs")
    assert logs.startswith(f"error: {failed}\nerror: Traceback")
    assert logs.endswith("error: ValueError: not today\n")
    (event,) = seen.happened("hook_failed")
    assert (event["hook"], event["error"]["type"], event["error"]["line"]) == ("on_init", "ValueError", line)


def test_both_hooks_may_fail(seen: Seen) -> None:
    assert "not today, Ann" in seen.run(neither)
    run = get_run(open_context(), "latest")
    assert run.error is not None
    assert "on_init failed: ValueError" in run.error.message
    page = read_logs(open_context(), run.id)
    texts = [log.text for log in page.lines if "The pipeline's" in log.text]
    assert [text.split(":")[0] for text in texts] == [
        "The pipeline's on_init failed",
        "The pipeline's on_cleanup failed",
    ]
    assert {log.step for log in page.lines} == {""}
    assert page.finished
    assert read_logs(open_context(), run.id, cursor=page.cursor).lines == []


def test_a_run_whose_on_cleanup_fails_has_completed_and_says_why_it_did(
    seen: Seen, capsys: pytest.CaptureFixture[str]
) -> None:
    assert seen.run(untidy) == ""
    assert "The pipeline's on_cleanup failed at " in capsys.readouterr().out
    run = get_run(open_context(), "latest")
    assert run.status is Status.COMPLETED
    assert run.error is not None
    assert (run.error.type, "in left_over" in run.error.traceback) == ("KeyError", True)
    assert "The pipeline's on_cleanup failed: KeyError: 'gone'" in _shown("show")
    assert "error: The pipeline's on_cleanup failed: KeyError: 'gone'\n" in _shown("logs")


def test_a_step_takes_as_long_as_all_its_attempts_wherever_it_is_told(seen: Seen) -> None:
    assert "step 'fails_twice'" in seen.run(retried)
    changes = {e["status"]: e for e in seen.happened("step_changed") if e["step"] == "fails_twice"}
    run = get_run(open_context(), "latest")
    duration = run.steps[0].duration_s
    assert duration is not None
    assert duration >= 1
    assert changes["failed"]["duration_s"] == pytest.approx(duration, abs=0.5)
    assert changes["retrying"]["duration_s"] < changes["failed"]["duration_s"]
    client = Client()
    response = client.get_pipeline_run("latest")
    failed = response.steps["fails_twice"]
    assert (response.pipeline, response.pipeline.name, response.stack.name) == ("retried", "retried", "default")
    assert (response.in_progress, failed.pipeline_run_id) == (False, response.id)
    assert failed.start_time is not None
    assert failed.end_time is not None
    assert 1 <= (failed.end_time - failed.start_time).total_seconds() < 30
    assert failed.exception_info is not None
    assert failed.exception_info.type == "OSError"
    assert (failed.config.parameters, failed.config.retry["max_retries"], failed.config.settings) == ({}, 1, {})
    with pytest.raises(AttributeError, match=r"PipelineRun 'retried-1' has no attribute 'stat'\. Did you mean 'sta"):
        _ = response.stat
    with pytest.raises(UsageError, match="'after' has no outputs: it is skipped"):
        _ = response.steps["after"].output
    assert "OSError" in _shown("show")
    assert _shown("show").count("OSError: the line is bad") == 2, "the run's error is that of its step"


def test_who_asks_for_a_terminal_is_told_where_there_is_one(seen: Seen) -> None:
    assert "2 steps" in seen.run(without_terminal)
    asked, quits = (s.error for s in get_run(open_context(), "latest").steps)
    assert asked is not None
    assert quits is not None
    assert (asked.type, quits.type, quits.file, "bdb.py" in quits.traceback) == ("EOFError", "BdbQuit", __file__, False)
    assert all("--in-process" in error.hint for error in (asked, quits))


@pipeline(model=Model(name="churn", version=99), run_name="wanted")
def without_its_model() -> None:
    one()


def test_a_run_that_is_refused_for_its_model_leaves_no_run_and_keeps_no_name(seen: Seen) -> None:
    create_model(open_context(), "churn", {})
    with pytest.raises(ModelNotFoundError, match="'churn' has no version 99"):
        seen.run(without_its_model)
    assert list_runs(open_context()).items == []
    assert seen.run(without_its_model.with_options(model="churn")) == ""
    assert get_run(open_context(), "wanted").status is Status.COMPLETED
