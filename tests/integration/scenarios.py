"""Many first runs at once: the scenario that a test runs in small and the soak in large."""

from __future__ import annotations

from collections import Counter

from tests.integration.user import User, statuses

MIXED = """
import sys, time
from stackyard import pipeline, step

@step
def make(number: int) -> int:
    time.sleep(number % 3 * 0.1)
    return number

@step
def square(value: int) -> int:
    time.sleep(0.05)
    return value * value

@step
def total(a: int, b: int, c: int) -> int:
    return a + b + c

@pipeline(enable_cache="--cache" in sys.argv)
def mixed() -> None:
    total(*[square(make(number)) for number in range(3)])

if __name__ == "__main__":
    mixed()
"""
"""A script of seven steps that takes about a second."""


def first_runs_at_once(user: User, count: int) -> None:
    """Let several first runs of a home begin at once, and insist that all complete."""
    user.write("run.py", MIXED)
    started = [user.start(user.interpreter, "run.py") for _ in range(count)]
    codes = [process.wait(600) for process in started]
    assert codes == [0] * count, user.started_output[-3000:]
    runs = user.runs()
    assert len(runs) == count
    assert len({run.name for run in runs}) == count, "run names are unique"
    for run in runs:
        assert run.status == "completed"
        assert set(statuses(run).values()) == {"completed"}
    versions = Counter((ref.artifact_name, ref.version) for run in runs for step in run.steps for ref in step.outputs)
    assert max(versions.values()) == 1, "version numbers are unique"
