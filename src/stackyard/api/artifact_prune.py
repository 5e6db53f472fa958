"""Removing artifact versions that nobody needs: what would go, and letting it go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from typing import TypeVar

from pydantic import Field

from stackyard.api.artifacts import Located, artifact_id, store_of
from stackyard.api.components import get_component
from stackyard.api.context import Context
from stackyard.model.basic_views import View
from stackyard.model.enums import ComponentType
from stackyard.model.errors import StackyardError
from stackyard.model.record import Record
from stackyard.storage.artifact_store import ArtifactStore
from stackyard.storage.catalog import pruning
from stackyard.storage.catalog.connection import open_reader, open_writer, transaction
from stackyard.storage.catalog.pruning import Criteria, Judged
from stackyard.storage.catalog.stored import StoredVersion, Wanted

BATCH = 200
REMOVERS = 8
T = TypeVar("T")


class PrunedArtifact(View):
    """What goes of an artifact."""

    name: str
    project_id: str
    versions: int = 0
    size_bytes: int = 0
    oldest: str = ""
    newest: str = ""
    """When the oldest and the newest of them were made."""


class PrunedVersion(View):
    """A version that goes."""

    id: str
    name: str
    version: int
    project_id: str
    uri: str
    size_bytes: int
    created_at: str
    listed_by_runs: bool = False
    """Its row stays, marked as pruned."""


class NotRemoved(View):
    """What could not be removed, or looked at."""

    uri: str
    problem: str
    hint: str = ""


class PruneView(View):
    """What goes, or went."""

    done: bool = False
    versions: int = 0
    size_bytes: int = 0
    artifacts: list[PrunedArtifact] = Field(default_factory=list)
    """By name."""
    items: list[PrunedVersion] = Field(default_factory=list)
    """Oldest first."""
    stay: dict[str, int] = Field(default_factory=dict)
    """Why versions that are old or many enough stay, and how many: ``model``, ``tag``, ``running``, ``run``."""
    left_before: int = 0
    """Of the versions, those of a prune that was killed."""
    leftovers: list[str] = Field(default_factory=list)
    """URIs of what lies in stores without a manifest."""
    unknown: list[str] = Field(default_factory=list)
    """URIs of versions that the catalog does not know."""
    failed: list[NotRemoved] = Field(default_factory=list)


class Rubbish(Record):
    """Something in a store that no catalog row stands for."""

    store: ArtifactStore
    uri: str


class PrunePlan(Record, frozen=False):
    """What would go."""

    criteria: Criteria
    versions: list[StoredVersion] = field(default_factory=list)
    rubbish: list[Rubbish] = field(default_factory=list)
    view: PruneView = field(default_factory=PruneView)


def plan_prune(
    ctx: Context, artifact: str | None = None, *, before: str = "", keep: int | None = None, from_runs: bool = False,
    store: str | None = None, all_projects: bool = False,
) -> PrunePlan:  # fmt: skip
    """Return which versions would go: those that all of the criteria name and nothing needs.

    Args:
        ctx: where.
        artifact: only versions of this artifact.
        before: only versions made before this moment, UTC ISO 8601.
        keep: not the newest so many of each artifact in each store.
        from_runs: also what runs list, unless they go on or have the tag ``keep``.
        store: only what lies in this artifact store: name or id.
        all_projects: not only the project's.

    Raises:
        ArtifactNotFoundError: the project has no artifact of that name.
        ComponentNotFoundError: there is no such artifact store.
    """
    if artifact is not None:
        artifact_id(ctx, artifact)
    store_id = get_component(ctx, ComponentType.ARTIFACT_STORE, store).id if store else ""
    wanted = Wanted(None if all_projects else ctx.scope.id, artifact or "", store_id)
    plan = PrunePlan(Criteria(wanted, before, keep, from_runs))
    connection = open_reader(ctx.home_folder)
    if connection is None:
        return plan
    try:
        for judged in pruning.judge(connection, plan.criteria):
            if judged.reason:
                plan.view.stay[judged.reason] = plan.view.stay.get(judged.reason, 0) + 1
            else:
                plan.versions.append(judged.version)
                plan.view.items.append(_item(judged))
                plan.view.left_before += judged.going
    finally:
        connection.close()
    _summed(plan.view)
    return plan


def prune(
    ctx: Context, plan: PrunePlan, progress: Callable[[int], None] = lambda _count: None, *, keep_files: bool = False
) -> PruneView:
    """Let go what a plan names and still nothing needs; in the user's interpreter only.

    Whoever is killed in between leaves nothing but what was announced; the next prune goes on with it.

    Args:
        ctx: where.
        plan: from :func:`plan_prune`.
        progress: is told of versions and leftovers as they go.
        keep_files: only the catalog forgets the versions.

    Raises:
        CatalogError: the catalog can't be written.
    """
    gone: set[str] = set()
    failed: list[NotRemoved] = []
    removers = _Removers(ctx)
    if plan.versions:
        connection = open_writer(ctx.home_folder)
        try:
            for batch in batches(plan.versions):
                with transaction(connection) as sql:
                    going = pruning.announce(sql, plan.criteria, [v.id for v in batch])
                problems = {} if keep_files else removers.remove_versions(going)
                rest = [v for v in going if v.id not in problems]
                with transaction(connection) as sql:
                    pruning.forget(sql, rest)
                failed += problems.values()
                gone.update(v.id for v in rest)
                progress(len(batch))
        finally:
            connection.close()
    for rubbish in batches(plan.rubbish):
        failed += removers.remove_rubbish(rubbish)
        progress(len(rubbish))
    return _told(plan, gone, failed)


class _Removers:
    """Opens stores, each once, and removes from them several versions at a time."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._stores: dict[str, ArtifactStore | StackyardError] = {}

    def remove_versions(self, versions: Sequence[StoredVersion]) -> dict[str, NotRemoved]:
        """Remove the files of versions; return what went wrong, by id."""
        problems = self._remove([(self._store(version), version.uri) for version in versions])
        return {v.id: problems[v.uri] for v in versions if v.uri in problems}

    def remove_rubbish(self, rubbish: Sequence[Rubbish]) -> list[NotRemoved]:
        """Remove what no row stands for; return what went wrong."""
        return list(self._remove([(r.store, r.uri) for r in rubbish]).values())

    def _remove(self, places: list[tuple[ArtifactStore | StackyardError, str]]) -> dict[str, NotRemoved]:
        with ThreadPoolExecutor(REMOVERS) as pool:
            found = pool.map(_remove_some, [places[start::REMOVERS] for start in range(REMOVERS)])
            return {problem.uri: problem for part in found for problem in part}

    def _store(self, version: Located) -> ArtifactStore | StackyardError:
        known = version.artifact_store_id
        if known not in self._stores:
            try:
                self._stores[known] = store_of(self._ctx, version)
            except StackyardError as error:
                self._stores[known] = error
        return self._stores[known]


