"""Killing anything at any time, then resuming: the scenario that the tests run in small and the soak in large."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from stackyard.api import artifacts, runs
from stackyard.model.enums import Status
from stackyard.model.views import RunView
from stackyard.storage.local_store import LocalArtifactStore
from tests.integration.processes import descendants_of, is_running, parent_of
from tests.integration.user import User, statuses

_BRANCHES = """
import os, random, subprocess, sys, time
from pathlib import Path

import numpy as np
from stackyard import get_step_context, log_metadata, pipeline, step

LINES = Path(__file__).parent / "lines"

def note(word):
    # Steps know nothing of the store here: what ran is told by these files alone.
    line = f"{word} {os.getpid()}\\n".encode()
    file = os.open(LINES / get_step_context().step_name, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line)
    os.close(file)

class at_work:
    def __enter__(self):
        note("start")
        chance = random.random()
        if chance < 0.15:
            subprocess.Popen(["sleep", "600"])
        elif chance < 0.3:
            subprocess.Popen(["sh", "-c", "trap '' TERM HUP INT; sleep 601"], start_new_session=True)
        elif chance < 0.4:
            self.ballast = bytearray(os.urandom(1 << 20) * 40)
        print("working", os.getpid(), flush=True)
        time.sleep(random.random() * 0.1)

    def __exit__(self, kind, *_):
        if kind is None:
            note("end")

@step
def source(number: int) -> int:
    with at_work():
        return number

@step
def numbers(value: int) -> list:
    with at_work():
        return [value * n for n in range(50)]

@step
def text(value: int) -> str:
    with at_work():
        return f"\\u00e4 {value} " * 1000

@step
def data(value: int) -> bytes:
    with at_work():
        return bytes([value % 256]) * 300_000

@step
def array(values: list) -> np.ndarray:
    with at_work():
        return np.outer(values, np.arange(2000.0))

@step
def facts(word: str, raw: bytes) -> dict:
    with at_work():
        log_metadata({"length": len(word)})
        return {"words": len(word.split()), "bytes": len(raw), "nested": {"list": [word[:3]]}}

@step
def join(matrix: np.ndarray, known: dict) -> int:
    with at_work():
        return int(matrix.sum()) + known["words"] + known["bytes"]

@step
def total(a: int, b: int, c: int, d: int) -> int:
    with at_work():
        return a + b + c + d

@step
def report(value: int) -> str:
    with at_work():
        return f"total {value}"

@pipeline(enable_cache=False)
def branches() -> None:
    joined = []
    for number in range(4):
        value = source(number)
        joined.append(join(array(numbers(value)), facts(text(value), data(value))))
    report(total(*joined))

if __name__ == "__main__":
    branches()
