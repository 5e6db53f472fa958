"""What the storage tells people while they wait. Whoever has a terminal listens; by default nobody does."""

from __future__ import annotations

from collections.abc import Callable

_listeners: list[Callable[[str], None]] = []


def listen(listener: Callable[[str], None]) -> None:
    """Hand every notice of this process to a function, in place of the one before.

    Args:
        listener: takes a sentence for people.
    """
    _listeners[:] = [listener]


def tell(notice: str) -> None:
    """Pass a sentence on to who listens."""
    for listener in _listeners:
        listener(notice)
