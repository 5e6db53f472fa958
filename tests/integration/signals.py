"""Signals at any moment: the scenario that a test runs in small and the soak in large."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import time
from collections import Counter

from stackyard.model.enums import Status
from tests.integration.scenarios import MIXED
from tests.integration.user import User, statuses

_COMMANDS = [("run.py",), ("-m", "stackyard", "run", "run.py")]
_SPAN_S = 1.0
"""How long a run takes, from its row on."""


def signal_anything(user: User, chance: random.Random, rounds: int) -> Counter[str]:
    """Send signals at random moments, from the driver's first instruction on; return what became of the runs.

    Holds after each: nothing is left, the run is over and was stopped rather than failed, and nobody speaks of a bug. A
    driver that is only suspended and goes on completes.
    """
    user.write("run.py", MIXED)
    outcomes: Counter[str] = Counter()
    for _ in range(rounds):
        before = user.count_runs()
        told = len(user.started_output)
        command = chance.choice(_COMMANDS)
        driver = user.start(user.interpreter, *command)
        signals = chance.choice([["SIGINT"], ["SIGTERM"], ["SIGHUP"], ["SIGINT", "SIGINT"], ["SIGSTOP", "SIGCONT"]])
        if chance.random() < 0.7:
            while driver.poll() is None and user.count_runs() == before:
                time.sleep(0.01)
        for name in signals:
            time.sleep(chance.random() * _SPAN_S / len(signals))
            with contextlib.suppress(ProcessLookupError):
                os.kill(driver.pid, getattr(signal, name))
        driver.wait(180)
        what = f"{' and '.join(signals)} to {' '.join(command)}"
        left = user.left_behind()
        assert not left, f"{what}, still running: {'; '.join(map(str, left))}"
        output = user.started_output[told:]
        assert "bug in Stackyard" not in output, f"{what}: {output}"
        if "stackyard" in command:  # before it is imported, Python itself shows where it was
            assert not re.search("stackyard/(api|engine|storage)/", output), f"{what}: {output}"
        new = user.runs()[before:]
        assert len(new) <= 1
        for run in new:
            expected = {Status.COMPLETED, Status.STOPPED, Status.INTERRUPTED}
            assert run.status in ({Status.COMPLETED} if "SIGSTOP" in signals else expected), f"{what}: {statuses(run)}"
            outcomes[str(run.status)] += 1
        outcomes["not begun"] += not new
    return outcomes
