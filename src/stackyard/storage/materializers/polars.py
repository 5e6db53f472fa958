"""polars tables as Arrow IPC, written and read by polars itself."""

from __future__ import annotations

from io import BytesIO
from typing import Any, ClassVar

from stackyard.model.artifact import Manifest, Preview, PreviewColumn
from stackyard.model.errors import MaterializationError, PackageMissingError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.arrow import DATA_FILE
from stackyard.storage.materializers.base import PREVIEW_COLUMNS, PREVIEW_ROWS, Materializer, Saved, safe_cell
from stackyard.storage.materializers.meanwhile import preview_meanwhile
from stackyard.storage.materializers.statistics import statistics_for_preview


class PolarsMaterializer(Materializer):
    """A DataFrame, Series or LazyFrame.

    A LazyFrame is collected: its plan may read what the next step can't reach. It comes back as one that scans the
    stored rows.
    """

    name = "polars"
    data_format = "arrow"
    types: ClassVar[tuple[str, ...]] = (
        "polars.dataframe.frame.DataFrame", "polars.series.series.Series", "polars.lazyframe.frame.LazyFrame",
    )  # fmt: skip

    def accepts(self, value: Any) -> bool:
        """Refuse subclasses, whose class would be lost, and columns of Python objects."""
        import polars as pl  # noqa: PLC0415

        if type(value) is pl.LazyFrame:
            return True
        if type(value) is pl.Series:
            return not _holds_objects(value.dtype)
        return type(value) is pl.DataFrame and not any(_holds_objects(dtype) for dtype in value.dtypes)

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``data.arrow``, in types that readers of any age know.

        Raises:
            MaterializationError: a LazyFrame can't be collected, or holds Python objects.
        """
        import polars as pl  # noqa: PLC0415

        frame = value
        if isinstance(value, pl.Series):
            frame = value.to_frame()
        elif isinstance(value, pl.LazyFrame):
            frame = _collected(value)
        frame = _as_read(frame)

        def write() -> None:
            with writer.open(DATA_FILE) as file:
                frame.write_ipc(file, compression="uncompressed", compat_level=pl.CompatLevel.oldest())

        shape = [value.len()] if isinstance(value, pl.Series) else [*frame.shape]
        return Saved(shape, preview_meanwhile(lambda: _preview(frame), frame.estimated_size(), write))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read ``data.arrow``.

        Raises:
            PackageMissingError: polars is not installed.
        """
        try:
            import polars as pl  # noqa: PLC0415
        except ImportError as error:
            raise PackageMissingError(
                "Loading a stored polars table needs the package polars, which is not installed here.",
                hint="Install it with: pip install polars",
            ) from error
        path = store.local_file(uri, manifest.files[0])
        if manifest.type.endswith("LazyFrame"):
            return pl.scan_ipc(path)
        frame = pl.read_ipc(path)
        return frame.to_series() if manifest.type.endswith("Series") else frame


def _collected(value: Any) -> Any:
    try:
        frame = value.collect()
    except Exception as error:  # the plan is the user's: it can raise anything
        raise MaterializationError(
            f"A LazyFrame can't be stored, since collecting it fails: {type(error).__name__}: {error}.",
            hint="Collect it in the step, or return a DataFrame.",
        ) from error
    objects = [name for name, dtype in frame.schema.items() if _holds_objects(dtype)]
    if objects:
        raise MaterializationError(
            f"A LazyFrame can't be stored: the columns {', '.join(objects)} hold Python objects.",
            hint="Return a DataFrame, which is pickled, or turn these columns into values of polars' own types.",
        )
    return frame


def _as_read(frame: Any) -> Any:
    """Return a frame in the form in which it is read again: polars leaves anything below a missing struct, and may note
    of decimals that none is missing, so that equal frames would be different bytes.
    """  # noqa: D205  # one sentence
    import polars as pl  # noqa: PLC0415

    loose = [series.name for series in frame.get_columns() if _is_loose(series)]
    if not loose:
        return frame
    buffer = BytesIO()
    frame.select(loose).write_ipc(buffer, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
    buffer.seek(0)
    return frame.with_columns(pl.read_ipc(buffer).get_columns())


def _is_loose(series: Any) -> bool:
    """Tell whether a column holds missing structs, or decimals; one of lists is looked at by its type alone."""
    import polars as pl  # noqa: PLC0415

    if isinstance(series.dtype, pl.Struct):
        return series.null_count() > 0 or any(_is_loose(series.struct.field(name)) for name in series.struct.fields)
    dtype = series.dtype
    while dtype is not None and not isinstance(dtype, (pl.Struct, pl.Decimal)):
        dtype = getattr(dtype, "inner", None)
    return dtype is not None


def _holds_objects(dtype: Any) -> bool:
    import polars as pl  # noqa: PLC0415

    if isinstance(dtype, pl.Struct):
        return any(_holds_objects(field.dtype) for field in dtype.fields)
    inner = getattr(dtype, "inner", None)
    return dtype == pl.Object or (inner is not None and _holds_objects(inner))


def _preview(frame: Any) -> Preview:
    shown = frame[:, :PREVIEW_COLUMNS]
    return Preview(
        kind="table",
        columns=[
            PreviewColumn(name=series.name, dtype=str(series.dtype), statistics=statistics_for_preview(series))
            for series in shown.get_columns()
        ],
        rows=[[safe_cell(cell) for cell in row] for row in shown.head(PREVIEW_ROWS).rows()],
        n_rows=frame.height,
        n_columns=frame.width,
        truncated=frame.height > PREVIEW_ROWS or frame.width > PREVIEW_COLUMNS,
    )


MATERIALIZERS: tuple[Materializer, ...] = (PolarsMaterializer(),)
