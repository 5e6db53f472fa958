"""However a step's process ends, that step alone fails, says why, and leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.processes import is_running
from tests.integration.user import User, kill, statuses, wait_for

DEATHS = """
import ctypes, json, os, signal, stat, struct, subprocess, sys, time
from stackyard import pipeline, step

FOLDER = os.path.dirname(os.path.abspath(__file__))

def note(name, value):
    with open(os.path.join(FOLDER, name), "w") as file:
        json.dump(value, file)

@step
def killed_from_outside() -> int:
    note("victim.pid", os.getpid())
    time.sleep(600)
    return 1

@step
def kills_itself() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 1

@step
def segfault() -> int:
    ctypes.string_at(0)
    return 1

@step
def aborts() -> int:
    os.abort()

@step
def leaves_by_exit() -> int:
    print("before the exit")
    os._exit(3)

@step
def leaves_by_sys_exit() -> int:
    sys.exit("enough")

@step
def raises() -> int:
    raise LookupError("no such fruit: äpple")

@step
def closes_streams() -> int:
    os.close(1)
    os.close(2)
    return 5

@step
def closes_everything() -> int:
    os.closerange(3, 256)
    return 6

def sockets():
    for descriptor in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                yield descriptor
        except OSError:
            pass

@step
def talks_nonsense() -> int:
    for descriptor in sockets():
        os.write(descriptor, bytes([255]) * 64)
    time.sleep(600)
    return 8

@step
def stops_in_the_middle_of_a_message() -> int:
    for descriptor in sockets():
        os.write(descriptor, struct.pack(">I", 1000) + b'{"event":')
    os._exit(4)

@step
def starts_children() -> int:
    child = subprocess.Popen(["sleep", "600"])
    daemon = subprocess.Popen(["sleep", "601"], start_new_session=True)
    forked = os.fork()
    if forked == 0:
        time.sleep(602)
        os._exit(0)
    note("children.json", [child.pid, daemon.pid, forked])
    return 7

@step
def after(value: int) -> int:
    return value

@step
def sibling(number: int) -> int:
    while not os.path.exists(os.path.join(FOLDER, "go")):
        time.sleep(0.05)
    return number

@pipeline(enable_cache=False)
def deaths() -> None:
    after(killed_from_outside())
    for number in range(2):
        sibling(number)
    kills_itself()
    segfault()
    aborts()
    leaves_by_exit()
    leaves_by_sys_exit()
    raises()
    closes_streams()
    closes_everything()
    talks_nonsense()
    stops_in_the_middle_of_a_message()
    starts_children()

if __name__ == "__main__":
    deaths()
"""


def children_of(user: User) -> list[int]:
    path = user.folder / "children.json"
    found: list[int] = wait_for(lambda: path.exists() and json.loads(path.read_text() or "[]"), 180, "children")
    return found


@pytest.mark.parametrize("method", ["zygote", "spawn"])
def test_each_death_fails_its_own_step_and_names_the_reason(user: User, method: str) -> None:
    user.write("run.py", DEATHS)
    driver = user.start(user.interpreter, "run.py", variables={"STACKYARD_WORKER_START": method})
    victim = user.pid_from("victim.pid")
    kill(victim)
    wait_for(lambda: statuses(user.last_run())["killed_from_outside"] == "failed", 180, "the killed step's status")
    (user.folder / "go").touch()
    assert driver.wait(180) == 1
    run = user.last_run()
    assert run.status == "failed"
    found = statuses(run)
    survivors = ("sibling", "sibling_2", "closes_streams", "starts_children")
    expected = {**dict.fromkeys(found, "failed"), **dict.fromkeys(survivors, "completed"), "after": "skipped"}
    # A step that closes its channel can't report: that it fails is right, that it hangs would not be.
    assert found == expected
    messages = {step.name: step.error.message for step in run.steps if step.error}
    for step, word in {
        "killed_from_outside": "SIGKILL",
        "kills_itself": "SIGKILL",
        "segfault": "SIGSEGV",
        "aborts": "SIGABRT",
        "leaves_by_exit": "exit code 3",
        "talks_nonsense": "can't be understood",
        "stops_in_the_middle_of_a_message": "exit code 4",
        "leaves_by_sys_exit": "sys.exit('enough')",
        "raises": "no such fruit: äpple",
    }.items():
        assert word in messages[step], (step, messages[step])
    errors = {step.name: step.error for step in run.steps if step.error}
    assert "raise LookupError" in errors["raises"].traceback
    assert "stackyard" not in errors["raises"].traceback.replace(str(user.folder), "").lower()
    assert [line.text for line in user.logs(run, "leaves_by_exit")] == ["before the exit"]
    assert not user.left_behind()
    assert not [pid for pid in children_of(user) if is_running(pid)]


IDLE = """
import os, time
from pathlib import Path
from stackyard import pipeline, step

