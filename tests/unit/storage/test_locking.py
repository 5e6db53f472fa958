"""Locks: the short ones around a change, and the one that shows that a driver lives."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from stackyard.model.errors import HomeNotWritableError, LockTimeoutError
from stackyard.storage.locking import LifeLock, file_lock, is_alive


def test_a_lock_that_is_held_too_long_names_what_is_locked(tmp_path: Path) -> None:
    path = tmp_path / "registry.lock"
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with file_lock(path, "registry"):
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
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
