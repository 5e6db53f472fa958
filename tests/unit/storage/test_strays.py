"""What a killed driver left behind is ended by whoever finds its run, and nothing else is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackyard.storage import strays
from stackyard.storage.home import Home
from stackyard.storage.locking import LifeLock, is_alive
from stackyard.storage.strays import MARK_VARIABLE, end_strays, hold_run, kill_marked, new_mark

RUN = "a-run"


@pytest.fixture
def home(home: Path) -> Home:
    """A home in which runs can be locked."""
    own = Home(home)
    own.ensure("runs")
    return own


@pytest.fixture
def sleepers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that are ended after the test."""
    found: list[subprocess.Popen[bytes]] = []
    yield found
    for process in found:
        process.kill()
        process.wait()


def sleeper(sleepers: list[subprocess.Popen[bytes]], mark: str) -> subprocess.Popen[bytes]:
    """Start a process with that mark, in a session of its own."""
    process = subprocess.Popen(["sleep", "600"], env={**os.environ, MARK_VARIABLE: mark}, start_new_session=True)
    sleepers.append(process)
    return process


def killed_driver(home: Home) -> str:
    """Let another process hold the run's lock and be killed; return its mark."""
    program = (
        "import os, signal\n"
        "from stackyard.storage.home import find_home\n"
        "from stackyard.storage.strays import driver_mark, hold_run\n"
        f"lock = hold_run(find_home(), {RUN!r})\n"
        "print(driver_mark(), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert home.run_lock(RUN).exists()
    return done.stdout.strip()


def test_a_mark_means_its_own_processes_and_those_of_its_driver(sleepers: list[subprocess.Popen[bytes]]) -> None:
    one, other, driver = sleeper(sleepers, "abc.1"), sleeper(sleepers, "abc.11"), sleeper(sleepers, "abcd.1")
    kill_marked("abc.1")
    assert (one.wait(), other.poll(), driver.poll()) == (-signal.SIGKILL, None, None)
    kill_marked("abc")
    assert (other.wait(), driver.poll()) == (-signal.SIGKILL, None)


def test_who_records_an_interruption_ends_what_is_left(home: Home, sleepers: list[subprocess.Popen[bytes]]) -> None:
    left = sleeper(sleepers, f"{killed_driver(home)}.3")
    own = sleeper(sleepers, new_mark())
    end_strays(home, RUN)
    assert left.wait() == -signal.SIGKILL
    assert own.poll() is None
    end_strays(home, "a run without a lock")


def test_what_a_living_driver_started_is_left_alone(home: Home, sleepers: list[subprocess.Popen[bytes]]) -> None:
    lock = LifeLock(home.run_lock(RUN))
    lock.exchange_note("somebody")
    theirs = sleeper(sleepers, "somebody.1")
    end_strays(home, RUN)
    assert theirs.poll() is None
    lock.release()


def test_who_goes_on_with_a_run_ends_what_is_left_of_it(home: Home, sleepers: list[subprocess.Popen[bytes]]) -> None:
    left = sleeper(sleepers, f"{killed_driver(home)}.1")
    lock = hold_run(home, RUN)
    assert left.wait() == -signal.SIGKILL
    assert is_alive(home.run_lock(RUN))
    assert home.run_lock(RUN).read_text() == strays.driver_mark()
    lock.release()
    assert not home.run_lock(RUN).exists()


def test_a_fork_is_another_driver() -> None:
    own = strays.driver_mark()
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(write_end, strays.driver_mark().encode())
        os._exit(0)
    os.waitpid(pid, 0)
    theirs = os.read(read_end, 100).decode()
    os.close(read_end)
    os.close(write_end)
    assert theirs
    assert theirs != own
