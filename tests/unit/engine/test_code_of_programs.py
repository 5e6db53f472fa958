"""What a script does as the program that runs, and what of it counts for its steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.engine.code_digest import CodeDigests
from stackyard.model.graph import StepSource

SCRIPT = """
import argparse
import os
import time
from stackyard import pipeline, step

RATE = 2
SEEN = []
SETTINGS = object()

@step
def one(x: int) -> int:
    return x * RATE

@step
def two(x: int) -> int:
    return x + len(SEEN)

@step
def three(x: int) -> int:
    return x + args.n

@pipeline
def flow(x: int = 1) -> None:
    three(two(one(x)))

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--m", type=int)
    run = flow(parser.parse_args().m)
    print(run.name)

if __name__ == "__main__":
    main()
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=2)
    args = parser.parse_args()
    begun = time.time()
    for n in range(args.n):
        run = flow(n)
    print("took", time.time() - begun)
"""


def _of_script(folder: Path, text: str, step: str, module: str = "__main__") -> dict[str, str]:
    (folder / "run.py").write_text(text)
    return CodeDigests([str(folder)]).of(StepSource(module=module, qualname=step, file=str(folder / "run.py")))


@pytest.mark.parametrize("module", ["__main__", "run"])
def test_what_a_program_does_for_itself_counts_for_no_step(tmp_path: Path, module: str) -> None:
    """Given a script, when its main guard changes, then steps hit, run as a script or imported, but who reads of it."""
    before = {step: _of_script(tmp_path, SCRIPT, step) for step in ("one", "two", "three")}
    other = (
        SCRIPT.replace('print("took"', 'print("it took"').replace("default=2", "default=3").replace('"--m"', '"--k"')
    )
    assert other != SCRIPT
    for step in ("one", "two"):
        assert _of_script(tmp_path, other, step, module) == before[step]
    assert _of_script(tmp_path, other, "three") != before["three"]


@pytest.mark.parametrize(
    "statement",
    [
        "seen = SEEN\n    seen.append(1)", "SEEN.append(1)", "SETTINGS.rate = 3", 'os.environ["RATE"] = "3"',
        "os.chdir('/')", "RATE = 3", "for each in [SEEN]:\n        each.append(2)", "globals()['RATE'] = 3",
        "(lambda one: one.append(3))(SEEN)", "import random; random.seed(3)", "exec('RATE = 3')",
    ],
)  # fmt: skip
def test_what_a_program_does_to_others_counts(tmp_path: Path, statement: str) -> None:
    changed = SCRIPT.replace("    begun = time", f"    {statement}\n    begun = time")
    assert _of_script(tmp_path, changed, "one") != _of_script(tmp_path, SCRIPT, "one")
