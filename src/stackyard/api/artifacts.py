"""Artifacts: list, versions, one version with its preview; loading values in user code."""

from __future__ import annotations

import os
from pathlib import Path

from stackyard.api.context import Context
from stackyard.model.errors import ArtifactDamagedError, ArtifactNotFoundError, UsageError
from stackyard.model.names import did_you_mean
from stackyard.model.views import ArtifactFileView, ArtifactVersionView, ArtifactView, Page
from stackyard.storage.artifact_store import LocalArtifactStore

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
                page.items = [_with_status(version) for version in page.items]
                return page
            raise _unknown(name, catalog.artifact_names(ctx.scope.id))
    raise _unknown(name, [])


def get_version(ctx: Context, name_or_id: str, version: int | None = None) -> ArtifactVersionView:
    """Return an artifact version with its preview and files.

    Args:
        ctx: where.
        name_or_id: an artifact's name, or an id (prefix) of a version.
        version: number; None means the newest.

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
            return _with_preview(by_id[0])
        page = catalog.list_versions(ctx.scope.id, name_or_id, None, limit=1, cursor=None, number=version)
        if page.items:
            return _with_preview(page.items[0])
        newest = catalog.list_versions(ctx.scope.id, name_or_id, None, limit=8, cursor=None)
        if not newest.items:
            raise _unknown(name_or_id, catalog.artifact_names(ctx.scope.id))
    numbers = ", ".join(str(v.version) for v in newest.items)
    raise ArtifactNotFoundError(
        f"The artifact {name_or_id!r} has no version {version}.", hint=f"Newest versions: {numbers}."
    )


def _with_status(version: ArtifactVersionView) -> ArtifactVersionView:
    if not os.path.exists(os.path.join(version.uri, "manifest.json")):  # noqa: PTH110, PTH118  # many at once
        version.status = "missing"
    return version


def _with_preview(version: ArtifactVersionView) -> ArtifactVersionView:
    store = LocalArtifactStore(str(Path(version.uri).parent.parent.parent))
    try:
        manifest = store.read_manifest(version.uri)
    except ArtifactDamagedError as error:
        version.status = "missing" if error.details.get("missing") else "damaged"
        return version
    version.preview = manifest.preview
    version.files = [
        ArtifactFileView(
            path=str(Path(version.uri) / file.path), name=file.path, size_bytes=file.size_bytes, digest=file.digest
        )
        for file in manifest.files
    ]
    if any(not Path(file.path).exists() for file in version.files):
        version.status = "damaged"
    return version


def _unknown(name: str, names: list[str]) -> ArtifactNotFoundError:
    return ArtifactNotFoundError(
        f"There is no artifact {name!r} in this project.",
        hint=f"{did_you_mean(name, names)} List them with: stackyard artifact list".strip(),
    )


def _page(limit: int) -> int:
    return max(1, min(limit, MAX_PAGE))
