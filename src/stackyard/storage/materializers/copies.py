"""Local copies of stored files, for steps that are given a path: theirs to change, gone when the step is over."""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_scopes: list[list[Path]] = []
"""Folders of the steps that run in this process, the innermost last."""


@contextlib.contextmanager
def local_copies() -> Iterator[None]:
    """Remove the copies that are made meanwhile when it is over."""
    made: list[Path] = []
    _scopes.append(made)
    try:
        yield
    finally:
        _scopes.remove(made)
        for folder in made:
            _remove(folder, os.getpid())


def copy_folder() -> Path:
    """Return a new folder for copies. Outside of steps it is there until the process ends."""
    import tempfile  # noqa: PLC0415  # few steps need copies

    folder = Path(tempfile.mkdtemp(prefix="stackyard-"))
    if _scopes:
        _scopes[-1].append(folder)
    else:
        atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    """Remove a folder, unless this process is only a fork of the one that made it."""
    if os.getpid() == owner:
        import shutil  # noqa: PLC0415  # as above

        shutil.rmtree(folder, ignore_errors=True)
