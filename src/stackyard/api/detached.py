"""A driver in a process of its own: what `run_driver.py` hands over to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from stackyard.api.driver import RunOptions, run_file
from stackyard.api.loading import CalledWhileLoadingError, refuse_while_loading
from stackyard.authoring.pipeline import set_runner
from stackyard.engine.reporter import SilentReporter
from stackyard.model.enums import Status
from stackyard.model.errors import PipelineLoadError, StackyardError


class _LogReporter(SilentReporter):
    """Writes what nobody is there to see into the driver's own log."""

    def warning(self, text: str) -> None:
        """Write it."""
        sys.stderr.write(f"Warning: {text}\n")


def main(request: dict[str, Any], report: Callable[[dict[str, Any]], None]) -> int:
    """Run what an editor asked for, in a process of its own.

    Args:
        request: ``file``, ``function``, ``parameters``, ``stack``, ``enable_cache``, ``config``.
        report: takes one message: ``{"run_id", "name"}`` once the run is in the catalog, or ``{"error": {...}}``.

    Returns:
        The exit code.
    """
    told: list[bool] = []
    set_runner(refuse_while_loading)

    def created(run_id: str, name: str) -> None:
        told.append(True)
        report({"run_id": run_id, "name": name})

    options = RunOptions(
        run_id=request.get("run_id"),
        stack=request.get("stack"),
        enable_cache=request.get("enable_cache"),
        config=request.get("config"),
        parameters=request.get("parameters") or {},
        parameters_given_as="text",
    )
    try:
        run = run_file(str(request["file"]), request.get("function"), options, _LogReporter(), created)
    except StackyardError as error:
        if not told:
            report({"error": error.as_dict()})
        return error.exit_code
    except CalledWhileLoadingError:
        error_dict = PipelineLoadError(
            f"{request['file']} runs its pipeline while it is imported.",
            hint='Guard the call with: if __name__ == "__main__":',
        ).as_dict()
        report({"error": error_dict})
        return PipelineLoadError.exit_code
    return 0 if run.status is Status.COMPLETED else 1
