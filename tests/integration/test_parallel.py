"""Steps run side by side, in the order of their data, once for the same inputs, and on the stack that is active."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

from stackyard.model.views import RunView
from tests.integration.user import User, statuses

SLEEPS = """
import time
from pathlib import Path
from stackyard import pipeline, step

BEGUN = Path(__file__).with_name("begun")

@step
def nap(number: int) -> int:
    # All eight go on only when all eight have begun.
    BEGUN.mkdir(exist_ok=True)
    (BEGUN / str(number)).touch()
    while len(list(BEGUN.iterdir())) < 8:
        time.sleep(0.05)
    time.sleep(1)
    return number

@step
def total(a: int, b: int) -> int:
    return a + b

@pipeline
def naps() -> None:
    values = [nap(number) for number in range(8)]
    total(values[0], values[7])

if __name__ == "__main__":
    naps()
"""


def moment(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def overlap(run: RunView) -> bool:
    """Tell whether there was a moment in which all naps went on."""
    naps = [step for step in run.steps if step.name.startswith("nap")]
    return max(moment(step.started_at) for step in naps) <= min(moment(step.ended_at) for step in naps)


def test_eight_steps_overlap_in_order_and_are_reused_and_run_again_on_another_store(user: User) -> None:
    user.write("run.py", SLEEPS)
    first = user.python("run.py")
    assert first.code == 0, first
    run = user.last_run()
    assert run.status == "completed"
    assert set(statuses(run).values()) == {"completed"}
    assert overlap(run)
    by_name = {step.name: step for step in run.steps}
    assert moment(by_name["total"].started_at) >= max(moment(by_name[up].ended_at) for up in by_name["total"].upstream)

    begun = time.monotonic()
    again = user.python("run.py")
    assert again.code == 0, again
    assert set(statuses(user.last_run()).values()) == {"cached"}
    cached = time.monotonic() - begun

    user.do("artifact-store", "register", "other", "--flavor=local")
    user.do("stack", "register", "elsewhere", "-o", "default", "-a", "other")
    user.do("stack", "set", "elsewhere")
    begun = time.monotonic()
    assert user.python("run.py").code == 0
    elsewhere = user.last_run()
    assert set(statuses(elsewhere).values()) == {"completed"}, "another store has none of the outputs yet"
    assert time.monotonic() - begun > min(cached, 1)
    stored = [ref.artifact_version_id for step in elsewhere.steps for ref in step.outputs]
    manifests = {path.parent.name for path in (user.home / "artifact_stores" / "other").rglob("manifest.json")}
    assert set(stored) <= manifests

    user.do("stack", "set", "default")
    assert user.python("run.py").code == 0
    assert set(statuses(user.last_run()).values()) == {"cached"}, "back on the first stack all is still there"


DIAMONDS = """
import sys
from stackyard import pipeline, step

@step
def source() -> dict:
    return {"n": 3, "text": "ä\\u2028"}

@step
def left(value: dict) -> list:
    return [value["n"]] * 3

@step
def right(value: dict) -> str:
    return value["text"] * 2

@step
def join(a: list, b: str) -> str:
    print("joining", a, b)
    return f"{a}{b}"

@pipeline(enable_cache=False)
def diamonds() -> None:
    for _ in range(3):
        value = source()
        join(left(value), right(value))

if __name__ == "__main__":
    diamonds()
"""


def outputs(user: User, run: RunView) -> dict[str, str]:
    found = {}
    for step in run.steps:
        for ref in step.outputs:
            (manifest,) = (user.home / "artifact_stores").rglob(f"{ref.artifact_version_id}/manifest.json")
            files = sorted(p for p in manifest.parent.iterdir() if p != manifest)
            found[step.name] = "".join(Path(f).read_text(encoding="utf-8") for f in files)
    return found


def test_spawned_workers_give_the_same_results_as_forked_ones(user: User) -> None:
    user.write("run.py", DIAMONDS)
    for method in ("zygote", "spawn"):
        result = user.python("run.py", STACKYARD_WORKER_START=method)
        assert result.code == 0, result
    forked, spawned = user.runs()
    assert statuses(forked) == statuses(spawned)
    assert outputs(user, forked) == outputs(user, spawned)
    for step in forked.steps:
        texts = [[line.text for line in user.logs(run, step.name)] for run in (forked, spawned)]
        assert texts[0] == texts[1]
        assert bool(texts[0]) == step.name.startswith("join")
