"""Where an artifact version comes from, and what came of it."""

from __future__ import annotations

from stackyard.api.artifacts import find_version
from stackyard.api.context import Context
from stackyard.model.lineage_views import LineageView

DEPTH = 10
"""Steps that are shown in each direction."""
LIMIT = 200
"""Nodes that are shown in each direction."""
MAX_DEPTH, MAX_LIMIT = 1000, 10_000


def lineage(
    ctx: Context, version_id: str, *, up: bool = True, down: bool = True, depth: int = DEPTH, limit: int = LIMIT
) -> LineageView:
    """Return the graph of step runs and artifact versions around a version, model versions at its ends.

    Args:
        ctx: where.
        version_id: of the version.
        up: what it comes from.
        down: what came of it.
        depth: steps at most, in each direction.
        limit: nodes at most, in each direction; those that lie next to them are counted.

    Raises:
        ArtifactNotFoundError: there is no such version.
        UsageError: it is the beginning of several ids.
    """
    version = find_version(ctx, version_id)
    with ctx.catalog() as catalog:
        if catalog is None:  # it was there a moment ago
            return LineageView(id=version.id)
        return catalog.lineage(
            version.id, up=up, down=down, depth=max(1, min(depth, MAX_DEPTH)), limit=max(1, min(limit, MAX_LIMIT))
        )
