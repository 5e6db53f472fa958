"""Ways to run and to look: detached, followed, stopped in part, as events, in this process, on a terminal."""

from __future__ import annotations

import json
import re
import subprocess
import time
from typing import Any

from tests.cli.shell import PROGRAMS, ROOT, Shell
from tests.cli.terminal import on_terminal

SLOW = """
import time
from pathlib import Path
from stackyard import pipeline, step

HERE = Path(__file__).parent

@step
def waits(i: int) -> int:
    print("begins", i, flush=True)
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and not (HERE / "go").exists():
        time.sleep(0.05)
    print("ends", i)
    return i

@step
def after(x: int) -> int:
    return x

@pipeline(enable_cache=False)
def slow() -> None:
    after(waits(1))
    after(waits(2))
"""

FLAKY = """
from pathlib import Path
from stackyard import StepRetryConfig, log_metadata, pipeline, step

HERE = Path(__file__).parent

@step(retry=StepRetryConfig(max_retries=1, delay=1))
def flaky() -> int:
    print("tries")
    log_metadata({"rows": 3})
    if not (HERE / "tried").exists():
        (HERE / "tried").touch()
        raise OSError("the line is bad")
    return 1

@step
def breaks(x: int) -> int:
    raise ValueError("no luck")

@pipeline(enable_cache=False)
def good() -> None:
    flaky()

@pipeline(enable_cache=False)
def bad() -> None:
    breaks(flaky())
"""


LONG = """
from stackyard import pipeline, step

@step(enable_cache=False)
def prepares_all_the_numbers_that_the_model_is_trained_with() -> int:
    return 1

@pipeline
def long() -> None:
    for _ in range(3):
        prepares_all_the_numbers_that_the_model_is_trained_with()
"""


def _refused(shell: Shell, code: int, *texts: str, words: str) -> None:
    result = shell.stackyard(*words.split())
    assert result.code == code, result
    assert all(text in result.err for text in texts), result


