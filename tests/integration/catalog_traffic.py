"""Two writers and 20 readers of one catalog at once, each a process of its own: nobody is ever told that it is locked.

python -m tests.integration.catalog_traffic write RUNS NAME HOME    # records so many runs of ten steps as drivers do
python -m tests.integration.catalog_traffic read "" "" HOME        # asks for lists, lineage and runs until stdin ends
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
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
    begun = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.integration.catalog_traffic", *words, str(user.home)],
            cwd=Path(__file__).parents[2], env=user.environment(PYTHONPATH=str(Path(__file__).parents[2])),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for words in (*[("write", str(runs_each), f"w{n}") for n in range(WRITERS)], *[("read", "", "")] * READERS)
    ]  # fmt: skip
    writers, readers = begun[:WRITERS], begun[WRITERS:]
    try:
        told = [_end(process, "") for process in writers]
        heard = [_end(process, "enough\n") for process in readers]
    finally:
        for process in begun:
            if process.poll() is None:
                process.kill()
            process.wait()
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


def _end(process: subprocess.Popen[str], told: str) -> dict[str, Any]:
    out, err = process.communicate(told, timeout=_ENDING_S)
    assert process.returncode == 0, err[-3000:]
    return dict(json.loads(out))


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


def _read(home: Path) -> dict[str, Any]:
    import select  # not on Windows for pipes, where this is not run

    ctx = open_context(home.parent, home)
    longest, answers = 0.0, 0
    while answers == 0 or not select.select([sys.stdin], [], [], PAUSE_S)[0]:
        begun = time.perf_counter()
        found = artifacts.search_versions(ctx, limit=50, all_projects=True).items
        for page in (runs.list_runs(ctx, limit=20, all_projects=True), tags.list_tags(ctx, all_projects=True)):
            assert page is not None
        if found:
            lineage(ctx, found[-1].id)
            answers += 1
        longest = max(longest, time.perf_counter() - begun)
    return {"longest_ms": longest * 1000, "answers": answers}


if __name__ == "__main__":
    what, count, word, place = sys.argv[1:]
    print(json.dumps(_write(Path(place), int(count), word) if what == "write" else _read(Path(place))))
