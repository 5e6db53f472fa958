"""Two writers and 20 readers of one catalog at once, each a process of its own: nobody is ever told that it is locked.

python -m tests.integration.catalog_traffic HOME RUNS

A writer records so many runs of ten steps as drivers do; a reader asks for lists, lineage and runs until the last one.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from stackyard.api import artifacts, runs, tags
from stackyard.api.artifact_lineage import lineage
from stackyard.api.context import open_context
from stackyard.model.cache_key import CacheKeyParts
from stackyard.model.enums import MissReason, Status
from stackyard.storage.catalog.writer import NewStepRun, RunWriter
from stackyard.storage.home import Home
from stackyard.storage.ids import new_id
from stackyard.storage.projects import Project
from tests.integration.user import User
from tests.unit.storage.catalog_rows import manifest, new_run

WRITERS, READERS = 2, 20
STEPS = 10
PAUSE_S = 0.2
"""Between the questions of a reader: more processes than cores that never wait would leave the writers no time."""
_ENDING_S = 600


@dataclass
class Traffic:
    """What happened."""

    runs: int
    versions: int
    answers: int
    longest_write_ms: float
    longest_read_ms: float

    def __str__(self) -> str:
        return (
            f"{self.runs} runs with {self.versions} versions written by {WRITERS} processes, {self.answers} answers to "
            f"{READERS}; the longest write took {self.longest_write_ms:.0f} ms, the longest answer "
            f"{self.longest_read_ms:.0f} ms"
        )


def traffic(user: User, runs_each: int) -> Traffic:
    """Let the processes work until the writers are done, and see that all that was written is there."""
    done = user.python(
        "-m", "tests.integration.catalog_traffic", str(user.home), str(runs_each),
        PYTHONPATH=str(Path(__file__).parents[2]), timeout=_ENDING_S,
    )  # fmt: skip
    assert done.code == 0, done
    told, heard = json.loads(done.out)
    ctx = open_context(user.folder, user.home)
    found = runs.list_runs(ctx, limit=1, all_projects=True).total
    assert found == WRITERS * runs_each, f"{found} runs"
    n_versions = artifacts.search_versions(ctx, limit=1, all_projects=True).total
    assert n_versions == found * STEPS, f"{n_versions} versions"
    assert all(each["answers"] for each in heard), "each reader was answered"
    return Traffic(
        found, n_versions, sum(each["answers"] for each in heard), max(each["longest_ms"] for each in told),
        max(each["longest_ms"] for each in heard),
    )  # fmt: skip


def _write(home: Path, count: int, name: str) -> dict[str, Any]:
    longest = 0.0
    for _ in range(count):
        writer = RunWriter(Home(home), Project("traffic", "traffic"))
        writer.create_run(new_run(name))
        steps = [NewStepRun(new_id(), f"step_{n}", n, {}, []) for n in range(STEPS)]
        writer.add_steps(steps)
        before: dict[str, str] = {}
        for step in steps:
            begun = time.perf_counter()
            writer.step_started(
                step.id, pid=1, inputs=before, cache_key="k", parts=CacheKeyParts(), reason=MissReason.NEVER_RAN,
                detail="",
            )  # fmt: skip
            made = manifest(f"{name}_{step.name}", step.id, writer.run_id)
            writer.step_completed(step.id, [("output", made)], {})
            longest = max(longest, time.perf_counter() - begun)
            before = {"data": made.id}
        writer.set_run(Status.COMPLETED)
        writer.close()
    return {"longest_ms": longest * 1000}


def _read(home: Path, written: int) -> dict[str, Any]:
    ctx = open_context(home.parent, home)
    longest, answers = 0.0, 0
    while answers == 0 or not select.select([written], [], [], PAUSE_S)[0]:
        begun = time.perf_counter()
        found = artifacts.search_versions(ctx, limit=50, all_projects=True).items
        for page in (runs.list_runs(ctx, limit=20, all_projects=True), tags.list_tags(ctx, all_projects=True)):
            assert page is not None
        if found:
            lineage(ctx, found[-1].id)
            answers += 1
        longest = max(longest, time.perf_counter() - begun)
    return {"longest_ms": longest * 1000, "answers": answers}


def _fork(work: Callable[[], dict[str, Any]], others: int) -> tuple[int, int]:
    """Do some work in a process of its own; return its id, and the pipe from which its report comes.

    Args:
        work: returns the report.
        others: a pipe's end that only this process is to keep open.
    """
    report, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(others)
            os.write(told, json.dumps(work()).encode())
            code = 0
        except BaseException:  # noqa: BLE001  # whatever it is, the test must tell it
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(told)
    return pid, report


def _report(pid: int, pipe: int) -> dict[str, Any]:
    with os.fdopen(pipe, "rb") as file:
        report = file.read()
    if os.waitpid(pid, 0)[1] != 0:
        sys.exit(f"The process {pid} failed.")
    return dict(json.loads(report))


def _work(home: Path, runs_each: int) -> None:
    """Fork the processes off this one, which has imported everything and touched nothing; print what they report."""
    written, end = os.pipe()
    writers = [_fork(partial(_write, home, runs_each, f"w{n}"), end) for n in range(WRITERS)]
    readers = [_fork(partial(_read, home, written), end) for _ in range(READERS)]
    told = [_report(*writer) for writer in writers]
    os.close(end)  # the last one: the readers see it
    print(json.dumps([told, [_report(*reader) for reader in readers]]))


if __name__ == "__main__":
    _work(Path(sys.argv[1]), int(sys.argv[2]))
