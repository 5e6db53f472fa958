"""Starting what a request asks for, in this process."""

from __future__ import annotations

import os
from pathlib import Path

from stackyard.api.driver import Created, run_file
from stackyard.api.loading import CalledWhileLoadingError, refuse_while_loading
from stackyard.api.programs import Show, options_of, run_program
from stackyard.api.run_request import RunRequest
from stackyard.authoring.pipeline import set_runner
from stackyard.model.enums import Status
from stackyard.model.errors import ResumeError, UsageError
from stackyard.model.record import Record
from stackyard.model.views import RunView


class Ended(Record):
    """What came of a request."""

    exit_code: int
    """Of the script; of a pipeline 0 if it completed, else 1."""
    run: RunView | None
    """The last one, without its steps if it completed; None when a script called no pipeline."""


def run_here(request: RunRequest, show: Show, created: Created | None = None) -> Ended:
    """Do what a request asks for.

    A file that calls its pipeline while it is imported, without a main guard, is run as the script that it is.

    Args:
        request: of any kind but ``code``; its working folder becomes this process's.
        show: makes what shows a run's progress.
        created: is told id and name of each run once it is in the catalog.

    Returns:
        What came of it, whatever the status of the run.

    Raises:
        RunFailedError: a script's run failed, and the script let that end it.
        StackyardError: nothing ran.
    """
    if request.cwd and Path(request.cwd) != Path.cwd():
        os.chdir(request.cwd)
    if request.kind == "file":
        set_runner(refuse_while_loading)
        try:
            run = run_file(request.file, request.function, options_of(request), show(), created, with_steps=False)
            return Ended(0 if run.status is Status.COMPLETED else 1, run)
        except CalledWhileLoadingError as error:
            if request.parameters:
                raise UsageError(
                    f"{request.file} calls its pipelines itself, so the parameters {', '.join(request.parameters)} "
                    "can't be given to them from outside.",
                    hint='Guard the call with: if __name__ == "__main__":',
                ) from error
            request = request.replace(kind="script", function=None)
    code, program = run_program(request, show, created)
    if request.again and len(program.called) <= len(request.earlier):
        raise ResumeError(
            f"{request.target} ended without calling the pipeline {request.again!r}, whose run was meant.",
            hint="It does other things now; start it anew instead.",
        )
    return Ended(code, program.last)
