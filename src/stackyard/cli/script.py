"""Pipelines that a script calls: ``python run.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stackyard.api.programs import of_this_process
from stackyard.authoring.pipeline import PipelineDefinition
from stackyard.cli.progress import choose_reporter
from stackyard.script_errors import install

if TYPE_CHECKING:
    from stackyard.api.responses import PipelineRun


def run_called_pipeline(definition: PipelineDefinition, given: dict[str, Any]) -> PipelineRun:
    """Run a pipeline that user code called, showing its progress.

    Raises:
        RunFailedError: a step failed.
        RunStoppedError: the run was stopped.
        StackyardError: nothing ran.
    """
    install()
    return of_this_process(choose_reporter).run(definition, given)
