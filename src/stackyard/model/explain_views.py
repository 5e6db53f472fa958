"""Why a step was reused or not, as data: what ``run explain`` and ``run --dry-run`` show."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from stackyard.model.base import no_items
from stackyard.model.basic_views import View
from stackyard.model.enums import MissReason, Status


class ChangeView(View):
    """Something in which a step differs from an earlier run of it."""

    part: Literal[
        "code", "parameters", "inputs", "outputs", "materializers", "policy", "environment", "secrets",
        "experiment_tracker", "python",
    ]  # fmt: skip
    """What kind of thing it is."""
    name: str = ""
    """Which of them: a parameter, an input, a file, ``steps.py:train``."""
    reason: MissReason
    before: Any = None
    """JSON value, or a text where only a digest is known; None: it was not there."""
    after: Any = None
    diff: str = ""
    """Of code: a unified diff of the source text, as far as both texts are known."""


class StepExplanation(View):
    """Why one step was reused, or not."""

    step: str
    status: Status
    reused: bool = False
    from_run: str = ""
    """Name of the run that made what was reused; empty when it was deleted."""
    reason: MissReason | None = None
    """Why it was not reused; None when it was, or never began."""
    detail: str = ""
    """The same in words."""
    compared_run: str = ""
    """Name of the earlier run that it is compared with; empty for none, or one that was deleted."""
    changes: list[ChangeView] = Field(default_factory=no_items)
    """The strongest reason first."""


class RunExplanation(View):
    """Why the steps of a run were reused, or not."""

    run_id: str
    run: str
    pipeline: str
    artifact_store: str
    steps: list[StepExplanation] = Field(default_factory=no_items)
    """In the run's order."""


class StepForecast(View):
    """What a run would do with a step, and why."""

    step: str
    would: Literal["reuse", "run", "depends", "skip"]
    """``depends``: on whether the steps before it give what they gave before; ``skip``: it was asked for without it."""
    from_run: str = ""
    """``reuse``: name of the run that made what would be reused."""
    reason: MissReason | None = None
    detail: str = ""
    upstream: list[str] = Field(default_factory=no_items)
    changes: list[ChangeView] = Field(default_factory=no_items)


class RunForecast(View):
    """What a run would do."""

    pipeline: str
    stack: str
    stack_origin: str
    artifact_store: str
    steps: list[StepForecast] = Field(default_factory=no_items)
    """In the order in which they would run."""
    complete: bool = True
    """False: the pipeline looks at a value that is not there yet, and what comes after that is not known."""
    waits_for: str = ""
    """The step whose value it looks at."""