"""
STEPS = 30
_LIST = 1000


@dataclass
class CrashReport:
    """What a series of kills did."""

    kills: Counter[str] = field(default_factory=Counter)
    """Who was killed, how often."""
    runs: int = 0
    resumed: int = 0
    kept: int = 0
    """Steps that were completed before a run was resumed."""

    def __str__(self) -> str:
        """Return it in words."""
        killed = ", ".join(f"{count} x {who}" for who, count in self.kills.most_common())
        return (
            f"{self.kills.total()} kills ({killed}) of {self.runs} runs with {STEPS} steps, "
            f"resumed {self.resumed} times with {self.kept} steps done"
        )


@dataclass
class _Crashing:
    """One run that is killed and resumed until it completes."""

    user: User
    chance: random.Random
    report: CrashReport
    span_s: float
    """How long an undisturbed run takes, from its first step to its last."""
    done: dict[str, list[str]] = field(default_factory=dict)
    """Step that is completed by the catalog to the lines that it had written when that was seen."""

    def to_the_end(self, kills: int) -> float:
        """Start, kill, check and resume, with at most so many kills; then insist on the right result.

        Returns:
            How long it ran at last.
        """
        folder = self.user.folder / "lines"
        for file in folder.iterdir():
            file.unlink()
        known = {run.id for run in self._listed()}
        driver = self.user.start(self.user.interpreter, "branches.py")
        while True:
            killed = self._kill_something(driver, known) if kills > 0 else ""
            code = driver.wait(180)
            if killed:
                kills -= 1
                self.report.kills[killed] += 1
            run = self._check(known, killed)
            if run is None:  # killed before there was anything to resume
                driver = self.user.start(self.user.interpreter, "branches.py")
                continue
            if run.status == Status.COMPLETED:
                break
            assert killed, f"nobody was killed: {code}\n{self.user.started_output[-4000:]}"
            self.report.resumed += 1
            self.report.kept += len(self.done)
            driver = self.user.start(self.user.interpreter, "-m", "stackyard", "run", "resume", run.name)
        self.report.runs += 1
        assert set(statuses(run).values()) == {"completed"}, statuses(run)
        assert _value(self.user, run, "report") == "total 14693858000"
        return run.duration_s or 0.0

    def _kill_something(self, driver: subprocess.Popen[str], known: set[str]) -> str:
        """Kill one or some of the processes of the run at some moment; return who, empty when it was over before."""
        if self.chance.random() < 0.85:  # most often in the middle of it, else anywhere from the first instruction on
            before = _written(self.user)
            while driver.poll() is None and _written(self.user) == before:
                time.sleep(0.01)
        rest_s = self.span_s * (1 - len(self.done) / STEPS)
        time.sleep(self.chance.random() * rest_s * 0.8)
        found = _processes(driver.pid)
        victims = self.chance.choice(
            [
                ["driver"],
                ["worker"],
                ["worker"],
                ["zygote"],
                ["guard"],
                ["driver", "zygote"],
                ["driver", "zygote", "guard"],
            ]
        )
        pids = [self.chance.choice(found[who]) for who in victims if found[who]]
        if driver.poll() is not None or len(pids) < len(victims):
            return ""
        for number in (signal.SIGSTOP, signal.SIGKILL):  # all at the same time
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        return " and ".join(", ".join(victims).rsplit(", ", 1))

    def _check(self, known: set[str], killed: str) -> RunView | None:
        """Check what must hold as soon as the driver is gone; return the run, None if it got no row."""
        if killed != "driver, zygote and guard":
            left = self.user.left_behind()
            assert not left, f"still running after {killed or 'nobody'} was killed: {'; '.join(map(str, left))}"
        new = [run for run in self._listed() if run.id not in known]
        assert len(new) <= 1
        _all_whole(self.user)
        if not new:
            return None
        run = runs.get_run(self.user.context(), new[0].id)
        assert run.status.is_finished, run.status
        assert new[0].status == run.status
        lines = _lines(self.user)
        for name, before in self.done.items():
            assert lines[name] == before, f"{name} was completed and ran again"
        for step in run.steps:
            assert step.status.is_finished, (step.name, step.status)
            if step.status == Status.COMPLETED:
                assert lines[step.name][-1].startswith("end"), step.name
                assert len(step.outputs) == 1
                self.done.setdefault(step.name, lines[step.name])
            assert step.name not in self.done or step.status == Status.COMPLETED, f"{step.name} is {step.status} now"
        return run

    def _listed(self) -> list[RunView]:
        return runs.list_runs(self.user.context(), limit=_LIST).items


def crash_and_resume(user: User, chance: random.Random, kills: int) -> CrashReport:
    """Kill processes of runs until so many were killed, each run resumed until it completes.

    Holds after each kill: the run is over at once, no process of it is left, nothing is listed that is not whole. After
    resuming: the right result, and no step ran again that was completed.
    """
    user.write("branches.py", _BRANCHES)
    (user.folder / "lines").mkdir()
    report = CrashReport()
    span_s = _Crashing(user, chance, report, 0.0).to_the_end(0)
    while report.kills.total() < kills:
        left = kills - report.kills.total()
        _Crashing(user, chance, report, span_s).to_the_end(min(left, chance.randint(1, 6)))
    return report


def _processes(driver: int) -> dict[str, list[int]]:
    """Return the processes of a run by what they are."""
    found: dict[str, list[int]] = {"driver": [driver], "guard": [], "zygote": [], "worker": []}
    names = {driver: "driver"}
    below = {"driver": "guard", "guard": "zygote", "zygote": "worker"}
    for pid in descendants_of(driver):  # parents come first
        name = below.get(names.get(parent_of(pid), ""), "")
        if name and _is_ours(pid):
            names[pid] = name
            found[name].append(pid)
    return found


def _is_ours(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return b"stackyard.engine.guard" in Path(f"/proc/{pid}/cmdline").read_bytes() and is_running(pid)
    return False


def _lines(user: User) -> dict[str, list[str]]:
    return {file.name: file.read_text().splitlines() for file in (user.folder / "lines").iterdir()}


def _written(user: User) -> int:
    """Return the bytes of all lines, which is quickly asked again and again."""
    return sum(file.stat().st_size for file in os.scandir(user.folder / "lines"))


def _all_whole(user: User) -> None:
    """Insist that what is listed as an artifact version is there to the last byte."""
    ctx = user.context()
    versions = artifacts.search_versions(ctx, limit=STEPS * 3).items
    store = LocalArtifactStore(str(user.home / "artifact_stores" / "default"))
    for version in versions:
        store.verify(version.uri)


def _value(user: User, run: RunView, step: str) -> str:
    (ref,) = next(s.outputs for s in run.steps if s.name == step)
    (manifest,) = (user.home / "artifact_stores").rglob(f"{ref.artifact_version_id}/manifest.json")
    (file,) = (path for path in manifest.parent.iterdir() if path != manifest)
    return file.read_text(encoding="utf-8").strip().strip('"')
