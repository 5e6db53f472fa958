"""A process that executes one job, as a remote engine would start it somewhere: everything comes and goes as JSON.

Job, secrets and replies are lines on stdin; events, requests and the outcome are lines on the descriptor that
``argv[1]`` names.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from stackyard.engine.logs import ForwardedLogging
from stackyard.engine.step_runner import StopRequested, run_step
from stackyard.engine.streams import StandardStreams
from stackyard.model.artifact import Manifest
from stackyard.model.job import Secrets, StepEvent, StepJob, StepReply, StepRequest


def main() -> None:
    back = os.fdopen(int(sys.argv[1]), "wb", buffering=0)
    come = os.fdopen(os.dup(0), "rb")
    first = json.loads(come.readline())
    job = StepJob.model_validate_json(first["job"])
    sys.path[:0] = job.import_paths
    if job.working_directory:
        os.chdir(job.working_directory)

    def tell(kind: str, value: Any) -> None:
        back.write(json.dumps({kind: value.model_dump_json()}).encode() + b"\n")

    def log(level: str, text: str) -> None:
        send(StepEvent(kind="log", step_run_id=job.step_run_id, at="", level=level, text=text))

    def send(event: StepEvent) -> None:
        tell("event", event)

    def ask(method: str, arguments: dict[str, Any], manifest: Manifest | None) -> StepReply:
        tell(
            "request",
            StepRequest(id=1, step_run_id=job.step_run_id, method=method, arguments=arguments, manifest=manifest),
        )
        return StepReply.model_validate_json(come.readline())

    def stop(*_: Any) -> None:
        raise StopRequested

    streams = StandardStreams()
    ForwardedLogging(log).install()
    signal.signal(signal.SIGTERM, stop)
    send(StepEvent(kind="started", step_run_id=job.step_run_id, at="", pid=os.getpid()))
    outcome = run_step(job, send, Secrets.model_validate_json(first["secrets"]), ask)
    streams.restore()
    tell("outcome", outcome)
    os._exit(0)


main()