def test_a_detached_run_is_followed_stopped_in_part_and_deleted(shell: Shell) -> None:
    """Given a run that goes on by itself, each command says where it stands, and what can't be done while it does."""
    shell.write("slow.py", SLOW)
    begun = shell.json("run", "slow.py", "--detach")
    assert (begun["name"], begun["ended_at"]) == ("slow-1", "")
    _refused(shell, 5, "goes on", "stackyard run stop slow-1", words="run delete slow-1 --yes")
    _refused(shell, 5, "needs no resuming", "stackyard run wait slow-1", words="run resume slow-1")
    _refused(shell, 124, "still", "0 of 4 steps", words="run wait --timeout 0")
    _refused(shell, 4, "Did you mean 'waits'?", words="run stop slow-1 --step wait")
    deadline = time.monotonic() + 180
    while {s["status"] for s in shell.json("run", "show")["steps"][:2]} != {"running"}:
        assert time.monotonic() < deadline
    assert shell.do("run", "stop", "slow-1", "--step", "waits").out == "The step 'waits' of 'slow-1' is stopped.\n"
    follower = subprocess.Popen(
        [str(PROGRAMS / "stackyard"), "run", "logs", "-f", "--timestamps"],
        cwd=shell.folder, env=shell.environment(), stdout=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    assert follower.stdout is not None
    first = follower.stdout.readline()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d waits(_2)? \| begins [12]\n", first)
    shell.write("go", "")
    rest = follower.communicate(timeout=180)[0]
    assert rest.count("waits_2 | ends 2\n") == 1
    assert "waits | ends 1" not in rest

    waited = shell.stackyard("run", "wait")
    assert waited.code == 1, waited
    lines = waited.out.splitlines()
    assert {line.split(" in ")[0] for line in lines} == {
        "■ waits: stopped", "✔ waits_2: completed", "\N{EN DASH} after: skipped", "✔ after_2: completed",
        "■ slow-1 stopped",
    }  # fmt: skip
    assert lines[-1].startswith("■ slow-1")
    assert shell.do("run", "logs", "--step", "waits_2", "--tail", "1").out == "ends 2\n"
    _refused(shell, 2, "--since", words="run logs --since yesterday")
    assert shell.do("run", "logs", "--since", "0s").text == "Nothing was printed.\n"

    for line, names in (("run wait s", ["slow-1"]), ("run logs slow-1 --step a", ["after", "after_2"])):
        words = {"COMP_WORDS": f"stackyard {line}", "COMP_CWORD": str(len(line.split()))}
        offered = shell.run("stackyard", _STACKYARD_COMPLETE="bash_complete", **words).out
        assert [text.partition(",")[2] for text in offered.splitlines()] == names

    drawn = [line.split()[:3] for line in shell.do("run", "graph").out.splitlines()]
    assert drawn[0] == ["●", "waits", "■"]
    graph = shell.json("run", "graph")
    assert {s["name"]: (s["level"], s["upstream"]) for s in graph["steps"]} == {
        "waits": (0, []), "waits_2": (0, []), "after": (1, ["waits"]), "after_2": (1, ["waits_2"]),
    }  # fmt: skip
    assert 's0["waits<br/>stopped"]' in shell.do("run", "graph", "--output", "mermaid").out

    logs = shell.home / "logs" / begun["id"]
    assert logs.is_dir()
    _refused(shell, 2, "Delete 1 run (slow-1)", "--yes", words="run delete slow-1")
    assert shell.json("run", "delete", "slow-1", "--yes")["deleted"] == [begun["id"]]
    assert not logs.exists()
    _refused(shell, 4, "slow-1", words="run show slow-1")
    assert shell.json("artifact", "list")["total"] == 2, "what it stored stays"


def _documented() -> dict[str, set[str]]:
    """Return event to its keys, as docs/run-events.md lists them."""
    text = (ROOT / "docs" / "run-events.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` +\| (.*?) +\|$", text, flags=re.MULTILINE)
    return {
        event: {"event", "at", "run_id", *re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)|`error`: .*", "`error`", keys))}
        - ({"error"} if event not in ("error", "step_changed", "hook_failed") else set())
        for event, keys in rows
    }


def _events(text: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines()]
    documented = _documented()
    for event in found:
        assert set(event) == documented[event["event"]], event
    return found


def test_events_for_programs(shell: Shell) -> None:
    """Given --events, stdout has documented objects alone, in order, for a good, a failing and an impossible run."""
    shell.write("flaky.py", FLAKY)
    for manner in ((), ("--in-process",)):
        (shell.folder / "tried").unlink(missing_ok=True)
        done = shell.do("run", "flaky.py:good", "--events", "jsonl", *manner)
        events = _events(done.out)
        assert [e["event"] for e in events if e["event"] != "step_output"] == [
            "run_started", "step_changed", "step_changed", "step_changed", "step_changed", "run_finished",
        ]  # fmt: skip
        changes = [e for e in events if e["event"] == "step_changed"]
        assert [(e["status"], e["attempt"]) for e in changes] == [
            ("running", 1), ("retrying", 1), ("running", 2), ("completed", 2),
        ]  # fmt: skip
        assert changes[1]["wait_s"] == 1
        assert changes[1]["error"]["message"] == "the line is bad"
        assert changes[-1]["metadata"] == {"rows": 3}
        output = "".join(e["text"] for e in events if e["event"] == "step_output")
        assert output.count("tries\n") == 2
        assert done.err.count("tries") == 2, done
        assert events[-1]["status"] == "completed"
        assert {e["run_id"] for e in events} == {shell.json("run", "show")["id"]}
    bad = shell.stackyard("run", "flaky.py:bad", "--events", "jsonl")
    assert bad.code == 1
    failed = next(e for e in _events(bad.out) if e.get("status") == "failed")
    line = FLAKY.splitlines().index('    raise ValueError("no luck")') + 1
    assert (failed["error"]["type"], failed["error"]["line"]) == ("ValueError", line)
    nothing = shell.stackyard("run", "nowhere.py", "--events", "jsonl")
    (event,) = _events(nothing.out)
    assert (nothing.code, event["error"]["code"]) == (3, "D103")
    for words in ("--events jsonl --json", "--events jsonl --detach", "--in-process --detach", "--from a --only b"):
        assert shell.stackyard("run", "flaky.py:good", *words.split()).code == 2, words
    (shell.folder / "tried").unlink()
    plain = shell.do("run", "flaky.py:good", "--in-process")
    assert plain.out.count("tries") == 2, plain
    assert "flaky: attempt 1 failed after OSError: the line is bad; the next one in 1 s\n" in plain.out
    run = json.loads(shell.do("run", "flaky.py:good", "--in-process", "--json").out)
    assert run["status"] == "completed"


def test_progress_on_a_terminal(shell: Shell) -> None:
    """Given terminals of 80 and 120 columns, tables fit, retries count down, and the end says what to do next."""
    # A busy machine draws a table in a tenth of a second, and the next one a second later.
    shell.write("flaky.py", FLAKY.replace("delay=1", "delay=3"))
    variables = {**shell.environment(), "NO_COLOR": "1"}
    for columns in (80, 120):
        (shell.folder / "tried").unlink(missing_ok=True)
        words = [str(PROGRAMS / "stackyard"), "run", "flaky.py:bad"]
        code, text = on_terminal(words, shell.folder, variables, columns=columns)
        assert code == 1
        assert re.search("retrying in [123] s", text)
        assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", text), "no colours"
        frames = [line for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).splitlines() if "│" in line]
        assert max(map(len, (line.rsplit("\r", 1)[-1] for line in frames))) <= columns
        end = text[text.rindex("╭") :]
        assert "✔ completed (attempt 2)" in end
        assert "✘ failed" in end
        assert "stackyard run resume bad-" in end
        assert "Traceback" in text
        assert str(ROOT / "src") not in text

    shell.write("long.py", LONG)
    for command in (["run", "long.py"], ["run", "show"]):
        _, text = on_terminal([str(PROGRAMS / "stackyard"), *command], shell.folder, variables, columns=80)
        table = text[text.rindex("╭") :].splitlines()
        assert max(len(table[0]), len(table[3])) <= 80
        for name in ("trained_with", "ined_with_2", "ined_with_3"):
            (row,) = [line for line in table if f"{name} │ ✔ completed │" in line]
            assert "│ prepares" in row
            assert " s " in row
    refused = shell.stackyard("run", "list", "--status", "bogus")
    assert refused.code == 2
    assert "failed, skipped" in refused.err
    assert re.search(r"^bad-1 +✘ failed +1/2, 1 failed ", shell.do("run", "list").out, re.MULTILINE)
