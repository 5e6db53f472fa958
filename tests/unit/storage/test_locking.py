"""Locks: the short ones around a change, and the one that shows that a driver lives."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from stackyard.model.errors import HomeNotWritableError, LockTimeoutError
from stackyard.storage.host import host_name
from stackyard.storage.locking import LifeLock, file_lock, is_alive, lock_holder


def test_a_lock_that_is_held_too_long_names_what_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "registry.lock"
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with file_lock(path, "registry"):
            held.set()
            done.wait(180)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(180)
    try:
        with (
            pytest.raises(LockTimeoutError, match="kept the registry locked") as caught,
            file_lock(path, "registry", 0.05),
        ):
            pass
        assert caught.value.hint
    finally:
        done.set()
        thread.join()
    with file_lock(path, "registry", 0.05):
        pass


def test_a_lock_is_free_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with pytest.raises(LookupError), file_lock(path, "x"):
        raise LookupError
    with file_lock(path, "x", 0.05):
        pass


def test_a_lock_in_a_folder_that_is_none_is_an_error_of_the_home(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeNotWritableError), file_lock(tmp_path / "file" / "x.lock", "x"):
        pass


def test_a_lock_works_where_no_queue_can_be_made(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    (tmp_path / "x.lock.queue").write_text("no folder")
    done: list[int] = []

    def work(number: int) -> None:
        for _ in range(20):
            with file_lock(path, "x"):
                done.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == sorted(list(range(4)) * 20)


def test_what_is_in_the_queue_and_no_ticket_is_left_alone(tmp_path: Path) -> None:
    queue = tmp_path / "x.lock.queue"
    queue.mkdir()
    (queue / ".DS_Store").write_text("")
    (queue / "00000003-dead").write_text("")
    with file_lock(tmp_path / "x.lock", "x", 0.5):
        pass
    assert [path.name for path in queue.iterdir()] == [".DS_Store"]


def test_a_holder_that_is_not_known_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    assert lock_holder(path) is None
    with file_lock(path, "x"):
        note = tmp_path / "x.lock.holder"
        holder = lock_holder(path)
        assert holder is not None
        assert (holder.pid, holder.host) == (os.getpid(), host_name())
        for text in ("", "[]", "{}", '{"pid": "x"}', note.read_text().replace(str(os.getpid()), "999999999")):
            note.write_text(text)
            assert str(lock_holder(path)) == "a process that is not known"
        note.write_text('{"pid": 7, "host": "elsewhere", "command": "stackyard apply", "since": "?"}')
        assert str(lock_holder(path)) == "`stackyard apply` (pid 7 on elsewhere)"
    assert lock_holder(path) is None
    assert not note.exists()


def test_a_life_lock_shows_life_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    assert not is_alive(path)
    lock = LifeLock(path)
    assert is_alive(path)
    assert is_alive(path)  # looking does not disturb it
    with pytest.raises(LockTimeoutError):
        LifeLock(path)
    assert is_alive(path)
    lock.release()
    assert not is_alive(path)
    assert not path.exists()
    lock.release()


def test_a_lock_file_that_nobody_holds_is_of_a_dead_driver(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    path.write_bytes(b"")
    assert not is_alive(path)
