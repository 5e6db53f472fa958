"""``stackyard pipeline`` as a user types it: list, check, draw, write a run configuration, and run with it."""

from __future__ import annotations

from tests.cli.shell import Shell

FILE = """\
from stackyard import pipeline, step

print("imported")


@step
def load(rows: int = 10) -> list[int]:
    return list(range(rows))


@step
def total(numbers: list[int], rate: float = 1.0) -> float:
    return sum(numbers) * rate


@step
def say(text: str) -> None:
    print(text)


@pipeline
def good(rows: int = 3) -> None:
    total(load(rows))


@pipeline
def bad() -> None:
    say(total(load(), rate="high"))
    say(5)
"""


def test_a_pipeline_is_found_checked_drawn_and_run_with_its_template(shell: Shell) -> None:
    path = shell.folder / "wiring.py"
    path.write_text(FILE, encoding="utf-8")
    listed = shell.do("pipeline", "list").out.splitlines()
    assert [line.split()[:4] for line in listed] == [
        ["NAME", "PLACE", "STEPS", "RUNS"],
        ["bad", "wiring.py:27", "3", "0"],
        ["good", "wiring.py:22", "2", "0"],
    ]
    checked = shell.stackyard("pipeline", "validate", "wiring.py:bad")
    assert checked.code == 3, checked
    assert checked.out == ""
    assert checked.err.splitlines() == [
        "imported",
        "Error: The pipeline 'bad' can't run: 3 problems.",
        f"  1. {path}:28: Parameter 'rate' of step 'total' must be float, got 'high': Input should be a valid number.",
        "     Pass a value of type float.",
        f"  2. {path}:28: The input 'text' of step 'say' must be str; the output 'output' of step 'total' is float.",
        "     Pass another output, or correct the annotation that is wrong.",
        f"  3. {path}:29: Parameter 'text' of step 'say_2' must be str, got 5: Input should be a valid string.",
        "     Pass a value of type str.",
        "Hint:  Nothing ran. Mend them and run again.",
    ]
    ran = shell.stackyard("run", "wiring.py:bad", "--json")
    assert ran.code == 3
    assert [problem["code"] for problem in ran.json["error"]["problems"]] == ["D104", "D105", "D104"]
    graph = shell.do("pipeline", "graph", "wiring.py:good", "--output", "mermaid").out
    assert "s0 --> s1" in graph
    lost = shell.stackyard("pipeline", "graph", "wiring.py:god")
    assert (lost.code, "Did you mean 'good'?" in lost.err) == (4, True), lost
    written = shell.do("pipeline", "template", "wiring.py:good", "-o", "good.yaml")
    assert "stackyard run wiring.py:good --config good.yaml" in written.out
    again = shell.stackyard("pipeline", "template", "wiring.py:good", "-o", "good.yaml")
    assert again.code == 5
    assert "--force" in again.err
    text = (shell.folder / "good.yaml").read_text(encoding="utf-8").replace("rows: 3", "rows: 4")
    (shell.folder / "good.yaml").write_text(text.replace("# run_name: text", "run_name: four"), encoding="utf-8")
    shell.do("run", "wiring.py:good", "--config", "good.yaml")
    found = {view["name"]: view for view in shell.json("pipeline", "list")["items"]}
    assert (found["good"]["runs"], found["good"]["last_run"], found["good"]["last_status"]) == (1, "four", "completed")
    assert found["bad"]["runs"] == 0
    view = shell.json("pipeline", "validate", "wiring.py:good", "--config", "good.yaml")
    assert (view["parameters"], [step["name"] for step in view["steps"]]) == ({"rows": 4}, ["load", "total"])
