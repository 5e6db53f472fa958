"""Requests about artifacts and their versions."""

from __future__ import annotations

from stackyard.api import artifacts, hover
from stackyard.model.views import ArtifactVersionView, ArtifactView, Page
from stackyard_ls.protocol import (
    ArtifactListParams,
    ArtifactShowResult,
    ArtifactVersionListParams,
    ArtifactVersionParams,
)
from stackyard_ls.session import Call


def list_page(call: Call, params: ArtifactListParams) -> Page[ArtifactView]:
    """Return a page of the artifacts in a store."""
    return artifacts.list_artifacts(call.context, params.artifact_store_id, limit=params.limit, cursor=params.cursor)


def list_versions(call: Call, params: ArtifactVersionListParams) -> Page[ArtifactVersionView]:
    """Return a page of an artifact's versions in a store."""
    return artifacts.list_versions(
        call.context, params.name, params.artifact_store_id, limit=params.limit, cursor=params.cursor
    )


def show(call: Call, params: ArtifactVersionParams) -> ArtifactShowResult:
    """Return a version with its preview and files."""
    version = artifacts.get_version(call.context, params.id)
    return ArtifactShowResult(version=version, markdown=hover.artifact_version_markdown(version))
