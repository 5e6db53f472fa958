"""How a worker's end is told."""

from __future__ import annotations

import pytest

from stackyard.engine.limits import threads_per_worker
from stackyard.engine.worker_process import describe_exit


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (9, "killed by signal 9 (SIGKILL)"),
        (11, "killed by signal 11 (SIGSEGV)"),
        (139, "killed by signal 11 (SIGSEGV)"),  # with a core dump
        (125, "killed by signal 125 (an unknown signal)"),
        (3 << 8, "ended with exit code 3 in the middle of the step"),
        (0, "ended with exit code 0 in the middle of the step"),
    ],
)
def test_an_exit_names_the_signal_or_the_code(status: int, text: str) -> None:
    assert text in describe_exit(status)


def test_workers_share_the_cores_and_each_has_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    threads_per_worker.cache_clear()
    assert [threads_per_worker(n) for n in (1, 2, 3, 8, 100, 0)] == [8, 4, 2, 1, 1, 8]
    threads_per_worker.cache_clear()
