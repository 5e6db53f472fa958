"""Looking at the catalog as a whole: whether SQLite finds it in order, and what killed processes left of it."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

from stackyard.model.errors import CatalogError
from stackyard.model.record import Record
from stackyard.storage.catalog.connection import catalog_errors, checkpoint, open_reader, open_writer
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.catalog.runs import mark_interrupted
from stackyard.storage.home import Home

_STEPS_BETWEEN_LOOKS = 10_000
_LONG_CHECK_S = 60.0
_ALL = 1_000_000_000
_NO_PROBLEM = "NULL value in tags."
"""What SQLite before 3.41 says of each row of a table WITHOUT ROWID whose key does not come first."""


class CatalogHealth(Record):
    """How the catalog is."""

    problem: str = ""
    """What SQLite finds wrong with it; empty when nothing."""
    complete: bool = True
    """False when the time was up before everything was looked at."""
    wal_bytes: int = 0
    """Size of the write-ahead log."""
    interrupted: tuple[str, ...] = ()
    """Names of the runs that are marked as unfinished although their drivers are gone."""


def catalog_health(home: Home, limit_s: float) -> CatalogHealth | None:
    """Look at the catalog; None when there is none yet.

    Args:
        home: whose.
        limit_s: how long SQLite may check; a large catalog is checked in part.

    Raises:
        CatalogError: it can't be opened or read.
        FormatTooNewError: a newer Stackyard wrote it.
    """
    connection = open_reader(home)
    if connection is None:
        return None
    reader = CatalogReader(connection, home)
    try:
        problem, complete = _quick_check(connection, limit_s)
        if problem:
            return CatalogHealth(problem, complete)
        wal = home.catalog_file.with_name(home.catalog_file.name + "-wal")
        names = tuple(run.name for run_id in reader.interrupted_runs() for run in reader.find_runs(run_id, None))
        return CatalogHealth("", complete, _size(wal), names)
    except sqlite3.Error as error:
        raise CatalogError(f"The catalog {home.catalog_file} can't be read: {error}.") from error
    finally:
        reader.close()


def damage_of(home: Home) -> str:
    """Return what makes a catalog one that SQLite can't make sense of; empty when there is none, or nothing.

    Raises:
        CatalogError: it can't be opened for another reason.
        FormatTooNewError: a newer Stackyard wrote it.
    """
    try:
        connection = open_reader(home)
        if connection is None:
            return ""
        with contextlib.closing(connection), catalog_errors(home.catalog_file):
            return _quick_check(connection, _LONG_CHECK_S)[0]
    except CatalogError as error:
        if error.details.get("damaged"):
            return error.message
        raise


def record_interrupted(home: Home) -> None:
    """Record which drivers are gone, and shorten the write-ahead log.

    Raises:
        CatalogError: the catalog can't be opened or written.
    """
    connection = open_writer(home)
    try:
        gone = CatalogReader(connection, home).interrupted_runs()
        if gone:
            mark_interrupted(home, gone)
        checkpoint(connection, home)
    finally:
        connection.close()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # none, or checkpointed away this moment
        return 0


def _quick_check(connection: sqlite3.Connection, limit_s: float) -> tuple[str, bool]:
    """Return what is wrong, and whether everything was looked at."""
    end = time.monotonic() + limit_s
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS_BETWEEN_LOOKS)
    try:
        rows = (str(row[0]) for row in connection.execute(f"PRAGMA quick_check({_ALL})"))
        first = next((text for text in rows if not text.startswith(_NO_PROBLEM)), "ok")
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            return "", False
        raise
    finally:
        connection.set_progress_handler(None, 0)
    return ("" if first == "ok" else " ".join(first.split())), True
