"""What the engine does beside running steps once: retries, limits, modes, stops of a step, resumed and partial runs.

A few programs that run many pipelines each; what counts is what the catalog says after.
"""

from __future__ import annotations

from tests.integration.engine_programs import BASE, notes, step_of
from tests.integration.user import User, statuses

_ATTEMPTS = (
    BASE
    + """
@step(retry={"max_retries": 2, "delay": 0.2, "backoff": 2})
def flaky() -> int:
    note("flaky")
    print("attempt", get_step_context().attempt if hasattr(get_step_context(), "attempt") else "")
    if times("flaky") < 3:
        raise ValueError("not yet")
    return 1

@step(retry={"max_retries": 1}, timeout=2)
def endless() -> int:
    note("endless")
    if times("endless") == 1:
        time.sleep(600)
    os.kill(os.getpid(), 9)

@step
def use(value: int) -> int:
    return value

@step
def fails(wait_for: str = "") -> int:
    while wait_for and not times(wait_for):
        time.sleep(0.01)
    raise RuntimeError("no")

@step
def sleeps() -> int:
    note("sleeps")
    try:
        time.sleep(600)
    finally:
        note("tidied up")

@step(retry={"max_retries": 1, "delay": 60})
def waits() -> int:
    note("waits")
    raise ValueError("later")

@step(resources={"cpu_count": 1000})
def large(number: int) -> int:
    note(f"large {number} begins")
    time.sleep(0.1)
    note(f"large {number} ends")
    return number

@step
def stops(other: str) -> int:
    while not times(other):
        time.sleep(0.01)
    home, run_id = Path(os.environ["STACKYARD_HOME"]), get_step_context().pipeline_run.id
    with (home / "runs" / f"{run_id}.stop").open("a") as file:
        file.write("step sleeps\\n")
    return 1

@step
def trimmed(text: str) -> Annotated[str, "text"]:
    note("trimmed")
    return text.strip()

@pipeline
def settled() -> None:
    trimmed(trimmed(trimmed("  a  ")))

@pipeline(enable_cache=False)
def retried() -> None:
    use(flaky())
    use(endless())

@pipeline(enable_cache=False, execution_mode="fail_fast")
def fast() -> None:
    sleeps()
    waits()
    use(fails("waits"))

@pipeline(enable_cache=False)
def slow() -> None:
    use(fails())
    use(use(1))

@pipeline(enable_cache=False, execution_mode="fail_fast")
def stopped() -> None:
    use(sleeps())
    use(stops("sleeps"))

@pipeline(enable_cache=False)
def crowded() -> None:
    for number in range(3):
        large(number)

if __name__ == "__main__":
    run(retried)
    (HERE / "notes.txt").rename(HERE / "retried.txt")
    run(fast)
    (HERE / "notes.txt").unlink()
    run(slow, max_workers=1, execution_mode="stop_on_failure")
    run(stopped)
    run(crowded)
    run(settled)
"""
)


def test_attempts_limits_modes_and_stops_of_a_step(user: User) -> None:
    user.write("run.py", _ATTEMPTS)
    result = user.python("run.py")
    assert result.code == 0, result
    retried, fast, slow, stopped, crowded, settled = user.runs()

    assert statuses(retried) == {"flaky": "completed", "use": "completed", "endless": "failed", "use_2": "skipped"}
    assert (step_of(retried, "flaky").attempt, step_of(retried, "endless").attempt) == (3, 2)
    assert notes(user, "retried.txt").count("flaky") == 3
    lines = [line.text for line in user.logs(retried, "flaky")]
    said = [line for line in lines if line.startswith("Attempt ")]
    assert said == [
        "Attempt 1 of 3 failed: ValueError: not yet (the next one begins in 0.2 s)",
        "Attempt 2 of 3 failed: ValueError: not yet (the next one begins in 0.4 s)",
    ]
    assert [line.split()[0] for line in lines] == ["attempt", "Attempt", "attempt", "Attempt", "attempt"], "one log"
    assert step_of(retried, "flaky").error is None, "what went wrong before does not count any more"
    timed_out = [line.text for line in user.logs(retried, "endless")]
    assert "Attempt 1 of 2 failed: StepTimeout: timed out after 2 s (the next one begins now)" in timed_out
    error = step_of(retried, "endless").error
    assert error is not None
    assert (error.type, "SIGKILL" in error.message) == ("WorkerCrashed", True)
    assert retried.status == "failed"

    assert statuses(fast) == {"sleeps": "stopped", "waits": "stopped", "fails": "failed", "use": "skipped"}
    assert fast.error is not None
    assert "'fails'" in fast.error.message
    assert statuses(slow) == {"fails": "failed", "use": "skipped", "use_2": "skipped", "use_3": "skipped"}
    assert statuses(stopped) == {"sleeps": "stopped", "use": "skipped", "stops": "completed", "use_2": "completed"}
    assert stopped.status == "stopped", "a step that was stopped takes with it those that need it, whatever the mode"
    assert notes(user).count("tidied up") == 1

    assert crowded.status == "completed"
    large = [line for line in notes(user) if line.startswith("large")]
    assert all(a.replace("begins", "ends") == b for a, b in zip(large[::2], large[1::2], strict=True)), large

    assert statuses(settled) == {"trimmed": "completed", "trimmed_2": "completed", "trimmed_3": "cached"}
    assert notes(user).count("trimmed") == 2, "what a step of the same run just gave is found as well"


