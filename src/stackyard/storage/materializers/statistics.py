"""Statistics of a column or an array for its preview: exact where one pass is enough, else of evenly spread rows."""

from __future__ import annotations

import functools
import itertools
import math
import sys
from collections.abc import Iterator
from typing import Any

from stackyard.model.artifact import ColumnStatistics, Histogram, ValueCount
from stackyard.storage.materializers.base import safe_cell

MAX_ROWS = 100_000
_PREVIEW_ROWS = 10_000
"""Of a preview: made with each value that is stored, so it may cost little."""
_BINS = 20
_TOP = 10
_PIECE = 1 << 15
"""Values looked at together, so that they stay in the processor's cache."""
_CANCELLED = 1e-4
"""Variance to squared mean: below, too many digits are lost in the short formula."""
_SPREAD = 0.618033988749895
"""Golden ratio: moves each sampled row within its share, so that data with a period doesn't fall into step."""


def column_statistics(values: Any, *, max_rows: int = MAX_ROWS) -> ColumnStatistics:
    """Return what a numpy array of any shape, or a pyarrow Array or ChunkedArray, holds.

    Count, missing, minimum, maximum, mean and std are exact. Distinct, histogram and top are from at most `max_rows`
    evenly spread rows; ``sampled`` then says from how many.
    """
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(values, numpy.ndarray):
        return _of_numpy(values, max_rows)
    return _of_arrow(values, max_rows)


def statistics_for_preview(values: Any) -> ColumnStatistics | None:
    """Return the statistics of a numpy array, a pyarrow array or a polars Series; None where that fails.

    A preview that lacks them is no reason to lose the value.
    """
    try:
        to_arrow = getattr(values, "to_arrow", None)
        return column_statistics(to_arrow() if to_arrow else values, max_rows=_PREVIEW_ROWS)
    except Exception:  # noqa: BLE001  # a type that pyarrow can't compute with, a missing package
        return None


def _of_numpy(array: Any, max_rows: int) -> ColumnStatistics:
    import numpy as np  # noqa: PLC0415

    kind = array.dtype.kind
    if kind in "fiub":
        return _of_numbers(array, max_rows)
    if kind in "mM":
        return _of_numpy_times(array, max_rows)
    if kind == "U" or (kind == "S" and not array.dtype.hasobject):
        rows, sampled = _sample(array, max_rows)
        found, counts = np.unique(rows, return_counts=True)
        shown = _Found([_text(value) for value in found], counts.tolist())
        if sampled is None and len(shown.values):
            ends = (shown.values[0], shown.values[-1])
        else:
            ends = (_text(array.min()), _text(array.max())) if array.size else (None, None)
        return ColumnStatistics(
            count=int(array.size), distinct=len(counts), minimum=ends[0], maximum=ends[1], top=shown.top(),
            sampled=sampled,
        )  # fmt: skip
    if kind == "c":
        missing = int(np.isnan(array).sum())
        return ColumnStatistics(count=int(array.size) - missing, missing=missing)
    return ColumnStatistics(count=int(array.size))


def _of_numbers(array: Any, max_rows: int, missing: int = 0) -> ColumnStatistics:
    """Return the statistics of floats, integers or booleans; `missing` more values are not in the array."""
    import numpy as np  # noqa: PLC0415

    moments = _Moments()
    with np.errstate(all="ignore"):
        for piece in _pieces(array):
            moments.add(piece)
        found = ColumnStatistics(count=moments.count, missing=missing + int(array.size) - moments.count)
        if not moments.count:
            return found
        found.mean = _finite(moments.mean)
        if moments.count > 1:
            found.std = _finite(math.sqrt(moments.squares / (moments.count - 1)))
        rows, found.sampled = _sample(array, max_rows)
        if array.dtype.kind == "b":
            trues = round(moments.mean * moments.count)
            counts = [(value, count) for value, count in ((True, trues), (False, moments.count - trues)) if count]
            found.distinct, found.sampled = len(counts), None
            found.top = [ValueCount(value=v, count=n) for v, n in sorted(counts, key=lambda c: -c[1])]
            return found
        found.minimum, found.maximum = safe_cell(moments.minimum.item()), safe_cell(moments.maximum.item())
        if array.dtype.kind == "f":
            rows = rows[~np.isnan(rows)]
        found.distinct = _distinct(rows)
        found.histogram = _histogram(rows, moments.minimum, moments.maximum)
    return found


