"""numpy arrays and scalars as ``.npy``."""

from __future__ import annotations

import struct
from typing import Any, ClassVar

from stackyard.model.artifact import ColumnStatistics, Manifest, Preview, PreviewColumn
from stackyard.storage.artifact_store import ArtifactStore, HashingFile, VersionWriter
from stackyard.storage.materializers.base import PREVIEW_COLUMNS, PREVIEW_ROWS, Materializer, Saved, safe_cell
from stackyard.storage.materializers.meanwhile import preview_meanwhile
from stackyard.storage.materializers.statistics import statistics_for_preview

_DATA, _MASK, _FILL = "data.npy", "mask.npy", "fill_value.npy"


class NumpyMaterializer(Materializer):
    """An array or a numpy scalar, in numpy's own open format. Arrays load memory-mapped, copy on write.

    A ``numpy.memmap`` comes back as such an array: of the stored bytes, not of the user's file.
    """

    name = "numpy"
    data_format = "npy"
    types: ClassVar[tuple[str, ...]] = ("numpy.ndarray", "numpy.generic")

    def accepts(self, value: Any) -> bool:
        """Refuse arrays of Python objects, which only pickle can hold, and subclasses, whose class would be lost."""
        import numpy as np  # noqa: PLC0415

        plain = type(value) in (np.ndarray, np.memmap) or isinstance(value, np.generic)
        return plain and _dtype_comes_back(value.dtype)

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``data.npy``."""
        import numpy as np  # noqa: PLC0415

        array = np.asarray(value)
        is_scalar = isinstance(value, np.generic)
        preview = preview_meanwhile(
            lambda: _preview(array, is_scalar=is_scalar), array.nbytes, lambda: _write(writer, _DATA, array)
        )
        return Saved([int(n) for n in array.shape], preview)

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Map ``data.npy``; writing to the array never reaches the file."""
        array = _read(store, uri, manifest, _DATA)
        is_array = manifest.type in ("numpy.ndarray", "numpy.memmap")
        return array if is_array else array[()]


class MaskedArrayMaterializer(Materializer):
    """A masked array: its data, its mask if it has one, and its fill value."""

    name = "numpy-masked"
    data_format = "npy"
    types: ClassVar[tuple[str, ...]] = ("numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray")

    def accepts(self, value: Any) -> bool:
        """Refuse what the arrays of numpy refuse too, and hard masks."""
        import numpy as np  # noqa: PLC0415

        plain = type(value) is np.ma.MaskedArray and type(value.data) in (np.ndarray, np.memmap)
        return plain and not value.hardmask and _dtype_comes_back(value.dtype)

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``data.npy``, ``fill_value.npy`` and ``mask.npy``."""
        import numpy as np  # noqa: PLC0415

        _write(writer, _DATA, np.asarray(value.data))
        with np.errstate(over="ignore"):  # numpy's own fill value is too large for half floats
            _write(writer, _FILL, np.asarray(value.fill_value, dtype=value.dtype))
        if value.mask is not np.ma.nomask:
            _write(writer, _MASK, value.mask)
        return Saved([int(n) for n in value.shape], _preview(value))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Map the files."""
        import numpy as np  # noqa: PLC0415

        has_mask = any(file.path == _MASK for file in manifest.files)
        mask = _read(store, uri, manifest, _MASK) if has_mask else np.ma.nomask
        found: Any = np.ma.MaskedArray(_read(store, uri, manifest, _DATA), mask=mask)
        found.fill_value = _read(store, uri, manifest, _FILL)[()]
        return found


def _dtype_comes_back(dtype: Any) -> bool:
    """Tell whether the format describes a dtype fully: not of objects, of other packages, or with notes of a user."""
    import numpy as np  # noqa: PLC0415

    if dtype.hasobject or dtype.metadata is not None:
        return False
    described: Any = np.lib.format.dtype_to_descr(dtype)
    return bool(np.lib.format.descr_to_dtype(described) == dtype)


def _write(writer: VersionWriter, path: str, array: Any) -> None:
    import numpy as np  # noqa: PLC0415

    utf8 = not str(array.dtype).isascii()  # names of fields, which numpy would warn of
    with writer.open(path) as file:
        if _has_gaps(array.dtype):
            _write_with_gaps(file, array)
        else:
            np.lib.format.write_array(file, array, version=(3, 0) if utf8 else None, allow_pickle=False)


