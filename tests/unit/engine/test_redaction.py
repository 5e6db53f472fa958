"""Secrets in what workers and drivers say are masked before it goes any further."""

from __future__ import annotations

import io
import logging
import sys
import traceback

import pytest

from stackyard.engine import components
from stackyard.engine.components import redactor_of
from stackyard.engine.executor import ExecutorEvent, LogData
from stackyard.engine.redaction import EventRedaction, clean_error, masked_output
from stackyard.model.errors import ArtifactStoreError, ExecutionError
from stackyard.model.job import ComponentSpec, StepError, StepEvent, StepOutcome
from stackyard.model.redaction import Redactor

REDACTOR = Redactor(["hunter2"])


def clean(*events: ExecutorEvent) -> list[ExecutorEvent]:
    return EventRedaction(REDACTOR).clean(events)


def outcome(step: str, error: StepError | None = None) -> StepOutcome:
    return StepOutcome(step_run_id=step, status="failed" if error else "completed", error=error)


def test_a_secret_in_pieces_is_masked_whatever_comes_between() -> None:
    """Given: two steps that print at the same time, on two streams. Then: each text is masked as a whole."""
    events = clean(
        LogData("a", "stdout", "key hun"),
        LogData("b", "stdout", "hunt"),
        LogData("a", "stderr", "ter2"),
        LogData("a", "stdout", "ter2 end"),
        outcome("a"),
        LogData("b", "stdout", "ing\n"),
        outcome("b"),
    )
    texts: dict[tuple[str, str], str] = {}
    for event in events:
        if isinstance(event, LogData):
            texts[event.step_run_id, event.stream] = texts.get((event.step_run_id, event.stream), "") + event.data
    assert texts == {("a", "stdout"): "key *** end", ("a", "stderr"): "ter2", ("b", "stdout"): "hunting\n"}


def test_what_was_held_back_comes_before_the_outcome() -> None:
    first, second = clean(LogData("a", "stdout", "hunt"), outcome("a"))
    assert (first, second) == (LogData("a", "stdout", "hunt"), outcome("a"))


def test_records_metadata_and_errors_are_masked() -> None:
    error = StepError(type="E", message="m hunter2", traceback="t hunter2", hint="h hunter2", file="f.py", line=3)
    log, metadata, ended = clean(
        StepEvent(kind="log", step_run_id="a", at="", text="with hunter2"),
        StepEvent(kind="metadata", step_run_id="a", at="", values={"k": ["hunter2", 1]}, of_run=True),
        outcome("a", error),
    )
    assert isinstance(log, StepEvent)
    assert isinstance(metadata, StepEvent)
    assert isinstance(ended, StepOutcome)
    assert (log.text, metadata.values, metadata.of_run) == ("with ***", {"k": ["***", 1]}, True)
    assert ended.error == StepError(type="E", message="m ***", traceback="t ***", hint="h ***", file="f.py", line=3)


def test_an_error_of_the_driver_is_masked_and_stays_what_it_is_otherwise() -> None:
    ours = clean_error(ArtifactStoreError("at hunter2", hint="not hunter2", place="hunter2"), REDACTOR)
    assert isinstance(ours, ArtifactStoreError)
    assert (ours.message, str(ours), ours.hint, ours.details) == ("at ***", "at ***", "not ***", {"place": "***"})
    harmless = ValueError("nothing")
    assert clean_error(harmless, REDACTOR) is harmless
    assert clean_error(harmless, None) is harmless
    theirs = clean_error(ValueError("hunter2"), REDACTOR)
    assert isinstance(theirs, ExecutionError)
    assert "ValueError: ***" in theirs.message
    caused = ValueError("nothing")
    caused.__cause__ = KeyError("hunter2")
    assert isinstance(clean_error(caused, REDACTOR), ExecutionError), "its cause would be told as well"


def test_what_a_driver_prints_is_masked_until_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stdout", terminal)
    with masked_output(REDACTOR):
        print("the key: hun", end="")
        sys.stdout.writelines(["ter2\n", "hunt"])
        sys.stdout.flush()
        assert terminal.getvalue() == "the key: ***\n"
        assert not sys.stdout.isatty()
    assert sys.stdout is terminal
    assert terminal.getvalue() == "the key: ***\nhunt"


def test_what_is_logged_meanwhile_is_masked_wherever_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given: a handler that was made before, as by a pipeline's file with ``logging.basicConfig()``."""
    terminal = io.StringIO()
    handler = logging.StreamHandler(terminal)
    logger = logging.getLogger("stackyard-test")
    monkeypatch.setattr(logger, "handlers", [handler])
    with masked_output(REDACTOR):
        logger.warning("with %s and %d", "hunter2", 1)
        try:
            int("hunter2")
        except ValueError:
            logger.exception("failed")
    logger.warning("afterwards: %s", "hunter2")
    told = terminal.getvalue().splitlines()
    assert (told[0], told[-1]) == ("with *** and 1", "afterwards: hunter2")
    assert "ValueError: invalid literal for int() with base 10: '***'" in told
    assert not any("hunter2" in line for line in told[:-1])


@pytest.mark.parametrize("failure", [RuntimeError("at hunter2"), ArtifactStoreError("at hunter2")])
def test_a_store_that_can_not_be_opened_tells_nothing_of_its_secrets(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise failure

    secrets = {"a": {"b": "hunter2"}}
    monkeypatch.setattr(components, "open_artifact_store", fail)
    spec = ComponentSpec(component_id="s", name="s", flavor="theirs", configuration={"key": "{{a.b}}"})
    with pytest.raises(ArtifactStoreError) as caught:
        components.artifact_store(spec, secrets)
    assert "at ***" in caught.value.message
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_without_secrets_nothing_is_in_the_way() -> None:
    assert redactor_of({}) is None
    assert redactor_of({"short": {"key": "abc"}}) is None, "it can't be masked"
    before = sys.stdout
    with masked_output(None):
        assert sys.stdout is before
