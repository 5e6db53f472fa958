"""Statistics of numbers in a list, tuple or set, without numpy, which not everybody has."""

from __future__ import annotations

import math
from collections.abc import Collection
from itertools import islice
from typing import Any

from stackyard.model.artifact import ColumnStatistics, Histogram
from stackyard.storage.materializers.base import safe_cell

_MAX_ROWS = 20_000
_BINS = 20


def number_statistics(values: Collection[Any]) -> ColumnStatistics | None:
    """Return what several numbers are like; None: they are no numbers.

    Count, missing, minimum, maximum and mean are exact; all else is of at most 20,000 evenly spread ones.
    """
    kinds = set(map(type, values)) if len(values) > 1 else set()
    if not kinds or not kinds <= {int, float}:
        return None
    numbers = values if float not in kinds else [v for v in values if v == v]  # noqa: PLR0124  # NaN is not itself
    found = ColumnStatistics(count=len(numbers), missing=len(values) - len(numbers))
    if not numbers:
        return found
    found.minimum, found.maximum = safe_cell(min(numbers)), safe_cell(max(numbers))
    step = -(-len(numbers) // _MAX_ROWS)
    rows = [*islice(numbers, 0, None, step)] if step > 1 else numbers
    found.sampled = len(rows) if step > 1 else None
    found.distinct = len(set(rows))
    found.histogram = _histogram(rows)
    try:
        found.mean = _finite(sum(numbers) / len(numbers))
        if len(rows) > 1:
            middle = sum(rows) / len(rows)
            found.std = _finite(math.sqrt(sum((v - middle) ** 2 for v in rows) / (len(rows) - 1)))
    except (OverflowError, ValueError):  # infinities, and integers beyond what a float holds
        pass
    return found


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _histogram(values: Collection[float]) -> Histogram | None:
    try:
        finite = [float(v) for v in values if math.isfinite(v)]
    except OverflowError:
        return None
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    width = (high - low) / _BINS
    if not width or not math.isfinite(width):
        return None
    counts = [0] * _BINS
    for value in finite:
        counts[min(int((value - low) / width), _BINS - 1)] += 1
    return Histogram(edges=[low + i * width for i in range(_BINS)] + [high], counts=counts)
