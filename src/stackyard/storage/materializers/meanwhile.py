"""The preview of a large value, made while its files are written."""

from __future__ import annotations

from collections.abc import Callable

from stackyard.model.artifact import Preview

_LARGE = 10_000_000


def preview_meanwhile(make: Callable[[], Preview], size_bytes: int, write: Callable[[], None]) -> Preview:
    """Write a value's files and make its preview; of a large value at once, since both mostly work outside of Python.

    Args:
        make: makes the preview.
        size_bytes: of the value.
        write: writes the files.
    """
    if size_bytes < _LARGE:
        write()
        return make()
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # only large values need it

    with ThreadPoolExecutor(1) as beside:
        preview = beside.submit(make)
        write()
        return preview.result()
