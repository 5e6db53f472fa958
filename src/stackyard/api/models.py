"""Models and their versions: list, show, register, change, promote, delete, and what is linked to them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from stackyard.api.artifacts import MAX_PAGE, page_size
from stackyard.api.context import Context
from stackyard.api.tags import check_tags
from stackyard.model.errors import UsageError
from stackyard.model.model_views import ModelArtifactView, ModelRunView, ModelVersionView, ModelView
from stackyard.model.names import did_you_mean
from stackyard.model.views import Page
from stackyard.storage.catalog import models as rows
from stackyard.storage.catalog.tags import add_tags, remove_tags

if TYPE_CHECKING:
    from stackyard.model.options import ModelSpec
    from stackyard.storage.catalog.sql import Connection, Row

ARTIFACT_TYPES = ("model", "data", "deployment")
"""What an artifact version can be for a model; one without a type counts as data."""


def list_models(
    ctx: Context, *, limit: int = 50, cursor: str | None = None, tags: Sequence[str] = (), name: str = "",
    all_projects: bool = False,
) -> Page[ModelView]:  # fmt: skip
    """Return a page of the project's models by name.

    ``tags``: only models that have all of these; ``name``: only those whose names contain this.
    """
    with ctx.catalog() as catalog:
        if catalog is None:
            return Page[ModelView](items=[], total=0)
        project_id = None if all_projects else ctx.scope.id
        return catalog.list_models(project_id, limit=page_size(limit), cursor=cursor, tags=tags, name=name)


def get_model(ctx: Context, name_or_id: str) -> ModelView:
    """Return a model.

    Raises:
        ModelNotFoundError: none has that name or id prefix.
        UsageError: the prefix means several.
    """
    with ctx.catalog() as catalog:
        found = catalog.find_model(ctx.scope.id, name_or_id) if catalog else None
        if found is None:
            raise rows.no_model(name_or_id, catalog.model_names(ctx.scope.id) if catalog else [])
        return found


def require_usable(ctx: Context, spec: ModelSpec) -> None:
    """Insist that a run can work on what its code names as its model: the version is there, or can be made.

    Raises:
        ModelNotFoundError: no version of that number or in that stage.
        InvalidNameError: model or version can't be called so.
        UsageError: the beginning of several ids.
    """
    with ctx.catalog() as catalog:
        if catalog is None:
            rows.check_new(spec, [])
        else:
            catalog.require_usable(ctx.scope.id, spec)


def create_model(ctx: Context, name: str, texts: Mapping[str, str], tags: Sequence[str] = ()) -> ModelView:
    """Register a model.

    Args:
        ctx: where.
        name: unique in the project.
        texts: what it says of itself: ``description``, ``license``, ``audience``, ``use_cases``, ``limitations``,
            ``trade_offs``, ``ethics``.
        tags: of the model.

    Raises:
        AlreadyExistsError: the project has a model of that name.
        InvalidNameError: the model, or a tag, can't be called so.
    """
    words = check_tags(tags)
    with _writing(ctx) as sql:
        rows.create_model(sql, ctx.scope.id, name, texts, words)
    return get_model(ctx, name)


def update_model(
    ctx: Context, name_or_id: str, *, name: str | None = None, texts: Mapping[str, str] | None = None,
    tags: Sequence[str] = (), remove: Sequence[str] = (),
) -> ModelView:  # fmt: skip
    """Change a model, all or nothing.

    Args:
        ctx: where.
        name_or_id: which.
        name: its new name.
        texts: what it says of itself, as for :func:`create_model`; an empty text removes it.
        tags: to put on it.
        remove: tags to take from it.

    Raises:
        ModelNotFoundError: there is none.
        AlreadyExistsError: the new name is taken.
        InvalidNameError: the model, or a tag, can't be called so.
    """
    words = check_tags(tags)
    with _model(ctx, name_or_id) as (sql, model):
        rows.update_model(sql, model, name, texts or {})
        remove_tags(sql, "model", model["id"], remove)
        add_tags(sql, ctx.scope.id, "model", model["id"], words)
    return get_model(ctx, model["id"])


def delete_model(ctx: Context, name_or_id: str) -> None:
    """Delete a model with its versions; the runs and artifact versions that are linked to it stay.

    Raises:
        ModelNotFoundError: there is none.
    """
    from stackyard.api.records import refresh_record, replace_record  # noqa: PLC0415  # seldom needed
    from stackyard.storage.catalog.model_records import model_stores, record_name, records_with  # noqa: PLC0415

    with _model(ctx, name_or_id) as (sql, model):
        stores, told = model_stores(sql, model["id"]), records_with(sql, model["id"])
        rows.delete_model(sql, model)
    for store_id in stores:
        replace_record(ctx, store_id, record_name(model["id"]), lambda: None)
    for entity, entity_id in told:  # else a lost catalog would come back with the model
        refresh_record(ctx, entity, entity_id)


# versions ---------------------------------------------------------------------------------------------------------


def list_versions(
    ctx: Context, model: str | None = None, *, limit: int = 50, cursor: str | None = None, stage: str = "",
    tags: Sequence[str] = (), name: str = "", number: int | None = None, all_projects: bool = False,
) -> Page[ModelVersionView]:  # fmt: skip
    """Return a page of model versions, newest first.

    Args:
        ctx: where.
        model: only versions of this model.
        limit: versions at most.
        cursor: of the page.
        stage: only versions in this stage; ``latest``: only the newest of each model.
        tags: only versions that have all of these.
        name: only versions whose own names contain this.
        number: only versions with this number.
        all_projects: not only the project's.

    Raises:
        ModelNotFoundError: there is no such model.
        UsageError: there is no such stage.
    """
    known = [*rows.STAGES, rows.LATEST, rows.NO_STAGE]
    if stage and stage not in known:
        hint = f"{did_you_mean(stage, known)} Stages: {', '.join(known)}.".strip()
        raise UsageError(f"There is no stage {stage!r}.", hint=hint)
    model_id = get_model(ctx, model).id if model else ""
    with ctx.catalog() as catalog:
        if catalog is None:
            return Page[ModelVersionView](items=[], total=0)
        return catalog.list_model_versions(
            None if all_projects else ctx.scope.id, limit=page_size(limit), cursor=cursor, model_id=model_id,
            stage=stage, tags=tags, name=name, number=number,
        )  # fmt: skip


def get_version(
    ctx: Context, model: str, version: str | int | None = None, *, details: bool = False
) -> ModelVersionView:
    """Return a model version.

    Args:
        ctx: where.
        model: name or id prefix of the model; the id of a version does without ``version``.
        version: number, name, stage, ``latest``, or the beginning of an id; None means the newest.
        details: with its newest artifact versions and runs.

    Raises:
        ModelNotFoundError: there is no such model or version.
        UsageError: a prefix means several.
    """
    with ctx.catalog() as catalog:
        if catalog is None:
            raise rows.no_model(model, [])
        found = catalog.find_model(ctx.scope.id, model)
        if found is None:
            by_id = catalog.model_versions_by_id(model) if len(model) >= rows.MIN_PREFIX and version is None else []
            if len(by_id) != 1:
                raise rows.no_model(model, catalog.model_names(ctx.scope.id))
            view = by_id[0]
        else:
            wanted = rows.LATEST if version is None else version
            chosen = catalog.find_model_version(found.id, wanted)
            if chosen is None:
                raise catalog.no_model_version(found.id, wanted)
            view = chosen
        if details:
            view.artifacts = catalog.model_artifacts(view.id, limit=MAX_PAGE, cursor=None).items
            view.runs = catalog.model_runs(view.id, limit=MAX_PAGE, cursor=None).items
        return view


def create_version(
    ctx: Context, model: str, *, name: str = "", description: str = "", tags: Sequence[str] = ()
) -> ModelVersionView:
    """Make a new version of a model, without a run.

    Raises:
        ModelNotFoundError: there is no such model.
        AlreadyExistsError: the model has a version of that name.
        InvalidNameError: the version, or a tag, can't be called so.
    """
    words = check_tags(tags)
    with _model(ctx, model) as (sql, row):
        version_id = rows.create_version(sql, row, name=name, description=description, tags=words)
    return get_version(ctx, version_id)


def update_version(
    ctx: Context, model: str, version: str | int, *, name: str | None = None, description: str | None = None,
    stage: str | None = None, force: bool = False, tags: Sequence[str] = (), remove: Sequence[str] = (),
) -> ModelVersionView:  # fmt: skip
    """Change a model version, all or nothing.

    Args:
        ctx: where.
        model: name or id prefix of the model.
        version: as for :func:`get_version`.
        name: its new name; empty: it has only its number.
        description: its new description.
        stage: ``staging``, ``production``, ``archived``, or ``none``.
        force: archive the version that holds the stage.
        tags: to put on it.
        remove: tags to take from it.

    Raises:
        ModelNotFoundError: there is no such model or version.
        AlreadyExistsError: the new name is taken.
        InvalidNameError: the version, or a tag, can't be called so.
        InUseError: another version is in the stage.
        UsageError: there is no such stage.
    """
    words = check_tags(tags)
    with _model(ctx, model) as (sql, row):
        found = _version(sql, row, version)
        rows.update_version(sql, row, found, name=name, description=description)
        if stage is not None:
            rows.set_stage(sql, row, found, stage, force=force)
        remove_tags(sql, "model_version", found["id"], remove)
        add_tags(sql, ctx.scope.id, "model_version", found["id"], words)
    return get_version(ctx, found["id"])


def delete_version(ctx: Context, model: str, version: str | int) -> None:
    """Delete a model version; the runs and artifact versions that are linked to it stay.

    Raises:
        ModelNotFoundError: there is no such model or version.
    """
    from stackyard.api.records import refresh_record  # noqa: PLC0415  # seldom needed
    from stackyard.storage.catalog.model_records import records_with  # noqa: PLC0415

    with _model(ctx, model) as (sql, row):
        found = _version(sql, row, version)
        told = records_with(sql, row["id"], found["id"])
        rows.delete_version(sql, row, found)
    for entity, entity_id in told:
        refresh_record(ctx, entity, entity_id)


# what is linked ---------------------------------------------------------------------------------------------------


def list_artifacts(
    ctx: Context, version_id: str, artifact_type: str | None = None, *, limit: int = 50, cursor: str | None = None
) -> Page[ModelArtifactView]:
    """Return a page of the artifact versions of a model version, newest first.

    Args:
        ctx: where.
        version_id: id of the model version.
        artifact_type: only ``model``, ``data`` or ``deployment``.
        limit: artifact versions at most.
        cursor: of the page.
    """
    with ctx.catalog() as catalog:
        if catalog is None:
            return Page[ModelArtifactView](items=[], total=0)
        return catalog.model_artifacts(version_id, limit=page_size(limit), cursor=cursor, artifact_type=artifact_type)


def list_runs(ctx: Context, version_id: str, *, limit: int = 50, cursor: str | None = None) -> Page[ModelRunView]:
    """Return a page of the runs that worked on a model version, newest first."""
    with ctx.catalog() as catalog:
        if catalog is None:
            return Page[ModelRunView](items=[], total=0)
        return catalog.model_runs(version_id, limit=page_size(limit), cursor=cursor)


def link_artifact(ctx: Context, version_id: str, artifact_version_id: str, artifact_type: str = "") -> None:
    """Make an artifact version part of a model version; both ids are whole.

    Raises:
        UsageError: there is no such type of artifact.
    """
    if artifact_type and artifact_type not in ARTIFACT_TYPES:
        raise UsageError(
            f"{artifact_type!r} is nothing that an artifact can be for a model.",
            hint=f"{did_you_mean(artifact_type, list(ARTIFACT_TYPES))} Types: {', '.join(ARTIFACT_TYPES)}.".strip(),
        )
    with _writing(ctx) as sql:
        rows.link_artifacts(sql, ctx.scope.id, version_id, {artifact_version_id: artifact_type})
    _keep_links(ctx, version_id, [artifact_version_id])


def unlink_artifacts(ctx: Context, version_id: str, artifact_version_ids: Sequence[str] | None = None) -> int:
    """Take artifact versions out of a model version, all with None; they stay. Return how many were in it."""
    with _writing(ctx) as sql:
        if artifact_version_ids is None:
            chosen = "SELECT artifact_version_id FROM model_version_artifacts WHERE model_version_id = ?"
            artifact_version_ids = [row[0] for row in sql.execute(chosen, (version_id,))]
        count = rows.unlink_artifacts(sql, ctx.scope.id, version_id, artifact_version_ids)
    _keep_links(ctx, version_id, artifact_version_ids)
    return count


def _keep_links(ctx: Context, version_id: str, artifact_version_ids: Sequence[str]) -> None:
    """Let the stores know what belongs to a model version, after it changed."""
    from stackyard.api.records import keep_model_record, refresh_record  # noqa: PLC0415  # opens stores

    for artifact_version_id in artifact_version_ids:
        refresh_record(ctx, "artifact_version", artifact_version_id)
    keep_model_record(ctx, get_version(ctx, version_id).model_id)


def _writing(ctx: Context) -> contextlib.AbstractContextManager[Connection]:
    from stackyard.storage.catalog.connection import writing  # noqa: PLC0415  # sqlite3 is not on every path

    return writing(ctx.home_folder)


@contextlib.contextmanager
def _model(ctx: Context, name_or_id: str) -> Iterator[tuple[Connection, Row]]:
    """Open the catalog for one change to a model; stores keep what it is afterwards."""
    from stackyard.api.records import keep_model_record  # noqa: PLC0415  # opens stores

    with _writing(ctx) as sql:
        model = rows.find_model(sql, ctx.scope.id, name_or_id)
        if model is None:
            raise rows.no_model(name_or_id, rows.model_names(sql, ctx.scope.id))
        yield sql, model
    keep_model_record(ctx, model["id"])


def _version(sql: Connection, model: Row, wanted: str | int) -> Row:
    found = rows.find_model_version(sql, model["id"], wanted)
    if found is None:
        raise rows.no_version(sql, model, wanted)
    return found