class _Moments:
    """Count, mean and sum of squared differences from it, of pieces that are added; and the extremes."""

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self.squares = 0.0
        self.minimum: Any = None
        self.maximum: Any = None

    def add(self, piece: Any) -> None:
        """Add a 1-D array of at most ``_PIECE`` values; NaN doesn't count."""
        import numpy as np  # noqa: PLC0415

        low, high = np.minimum.reduce(piece), np.maximum.reduce(piece)
        if low != low:  # noqa: PLR0124  # NaN
            piece = piece[~np.isnan(piece)]
            if not piece.size:
                return
            low, high = np.minimum.reduce(piece), np.maximum.reduce(piece)
        numbers = piece.astype(np.float64, copy=False)
        mean = float(np.add.reduce(numbers)) / piece.size
        # Not np.dot, which may start threads of a BLAS library.
        squares = float(np.einsum("i,i->", numbers, numbers)) - piece.size * mean * mean
        if not squares > _CANCELLED * piece.size * mean * mean:
            numbers = numbers - mean
            squares = float(np.einsum("i,i->", numbers, numbers))
        self.minimum = low if self.minimum is None else min(self.minimum, low)
        self.maximum = high if self.maximum is None else max(self.maximum, high)
        count = self.count + piece.size
        delta = mean - self.mean
        self.mean += delta * (piece.size / count)
        self.squares += squares + delta * delta * (self.count * piece.size / count)
        self.count = count


def _pieces(array: Any) -> Iterator[Any]:
    """Yield the values of an array in 1-D pieces, without a copy of the whole."""
    import numpy as np  # noqa: PLC0415

    if not array.size:
        return
    if array.flags.c_contiguous or array.flags.f_contiguous:
        flat = array.ravel(order="K")
        for start in range(0, flat.size, _PIECE):
            yield flat[start : start + _PIECE]
        return
    yield from np.nditer(array, flags=["external_loop", "buffered"], buffersize=_PIECE, order="K")


def _sample(array: Any, max_rows: int) -> tuple[Any, int | None]:
    """Return at most `max_rows` values of an array as a 1-D one, and their number if they are not all."""
    if array.size <= max_rows:
        return array.reshape(-1), None
    return array.reshape(-1)[_spread(array.size, max_rows)] if array.flags.c_contiguous else array.flat[
        _spread(array.size, max_rows)
    ], max_rows


@functools.lru_cache(maxsize=2)  # the columns of a table share it
def _spread(size: int, count: int) -> Any:
    """Return `count` ascending places in ``range(size)``: one in each share of equal length, at changing offsets."""
    import numpy as np  # noqa: PLC0415

    numbers = np.arange(count, dtype=np.float64)
    places = ((numbers + (numbers * _SPREAD) % 1.0) * (size / count)).astype(np.int64)
    return np.minimum(places, size - 1)


def _distinct(rows: Any) -> int:
    import numpy as np  # noqa: PLC0415

    if not rows.size:
        return 0
    ordered = np.sort(rows)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + 1


def _histogram(rows: Any, low: Any, high: Any) -> Histogram | None:
    """Return how the finite values of `rows` lie between the extremes; integers of few values get a range each."""
    import numpy as np  # noqa: PLC0415

    if rows.dtype.kind == "f":
        finite = rows if np.isfinite(low) and np.isfinite(high) else rows[np.isfinite(rows)]
        if not finite.size:
            return None
        rows = finite.astype(np.float64, copy=False)
        if finite.size != rows.size or not (np.isfinite(low) and np.isfinite(high)):
            low, high = rows.min(), rows.max()
    low, high, bins = float(low), float(high), _BINS
    if rows.dtype.kind != "f" and high - low < _BINS:
        low, high, bins = low - 0.5, high + 0.5, int(high - low) + 1
    if low == high:
        low, high, bins = low - 0.5, high + 0.5, 1
    width = (high - low) / bins
    edges = [low + width * i for i in range(bins)] + [high]
    if not math.isfinite(width) or any(a >= b for a, b in itertools.pairwise(edges)):
        return None  # too far apart, or too near, for floats
    places = ((rows.astype(np.float64, copy=False) - low) * (bins / (high - low))).astype(np.int64)
    counts = np.bincount(np.clip(places, 0, bins - 1), minlength=bins)
    return Histogram(edges=edges, counts=counts.tolist())