def _remove_some(places: list[tuple[ArtifactStore | StackyardError, str]]) -> list[NotRemoved]:
    found = (_remove(store, uri) for store, uri in places)
    return [problem for problem in found if problem is not None]


def _remove(store: ArtifactStore | StackyardError, uri: str) -> NotRemoved | None:
    if isinstance(store, StackyardError):
        return NotRemoved(uri=uri, problem=store.message, hint=store.hint)
    try:
        store.discard(uri)
    except StackyardError as error:
        return NotRemoved(uri=uri, problem=error.message, hint=error.hint)
    except Exception as error:  # noqa: BLE001  # a store of somebody else's
        return NotRemoved(uri=uri, problem=f"{type(error).__name__}: {error}")
    return None


def _item(judged: Judged) -> PrunedVersion:
    version = judged.version
    return PrunedVersion(
        id=version.id, name=version.name, version=version.version, project_id=version.project_id, uri=version.uri,
        size_bytes=version.size_bytes, created_at=judged.created_at, listed_by_runs=judged.listed,
    )  # fmt: skip


def _summed(view: PruneView) -> PruneView:
    """Count what goes."""
    found: dict[tuple[str, str], PrunedArtifact] = {}
    for item in view.items:
        of = found.setdefault((item.name, item.project_id), PrunedArtifact(name=item.name, project_id=item.project_id))
        of.versions += 1
        of.size_bytes += item.size_bytes
        of.oldest = min(of.oldest or item.created_at, item.created_at)
        of.newest = max(of.newest, item.created_at)
    view.artifacts = [found[key] for key in sorted(found)]
    view.versions, view.size_bytes = len(view.items), sum(item.size_bytes for item in view.items)
    return view


def _told(plan: PrunePlan, gone: set[str], failed: list[NotRemoved]) -> PruneView:
    """Return what became of a plan."""
    left = {problem.uri for problem in failed}
    before = plan.view
    view = before.model_copy(
        update={
            "done": True,
            "items": [item for item in before.items if item.id in gone],
            "leftovers": [uri for uri in before.leftovers if uri not in left],
            "unknown": [uri for uri in before.unknown if uri not in left],
            "failed": [*before.failed, *failed],
        }
    )
    return _summed(view)


def batches(things: Sequence[T]) -> Iterator[Sequence[T]]:
    """Return portions of one transaction each: runs that go on wait for milliseconds."""
    return (things[start : start + BATCH] for start in range(0, len(things), BATCH))
