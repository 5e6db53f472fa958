"""Judges code digests by running without a cache: whenever a step's result differs, its digest must too.

python -m tests.soak.edits.judge SEED COUNT FOLDER    # one JSON report

Each version of a project runs in a process of its own, forked from one that has imported nothing of the user's.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import json
import os
import random
import signal
import subprocess
import sys
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from stackyard import pipeline, step
from stackyard.engine.code_digest import CodeDigests
from stackyard.model.digest import digest_value
from stackyard.model.graph import StepSource
from tests.soak.edits.changes import IDLE, change
from tests.soak.edits.projects import make_project

PRELOADED = (pipeline, step)
"""What each version would have to load otherwise."""
ROOT = Path(__file__).resolve().parents[3]
EDITS_OF_A_PROJECT = 25
_LIMITS_S = (0.5, 5.0)
"""CPU seconds of an import or a step; an edit may make a loop endless. What one kills is tried with the next: a machine
that stands still may count that time, too."""


@dataclasses.dataclass
class Seen:
    """What one version of a project gives."""

    results: dict[str, str]
    """Step to its result; nothing for a project that can't be imported."""
    static: dict[str, str]
    """Step to its digest before anything of the project was imported."""
    live: dict[str, str]
    """The same when it is, as in a driver."""


@dataclasses.dataclass
class Report:
    """What the edits showed."""

    seed: int
    edits: int = 0
    differ: int = 0
    """Pairs of step and edit with another result."""
    same: int = 0
    needless: int = 0
    """Of those with the same result: another digest all the same."""
    idle: int = 0
    """Pairs of a step and an edit that can't count: docstrings, names that nobody uses."""
    idle_needless: int = 0
    stale: list[str] = dataclasses.field(default_factory=list)
    """A step, an edit, and what it changed: the result is another one, the digest is the same."""
    kinds: dict[str, int] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"{self.edits} edits of seed {self.seed}: {len(self.stale)} stale hits; {self.differ} other results, all "
            f"missed; of {self.same} same results {self.needless / max(1, self.same):.0%} missed needlessly (of names "
            f"that nobody uses and docstrings {self.idle_needless / max(1, self.idle):.0%})"
        )


