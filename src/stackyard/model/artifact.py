"""Artifact versions: the manifest on disk and the safe preview inside it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from stackyard.model.base import Persisted, no_entries, no_items

MANIFEST_FORMAT = "1.0"
MANIFEST_FILE = "manifest.json"


class Histogram(Persisted):
    """How often numbers lie in ranges of equal width."""

    edges: list[float]
    """Borders of the ranges, ascending: one more than there are counts."""
    counts: list[int]
    """Values in each range; the last one includes its upper border."""


class ValueCount(Persisted):
    """How often a value is there."""

    value: Any
    """JSON value."""
    count: int


class ColumnStatistics(Persisted):
    """What a column of a table, or an array, holds."""

    count: int
    """Values that are there."""
    missing: int = 0
    """Values that are not: null and NaN."""
    distinct: int | None = None
    """Different values; None: not counted."""
    minimum: Any = None
    """JSON value, times as ISO 8601; None where there is no order, or no value."""
    maximum: Any = None
    mean: float | None = None
    """Of numbers and booleans."""
    std: float | None = None
    """Standard deviation of the sample (n - 1)."""
    histogram: Histogram | None = None
    """Of finite numbers."""
    top: list[ValueCount] = Field(default_factory=no_items)
    """The most frequent values of texts, categories and booleans, most frequent first."""
    sampled: int | None = None
    """Rows that distinct, histogram and top are from, evenly spread; None: all."""


class PreviewColumn(Persisted):
    """A column of a previewed table."""

    name: str
    dtype: str
    statistics: ColumnStatistics | None = None


class Preview(Persisted):
    """What can be shown of a value without loading, let alone unpickling, it."""

    kind: Literal["table", "json", "text", "markdown", "html", "image", "metrics", "none"] = "none"
    text: str = ""
    """``text``, ``markdown``, ``html`` (its source): the beginning.

    ``none``: why there is nothing to see, or a one-line description.
    """
    data: Any = None
    """``json``: the value, cut to a safe size; ``metrics``: name to number."""
    columns: list[PreviewColumn] = Field(default_factory=no_items)
    """``table``: the columns in order."""
    rows: list[list[Any]] = Field(default_factory=no_items)
    """``table``: the first rows; JSON values."""
    n_rows: int | None = None
    """``table``: rows of the whole value."""
    n_columns: int | None = None
    image_file: str = ""
    """``image``: name of the PNG among the version's files."""
    statistics: ColumnStatistics | None = None
    """Of an array or a sequence of numbers as a whole."""
    truncated: bool = False
    """More exists than the preview holds."""


class ArtifactFile(Persisted):
    """One data file of an artifact version."""

    path: str
    """Relative to the version's folder, with forward slashes."""
    size_bytes: int
    digest: str
    """``sha256:<hex>`` of the bytes, computed while writing."""
    written: tuple[str, int, int] | None = None
    """Host, inode and mtime_ns of the file as its writer left it: while they hold, the bytes need not be read again."""


class Manifest(Persisted):
    """``manifest.json``, written last: the version exists once it is in place."""

    format: str = MANIFEST_FORMAT
    id: str
    """UUIDv7 of the artifact version."""
    artifact_name: str
    type: str
    """Import path of the Python type that was stored: ``pandas.core.frame.DataFrame``."""
    materializer: str
    """Name of the materializer that wrote it and can load it."""
    data_format: str
    """``json``, ``arrow``, ``npy``, ``text``, ``skops``, ``pickle`` ..."""
    unsafe: bool = False
    """Loading runs code that the data names (pickle)."""
    deterministic: bool = True
    """Equal values give equal bytes, so the digest can stand for the value in a cache key."""
    digest: str
    """``sha256:<hex>`` over the files' digests and paths."""
    size_bytes: int
    files: list[ArtifactFile]
    shape: list[int] | None = None
    """Rows and columns, or the dimensions of an array."""
    run_id: str = ""
    step_run_id: str = ""
    step_name: str = ""
    pipeline_name: str = ""
    output_name: str = ""
    project_id: str = ""
    run_name: str = ""
    inputs: dict[str, str] = Field(default_factory=no_entries)
    """Input of the step to the id of the artifact version that it took."""
    save_type: str = "step_output"
    """How the version came to be: ``step_output``, ``manual``, ``preexisting``, ``external``."""
    version: int | None = None
    """The number that the catalog gave, for information; nothing reads it back from here."""
    metadata: dict[str, Any] = Field(default_factory=no_entries)
    preview: Preview = Field(default_factory=Preview)
    created_at: str = ""
    uri: str = ""
    """Where the version lies; for information, since a store can be moved."""
