"""Artifacts: list, versions, one version with its preview; loading values in user code."""

from __future__ import annotations

import os
from pathlib import Path

from stackyard.api.components import component_spec, flavor_of
from stackyard.api.context import Context
from stackyard.model.artifact import Manifest
from stackyard.model.errors import (
    ArtifactDamagedError,
    ArtifactNotFoundError,
    ComponentNotFoundError,
    StackyardError,
    UsageError,
)
from stackyard.model.names import did_you_mean
from stackyard.model.secret import references_in
from stackyard.model.stack import Registry, StackComponent
from stackyard.model.views import ArtifactFileView, ArtifactVersionView, ArtifactView, Page
from stackyard.storage.artifact_store import ArtifactStore, LocalArtifactStore

MAX_PAGE = 1000
MIN_PREFIX = 8


def list_artifacts(
    ctx: Context, artifact_store_id: str | None = None, *, limit: int = 50, cursor: str | None = None,
    all_projects: bool = False,
) -> Page[ArtifactView]:  # fmt: skip
    """Return a page of the project's artifacts by name; one entry for each artifact store that holds versions."""
    with ctx.catalog() as catalog:
        if catalog is None:
            return Page[ArtifactView](items=[], total=0)
        project_id = None if all_projects else ctx.scope.id
        return catalog.list_artifacts(project_id, artifact_store_id, limit=_page(limit), cursor=cursor)


def list_versions(
    ctx: Context, name: str, artifact_store_id: str | None = None, *, limit: int = 50, cursor: str | None = None
) -> Page[ArtifactVersionView]:
    """Return a page of an artifact's versions, newest first.

    Raises:
        ArtifactNotFoundError: the project has no artifact of that name.
    """
    with ctx.catalog() as catalog:
        if catalog is not None:
            page = catalog.list_versions(ctx.scope.id, name, artifact_store_id, limit=_page(limit), cursor=cursor)
            if page.total:
                for item in page.items:
                    item.status = "available" if os.path.exists(f"{item.uri}/manifest.json") else "missing"  # noqa: PTH110  # many at once
                _forgive_foreign(ctx, [item for item in page.items if item.status == "missing"])
                return page
            raise _unknown(name, catalog.artifact_names(ctx.scope.id))
    raise _unknown(name, [])


def get_version(
    ctx: Context, name_or_id: str, version: int | None = None, *, open_store: bool = False
) -> ArtifactVersionView:
    """Return an artifact version with its preview and files.

    Args:
        ctx: where.
        name_or_id: an artifact's name, or an id (prefix) of a version.
        version: number; None means the newest.
        open_store: ask stores of flavors from outside as well, which imports their packages: never in the server.
            Otherwise such a version is shown without preview and files.

    Raises:
        ArtifactNotFoundError: no such artifact or version.
        UsageError: the prefix means several.
    """
    with ctx.catalog() as catalog:
        if catalog is None:
            raise _unknown(name_or_id, [])
        by_id = catalog.versions_by_id(name_or_id) if len(name_or_id) >= MIN_PREFIX and version is None else []
        if len(by_id) > 1:
            raise UsageError(f"{name_or_id!r} is the beginning of several version ids.", hint="Write more of it.")
        if by_id:
            return _with_preview(ctx, by_id[0], open_store=open_store)
        page = catalog.list_versions(ctx.scope.id, name_or_id, None, limit=1, cursor=None, number=version)
        if page.items:
            return _with_preview(ctx, page.items[0], open_store=open_store)
        newest = catalog.list_versions(ctx.scope.id, name_or_id, None, limit=8, cursor=None)
        if not newest.items:
            raise _unknown(name_or_id, catalog.artifact_names(ctx.scope.id))
    numbers = ", ".join(str(v.version) for v in newest.items)
    raise ArtifactNotFoundError(
        f"The artifact {name_or_id!r} has no version {version}.", hint=f"Newest versions: {numbers}."
    )


def store_of(ctx: Context, version: ArtifactVersionView) -> ArtifactStore:
    """Return the artifact store that holds a version; in the user's interpreter only.

    Raises:
        ComponentNotFoundError: it is not registered any more, and the version is not in a folder of this machine.
        StackyardError: it can't be opened.
    """
    registry = ctx.registry.read()
    component = registry.component_by_id(version.artifact_store_id)
    if component is None:
        if Path(version.uri).is_absolute():
            return _local_store(version)
        raise ComponentNotFoundError(
            f"The artifact store {version.artifact_store!r}, which holds version {version.version} of "
            f"{version.name!r}, is not registered any more.",
            hint="Register it again, and run the step again.",
        )
    from stackyard.engine.components import artifact_store  # noqa: PLC0415  # only loading opens stores

    spec = component_spec(ctx, registry, component)
    names = {reference.name for reference in references_in(spec.configuration)}
    secrets: dict[str, dict[str, str]] = {}
    if names:
        from stackyard.api.secrets import secret_values  # noqa: PLC0415

        secrets = secret_values(ctx, sorted(names))
    return artifact_store(spec, secrets)


def _local_store(version: ArtifactVersionView) -> LocalArtifactStore:
    return LocalArtifactStore(str(Path(version.uri).parent.parent.parent))


def _with_preview(ctx: Context, version: ArtifactVersionView, *, open_store: bool) -> ArtifactVersionView:
    foreign = False
    try:
        manifest = _local_store(version).read_manifest(version.uri)
    except ArtifactDamagedError as error:
        version.status = "missing" if error.details.get("missing") else "damaged"
        foreign = _forgive_foreign(ctx, [version])
        found = _manifest_elsewhere(ctx, version) if foreign and open_store else None
        if found is None:
            return version
        manifest = found
    version.preview = manifest.preview
    version.files = [
        ArtifactFileView(path=f"{version.uri}/{f.path}", name=f.path, size_bytes=f.size_bytes, digest=f.digest)
        for f in manifest.files
    ]
    if not foreign and any(not Path(file.path).exists() for file in version.files):
        version.status = "damaged"
    return version


def _manifest_elsewhere(ctx: Context, version: ArtifactVersionView) -> Manifest | None:
    try:
        return store_of(ctx, version).read_manifest(version.uri)
    except StackyardError as error:
        version.status = "missing" if error.details.get("missing") else "damaged"
    return None


def _forgive_foreign(ctx: Context, versions: list[ArtifactVersionView]) -> bool:
    """Take versions for available that are not where our own stores put them; return whether there are such."""
    if not versions:
        return False
    registry = ctx.registry.read()
    foreign = [v for v in versions if _is_foreign(registry, registry.component_by_id(v.artifact_store_id))]
    for version in foreign:
        version.status = "available"
    return bool(foreign)


def _is_foreign(registry: Registry, component: StackComponent | None) -> bool:
    flavor = flavor_of(registry, component) if component else None
    return flavor is not None and bool(flavor.source)


def _unknown(name: str, names: list[str]) -> ArtifactNotFoundError:
    return ArtifactNotFoundError(
        f"There is no artifact {name!r} in this project.",
        hint=f"{did_you_mean(name, names)} List them with: stackyard artifact list".strip(),
    )


def _page(limit: int) -> int:
    return max(1, min(limit, MAX_PAGE))
