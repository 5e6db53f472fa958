"""A driver in a process of its own: what ``run_driver.py`` hands over to, and ``stackyard run --detach`` starts.

``python -m stackyard.api.detached FILE`` runs the request in a JSON file.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stackyard.api.launcher_process import REPORT_VARIABLE
from stackyard.api.run_request import read_request
from stackyard.api.starting import run_here
from stackyard.engine.reporter import SilentReporter
from stackyard.model.errors import PipelineNotFoundError, StackyardError


class _LogReporter(SilentReporter):
    """Writes what nobody is there to see into the driver's own log."""

    def message(self, text: str) -> None:
        """Write it."""
        sys.stderr.write(f"{text}\n")

    def warning(self, text: str) -> None:
        """Write it."""
        sys.stderr.write(f"Warning: {text}\n")


def main(request: dict[str, Any], report: Callable[[dict[str, Any]], None]) -> int:
    """Run what somebody asked for who does not wait for its end.

    Args:
        request: a :class:`~stackyard.api.run_request.RunRequest` as a dictionary.
        report: takes one message: ``{"run_id", "name"}`` once the run is in the catalog, or ``{"error": {...}}``.

    Returns:
        The exit code.
    """
    told: list[bool] = []

    def created(run_id: str, name: str) -> None:
        if not told:
            told.append(True)
            report({"run_id": run_id, "name": name})

    try:
        ended = run_here(read_request(request), _LogReporter, created)
        if not told and ended.exit_code == 0:  # of any other code the log has the reason
            asked = read_request(request)
            raise PipelineNotFoundError(f"{asked.target} called no pipeline.", hint="See what it does by itself.")
        return ended.exit_code
    except StackyardError as error:
        if not told:
            report({"error": error.as_dict()})
        return error.exit_code


def _report(value: dict[str, Any]) -> None:
    line = (json.dumps(value) + "\n").encode()
    while line:
        line = line[os.write(int(os.environ[REPORT_VARIABLE]), line) :]


if __name__ == "__main__":
    sys.exit(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), _report))
