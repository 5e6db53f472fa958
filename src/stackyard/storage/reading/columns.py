"""Columns of numbers, texts and times as numpy holds them: conditions, order, cells."""

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from stackyard.model.artifact import ColumnStatistics
from stackyard.model.reading import Condition
from stackyard.storage.materializers.base import safe_cell
from stackyard.storage.materializers.statistics import column_statistics
from stackyard.storage.reading import literals
from stackyard.storage.reading.table import StoredTable, import_numpy

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
OF_ORDERED = "=, !=, <, <=, >, >=, is null, is not null"
OF_EQUAL = "=, !=, is null, is not null"
OF_ANY = "is null, is not null"

Ranks = tuple[Any, Any]
"""A numpy array that sorts as the values do, and which of them are missing, or None; NaN counts as missing."""


class Column(ABC):
    """The values of a column."""

    name: str
    dtype: str

    def mask(self, condition: Condition) -> Any:
        """Return for each row whether it meets a condition, as a numpy array; missing values meet ``is null`` alone.

        Raises:
            UsageError: the values can't be compared so.
        """
        if condition.op == "is null":
            return self.missing()
        if condition.op == "is not null":
            return ~self.missing()
        return self._compared(condition) & ~self.missing()

    @abstractmethod
    def missing(self) -> Any:
        """Return for each row whether its value is missing, as a numpy array."""

    @abstractmethod
    def ranks(self) -> Ranks:
        """Return what to sort by.

        Raises:
            UsageError: the values have no order.
        """

    @abstractmethod
    def cells(self, rows: Sequence[int]) -> list[Any]:
        """Return JSON values of some rows; ``rows`` may be a range."""

    @abstractmethod
    def statistics(self) -> ColumnStatistics:
        """Return what the column holds."""

    @abstractmethod
    def _compared(self, condition: Condition) -> Any:
        """Return for each row whether it meets a condition; of missing values anything."""


class NumpyColumn(Column):
    """A numpy array of one dimension; also what Arrow columns of numbers and times become to be compared."""

    def __init__(
        self, name: str, array: Any, *, dtype: str = "", missing: Any = None, zone: str | None = None,
        clock: bool = False,
    ) -> None:  # fmt: skip
        """Take an array.

        Args:
            name: of the column.
            array: of one dimension; of more (a field of a structured array) it can only be shown.
            dtype: as users know it; default: the array's.
            missing: which values are missing beside NaN and NaT, as an array; None: none.
            zone: time zone of datetimes, which are in UTC then.
            clock: durations are times of the day.
        """
        self.name = name
        self.dtype = dtype or str(array.dtype)
        self._array = array
        self._missing = missing
        self._zone = zone
        self._clock = clock
        self._kind = array.dtype.kind if array.ndim == 1 else "V"

    def missing(self) -> Any:
        """Return what is missing: NaN, NaT, and what the file says."""
        np = import_numpy()
        if self._kind in "fc":
            found = np.isnan(self._array)
        elif self._kind in "mM":
            found = np.isnat(self._array)
        else:
            found = np.zeros(len(self._array), dtype=bool)
        return found if self._missing is None else found | self._missing

    def ranks(self) -> Ranks:
        """Return the numbers themselves; of texts their places among the different ones."""
        np = import_numpy()
        if self._kind in "iub":
            return self._array, self._missing
        if self._kind == "f":
            return self._array, None if self._missing is None else self.missing()
        if self._kind in "mM":
            return self._array.astype(np.int64), self.missing()
        if self._kind in "US":
            return np.unique(self._array, return_inverse=True)[1].reshape(-1), self._missing
        raise literals.no_order(self.name, self.dtype)

    def cells(self, rows: Sequence[int]) -> list[Any]:
        """Return numbers and texts; times as text."""
        wanted = slice(rows.start, rows.stop) if isinstance(rows, range) else list(rows)
        found = self._shown(self._array[wanted])
        if self._missing is None or self._array.ndim > 1:
            return found
        return [None if gone else cell for cell, gone in zip(found, self._missing[wanted].tolist(), strict=True)]

    def _shown(self, taken: Any) -> list[Any]:
        np = import_numpy()
        if self._kind == "M":
            return [None if text == "NaT" else moment_text(text) for text in np.datetime_as_string(taken).tolist()]
        if self._kind == "m":
            return [duration_text(value) for value in taken]
        if self._kind == "S":
            return [safe_cell(value.decode("utf-8", errors="replace")) for value in taken.tolist()]
        if self._kind == "f" and taken.dtype.itemsize > 8:
            taken = taken.astype(np.float64)
        return [safe_cell(value) for value in taken.tolist()]

    def statistics(self) -> ColumnStatistics:
        """Return what the array holds."""
        if self._missing is None or self._array.ndim > 1:
            return column_statistics(self._array)
        found = column_statistics(self._array[~self._missing])
        return found.model_copy(update={"missing": len(self._array) - found.count})

    def _compared(self, condition: Condition) -> Any:
        if self._kind in "US":
            return self._compared_text(condition)
        if self._kind == "b":
            self._allow(condition, OF_EQUAL)
            return COMPARE[condition.op](self._array, literals.as_boolean(condition, self.dtype))
        if self._kind not in "iufmM":
            raise literals.no_such_comparison(condition, self.dtype, OF_ANY)
        self._allow(condition, OF_ORDERED)
        if self._kind in "mM":
            return COMPARE[condition.op](self._array, self._time(condition))
        value = literals.as_number(condition, self.dtype)
        if self._kind == "f":
            with import_numpy().errstate(over="ignore"):  # beyond its type's range is infinite
                return COMPARE[condition.op](self._array, _as_float(value))
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # integers are compared as such: floats of their size are too coarse
        return COMPARE[condition.op](self._array, value)

    def _compared_text(self, condition: Condition) -> Any:
        np = import_numpy()
        text: Any = literals.as_text(condition, self.dtype)
        if self._kind == "S":
            text = text.encode()
        if condition.op == "contains":
            return np.char.find(self._array, text) >= 0
        return COMPARE[condition.op](self._array, text)

    def _time(self, condition: Condition) -> Any:
        np = import_numpy()
        if self._kind == "m" and not self._clock:
            return np.timedelta64(literals.as_duration(condition, self.dtype))
        if self._kind == "M":
            found: Any = np.datetime64(literals.as_moment(condition, self.dtype, self._zone))
        else:
            found = np.timedelta64(literals.as_time_of_day(condition, self.dtype))
        nanoseconds = literals.nanoseconds_of(condition)
        return found + np.timedelta64(nanoseconds, "ns") if nanoseconds else found

    def _allow(self, condition: Condition, allowed: str) -> None:
        if condition.op not in allowed.split(", "):
            raise literals.no_such_comparison(condition, self.dtype, allowed)


