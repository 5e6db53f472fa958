"""Runs: list, show, logs, stop, delete."""

from __future__ import annotations

import contextlib
import functools
import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

from stackyard.api.context import Context
from stackyard.api.records import replace_record
from stackyard.model.base import format_time
from stackyard.model.enums import Status
from stackyard.model.errors import (
    InUseError,
    LockTimeoutError,
    RunNotActiveError,
    RunNotFoundError,
    StepRunNotFoundError,
    StorageError,
    UsageError,
)
from stackyard.model.names import did_you_mean
from stackyard.model.record import Record
from stackyard.model.views import LogLine, Page, RunView, StepRunView
from stackyard.storage.home import Home
from stackyard.storage.host import reason_of
from stackyard.storage.locking import is_alive
from stackyard.storage.logs import LogReader, decode_cursor, encode_cursor
from stackyard.storage.strays import hold_run

MAX_PAGE = 1000
BYTES_PER_LINE = 500
"""Room of a usual line with its time and stream, to turn lines into bytes to read."""
STOP_WAIT_S = 0.05
NEWEST = ("latest", "last")
"""Words for the project's newest run, unless a run is named so."""


class LogPage(Record):
    """A piece of a run's logs."""

    lines: list[LogLine]
    cursor: str
    finished: bool


def list_runs(
    ctx: Context, *, limit: int = 50, cursor: str | None = None, pipeline: str | None = None,
    all_projects: bool = False, tags: Sequence[str] = (), name: str = "", status: str = "",
) -> Page[RunView]:  # fmt: skip
    """Return a page of runs, newest first, without their steps.

    Args:
        ctx: where.
        limit: runs at most.
        cursor: of the page.
        pipeline: only runs of this pipeline.
        all_projects: not only the project's.
        tags: only runs that have all of these.
        name: only runs whose names contain this; or ``startswith:``, ``endswith:`` or ``equals:`` and a text.
        status: only runs with this status.

    Raises:
        UsageError: there is no such status.
        CatalogError: the catalog can't be read.
    """
    known = [each.value for each in Status]
    if status and status not in known:
        raise UsageError(f"There is no status {status!r}.", hint=f"There are: {', '.join(known)}.")
    with ctx.catalog() as catalog:
        if catalog is None:
            return Page[RunView](items=[], total=0)
        project_id = None if all_projects else ctx.scope.id
        return catalog.list_runs(
            project_id, pipeline=pipeline, limit=_page(limit), cursor=cursor, tags=tags, name=name, status=status
        )


def get_run(ctx: Context, name_or_id: str, *, with_steps: bool = True) -> RunView:
    """Return a run with its steps; one whose driver is gone is ``interrupted``.

    Args:
        ctx: where.
        name_or_id: its name, the beginning of its id, or a word of :data:`NEWEST`.
        with_steps: False leaves the steps of a completed run out.

    Raises:
        RunNotFoundError: there is none of that name or id prefix.
        UsageError: the prefix means several.
    """
    with ctx.catalog() as catalog:
        found = catalog.find_runs(name_or_id, ctx.scope.id) if catalog else []
        if catalog and not found and name_or_id in NEWEST:
            found = catalog.list_runs(ctx.scope.id, pipeline=None, limit=1, cursor=None).items
        if catalog is None or not found:
            names = catalog.recent_run_names(ctx.scope.id) if catalog else []
            raise RunNotFoundError(
                f"There is no run {name_or_id!r}." if names or name_or_id not in NEWEST else "There is no run yet.",
                hint=f"{did_you_mean(name_or_id, names)} List them with: stackyard run list".strip(),
            )
        if len(found) > 1:
            shown = ", ".join(f"{run.name} ({run.id[-12:]})" for run in found[:4])
            raise UsageError(f"{name_or_id!r} means several runs: {shown}.", hint="Write more of the id.")
        run = found[0]
        if with_steps or run.status is not Status.COMPLETED:
            run.steps = catalog.steps_of(run)
        return run


def recent_names(ctx: Context) -> list[str]:
    """Return the names of the project's newest runs."""
    with ctx.catalog() as catalog:
        return catalog.recent_run_names(ctx.scope.id) if catalog else []


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
    steps = [find_step(view, step)] if step is not None else view.steps
    logs = [(one.id, one.name, Path(one.log_file), one.status) for one in steps]
    if step is None:
        logs.append((view.id, "", ctx.home_folder.run_log(view.id), view.status))
    tokens = decode_cursor(cursor)
    lines: list[LogLine] = []
    more = False
    for key, name, path, status in logs:
        reader = LogReader.resume(path, name, tokens.get(key))
        lines.extend(reader.read(final=status.is_finished, max_bytes=limit * BYTES_PER_LINE))
        more = more or not reader.at_end
        tokens[key] = reader.token()
    lines.sort(key=lambda line: line.at)
    return LogPage(lines, encode_cursor(tokens), view.status.is_finished and not more)


