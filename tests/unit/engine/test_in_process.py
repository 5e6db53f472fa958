"""Steps in the driver's own process, and signals that come at awkward moments."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from stackyard.engine.in_process import InProcessExecutor
from stackyard.model.graph import StepSource
from stackyard.model.job import ComponentSpec, StepJob, StepOutcome

_NONE: Any = None


def interrupts_what_follows() -> None:
    """Send the signal when the step is over and its outcome is being made."""

    def look(frame: Any, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name == "now":
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGTERM)

    sys.setprofile(look)


def test_a_signal_between_a_step_and_its_outcome_stops_the_step(tmp_path: Path) -> None:
    job = StepJob(
        run_id="r", run_name="p-1", step_run_id="s", step_name="awkward", pipeline_name="p", project_id="x",
        stack_name="default", source=StepSource(module=__name__, qualname="interrupts_what_follows"),
        artifact_store=ComponentSpec(
            component_id="c", name="default", flavor="local", configuration={"path": str(tmp_path)}
        ),
    )  # fmt: skip
    told: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    executor = InProcessExecutor()
    try:
        executor.submit(job)
        (*_, outcome) = executor.poll(0, _NONE)
        assert isinstance(outcome, StepOutcome)
        assert outcome.status == "stopped"
        assert told == [signal.SIGTERM], "the driver knows of it, too"
    finally:
        sys.setprofile(None)
        executor.close()
        signal.signal(signal.SIGTERM, before)
