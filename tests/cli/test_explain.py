"""Why steps are reused or not: forecast before a run, explained after it, the same both times."""

from __future__ import annotations

import random

import pytest

from tests.cli.shell import Shell

SECRET = "a-value-that-nobody-sees"
FLOW = """
import re
from pathlib import Path
from scaling import scale
from stackyard import CachePolicy, pipeline, step

HERE = Path(__file__).parent
OFFSET = 1

def note(word: str) -> None:
    with (HERE / "notes.txt").open("a") as file:
        file.write(word + "\\n")

@step
def load(n: int = 3) -> list:
    note("load")
    return [n, 2, 3]

@step
def scaled(xs: list) -> list:
    note("scaled")
    return [scale(x) for x in xs]

@step(cache_policy=CachePolicy(file_dependencies=["factor.txt"]))
def weighted(xs: list) -> float:
    note("weighted")
    return sum(xs) * float((HERE / "factor.txt").read_text()) + OFFSET

@step(environment={"SEED": "%s"})
def fitted(y: float) -> re.Pattern:
    note("fitted")
    return re.compile(str(y))

@step
def shown(p: re.Pattern) -> str:
    note("shown")
    return p.pattern

@pipeline
def flow(n: int = 3) -> None:
    shown(fitted(weighted(scaled(load(n)))))

@step
def many(n: int = 2) -> int:
    return n

@step
def one(i: int) -> int:
    return i

@pipeline
def growing(n: int = 2) -> None:
    for i in range(many(n).load()):
        one(i)
"""
SCALING = "# scales\nFACTOR = 2\n\n\ndef scale(x: float) -> float:\n    return x * FACTOR\n"


@pytest.fixture
def flow(shell: Shell) -> Shell:
    shell.write("flow.py", FLOW % SECRET)
    shell.write("scaling.py", SCALING)
    shell.write("factor.txt", "2")
    return shell


def _forecast(shell: Shell, *words: str) -> dict[str, tuple[str, str]]:
    """Return step to what would become of it, and why not reused."""
    steps = shell.json("run", "flow.py:flow", "--dry-run", *words)["steps"]
    return {step["step"]: (step["would"], step["reason"] or "") for step in steps}


def _run(shell: Shell, *words: str) -> dict[str, str]:
    steps = shell.json("run", "flow.py:flow", *words)["steps"]
    return {step["name"]: step["status"] for step in steps}


def _notes(shell: Shell) -> list[str]:
    path = shell.folder / "notes.txt"
    found = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return found


@pytest.mark.long
def test_what_changed_is_forecast_and_explained_with_before_and_after(flow: Shell) -> None:
    """Given a run, when parts change one by one, then forecast and explanation name them, and nothing else runs."""
    first = flow.do("run", "flow.py:flow", "--dry-run", "-p", "n=1")
    assert "5 would run" in first.out
    assert not flow.home.exists(), "a forecast makes nothing"
    assert _notes(flow) == []
    assert flow.stackyard("run", "flow.py:flow", "--dry-run", "-p", "m=1").code == 3
    assert set(_run(flow).values()) == {"completed"}
    assert _notes(flow) == ["load", "scaled", "weighted", "fitted", "shown"]
    assert {would for would, _ in _forecast(flow).values()} == {"reuse"}
    assert "5 would be reused" in flow.do("run", "flow.py:flow", "--dry-run").out
    assert set(_run(flow).values()) == {"cached"}
    assert "load      reused from flow-1" in flow.do("run", "explain").out

    # A comment and a docstring say nothing; a constant of another module does, to the step that reads it.
    flow.write("scaling.py", SCALING.replace("# scales", '"""Scales."""').replace("FACTOR = 2", "FACTOR = 3"))
    assert _forecast(flow) == {
        "load": ("reuse", ""), "scaled": ("run", "code_changed"), "weighted": ("depends", ""),
        "fitted": ("depends", ""), "shown": ("depends", ""),
    }  # fmt: skip
    before = flow.do("run", "flow.py:flow", "--dry-run").out
    for line in ("code of scaling.py:FACTOR changed:", "-FACTOR = 2", "+FACTOR = 3", "3 depend on steps before them"):
        assert line in before, before
    assert _run(flow)["load"] == "cached"
    assert _notes(flow) == ["scaled", "weighted", "fitted", "shown"]
    after = flow.do("run", "explain", "latest", "scaled").out
    for line in ("scaled  ran: code of scaling.py:FACTOR changed", "compared with flow-2", "+FACTOR = 3"):
        assert line in after, after

    # What several steps use is shown beside each of them.
    flow.write("flow.py", (FLOW % SECRET).replace('a") as', 'a+") as'))
    steps = flow.json("run", "flow.py:flow", "--dry-run")["steps"]
    diffs = [[c["diff"] for c in step["changes"] if c["name"] == "flow.py:note"] for step in steps]
    assert [len(found) for found in diffs] == [1] * 5
    assert len({text for found in diffs for text in found}) == 1
    assert '+    with (HERE / "notes.txt").open("a+") as file:' in diffs[0][0]
    flow.write("flow.py", FLOW % SECRET)

    # A file, a parameter, an environment variable, whose value nobody sees.
    flow.write("factor.txt", "5")
    assert _forecast(flow)["weighted"] == ("run", "file_changed")
    flow.write("flow.py", (FLOW % f"{SECRET}-2").replace("OFFSET = 1", "OFFSET = 4"))
    assert _forecast(flow, "-p", "n=7")["load"] == ("run", "parameter_changed")
    forecast = _forecast(flow)
    assert (forecast["fitted"], forecast["shown"]) == (("run", "environment_changed"), ("run", "input_changed"))
    assert "fitted will store a new version" in flow.do("run", "flow.py:flow", "--dry-run").out
    _run(flow, "-p", "n=7")
    explained = flow.do("run", "explain").out
    for line in (
        "parameter n: 3 → 7", "file factor.txt: sha256:", "+OFFSET = 4", "environment variable SEED changed",
        "input xs: flow::load::output 1 → 2",
    ):  # fmt: skip
        assert line in explained, explained
    assert SECRET not in explained + before
    document = flow.json("run", "explain", "latest", "load")
    assert document["steps"][0]["changes"] == [
        {"part": "parameters", "name": "n", "reason": "parameter_changed", "before": 3, "after": 7, "diff": ""}
    ]

    # Switched off, only a part, and what is gone.
    assert {reason for _, reason in _forecast(flow, "--no-cache").values()} == {"disabled"}
    only = _forecast(flow, "--only", "weighted", "-p", "n=7")
    assert [only[name][0] for name in ("load", "scaled", "weighted", "fitted")] == ["skip", "reuse", "reuse", "skip"]
    for data in (flow.home).rglob("data.json"):
        data.unlink()
    gone = flow.json("run", "flow.py:flow", "--dry-run", "-p", "n=7")["steps"][0]
    assert (gone["would"], gone["reason"], "is missing" in gone["detail"]) == ("run", "artifact_missing", True)
    _run(flow, "-p", "n=7")
    assert "load      ran: The file" in flow.do("run", "explain").out

    for words, code, said in (
        (("run", "explain", "gone"), 4, "no run 'gone'"),
        (("run", "explain", "latest", "laod"), 4, "Did you mean 'load'?"),
        (("run", "flow.py", "--dry-run", "--detach"), 2, "do not go together"),
    ):
        refused = flow.stackyard(*words)
        assert (refused.code, said in refused.err) == (code, True), refused


