"""Requests about artifacts and their versions."""

from __future__ import annotations

from typing import Any

from stackyard.api import artifact_lineage, artifacts, hover
from stackyard.model.artifact import ColumnStatistics
from stackyard.model.lineage_views import LineageView
from stackyard.model.reading import StatisticsRequest, TablePage
from stackyard.model.views import ArtifactVersionView, ArtifactView, Page
from stackyard_ls.protocol import (
    ArtifactLineageParams,
    ArtifactListParams,
    ArtifactPageParams,
    ArtifactShowResult,
    ArtifactStatisticsResult,
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


def lineage(call: Call, params: ArtifactLineageParams) -> LineageView:
    """Return the graph around a version."""
    return artifact_lineage.lineage(
        call.context, params.id, up=params.up, down=params.down, depth=params.depth, limit=params.limit
    )


def page(call: Call, params: ArtifactPageParams) -> TablePage:
    """Return rows of a stored table."""
    request = {key: value for key, value in params.model_dump(mode="json").items() if key != "view"}
    return TablePage.model_validate(_ask(call, "page", request, params.view))


def statistics(call: Call, params: StatisticsRequest) -> ArtifactStatisticsResult:
    """Return what a column of a stored table holds."""
    found = _ask(call, "statistics", params.model_dump(mode="json"))
    return ArtifactStatisticsResult(statistics=ColumnStatistics.model_validate(found))


def _ask(call: Call, method: str, params: dict[str, Any], view: str = "") -> dict[str, Any]:
    call.require_trust("Looking into an artifact")
    interpreter = call.require_interpreter("look into artifacts")
    message = {"method": method, "home": str(call.context.home), "params": params}
    return call.session.reader.ask(interpreter, message, call.cancelled, view, call.number)
