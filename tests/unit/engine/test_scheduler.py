"""The scheduler, mode by mode."""

from __future__ import annotations

import pytest

from stackyard.engine.scheduler import Scheduler
from stackyard.model.enums import ExecutionMode, Status
from tests.property.strategies import spec


def diamond(mode: ExecutionMode) -> Scheduler:
    return Scheduler([spec("a"), spec("b", ["a"]), spec("c", ["a"]), spec("d", ["b", "c"]), spec("e")], mode)


def take_all(scheduler: Scheduler) -> list[str]:
    found: list[str] = []
    while (name := scheduler.take_ready()) is not None:
        found.append(name)
    return found


def test_steps_start_when_all_they_wait_for_ended_well() -> None:
    scheduler = diamond(ExecutionMode.CONTINUE_ON_FAILURE)
    assert take_all(scheduler) == ["a", "e"]
    scheduler.end("a", Status.COMPLETED)
    assert take_all(scheduler) == ["b", "c"]
    scheduler.end("b", Status.CACHED)
    assert take_all(scheduler) == []
    scheduler.end("c", Status.COMPLETED)
    assert take_all(scheduler) == ["d"]
    assert scheduler.in_status(Status.RUNNING) == ["e", "d"]
    scheduler.end("d", Status.COMPLETED)
    scheduler.end("e", Status.COMPLETED)
    assert scheduler.finished
    assert scheduler.outcome() is Status.COMPLETED


def test_continue_on_failure_runs_all_that_do_not_need_it() -> None:
    scheduler = diamond(ExecutionMode.CONTINUE_ON_FAILURE)
    take_all(scheduler)
    scheduler.end("a", Status.COMPLETED)
    take_all(scheduler)
    assert scheduler.end("b", Status.FAILED) == ["d"]
    scheduler.end("c", Status.COMPLETED)
    scheduler.end("e", Status.COMPLETED)
    assert scheduler.outcome() is Status.FAILED
    assert scheduler.status["c"] is Status.COMPLETED


@pytest.mark.parametrize("mode", [ExecutionMode.STOP_ON_FAILURE, ExecutionMode.FAIL_FAST])
def test_the_other_modes_start_no_more(mode: ExecutionMode) -> None:
    scheduler = diamond(mode)
    take_all(scheduler)
    assert scheduler.end("a", Status.FAILED) == ["b", "c", "d"]
    assert take_all(scheduler) == []
    assert not scheduler.finished
    scheduler.end("e", Status.COMPLETED)
    assert scheduler.outcome() is Status.FAILED


def test_a_stop_skips_what_is_queued() -> None:
    scheduler = diamond(ExecutionMode.CONTINUE_ON_FAILURE)
    take_all(scheduler)
    assert scheduler.stop() == ["b", "c", "d"]
    scheduler.end("a", Status.COMPLETED)
    scheduler.end("e", Status.STOPPED)
    assert take_all(scheduler) == []
    assert (scheduler.finished, scheduler.outcome()) == (True, Status.STOPPED)
