"""Scenarios that the tests run in small and the soak runs in large, with counts and chance as arguments."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field

from stackyard.model.enums import Status
from tests.integration.processes import marked
from tests.integration.user import User, statuses, wait_for

_MIXED = """
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


def first_runs_at_once(user: User, count: int) -> None:
    """Let several first runs of a home begin at once, and insist that all complete."""
    user.write("run.py", _MIXED)
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


@dataclass
class KillReport:
    """What a series of kills did."""

    rounds: int = 0
    killed: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)


def kill_anything(user: User, chance: random.Random, rounds: int) -> KillReport:
    """Kill a random process of a run at a random moment, again and again; check what must hold after each.

    Holds: the run is over at once and has a finished status, no process is left, every step that is completed has its
    outputs whole in the store, and an undisturbed run after it completes.
    """
    user.write("run.py", _MIXED)
    report = KillReport()
    for _ in range(rounds):
        before = len(user.runs())
        driver = user.start(user.interpreter, "run.py")
        killed = _kill_one(user, chance)
        if killed:
            report.killed.append(killed)
        driver.wait(120)
        _check_finished(user, before, report)
        report.rounds += 1
    assert user.python("run.py", "--cache").code == 0
    assert user.last_run().status == "completed"
    return report


def _kill_one(user: User, chance: random.Random) -> str:
    """Kill a process of the run that is going on; return its command, empty when it was over already."""
    wait_for(lambda: marked(user.mark), 10, "the driver")
    if chance.random() < 0.8:  # most often in the middle of the run, else anywhere from the first instruction on
        _wait_for_a_run(user)
    time.sleep(chance.random() * 1.0)
    found = marked(user.mark)
    if not found:
        return ""
    chosen = chance.choice(found)
    with contextlib.suppress(ProcessLookupError):
        os.kill(chosen.pid, signal.SIGKILL)
        return chosen.command
    return ""


def _wait_for_a_run(user: User) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and marked(user.mark):
        if any(run.status == Status.RUNNING for run in user.runs()):
            return
        time.sleep(0.02)


def _check_finished(user: User, before: int, report: KillReport) -> None:
    left = user.left_behind()
    assert not left, f"still running: {'; '.join(map(str, left))}"
    runs = user.runs()
    assert len(runs) - before in (0, 1)
    for run in runs[before:]:
        report.outcomes[str(run.status)] += 1
        assert run.status.is_finished, run.status
        for step in run.steps:
            for ref in step.outputs:
                found = list((user.home / "artifact_stores").rglob(f"{ref.artifact_version_id}/manifest.json"))
                assert len(found) == 1, f"{run.name}/{step.name}: the version that the catalog names is not there"
                manifest = json.loads(found[0].read_text(encoding="utf-8"))
                for file in manifest["files"]:
                    assert (found[0].parent / file["path"]).stat().st_size == file["size_bytes"]