def _write_with_gaps(file: HashingFile, array: Any) -> None:
    """Write an array whose dtype leaves bytes between fields (``align=True``), with zeros there.

    What numpy writes there is whatever memory held: equal arrays, even the same one twice, would have other digests.
    The format is that of ``numpy.lib.format``, version 3.
    """
    import numpy as np  # noqa: PLC0415

    in_columns = array.flags.f_contiguous and not array.flags.c_contiguous
    made: Any = np.zeros(array.shape, array.dtype, order="F" if in_columns else "C")
    _copy_fields(made, array)
    start = np.lib.format.magic(3, 0)
    header = repr(np.lib.format.header_data_from_array_1_0(made)).encode()
    room = -(len(start) + 4 + len(header) + 1) % np.lib.format.ARRAY_ALIGN
    file.write(start + struct.pack("<I", len(header) + room + 1) + header + b" " * room + b"\n")
    file.write(memoryview((made.T if in_columns else made).reshape(-1).view("u1")))


def _has_gaps(dtype: Any) -> bool:
    if not dtype.base.names:
        return False
    fields = [field[0] for field in dtype.base.fields.values()]
    return sum(field.itemsize for field in fields) != dtype.base.itemsize or any(map(_has_gaps, fields))


def _copy_fields(made: Any, array: Any) -> None:
    for name in array.dtype.names:
        if array[name].dtype.names:
            _copy_fields(made[name], array[name])
        else:
            made[name] = array[name]


def _read(store: ArtifactStore, uri: str, manifest: Manifest, name: str) -> Any:
    import numpy as np  # noqa: PLC0415

    facts = next(file for file in manifest.files if file.path == name)
    path = store.local_file(uri, facts)
    if not manifest.shape or 0 in manifest.shape or name == _FILL:  # a map of nothing is refused
        return np.load(path, allow_pickle=False)
    return np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))


def _preview(array: Any, *, is_scalar: bool = False) -> Preview:
    """Return what can be shown; what a masked array masks is missing."""
    if array.ndim == 0:
        row = array.reshape(1)
        shown = [_cells(row[name])[0] for name in array.dtype.names] if array.dtype.names else _cells(row)[0]
        return Preview(kind="json", data=shown, statistics=None if is_scalar else _statistics(array))
    if array.dtype.names:
        return _preview_of_fields(array)
    statistics = _statistics(array)
    if array.ndim > 2 or not array.size:
        text = f"array of shape {' x '.join(map(str, array.shape))}, {array.dtype}"
        return Preview(kind="none", text=text, statistics=statistics)
    head = array[:PREVIEW_ROWS]
    table = head.reshape(len(head), -1)[:, :PREVIEW_COLUMNS]
    names = [str(i) for i in range(table.shape[1])] if array.ndim == 2 else ["value"]
    if array.dtype.kind in "mM":
        table = table.astype(str)  # whole numbers otherwise, where Python's own classes are too coarse
    return Preview(
        kind="table",
        columns=[PreviewColumn(name=name, dtype=str(array.dtype)) for name in names],
        rows=[[safe_cell(_decoded(cell)) for cell in row] for row in table.tolist()],
        n_rows=int(array.shape[0]),
        n_columns=int(array.shape[1]) if array.ndim == 2 else 1,
        truncated=array.shape[0] > PREVIEW_ROWS or (array.ndim == 2 and array.shape[1] > PREVIEW_COLUMNS),
        statistics=statistics,
    )


def _preview_of_fields(array: Any) -> Preview:
    """Return the records of a structured array as rows."""
    if array.ndim > 1:
        return Preview(kind="none", text=f"records of shape {' x '.join(map(str, array.shape))}, {array.dtype}")
    names = array.dtype.names[:PREVIEW_COLUMNS]
    return Preview(
        kind="table",
        columns=[
            PreviewColumn(name=name, dtype=str(array.dtype[name]), statistics=_statistics(array[name]))
            for name in names
        ],
        rows=[list(row) for row in zip(*(_cells(array[name][:PREVIEW_ROWS]) for name in names), strict=True)],
        n_rows=len(array),
        n_columns=len(array.dtype.names),
        truncated=len(array) > PREVIEW_ROWS or len(array.dtype.names) > PREVIEW_COLUMNS,
    )


def _cells(column: Any) -> list[Any]:
    # numpy makes no Python values of records in records of which some are masked.
    values = [str(cell) for cell in column] if _is_masked(column) and column.dtype.names else column.tolist()
    return [safe_cell(_decoded(value)) for value in values]


def _statistics(array: Any) -> ColumnStatistics | None:
    if not _is_masked(array):
        return statistics_for_preview(array)
    if array.dtype.names:
        return None
    found = statistics_for_preview(array.compressed())
    if found is not None:
        found.missing += int(array.size - array.count())
    return found


def _is_masked(array: Any) -> bool:
    return hasattr(array, "mask")


def _decoded(cell: Any) -> Any:
    return cell.decode("utf-8", errors="replace") if isinstance(cell, bytes) else cell


MATERIALIZERS: tuple[Materializer, ...] = (NumpyMaterializer(), MaskedArrayMaterializer())