def test_a_pipeline_that_looks_at_values_is_forecast_as_far_as_they_are_known(flow: Shell) -> None:
    unknown = flow.json("run", "flow.py:growing", "--dry-run")
    assert ([s["step"] for s in unknown["steps"]], unknown["complete"], unknown["waits_for"]) == (
        ["many"],
        False,
        "many",
    )
    flow.do("run", "flow.py:growing")
    known = flow.json("run", "flow.py:growing", "--dry-run")
    assert (known["complete"], [s["would"] for s in known["steps"]]) == (True, ["reuse"] * 3)
    other = flow.do("run", "flow.py:growing", "--dry-run", "-p", "n=3").out
    assert "what follows is known when that has run" in other


def test_another_store_really_runs_and_the_first_one_still_knows(flow: Shell) -> None:
    """Given a run in one store, when the stack has another, then the versions lie there; back again: cached."""
    flow.do("artifact-store", "register", "elsewhere", "--flavor=local", f"--path={flow.folder / 'elsewhere'}")
    flow.do("stack", "register", "second", "-o", "default", "-a", "elsewhere")
    _run(flow)
    flow.do("stack", "set", "second")
    assert {reason for _, reason in _forecast(flow).values()} == {"never_ran"}
    assert set(_run(flow).values()) == {"completed"}
    assert len(list((flow.folder / "elsewhere").rglob("manifest.json"))) == 5
    assert "no earlier run of this step in this artifact store" in flow.do("run", "explain").out
    flow.do("stack", "set", "default")
    assert set(_run(flow).values()) == {"cached"}
    assert "reused from flow-1" in flow.do("run", "explain").out


@pytest.mark.parametrize("is_fixed", [True, False])
def test_a_forecast_is_what_the_run_then_does(flow: Shell, *, is_fixed: bool) -> None:
    """Given random edits, when a run follows a forecast, then it reuses and runs the steps that were named."""
    seed = 0 if is_fixed else random.SystemRandom().randrange(1 << 31)
    print(f"seed {seed}")
    rng = random.Random(seed)
    _run(flow)
    for _ in range(3):
        words: list[str] = []
        for edit in rng.sample(["factor", "scaling", "offset", "n", "comment"], rng.randint(1, 2)):
            value = rng.randint(2, 9)
            if edit == "factor":
                flow.write("factor.txt", str(value))
            elif edit == "scaling":
                flow.write("scaling.py", SCALING.replace("FACTOR = 2", f"FACTOR = {value}"))
            elif edit == "n":
                words = ["-p", f"n={value}"]
            else:
                new = f"OFFSET = {value}" if edit == "offset" else f"OFFSET = 1  # {value}"
                flow.write("flow.py", (FLOW % SECRET).replace("OFFSET = 1", new))
        forecast, ran = _forecast(flow, *words), _run(flow, *words)
        for step, (would, _) in forecast.items():
            assert would == "depends" or (would == "reuse") == (ran[step] == "cached"), (step, forecast, ran)
