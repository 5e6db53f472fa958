"""What lists and checks of pipelines show."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from stackyard.model.base import no_entries, no_items
from stackyard.model.basic_views import View
from stackyard.model.enums import Status


class PipelineSummaryView(View):
    """A pipeline of the project: one that its code defines, one that ran, or both."""

    name: str
    file: str = ""
    """Absolute; empty when only its runs are known."""
    function: str = ""
    line: int = 0
    """Of the ``def``, counted from 1."""
    doc: str = ""
    """First line of the docstring."""
    parameters: list[str] = Field(default_factory=no_items)
    """Their names."""
    steps: list[str] = Field(default_factory=no_items)
    """Functions of the steps that it calls, as far as reading its text tells."""
    runs: int = 0
    last_run: str = ""
    """Name of the newest run."""
    last_status: Status | None = None
    last_started_at: str = ""
    """UTC ISO 8601."""


class RecordedStepView(View):
    """A step as a pipeline recorded it."""

    name: str
    file: str
    line: int
    """Of the call in the pipeline."""
    upstream: list[str]
    inputs: dict[str, str] = Field(default_factory=no_entries)
    """Input to ``step.output``, or to the id of an artifact version."""
    parameters: dict[str, Any] = Field(default_factory=no_entries)
    outputs: list[str] = Field(default_factory=no_items)
    enable_cache: bool = True


class PipelineCheckView(View):
    """A pipeline that was recorded and can run."""

    pipeline: str
    file: str
    line: int
    stack: str
    stack_origin: str
    """In words."""
    parameters: dict[str, Any]
    steps: list[RecordedStepView]
    """In topological order."""
    complete: bool = True
    """False: the pipeline looks at a value, and what it does with it is known only when it runs."""
    notes: list[str] = Field(default_factory=no_items)
    """What the run configuration says without effect."""
