"""Whether a folder of this machine can be used: there or makeable, writable, with room, on a disk of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from stackyard.api.findings import error, warning
from stackyard.model.stack_views import FindingView
from stackyard.storage.host import network_file_system, reason_of

LEAST_FREE_BYTES = 1_000_000_000


def folder_findings(path: Path, subject: str, elsewhere: str, *, write: bool) -> Iterator[FindingView]:
    """Yield what is wrong with a folder, or may become so.

    Args:
        path: absolute; it need not exist yet. Nothing is made.
        subject: whose folder it is, for the findings.
        elsewhere: the command that chooses another folder.
        write: try to write a file, and touch network file systems, which may hang.
    """
    network = network_file_system(path)
    if network:
        message = f"{path} lies on a network file system ({network}): slow, and other machines may change it."
        yield warning("network_file_system", subject, message, elsewhere)
        if not write:
            return
    there = _existing(path)
    if not there.is_dir():
        yield error("not_a_folder", subject, f"{there} is a file, not a folder.", elsewhere)
        return
    problem = _problem(there, write=write)
    if problem:
        how = "written" if there == path else f"made in {there}"
        yield error("not_writable", subject, f"The folder {path} can't be {how}: {problem}.", elsewhere)
        return
    free = _free_bytes(there)
    if free is not None and free < LEAST_FREE_BYTES:
        message = f"The disk of {path} is nearly full: {free / 1e9:.2f} GB are free."
        yield warning("disk_nearly_full", subject, message, elsewhere)


def _existing(path: Path) -> Path:
    """Return the path, or what of it exists."""
    for candidate in (path, *path.parents):
        if os.path.exists(candidate):  # noqa: PTH110  # Path.exists raises where a folder may not be looked into
            return candidate
    return path


def _problem(folder: Path, *, write: bool) -> str:
    if not os.access(folder, os.W_OK | os.X_OK):
        return "permission denied" if os.access(folder, os.F_OK) else "it can't be looked into"
    if write:
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"stackyard")
        except OSError as error:
            return reason_of(error)
    return ""


def _free_bytes(folder: Path) -> int | None:
    """Return the room on a folder's disk; None where that is not told, or there is none (``/proc``)."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return usage.free if usage.total else None
