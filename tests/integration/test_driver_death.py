"""kill -9 of a driver: every reader says so at once, nothing stays behind, nothing that was done is lost."""

from __future__ import annotations

import os
import pty
import random
import select
import signal
import threading
from pathlib import Path

import pytest

from tests.integration.crashes import crash_and_resume
from tests.integration.processes import parent_of
from tests.integration.user import User, kill, statuses, wait_for

LONG = """
import os, signal, subprocess, sys, time
from pathlib import Path
from stackyard import pipeline, step

FOLDER = Path(__file__).parent

@step
def quick() -> int:
    return 1

@step
def slow(value: int) -> int:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    subprocess.Popen(["sleep", "600"])
    subprocess.Popen(["sh", "-c", "trap '' TERM HUP INT; sleep 601"], start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(602)
        os._exit(0)
    (FOLDER / "zygote.pid").write_text(str(os.getppid()))
    (FOLDER / "driver.pid").write_text(os.environ["DRIVER"])
    time.sleep(600 if "--long" in Path(FOLDER / "mode").read_text() else 0)
    return value

@step
def end(value: int) -> int:
    return value

@pipeline
def lengthy() -> None:
    end(slow(quick()))

if __name__ == "__main__":
    os.environ["DRIVER"] = str(os.getpid())
    lengthy()
"""


@pytest.mark.parametrize("method", ["zygote", "spawn"])
def test_a_killed_driver_is_seen_at_once_and_leaves_no_process(user: User, method: str) -> None:
    user.write("run.py", LONG)
    (user.folder / "mode").write_text("--long")
    driver = user.start(user.interpreter, "run.py", variables={"STACKYARD_WORKER_START": method})
    pid = user.pid_from("driver.pid")
    assert pid == driver.pid
    wait_for(lambda: statuses(user.last_run())["slow"] == "running", 180, "the slow step's row")
    kill(pid)
    driver.wait(180)
    listed = user.do("run", "list")
    assert "interrupted" in listed.out, listed
    left = user.left_behind()
    assert not left, f"still running: {'; '.join(map(str, left))}"
    run = user.last_run()
    assert statuses(run) == {"quick": "completed", "slow": "interrupted", "end": "skipped"} or statuses(run) == {
        "quick": "completed", "slow": "interrupted", "end": "interrupted",
    }  # fmt: skip

    (user.folder / "mode").write_text("")
    assert user.python("run.py").code == 0
    before, after = user.runs()
    assert before.status == "interrupted"
    assert before.ended_at
    assert statuses(before)["end"] == "skipped", "the next run recorded what was only computed until then"
    assert statuses(after) == {"quick": "cached", "slow": "completed", "end": "completed"}


def test_whoever_of_the_guardians_is_killed_no_process_is_left(user: User) -> None:
    user.write("run.py", LONG)
    for who in (["guard"], ["zygote", "guard"], ["driver", "guard"], ["driver", "zygote"]):
        _kill_guardians(user, who)
        left = user.left_behind()
        assert not left, f"{' and '.join(who)} killed, still running: {'; '.join(map(str, left))}"
        expected = "interrupted" if "driver" in who else "failed"
        assert user.last_run().status == expected, who

    _kill_guardians(user, ["driver", "zygote", "guard"])
    assert len(user.left_behind(0)) >= 3, "nobody is there who could end what the step started"
    (user.folder / "mode").write_text("")
    assert user.python("run.py").code == 0
    assert not user.left_behind(), "the next run ends it"


def _kill_guardians(user: User, who: list[str]) -> None:
    """Start the long run and kill some of those that watch over it at the same time; return when it is over."""
    (user.folder / "mode").write_text("--long")
    for name in ("driver.pid", "zygote.pid"):
        (user.folder / name).unlink(missing_ok=True)
    driver = user.start(user.interpreter, "run.py")
    assert user.pid_from("driver.pid") == driver.pid
    zygote = user.pid_from("zygote.pid")
    pids = {"driver": driver.pid, "zygote": zygote, "guard": parent_of(zygote)}
    assert parent_of(pids["guard"]) == driver.pid
    wait_for(lambda: statuses(user.last_run())["slow"] == "running", 180, "the slow step's row")
    for name in who:
        kill(pids[name], signal.SIGSTOP)  # none of them can do anything about the end of another
    for name in who:
        kill(pids[name])
    driver.wait(180)


def test_a_closed_terminal_stops_the_run(user: User) -> None:
    user.write("run.py", LONG)
    (user.folder / "mode").write_text("--long")
    pid, terminal = pty.fork()
    if pid == 0:  # the shell's place: the terminal is this process's own
        os.chdir(user.folder)
        os.execve(user.interpreter, [user.interpreter, "run.py"], user.environment())
    try:
        # A terminal that nobody reads from would hold up whoever prints.
        reader = threading.Thread(target=_read_until, args=(terminal, user.folder / "driver.pid"))
        reader.start()
        assert user.pid_from("driver.pid") == pid
        reader.join()
    finally:
        os.close(terminal)  # the kernel tells the terminal's processes with SIGHUP
    wait_for(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, 180, "the driver's end")
    assert user.last_run().status == "stopped"
    assert not user.left_behind()


def test_a_reader_who_had_enough_ends_no_run(user: User) -> None:
    user.write("run.py", LONG)
    (user.folder / "mode").write_text("")
    piped = user.run("sh", "-c", f"DRIVER=0 '{user.interpreter}' run.py | head -n 1")
    assert piped.code == 0, piped
    assert "Running lengthy" in piped.out
    wait_for(lambda: user.last_run().status.is_finished, 180, "the run's end")
    assert user.last_run().status == "completed"


def _read_until(terminal: int, file: Path) -> None:
    while not file.exists():
        if select.select([terminal], [], [], 0.1)[0]:
            os.read(terminal, 1 << 16)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_whatever_is_killed_a_resumed_run_completes_and_repeats_nothing(user: User, seed: int) -> None:
    report = crash_and_resume(user, random.Random(seed), kills=10)
    assert report.kills.total() == 10
    assert report.resumed
    assert report.kept
