"""Making the catalog anew from artifact stores, or bringing into it what only they know."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from stackyard.api.artifact_leftovers import known_ids, opened_stores
from stackyard.api.artifact_prune import NotRemoved, batches
from stackyard.api.context import Context
from stackyard.api.records import version_record_name
from stackyard.model.artifact import Manifest
from stackyard.model.basic_views import View
from stackyard.model.errors import ArtifactDamagedError, CatalogError, StackyardError
from stackyard.model.stack import StackComponent
from stackyard.storage.artifact_store import ArtifactStore
from stackyard.storage.catalog import reindexing
from stackyard.storage.catalog.connection import open_writer, transaction
from stackyard.storage.catalog.health import damage_of
from stackyard.storage.catalog.model_records import known_models, restore_models
from stackyard.storage.catalog.records import parse_record, run_record, versions_record
from stackyard.storage.catalog.reindexing import Found, Known
from stackyard.storage.catalog.versions import mark_used
from stackyard.storage.home import Home
from stackyard.storage.locking import file_lock, is_alive

if TYPE_CHECKING:
    from stackyard.storage.catalog.sql import Connection

READERS = 8


class Unreadable(View):
    """What could not be brought in."""

    uri: str
    problem: str
    hint: str = ""


class StoreIndexView(View):
    """What was found in an artifact store."""

    artifact_store: str
    versions: int = 0
    """That have a manifest there."""
    added: int = 0
    """Versions that the catalog did not know."""
    runs: int = 0
    """Runs that it did not know."""
    running: int = 0
    """Versions of runs that go on: their drivers bring them in."""
    records: int = 0
    """Runs and versions whose records were missing in the store and were written."""
    damaged: list[Unreadable] = Field(default_factory=list)
    problem: str = ""
    """Why the store could not be read."""


class ReindexView(View):
    """What became of the catalog."""

    catalog: Literal["new", "existing", "replaced"]
    moved_to: str = ""
    """Where the damaged catalog is now."""
    stores: list[StoreIndexView] = Field(default_factory=list)
    added: int = 0
    runs: int = 0


def reindex(
    ctx: Context, store: str | None = None, progress: Callable[[int], None] = lambda _count: None
) -> ReindexView:
    """Bring into the catalog what lies in the artifact stores; make a new one if there is none or it is damaged.

    What the catalog knows stays as it is. In the user's interpreter only. May be interrupted and done again.

    Args:
        ctx: where.
        store: only what lies in this one: name or id; None: in all that are registered.
        progress: is told of manifests as they are read.

    Raises:
        ComponentNotFoundError: there is no such artifact store.
        CatalogError: the catalog is damaged and runs go on, or it can't be written.
        FormatTooNewError: a newer Stackyard wrote it.
    """
    unopened: list[NotRemoved] = []
    stores = list(opened_stores(ctx, store, unopened))  # an unknown one is named before anything is made
    view = _prepare(ctx.home_folder)
    view.stores = [
        StoreIndexView(artifact_store=bad.uri, problem=f"{bad.problem} {bad.hint}".strip()) for bad in unopened
    ]
    connection = open_writer(ctx.home_folder)
    try:
        models: list[dict[str, Any]] = []
        before = known_models(connection)
        for component, opened in stores:
            found = StoreIndexView(artifact_store=component.name)
            view.stores.append(found)
            try:
                models += _Indexing(ctx, connection, component, opened, found).do(progress).models
            except StackyardError as error:
                if isinstance(error, CatalogError):
                    raise
                found.problem = f"{error.message} {error.hint}".strip()
        with transaction(connection) as sql:
            restore_models(sql, models, before)
    finally:
        connection.close()
    view.added, view.runs = sum(s.added for s in view.stores), sum(s.runs for s in view.stores)
    return view


def _prepare(home: Home) -> ReindexView:
    """Move a damaged catalog out of the way."""
    there = home.catalog_file.exists()
    home.ensure()
    with file_lock(home.catalog_lock, "catalog"):
        living = [lock.stem for lock in (home.root / "runs").glob("*.lock") if is_alive(lock)]
        damage = damage_of(home) if living else ""
        if damage:
            raise CatalogError(
                f"The catalog {home.catalog_file} is damaged ({damage}), and {len(living)} runs still write to it.",
                hint="Wait for their end, or end them; then try again.",
            )
        moved = reindexing.move_damaged(home)
    return ReindexView(catalog="replaced" if moved else "existing" if there else "new", moved_to=moved)


class _Indexing:
    """Brings in what lies in one store."""

    def __init__(
        self, ctx: Context, connection: Connection, component: StackComponent, store: ArtifactStore,
        view: StoreIndexView,
    ) -> None:  # fmt: skip
        self._ctx = ctx
        self._connection = connection
        self._component = component
        self._store = store
        self._view = view

    def do(self, progress: Callable[[int], None]) -> Known:
        """Read the store and write the catalog; return what its records say.

        Raises:
            StackyardError: the store can't be read.
            CatalogError: the catalog can't be written.
        """
        names = {name: parse_record(data) for name, data in self._store.records()}
        known = reindexing.gathered(record for record in names.values() if record is not None)
        there = known_ids(self._ctx.home_folder)
        uris = {uri.rpartition("/")[2]: uri for uri in self._store.versions()}
        self._view.versions = len(uris)
        found = self._read([uri for version_id, uri in uris.items() if version_id not in there], progress)
        self._add_runs(known)
        self._add_versions(found, known)
        self._add_lost(known, set(uris))
        with transaction(self._connection) as sql:
            mark_used(sql)
        self._write_records({name for name, record in names.items() if record is not None})
        return known

    def _read(self, uris: list[str], progress: Callable[[int], None]) -> list[Found]:
        """Return the versions that can be brought in, oldest first."""
        found: list[Found] = []
        with ThreadPoolExecutor(READERS) as pool:
            for uri, read in zip(uris, pool.map(self._manifest, uris), strict=True):
                progress(1)
                if isinstance(read, Unreadable):
                    self._view.damaged.append(read)
                elif read.id != uri.rpartition("/")[2]:
                    problem = f"The manifest at {uri} is that of another version, {read.id}."
                    self._view.damaged.append(Unreadable(uri=uri, problem=problem))
                elif read.run_id and is_alive(self._ctx.home_folder.run_lock(read.run_id)):
                    self._view.running += 1
                else:
                    found.append(Found(read, uri, read.project_id or self._ctx.scope.id))
        return sorted(found, key=lambda f: (f.manifest.created_at, f.manifest.id))

    def _manifest(self, uri: str) -> Manifest | Unreadable:
        try:
            return self._store.read_manifest(uri)
        except ArtifactDamagedError as error:
            return Unreadable(uri=uri, problem=error.message, hint=error.hint)
        except Exception as error:  # noqa: BLE001  # a store of somebody else's: the other versions count
            return Unreadable(uri=uri, problem=f"{type(error).__name__}: {error}")

    def _add_runs(self, known: Known) -> None:
        there = {row[0] for row in self._connection.execute("SELECT id FROM runs")}
        home = self._ctx.home_folder
        missing = sorted(run for run in known.runs if run not in there and not is_alive(home.run_lock(run)))
        for batch in batches(missing):
            with transaction(self._connection) as sql:
                reindexing.restore_runs(sql, known, batch)
        self._view.runs += len(missing)

    def _add_versions(self, found: list[Found], known: Known) -> None:
        numbers: dict[str, int] = {}
        by_artifact: dict[tuple[str, str], list[str]] = {}
        for version in found:
            by_artifact.setdefault((version.project_id, version.manifest.artifact_name), []).append(version.manifest.id)
        before = self._connection.execute("SELECT COUNT(*) FROM runs").fetchone()[0]
        given: dict[tuple[str, str], dict[str, int]] = {}
        for row in known.versions.values():
            given.setdefault((row["project_id"], row["artifact_name"]), {})[row["id"]] = row["version"]
        for artifact, ids in by_artifact.items():
            had = given.get(artifact, {})
            taken, last = self._numbers_of(artifact, known.artifacts.get(artifact, {}).get("last_version", 0))
            taken.update(number for version_id, number in had.items() if version_id not in ids)
            numbers.update(reindexing.numbered(ids, had, taken, last))
        for batch in batches(found):
            with transaction(self._connection) as sql:
                rest = _still_missing(sql, batch)
                reindexing.add_versions(
                    sql, rest, numbers, known, store_id=self._component.id, store=self._component.name
                )
                self._view.added += len(rest)
        with transaction(self._connection) as sql:
            reindexing.finish_artifacts(sql, known, by_artifact)
        self._view.runs += self._connection.execute("SELECT COUNT(*) FROM runs").fetchone()[0] - before

    def _numbers_of(self, artifact: tuple[str, str], last: int) -> tuple[set[int], int]:
        """Return the numbers that an artifact's versions have in the catalog, and the last one that was given."""
        row = self._connection.execute(
            "SELECT id, last_version FROM artifacts WHERE project_id = ? AND name = ?", artifact
        ).fetchone()
        if row is None:
            return set(), last
        taken = self._connection.execute("SELECT version FROM artifact_versions WHERE artifact_id = ?", (row[0],))
        return {number[0] for number in taken}, max(last, row[1])

    def _add_lost(self, known: Known, there: set[str]) -> None:
        """Add what runs list and the store does not have any more."""
        gone = [row for version_id, row in known.versions.items() if version_id not in there]
        listed = "SELECT 1 FROM step_outputs WHERE artifact_version_id = ? UNION ALL SELECT 1 FROM step_inputs WHERE "
        for batch in batches(gone):
            with transaction(self._connection) as sql:
                lost = [
                    row
                    for row in batch
                    if sql.execute(f"{listed}artifact_version_id = ?", (row["id"], row["id"])).fetchone()
                    and not sql.execute("SELECT 1 FROM artifact_versions WHERE id = ?", (row["id"],)).fetchone()
                ]
                reindexing.add_lost(sql, lost)

    def _write_records(self, there: set[str]) -> None:
        """Write the records that the store should have: of runs that were killed, or ran before there were any."""
        ids = (self._component.id,)
        finished = "SELECT id FROM runs WHERE artifact_store_id = ?"
        alone = "SELECT id FROM artifact_versions WHERE artifact_store_id = ? AND run_id = '' AND pruned = ''"
        home, sql = self._ctx.home_folder, self._connection
        missing: list[tuple[str, bytes | None]] = [
            (run_id, run_record(sql, run_id))
            for (run_id,) in sql.execute(finished, ids).fetchall()
            if run_id not in there and not is_alive(home.run_lock(run_id))
        ]
        for (version_id,) in sql.execute(alone, ids).fetchall():
            if version_record_name(version_id) not in there:
                missing.append((version_record_name(version_id), versions_record(sql, [version_id])))
        for name, record in missing:
            if record is not None:
                self._store.write_record(name, record)
                self._view.records += 1


def _still_missing(sql: Connection, found: Iterable[Found]) -> list[Found]:
    """Return those that nobody recorded meanwhile."""
    return [
        version
        for version in found
        if sql.execute("SELECT 1 FROM artifact_versions WHERE id = ?", (version.manifest.id,)).fetchone() is None
    ]
