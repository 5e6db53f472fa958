"""Where an artifact version comes from and what came of it; the protocol's models are the same."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stackyard.model.base import no_items
from stackyard.model.basic_views import View
from stackyard.model.enums import Status


class LineageNode(View):
    """An artifact version, a step run or a model version."""

    id: str
    kind: Literal["artifact_version", "step_run", "model_version"]
    name: str
    """Of the artifact, step or model."""
    level: int
    """Steps from the version that was asked for: negative where it comes from, positive where it goes."""
    version: int | None = None
    """Number of an artifact's or model's version."""
    type: str = ""
    """Of an artifact version."""
    status: Status | None = None
    """Of a step run."""
    run_id: str = ""
    run: str = ""
    """Name of a step run's run."""
    pipeline: str = ""
    stage: str = ""
    """Of a model version."""
    n_reused: int = 0
    """Step runs that were not done since this artifact version was there already."""
    pruned: bool = False
    """The artifact version's files were removed."""


class LineageEdge(View):
    """What goes from a node to another."""

    source: str
    """Id of the node that it comes from."""
    target: str
    kind: Literal["input", "output", "saved", "reused", "model"]
    """A step run takes a version, returns one, saves one beside its outputs, or did not run since this one was there; a
    model version has it. Only ``reused`` can lead to something older; without it there is no cycle."""
    name: str = ""
    """Of the input or output."""


class LineageView(View):
    """Part of the graph around an artifact version."""

    id: str
    """Of the version that was asked for."""
    nodes: list[LineageNode] = Field(default_factory=no_items)
    """That version first; then what it comes from, and what came of it, nearest first."""
    edges: list[LineageEdge] = Field(default_factory=no_items)
    n_more_up: int = 0
    """Nodes next to these that it also comes from, and that are left out."""
    n_more_down: int = 0
    """The same for what came of it."""
