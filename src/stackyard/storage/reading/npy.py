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

    def __init__(self, array: Any, index: Sequence[int] = ()) -> None:
        """Take an array of at least one dimension.

        Args:
            array: mapped or in memory.
            index: where in the leading dimensions, of an array of more than two; default: the first of each.

        Raises:
            UsageError: the array has no such slice.
        """
        super().__init__()
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
            array = array[self.index]
        self._array = array
        self._fields = tuple(array.dtype.names or ()) if array.ndim == 1 else ()
        self.n_rows = int(array.shape[0])
        self.n_columns = len(self._fields) or (int(array.shape[1]) if array.ndim == 2 else 1)

    def to_arrow(self) -> Any:
        """Return the array, or its slice, as a table; without a copy where the columns lie whole."""
        pa = import_arrow()
        np = import_numpy()
        names = [self._name(place) for place in range(self.n_columns)]
        arrays = [self._values(place) for place in range(self.n_columns)]
        plain = [a if a.ndim == 1 and a.dtype.kind not in "VcS" else np.array([str(v) for v in a]) for a in arrays]
        return pa.table(dict(zip(names, [pa.array(a) for a in plain], strict=True)))

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

    def _values(self, place: int) -> Any:
        if self._fields:
            return self._array[self._fields[place]]
        return self._array[:, place] if self._array.ndim == 2 else self._array

    def _column(self, place: int) -> NumpyColumn:
        return NumpyColumn(self._name(place), self._values(place))


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
