"""Following changes on disk, by whatever hand: cheap enough to ask several times a second."""

from __future__ import annotations

import os
from dataclasses import field
from pathlib import Path

from stackyard.api.context import Context
from stackyard.model.errors import StackyardError
from stackyard.model.record import Record
from stackyard.storage.catalog.connection import DatabaseError, open_reader
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.projects import FILE, choice_file

Stamp = tuple[int, int, int] | None


class Changes(Record, frozen=False):
    """What changed since the last poll."""

    entities: set[str] = field(default_factory=set)
    """``stacks``, ``active_stack``, ``runs``, ``artifacts``, ``models``, ``project``."""
    runs: set[str] = field(default_factory=set)
    """Ids of runs that changed."""

    def __bool__(self) -> bool:
        """Tell whether anything changed."""
        return bool(self.entities)


class Follower:
    """Remembers what was seen; not safe for several threads."""

    def __init__(self, ctx: Context) -> None:
        """Take what is there now as seen."""
        self._ctx = ctx
        self._stamps = self._look()
        self._reader: CatalogReader | None = None
        self._catalog_stamp: Stamp = None
        self._data_version = 0
        self._seq = 0
        self._alive: set[str] = set()
        self._poll_catalog(Changes())

    def poll(self) -> Changes:
        """Return what changed since the last call."""
        changes = Changes()
        stamps = self._look()
        for entity, stamp in stamps.items():
            if stamp != self._stamps.get(entity):
                changes.entities.add(entity.split(":")[0])
        self._stamps = stamps
        try:
            self._poll_catalog(changes)
        except (DatabaseError, StackyardError):  # busy or being replaced: look again the next time
            self.close()
        return changes

    def close(self) -> None:
        """Close the catalog."""
        if self._reader is not None:
            self._reader.close()
        self._reader, self._catalog_stamp = None, None

    def _look(self) -> dict[str, Stamp]:
        home, scope = self._ctx.home_folder, self._ctx.scope
        stamps = {
            "stacks": _stamp(home.registry_file),
            "stacks:secrets": _stamp(home.root / "secrets.json"),
            "active_stack:home": _stamp(home.active_stack_file),
            "active_stack:project": _stamp(choice_file(scope, home)),
        }
        if scope.root is not None:
            stamps["project"] = _stamp(scope.root / FILE)
        return stamps

    def _poll_catalog(self, changes: Changes) -> None:
        file = self._ctx.home_folder.catalog_file
        stamp = _stamp(file)
        identity = (stamp[0],) if stamp else None
        if identity != ((self._catalog_stamp[0],) if self._catalog_stamp else None) or (stamp and not self._reader):
            # Another file under the same name (deleted, restored): everything may be different.
            replaced = self._catalog_stamp is not None or self._reader is not None
            self.close()
            connection = open_reader(self._ctx.home_folder) if stamp else None
            if connection is not None:
                self._reader = CatalogReader(connection, self._ctx.home_folder)
                self._catalog_stamp = stamp
                self._data_version, self._seq = self._reader.data_version(), self._reader.last_change()
                self._alive = set(self._reader.unfinished_runs()) - set(self._reader.interrupted_runs())
                changes.entities |= {"runs", "artifacts", "models"}
            elif replaced:
                changes.entities |= {"runs", "artifacts", "models"}
            return
        if self._reader is None:
            return
        version = self._reader.data_version()
        if version != self._data_version:
            self._data_version = version
            self._seq, found = self._reader.changes_since(self._seq)
            for entity, entity_id in found:
                changes.entities.add(f"{entity}s")
                if entity == "run" and entity_id:
                    changes.runs.add(entity_id)
            self._alive = set(self._reader.unfinished_runs()) - set(self._reader.interrupted_runs())
        elif self._alive:
            gone = self._alive & set(self._reader.interrupted_runs())
            if gone:  # a driver was killed: nobody wrote anything, and yet the run's status is another
                self._alive -= gone
                changes.entities.add("runs")
                changes.runs |= gone


def _stamp(path: Path) -> Stamp:
    try:
        stat = os.stat(path)  # noqa: PTH116  # several times a second
    except OSError:
        return None
    return (stat.st_ino, stat.st_mtime_ns, stat.st_size)
