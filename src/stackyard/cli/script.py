"""Pipelines that a script calls: ``python run.py``."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from stackyard.api.programs import of_this_process
from stackyard.api.responses import PipelineRun
from stackyard.authoring.pipeline import PipelineDefinition
from stackyard.cli.output import print_error
from stackyard.cli.progress import choose_reporter
from stackyard.model.errors import StackyardError

_hook_installed: list[bool] = []


def run_called_pipeline(definition: PipelineDefinition, given: dict[str, Any]) -> PipelineRun:
    """Run a pipeline that user code called, showing its progress.

    Raises:
        RunFailedError: a step failed.
        RunStoppedError: the run was stopped.
        StackyardError: nothing ran.
    """
    _install_hook()
    return of_this_process(choose_reporter).run(definition, given)


def _install_hook() -> None:
    """Show our errors without a traceback when they end a script, with their own exit code."""
    if _hook_installed:
        return
    _hook_installed.append(True)
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, StackyardError):
            print_error(error, as_json=False)
            sys.stdout.flush()
            # Python ends with the exit code of a SystemExit that an excepthook raises.
            raise SystemExit(error.exit_code)
        before(kind, error, trace)

    sys.excepthook = hook