def _of_numpy_times(array: Any, max_rows: int) -> ColumnStatistics:
    import numpy as np  # noqa: PLC0415

    there = array[~np.isnat(array)]
    rows, sampled = _sample(array, max_rows)
    found = ColumnStatistics(count=int(there.size), missing=int(array.size - there.size), sampled=sampled)
    if there.size:
        found.minimum, found.maximum = time_text(there.min()), time_text(there.max())
        found.distinct = _distinct(rows[~np.isnat(rows)])
    return found


def time_text(value: Any, *, utc: bool = False) -> str:
    """Return a numpy datetime64 or timedelta64 as ISO 8601, without fractions of a second that are zero."""
    import numpy as np  # noqa: PLC0415

    if isinstance(value, np.timedelta64):
        unit = np.datetime_data(value.dtype)[0]
        if unit in ("Y", "M", "generic"):
            return str(value)
        nanoseconds = int(value.astype("timedelta64[ns]").astype(np.int64))
        seconds, rest = divmod(abs(nanoseconds), 10**9)
        days, seconds = divmod(seconds, 86_400)
        fraction = f".{rest:09d}".rstrip("0").rstrip(".")
        sign = "-" if nanoseconds < 0 else ""
        return f"{sign}P{days}DT{seconds // 3600}H{seconds // 60 % 60}M{seconds % 60}{fraction}S"
    text = str(np.datetime_as_string(value))
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text}+00:00" if utc else text


def _of_arrow(values: Any, max_rows: int) -> ColumnStatistics:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    column = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
    kind, missing = column.type, column.null_count
    if isinstance(kind, pa.BaseExtensionType):  # what its storage means is not known
        return ColumnStatistics(count=len(column) - missing, missing=missing)
    if pa.types.is_null(kind):
        return ColumnStatistics(count=0, missing=len(column))
    if (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)) and column.num_chunks:
        return _of_numbers(_numbers(column.drop_null() if missing else column), max_rows, missing)
    found = ColumnStatistics(count=len(column) - missing, missing=missing)
    column = _with_kernels(column)
    rows = column
    if len(column) > max_rows:
        rows, found.sampled = _take(column, _spread(len(column), max_rows)), max_rows
    rows = rows.drop_null()
    if not found.count or pa.types.is_nested(kind):
        found.sampled = None
        return found
    if pa.types.is_dictionary(kind):
        return _of_categories(column.unify_dictionaries(), rows.unify_dictionaries(), found)
    if pa.types.is_decimal(kind):
        numbers = _of_numbers(_numbers(column.drop_null().cast(pa.float64())), max_rows, missing)
        found.mean, found.std, found.histogram = numbers.mean, numbers.std, numbers.histogram
    try:
        counted = pc.value_counts(rows)
        found.distinct = len(counted)
        found.minimum, found.maximum = _extremes(column)
    except pa.ArrowNotImplementedError:  # a type that Arrow only carries
        found.sampled = None if found.distinct is None else found.sampled
        return found
    if pa.types.is_large_string(counted.type.field("values").type):
        shown = _Found(counted.field("values").to_pylist(), counted.field("counts").to_pylist())
        found.top = shown.top()
    return found


