"""Starting a driver that outlives whoever asks for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stackyard.api.context import Context
from stackyard.api.run_request import RunRequest
from stackyard.model.error_base import error_from
from stackyard.model.errors import ExecutionError, StackyardError
from stackyard.storage.home import HOME_VARIABLE
from stackyard.storage.ids import new_id

START_TIMEOUT_S = 180.0
_LAUNCHER = Path(__file__).with_name("launcher_process.py")
_TAIL_BYTES = 2000
_NOT_FOR_USERS = ("PYTHONHOME", "PYTHONPATH")
"""Set by some editors for their own processes; a user's own reach the driver through its interpreter's environment."""


def user_environment() -> dict[str, str]:
    """Return this process's environment for one of the user's interpreter: without what editors set for their own."""
    return {k: v for k, v in os.environ.items() if k not in _NOT_FOR_USERS}


def start_run(
    ctx: Context, request: RunRequest, *, driver: Sequence[str], environment: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Start a run in the user's interpreter, through a launcher that exits; wait until it is in the catalog.

    Args:
        ctx: home and project.
        request: what to run; without a working folder of its own it runs in the project's root, else beside its file.
        driver: command of a driver; the request's file comes behind it.
        environment: of the driver; default: this process's, without what editors set for themselves.

    Returns:
        Id and name of the run.

    Raises:
        StackyardError: what the driver says is wrong; nothing ran.
        ExecutionError: the driver ended without a word, or took too long.
    """
    new = request.resume is None
    run_id = request.run_id or new_id()
    log = ctx.home_folder.ensure("logs", run_id) / ctx.home_folder.driver_log(run_id).name
    request_file = log.with_name("request.json")
    cwd = request.cwd or str(ctx.scope.root or Path(request.file).parent)
    asked = request.replace(run_id=run_id, cwd=cwd)
    request_file.write_text(json.dumps(asked.as_dict()), encoding="utf-8")
    if environment is None:
        environment = user_environment()
    launch = {
        "command": [*driver, str(request_file)],
        "cwd": cwd,
        "env": {**environment, HOME_VARIABLE: str(ctx.home)},
        "log": str(log),
    }
    try:
        answer = _launch(launch, log)
    except StackyardError:
        if new:  # of a run that was to be gone on with, everything stays
            shutil.rmtree(log.parent, ignore_errors=True)
        raise
    finally:
        request_file.unlink(missing_ok=True)
    return str(answer["run_id"]), str(answer["name"])


def _launch(launch: dict[str, Any], log: Path) -> dict[str, Any]:
    try:
        done = subprocess.run(  # our own interpreter and script
            [sys.executable, "-I", "-S", str(_LAUNCHER)],
            input=json.dumps(launch).encode(),
            capture_output=True,
            timeout=START_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ExecutionError(
            f"The pipeline's file took longer than {START_TIMEOUT_S:g} s to import.",
            hint=f"Run it in a terminal to see where it hangs. Its output: {_tail(log)}",
        ) from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        detail = _tail(log) or done.stderr.decode(errors="replace").strip()[-_TAIL_BYTES:]
        raise ExecutionError(
            "The run's driver ended before the run began.", hint=f"It printed: {detail}" if detail else "Try again."
        ) from error
    if "error" in answer:
        raise error_from(answer["error"], ExecutionError)
    return dict(answer)


def _tail(log: Path) -> str:
    try:
        data = log.read_bytes()
    except OSError:
        return ""
    return data[-_TAIL_BYTES:].decode("utf-8", errors="replace").strip()
