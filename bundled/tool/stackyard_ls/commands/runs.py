"""Requests about runs."""

from __future__ import annotations

from pathlib import Path

from stackyard.api import launch, runs
from stackyard.model.views import Page, RunView
from stackyard_ls.protocol import (
    RunListParams,
    RunLogsParams,
    RunLogsResult,
    RunParams,
    RunStartParams,
    RunStartResult,
    RunStopResult,
)
from stackyard_ls.session import TOOL, Call


def list_page(call: Call, params: RunListParams) -> Page[RunView]:
    """Return a page of runs, newest first."""
    return runs.list_runs(
        call.context,
        limit=params.limit,
        cursor=params.cursor,
        pipeline=params.pipeline,
        all_projects=params.all_projects,
    )


def show(call: Call, params: RunParams) -> RunView:
    """Return a run with its steps."""
    return runs.get_run(call.context, params.run)


def start(call: Call, params: RunStartParams) -> RunStartResult:
    """Start a run in the user's interpreter; one that the client gave up on meanwhile is stopped again."""
    call.require_trust("Running a pipeline")
    context = call.session.context(params.file)  # The file's own project, whatever the editor shows elsewhere.
    run_id, name = launch.start_run(
        context,
        interpreter=call.require_interpreter(),
        driver_script=TOOL / "run_driver.py",
        file=params.file,
        function=params.function,
        parameters=params.parameters,
        stack=params.stack,
        enable_cache=params.enable_cache,
        config=params.config,
        cwd=context.project.root or str(Path(params.file).parent),
    )
    if call.cancelled.is_set():
        runs.stop_run(context, run_id)
    return RunStartResult(run_id=run_id, name=name)


def stop(call: Call, params: RunParams) -> RunStopResult:
    """Ask a run to stop."""
    return RunStopResult(run=runs.stop_run(call.context, params.run))


def logs(call: Call, params: RunLogsParams) -> RunLogsResult:
    """Return a piece of the logs."""
    page = runs.read_logs(call.context, params.run, step=params.step, cursor=params.cursor, limit=params.limit)
    return RunLogsResult(lines=page.lines, cursor=page.cursor, finished=page.finished)
