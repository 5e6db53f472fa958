"""numpy's ``.npy`` files, mapped: arrays of one and two dimensions, structured ones, slices of those of more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stackyard.model.errors import NotReadableError, UsageError
from stackyard.storage.reading.columns import ColumnTable, NumpyColumn
from stackyard.storage.reading.table import import_arrow, import_numpy


class NpyTable(ColumnTable):
    """An array; its columns are called ``value``, or by their numbers, or by the fields of a structured array."""

    def __init__(self, array: Any, index: Sequence[int] = (), mask: Any = None) -> None:
        """Take an array of at least one dimension.

        Args:
            array: mapped or in memory.
            index: where in the leading dimensions, of an array of more than two; default: the first of each.
            mask: which values are missing, an array of the same shape; None: none.

        Raises:
            UsageError: the array has no such slice.
        """
        super().__init__()
        self.whole = array
        """Not the slice alone."""
        leading = array.shape[:-2]
        if leading or index:
            self.index = tuple(index) or tuple(0 for _ in leading)
            self.shape = array.shape if leading else ()
            if len(self.index) != len(leading) or any(
                not 0 <= i < n for i, n in zip(self.index, leading, strict=False)
            ):
                raise UsageError(
                    f"An array of {' x '.join(map(str, array.shape))} has no slice at {list(self.index)}.",
                    hint=f"Give {len(leading)} numbers, counted from 0." if leading else "Leave the index out.",
                )
            array, mask = array[self.index], None if mask is None else mask[self.index]
        self._array, self._mask = array, mask
        self._fields = tuple(array.dtype.names or ()) if array.ndim == 1 else ()
        self.n_rows = int(array.shape[0])
        self.n_columns = len(self._fields) or (int(array.shape[1]) if array.ndim == 2 else 1)

    def to_arrow(self) -> Any:
        """Return the array, or its slice, as a table; without a copy where the columns lie whole."""
        pa = import_arrow()
        columns = {}
        for place in range(self.n_columns):
            array = self._values(self._array, place)
            missing = None if self._mask is None or array.ndim > 1 else self._values(self._mask, place)
            columns[self._name(place)] = pa.array(_for_arrow(array), mask=missing)
        return pa.table(columns)

    def _name(self, place: int) -> str:
        if self._fields:
            return str(self._fields[place])
        return str(place) if self._array.ndim == 2 else "value"

    def _dtype(self, place: int) -> str:
        return str(self._array.dtype[place] if self._fields else self._array.dtype)

    def _find(self, name: str) -> int | None:
        if self._fields:
            return self._fields.index(name) if name in self._fields else None
        if self._array.ndim == 1:
            return 0 if name == "value" else None
        place = int(name) if name.isascii() and name.isdecimal() else -1
        return place if 0 <= place < self.n_columns else None

    def _values(self, array: Any, place: int) -> Any:
        if self._fields:
            return array[self._fields[place]]
        return array[:, place] if array.ndim == 2 else array

    def _column(self, place: int) -> NumpyColumn:
        missing = None if self._mask is None else self._values(self._mask, place)
        return NumpyColumn(self._name(place), self._values(self._array, place), missing=missing)


def _for_arrow(array: Any) -> Any:
    """Return a column as a numpy array of a type that Arrow knows: times in seconds or finer, others as texts."""
    np = import_numpy()
    kind = array.dtype.kind
    if array.ndim > 1 or kind in "VcS":
        return np.array([str(value) for value in array])
    if kind in "mM" and np.datetime_data(array.dtype)[0] not in ("s", "ms", "us", "ns", "D" if kind == "M" else ""):
        return array.astype(f"{kind}8[s]")
    return array


def load_npy(path: Path) -> Any:
    """Map an array; one without values is read.

    Raises:
        NotReadableError: it holds Python objects, which only pickle can read, or it is no ``.npy`` file.
    """
    np = import_numpy()
    try:
        try:
            return np.load(path, mmap_mode="r", allow_pickle=False)
        except ValueError:
            if path.stat().st_size > 1 << 20:
                raise
            return np.load(path, allow_pickle=False)  # an empty array can't be mapped
    except (ValueError, OSError) as error:
        raise NotReadableError(
            f"The array in {path.name} can't be looked into: {error}.", hint="Load the artifact in Python."
        ) from error
