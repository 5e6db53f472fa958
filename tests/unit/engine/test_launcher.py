"""Launchers over many workers: nothing piles up in the processes that stay."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackyard.engine.launcher import new_launcher
from stackyard.engine.zygote_launcher import ZygoteLauncher
from stackyard.model.errors import ExecutionError
from tests.integration.processes import descendants_of, parent_of, status_of
from tests.integration.user import wait_for

WORKERS = 120


@pytest.fixture
def launcher() -> Iterator[ZygoteLauncher]:
    """A zygote of its own."""
    found = ZygoteLauncher([])
    yield found
    found.end_workers()
    found.close()


def _descriptors(pid: int) -> list[Path]:
    return sorted(Path(f"/proc/{pid}/fd").iterdir())


def _end(launcher: ZygoteLauncher, number: int) -> int:
    """Start a worker and hang up; return its pid when it is gone."""
    process = launcher.start(number)
    process.channel.close()
    for pipe in (process.stdout, process.stderr):
        os.close(pipe)
    wait_for(lambda: process.pid in dict(launcher.exited()), 180, "the worker's end")
    return process.pid


def test_a_zygote_keeps_nothing_of_the_workers_that_ended(launcher: ZygoteLauncher) -> None:
    first = launcher.start(0)
    zygote = parent_of(first.pid)
    guard = parent_of(zygote)
    assert parent_of(guard) == os.getpid()
    _end(launcher, WORKERS)  # once it has forked another one, it has closed what it was given for the first
    before = {pid: _descriptors(pid) for pid in (os.getpid(), guard, zygote)}
    pids = {_end(launcher, number) for number in range(1, WORKERS)}
    assert len(pids) > WORKERS / 2, "each was a process of its own"
    assert {pid: _descriptors(pid) for pid in before} == before, "a descriptor was left open"
    assert sorted(descendants_of(guard)) == sorted([zygote, first.pid]), "a child was not waited for"
    assert status_of(first.pid) not in "ZX", "and who runs is left alone"
    # A worker has its own channel and streams, and nothing of the zygote's.
    links = {str(fd.readlink()) for fd in _descriptors(first.pid)}
    theirs = {str(fd.readlink()) for fd in _descriptors(zygote)}
    assert {link for link in links & theirs if link.startswith(("socket", "pipe"))} == set()
    first.channel.close()
    for pipe in (first.stdout, first.stderr):
        os.close(pipe)


def test_where_there_are_no_workers_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stackyard.engine.launcher.IS_WINDOWS", True)
    with pytest.raises(ExecutionError) as caught:
        new_launcher()
    assert "--in-process" in caught.value.hint


def test_the_guard_loads_next_to_nothing(launcher: ZygoteLauncher) -> None:
    process = launcher.start(1)
    zygote = parent_of(process.pid)
    sizes = {}
    for name, pid in (("guard", parent_of(zygote)), ("zygote", zygote)):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        sizes[name] = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    assert sizes["guard"] < sizes["zygote"] * 0.7, sizes
    process.channel.close()
    for pipe in (process.stdout, process.stderr):
        os.close(pipe)


def test_a_driver_with_many_open_files_has_workers_too() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        crowded = ZygoteLauncher([])
        try:
            assert _end(crowded, 1)
        finally:
            crowded.end_workers()
            crowded.close()
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
