"""Waiting for the registry: in order, never for the dead, not long for the suspended, and never without a word."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stackyard.model.errors import LockTimeoutError
from stackyard.storage.home import Home
from stackyard.storage.locking import PATIENCE_S, lock_holder
from tests.integration.user import User, wait_for

# Who gives no sign of life for a while is passed by the others, even when only the machine stands still.
alone = pytest.mark.alone

_APPEND = """
import sys
from pathlib import Path
from stackyard.storage.locking import file_lock

with file_lock(Path(sys.argv[1]), "registry"), Path("order.txt").open("a") as file:
    file.write(sys.argv[2] + "\\n")
"""

_HOLD = """
import sys
from pathlib import Path
from stackyard.storage.locking import file_lock

with file_lock(Path(sys.argv[1]), "registry"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(user: User) -> Path:
    home = Home(user.home)
    home.ensure()
    return home.registry_lock


@contextmanager
def held(user: User, lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the lock until the block ends."""
    script = user.write("hold.py", _HOLD)
    process = subprocess.Popen(
        [user.interpreter, str(script), str(lock)],
        env=user.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait(180)
        process.stdout.close()


def queued(lock: Path) -> list[str]:
    queue = lock.with_name("registry.lock.queue")
    return sorted(ticket.name for ticket in queue.iterdir()) if queue.exists() else []


def append(user: User, lock: Path, word: str) -> subprocess.Popen[str]:
    """Start a process that waits for the lock to write a word, and return when it is in the queue."""
    script = user.write("append.py", _APPEND)
    before = len(queued(lock))
    process = user.start(user.interpreter, script, lock, word)
    wait_for(lambda: len(queued(lock)) > before, 180, f"{word} in the queue ({user.started_output})")
    return process


def order(user: User) -> list[str]:
    return (user.folder / "order.txt").read_text().split()


@alone
def test_who_comes_first_is_served_first(user: User, lock: Path) -> None:
    with held(user, lock):
        waiting = [append(user, lock, str(number)) for number in range(5)]
    assert [process.wait(180) for process in waiting] == [0] * 5
    assert order(user) == ["0", "1", "2", "3", "4"]
    assert queued(lock) == []


@alone
def test_a_killed_waiter_keeps_nobody_waiting(user: User, lock: Path) -> None:
    took = []
    for attempt in range(5):  # one is enough: a machine that stands still makes anybody late
        with held(user, lock):
            first, second, third = (append(user, lock, word) for word in ("first", "second", "third"))
            for process in (first, second):
                process.kill()
                process.wait(180)
        begun = time.monotonic()
        assert third.wait(180) == 0
        took.append(time.monotonic() - begun)
        assert order(user) == ["third"] * (attempt + 1)
        assert queued(lock) == []
        if took[-1] < PATIENCE_S:
            break
    assert took[-1] < PATIENCE_S, took


def test_a_waiter_killed_alone_leaves_nothing_that_the_next_minds(user: User, lock: Path) -> None:
    with held(user, lock):
        process = append(user, lock, "killed")
        process.kill()
        process.wait(180)
    assert len(queued(lock)) == 1
    assert user.python(user.write("append.py", _APPEND), lock, "next").code == 0
    assert order(user) == ["next"]
    assert queued(lock) == []


@alone
def test_a_suspended_waiter_is_passed_and_gets_its_turn_later(user: User, lock: Path) -> None:
    with held(user, lock):
        suspended = append(user, lock, "suspended")
        suspended.send_signal(signal.SIGSTOP)
        others = [append(user, lock, word) for word in ("b", "c")]
    assert [process.wait(180) for process in others] == [0, 0]
    assert order(user) == ["b", "c"]
    suspended.send_signal(signal.SIGCONT)
    assert suspended.wait(180) == 0
    assert order(user) == ["b", "c", "suspended"]


def test_a_killed_holder_frees_the_lock_and_is_no_holder_any_more(user: User, lock: Path) -> None:
    with held(user, lock) as process:
        holder = lock_holder(lock)
        assert holder is not None
        assert holder.pid == process.pid
        assert f"`hold.py` (pid {process.pid} on " in str(holder)
        process.kill()
        process.wait(180)
        assert lock.with_name("registry.lock.holder").exists()
        assert lock_holder(lock) is None
    user.do("artifact-store", "register", "mine", "--flavor=local")
    assert lock_holder(lock) is None
    assert not lock.with_name("registry.lock.holder").exists()


def test_a_command_that_waits_says_for_whom_and_goes_on(user: User, lock: Path) -> None:
    with held(user, lock) as process:
        waiting = user.start(user.interpreter, "-m", "stackyard", "artifact-store", "register", "mine", "-f", "local")
        wait_for(lambda: "Waiting" in user.started_output, 180, "the notice")
        assert f"Waiting for the registry: held by `hold.py` (pid {process.pid} on " in user.started_output
        assert user.do("stack", "list").err == ""  # readers don't wait
    assert waiting.wait(180) == 0
    assert user.started_output.count("Waiting") == 1
    assert "mine" in user.do("artifact-store", "list").out


def test_a_command_gives_up_after_the_time_that_the_variable_says(user: User, lock: Path) -> None:
    register = ("artifact-store", "register", "mine", "--flavor=local")
    with held(user, lock) as process:
        result = user.stackyard(*register, STACKYARD_LOCK_TIMEOUT="0.3")
        assert result.code == LockTimeoutError.exit_code, result
        assert "has kept the registry locked for 0.3 s: `hold.py`" in result.err, result
        assert str(process.pid) in result.err
        assert "STACKYARD_LOCK_TIMEOUT" in result.err
        assert len(result.err.splitlines()) < 5
        error = json.loads(user.stackyard(*register, "--json", STACKYARD_LOCK_TIMEOUT="0").out)["error"]
        assert error["code"] == LockTimeoutError.code
    assert "mine" not in user.do("artifact-store", "list").out
    assert queued(lock) == []


@pytest.mark.parametrize("text", ["soon", "-1", "inf", "nan"])
def test_a_time_to_wait_that_is_none_is_named(user: User, text: str) -> None:
    result = user.stackyard("artifact-store", "register", "mine", "--flavor=local", STACKYARD_LOCK_TIMEOUT=text)
    assert result.code == 2, result
    assert f"STACKYARD_LOCK_TIMEOUT is '{text}'" in result.err
    assert not (user.home / "registry.json").exists()


def test_a_note_of_the_holder_tells_no_values(user: User, lock: Path) -> None:
    """Values and options may be secret; the note is a file."""
    script = user.write(
        "note.py",
        """
        import json, sys
        from pathlib import Path
        from stackyard.storage.locking import file_lock

        lock = Path(sys.argv[1])
        for words in (
            ["/usr/bin/stackyard", "secret", "create", "name", "--token=abc"],
            ["/x/stackyard/__main__.py", "--global", "abc"],
            ["train.py", "abc"],
            ["-c", "abc"],
        ):
            sys.argv = words
            with file_lock(lock, "registry"):
                print(json.loads(lock.with_name("registry.lock.holder").read_text())["command"])
        """,
    )
    result = user.python(script, lock)
    assert result.out.splitlines() == ["stackyard secret create", "stackyard", "train.py", "python"], result
