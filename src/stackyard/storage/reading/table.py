"""What every stored table can do: pages, order, conditions, statistics."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from stackyard.model.artifact import ColumnStatistics, PreviewColumn
from stackyard.model.errors import NotReadableError, PackageMissingError, UsageError
from stackyard.model.names import did_you_mean
from stackyard.model.reading import Condition, SortKey, TablePage

MAX_COLUMNS = 200
"""In a page that doesn't name its columns."""
MAX_SELECTED_ROWS = 100_000_000
"""Order and conditions take memory for every row; tables with more have pages alone."""
_SHOWN_NAMES = 20


class StoredTable(ABC):
    """A table as it lies in its file. One thread at a time."""

    n_rows: int
    n_columns: int
    shape: Sequence[int] = ()
    """Of an array of more than two dimensions: all of them; the table is one slice of it."""
    index: Sequence[int] = ()
    """Of such an array: where the slice lies in the leading dimensions."""

    index_columns: Sequence[str] = ()
    """Columns that name the rows, as pandas's index does; they come first."""

    def __init__(self) -> None:
        """Start with nothing selected."""
        self._selected: tuple[object, Sequence[int] | None] = (None, None)

    @property
    def columns(self) -> list[PreviewColumn]:
        """Return all columns in order; names are unique."""
        return [self._described(place) for place in range(self.n_columns)]

    def column(self, name: str) -> PreviewColumn:
        """Return what a column is called and holds.

        Raises:
            UsageError: there is no such column.
        """
        return self._described(self._place(name))

    def has(self, name: str) -> bool:
        """Tell whether there is such a column."""
        return self._find(name) is not None

    def page(
        self, offset: int, limit: int, *, columns: Sequence[str] | None = None, sort: Sequence[SortKey] = (),
        where: Sequence[Condition] = (),
    ) -> TablePage:  # fmt: skip
        """Return rows.

        Args:
            offset: place of the first one among those that match.
            limit: rows at most.
            columns: names, in the order in which they are wanted; None: all, the first 200 of very many.
            sort: the most important key first; rows without a value last, equal ones in their order.
            where: all of these must hold.

        Raises:
            UsageError: a column that is not there, a value that does not fit its column, a column without an order.
            NotReadableError: the table is too long to be sorted.
        """
        if columns is None:
            places = list(range(min(self.n_columns, MAX_COLUMNS)))
        else:
            places = [self._place(name) for name in columns]
        selected = self._select(where, sort)
        matching = self.n_rows if selected is None else len(selected)
        first = min(max(offset, 0), matching)
        last = min(first + max(limit, 0), matching)
        rows = range(first, last) if selected is None else [int(row) for row in selected[first:last]]
        cells = [self._cells(place, rows) for place in places]
        return TablePage(
            columns=[self._described(place) for place in places],
            rows=[list(row) for row in zip(*cells, strict=True)] if cells else [[] for _ in rows],
            offset=first,
            n_matching=matching,
            n_rows=self.n_rows,
            n_columns=self.n_columns,
            shape=list(self.shape),
            index=list(self.index),
        )

    def statistics(self, column: str) -> ColumnStatistics:
        """Return what a column holds.

        Raises:
            UsageError: there is no such column.
        """
        return self._statistics(self._place(column))

    @abstractmethod
    def to_arrow(self) -> Any:
        """Return the whole as a ``pyarrow.Table`` with the columns' names.

        Raises:
            PackageMissingError: pyarrow is not installed.
        """

    @abstractmethod
    def _name(self, place: int) -> str:
        """Return a column's name."""

    @abstractmethod
    def _dtype(self, place: int) -> str:
        """Return what a column holds, in words of its format."""

    @abstractmethod
    def _find(self, name: str) -> int | None:
        """Return a column's place."""

    @abstractmethod
    def _cells(self, place: int, rows: Sequence[int]) -> list[Any]:
        """Return cells of a column as JSON values; ``rows`` may be a range."""

    @abstractmethod
    def _matching(self, place: int, condition: Condition) -> Any:
        """Return for each row whether it meets a condition: a numpy array or a list of booleans."""

    @abstractmethod
    def _all_of(self, masks: Sequence[Any]) -> Sequence[int]:
        """Return the rows, ascending, for which all of these are true."""

    @abstractmethod
    def _in_order(self, rows: Sequence[int] | None, keys: Sequence[tuple[int, bool]]) -> Sequence[int]:
        """Return rows (None: all) sorted by columns, the most important first; True: descending."""

    @abstractmethod
    def _statistics(self, place: int) -> ColumnStatistics:
        """Return what a column holds."""

    def _described(self, place: int) -> PreviewColumn:
        return PreviewColumn(name=self._name(place), dtype=self._dtype(place))

    def _place(self, name: str) -> int:
        found = self._find(name)
        if found is not None:
            return found
        names = [self._name(place) for place in range(min(self.n_columns, MAX_COLUMNS))]
        shown = ", ".join(names[:_SHOWN_NAMES]) + (", …" if self.n_columns > _SHOWN_NAMES else "")
        raise UsageError(
            f"The table has no column {name!r}.", hint=f"{did_you_mean(name, names)} Its columns: {shown}.".strip()
        )

    def _select(self, where: Sequence[Condition], sort: Sequence[SortKey]) -> Sequence[int] | None:
        """Return the rows in order; None: all of them as they lie. The last answer is kept: pages follow each other."""
        if not where and not sort:
            return None
        if self.n_rows > MAX_SELECTED_ROWS:
            raise NotReadableError(
                f"A table of {self.n_rows:,} rows can't be sorted or filtered here; up to {MAX_SELECTED_ROWS:,} can.",
                hint="Look at its pages as they are, or load the artifact in Python.",
            )
        key = (
            tuple((c.column, c.op, type(c.value), str(c.value)) for c in where),
            tuple((k.column, k.descending) for k in sort),
        )
        if self._selected[0] != key:
            keys = [(self._place(k.column), k.descending) for k in sort]
            masks = [self._matching(self._place(condition.column), condition) for condition in where]
            rows = self._all_of(masks) if masks else None
            self._selected = (key, self._in_order(rows, keys) if keys else rows)
        return self._selected[1]


def import_arrow() -> Any:
    """Return pyarrow, with what reads files.

    Raises:
        PackageMissingError: it is not installed, or so old that reading a file with it can run code of the file's.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415  # slow to import
        import pyarrow.compute  # noqa: PLC0415
        import pyarrow.ipc  # noqa: PLC0415
    except ImportError as error:
        raise PackageMissingError(
            f"Looking into this table needs the package pyarrow, which {sys.executable} does not have.",
            hint=f"Install it with: {sys.executable} -m pip install pyarrow",
        ) from error
    if pa.__version__ == "14.0.0" or int(pa.__version__.partition(".")[0]) < 14:
        raise PackageMissingError(
            f"Looking into this table needs pyarrow 14.0.1 or newer; {sys.executable} has {pa.__version__}, which may "
            "run code that a file names.",
            hint=f"Install it with: {sys.executable} -m pip install --upgrade pyarrow",
        )
    return pa


def import_numpy() -> Any:
    """Return numpy.

    Raises:
        PackageMissingError: it is not installed.
    """
    try:
        import numpy as np  # noqa: PLC0415  # slow to import
    except ImportError as error:
        raise PackageMissingError(
            f"Looking into this value needs the package numpy, which {sys.executable} does not have.",
            hint=f"Install it with: {sys.executable} -m pip install numpy",
        ) from error
    return np
