"""Which values JSON gives back just as they were: one answer for parameters, for members and for what is stored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MAX_DEPTH = 200
"""Levels of lists and dicts."""
MAX_INTEGER_BITS = 2000
"""Larger integers can't be written as decimals when the user has set Python's limit low (640 digits at least)."""

_LIMIT = 1 << MAX_INTEGER_BITS
_SCALARS = frozenset({type(None), bool, int, float, str})
_CONTAINERS = frozenset({list, dict})
_VISITS = 100_000
"""Lists and dicts that are looked at before it is asked whether they are the same ones again and again: each time they
are written again, and a few can stand for billions."""
_MANY = 50
"""Members from which on it pays to look at all of them at once."""


def is_plain(value: Any) -> bool:
    """Tell whether JSON gives the very same value back: None, bool, numbers, texts, lists and dicts of these.

    Subclasses of these types are not plain, nor are dicts whose keys are no texts, integers of more than 2,000 bits,
    values that hold themselves, and such as are nested too deep.
    """
    kind = type(value)
    if kind in _SCALARS:
        return kind is not int or bool(value.bit_length() <= MAX_INTEGER_BITS)
    return kind in _CONTAINERS and _Walk().is_plain(value, MAX_DEPTH)


def are_scalars(values: Iterable[Any], kinds: set[type]) -> bool:
    """Tell whether all values are plain and no lists or dicts.

    Args:
        values: the values.
        kinds: their types.
    """
    return kinds <= _SCALARS and _fit(values, kinds)


def _fit(values: Iterable[Any], kinds: set[type]) -> bool:
    """Tell whether all integers among the values are small enough."""
    if int not in kinds:
        return True
    if kinds == {int}:
        return bool(min(values) > -_LIMIT and max(values) < _LIMIT)
    return all(value.bit_length() <= MAX_INTEGER_BITS for value in values if type(value) is int)


class Repeats:
    """Notices values that are small in memory and endless when written: they hold the same parts over and over."""

    def __init__(self) -> None:
        """Start without parts."""
        self._visits = 0
        self._met: set[int] = set()

    def too_many(self, value: object) -> bool:
        """Count a list, dict or the like; tell whether most of those that came lately were there before."""
        self._visits += 1
        if self._visits <= _VISITS:
            return False
        self._met.add(id(value))
        return self._visits - _VISITS > 2 * len(self._met) + _VISITS


class _Walk:
    """Looks at one value."""

    def __init__(self) -> None:
        self._repeats = Repeats()

    def is_plain(self, value: list[Any] | dict[Any, Any], depth: int) -> bool:
        """Tell whether a list or dict is plain that may have ``depth`` levels."""
        if depth == 0 or self._repeats.too_many(value):
            return False
        members: Iterable[Any] = value
        if isinstance(value, dict):
            for key in value:
                if type(key) is not str:
                    return False
            members = value.values()
        if len(value) > _MANY and (kinds := set(map(type, members))) <= _SCALARS:
            return _fit(members, kinds)
        return self._are_plain(members, depth - 1)

    def _are_plain(self, members: Iterable[Any], depth: int) -> bool:
        for member in members:
            kind = type(member)
            if kind in _CONTAINERS:
                if not self.is_plain(member, depth):
                    return False
            elif kind not in _SCALARS or (kind is int and member.bit_length() > MAX_INTEGER_BITS):
                return False
        return True