_PARTS = (
    BASE
    + """
@step
def a() -> int:
    note("a")
    return 1

@step
def b(x: int) -> int:
    note("b")
    if (HERE / "fail").exists():
        raise ValueError("asked to fail")
    return x + 1

@step
def c(x: int) -> int:
    note("c")
    return x * 10

@step
def d(x: int, y: int) -> int:
    note(f"d {x} {y}")
    return x + y

@pipeline(enable_cache=False)
def wired(n: int = 0) -> None:
    x = a()
    d(b(x), c(x))

@pipeline(enable_cache=False)
def growing(n: int = 0) -> None:
    x = a()
    if x.load() == 1:
        y = b(x)
        z = c(x)
        if z.load() == 10:
            d(y, z)

def other(n: int = 0) -> None:
    x = a()
    d(b(a()), c(x))

def part(name):
    note(f"-- {name}")

if __name__ == "__main__":
    for definition in (wired, growing):
        part("first")
        (HERE / "fail").touch()
        first = run(definition)
        (HERE / "fail").unlink()
        part("others")
        run(definition, resume=first.id, parameters={"n": 1})
        if definition is wired:
            run(pipeline(enable_cache=False, name="wired")(other), resume=first.id)
            run(growing, resume=first.id)
        part("resumed")
        again = run(definition, resume=first.id)
        assert again.id == first.id
        run(definition, resume=first.id)
        part("from")
        run(definition, start_from="c")
        part("only")
        run(definition, only="d", inputs_of=first.name)
        part("unknown")
        run(definition, only="dd")
        run(definition, start_from="d", inputs_of="nothing")
        part("damaged")
        (HERE / "fail").touch()
        second = run(definition)
        (HERE / "fail").unlink()
        run(definition, start_from="d", inputs_of=second.id)
        for manifest in (HERE.parent / "home").rglob("manifest.json"):
            if second.steps[0].outputs[0].artifact_version_id in str(manifest):
                manifest.unlink()
        part("mended")
        run(definition, resume=second.id)
"""
)


def test_runs_go_on_and_parts_of_runs_are_run(user: User) -> None:
    user.write("run.py", _PARTS)
    result = user.python("run.py")
    assert result.code == 0, result
    told: dict[str, list[str]] = {}
    part = ""
    for line in notes(user):
        if line.startswith("-- "):
            part = line[3:]
            told.setdefault(part, [])
        else:
            told.setdefault(part, []).append(line)
    everything = user.runs()
    for name, count in (("wired", 4), ("growing", 6)):
        found = [run for run in everything if run.pipeline == name]
        assert len(found) == count, [(run.name, str(run.status)) for run in found]
        resumed, from_c, only_d = found[:3]
        mended = found[3 if name == "wired" else 4]
        assert statuses(resumed) == dict.fromkeys("abcd", "completed")
        assert resumed.status == "completed"
        assert resumed.error is None
        assert statuses(from_c) == {"a": "cached", "b": "cached", "c": "completed", "d": "completed"}
        assert step_of(from_c, "a").cache.source_run_id == resumed.id  # type: ignore[union-attr]
        first = "skipped" if name == "wired" else "cached"  # its value is looked at
        assert statuses(only_d) == {"a": first, "b": "cached", "c": "cached", "d": "completed"}
        assert [ref.artifact_version_id for ref in step_of(only_d, "d").inputs] == [
            step_of(resumed, each).outputs[0].artifact_version_id for each in "bc"
        ]
        assert statuses(mended) == dict.fromkeys("abcd", "completed")

    others = told["others"]
    assert "wired: ResumeError: The run 'wired-1' can't be gone on with: its parameters were others: n." in others
    assert any("ResumeError" in line and "new: a_2; with other inputs: b" in line for line in others), others
    assert any("not of 'growing'" in line for line in others), others
    ran = [line for line in told["resumed"] if "Error" not in line]
    assert ran == ["b", "d 2 10", "b", "d 2 10"], "what completed is not repeated"
    assert sum("it is complete" in line for line in told["resumed"]) == 2
    assert sorted(told["from"]) == ["c", "c", "d 2 10", "d 2 10"]
    assert told["only"] == ["d 2 10", "d 2 10"]
    unknown = told["unknown"]
    assert sum("has no step 'dd'" in line for line in unknown) == 2, unknown
    assert sum("RunNotFoundError" in line for line in unknown) == 2, unknown
    damaged = told["damaged"]
    assert any("'x' of step 'd' is the output 'output' of step 'b'" in line for line in damaged), damaged
    assert sorted(told["mended"]) == sorted(["a", "b", "c", "d 2 10"] * 2), "without its first output all run again"
