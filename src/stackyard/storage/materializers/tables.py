"""pandas tables as Arrow IPC (see ADR 2 for the figures behind the choice)."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from stackyard.model.artifact import Manifest, Preview, PreviewColumn
from stackyard.model.errors import PackageMissingError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.arrow import pyarrow_for, read_table, with_statistics, write_table
from stackyard.storage.materializers.base import (
    PREVIEW_COLUMNS,
    PREVIEW_ROWS,
    Materializer,
    NotStorableError,
    Saved,
    safe_cell,
)
from stackyard.storage.materializers.meanwhile import preview_meanwhile
from stackyard.storage.materializers.pandas_labels import (
    index_comes_back,
    is_plain,
    labels_come_back,
    pack_index,
    pack_label,
    stored_names,
    unpack_index,
    unpack_label,
)

_SERIES = "__series__"
_SCALAR = "value"
_SERIES_NAME = b"stackyard.series_name"
_OBJECT_COLUMNS = b"stackyard.object_columns"
_FREQUENCY = b"stackyard.index_frequency"
_LABELS = b"stackyard.column_labels"
_ATTRIBUTES = b"stackyard.attributes"
_PLAIN_DTYPES = frozenset(
    {"float64", "float32", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8"}
)


class PandasMaterializer(Materializer):
    """A DataFrame or Series. Index, dtypes, labels of columns and ``attrs`` come back as they were."""

    name = "pandas"
    data_format = "arrow"
    types: ClassVar[tuple[str, ...]] = (
        "pandas.core.frame.DataFrame", "pandas.DataFrame", "pandas.core.series.Series", "pandas.Series",
    )  # fmt: skip

    def accepts(self, value: Any) -> bool:
        """Refuse subclasses, columns of mixed objects and what else Arrow would change."""
        import pandas as pd  # noqa: PLC0415

        if type(value) not in (pd.DataFrame, pd.Series):
            return False
        frame = value.to_frame(_SERIES) if isinstance(value, pd.Series) else value
        if not index_comes_back(frame.index) or not _is_json(frame.attrs):
            return False
        if not frame.shape[1] and isinstance(frame.index, pd.RangeIndex) and len(frame):
            return False  # Arrow has no rows without a column
        return all(_column_comes_back(frame.iloc[:, i]) for i in range(frame.shape[1]))

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``data.arrow``: Arrow IPC, uncompressed, one record batch.

        Raises:
            PackageMissingError: pyarrow is not installed.
            NotStorableError: Arrow refuses the values.
        """
        pa = pyarrow_for("Storing a pandas table")
        import pandas as pd  # noqa: PLC0415

        is_series = isinstance(value, pd.Series)
        frame = value.to_frame(_SERIES) if is_series else value
        try:
            table = _with_facts(pa, value, frame)
        except Exception as error:  # pyarrow raises its own, Python's and Unicode errors
            raise NotStorableError(str(error)) from error
        preview = preview_meanwhile(
            lambda: _preview(frame, table), table.nbytes, lambda: write_table(pa, writer, table)
        )
        if is_series:
            preview.columns[-1].name = _SCALAR if value.name is None else _label_text(value.name)
        return Saved([int(n) for n in value.shape], preview)

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read ``data.arrow`` through a memory map."""
        _needs_pandas()
        pa = pyarrow_for("Loading a stored pandas table")
        table = read_table(pa, store.local_file(uri, manifest.files[0]))
        return _from_arrow(pa, table)


class IndexMaterializer(Materializer):
    """An index of pandas, as a table that has nothing else."""

    name = "pandas-index"
    data_format = "arrow"
    types: ClassVar[tuple[str, ...]] = ("pandas.core.indexes.base.Index", "pandas.Index")

    def accepts(self, value: Any) -> bool:
        """Refuse subclasses of others and labels of mixed objects."""
        return type(value).__module__.partition(".")[0] == "pandas" and index_comes_back(value)

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``data.arrow``.

        Raises:
            PackageMissingError: pyarrow is not installed.
            NotStorableError: Arrow changes the labels.
        """
        pa = pyarrow_for("Storing an index of pandas")
        import pandas as pd  # noqa: PLC0415

        try:
            packed = pack_index(pa, value)
            frame = pd.DataFrame({_SCALAR: value.to_flat_index().astype(str)})
            table = pa.Table.from_pandas(pd.DataFrame(index=value), preserve_index=True)
            table = table.replace_schema_metadata({**(table.schema.metadata or {}), _LABELS: packed})
        except Exception as error:  # as for tables
            raise NotStorableError(str(error)) from error
        write_table(pa, writer, table)
        preview = _preview(frame, None)
        if value.nlevels == 1:
            preview.columns[0].dtype = str(value.dtype)
            with_statistics(preview, [table.column(0)])
        return Saved([len(value)], preview)

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read ``data.arrow``."""
        _needs_pandas()
        pa = pyarrow_for("Loading a stored index of pandas")
        table = read_table(pa, store.local_file(uri, manifest.files[0]))
        return unpack_index(pa, table.schema.metadata[_LABELS])


class ScalarMaterializer(Materializer):
    """A Timestamp, Timedelta, Period, Interval, NaT or NA, as a table of one cell."""

    name = "pandas-scalar"
    data_format = "arrow"
    types: ClassVar[tuple[str, ...]] = (
        *(f"pandas.{name}" for name in ("Timestamp", "Timedelta", "Period", "Interval")),
        *(f"pandas.api.typing.{name}" for name in ("NaTType", "NAType")),
        "pandas._libs.tslibs.timestamps.Timestamp", "pandas._libs.tslibs.timedeltas.Timedelta",
        "pandas._libs.tslibs.period.Period", "pandas._libs.interval.Interval",
        "pandas._libs.tslibs.nattype.NaTType", "pandas._libs.missing.NAType",
    )  # fmt: skip

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``data.arrow``.

        Raises:
            PackageMissingError: pyarrow is not installed.
            NotStorableError: Arrow changes the value.
        """
        pa = pyarrow_for("Storing a value of pandas")
        import pandas as pd  # noqa: PLC0415

        try:
            dtype = "Int64" if value is pd.NA else None
            frame = pd.DataFrame({_SCALAR: pd.Series([value], dtype=dtype)})
            table = pa.Table.from_pandas(frame)
            found = table.to_pandas()[_SCALAR].iloc[0]
        except Exception as error:  # as for tables
            raise NotStorableError(str(error)) from error
        same = found is value or (type(found) is type(value) and found == value and _facts(found) == _facts(value))
        if not same:
            raise NotStorableError("Arrow changes it")
        write_table(pa, writer, table)
        return Saved(preview=Preview(kind="json", data=safe_cell(str(value))))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read ``data.arrow``."""
        _needs_pandas()
        pa = pyarrow_for("Loading a stored value of pandas")
        return read_table(pa, store.local_file(uri, manifest.files[0])).to_pandas()[_SCALAR].iloc[0]


def _facts(scalar: Any) -> tuple[Any, ...]:
    """Return what equality of scalars leaves out: zone, unit, and which of two equal hours it is."""
    return tuple(repr(getattr(scalar, name, None)) for name in ("tz", "unit", "fold", "freq", "closed"))


def _is_json(attributes: Any) -> bool:
    """Tell whether JSON gives attributes back as they are."""
    try:
        return not attributes or repr(json.loads(json.dumps(attributes))) == repr(attributes)
    except (TypeError, ValueError, RecursionError):
        return False


def _with_facts(pa: Any, value: Any, frame: Any) -> Any:
    """Return the Arrow table of a frame, with notes of what Arrow forgets."""
    plain = frame.copy(deep=False)
    plain.attrs = {}
    extra: dict[bytes, bytes] = {}
    if not is_plain(frame.columns):
        extra[_LABELS] = pack_index(pa, frame.columns)
        plain.columns = stored_names(frame.columns)
    objects = {c: _missing_of(plain[c]) for c in plain.columns if plain[c].dtype == object}
    extra[_OBJECT_COLUMNS] = json.dumps(objects).encode()
    if frame.attrs:
        extra[_ATTRIBUTES] = json.dumps(frame.attrs).encode()
    if getattr(frame.index, "freq", None) is not None:
        extra[_FREQUENCY] = frame.index.freqstr.encode()
    if value is not frame:
        extra[_SERIES_NAME] = json.dumps(pack_label(value.name)).encode()
    table = _to_arrow(pa, plain)
    return table.replace_schema_metadata({**(table.schema.metadata or {}), **extra})


def _from_arrow(pa: Any, table: Any) -> Any:
    frame = table.to_pandas()
    metadata = table.schema.metadata or {}
    for column, missing in json.loads(metadata.get(_OBJECT_COLUMNS, b"{}")).items():
        values = frame[column].astype(object)
        frame[column] = values.where(values.notna(), None) if missing == "none" else values
    if _LABELS in metadata:
        frame.columns = unpack_index(pa, metadata[_LABELS])
    if _FREQUENCY in metadata:
        frame.index.freq = metadata[_FREQUENCY].decode()
    found = frame
    if _SERIES_NAME in metadata:
        found = frame[_SERIES].rename(None)
        found.name = unpack_label(json.loads(metadata[_SERIES_NAME]))
    if _ATTRIBUTES in metadata:
        found.attrs = json.loads(metadata[_ATTRIBUTES])
    return found


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


def _preview(frame: Any, table: Any) -> Preview:
    """Return the head of a pandas table with its dtypes; a meaningful index comes first.

    Args:
        frame: the table.
        table: its columns, then its index, in Arrow, for the statistics; None: there are none.
    """
    import pandas as pd  # noqa: PLC0415

    head = frame.iloc[:PREVIEW_ROWS, :PREVIEW_COLUMNS]
    columns = [PreviewColumn(name=_label_text(c), dtype=str(frame.dtypes.iloc[i])) for i, c in enumerate(head.columns)]
    floats = [dtype.kind == "f" for dtype in head.dtypes]
    rows = [
        [_cell(cell, keep_nan=is_float) for cell, is_float in zip(row, floats, strict=True)]
        for row in head.itertuples(index=False, name=None)
    ]
    values = table.columns[: len(columns)] if table is not None else []
    if not isinstance(frame.index, pd.RangeIndex):
        columns.insert(0, PreviewColumn(name=_label_text(frame.index.name or "index"), dtype=str(frame.index.dtype)))
        rows = [[_cell(label), *row] for label, row in zip(head.index, rows, strict=True)]
        if table is not None:
            values = [table.columns[frame.shape[1]], *values]
    preview = Preview(
        kind="table",
        columns=columns,
        rows=rows,
        n_rows=int(frame.shape[0]),
        n_columns=int(frame.shape[1]),
        truncated=frame.shape[0] > PREVIEW_ROWS or frame.shape[1] > PREVIEW_COLUMNS,
    )
    if table is not None:
        with_statistics(preview, values)
    if frame.index.nlevels > 1:
        preview.columns[0].statistics = None  # of the first level alone
    return preview


def _label_text(label: Any) -> str:
    return ".".join(map(str, label)) if isinstance(label, tuple) else str(label)


def _cell(cell: Any, *, keep_nan: bool = False) -> Any:
    """Return a cell as a JSON value; what is missing is None, but for NaN in a column of floats."""
    import pandas as pd  # noqa: PLC0415

    if cell is pd.NaT or cell is pd.NA or (isinstance(cell, float) and cell != cell and not keep_nan):  # noqa: PLR0124
        return None
    item = getattr(cell, "item", None)
    return safe_cell(item() if callable(item) and type(cell).__module__ == "numpy" else cell)


def _column_comes_back(column: Any) -> bool:
    """Tell whether Arrow gives a column back with its dtype."""
    import pandas as pd  # noqa: PLC0415

    dtype = column.dtype
    if isinstance(dtype, pd.StringDtype):
        return bool(dtype.storage == pd.StringDtype().storage)
    if isinstance(dtype, pd.CategoricalDtype):
        return labels_come_back(dtype.categories)
    return not pd.api.types.is_object_dtype(dtype) or _missing_of(column) is not None


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


def _needs_pandas() -> None:
    try:
        import pandas as pd  # noqa: F401, PLC0415
    except ImportError as error:
        raise PackageMissingError(
            "Loading what a step stored as a value of pandas needs the package pandas, which is not installed here.",
            hint="Install it with: pip install pandas",
        ) from error


MATERIALIZERS: tuple[Materializer, ...] = (PandasMaterializer(), IndexMaterializer(), ScalarMaterializer())
