"""Arrow IPC files, mapped, and Parquet files, read by row groups and columns."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stackyard.model.errors import NotReadableError
from stackyard.storage.reading.arrow_columns import ArrowColumn
from stackyard.storage.reading.columns import ColumnTable
from stackyard.storage.reading.table import import_arrow, import_numpy

_SERIES = "__series__"
"""How pandas's Series are stored: as a column of this name."""
_SERIES_NAME = b"stackyard.series_name"


class ArrowTable(ColumnTable):
    """A table that pyarrow holds. Columns that pandas calls the index come first."""

    def __init__(self, schema: Any, n_rows: int, dtypes: Mapping[str, str] | None = None) -> None:
        """Describe a table; subclasses give its columns.

        Args:
            schema: of Arrow.
            n_rows: of the table.
            dtypes: column to its type as users know it; others have Arrow's words.
        """
        super().__init__()
        self.n_rows = n_rows
        self.n_columns = len(schema.names)
        self._schema = schema
        self._fields, self._names, levels = _shown_names(schema)
        self.index_columns = self._names[:levels]
        self._places = {name: place for place, name in enumerate(self._names)}
        self._dtypes = dict(dtypes or {})

    def to_arrow(self) -> Any:
        """Return the table with the names that are shown."""
        pa = import_arrow()
        arrays = [self._load(place) for place in range(self.n_columns)]
        return pa.Table.from_arrays(arrays, names=self._names)

    @abstractmethod
    def _load(self, place: int) -> Any:
        """Return a whole column as a ChunkedArray."""

    def _name(self, place: int) -> str:
        return self._names[place]

    def _dtype(self, place: int) -> str:
        return self._dtypes.get(self._names[place]) or _type_word(self._schema.field(self._fields[place]).type)

    def _find(self, name: str) -> int | None:
        return self._places.get(name)

    def _column(self, place: int) -> ArrowColumn:
        return ArrowColumn(self._names[place], self._load(place), self._dtype(place))


class IpcTable(ArrowTable):
    """An Arrow IPC file, mapped."""

    def __init__(self, path: Path, dtypes: Mapping[str, str] | None = None) -> None:
        """Map a file.

        Raises:
            NotReadableError: it is no such file.
        """
        pa = import_arrow()
        try:
            self._table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        except (pa.ArrowException, OSError) as error:
            raise _not_readable(path, error) from error
        super().__init__(self._table.schema, self._table.num_rows, dtypes)

    def _load(self, place: int) -> Any:
        return self._table.column(self._fields[place])


class ParquetTable(ArrowTable):
    """A Parquet file: pages read the row groups that they touch, conditions and order the columns that they name."""

    def __init__(self, path: Path, dtypes: Mapping[str, str] | None = None) -> None:
        """Open a file.

        Raises:
            NotReadableError: it is no such file.
        """
        pa = import_arrow()
        import pyarrow.parquet as pq  # noqa: PLC0415  # slow to import, seldom needed

        try:
            self._file = pq.ParquetFile(path, memory_map=True)
        except (pa.ArrowException, OSError) as error:
            raise _not_readable(path, error) from error
        facts = self._file.metadata
        self._sizes = [facts.row_group(i).num_rows for i in range(facts.num_row_groups)]
        super().__init__(self._file.schema_arrow, facts.num_rows, dtypes)

    def _load(self, place: int) -> Any:
        return self._file.read(columns=[self._schema.names[self._fields[place]]]).column(0)

    def _cells(self, place: int, rows: Sequence[int]) -> list[Any]:
        np = import_numpy()
        if not rows:
            return []
        ends = np.cumsum(self._sizes)
        groups = np.searchsorted(ends, np.asarray(rows), side="right")
        touched, inverse = np.unique(groups, return_inverse=True)
        name = self._schema.names[self._fields[place]]
        found = self._file.read_row_groups([int(g) for g in touched], columns=[name]).column(0)
        sizes = np.asarray(self._sizes)[touched]
        here = np.asarray(rows) - (ends - np.asarray(self._sizes))[groups] + (np.cumsum(sizes) - sizes)[inverse]
        return ArrowColumn(self._names[place], found).cells([int(row) for row in here])


def _type_word(kind: Any) -> str:
    """Return an Arrow type in a word."""
    pa = import_arrow()
    return f"category of {kind.value_type}" if pa.types.is_dictionary(kind) else str(kind)


def _shown_names(schema: Any) -> tuple[list[int], list[str], int]:
    """Return the fields in the order in which they are shown, their names, and how many of the first are an index.

    Names are unique, as in a preview.
    """
    metadata = schema.metadata or {}
    levels = [name for name in _pandas_facts(metadata).get("index_columns", []) if isinstance(name, str)]
    index = [place for place, name in enumerate(schema.names) if name in levels]
    fields = index + [place for place in range(len(schema.names)) if place not in set(index)]
    names: list[str] = []
    seen: set[str] = set()
    for place in fields:
        name = schema.names[place]
        if place in index and name.startswith("__index_level_"):
            name = "index"
        elif name == _SERIES and _SERIES_NAME in metadata:
            name = json.loads(metadata[_SERIES_NAME]) or "value"
        shown, number = name, 2
        while shown in seen:
            shown, number = f"{name} ({number})", number + 1
        seen.add(shown)
        names.append(shown)
    return fields, names, len(index)


def _pandas_facts(metadata: Mapping[bytes, bytes]) -> dict[str, Any]:
    try:
        found = json.loads(metadata.get(b"pandas", b"{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _not_readable(path: Path, error: Exception) -> NotReadableError:
    return NotReadableError(
        f"The table in {path.name} can't be looked into: {error}.", hint="Load the artifact in Python."
    )
