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


def test_lines_of_the_stop_file_are_requests_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "run.stop"
    with StopRequests(file) as stops:
        file.touch()
        assert stops.poll() == 0, "somebody is about to write into it"
        file.write_text("step train\nstep the other one force\n")
        assert (stops.poll(), stops.take_steps()) == (0, [("train", False), ("the other one", True)])
        assert (stops.poll(), stops.take_steps()) == (0, [])
        with file.open("a") as more:
            more.write("step train force\n\n")
        assert (stops.poll(), stops.take_steps()) == (1, [("train", True)])
        assert not os.get_blocking(stops.wakeup or 0)
        stops.wake()
        assert os.read(stops.wakeup or 0, 10)
