"""Tags and metadata on runs, step runs, artifacts, artifact versions, models and model versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackyard.api.context import Context
from stackyard.api.records import refresh_record
from stackyard.model.errors import NotFoundError
from stackyard.model.model_views import TagView
from stackyard.model.names import check_name, did_you_mean


def list_tags(ctx: Context, *, all_projects: bool = False) -> list[TagView]:
    """Return the project's tags by name, with how many things have them.

    Raises:
        CatalogError: the catalog can't be read.
    """
    with ctx.catalog() as catalog:
        return catalog.list_tags(None if all_projects else ctx.scope.id) if catalog else []


def get_tag(ctx: Context, name: str) -> TagView:
    """Return a tag.

    Raises:
        NotFoundError: nothing in the project has it.
    """
    tags = {view.name: view for view in list_tags(ctx)}
    if name not in tags:
        raise NotFoundError(
            f"Nothing in this project has the tag {name!r}.",
            hint=f"{did_you_mean(name, list(tags))} List them with: stackyard tag list".strip(),
        )
    return tags[name]


def add_tags(ctx: Context, entity: str, entity_id: str, tags: Sequence[str]) -> None:
    """Put tags on a thing; those that it has already stay.

    Args:
        ctx: where.
        entity: ``run``, ``step_run``, ``artifact``, ``artifact_version``, ``model``, ``model_version``.
        entity_id: its whole id, which the caller looked up.
        tags: words.

    Raises:
        InvalidNameError: one of them can't be a tag.
        CatalogError: the catalog can't be written.
    """
    from stackyard.storage.catalog import tags as rows  # noqa: PLC0415  # sqlite3 is not on every path
    from stackyard.storage.catalog.connection import writing  # noqa: PLC0415
    from stackyard.storage.catalog.sql import changed  # noqa: PLC0415

    words = check_tags(tags)
    with writing(ctx.home_folder) as sql:
        rows.add_tags(sql, ctx.scope.id, entity, entity_id, words)
        changed(sql, *rows.subject(sql, ctx.scope.id, entity, entity_id))
    if words:
        refresh_record(ctx, entity, entity_id)


def remove_tags(ctx: Context, entity: str, entity_id: str, tags: Sequence[str]) -> int:
    """Take tags from a thing; return how many of them it had. Arguments and errors as for :func:`add_tags`."""
    from stackyard.storage.catalog import tags as rows  # noqa: PLC0415
    from stackyard.storage.catalog.connection import writing  # noqa: PLC0415
    from stackyard.storage.catalog.sql import changed  # noqa: PLC0415

    with writing(ctx.home_folder) as sql:
        found = rows.remove_tags(sql, entity, entity_id, tags)
        changed(sql, *rows.subject(sql, ctx.scope.id, entity, entity_id))
    if found:
        refresh_record(ctx, entity, entity_id)
    return found


def rename_tag(ctx: Context, name: str, new_name: str) -> TagView:
    """Call a tag otherwise wherever the project has it; one that is called so already takes its things over.

    Raises:
        NotFoundError: nothing has it.
        InvalidNameError: the new name can't be a tag.
    """
    from stackyard.storage.catalog import tags as rows  # noqa: PLC0415
    from stackyard.storage.catalog.connection import writing  # noqa: PLC0415

    get_tag(ctx, name)
    check_tags([new_name])
    with writing(ctx.home_folder) as sql:
        rows.rename_tag(sql, ctx.scope.id, name, new_name)
        rows.changed_everywhere(sql, ctx.scope.id)
    return get_tag(ctx, new_name)


def delete_tag(ctx: Context, name: str) -> int:
    """Take a tag from everything in the project; return how many things had it.

    Raises:
        NotFoundError: nothing has it.
    """
    from stackyard.storage.catalog import tags as rows  # noqa: PLC0415
    from stackyard.storage.catalog.connection import writing  # noqa: PLC0415

    get_tag(ctx, name)
    with writing(ctx.home_folder) as sql:
        found = rows.delete_tag(sql, ctx.scope.id, name)
        rows.changed_everywhere(sql, ctx.scope.id)
    return found


def add_metadata(ctx: Context, entity: str, entity_id: str, metadata: dict[str, Any]) -> None:
    """Add to the metadata of a thing; what it has under the same names is replaced.

    Args:
        ctx: where.
        entity: as for :func:`add_tags`, but ``artifact``: only its versions have metadata.
        entity_id: its whole id, which the caller looked up.
        metadata: name to JSON value.

    Raises:
        NotFoundError: it was deleted meanwhile.
        CatalogError: the catalog can't be written.
    """
    from stackyard.storage.catalog import tags as rows  # noqa: PLC0415
    from stackyard.storage.catalog.connection import writing  # noqa: PLC0415

    with writing(ctx.home_folder) as sql:
        if not rows.add_metadata(sql, ctx.scope.id, entity, entity_id, metadata):
            raise NotFoundError(f"The {entity.replace('_', ' ')} {entity_id} is not there any more.")
    refresh_record(ctx, entity, entity_id)


def check_tags(tags: Sequence[str]) -> list[str]:
    """Return tags if all of them can be tags.

    Raises:
        InvalidNameError: one can't.
    """
    words = [tags] if isinstance(tags, str) else list(tags)
    return [check_name(str(tag), "tag") for tag in words]
