"""pandas tables as Arrow IPC (see ADR 2 for the figures behind the choice)."""

from __future__ import annotations

import json
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

_SERIES = "__series__"
_SERIES_NAME = b"stackyard.series_name"
_OBJECT_COLUMNS = b"stackyard.object_columns"
_FREQUENCY = b"stackyard.index_frequency"
_PLAIN_DTYPES = frozenset(
    {"float64", "float32", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8"}
)


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
        if isinstance(frame.columns, pd.RangeIndex):  # of a table without columns
            return False
        if isinstance(value, pd.Series) and value.name is not None and type(value.name) is not str:
            return False
        levels = [frame.index.get_level_values(i) for i in range(frame.index.nlevels)]
        if not all(_labels_come_back(level) for level in levels):
            return False
        return all(_column_comes_back(frame[c]) for c in frame.columns)

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
            table = _to_arrow(pa, frame)
        except Exception as error:  # pyarrow raises its own, Python's and Unicode errors
            raise NotStorableError(str(error)) from error
        objects = {c: _missing_of(frame[c]) for c in frame.columns if frame[c].dtype == object}
        extra = {_OBJECT_COLUMNS: json.dumps(objects).encode()}
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
        for column, missing in json.loads(metadata.get(_OBJECT_COLUMNS, b"{}")).items():
            values = frame[column].astype(object)
            frame[column] = values.where(values.notna(), None) if missing == "none" else values
        if _FREQUENCY in metadata:
            frame.index.freq = metadata[_FREQUENCY].decode()
        if _SERIES_NAME not in metadata:
            return frame
        return frame[_SERIES].rename(json.loads(metadata[_SERIES_NAME]))


def _to_arrow(pa: Any, frame: Any) -> Any:
    """Return a table; plain numpy columns without a copy and without a scan for missing values (NaN stays NaN)."""
    import pandas as pd  # noqa: PLC0415

    if not isinstance(frame.index, pd.RangeIndex) or not len(frame.columns):
        return pa.Table.from_pandas(frame, preserve_index=None)
    plain = [str(dtype) in _PLAIN_DTYPES for dtype in frame.dtypes]
    others: Any = pa.Table.from_pandas(frame.loc[:, [not p for p in plain]]) if not all(plain) else None
    arrays = [
        pa.array(frame[column].to_numpy(copy=False)) if is_plain else others.column(column)
        for column, is_plain in zip(frame.columns, plain, strict=True)
    ]
    schema = pa.Schema.from_pandas(frame.iloc[:1])
    fields = [pa.field(column, array.type) for column, array in zip(frame.columns, arrays, strict=True)]
    metadata = dict(schema.metadata or {})
    facts = json.loads(metadata[b"pandas"])
    index = frame.index
    facts["index_columns"] = [
        {"kind": "range", "name": index.name, "start": index.start, "stop": index.stop, "step": index.step}
    ]
    metadata[b"pandas"] = json.dumps(facts).encode()
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=metadata))


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


def _column_comes_back(column: Any) -> bool:
    """Tell whether Arrow gives a column back with its dtype."""
    import pandas as pd  # noqa: PLC0415

    dtype = column.dtype
    if isinstance(dtype, pd.StringDtype):
        return bool(dtype.storage == pd.StringDtype().storage)
    if isinstance(dtype, pd.CategoricalDtype):
        return _labels_come_back(dtype.categories)
    return not pd.api.types.is_object_dtype(dtype) or _missing_of(column) is not None


def _labels_come_back(labels: Any) -> bool:
    """Tell whether an index is no object index, or one of texts where pandas makes such ones for all texts."""
    import pandas as pd  # noqa: PLC0415

    if labels.dtype != object:
        return True
    texts = pd.api.types.infer_dtype(labels, skipna=False) in ("string", "empty")
    return bool(texts and pd.Index(["a"]).dtype == object)


def _missing_of(column: Any) -> str | None:
    """Return what stands for missing in an object column of texts: "none", "nan" or ""; None when it holds others."""
    import pandas as pd  # noqa: PLC0415

    if pd.api.types.infer_dtype(column, skipna=True) not in ("string", "empty"):
        return None
    missing = column[column.isna()]
    if not len(missing):
        return ""
    if all(value is None for value in missing):
        return "none"
    return "nan" if all(isinstance(value, float) for value in missing) else None


def _pyarrow() -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.ipc  # noqa: PLC0415
    except ImportError as error:
        raise PackageMissingError(
            "Storing a pandas table needs the package pyarrow, which is not installed here.",
            hint="Install it with: pip install pyarrow",
        ) from error
    return pa


MATERIALIZERS: tuple[Materializer, ...] = (PandasMaterializer(),)
