"""Artifacts: list, versions, one version with its preview; loading values in user code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from stackyard.api.artifact_status import PRUNED, fill_in, forgive_foreign, local_store, set_problem
from stackyard.api.components import component_spec
from stackyard.api.context import Context
from stackyard.api.tags import check_tags
from stackyard.model.artifact import Manifest
from stackyard.model.errors import (
    ArtifactDamagedError,
    ArtifactNotFoundError,
    ComponentNotFoundError,
    InUseError,
    StackyardError,
    UsageError,
)
from stackyard.model.names import check_name, did_you_mean
from stackyard.model.secret import references_in
from stackyard.model.stack import Registry, StackComponent
from stackyard.model.views import ArtifactFileView, ArtifactVersionView, ArtifactView, Page
from stackyard.storage.artifact_store import ArtifactStore

MAX_PAGE = 1000
MIN_PREFIX = 8


def list_artifacts(
    ctx: Context, artifact_store_id: str | None = None, *, limit: int = 50, cursor: str | None = None,
    all_projects: bool = False, tags: Sequence[str] = (), name: str = "",
) -> Page[ArtifactView]:  # fmt: skip
    """Return a page of the project's artifacts by name; one entry for each artifact store that holds versions.

    ``tags``: only artifacts that have all of these; ``name``: only those whose names contain this.
    """
    with ctx.catalog() as catalog:
        if catalog is None:
            return Page[ArtifactView](items=[], total=0)
        project_id = None if all_projects else ctx.scope.id
        return catalog.list_artifacts(
            project_id, artifact_store_id, limit=page_size(limit), cursor=cursor, tags=tags, name=name
        )


def list_versions(
    ctx: Context, name: str, artifact_store_id: str | None = None, *, limit: int = 50, cursor: str | None = None,
    tags: Sequence[str] = (),
) -> Page[ArtifactVersionView]:  # fmt: skip
    """Return a page of an artifact's versions, newest first; ``tags``: only those that have all of these.

    Raises:
        ArtifactNotFoundError: the project has no artifact of that name.
    """
    with ctx.catalog() as catalog:
        if catalog is not None:
            page = catalog.list_versions(
                ctx.scope.id, name, artifact_store_id, limit=page_size(limit), cursor=cursor, tags=tags
            )
            if page.total or (tags and catalog.artifact_id(ctx.scope.id, name)):
                fill_in(ctx, page.items)
                return page
            raise _unknown(name, catalog.artifact_names(ctx.scope.id))
    raise _unknown(name, [])


def get_version(
    ctx: Context, name_or_id: str, version: int | None = None, *, open_store: bool = False, all_projects: bool = False
) -> ArtifactVersionView:
    """Return an artifact version with its preview and files.

    Args:
        ctx: where.
        name_or_id: an artifact's name, or an id (prefix) of a version.
        version: number; None means the newest.
        open_store: ask stores of flavors from outside as well, which imports their packages: never in the server.
            Otherwise such a version is shown without preview and files.
        all_projects: an artifact of another project, too, if this one has none of that name.

    Raises:
        ArtifactNotFoundError: no such artifact or version.
        UsageError: the prefix means several, or several other projects have such an artifact.
    """
    found = find_version(ctx, name_or_id, version, all_projects=all_projects)
    return _with_preview(ctx, found, open_store=open_store)


def find_version(
    ctx: Context, name_or_id: str, version: int | None = None, *, all_projects: bool = False
) -> ArtifactVersionView:
    """Return an artifact version as the catalog knows it, without looking into its store.

    Arguments and errors as for :func:`get_version`.
    """
    with ctx.catalog() as catalog:
        if catalog is None:
            raise _unknown(name_or_id, [])
        by_id = catalog.versions_by_id(name_or_id) if len(name_or_id) >= MIN_PREFIX and version is None else []
        if len(by_id) > 1:
            raise UsageError(f"{name_or_id!r} is the beginning of several version ids.", hint="Write more of it.")
        if by_id:
            return by_id[0]
        project = ctx.scope.id
        if all_projects:
            project = _only_project(catalog.projects_with(name_or_id), project, name_or_id)
        page = catalog.list_versions(project, name_or_id, None, limit=1, cursor=None, number=version)
        if page.items:
            return page.items[0]
        newest = catalog.list_versions(project, name_or_id, None, limit=8, cursor=None)
        if not newest.items:
            raise _unknown(name_or_id, catalog.artifact_names(ctx.scope.id))
    numbers = ", ".join(str(v.version) for v in newest.items)
    raise ArtifactNotFoundError(
        f"The artifact {name_or_id!r} has no version {version}.", hint=f"Newest versions: {numbers}."
    )


def _only_project(having: Sequence[str], own: str, name: str) -> str:
    """Return the project that is meant by an artifact's name: one's own, or the only one that has it."""
    if own in having or not having:
        return own
    if len(having) > 1:
        raise UsageError(
            f"{len(having)} projects have an artifact {name!r}.",
            hint=f"Take the id of a version: stackyard artifact versions {name} --all-projects --columns project_id,id",
        )
    return having[0]


def artifact_id(ctx: Context, name: str) -> str:
    """Return what tags of an artifact are kept under.

    Raises:
        ArtifactNotFoundError: the project has no artifact of that name.
    """
    with ctx.catalog() as catalog:
        found = catalog.artifact_id(ctx.scope.id, name) if catalog else None
        if found is None:
            raise _unknown(name, catalog.artifact_names(ctx.scope.id) if catalog else [])
        return found


def search_versions(
    ctx: Context, *, limit: int = 50, cursor: str | None = None, tags: Sequence[str] = (), name: str = "",
    artifact: str = "", run_id: str = "", model_version_id: str = "", only_unused: bool = False,
    all_projects: bool = False,
) -> Page[ArtifactVersionView]:  # fmt: skip
    """Return a page of the versions of any artifacts, newest first.

    Args:
        ctx: where.
        limit: versions at most.
        cursor: of the page.
        tags: only versions that have all of these.
        name: only versions of artifacts whose names contain this.
        artifact: only versions of this artifact.
        run_id: only versions that this run made.
        model_version_id: only versions that are part of this model version.
        only_unused: only versions that no run and no model version has.
        all_projects: not only the project's.
    """
    with ctx.catalog() as catalog:
        if catalog is None:
            return Page[ArtifactVersionView](items=[], total=0)
        page = catalog.search_versions(
            None if all_projects else ctx.scope.id, limit=page_size(limit), cursor=cursor, tags=tags, name=name,
            artifact=artifact, run_id=run_id, model_version_id=model_version_id, only_unused=only_unused,
        )  # fmt: skip
        fill_in(ctx, page.items)
        return page


def record_version(
    ctx: Context, manifest: Manifest, *, store_id: str, store: str, save_type: str, tags: Sequence[str] = (),
    step_run_id: str = "", model_version_id: str = "", artifact_type: str = "",
) -> ArtifactVersionView:  # fmt: skip
    """Record an artifact version that is no step's output, and return it.

    Args:
        ctx: where.
        manifest: what was stored.
        store_id: id of the artifact store.
        store: its name.
        save_type: ``manual``, ``preexisting`` or ``external``.
        tags: of the version.
        step_run_id: the step that saved it; empty for none.
        model_version_id: the model version that it becomes part of.
        artifact_type: what it is for the model: ``model``, ``data``, ``deployment`` or empty.

    Raises:
        InvalidNameError: the artifact, or a tag, can't be called so.
        CatalogError: the catalog can't be written.
    """
    from stackyard.storage.catalog.writer import RunWriter  # noqa: PLC0415  # only saving writes

    check_name(manifest.artifact_name, "artifact")
    words = check_tags(tags)
    writer = RunWriter(ctx.home_folder, ctx.scope)
    try:
        writer.record_artifact(
            manifest, save_type=save_type, step_run_id=step_run_id, tags=words, store_id=store_id, store=store,
            model_version_id=model_version_id, artifact_type=artifact_type,
        )  # fmt: skip
    finally:
        writer.close()
    return find_version(ctx, manifest.id)


def delete_version(ctx: Context, version: ArtifactVersionView, *, data: bool = False) -> None:
    """Delete an artifact version that nothing uses.

    Args:
        ctx: where.
        version: which.
        data: its files, too; in the user's interpreter only, since that opens its artifact store.

    Raises:
        InUseError: runs or model versions have it.
        ComponentNotFoundError: its artifact store is not registered any more, and ``data`` was asked for.
    """
    from stackyard.storage.catalog import versions  # noqa: PLC0415  # sqlite3 is not on every path
    from stackyard.storage.catalog.connection import writing  # noqa: PLC0415

    store = store_of(ctx, version) if data else None
    with writing(ctx.home_folder) as sql:
        users = versions.users_of(sql, version.id)
        if users:
            raise InUseError(
                f"Version {version.version} of the artifact {version.name!r} is used by {', '.join(users)}.",
                hint="Delete those first: stackyard run delete, stackyard model version delete",
            )
        versions.delete_version(sql, version.id, version.artifact_store_id)
    if store is not None:
        store.discard(version.uri)


class Located(Protocol):
    """Whatever tells where an artifact version lies."""

    @property
    def name(self) -> str:
        """Of the artifact."""

    @property
    def version(self) -> int:
        """Number."""

    @property
    def uri(self) -> str:
        """Of the version."""

    @property
    def artifact_store_id(self) -> str:
        """Id of the component."""

    @property
    def artifact_store(self) -> str:
        """Its name."""


def store_of(ctx: Context, version: Located) -> ArtifactStore:
    """Return the artifact store that holds a version; in the user's interpreter only.

    Raises:
        ComponentNotFoundError: it is not registered any more, and the version is not in a folder of this machine.
        StackyardError: it can't be opened.
    """
    registry = ctx.registry.read()
    component = registry.component_by_id(version.artifact_store_id)
    if component is None:
        if Path(version.uri).is_absolute():
            return local_store(version.uri)
        raise ComponentNotFoundError(
            f"The artifact store {version.artifact_store!r}, which holds version {version.version} of "
            f"{version.name!r}, is not registered any more.",
            hint="Register it again, and run the step again.",
        )
    return open_store(ctx, registry, component)


def open_store(ctx: Context, registry: Registry, component: StackComponent) -> ArtifactStore:
    """Return a registered artifact store, with the secrets that it names; in the user's interpreter only.

    Raises:
        StackyardError: it can't be opened.
    """
    from stackyard.engine.components import artifact_store  # noqa: PLC0415  # only loading and saving open stores

    spec = component_spec(ctx, registry, component)
    names = {reference.name for reference in references_in(spec.configuration)}
    secrets: dict[str, dict[str, str]] = {}
    if names:
        from stackyard.api.secrets import secret_values  # noqa: PLC0415

        secrets = secret_values(ctx, sorted(names))
    return artifact_store(spec, secrets)


def _with_preview(ctx: Context, version: ArtifactVersionView, *, open_store: bool) -> ArtifactVersionView:
    if version.pruned:
        version.problem = PRUNED
        return version
    store, manifest = local_store(version.uri), None
    status, problem = version.status, version.problem
    try:
        manifest = store.read_manifest(version.uri)
        store.glance(version.uri)
    except ArtifactDamagedError as error:
        set_problem(version, error, "damaged" if manifest else "")
        if manifest is None and forgive_foreign(ctx, [version]) and open_store:
            manifest = _manifest_elsewhere(ctx, version)
    if version.status == "available":
        version.status, version.problem = status, problem  # what `artifact verify` found
    if manifest is not None:
        version.preview = manifest.preview
        version.files = [
            ArtifactFileView(path=f"{version.uri}/{f.path}", name=f.path, size_bytes=f.size_bytes, digest=f.digest)
            for f in manifest.files
        ]
    return version


def _manifest_elsewhere(ctx: Context, version: ArtifactVersionView) -> Manifest | None:
    try:
        store = store_of(ctx, version)
        manifest = store.read_manifest(version.uri)
    except StackyardError as error:
        set_problem(version, error)
        return None
    try:
        store.glance(version.uri)
    except StackyardError as error:
        set_problem(version, error, "damaged")
    return manifest


def _unknown(name: str, names: list[str]) -> ArtifactNotFoundError:
    return ArtifactNotFoundError(
        f"There is no artifact {name!r} in this project.",
        hint=f"{did_you_mean(name, names)} List them with: stackyard artifact list".strip(),
    )


def page_size(limit: int) -> int:
    """Return how many things a page has when so many are asked for."""
    return max(1, min(limit, MAX_PAGE))
