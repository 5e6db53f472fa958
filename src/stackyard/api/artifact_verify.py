"""Reading every byte of stored artifact versions, to find what is not what was written."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Literal

from pydantic import Field

from stackyard.api.artifacts import find_version, store_of
from stackyard.api.components import get_component
from stackyard.api.context import Context
from stackyard.model.basic_views import View
from stackyard.model.digest import canonical_json
from stackyard.model.enums import ComponentType
from stackyard.model.errors import ArtifactDamagedError, CatalogError, StackyardError
from stackyard.storage.artifact_store import ArtifactStore
from stackyard.storage.catalog.connection import open_reader, writing
from stackyard.storage.catalog.stored import StoredVersion, Wanted, stored_versions
from stackyard.storage.catalog.versions import known_damage, record_damage
from stackyard.storage.notices import tell

READERS = min(8, 2 * (os.cpu_count() or 1))
"""Versions that are read at once: while one waits for a disk or a network, another is hashed."""


class DamageView(View):
    """An artifact version that is not what was written."""

    id: str
    name: str
    version: int
    project_id: str
    artifact_store: str
    uri: str
    status: Literal["missing", "damaged", "unchecked"]
    """``missing``: it has no manifest; ``damaged``: anything else; ``unchecked``: its store can't be read."""
    problem: str
    hint: str = ""


class VerifyView(View):
    """What reading every byte found."""

    checked: int = 0
    total: int = 0
    """Versions that were to be checked."""
    read_bytes: int = 0
    complete: bool = True
    """False: it was interrupted."""
    damaged: list[DamageView] = Field(default_factory=list)
    """Oldest version first."""


def wanted_versions(
    ctx: Context, name: str | None = None, version: int | None = None, *, store: str | None = None,
    all_projects: bool = False,
) -> list[StoredVersion]:  # fmt: skip
    """Return the versions that are meant, oldest first, without those that were pruned.

    Args:
        ctx: where.
        name: only those of this artifact, or the one with this id; None: all.
        version: only that with this number.
        store: only those in this artifact store: name or id.
        all_projects: not only the project's.

    Raises:
        ArtifactNotFoundError: there is no such artifact or version.
        ComponentNotFoundError: there is no such artifact store.
    """
    store_id = get_component(ctx, ComponentType.ARTIFACT_STORE, store).id if store else ""
    wanted = Wanted(None if all_projects else ctx.scope.id, store_id=store_id)
    if name:
        found = find_version(ctx, name, version)
        by_name = found.name == name
        wanted = wanted._replace(
            project_id=found.project_id, artifact=found.name, number=version,
            version_id="" if by_name and version is None else found.id,
        )  # fmt: skip
    return _listed(ctx, wanted)


def verify(
    ctx: Context, versions: Sequence[StoredVersion], progress: Callable[[int], None] = lambda _size: None
) -> VerifyView:
    """Read every byte of artifact versions; in the user's interpreter only.

    The catalog keeps what was found, so that lists and the cache know it. A KeyboardInterrupt ends it early; what was
    found so far is returned.

    Args:
        ctx: where.
        versions: which.
        progress: is told of the bytes read, in several threads.
    """
    work = _Work(ctx, progress)
    report = VerifyView(total=len(versions))
    with ThreadPoolExecutor(READERS) as pool:
        pending: set[Future[DamageView | None]] = set()
        try:
            for version in versions:
                pending.add(pool.submit(work.check, version))
                if len(pending) >= 4 * READERS:
                    _take(pending, report, "FIRST_COMPLETED")
            _take(pending, report, "ALL_COMPLETED")
        except KeyboardInterrupt:
            work.stopped.set()
            report.complete = False
            _take({f for f in pending if not f.cancel()}, report, "ALL_COMPLETED")
    report.read_bytes = work.read_bytes
    still_there = {v.id for v in versions} if not report.damaged else {v.id for v in _listed(ctx, Wanted())}
    report.damaged = sorted((d for d in report.damaged if d.id in still_there), key=lambda d: d.id)
    _remember(ctx, work.sound, report.damaged)
    return report


def _remember(ctx: Context, sound: Sequence[str], damaged: Sequence[DamageView]) -> None:
    """Record what was found, as far as the catalog does not know it; that it can't be written is told."""
    found = dict.fromkeys(sound, "")
    for damage in damaged:
        if damage.status != "unchecked":
            found[damage.id] = canonical_json(
                {"status": damage.status, "problem": f"{damage.problem} {damage.hint}".strip()}
            )
    try:
        reader = open_reader(ctx.home_folder)
        if reader is None:
            return
        with contextlib.closing(reader):
            known = known_damage(reader)
        new = {version_id: what for version_id, what in found.items() if known.get(version_id, "") != what}
        if new:
            with writing(ctx.home_folder) as sql:
                record_damage(sql, new)
    except CatalogError as error:
        tell(f"Warning: lists can't tell what was found: {error.message}")


class _StoppedError(Exception):
    """The user has seen enough."""


class _Work:
    """What the threads share."""

    def __init__(self, ctx: Context, progress: Callable[[int], None]) -> None:
        self.stopped = threading.Event()
        self.read_bytes = 0
        self._ctx = ctx
        self._progress = progress
        self._lock = threading.Lock()
        self._stores: dict[str, ArtifactStore] = {}
        self.sound: list[str] = []
        """Versions that are what was written."""

    def check(self, version: StoredVersion) -> DamageView | None:
        """Return what is wrong with a version.

        Raises:
            _StoppedError: it was not read to its end.
        """
        status: Literal["missing", "damaged", "unchecked"] = "unchecked"
        try:
            self._count(0)
            self._store(version).verify(version.uri, every_byte=True, progress=self._count)
        except ArtifactDamagedError as error:
            status, problem, hint = "damaged", error.message, error.hint
            if error.details.get("missing") and not self._store(version).exists(version.uri):
                status = "missing"
        except StackyardError as error:
            problem, hint = error.message, error.hint
        except _StoppedError:
            raise
        except Exception as error:  # noqa: BLE001  # a store of somebody else's
            problem, hint = f"{type(error).__name__}: {error}", "Check that its artifact store can be read from here."
        else:
            self.sound.append(version.id)
            return None
        facts = version._asdict()
        return DamageView(
            **{name: facts[name] for name in ("id", "name", "version", "project_id", "artifact_store", "uri")},
            status=status, problem=problem, hint=hint,
        )  # fmt: skip

    def _store(self, version: StoredVersion) -> ArtifactStore:
        with self._lock:
            if version.artifact_store_id not in self._stores:
                self._stores[version.artifact_store_id] = store_of(self._ctx, version)
            return self._stores[version.artifact_store_id]

    def _count(self, size: int) -> None:
        if self.stopped.is_set():
            raise _StoppedError
        with self._lock:
            self.read_bytes += size
        self._progress(size)


def _take(
    pending: set[Future[DamageView | None]], report: VerifyView, until: Literal["FIRST_COMPLETED", "ALL_COMPLETED"]
) -> None:
    """Put what is done into the report."""
    for future in wait(pending, return_when=until).done:
        pending.discard(future)
        if isinstance(future.exception(), _StoppedError):
            continue
        report.checked += 1
        damage = future.result()
        if damage is not None:
            report.damaged.append(damage)


def _listed(ctx: Context, wanted: Wanted) -> list[StoredVersion]:
    connection = open_reader(ctx.home_folder)
    if connection is None:
        return []
    try:
        return list(stored_versions(connection, wanted))
    finally:
        connection.close()
