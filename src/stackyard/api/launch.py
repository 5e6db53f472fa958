"""Starting a driver that outlives whoever asks for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from stackyard.api.context import Context
from stackyard.model.errors import ExecutionError, Location, StackyardError
from stackyard.storage.home import HOME_VARIABLE
from stackyard.storage.ids import new_id

START_TIMEOUT_S = 180.0
_LAUNCHER = Path(__file__).with_name("launcher_process.py")
_TAIL_BYTES = 2000
_NOT_FOR_DRIVERS = ("PYTHONHOME", "PYTHONPATH")
"""Set by some editors for their own processes; a user's own reach the driver through its interpreter's environment."""


def start_run(
    ctx: Context, *, interpreter: str, driver_script: Path, file: str, function: str | None = None,
    parameters: dict[str, Any] | None = None, stack: str | None = None, enable_cache: bool | None = None,
    config: str | None = None, cwd: str | None = None,
) -> tuple[str, str]:  # fmt: skip
    """Start a run in the user's interpreter, through a launcher that exits; wait until it is in the catalog.

    Args:
        ctx: home and project.
        interpreter: absolute path of the user's interpreter.
        driver_script: path of ``run_driver.py``.
        file: the pipeline's file.
        function: name of the pipeline; None when the file has just one.
        parameters: parameter to JSON value or typed text.
        stack: overrides the active stack.
        enable_cache: False runs every step.
        config: path of a run configuration.
        cwd: working folder of the run; default: the project's root, else the file's folder.

    Returns:
        Id and name of the run.

    Raises:
        StackyardError: what the driver says is wrong; nothing ran.
        ExecutionError: the driver ended without a word, or took too long.
    """
    run_id = new_id()
    log = ctx.home_folder.ensure("logs", run_id) / ctx.home_folder.driver_log(run_id).name
    request_file = log.with_name("request.json")
    request = {
        "run_id": run_id,
        "file": str(Path(file).absolute()),
        "function": function,
        "parameters": parameters or {},
        "stack": stack,
        "enable_cache": enable_cache,
        "config": config,
    }
    request_file.write_text(json.dumps(request), encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k not in _NOT_FOR_DRIVERS}
    environment[HOME_VARIABLE] = str(ctx.home)
    launch = {
        "command": [interpreter, str(driver_script), "--request", str(request_file)],
        "cwd": cwd or str(ctx.scope.root or Path(file).absolute().parent),
        "env": environment,
        "log": str(log),
    }
    try:
        answer = _launch(launch, log)
    except StackyardError:
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
        raise _as_error(answer["error"])
    return dict(answer)


def _as_error(found: dict[str, Any]) -> StackyardError:
    """Return an error of another process as the class of the same code."""
    place = found.get("location")
    location = Location(place["file"], place["line"], place["column"]) if place else None
    pending: list[type[StackyardError]] = [StackyardError]
    while pending:
        kind = pending.pop()
        if kind.code == found.get("code"):
            return kind(found["message"], hint=found.get("hint", ""), location=location)
        pending.extend(kind.__subclasses__())
    return ExecutionError(found["message"], hint=found.get("hint", ""), location=location)


def _tail(log: Path) -> str:
    try:
        data = log.read_bytes()
    except OSError:
        return ""
    return data[-_TAIL_BYTES:].decode("utf-8", errors="replace").strip()