def find_step(run: RunView, name: str) -> StepRunView:
    """Return a step of a run.

    Raises:
        StepRunNotFoundError: the run has no such step.
    """
    found = next((step for step in run.steps if step.name == name), None)
    if found is None:
        names = [step.name for step in run.steps]
        some = f"{', '.join(names[:20])}{' ...' if len(names) > 20 else ''}"
        raise StepRunNotFoundError(
            f"The run {run.name!r} has no step {name!r}.",
            hint=f"{did_you_mean(name, names)} Its steps: {some or 'none'}.".strip(),
        )
    return found


def stop_run(ctx: Context, name_or_id: str, *, step: str | None = None, force: bool = False) -> RunView:
    """Ask a run's driver to stop all steps, or one; it does so within a tenth of a second.

    Args:
        ctx: where.
        name_or_id: the run.
        step: only this step; None: the whole run.
        force: kill the steps instead of asking them.

    Raises:
        RunNotFoundError: there is no such run.
        StepRunNotFoundError: the run has no such step.
        RunNotActiveError: it is over already.
        StorageError: the request can't be written.
    """
    run = get_run(ctx, name_or_id)
    found = find_step(run, step) if step is not None else None
    if run.status.is_finished or (found is not None and found.status.is_finished):
        what, status = (f"step {step!r} of {run.name!r}", found.status) if found else (f"run {run.name!r}", run.status)
        raise RunNotActiveError(f"The {what} is {status} already.", hint="Nothing had to be stopped.")
    file = ctx.home_folder.stop_file(run.id)
    words = [*(["step", step] if step is not None else []), *(["force"] if force else [])]
    try:
        with file.open("a", encoding="utf-8") as stop_file:  # others may ask, too
            stop_file.write(" ".join(words) + "\n")
    except OSError as error:
        raise StorageError(
            f"The request to stop can't be written to {file}: {reason_of(error)}.",
            hint=f"Make room, or interrupt the run's driver yourself: kill -INT {run.pid}",
        ) from error
    if not is_alive(ctx.home_folder.run_lock(run.id)):
        file.unlink(missing_ok=True)
    return get_run(ctx, run.id)


def wait_for_end(ctx: Context, run_id: str, timeout_s: float, *, step: str | None = None) -> RunView:
    """Return the run when it, or one of its steps, is finished, or as it is after the timeout."""
    deadline = time.monotonic() + timeout_s
    while True:
        run = get_run(ctx, run_id)
        ended = run.status.is_finished or (step is not None and find_step(run, step).status.is_finished)
        if ended or time.monotonic() >= deadline:
            return run
        time.sleep(STOP_WAIT_S)


def runs_to_delete(
    ctx: Context, names: Sequence[str], *, older_than_days: int | None = None, pipeline: str | None = None
) -> list[RunView]:
    """Return the runs that are named, and those of the project that ended and began before so many days.

    Raises:
        RunNotFoundError: one that is named does not exist.
        InUseError: one that is named goes on.
    """
    found = {run.id: run for run in (get_run(ctx, name) for name in names)}
    for run in found.values():
        if not run.status.is_finished:
            raise _goes_on(run)
    if older_than_days is not None:
        limit = format_time(datetime.now(tz=timezone.utc) - timedelta(days=older_than_days))
        cursor: str | None = None
        while True:
            page = list_runs(ctx, limit=MAX_PAGE, cursor=cursor, pipeline=pipeline)
            found.update({r.id: r for r in page.items if r.created_at < limit and r.status.is_finished})
            cursor = page.next
            if cursor is None:
                break
    return list(found.values())


def delete_runs(ctx: Context, found: Sequence[RunView]) -> None:
    """Delete finished runs with their logs; the artifact versions that they made stay.

    Raises:
        InUseError: one was resumed meanwhile; those before it are deleted.
        CatalogError: the catalog can't be written.
    """
    from stackyard.storage.catalog.connection import open_writer, transaction  # noqa: PLC0415  # seldom needed
    from stackyard.storage.catalog.records import versions_of_run, versions_record  # noqa: PLC0415
    from stackyard.storage.catalog.runs import delete_run  # noqa: PLC0415

    home = ctx.home_folder
    home.ensure("runs")
    connection = open_writer(home)
    try:
        for run in found:
            with _held(home, run), transaction(connection) as sql:
                made = versions_of_run(sql, run.id)
                delete_run(sql, run.id)
                shutil.rmtree(home.log_dir(run.id), ignore_errors=True)
                home.stop_file(run.id).unlink(missing_ok=True)
            replace_record(ctx, run.artifact_store_id, run.id, functools.partial(versions_record, connection, made))
    finally:
        connection.close()


@contextlib.contextmanager
def _held(home: Home, run: RunView) -> Iterator[None]:
    """Keep a finished run from being gone on with; what its driver, if killed, left behind is ended."""
    try:
        lock = hold_run(home, run.id)
    except LockTimeoutError as error:
        raise _goes_on(run) from error
    try:
        yield
    finally:
        lock.release()


def _goes_on(run: RunView) -> InUseError:
    return InUseError(
        f"The run {run.name!r} goes on and can't be deleted.", hint=f"Stop it first: stackyard run stop {run.name}"
    )


def _page(limit: int) -> int:
    return max(1, min(limit, MAX_PAGE))
