"""pyarrow's values as Arrow IPC, and the writing, reading and preview of such files for other tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from stackyard.model.artifact import Manifest, Preview, PreviewColumn
from stackyard.model.errors import PackageMissingError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.base import (
    PREVIEW_COLUMNS,
    PREVIEW_ROWS,
    Materializer,
    NotStorableError,
    Saved,
    safe_cell,
)
from stackyard.storage.materializers.meanwhile import preview_meanwhile
from stackyard.storage.materializers.statistics import statistics_for_preview

DATA_FILE = "data.arrow"
_COLUMN = "value"
"""Name of the only column of a stored Array."""


def pyarrow_for(what: str) -> Any:
    """Return pyarrow with its IPC part.

    Raises:
        PackageMissingError: it is not installed, which `what`, as the beginning of a sentence, needs.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.ipc  # noqa: PLC0415
    except ImportError as error:
        raise PackageMissingError(
            f"{what} needs the package pyarrow, which is not installed here.",
            hint="Install it with: pip install pyarrow",
        ) from error
    return pa


def write_table(pa: Any, writer: VersionWriter, table: Any) -> None:
    """Write a table as Arrow IPC, uncompressed, its chunks as record batches."""
    with (
        writer.open(DATA_FILE) as file,
        pa.PythonFile(file, mode="w") as sink,
        pa.ipc.new_file(sink, table.schema) as out,
    ):
        out.write_table(table)


def read_table(pa: Any, path: Path) -> Any:
    """Return the table of a file, as a memory map."""
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()


def with_statistics(preview: Preview, columns: list[Any]) -> Preview:
    """Give the columns of a preview the statistics of pyarrow's arrays, in the same order."""
    for shown, column in zip(preview.columns, columns, strict=True):
        shown.statistics = statistics_for_preview(column)
    return preview


class ArrowMaterializer(Materializer):
    """A pyarrow Table, RecordBatch, Array, ChunkedArray or Schema."""

    name = "pyarrow"
    data_format = "arrow"
    types: ClassVar[tuple[str, ...]] = tuple(
        f"pyarrow.lib.{name}" for name in ("Table", "RecordBatch", "Array", "ChunkedArray", "Schema")
    )

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``data.arrow``.

        Raises:
            NotStorableError: the IPC format has no place for these values.
        """
        pa = pyarrow_for("Storing an Arrow value")
        try:
            table = _as_table(pa, value)
            if table.num_columns and any(pa.types.is_dictionary(each.type) for each in table.schema):
                table = table.unify_dictionaries()  # a file has one dictionary a column
            pa.ipc.new_file(pa.BufferOutputStream(), table.schema).close()
        except pa.ArrowException as error:
            raise NotStorableError(str(error)) from error
        if isinstance(value, pa.Schema):
            write_table(pa, writer, table)
            text = "\n".join(f"{field.name}: {field.type}" for field in value)
            return Saved([len(value)], Preview(kind="text", text=text))
        shape = [len(value)] if isinstance(value, (pa.Array, pa.ChunkedArray)) else [*table.shape]
        preview = preview_meanwhile(lambda: arrow_preview(table), table.nbytes, lambda: write_table(pa, writer, table))
        return Saved(shape, preview)

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Map ``data.arrow``."""
        pa = pyarrow_for("Loading a stored Arrow value")
        table = read_table(pa, store.local_file(uri, manifest.files[0]))
        kind = manifest.type.rpartition(".")[2]
        if kind == "Table":
            return table
        if kind == "Schema":
            return table.schema
        if kind == "RecordBatch":
            batches = table.combine_chunks().to_batches()
            return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
        column = table.column(_COLUMN)
        if kind == "ChunkedArray":
            return column
        return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _as_table(pa: Any, value: Any) -> Any:
    if isinstance(value, pa.Table):
        return value
    if isinstance(value, pa.RecordBatch):
        return pa.Table.from_batches([value])
    if isinstance(value, pa.Schema):
        return value.empty_table()
    return pa.table({_COLUMN: value})


def arrow_preview(table: Any) -> Preview:
    """Return the head of an Arrow table, with the statistics of its columns."""
    shown = table.select(range(min(table.num_columns, PREVIEW_COLUMNS)))
    head = [[_cell(value) for value in column.slice(0, PREVIEW_ROWS)] for column in shown.columns]
    preview = Preview(
        kind="table",
        columns=[PreviewColumn(name=field.name, dtype=str(field.type)) for field in shown.schema],
        rows=[list(row) for row in zip(*head, strict=True)],
        n_rows=table.num_rows,
        n_columns=table.num_columns,
        truncated=table.num_rows > PREVIEW_ROWS or table.num_columns > PREVIEW_COLUMNS,
    )
    return with_statistics(preview, shown.columns)


def _cell(scalar: Any) -> Any:
    try:
        return safe_cell(scalar.as_py())
    except (ValueError, OverflowError, ArithmeticError):  # times that Python's own classes can't hold
        return safe_cell(str(scalar))


MATERIALIZERS: tuple[Materializer, ...] = (ArrowMaterializer(),)
