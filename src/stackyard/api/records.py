"""Keeping the records of runs and versions in artifact stores, so that a lost catalog can be made anew."""

from __future__ import annotations

from collections.abc import Callable

from stackyard.api.context import Context
from stackyard.model.errors import StackyardError
from stackyard.storage.artifact_store import ArtifactStore
from stackyard.storage.locking import is_alive
from stackyard.storage.notices import tell


def version_record_name(version_id: str) -> str:
    """Return what the record of a version without a run is called; that of a run is called by the run's id."""
    return f"version-{version_id}"


def keep_record(store: ArtifactStore, name: str, record: Callable[[], bytes | None]) -> None:
    """Write a record, if there is one; what goes wrong is told, since what a run did counts all the same.

    Args:
        store: where.
        name: the id of a run, or ``version-<id>``.
        record: reads it from the catalog.
    """
    try:
        data = record()
        if data is not None:
            store.write_record(name, data)
    except Exception as error:  # noqa: BLE001  # also a store of somebody else's
        why = error.message if isinstance(error, StackyardError) else f"{type(error).__name__}: {error}"
        tell(f"Warning: {store.root} can't keep the record that brings a lost catalog back: {why}")


def keep_version_record(ctx: Context, store: ArtifactStore, version_id: str) -> None:
    """Write the record of a version that no run made; what goes wrong is told."""
    with ctx.catalog() as catalog:
        if catalog is not None:
            keep_record(store, version_record_name(version_id), lambda: catalog.version_record(version_id))


def refresh_record(ctx: Context, entity: str, entity_id: str) -> None:
    """Write the record that tells of a thing anew, after its tags or metadata changed.

    Stores of flavors from outside are left out, since this may be the server; ``artifact reindex`` brings those up to
    date. What goes wrong is told.
    """
    with ctx.catalog() as catalog:
        owner = catalog.record_owner(entity, entity_id) if catalog is not None else None
        if catalog is None or owner is None or is_alive(ctx.home_folder.run_lock(owner.run_id)):
            return  # the driver of a run that goes on keeps its record
        store = _own_store(ctx, owner.store_id)
        if store is None:
            return
        if owner.run_id:
            keep_record(store, owner.run_id, lambda: catalog.run_record(owner.run_id))
        else:
            name = version_record_name(owner.version_id)
            keep_record(store, name, lambda: catalog.version_record(owner.version_id))


def keep_model_record(ctx: Context, model_id: str) -> None:
    """Write what is said of a model and its versions, after it changed; where, is as for :func:`refresh_record`."""
    from stackyard.storage.catalog.model_records import record_name  # noqa: PLC0415  # seldom needed

    with ctx.catalog() as catalog:
        if catalog is None:
            return
        for store_id in catalog.model_stores(model_id):
            replace_record(ctx, store_id, record_name(model_id), lambda: catalog.model_record(model_id))


def replace_record(ctx: Context, store_id: str, name: str, record: Callable[[], bytes | None]) -> None:
    """Write a record anew, or remove that of what was deleted; in stores of our own flavors only.

    Args:
        ctx: where.
        store_id: of the artifact store.
        name: of the record.
        record: gives what is left of it; None: nothing.
    """
    store = _own_store(ctx, store_id)
    if store is None:
        return
    data = record()
    if data is not None:
        keep_record(store, name, lambda: data)
        return
    try:
        store.delete_record(name)
    except StackyardError as error:
        tell(f"Warning: {error.message}")


def _own_store(ctx: Context, store_id: str) -> ArtifactStore | None:
    from stackyard.api.artifact_status import is_foreign  # noqa: PLC0415  # who only tags opens no store
    from stackyard.api.artifacts import open_store  # noqa: PLC0415  # as above

    registry = ctx.registry.read()
    component = registry.component_by_id(store_id)
    if component is None or is_foreign(registry, component):
        return None
    try:
        return open_store(ctx, registry, component)
    except StackyardError as error:
        tell(f"Warning: {error.message}")
        return None
