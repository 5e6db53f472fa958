"""Pipelines that look at values: they grow while their steps run, fail and stop as others do."""

from __future__ import annotations

import signal
from pathlib import Path

from stackyard.api import runs
from tests.integration.engine_programs import BASE, notes, step_of
from tests.integration.user import User, kill, statuses, wait_for

_GROWING = (
    BASE
    + """
@step
def numbers() -> list[int]:
    return [1, 2, 3]

@step
def double(value: int) -> int:
    return 2 * value

@step
def total(values: list[int]) -> int:
    return sum(values)

@step
def fails() -> int:
    raise RuntimeError("boom")

@step
def sleeps() -> int:
    note("sleeps")
    time.sleep(600)

def hello():
    note("init")

def bye():
    note("cleanup")

@pipeline(on_init=hello, on_cleanup=bye)
def mapped() -> None:
    found = numbers()
    doubled = double.map(found)
    if total(doubled).load() == 12:
        double.with_options(name="last")(found.load()[0])

@pipeline
def careful() -> None:
    try:
        double(fails()).load()
    except StepFailedError as error:
        note(f"caught {error.message}")
    note(f"after {total([1, 2]).load()}")

@pipeline
def mistaken() -> None:
    first = double(1)
    first.load()
    for call in (
        lambda: double("x"), lambda: double(), lambda: double(1, 2), lambda: double(1, valeu=2),
        lambda: double(1, id="double"), lambda: double(1, id="no/name"), lambda: double(1, after="nope"),
        lambda: double(1, after=3), lambda: double([first, 2]), lambda: double(double), lambda: total(first),
        lambda: double.with_options(parameters={"valeu": 1})(1), lambda: double.map(["x"]),
        lambda: double.with_options(settings={"orchestratr": {}})(1),
        lambda: double.with_options(settings={"orchestrator": {"max_worker": 1}})(1),
        lambda: double.with_options(experiment_tracker="nope", on_failure="nope.nope")(1),
        lambda: double.with_options(on_failure="nope.nope")(1),
        lambda: double.with_options(secrets=["nope"])(1),
    ):
        try:
            call()
            note("mistaken: taken")
        except StackyardError as error:
            note(f"mistaken: {error.location.line if error.location else 0} {error.message}")
    double(first, id="good", after=first)
    double("unhandled")

@pipeline
def broken() -> None:
    value = double(4)
    sleeps()
    while not times("sleeps"):
        value.load()
    raise KeyError("mine")

@pipeline
def unhandled() -> None:
    fails().load()

def refuse():
    raise ValueError("not today")

@pipeline(on_init=refuse, on_cleanup=bye)
def refused() -> None:
    double(1)

@pipeline
def interrupted() -> None:
    value = sleeps()
    note("loading")
    value.load()
    note("never")

if __name__ == "__main__":
    if "interrupted" in sys.argv:
        interrupted()
    for definition in (mapped, mapped, careful, mistaken, broken, unhandled, refused):
        run(definition)
    run(mapped, in_process=True, enable_cache=False)
"""
)


def test_pipelines_grow_with_the_values_that_they_look_at(user: User) -> None:
    user.write("run.py", _GROWING)
    result = user.python("run.py")
    assert result.code == 0, result
    mapped, again, careful, mistaken, broken, unhandled, refused, in_process = user.runs()
    doubled = dict.fromkeys(("double", "double_2", "double_3"), "completed")
    assert statuses(mapped) == {"numbers": "completed", **doubled, "total": "completed", "last": "completed"}
    assert set(statuses(again).values()) == {"cached"}
    assert statuses(in_process) == statuses(mapped)
    items = [step_of(mapped, name).inputs[0].item for name in doubled]
    assert items == [0, 1, 2]
    assert [ref.name for ref in step_of(mapped, "total").inputs] == ["values[0]", "values[1]", "values[2]"]

    assert statuses(careful) == {"fails": "failed", "double": "skipped", "total": "completed"}
    assert careful.status == "failed"
    assert careful.error is not None
    assert careful.error.message == "Step 'fails' failed: boom"
    # A call after the first load() is checked as one before it, and refused right there.
    told = [line for line in notes(user) if line.startswith("mistaken: ")]
    assert statuses(mistaken).keys() == {"double", "good"}
    assert (mistaken.status, len(told)) == ("failed", 19), told
    assert "mistaken: taken" not in told
    assert [line for line in told if line.startswith("mistaken: 0 ")] == [
        "mistaken: 0 The pipeline 'mistaken' can't go on: 2 problems."
    ]
    assert told[-1].startswith("mistaken: ParameterError: Parameter 'value' of step 'double_2' must be int"), told
    assert mistaken.error is not None
    assert statuses(broken) == {"double": "completed", "sleeps": "stopped"}
    assert broken.status == "failed"
    assert broken.error is not None
    assert (broken.error.type, broken.error.file) == ("KeyError", str(user.folder / "run.py"))
    assert (unhandled.status, refused.status) == ("failed", "failed")
    assert statuses(refused) == {"double": "skipped"}
    assert refused.error is not None
    assert "on_init" in refused.error.message
    said = notes(user)
    assert said[:4] == ["init", "cleanup"] * 2
    assert "caught Step 'double' has no value: it was skipped because 'fails' failed." in said
    assert "after 3" in said
    assert any(line.startswith("broken: RunFailedError: ") and "KeyError: 'mine'" in line for line in said)
    assert not any(line.startswith(("unhandled:", "refused:")) for line in said), "the run says it all"
    assert said[-3:] == ["cleanup", "init", "cleanup"], "however the run before ended"

    (user.folder / "notes.txt").unlink()
    driver = user.start(user.interpreter, "run.py", "interrupted")
    told_in = user.folder / "notes.txt"
    wait_for(lambda: told_in.exists() and {"loading", "sleeps"} <= set(notes(user)), 180, user.started_output)
    kill(driver.pid, signal.SIGINT)
    assert driver.wait(180) == 1, user.started_output
    assert sorted(notes(user)) == ["loading", "sleeps"]
    last = user.last_run()
    assert (last.status, statuses(last)) == ("stopped", {"sleeps": "stopped"})
    assert "Traceback" not in user.started_output
    assert runs.get_run(user.context(), last.id).error is None
    assert Path(user.home, "runs").exists()
    assert not list(Path(user.home, "runs").glob("*.stop"))
