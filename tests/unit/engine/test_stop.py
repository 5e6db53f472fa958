"""Requests to stop: by file and by signal, the second one stronger."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from stackyard.engine.stop import StopRequests


def test_a_stop_file_asks_politely_and_force_kills(tmp_path: Path) -> None:
    file = tmp_path / "run.stop"
    with StopRequests(file) as stops:
        assert stops.poll() == 0
        file.write_text("stop")
        assert (stops.poll(), stops.poll(), stops.reason) == (1, 1, "stop was requested")
        file.write_text("force")
        assert stops.poll() == 2
    assert not file.exists()


def test_signals_count_and_wake_the_loop_up(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    with StopRequests(tmp_path / "run.stop") as stops:
        assert stops.wakeup is not None
        os.kill(os.getpid(), signal.SIGINT)
        assert os.read(stops.wakeup, 10)
        assert (stops.poll(), stops.reason) == (1, "SIGINT")
        os.kill(os.getpid(), signal.SIGTERM)
        assert stops.poll() == 2
    assert signal.getsignal(signal.SIGINT) is before
