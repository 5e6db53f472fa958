"""Runs: list, show, logs, stop."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from stackyard.api.context import Context
from stackyard.model.errors import RunNotActiveError, RunNotFoundError, StepRunNotFoundError, StorageError, UsageError
from stackyard.model.names import did_you_mean
from stackyard.model.views import LogLine, Page, RunView
from stackyard.storage.host import reason_of
from stackyard.storage.locking import is_alive
from stackyard.storage.logs import LogReader, decode_cursor, encode_cursor

MAX_PAGE = 1000
BYTES_PER_LINE = 500
"""Room of a usual line with its time and stream, to turn lines into bytes to read."""
STOP_WAIT_S = 0.05


@dataclass(frozen=True)
class LogPage:
    """A piece of a run's logs."""

    lines: list[LogLine]
    cursor: str
    finished: bool


def list_runs(
    ctx: Context, *, limit: int = 50, cursor: str | None = None, pipeline: str | None = None, all_projects: bool = False
) -> Page[RunView]:
    """Return a page of runs, newest first, without their steps.

    Raises:
        CatalogError: the catalog can't be read.
    """
    with ctx.catalog() as catalog:
        if catalog is None:
            return Page[RunView](items=[], total=0)
        project_id = None if all_projects else ctx.scope.id
        return catalog.list_runs(project_id, pipeline=pipeline, limit=_page(limit), cursor=cursor)


def get_run(ctx: Context, name_or_id: str) -> RunView:
    """Return a run with its steps; one whose driver is gone is ``interrupted``.

    Raises:
        RunNotFoundError: there is none of that name or id prefix.
        UsageError: the prefix means several.
    """
    with ctx.catalog() as catalog:
        found = catalog.find_runs(name_or_id, ctx.scope.id) if catalog else []
        if catalog is None or not found:
            names = catalog.recent_run_names(ctx.scope.id) if catalog else []
            raise RunNotFoundError(
                f"There is no run {name_or_id!r}.",
                hint=f"{did_you_mean(name_or_id, names)} List them with: stackyard run list".strip(),
            )
        if len(found) > 1:
            shown = ", ".join(f"{run.name} ({run.id[-12:]})" for run in found[:4])
            raise UsageError(f"{name_or_id!r} means several runs: {shown}.", hint="Write more of the id.")
        run = found[0]
        run.steps = catalog.steps_of(run)
        return run


def count_running(ctx: Context) -> int:
    """Return how many runs of the project are alive."""
    with ctx.catalog() as catalog:
        return catalog.count_running(ctx.scope.id) if catalog else 0


def read_logs(
    ctx: Context, run: str, *, step: str | None = None, cursor: str | None = None, limit: int = 2000
) -> LogPage:
    """Return lines of a run's step logs, oldest first.

    Args:
        ctx: where.
        run: name or id prefix.
        step: one step; None means all, merged by time.
        cursor: where an earlier page ended.
        limit: about so many lines of each step, the oldest first; the rest comes with the cursor. 0: all.

    Raises:
        RunNotFoundError: there is no such run.
        StepRunNotFoundError: the run has no such step.
    """
    view = get_run(ctx, run)
    steps = [s for s in view.steps if step is None or s.name == step]
    if step is not None and not steps:
        names = [s.name for s in view.steps]
        raise StepRunNotFoundError(
            f"The run {view.name!r} has no step {step!r}.",
            hint=f"{did_you_mean(step, names)} Its steps: {', '.join(names)}.".strip(),
        )
    tokens = decode_cursor(cursor)
    lines: list[LogLine] = []
    more = False
    for step_run in steps:
        reader = LogReader.resume(Path(step_run.log_file), step_run.name, tokens.get(step_run.id))
        lines.extend(reader.read(final=step_run.status.is_finished, max_bytes=limit * BYTES_PER_LINE))
        more = more or not reader.at_end
        tokens[step_run.id] = reader.token()
    lines.sort(key=lambda line: line.at)
    return LogPage(lines, encode_cursor(tokens), view.status.is_finished and not more)


def stop_run(ctx: Context, name_or_id: str, *, force: bool = False) -> RunView:
    """Ask a run's driver to stop its steps; it does so within a tenth of a second.

    Args:
        ctx: where.
        name_or_id: the run.
        force: kill the steps instead of asking them.

    Raises:
        RunNotFoundError: there is no such run.
        RunNotActiveError: it is over already.
        StorageError: the request can't be written.
    """
    run = get_run(ctx, name_or_id)
    if run.status.is_finished:
        raise RunNotActiveError(f"The run {run.name!r} is {run.status} already.", hint="Nothing had to be stopped.")
    file = ctx.home_folder.stop_file(run.id)
    try:
        file.write_text("force" if force else "stop", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"The request to stop can't be written to {file}: {reason_of(error)}.") from error
    if not is_alive(ctx.home_folder.run_lock(run.id)):
        file.unlink(missing_ok=True)
    return get_run(ctx, run.id)


def wait_for_end(ctx: Context, run_id: str, timeout_s: float) -> RunView:
    """Return the run when it is finished, or as it is after the timeout."""
    deadline = time.monotonic() + timeout_s
    run = get_run(ctx, run_id)
    while not run.status.is_finished and time.monotonic() < deadline:
        time.sleep(STOP_WAIT_S)
        run = get_run(ctx, run_id)
    return run


def _page(limit: int) -> int:
    return max(1, min(limit, MAX_PAGE))