class ColumnTable(StoredTable):
    """A table of such columns."""

    @abstractmethod
    def _column(self, place: int) -> Column:
        """Return a column."""

    def _cells(self, place: int, rows: Sequence[int]) -> list[Any]:
        return self._column(place).cells(rows)

    def _matching(self, place: int, condition: Condition) -> Any:
        return self._column(place).mask(condition)

    def _all_of(self, masks: Sequence[Any]) -> Any:
        found = masks[0]
        for mask in masks[1:]:
            found = found & mask
        return import_numpy().flatnonzero(found)

    def _in_order(self, rows: Any, keys: Sequence[tuple[int, bool]]) -> Any:
        np = import_numpy()
        order = np.arange(self.n_rows) if rows is None else rows
        for place, descending in reversed(keys):
            ranks, missing = self._column(place).ranks()
            values = ranks[order]
            if missing is not None:
                values[missing[order]] = 0  # anything may stand there; among themselves they keep their order
            if descending:
                values = -values if values.dtype.kind == "f" else ~values
            order = order[np.argsort(values, kind="stable")]
            if missing is not None:
                last = missing[order]
                order = np.concatenate([order[~last], order[last]])
        return order

    def _statistics(self, place: int) -> ColumnStatistics:
        return self._column(place).statistics()


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def moment_text(text: str) -> str:
    """Return an ISO 8601 time with a blank instead of T, and without fractions that are zero."""
    body, dot, fraction = text.partition(".")
    digits = fraction.rstrip("0")
    return (f"{body}.{digits}" if dot and digits else body).replace("T", " ")


def duration_text(value: Any) -> str | None:
    """Return a numpy timedelta64 as ``2 days 01:30:00.5``."""
    np = import_numpy()
    if np.isnat(value):
        return None
    unit = np.datetime_data(value.dtype)[0]
    if unit in ("Y", "M", "generic"):
        return str(value)
    nanoseconds = (
        int(value.astype(np.int64))
        * int(np.timedelta64(1, unit) / np.timedelta64(1, "ns"))
        * (np.datetime_data(value.dtype)[1])
    )
    seconds, rest = divmod(abs(nanoseconds), 10**9)
    days, seconds = divmod(seconds, 86_400)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return f"{'-' if nanoseconds < 0 else ''}{f'{days} days ' if days else ''}{text}{fraction}"
