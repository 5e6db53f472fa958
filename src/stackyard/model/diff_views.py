"""How two artifact versions differ."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from stackyard.model.artifact import ColumnStatistics, Histogram
from stackyard.model.base import no_entries, no_items
from stackyard.model.basic_views import View


class DiffSide(View):
    """One of the two versions."""

    id: str
    name: str
    version: int
    run: str = ""
    """Name of the run that made it."""
    created_at: str = ""


class ValueChange(View):
    """A value that is another one, or that only one version has."""

    name: str
    """What it is called; within JSON the path: ``scores.test[0]``, empty for the whole."""
    change: Literal["changed", "added", "removed"] = "changed"
    before: Any = None
    after: Any = None
    delta: float | None = None
    """Of numbers: after minus before."""


class ColumnDiff(View):
    """A column that differs; of an array the whole, called ``value``."""

    name: str
    change: Literal["changed", "added", "removed"] = "changed"
    dtype_before: str = ""
    dtype_after: str = ""
    n_changed: int | None = None
    """Values that differ in rows that both versions have; None: not known which rows these are."""
    before: ColumnStatistics | None = None
    after: ColumnStatistics | None = None
    histogram_before: Histogram | None = None
    """With the same edges as that of after."""
    histogram_after: Histogram | None = None
    drift: float | None = None
    """How far the distributions lie apart: 0 for the same ones, 1 for those that have nothing in common."""
    measure: Literal["", "ks", "tv"] = ""
    """Of drift. ``ks``: of Kolmogorov and Smirnov, the largest difference between the shares of values below a border;
    ``tv``: total variation, the share of values that would have to become others."""


class ChangedRow(View):
    """A row that both versions have, with other values."""

    key: list[Any]
    """What both know it by: values of the key, or its number counted from 0."""
    cells: dict[str, list[Any]] = Field(default_factory=no_entries)
    """Column to value before and after."""


class RowsDiff(View):
    """Which rows of a table differ."""

    by: Literal["key", "index", "position", "nothing"]
    """What tells which rows belong together; ``nothing``: that is not known, and only their numbers are compared."""
    key: list[str] = Field(default_factory=no_items)
    """Columns of the key or index."""
    n_before: int
    n_after: int
    n_added: int = 0
    n_removed: int = 0
    n_changed: int = 0
    columns: list[str] = Field(default_factory=no_items)
    """Of the rows below."""
    added: list[list[Any]] = Field(default_factory=no_items)
    """The first ones."""
    removed: list[list[Any]] = Field(default_factory=no_items)
    changed: list[ChangedRow] = Field(default_factory=no_items)


class PartDiff(View):
    """How a file of the versions differs."""

    file: str
    """Relative; of the version that has it."""
    change: Literal["changed", "added", "removed"] = "changed"
    kind: Literal["table", "array", "json", "text", "image", "bytes"] = "bytes"
    note: str = ""
    """Why there is no more to say."""
    facts: list[ValueChange] = Field(default_factory=no_items)
    """Shape, type of values, mode of an image ... as far as they differ; shares and differences of values."""
    columns: list[ColumnDiff] = Field(default_factory=no_items)
    rows: RowsDiff | None = None
    values: list[ValueChange] = Field(default_factory=no_items)
    """The first ones."""
    n_values: int = 0
    text: list[str] = Field(default_factory=no_items)
    """Lines of a unified diff, without its head."""
    n_lines: int = 0
    """Of the whole diff."""


class ArtifactDiff(View):
    """How two artifact versions differ."""

    before: DiffSide
    after: DiffSide
    same: bool
    """The very same bytes, and type."""
    facts: list[ValueChange] = Field(default_factory=no_items)
    """What manifests say: type, format, shape, size, and metadata as ``metadata.<name>``."""
    parts: list[PartDiff] = Field(default_factory=no_items)
    """Files that differ."""
    n_parts: int = 0
    """All of them; more than there are in ``parts`` when they are very many."""
