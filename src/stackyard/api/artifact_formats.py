"""Stored values in other open formats than theirs; nothing is unpickled."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from stackyard.api.context import Context
from stackyard.api.reading import open_version
from stackyard.model.errors import NotReadableError
from stackyard.model.views import ArtifactVersionView
from stackyard.storage.reading.opening import StoredImage, StoredJson, StoredText, StoredValue
from stackyard.storage.reading.table import StoredTable, import_arrow, import_numpy

_ROWS = 10_000
"""That are turned into JSON at once."""


def convert(ctx: Context, version: ArtifactVersionView, to_format: str, target: Path, *, file: str = "") -> None:
    """Write what a version stores in another format to a new file.

    Args:
        ctx: where.
        version: which.
        to_format: one of those that `artifact export` knows.
        target: does not exist yet.
        file: which of its files; default: the only one.

    Raises:
        NotReadableError: what is stored can't be looked into, or can't be had in that format.
        PackageMissingError: a package is needed.
        ArtifactDamagedError: files are missing or differ from the manifest.
    """
    files: list[Path] = []
    value = open_version(ctx, version, file=file, opened=files.append)
    array = files[0] if files and files[0].suffix == ".npy" and len(files) == 1 else None
    try:
        if array is not None and to_format in ("npy", "json", "png"):
            _FROM_ARRAYS[to_format](array, target)
        else:
            _convert(value, to_format, target)
    except _RefusedError as refusal:
        what = f"Version {version.version} of the artifact {version.name!r}"
        raise NotReadableError(
            f"{what} can't be exported as {to_format}: {refusal}.",
            hint=f"Leave --format out to copy it as it is stored: {version.data_format}.",
        ) from refusal


class _RefusedError(Exception):
    """Why a value has no such form, in words."""


def _convert(value: StoredTable | StoredValue, to_format: str, target: Path) -> None:
    if isinstance(value, StoredImage if to_format == "png" else StoredText) and to_format in ("png", "txt"):
        shutil.copyfile(value.path, target)
    elif isinstance(value, StoredText) and to_format == "json":
        _write_text(target, _json(value.read()))
    elif isinstance(value, StoredJson) and to_format in ("json", "txt"):
        _write_text(target, _json(value.data, indent=2) + "\n")
    elif isinstance(value, StoredTable) and to_format in _FROM_TABLES:
        _FROM_TABLES[to_format](value, target)
    else:
        raise _RefusedError(f"it is {_kind(value)}")


def _kind(value: StoredTable | StoredValue) -> str:
    if isinstance(value, StoredTable):
        return "a table"
    return {StoredImage: "an image", StoredText: "a text"}.get(type(value), "a JSON value that is no table")


def _to_csv(table: StoredTable, target: Path) -> None:
    pa = import_arrow()
    import pyarrow.csv as pc  # noqa: PLC0415  # seldom needed

    found = table.to_arrow()
    columns = [_for_csv(pa, found.column(place)) for place in range(found.num_columns)]
    try:
        pc.write_csv(pa.table(columns, names=found.column_names), target)
    except pa.ArrowException as error:
        raise _RefusedError(str(error).rstrip(".")) from error


def _for_csv(pa: Any, column: Any) -> Any:
    """Return a column whose values CSV has a text for."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    plain = (
        pa.types.is_primitive(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)
    ) and not pa.types.is_duration(kind)
    if plain or pa.types.is_null(kind) or pa.types.is_decimal(kind):
        return column
    texts = [None if v is None else v if isinstance(v, str) else _json(v) for v in map(_plain, column.to_pylist())]
    return pa.array(texts, pa.string())


def _to_parquet(table: StoredTable, target: Path) -> None:
    pa = import_arrow()
    import pyarrow.parquet as pq  # noqa: PLC0415  # seldom needed

    try:
        pq.write_table(table.to_arrow(), target)
    except pa.ArrowException as error:
        raise _RefusedError(str(error).rstrip(".")) from error


def _to_arrow(table: StoredTable, target: Path) -> None:
    pa = import_arrow()
    found = table.to_arrow()
    with pa.OSFile(str(target), "wb") as file, pa.ipc.new_file(file, found.schema) as writer:
        writer.write_table(found)


def _to_json(table: StoredTable, target: Path) -> None:
    """Write a list of the rows, each a dict; a table with the one column ``value`` is a list of its values."""
    found = table.to_arrow()
    single = found.column_names == ["value"]

    def rows() -> Iterator[Any]:
        for batch in found.to_batches(_ROWS):
            yield from (row["value"] for row in batch.to_pylist()) if single else batch.to_pylist()

    with target.open("x", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        between = "[\n"
        for row in rows():
            file.write(between + _json(_plain(row)))
            between = ",\n"
        file.write("[]\n" if between == "[\n" else "\n]\n")


def _to_npy(table: StoredTable, target: Path) -> None:
    """Write an array: of one dimension for one column, else rows and columns."""
    np, pa = import_numpy(), import_arrow()
    found = table.to_arrow()
    kinds = [field.type for field in found.schema]
    if not all(pa.types.is_integer(k) or pa.types.is_floating(k) or pa.types.is_boolean(k) for k in kinds):
        names = [f.name for f in found.schema if not (pa.types.is_integer(f.type) or pa.types.is_floating(f.type))]
        raise _RefusedError(f"an array holds numbers alone, and these columns none: {', '.join(names[:5])}")
    if any(column.null_count and not pa.types.is_floating(column.type) for column in found.columns):
        found = pa.table([column.cast(pa.float64()) for column in found.columns], names=found.column_names)
    arrays = [column.to_numpy() for column in found.columns]
    with target.open("xb") as file:
        np.save(file, arrays[0] if len(arrays) == 1 else np.column_stack(arrays), allow_pickle=False)


def _copy_array(path: Path, target: Path) -> None:
    shutil.copyfile(path, target)


def _array_to_json(path: Path, target: Path) -> None:
    _write_text(target, _json(_plain(_mapped(path).tolist())) + "\n")


def _array_to_png(path: Path, target: Path) -> None:
    array = _mapped(path)
    try:
        from PIL import Image  # noqa: PLC0415  # seldom needed
    except ImportError as error:
        raise _RefusedError("that needs the package Pillow, which is not installed here") from error
    grey = array.ndim == 2
    if array.dtype != "uint8" or not (grey or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise _RefusedError("an image is an array of uint8: rows x columns, for colours x 3 or x 4")
    Image.fromarray(array).save(target, format="PNG")


def _mapped(path: Path) -> Any:
    from stackyard.storage.reading.npy import load_npy  # noqa: PLC0415  # brings numpy

    return load_npy(path)


_FROM_ARRAYS: dict[str, Callable[[Path, Path], None]] = {
    "npy": _copy_array,
    "json": _array_to_json,
    "png": _array_to_png,
}
_FROM_TABLES: dict[str, Callable[[StoredTable, Path], None]] = {
    "arrow": _to_arrow,
    "csv": _to_csv,
    "json": _to_json,
    "npy": _to_npy,
    "parquet": _to_parquet,
}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: numbers that it has not become null, others texts."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="backslashreplace")
    return value if value is None or isinstance(value, (str, int, bool)) else str(value)


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent, default=str)


def _write_text(target: Path, text: str) -> None:
    target.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
