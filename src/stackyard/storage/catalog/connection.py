"""Opening the catalog: journal mode, busy timeout, migrations, checkpoints."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from stackyard.model.errors import CatalogError, FormatTooNewError
from stackyard.storage.catalog.schema import MIGRATIONS, VERSION
from stackyard.storage.home import Home
from stackyard.storage.host import network_file_system, reason_of
from stackyard.storage.locking import file_lock

DatabaseError = sqlite3.Error
"""What SQLite itself raises, for callers that may not know SQLite."""

BUSY_TIMEOUT_MS = 30_000
CHECKPOINT_WAL_BYTES = 16_000_000
"""Some hundred steps. SQLite itself moves the log when the last connection is closed."""


def open_writer(home: Home) -> sqlite3.Connection:
    """Open the catalog for writing; makes and migrates it when needed, safely with many processes at once.

    Raises:
        CatalogError: it can't be opened or written.
        FormatTooNewError: a newer Stackyard wrote it.
    """
    home.ensure()
    with catalog_errors(home.catalog_file):
        connection = _connect(home.catalog_file)
        try:
            if _version(connection) != VERSION:
                with file_lock(home.catalog_lock, "catalog"):
                    _prepare(connection, home)
        except BaseException:
            connection.close()
            raise
    return connection


def open_reader(home: Home) -> sqlite3.Connection | None:
    """Open the catalog for reading; None when there is none yet.

    Raises:
        CatalogError: it can't be opened.
        FormatTooNewError: a newer Stackyard wrote it.
    """
    if not home.catalog_file.exists():
        return None
    with catalog_errors(home.catalog_file):
        connection, found = _connect_reader(home)
        try:
            if found == VERSION:
                connection.execute("PRAGMA query_only=ON")
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
        if found == 0:
            return None
        if found > VERSION:
            raise _too_new(home.catalog_file, found)
        writer = open_writer(home)
        writer.execute("PRAGMA query_only=ON")
        return writer


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Do several writes at once, or none of them; within another transaction, as a part of that one.

    Raises:
        CatalogError: SQLite refused (a full disk, a damaged file).
    """
    if connection.in_transaction:
        yield connection
        return
    with catalog_errors(None):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@contextlib.contextmanager
def writing(home: Home) -> Iterator[sqlite3.Connection]:
    """Open the catalog for one transaction: all of it, or nothing.

    Raises:
        CatalogError: it can't be opened or written.
        FormatTooNewError: a newer Stackyard wrote it.
    """
    connection = open_writer(home)
    try:
        with transaction(connection) as sql:
            yield sql
    finally:
        connection.close()


def checkpoint(connection: sqlite3.Connection, home: Home) -> None:
    """Move the write-ahead log into the file when it has grown, one process at a time; never waits for others."""
    wal = home.catalog_file.with_name(home.catalog_file.name + "-wal")
    with contextlib.suppress(OSError, sqlite3.Error, CatalogError):
        if wal.stat().st_size < CHECKPOINT_WAL_BYTES:
            return
        with file_lock(home.catalog_lock, "catalog", timeout_s=5):
            # TRUNCATE, so that the next run does not find a large log again; readers are not waited for.
            connection.execute("PRAGMA busy_timeout=0")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _connect(path: Path, *, read_only_disk: bool = False) -> sqlite3.Connection:
    name = f"{path.as_uri()}?immutable=1" if read_only_disk else str(path)
    connection = sqlite3.connect(
        name, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000, check_same_thread=False, uri=read_only_disk
    )
    connection.row_factory = sqlite3.Row
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    return connection


def _connect_reader(home: Home) -> tuple[sqlite3.Connection, int]:
    """Return a connection and the catalog's version; on a read-only disk SQLite must be told that nobody writes."""
    try:
        return _opened(home, read_only_disk=False)
    except sqlite3.OperationalError:
        if os.access(home.root, os.W_OK):
            raise
    return _opened(home, read_only_disk=True)


def _opened(home: Home, *, read_only_disk: bool) -> tuple[sqlite3.Connection, int]:
    connection = _connect(home.catalog_file, read_only_disk=read_only_disk)
    try:
        return connection, _version(connection)
    except BaseException:
        connection.close()
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _prepare(connection: sqlite3.Connection, home: Home) -> None:
    """Make or migrate the catalog; the caller holds the catalog's lock."""
    found = _version(connection)
    if found > VERSION:
        raise _too_new(home.catalog_file, found)
    if found == VERSION:
        return
    mode = "DELETE" if network_file_system(home.root) else "WAL"
    connection.execute(f"PRAGMA journal_mode={mode}")
    if found:
        _keep_copy(connection, home, found)
    for number in range(found + 1, VERSION + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in MIGRATIONS[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={number}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _keep_copy(connection: sqlite3.Connection, home: Home, version: int) -> None:
    copy = sqlite3.connect(str(home.root / f"catalog.v{version}.db"))
    try:
        connection.backup(copy)
    finally:
        copy.close()


def _too_new(path: Path, found: int) -> FormatTooNewError:
    return FormatTooNewError(
        f"The catalog {path} has version {found}; this Stackyard reads up to {VERSION}. It was left untouched.",
        hint="Upgrade Stackyard in this environment.",
    )


@contextlib.contextmanager
def catalog_errors(path: Path | None) -> Iterator[None]:
    """Turn what SQLite and the disk raise into errors that say what to do; ``path``: of the catalog.

    Raises:
        CatalogError: the catalog can't be used; ``details["damaged"]`` when SQLite can't make sense of it.
    """
    where = f"The catalog {path}" if path else "The catalog"
    try:
        yield
    except sqlite3.DatabaseError as error:
        if "malformed" in str(error) or "not a database" in str(error):
            hint = "Rebuild it from the artifact stores with: stackyard artifact reindex"
            raise CatalogError(f"{where} is damaged: {error}.", hint=hint, damaged=True) from error
        hint = "Check that the disk has room and the folder can be written."
        raise CatalogError(f"{where} can't be used: {error}.", hint=hint) from error
    except OSError as error:
        raise CatalogError(f"{where} can't be used: {reason_of(error)}.") from error
