"""What lies in artifact stores although no row of the catalog stands for it."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator

from stackyard.api.artifact_prune import NotRemoved, PrunePlan, Rubbish
from stackyard.api.artifact_status import is_foreign
from stackyard.api.artifacts import open_store
from stackyard.api.context import Context
from stackyard.api.lookup import find_component
from stackyard.model.enums import ComponentType
from stackyard.model.errors import StackyardError
from stackyard.model.stack import StackComponent
from stackyard.storage.artifact_store import ArtifactStore
from stackyard.storage.catalog.connection import open_reader
from stackyard.storage.home import Home
from stackyard.storage.ids import moment_of
from stackyard.storage.locking import is_alive

AGE_S = 86_400.0
"""What was written in the last day may become a version yet."""


def add_leftovers(
    ctx: Context, plan: PrunePlan, store: str | None = None, *, unfinished: bool, unknown: bool
) -> PrunePlan:
    """Look into artifact stores; in the user's interpreter only.

    What was written in the last day, or since the oldest run that goes on began, is left alone. Stores that can't be
    looked into are named in the plan.

    Args:
        ctx: where.
        plan: what is found becomes part of it.
        store: only into this one: name or id; None: into all that are registered.
        unfinished: what has no manifest goes.
        unknown: versions that the catalog does not know go, too; without that they are only told of.

    Raises:
        ComponentNotFoundError: there is no such artifact store.
        CatalogError: the catalog can't be read.
    """
    known = known_ids(ctx.home_folder)
    until = min(time.time() - AGE_S, _oldest_run(ctx.home_folder))
    for _, found in opened_stores(ctx, store, plan.view.failed):
        try:
            for left in found.unfinished():
                if (
                    unfinished
                    and left.version_id not in known
                    and max(left.written_at, moment_of(left.version_id)) < until
                ):
                    plan.view.leftovers.append(left.uri)
                    plan.rubbish.append(Rubbish(found, left.uri))
            for uri in found.versions():
                version_id = uri.rpartition("/")[2]
                if version_id not in known and moment_of(version_id) < until:
                    plan.view.unknown.append(uri)
                    if unknown:
                        plan.rubbish.append(Rubbish(found, uri))
        except StackyardError as error:
            plan.view.failed.append(NotRemoved(uri=found.root, problem=error.message, hint=error.hint))
    return plan


def opened_stores(
    ctx: Context, store: str | None, failed: list[NotRemoved]
) -> Iterator[tuple[StackComponent, ArtifactStore]]:
    """Yield the registered artifact stores, or the one that is named; those that can't be opened go into ``failed``.

    Raises:
        ComponentNotFoundError: there is no such artifact store.
    """
    registry = ctx.registry.read()
    kind = ComponentType.ARTIFACT_STORE
    components = [find_component(registry, kind, store)] if store else registry.components_of(kind)
    for component in components:
        try:
            yield component, open_store(ctx, registry, component)
        except StackyardError as error:
            failed.append(NotRemoved(uri=component.name, problem=error.message, hint=error.hint))


def store_of_a_lost_catalog(ctx: Context) -> str:
    """Return the name of an artifact store that holds versions while the catalog knows none at all; empty: none does.

    Stores of flavors from outside are not asked: who looks at a list imports no packages.
    """
    with ctx.catalog() as catalog:
        if catalog is not None and catalog.count_versions():
            return ""
    registry = ctx.registry.read()
    for component in registry.components_of(ComponentType.ARTIFACT_STORE):
        if is_foreign(registry, component):
            continue
        with contextlib.suppress(StackyardError):
            if next(open_store(ctx, registry, component).versions(), None) is not None:
                return component.name
    return ""


def known_ids(home: Home) -> set[str]:
    """Return the ids of all versions that the catalog knows, of whatever project and store."""
    connection = open_reader(home)
    if connection is None:
        return set()
    try:
        return {row[0] for row in connection.execute("SELECT id FROM artifact_versions")}
    finally:
        connection.close()


def clear_downloads(home: Home, older_than_s: float = AGE_S) -> None:
    """Remove copies of files of other machines' stores that nobody used for so long."""
    limit = time.time() - older_than_s
    with contextlib.suppress(OSError):
        for folder in list(home.downloads.iterdir()):
            used = [path.stat().st_atime for path in folder.rglob("*") if path.is_file()]
            if max(used, default=0.0) < limit:
                shutil.rmtree(folder, ignore_errors=True)


def _oldest_run(home: Home) -> float:
    """Return when the first of the runs that go on began; far in the future when none does."""
    begun = [moment_of(lock.stem) for lock in (home.root / "runs").glob("*.lock") if is_alive(lock)]
    return min(begun, default=float("inf"))