def _numbers(column: Any) -> Any:
    """Return a column of numbers or booleans without nulls as a numpy array; of one piece without a copy.

    pyarrow's own ``to_numpy`` and ``array`` import pandas, which may take longer than all the rest.
    """
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    is_bool = pa.types.is_boolean(column.type)
    plain = column.cast(pa.uint8()) if is_bool else column
    names = {"halffloat": "f2", "float": "f4", "double": "f8"}
    dtype = np.dtype(names.get(str(plain.type), str(plain.type)))
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype, len(chunk), chunk.offset * dtype.itemsize)
        for chunk in plain.chunks
        if len(chunk)
    ]
    found = parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, dtype), *parts])
    return found.view(bool) if is_bool else found


def _with_kernels(column: Any) -> Any:
    """Return a column in a type that Arrow can compute with: texts and views of bytes as plain large ones."""
    import pyarrow as pa  # noqa: PLC0415

    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == getattr(pa, "string_view", lambda: 0)():
        return column.cast(pa.large_string())
    if kind == getattr(pa, "binary_view", lambda: 0)():
        return column.cast(pa.large_binary())
    return column


def _extremes(column: Any) -> tuple[Any, Any]:
    """Return minimum and maximum of a column as JSON values; of bytes none."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    kind = column.type
    if any(of(kind) for of in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)):
        return None, None
    lengths = pa.types.is_duration(kind)  # Arrow orders no durations, only the numbers that they are
    ends = pc.min_max(column.cast(pa.int64()) if lengths else column)
    low, high = (_cell(ends[end].cast(kind) if lengths else ends[end]) for end in ("min", "max"))
    return low, high


def _of_categories(column: Any, rows: Any, found: ColumnStatistics) -> ColumnStatistics:
    """Add what is known of a dictionary-encoded column; only ordered ones have a minimum and a maximum."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    labels = column.chunk(0).dictionary
    if column.type.ordered:
        ends = pc.min_max(pa.chunked_array([chunk.indices for chunk in column.chunks]))
        found.minimum, found.maximum = (_cell(labels[ends[end].as_py()]) for end in ("min", "max"))
    labels = rows.chunk(0).dictionary
    counted = pc.value_counts(pa.chunked_array([chunk.indices for chunk in rows.chunks]).drop_null())
    places = counted.field("values").to_pylist()
    found.distinct = len(places)
    found.top = _Found([_cell(labels[i]) for i in places], counted.field("counts").to_pylist()).top()
    return found


def _take(column: Any, places: Any) -> Any:
    """Return rows of a chunked column, chunk by chunk: taken at once, large texts would overflow their offsets."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    taken, start = [], 0
    for chunk in column.chunks:
        here = places[np.searchsorted(places, start) : np.searchsorted(places, start + len(chunk))] - start
        taken.append(chunk.take(pa.Array.from_buffers(pa.int64(), len(here), [None, pa.py_buffer(here)])))
        start += len(chunk)
    return pa.chunked_array(taken, type=column.type)


def _cell(scalar: Any) -> Any:
    """Return an Arrow scalar as a JSON value, times as ISO 8601."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    kind = scalar.type
    if not scalar.is_valid:
        return None
    if pa.types.is_timestamp(kind):
        return time_text(np.datetime64(scalar.value, kind.unit), utc=kind.tz is not None)
    if pa.types.is_duration(kind):
        return time_text(np.timedelta64(scalar.value, kind.unit))
    if pa.types.is_date(kind):
        unit: Any = "D" if pa.types.is_date32(kind) else "ms"
        return time_text(np.datetime64(scalar.value, unit))
    try:
        return safe_cell(scalar.as_py())
    except (ValueError, OverflowError):  # a time of day with nanoseconds
        return safe_cell(str(scalar))


def _text(value: Any) -> str:
    return str(safe_cell(value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


class _Found:
    """Different values with how often each is there."""

    def __init__(self, values: list[Any], counts: list[int]) -> None:
        self.values = values
        self._counts = counts

    def top(self) -> list[ValueCount]:
        """Return the most frequent ones; of equally frequent ones the smaller first."""
        pairs = sorted(zip(self.values, self._counts, strict=True), key=lambda pair: (-pair[1], str(pair[0])))
        return [ValueCount(value=safe_cell(value), count=count) for value, count in pairs[:_TOP]]
