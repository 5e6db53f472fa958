"""Steps that a worker begins by itself, having been given them ahead: whatever happens, they run once or not at all."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import time

import pytest

from tests.integration.user import User, statuses, wait_for

FLOW = """
import sys, threading, time
from pathlib import Path
from stackyard import Model, StepRetryConfig, pipeline, step

HERE = Path(__file__).parent

def note(word):
    with (HERE / "notes").open("a") as file:
        file.write(word + "\\n")

def wait(gate):
    (HERE / f"at-{gate}").touch()
    while not (HERE / gate).exists():
        time.sleep(0.01)

@step
def first() -> int:
    note("first")
    wait("gate")
    return 1

@step
def second(x: int) -> int:
    note("second")
    return x + 1

@step
def third(x: int, y: int) -> int:
    note(f"{x}+{y}")
    return x + y

@step
def pauses(x: int = 0) -> int:
    time.sleep(0.3)
    return x + 1

@step(timeout=1)
def slow(x: int) -> int:
    note("slow")
    time.sleep(600)
    return x

@step(retry=StepRetryConfig(max_retries=1))
def flaky() -> int:
    note("flaky")
    wait("gate")
    if not (HERE / "tried").exists():
        (HERE / "tried").touch()
        raise ValueError("once")
    return 1

@step
def breaks() -> None:
    wait("broken")
    raise ValueError("broken")

@pipeline(enable_cache=False)
def row() -> None:
    x = first()
    y = second(x)
    third(second(third(x, y), id="fourth"), y, id="fifth")

@pipeline(enable_cache=False)
def timed() -> None:
    x = pauses(first())
    for _ in range(4):
        x = pauses(x)

@pipeline(enable_cache=False)
def late() -> None:
    second(slow(first()))

@pipeline(enable_cache=False)
def again() -> None:
    second(flaky())

@pipeline(enable_cache=False, execution_mode="stop_on_failure")
def beside() -> None:
    second(first())
    breaks()

@pipeline(enable_cache=False)
def long() -> None:
    x = second(second(1), id="before")
    x = third(first(after=x), x)
    for n in range(6):
        x = second(x, id=f"after{n}")

@pipeline(enable_cache=False)
def grown() -> None:
    lock = threading.Lock()

    @step
    def unsendable(x: int) -> int:
        return x if lock else 0

    x = second(1)
    x.load()
    x = first(after=x)
    unsendable(second(x, id="before"))
    second.with_options(model=Model(name="missing", version="9"))(second(x, id="beside"), id="modelled")

if __name__ == "__main__":
    globals()[sys.argv[1]]()
"""


@pytest.fixture
def flow(user: User) -> User:
    user.write("flow.py", FLOW)
    return user


def notes(user: User) -> list[str]:
    return (user.folder / "notes").read_text(encoding="utf-8").split()


def test_a_row_of_steps_takes_what_the_ones_before_gave(flow: User) -> None:
    flow.write("gate", "")
    assert flow.python("flow.py", "row").code == 0
    assert set(statuses(flow.last_run()).values()) == {"completed"}
    assert notes(flow) == ["first", "second", "1+2", "second", "4+2"]


def test_a_driver_that_is_held_up_records_when_steps_began_and_ended(flow: User) -> None:
    """Given a catalog that somebody else writes for a second, then the times are those of the steps."""
    driver = flow.start(flow.interpreter, "flow.py", "timed")
    wait_for((flow.folder / "at-gate").exists, 180, "the first step")
    wait_for(lambda: statuses(flow.last_run())["first"] == "running", 180, "its record")
    with contextlib.closing(sqlite3.connect(flow.home / "catalog.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        flow.write("gate", "")
        time.sleep(1.5)
        other.execute("ROLLBACK")
    assert driver.wait(180) == 0, flow.started_output
    steps = [step for step in flow.last_run().steps if step.name != "first"]
    assert all((step.duration_s or 0) >= 0.29 for step in steps), [step.duration_s for step in steps]
    assert all(step.started_at <= step.ended_at for step in steps)
    assert all(one.ended_at <= other.started_at for one, other in itertools.pairwise(steps))


def test_a_step_that_takes_too_long_is_ended_as_any_other(flow: User) -> None:
    flow.write("gate", "")
    assert flow.python("flow.py", "late").code == 1
    assert statuses(flow.last_run()) == {"first": "completed", "slow": "failed", "second": "skipped"}
    assert notes(flow) == ["first", "slow"]


def test_what_follows_a_second_attempt_runs_once(flow: User) -> None:
    flow.write("gate", "")
    assert flow.python("flow.py", "again").code == 0
    assert notes(flow) == ["flaky", "flaky", "second"]


@pytest.mark.parametrize("how", ["stopped", "skipped"])
def test_a_step_that_is_not_to_run_any_more_does_not(flow: User, how: str) -> None:
    """Given a step that was given ahead, when it is stopped or another step fails, then it never begins."""
    driver = flow.start(flow.interpreter, "flow.py", "beside")
    wait_for((flow.folder / "at-gate").exists, 120, "the first step")
    wait_for((flow.folder / "at-broken").exists, 120, "the other step")
    if how == "stopped":
        flow.do("run", "stop", "latest", "--step", "second", "--timeout", "120")
    else:
        flow.write("broken", "")
    wait_for(lambda: statuses(flow.last_run())["second"] == how, 120, "the end of the second step")
    flow.write("gate", "")
    flow.write("broken", "")
    driver.wait(180)
    assert statuses(flow.last_run())["first"] == "completed"
    assert notes(flow) == ["first"]


def test_a_step_that_cannot_begin_fails_alone(flow: User) -> None:
    """Given steps that are recorded while others run, and can't be sent, then none of them is given ahead."""
    driver = flow.start(flow.interpreter, "flow.py", "grown")
    wait_for(lambda: "modelled" in (statuses(flow.last_run()) if flow.count_runs() else {}), 120, "all steps")
    flow.write("gate", "")
    assert driver.wait(180) == 1
    found = statuses(flow.last_run())
    assert (found.pop("unsendable"), found.pop("modelled"), set(found.values())) == ("failed", "failed", {"completed"})
    assert notes(flow) == ["second", "first", "second", "second"]


def test_a_worker_that_was_given_steps_ahead_ends_with_its_driver(flow: User) -> None:
    """Given a worker without a zygote, in whose channel jobs wait, when the driver is killed, then it ends."""
    driver = flow.start(flow.interpreter, "flow.py", "long", variables={"STACKYARD_WORKER_START": "spawn"})
    wait_for((flow.folder / "at-gate").exists, 120, "the step that waits")
    wait_for(lambda: statuses(flow.last_run())["first"] == "running", 120, "what is given then")
    driver.kill()
    driver.wait(180)
    left = flow.left_behind()
    assert not left, left
