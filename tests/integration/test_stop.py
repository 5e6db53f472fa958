"""Stopping: by signals, by `run stop`, politely first and by force after, with nothing left behind."""

from __future__ import annotations

import random
import signal
import subprocess
import time

import pytest

from tests.integration.signals import signal_anything
from tests.integration.user import User, kill, statuses, wait_for

STUBBORN = """
import os, signal, subprocess, sys, time
from pathlib import Path
from stackyard import pipeline, step

FOLDER = Path(__file__).parent

@step
def polite() -> int:
    subprocess.Popen(["sleep", "600"])
    try:
        (FOLDER / "polite.pid").write_text(str(os.getpid()))
        time.sleep(600)
    finally:
        print("tidied up", flush=True)
    return 1

@step
def stubborn() -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen(["sh", "-c", "trap '' TERM INT HUP; sleep 601; sleep 601"])
    (FOLDER / "stubborn.pid").write_text(str(os.getpid()))
    time.sleep(600)
    return 2

@step
def never(value: int) -> int:
    return value

@pipeline(enable_cache=False)
def polite_only() -> None:
    never(polite())

@pipeline(enable_cache=False)
def both() -> None:
    never(polite())
    stubborn()

if __name__ == "__main__":
    both() if "both" in sys.argv else polite_only()
"""

EXIT_STOPPED = 1
GRACE_S = 5.0
END_S = 180.0
"""Far more than a stop takes."""


def start(user: User, which: str) -> subprocess.Popen[str]:
    user.write("run.py", STUBBORN)
    driver = user.start(user.interpreter, "run.py", which)
    user.pid_from("polite.pid")
    if which == "both":
        user.pid_from("stubborn.pid")
    return driver


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_stops_the_run(user: User, number: signal.Signals) -> None:
    driver = start(user, "polite_only")
    if number is signal.SIGTERM:
        kill(user.pid_from("polite.pid"), signal.SIGSTOP)  # a step that is suspended hears of it, too
    kill(driver.pid, number)
    assert driver.wait(END_S) == EXIT_STOPPED, user.started_output
    run = user.last_run()
    assert run.status == "stopped"
    assert statuses(run) == {"polite": "stopped", "never": "skipped"}
    assert "tidied up" in [line.text for line in user.logs(run, "polite")]
    assert "Traceback" not in user.started_output
    assert number.name in user.started_output
    assert not user.left_behind()


def test_a_signal_that_is_ignored_stays_ignored(user: User) -> None:
    """As under nohup, or behind an ampersand in a script."""
    user.write("run.py", STUBBORN)
    driver = user.start("sh", "-c", f"trap '' HUP INT; exec '{user.interpreter}' run.py polite_only")
    user.pid_from("polite.pid")
    kill(driver.pid, signal.SIGHUP)
    kill(driver.pid, signal.SIGINT)
    kill(driver.pid, signal.SIGTERM)
    assert driver.wait(END_S) == EXIT_STOPPED, user.started_output
    assert "Stopping: SIGTERM" in user.started_output
    assert "tidied up" in [line.text for line in user.logs(user.last_run(), "polite")], "one request, not three"


@pytest.mark.long
def test_signals_at_any_moment(user: User, seed: int) -> None:
    outcomes = signal_anything(user, random.Random(seed), rounds=5)
    assert outcomes.total() == 5


def test_control_c_at_a_terminal_reaches_the_whole_group_and_stops_once(user: User) -> None:
    user.write("run.py", STUBBORN)
    driver = user.start(user.interpreter, "run.py", "polite_only", start_new_session=True)
    user.pid_from("polite.pid")
    kill(-driver.pid, signal.SIGINT)
    assert driver.wait(END_S) == EXIT_STOPPED, user.started_output
    assert statuses(user.last_run())["polite"] == "stopped"
    assert user.started_output.count("Stopping") == 1


def test_a_step_that_ignores_the_request_is_killed_after_the_grace(user: User) -> None:
    driver = start(user, "both")
    begun = time.monotonic()
    kill(driver.pid, signal.SIGTERM)
    assert driver.wait(END_S) == EXIT_STOPPED, user.started_output
    assert time.monotonic() - begun >= GRACE_S * 0.9
    assert statuses(user.last_run()) == {"polite": "stopped", "never": "skipped", "stubborn": "stopped"}
    assert not user.left_behind()


def test_a_second_signal_kills_at_once(user: User) -> None:
    driver = start(user, "both")
    kill(driver.pid, signal.SIGINT)
    wait_for(lambda: "Stopping" in user.started_output, END_S, "the word that it stops")
    kill(driver.pid, signal.SIGINT)
    assert driver.wait(END_S) == EXIT_STOPPED, user.started_output
    assert "did not end within" not in user.started_output
    assert statuses(user.last_run())["stubborn"] == "stopped"


def test_run_stop_from_another_process(user: User) -> None:
    driver = start(user, "polite_only")
    name = user.last_run().name
    result = user.do("run", "stop", name)
    assert "stopped" in result.out
    assert driver.wait(END_S) == EXIT_STOPPED, user.started_output
    assert statuses(user.last_run()) == {"polite": "stopped", "never": "skipped"}
    again = user.stackyard("run", "stop", name)
    assert again.code == 5, again
    assert "stopped already" in again.err

    driver = start(user, "both")
    user.do("run", "stop", user.last_run().name, "--force")
    assert driver.wait(END_S) == EXIT_STOPPED, user.started_output
    assert "did not end within" not in user.started_output
    assert not list((user.home / "runs").iterdir()), "neither lock nor request stays"
