"""Opens what materializers stored, by the endings of the files: a table, a text, a JSON value or an image."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from stackyard.model.artifact import ArtifactFile, Manifest
from stackyard.model.errors import NotReadableError, UsageError
from stackyard.model.names import did_you_mean
from stackyard.model.record import Record
from stackyard.storage.reading.plain import csv_table, json_table, lines_table
from stackyard.storage.reading.structure import plain_of
from stackyard.storage.reading.table import StoredTable

MAX_PARSED_BYTES = 128 * 1024 * 1024
"""Texts, JSON and CSV are read whole."""
_TEXTS = (
    ".txt", ".md", ".markdown", ".html", ".htm", ".log", ".yaml", ".yml", ".toml", ".xml", ".svg", ".jsonl", ".py",
)  # fmt: skip
_TABLES = (".arrow", ".feather", ".parquet", ".npy", ".csv", ".tsv")
_READABLE = (*_TABLES, ".json", ".png", *_TEXTS)
_MASKED, _MASK = "data.npy", "mask.npy"
"""Of a masked array."""
_STRUCTURE = "structure.json"
_PNG = b"\x89PNG\r\n\x1a\n"


class StoredJson(Record):
    """A JSON value that is no table."""

    data: Any


class StoredText(Record):
    """A text."""

    path: Path

    def read(self) -> str:
        """Return the whole text.

        Raises:
            NotReadableError: it is too large.
        """
        return _read_text(self.path)

    def lines(self) -> StoredTable:
        """Return its lines as a table with the one column ``line``.

        Raises:
            NotReadableError: it is too large.
        """
        return lines_table(self.read())


class StoredImage(Record):
    """A PNG image."""

    path: Path
    width: int
    """Pixels."""
    height: int


StoredValue = StoredJson | StoredText | StoredImage


def open_stored(
    manifest: Manifest, path_of: Callable[[ArtifactFile], Path], *, file: str = "", index: Sequence[int] = ()
) -> StoredTable | StoredValue:
    """Open an artifact version to look into it; nothing of it is unpickled, no class of a user's imported.

    Args:
        manifest: of the version.
        path_of: returns a local path of one of its files, whose bytes were checked; ``store.local_file``.
        file: which of the version's files; default: the only one.
        index: which slice of an array of more than two dimensions; default: the first.

    Raises:
        NotReadableError: no open format, or too large.
        UsageError: there is no such file, or no such slice.
        PackageMissingError: reading it needs a package that is not installed.
        ArtifactDamagedError: the file is missing or differs from the manifest.
    """
    chosen = _choose(manifest, file)
    path, ending = path_of(chosen), PurePosixPath(chosen.path).suffix.lower()
    if index and ending != ".npy":
        raise UsageError(f"{chosen.path} is no array: it has no slices.", hint="Leave the index out.")
    if ending == ".npy":
        from stackyard.storage.reading.npy import NpyTable, load_npy  # noqa: PLC0415  # brings numpy

        array = load_npy(path)
        mask = next((f for f in manifest.files if f.path == _MASK and chosen.path == _MASKED), None)
        if not array.ndim:
            return StoredJson(_scalar(array))
        return NpyTable(array, index, None if mask is None else load_npy(path_of(mask)))
    if ending in (".arrow", ".feather", ".parquet"):
        from stackyard.storage.reading.arrow import IpcTable, ParquetTable  # noqa: PLC0415  # brings pyarrow

        dtypes = {column.name: column.dtype for column in manifest.preview.columns}
        return ParquetTable(path, dtypes) if ending == ".parquet" else IpcTable(path, dtypes)
    if ending == ".png":
        return _image(path)
    if ending in (".csv", ".tsv") or (manifest.data_format == "csv" and ending == ".txt"):
        return csv_table(_read_text(path))
    if ending == ".json":
        return _json(path, structure=chosen.path == _STRUCTURE)
    return StoredText(path)


def _choose(manifest: Manifest, name: str) -> ArtifactFile:
    """Return the file to look into."""
    readable = [f for f in manifest.files if PurePosixPath(f.path).suffix.lower() in _READABLE]
    names = [f.path for f in readable]
    listed = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
    if name:
        found = next((f for f in manifest.files if f.path == name), None)
        if found is None:
            hint = f"{did_you_mean(name, names)} Those that can be looked into: {listed or 'none'}.".strip()
            raise UsageError(f"The artifact {manifest.artifact_name!r} has no file {name!r} here.", hint=hint)
        if found in readable:
            return found
    elif len(readable) == 1:
        return readable[0]
    elif _MASKED in names and manifest.data_format == "npy":
        return next(f for f in readable if f.path == _MASKED)
    elif readable:
        raise NotReadableError(
            f"The artifact {manifest.artifact_name!r} is stored in several files.", hint=f"Choose one: {listed}."
        )
    why = "as a pickle: it is never unpickled to be shown" if manifest.unsafe else f"as {manifest.data_format}"
    raise NotReadableError(
        f"The artifact {manifest.artifact_name!r} can't be looked into: it is stored {why}.",
        hint="Load it in Python, or return a table, an array or plain values from the step.",
    )


def _json(path: Path, *, structure: bool) -> StoredTable | StoredJson:
    try:
        data = json.loads(_read_text(path))
        if structure:
            data = plain_of(data)
    except (LookupError, RecursionError, TypeError, ValueError) as error:
        raise NotReadableError(f"{path.name} is no JSON: {error}.", hint="Load the artifact in Python.") from error
    return json_table(data) or StoredJson(data)


def _read_text(path: Path) -> str:
    size = path.stat().st_size
    if size > MAX_PARSED_BYTES:
        raise NotReadableError(
            f"{path.name} has {size:,} bytes; up to {MAX_PARSED_BYTES:,} can be looked into.",
            hint="Load the artifact in Python.",
        )
    return path.read_bytes().decode("utf-8", errors="replace")


def _image(path: Path) -> StoredImage:
    with path.open("rb") as file:
        head = file.read(24)
    if not head.startswith(_PNG) or len(head) < 24:
        raise NotReadableError(f"{path.name} is no PNG image.", hint="Load the artifact in Python.")
    width, height = struct.unpack(">II", head[16:24])
    return StoredImage(path, width, height)


def _scalar(array: Any) -> Any:
    from stackyard.storage.reading.columns import NumpyColumn  # noqa: PLC0415  # brings numpy

    return NumpyColumn("value", array.reshape(1)).cells(range(1))[0]
