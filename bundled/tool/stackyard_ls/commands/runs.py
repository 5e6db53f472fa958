"""Requests about runs."""

from __future__ import annotations

from pathlib import Path

from stackyard.api import launch, rerun, runs
from stackyard.api.context import Context
from stackyard.api.explain import explain_run
from stackyard.api.run_request import RunRequest
from stackyard.model.explain_views import RunExplanation
from stackyard.model.views import Page, RunView
from stackyard_ls.protocol import RunListParams
from stackyard_ls.protocol_runs import (
    RunDeleteParams,
    RunDeleteResult,
    RunExplainParams,
    RunLogsParams,
    RunLogsResult,
    RunParams,
    RunRetryParams,
    RunStartParams,
    RunStartResult,
    RunStopParams,
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
    context = call.session.context(params.file)  # The file's own project, whatever the editor shows elsewhere.
    request = RunRequest(
        file=str(Path(params.file).absolute()),
        function=params.function,
        parameters=params.parameters,
        stack=params.stack,
        enable_cache=params.enable_cache,
        config=params.config,
        cwd=context.project.root or str(Path(params.file).absolute().parent),
    )
    return _start(call, context, request, "Running a pipeline")


def resume(call: Call, params: RunParams) -> RunStartResult:
    """Go on with a run in the user's interpreter."""
    context = call.context
    return _start(call, context, rerun.request_to_resume(context, params.run), "Going on with a run")


def retry(call: Call, params: RunRetryParams) -> RunStartResult:
    """Run a run's pipeline again in the user's interpreter."""
    context = call.context
    request = rerun.request_to_retry(context, params.run)
    if params.enable_cache is not None:
        request = request.replace(enable_cache=params.enable_cache)
    return _start(call, context, request, "Running a pipeline")


def stop(call: Call, params: RunStopParams) -> RunStopResult:
    """Ask a run, or one of its steps, to stop."""
    return RunStopResult(run=runs.stop_run(call.context, params.run, step=params.step, force=params.force))


def delete(call: Call, params: RunDeleteParams) -> RunDeleteResult:
    """Delete finished runs."""
    found = runs.runs_to_delete(call.context, params.runs)
    runs.delete_runs(call.context, found)
    return RunDeleteResult(deleted=[run.id for run in found])


def _start(call: Call, context: Context, request: RunRequest, what: str) -> RunStartResult:
    call.require_trust(what)
    interpreter = call.require_interpreter()
    driver = [interpreter, str(TOOL / "run_driver.py"), "--request"]
    run_id, name = launch.start_run(context, request.replace(interpreter=interpreter, python=""), driver=driver)
    if call.cancelled.is_set():
        runs.stop_run(context, run_id)
    return RunStartResult(run_id=run_id, name=name)


def explain(call: Call, params: RunExplainParams) -> RunExplanation:
    """Return why a run's steps were reused or not: what changed, before and after."""
    return explain_run(call.context, params.run, params.step)


def logs(call: Call, params: RunLogsParams) -> RunLogsResult:
    """Return a piece of the logs."""
    page = runs.read_logs(call.context, params.run, step=params.step, cursor=params.cursor, limit=params.limit)
    return RunLogsResult(lines=page.lines, cursor=page.cursor, finished=page.finished)
