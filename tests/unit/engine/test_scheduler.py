"""The scheduler, mode by mode."""

from __future__ import annotations

import pytest

from stackyard.engine.scheduler import Scheduler
from stackyard.model.enums import ExecutionMode, Status
from stackyard.model.options import ResourceSettings
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


@pytest.mark.parametrize("mode", ExecutionMode)
def test_a_step_that_was_stopped_takes_with_it_those_that_need_it_whatever_the_mode(mode: ExecutionMode) -> None:
    scheduler = diamond(mode)
    take_all(scheduler)
    assert scheduler.end("e", Status.STOPPED) == []
    scheduler.end("a", Status.COMPLETED)
    assert take_all(scheduler) == ["b", "c"]
    scheduler.retry("b")
    assert scheduler.end("b", Status.STOPPED) == ["d"]
    scheduler.end("c", Status.COMPLETED)
    assert (scheduler.finished, scheduler.stopped, scheduler.outcome()) == (True, False, Status.STOPPED)


def test_a_large_step_gets_its_turn_and_small_ones_do_not_wait_for_it() -> None:
    large, small = ResourceSettings(cpu_count=8), ResourceSettings(cpu_count=1)
    steps = [
        spec("a").model_copy(update={"resources": small}),
        spec("b").model_copy(update={"resources": large}),
        spec("c").model_copy(update={"resources": small}),
        spec("d"),
    ]
    scheduler = Scheduler(steps, ExecutionMode.CONTINUE_ON_FAILURE, cores=2)
    assert take_all(scheduler) == ["a", "d"], "the large one waits for the cores, and nobody with a claim overtakes it"
    scheduler.end("a", Status.COMPLETED)
    assert take_all(scheduler) == ["b"]
    scheduler.end("b", Status.COMPLETED)
    assert take_all(scheduler) == ["c"]
