"""What a driver is asked for: as it travels to a process of its own, and as the catalog keeps it with the run."""

from __future__ import annotations

import sys
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from stackyard.model.record import Record

Kind = Literal["file", "script", "module", "code"]


class RunRequest(Record):
    """A run that is wished for. All of it is JSON; secrets are in none of it, at most references to them."""

    kind: Kind = "file"
    """A pipeline of a file; a script or a module that calls pipelines; code that is in no file (a notebook's)."""
    file: str = ""
    """Absolute; of a module, empty."""
    function: str | None = None
    """Name of the pipeline; None when the file has just one."""
    module: str = ""
    """``python -m`` of it."""
    arguments: list[str] = field(default_factory=list)
    """Of the script or module."""
    parameters: dict[str, Any] = field(default_factory=dict)
    parameters_given_as: str = "text"
    """``text`` (typed) or ``json``."""
    config: str | None = None
    """Absolute path of a run configuration."""
    stack: str | None = None
    """Name or id; None: the active one."""
    enable_cache: bool | None = None
    tags: list[str] = field(default_factory=list)
    max_workers: int | None = None
    execution_mode: str | None = None
    cwd: str = ""
    """Working folder."""
    interpreter: str = ""
    """The Python that ran it."""
    python: str = ""
    """Its version: ``3.12.4``."""
    earlier: list[str] = field(default_factory=list)
    """Ids of the runs that the same script completed before: their pipeline calls are not repeated."""

    # How it is wished for this time; the catalog keeps nothing of the following.
    run_id: str | None = None
    run_name: str | None = None
    resume: str | None = None
    """Id of the run to go on with."""
    again: str = ""
    """Name of the pipeline of the run that is gone on with or repeated; empty: this is a first run."""
    again_on: str | None = None
    """Id (or name) of the stack for it: stronger than ``stack`` for that pipeline alone."""
    start_from: str | None = None
    only: str | None = None
    inputs_of: str | None = None
    in_process: bool = False

    @property
    def target(self) -> str:
        """Return what runs, as people write it."""
        if self.kind == "module":
            return f"-m {self.module}"
        return f"{self.file}:{self.function}" if self.function else self.file

    def to_keep(self) -> dict[str, Any]:
        """Return what the catalog keeps; keys that say nothing are left out."""
        found = {name: getattr(self, name) for name in _KEPT}
        return {"kind": self.kind, **{name: value for name, value in found.items() if value not in (None, "", [], {})}}


_FIELDS = RunRequest.field_names
_KEPT = _FIELDS[: _FIELDS.index("run_id")]


def read_request(found: dict[str, Any]) -> RunRequest:
    """Return a request; keys of a newer version are passed over."""
    return RunRequest(**{name: value for name, value in found.items() if name in _FIELDS})


def of_here(**given: Any) -> RunRequest:
    """Return a request that is made in this process: its working folder and interpreter are the run's."""
    return RunRequest(
        cwd=str(Path.cwd()), interpreter=sys.executable, python=".".join(map(str, sys.version_info[:3])), **given
    )
