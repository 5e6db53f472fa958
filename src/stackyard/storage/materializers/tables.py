"""pandas tables as Arrow IPC (see ADR 2 for the figures behind the choice)."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from stackyard.model.artifact import Manifest, Preview, PreviewColumn
from stackyard.model.errors import PackageMissingError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.base import PREVIEW_COLUMNS, PREVIEW_ROWS, Materializer, NotStorableError, Saved, safe_cell

_SERIES = "__series__"
_SERIES_NAME = b"stackyard.series_name"
_OBJECT_COLUMNS = b"stackyard.object_columns"
_FREQUENCY = b"stackyard.index_frequency"


class PandasMaterializer(Materializer):
    """A DataFrame or Series. Index, dtypes and column names come back as they were."""

    name = "pandas"
    data_format = "arrow"
    types: ClassVar[tuple[str, ...]] = (
        "pandas.core.frame.DataFrame", "pandas.DataFrame", "pandas.core.series.Series", "pandas.Series",
    )  # fmt: skip

    def accepts(self, value: Any) -> bool:
        """Take tables that Arrow holds without loss: unique text column names, no mixed columns, no ``attrs``."""
        import pandas as pd  # noqa: PLC0415

        if type(value) not in (pd.DataFrame, pd.Series):
            return False
        frame = value.to_frame(_SERIES) if isinstance(value, pd.Series) else value
        if not frame.columns.is_unique or not all(type(c) is str for c in frame.columns) or frame.attrs:
            return False
        return all(_holds(frame[column]) for column in frame.columns if frame[column].dtype == object)

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``data.arrow``: Arrow IPC, uncompressed, one record batch.

        Raises:
            PackageMissingError: pyarrow is not installed.
            NotStorableError: Arrow refuses the values.
        """
        pa = _pyarrow()
        import pandas as pd  # noqa: PLC0415

        is_series = isinstance(value, pd.Series)
        frame = value.to_frame(_SERIES) if is_series else value
        try:
            table = pa.Table.from_pandas(frame, preserve_index=None)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise NotStorableError(str(error)) from error
        extra = {_OBJECT_COLUMNS: json.dumps([c for c in frame.columns if frame[c].dtype == object]).encode()}
        if getattr(frame.index, "freq", None) is not None:
            extra[_FREQUENCY] = frame.index.freqstr.encode()
        if is_series:
            extra[_SERIES_NAME] = json.dumps(value.name if isinstance(value.name, str) else None).encode()
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), **extra})
        with (
            writer.open("data.arrow") as file,
            pa.PythonFile(file, mode="w") as sink,
            pa.ipc.new_file(sink, table.schema) as out,
        ):
            out.write_table(table)
        return Saved([int(n) for n in value.shape], table_preview(frame))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read ``data.arrow`` through a memory map."""
        pa = _pyarrow()
        path = store.local_file(uri, manifest.files[0])
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
        frame = table.to_pandas()
        metadata = table.schema.metadata or {}
        for column in json.loads(metadata.get(_OBJECT_COLUMNS, b"[]")):
            frame[column] = frame[column].astype(object)
        if _FREQUENCY in metadata:
            frame.index.freq = metadata[_FREQUENCY].decode()
        if _SERIES_NAME not in metadata:
            return frame
        return frame[_SERIES].rename(json.loads(metadata[_SERIES_NAME]))


def table_preview(frame: Any) -> Preview:
    """Return the head of a pandas table with its dtypes; a meaningful index comes first."""
    import pandas as pd  # noqa: PLC0415

    head = frame.iloc[:PREVIEW_ROWS, :PREVIEW_COLUMNS]
    columns = [PreviewColumn(name=str(c), dtype=str(frame.dtypes.iloc[i])) for i, c in enumerate(head.columns)]
    rows = [[safe_cell(_plain(cell)) for cell in row] for row in head.itertuples(index=False, name=None)]
    if not isinstance(frame.index, pd.RangeIndex):
        columns.insert(0, PreviewColumn(name=str(frame.index.name or "index"), dtype=str(frame.index.dtype)))
        rows = [[safe_cell(_plain(label)), *row] for label, row in zip(head.index, rows, strict=True)]
    return Preview(
        kind="table",
        columns=columns,
        rows=rows,
        n_rows=int(frame.shape[0]),
        n_columns=int(frame.shape[1]),
        truncated=frame.shape[0] > PREVIEW_ROWS or frame.shape[1] > PREVIEW_COLUMNS,
    )


def _plain(cell: Any) -> Any:
    """Return a numpy scalar as Python's own."""
    item = getattr(cell, "item", None)
    return item() if callable(item) and type(cell).__module__ == "numpy" else cell


def _holds(column: Any) -> bool:
    """Tell whether an object column is all text or missing values."""
    import pandas as pd  # noqa: PLC0415

    return pd.api.types.infer_dtype(column, skipna=True) in ("string", "empty")


def _pyarrow() -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.ipc  # noqa: F401, PLC0415
    except ImportError as error:
        raise PackageMissingError(
            "Storing a pandas table needs the package pyarrow, which is not installed here.",
            hint="Install it with: pip install pyarrow",
        ) from error
    return pa
