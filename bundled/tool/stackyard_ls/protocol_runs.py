"""What requests about single runs take and give; part of :mod:`stackyard_ls.protocol`."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from stackyard.model.views import LogLine, RunView, View


class RunParams(View):
    """A run by name or id (prefix)."""

    run: str


class RunStartParams(View):
    """Run a pipeline in the user's interpreter, in a process that outlives the server."""

    file: str
    function: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Parameter to a JSON value or to the text a user typed; converted by the annotations, in the driver."""
    stack: str | None = None
    """Overrides the active stack for this run."""
    enable_cache: bool | None = None
    """False: every step really runs."""
    config: str | None = None
    """Path of a run configuration."""


class RunStartResult(View):
    """The run that was started; its rows are in the catalog."""

    run_id: str
    name: str


class RunRetryParams(RunParams):
    """Run a run's pipeline again, as a new run with the same parameters, stack and run configuration."""

    enable_cache: bool | None = None
    """False: every step really runs."""


class RunStopParams(RunParams):
    """Stop a run, or one of its steps."""

    step: str | None = None
    """Only this step; the run goes on without it."""
    force: bool = False
    """Kill the steps instead of asking them."""


class RunStopResult(View):
    """The run after it was asked to stop."""

    run: RunView


class RunDeleteParams(View):
    """Delete finished runs with their logs; what they stored stays."""

    runs: list[str]
    """Names or ids."""


class RunDeleteResult(View):
    """What was deleted."""

    deleted: list[str]
    """Ids."""


class RunExplainParams(View):
    """A run, or one step of it."""

    run: str
    """Name, id or ``latest``."""
    step: str | None = None


class RunLogsParams(View):
    """Lines of a run's logs, oldest first."""

    run: str
    step: str | None = None
    """One step; None: all, by time."""
    cursor: str | None = None
    """Where the last answer ended; None: from the beginning."""
    limit: int = 2000


class RunLogsResult(View):
    """A piece of the logs."""

    lines: list[LogLine]
    cursor: str
    """Pass it to get what comes after, also while the run goes on."""
    finished: bool
    """No more lines will come after these."""
