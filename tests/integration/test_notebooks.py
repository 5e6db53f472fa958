"""Steps and pipelines that are defined in the cells of a notebook."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from scripts.pythons import find_pythons

from tests.integration.environments import environment_of
from tests.integration.notebook import notebook
from tests.integration.user import ROOT, User, statuses

PYTHONS = find_pythons()

CELLS = """
import os, time
from dataclasses import dataclass
from typing import Annotated

from stackyard import Client, get_step_context, log_metadata, pipeline, step

@dataclass
class Point:
    x: int

FACTOR = 3

@step
def make(number: int, count: int) -> Annotated[Point, "point"]:
    start = time.time()
    os.makedirs(f"begun/{number}", exist_ok=True)
    while len(os.listdir("begun")) < count:  # all go on when all have begun
        time.sleep(0.01)
    log_metadata({"pid": os.getpid(), "start": start, "end": time.time()})
    print("point", number)
    return Point(number * FACTOR)

@step
async def add(points: list[Point]) -> int:
    return sum(point.x for point in points)

@pipeline
def adding(count: int = 3) -> int:
    return add([make(number, count, id=f"make_{number}") for number in range(count)])
"""


SLEEPING = """
@step
def slow() -> None:
    print("sleeping", flush=True)
    time.sleep(600)

@pipeline
def nap():
    slow()
"""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", PYTHONS)
def test_a_pipeline_of_cells_runs_in_parallel_workers(user: User, version: str) -> None:
    """Given a kernel, when cells define, run and redefine a pipeline, then workers execute what the cells say now."""
    print(f"Jupyter kernel on Python {version}")
    if version != "{}.{}".format(*sys.version_info):
        user.interpreter = str(environment_of(version, PYTHONS[version]))
        user.variables["PYTHONPATH"] = str(ROOT / "src")
    with notebook(user) as cells:
        cells.do(CELLS)
        first = cells.do("run = adding()\nprint(run.steps['add'].outputs['output'][0].load())")
        assert first.text.rstrip().endswith("\n9"), first.text
        assert "make_1 | point 1" in first.text
        run = user.last_run()
        assert set(statuses(run).values()) == {"completed"}
        makes = [step.metadata for step in run.steps if step.name.startswith("make")]
        assert len({step["pid"] for step in makes} | {cells.pid}) == 4, "each in a process of its own"
        assert max(step["start"] for step in makes) < min(step["end"] for step in makes), "side by side"

        cells.do("adding()")
        assert set(statuses(user.last_run()).values()) == {"cached"}
        changed = cells.do("FACTOR = 5\nprint(adding().steps['add'].outputs['output'][0].load())")
        assert changed.text.rstrip().endswith("\n15"), changed.text
        assert set(statuses(user.last_run()).values()) == {"completed"}

        failed = cells.run(
            "@step\ndef bad() -> int:\n    return 1 / 0\n\n@pipeline\ndef broken():\n    bad()\n\nbroken()"
        )
        assert failed.error.startswith("RunFailedError: The run 'broken-1' failed"), failed
        assert "ZeroDivisionError: division by zero" in failed.text
        assert "    return 1 / 0\n" in failed.text, "the worker does not know the cell's text"
        assert "site-packages" not in failed.traceback
        assert "src/stackyard" not in failed.traceback, failed.traceback


def test_interrupting_the_kernel_stops_the_run(user: User) -> None:
    with notebook(user) as cells:
        cells.do(CELLS)
        cells.do(SLEEPING)
        sent = cells.send("nap()")
        cells.result(sent, until="slow | sleeping")
        os.kill(cells.pid, signal.SIGINT)
        stopped = cells.result(sent)
        assert "RunStoppedError" in stopped.error, stopped
        assert statuses(user.last_run()) == {"slow": "stopped"}
        assert cells.do("print(1 + 1)").text == "2\n", "the kernel goes on"
        edited = "values = Client().get_pipeline_run('nap-1').status\nprint(values)"
        assert cells.do(edited).text == "stopped\n"


def test_a_pipeline_looks_at_values_and_goes_on_after_a_failure_is_mended(user: User) -> None:
    with notebook(user) as cells:
        cells.do(CELLS)
        cells.do("@step\ndef check(total: int) -> int:\n    raise ValueError(total)")
        cells.do("@pipeline\ndef growing():\n    total = adding(2)\n    if total.load() == 3:\n        check(total)\n")
        assert "failed" in cells.run("growing()").error
        cells.do("@step\ndef check(total: int) -> int:\n    return total + 1")
        cells.do("run = growing.with_options(resume='growing-1')()")
        assert cells.do("print(run.name, run.status)").text == "growing-1 completed\n"
        shown = cells.do("run")
        assert shown.data
        assert "growing-1" in str(shown.data)
