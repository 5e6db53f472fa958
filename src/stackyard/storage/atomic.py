"""Writing a file so that no reader and no crash ever sees half of it."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

TEMPORARY_SUFFIX = ".tmp"
OLD_FILE = os.O_WRONLY | getattr(os, "O_BINARY", 0)
"""How a file is opened that is there."""
NEW_FILE = OLD_FILE | os.O_CREAT | os.O_EXCL
"""How a file is opened that must not be there yet."""


def write_atomic(path: str | Path, data: bytes, *, durable: bool = True, private: bool = False) -> None:
    """Replace a file's content at once.

    Args:
        path: the file; its folder must exist.
        data: the new content.
        durable: fsync the data (and the folder where that works) before returning.
        private: let nobody but the user read it, from the first byte on.

    Raises:
        OSError: nothing was changed.
    """
    _replace(path, data, durable=durable, private=private)
    if durable:
        _sync_folder(Path(path).parent)


def write_with_copy(path: Path, copy: Path, data: bytes) -> None:
    """Replace a file's content at once and for good, then a copy's in the same folder.

    A crash of the machine or a full disk may leave the copy behind, never the file.

    Raises:
        OSError: nothing was changed.
    """
    _replace(path, data, durable=True)
    with contextlib.suppress(OSError):
        _replace(copy, data, durable=False)
    _sync_folder(path.parent)


def _replace(path: str | Path, data: bytes, *, durable: bool, private: bool = False) -> None:
    # No Path: every artifact version has such a file.
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.{os.urandom(4).hex()}{TEMPORARY_SUFFIX}")  # noqa: PTH118
    try:
        write_file(temporary, data, mode=0o600 if private else 0o666, durable=durable)
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise


def write_file(
    path: str, data: bytes, *, flags: int = NEW_FILE, mode: int = 0o666, durable: bool = False
) -> os.stat_result:
    """Write a whole file without a buffer; return what it is then.

    Args:
        path: the file.
        data: its content.
        flags: how it is opened; a new one, unless they say otherwise.
        mode: of a new one.
        durable: fsync it.

    Raises:
        OSError: it can't be opened, there is no room, or the device failed.
    """
    descriptor = os.open(path, flags, mode)
    try:
        written = os.write(descriptor, data)
        while written < len(data):  # what takes a part only says so
            written += os.write(descriptor, memoryview(data)[written:])
        if durable:
            os.fsync(descriptor)
        return os.fstat(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make a rename survive power loss where the platform can (Windows can't open folders)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_leftovers(*paths: Path, older_than_s: float = 0.0) -> None:
    """Remove the temporary files that killed writers left.

    Args:
        paths: files of one folder; only with their lock held may ``older_than_s`` be 0.
        older_than_s: spare those that a writer may still be at work on.
    """
    prefixes = tuple(f".{path.name}." for path in paths)
    with contextlib.suppress(OSError), os.scandir(paths[0].parent) as found:
        for entry in found:
            if not (entry.name.startswith(prefixes) and entry.name.endswith(TEMPORARY_SUFFIX)):
                continue
            with contextlib.suppress(OSError):
                if not older_than_s or time.time() - entry.stat().st_mtime > older_than_s:
                    os.unlink(entry.path)  # noqa: PTH108  # scandir's own path


def json_bytes(value: Any) -> bytes:
    """Return JSON as people like to read it in a file."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8", errors="surrogatepass")
