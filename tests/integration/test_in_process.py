"""Steps in the driver's own process: a debugger works in them, and signals stop them."""

from __future__ import annotations

import signal
import sys

from tests.cli.terminal import on_terminal
from tests.integration.user import User, statuses, wait_for

PIPELINE = """
import time
from stackyard import pipeline, step

@step
def debugged(n: int = 4) -> int:
    total = n * 2
    breakpoint()
    print("after", total)
    return total

@step(on_end=lambda problem: print("at the end:", problem))
def slow(n: int) -> int:
    try:
        open("ready", "w").close()
        time.sleep(600)
    finally:
        print("cleaned up")

@pipeline
def debugging():
    debugged()

@pipeline
def waiting():
    slow(1)
"""


def test_a_debugger_has_the_terminal_and_ctrl_c_stops_the_step(user: User) -> None:
    user.write("work.py", PIPELINE)
    command = [sys.executable, "-m", "stackyard", "run", "--in-process"]
    code, text = on_terminal(
        [*command, "work.py:debugging"], user.folder, user.environment(), typed="p total + 1\np n\nc\n"
    )
    assert code == 0, text
    assert '-> print("after", total)' in text
    assert "(Pdb) p total + 1\n9\n" in text
    assert text.count("after 8") == 1, "what a step prints is seen once"
    run = user.last_run()
    assert "after 8" in [line.text for line in user.logs(run)]

    process = user.start(*command, "work.py:waiting")
    wait_for((user.folder / "ready").exists, 180, "the step runs")
    process.send_signal(signal.SIGINT)
    process.wait(180)
    run = user.last_run()
    assert (str(run.status), statuses(run)) == ("stopped", {"slow": "stopped"}), user.started_output
    assert [line.text for line in user.logs(run)] == ["cleaned up", "at the end: None"]