FOLDER = Path(__file__).parent

@step
def first() -> int:
    (FOLDER / "first.pid").write_text(str(os.getpid()))
    return 1

@step
def waits() -> int:
    while not (FOLDER / "go").exists():
        time.sleep(0.05)
    return 2

@step
def last(a: int, b: int) -> int:
    return a + b

@pipeline(enable_cache=False)
def idle() -> None:
    last(first(), waits())

if __name__ == "__main__":
    idle()
"""


@pytest.mark.parametrize("method", ["zygote", "spawn"])
def test_a_worker_killed_between_steps_is_replaced(user: User, method: str) -> None:
    user.write("run.py", IDLE)
    driver = user.start(user.interpreter, "run.py", variables={"STACKYARD_WORKER_START": method})
    pid = user.pid_from("first.pid")
    wait_for(lambda: statuses(user.last_run())["first"] == "completed", 180, "the first step")
    kill(pid)
    wait_for(lambda: not is_running(pid), 180, "the worker's end")
    (user.folder / "go").touch()
    assert driver.wait(180) == 0, user.started_output
    assert set(statuses(user.last_run()).values()) == {"completed"}


def test_a_killed_zygote_ends_the_run_cleanly(user: User) -> None:
    user.write(
        "run.py",
        """
        import os, subprocess, time
        from pathlib import Path
        from stackyard import pipeline, step

        FOLDER = Path(__file__).parent

        @step
        def first() -> int:
            subprocess.Popen(["sleep", "600"])
            subprocess.Popen(["sleep", "601"], start_new_session=True)
            (FOLDER / "zygote.pid").write_text(str(os.getppid()))
            time.sleep(600)
            return 1

        @step
        def other() -> int:
            time.sleep(2)
            return 2

        @step
        def later(value: int) -> int:
            return value

        @pipeline(enable_cache=False)
        def fragile() -> None:
            later(first())
            later(other())

        if __name__ == "__main__":
            fragile()
        """,
    )
    driver = user.start(user.interpreter, "run.py")
    zygote = user.pid_from("zygote.pid")
    kill(zygote)
    assert driver.wait(180) == 1, user.started_output
    run = user.last_run()
    assert run.status == "failed"
    assert statuses(run)["first"] == "failed"
    assert "Traceback" not in user.started_output
    assert not user.left_behind()
    assert not is_running(zygote)
    assert Path(user.home / "runs").is_dir()
    assert not list((user.home / "runs").iterdir()), "no lock of a run that is over"


CHATTY = """
import subprocess
from stackyard import pipeline, step

@step
def leaves_a_chatterbox() -> int:
    subprocess.Popen(["yes", "still here"])
    print("done")
    return 1

@step
def goes_on(value: int) -> int:
    return value

@pipeline(enable_cache=False)
def chatty() -> None:
    goes_on(leaves_a_chatterbox())

if __name__ == "__main__":
    chatty()
"""


def test_a_child_that_never_stops_printing_does_not_hold_up_the_run(user: User) -> None:
    user.write("run.py", CHATTY)
    result = user.run(user.interpreter, "run.py")
    assert result.code == 0, result.text[-500:]
    assert set(statuses(user.last_run()).values()) == {"completed"}