def judged(seed: int, count: int, folder: Path) -> Report:
    """Edit projects at random in a process of its own, and return what they showed."""
    command = [sys.executable, "-m", __spec__.name, str(seed), str(count), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"seed {seed}: {done.stderr}"
    return Report(**json.loads(done.stdout))


def run(seed: int, count: int, folder: Path) -> Report:
    """Edit projects at random until there were ``count`` edits."""
    report, rng, kinds = Report(seed), random.Random(seed), Counter[str]()
    numbers = 0
    while report.edits < count:
        project = make_project(rng)
        files = project.files
        numbers += 1
        before = _see(folder / str(numbers), files, project.steps)
        assert before.results, f"a project of seed {seed} does not run"
        for _ in range(EDITS_OF_A_PROJECT):
            edited, what = change(files, rng)
            if not what:
                continue
            numbers += 1
            after = _see(folder / str(numbers), edited, project.steps)
            if not after.results:
                continue  # it can't be imported: no step of it is ever reused
            report.edits += 1
            kinds[what.partition(" ")[0]] += 1
            _judge(report, what, files, edited, before, after)
            if rng.random() < 0.5:
                files, before = edited, after
            if report.edits >= count:
                break
    report.kinds = dict(kinds)
    return report


def _judge(
    report: Report, what: str, old: dict[str, str], new: dict[str, str], before: Seen, after: Seen
) -> None:  # fmt: skip
    idle = any(what.startswith(f"{kind.__name__} ") for kind in IDLE)
    for name, result in after.results.items():
        for digests, others in ((before.static, after.static), (before.live, after.live)):
            missed = digests[name] != others[name]
            if result != before.results.get(name):
                report.differ += 1
                if not missed:
                    report.stale.append(f"{name}: {what}: {before.results.get(name)} -> {result}\n{_diff(old, new)}")
            else:
                report.same += 1
                report.needless += missed
                report.idle += idle
                report.idle_needless += idle and missed


def _diff(old: dict[str, str], new: dict[str, str]) -> str:
    found: list[str] = []
    for name in sorted(old):
        if old[name] != new[name]:
            found += difflib.unified_diff(old[name].splitlines(), new[name].splitlines(), name, name, lineterm="", n=99)
    return "\n".join(found)


def _see(
    folder: Path, files: dict[str, str], steps: list[str], file: str = "steps.py", *, results: bool = True
) -> Seen:  # fmt: skip
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for limit_s in _LIMITS_S:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            try:
                seen = _run(folder, steps, file, limit_s, results=results)
            except BaseException:  # noqa: BLE001  # the program under test may do anything
                traceback.print_exc()
                os._exit(1)
            with os.fdopen(write, "w", encoding="utf-8") as pipe:
                json.dump(dataclasses.asdict(seen), pipe)
            os._exit(0)
        os.close(write)
        with os.fdopen(read, encoding="utf-8") as pipe:
            text = pipe.read()
        status = os.waitpid(child, 0)[1]
        if not _took_too_long(status):
            assert status == 0, f"the version in {folder} could not be judged"
            return Seen(**json.loads(text))
    return Seen({}, {}, {})  # its import does not end


def _took_too_long(status: int) -> bool:
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGVTALRM


def _run(folder: Path, steps: list[str], file: str, limit_s: float, *, results: bool) -> Seen:
    random.seed(0)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    static = _digests(folder, steps, file)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    try:
        module = importlib.import_module(_module_of(file))
    except BaseException:  # noqa: BLE001
        return Seen({}, static, static)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    live = _digests(folder, steps, file)
    return Seen({name: _result(folder, module, name) for name in steps} if results else {}, static, live)


def _result(folder: Path, module: Any, name: str) -> str:
    """Return what a step gives in a process of its own: what one changes, another does not see."""
    text = ""
    for limit_s in _LIMITS_S:
        read, write = os.pipe()
        drawn = random.getstate()
        child = os.fork()
        if child == 0:
            random.setstate(drawn)  # a fork seeds it anew
            os.close(read)
            signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
            try:
                function = getattr(module, name).function
                text = repr(function(*[3][: function.__code__.co_argcount]))
            except BaseException as error:  # noqa: BLE001
                text = f"{type(error).__name__}"
            text = text.replace(str(folder), "")  # where a version lies is no result
            if " at 0x" in text:
                text = "object"
            os.write(write, text.encode()[:60_000])
            os._exit(0)
        os.close(write)
        with os.fdopen(read, encoding="utf-8") as pipe:
            text = pipe.read()
        if not _took_too_long(os.waitpid(child, 0)[1]):
            break
    return text


def _digests(folder: Path, steps: list[str], file: str) -> dict[str, str]:
    code, path, module = CodeDigests([str(folder)]), str(folder / file), _module_of(file)
    sources = {name: StepSource(module=module, qualname=name, file=path) for name in steps}
    return {name: digest_value("code", code.of(source)) for name, source in sources.items()}


def _module_of(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


def run_programs(programs: list[dict[str, Any]], folder: Path) -> dict[str, list[str]]:
    """Judge programs with one edit each; return the names of those whose result stayed, and of stale hits."""
    found: dict[str, list[str]] = {"same result": [], "stale": [], "never reused": []}
    for i, program in enumerate(programs):
        file = next(name for name in program["files"] if name.endswith("steps.py"))
        if "import pandas" in program["files"][file]:
            importlib.import_module("pandas")  # once, and not in the time that a version may take
        versions = [(f"{i}-before", program["files"]), (f"{i}-after", program["edited"])]
        before, after = (_see(folder / name, files, ["train"], file) for name, files in versions)
        edited = [name for name, text in program["edited"].items() if program["files"].get(name) != text]
        is_code = all(name.endswith(".py") for name in edited)  # what an import reads shows in the driver alone
        if before.results == after.results:
            found["same result"].append(program["name"])
        elif before.live == after.live or (is_code and before.static == after.static):
            found["stale"].append(program["name"])
        again = before if is_code else _see(folder / f"{i}-again", program["files"], ["train"], file, results=False)
        if again.live != before.live:
            found["never reused"].append(program["name"])
    return found


if __name__ == "__main__":
    if sys.argv[1] == "programs":
        listed = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
        print(json.dumps(run_programs(listed, Path(sys.argv[3]))))
    else:
        print(json.dumps(dataclasses.asdict(run(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))))
