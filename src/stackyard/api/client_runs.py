"""``Client``: runs, step runs and pipelines."""

from __future__ import annotations

from typing import Any

from stackyard.api import runs, tags
from stackyard.api.asking import asks
from stackyard.api.client_lists import listed, words
from stackyard.api.context import Context
from stackyard.api.responses import Listed, Pipeline, PipelineRun, Resource, StepRun
from stackyard.model.errors import PipelineNotFoundError, StepRunNotFoundError, UsageError
from stackyard.model.names import did_you_mean

_ENTITIES = {"pipeline_run": "run", "orchestrator_run": "run"}
"""ZenML's words for things of the catalog."""
_WITH_METADATA = ("run", "step_run", "artifact_version", "model", "model_version")


class RunMethods:
    """Runs, step runs and pipelines."""

    _context: Context

    @asks
    def get_pipeline_run(self, name_id_or_prefix: str) -> PipelineRun:
        """Return a run with its steps.

        Raises:
            RunNotFoundError: there is none of that name or id prefix.
        """
        return PipelineRun(runs.get_run(self._context, str(name_id_or_prefix)))

    @asks
    def list_pipeline_runs(
        self,
        sort_by: str = "",
        page: int = 1,
        size: int = 50,
        *,
        cursor: str | None = None,
        name: str = "",
        pipeline: str | None = None,
        pipeline_name: str | None = None,
        pipeline_id: str | None = None,
        status: str = "",
        tag: str | None = None,
        tags: list[str] | None = None,
        all_projects: bool = False,
    ) -> Listed[PipelineRun]:
        """Return a page of runs, newest first.

        Args:
            sort_by: a field, such as ``desc:duration_s``; default: newest first.
            page: counted from 1.
            size: runs at most.
            cursor: ``next`` of the page before, instead of ``page``.
            name: only runs whose names contain this; or ``startswith:``, ``endswith:`` or ``equals:`` and a text.
            pipeline: only runs of this pipeline; ``pipeline_name`` and ``pipeline_id`` are the same.
            pipeline_name: as ``pipeline``.
            pipeline_id: as ``pipeline``.
            status: only runs with this status.
            tag: only runs that have it.
            tags: only runs that have all of these.
            all_projects: not only the project's.

        Raises:
            UsageError: there is no such status, page or field.
        """
        wanted = [*words(tag), *words(tags)]
        ctx, of = self._context, pipeline or pipeline_name or pipeline_id
        return listed(
            lambda limit, after: runs.list_runs(
                ctx, limit=limit, cursor=after, pipeline=of, all_projects=all_projects, tags=wanted, name=name,
                status=str(status),
            ),
            PipelineRun, size=size, page=page, cursor=cursor, sort_by=sort_by, natural="desc:created",
        )  # fmt: skip

    @asks
    def delete_pipeline_run(self, name_id_or_prefix: str) -> None:
        """Delete a run that ended, with its logs; the artifact versions that it made stay.

        Raises:
            RunNotFoundError: there is none of that name or id prefix.
            InUseError: it goes on.
        """
        runs.delete_runs(self._context, runs.runs_to_delete(self._context, [str(name_id_or_prefix)]))

    def replay_pipeline_run(self, name_id_or_prefix: str) -> PipelineRun:
        """Run a run's pipeline again with the same parameters, as a new run, and wait for its end.

        Raises:
            RunNotFoundError: there is none of that name or id prefix.
            ResumeError: how it was started is not known or not possible any more.
        """
        from stackyard.api.rerun import retry_run  # noqa: PLC0415  # only this runs something

        return PipelineRun(retry_run(self._context, str(name_id_or_prefix)))

    @asks
    def get_run_step(self, step_run_id: str) -> StepRun:
        """Return a step run by its id, or the beginning of it.

        Raises:
            StepRunNotFoundError: there is none.
            UsageError: the beginning of several ids.
        """
        with self._context.catalog() as catalog:
            ids = catalog.step_runs_by_id(str(step_run_id)) if catalog and len(str(step_run_id)) >= 8 else []
            if len(ids) > 1:
                raise UsageError(f"{step_run_id!r} is the beginning of several step run ids.", hint="Write more of it.")
            view = catalog.step_run(ids[0]) if catalog and ids else None
        if view is None:
            raise StepRunNotFoundError(
                f"There is no step run {step_run_id!r}.", hint="List them with: Client().list_run_steps(RUN)"
            )
        return StepRun(view)

    @asks
    def list_run_steps(self, pipeline_run_id: str, name: str = "", status: str = "") -> list[StepRun]:
        """Return the step runs of a run in topological order.

        Args:
            pipeline_run_id: the run's name or id prefix.
            name: only the step of this name.
            status: only step runs with this status.

        Raises:
            RunNotFoundError: there is no such run.
        """
        found = runs.get_run(self._context, str(pipeline_run_id)).steps
        return [StepRun(s) for s in found if name in ("", s.name) and str(status) in ("", s.status.value)]

    @asks
    def create_run_metadata(self, metadata: dict[str, Any], resources: list[Resource]) -> None:
        """Put metadata on runs, step runs, artifact versions, models or model versions.

        Args:
            metadata: name to JSON value.
            resources: what it is put on: ``id`` (whole) and ``type``.

        Raises:
            UsageError: something of that type has no metadata.
            NotFoundError: one is not there.
        """
        from stackyard.authoring.metadata import jsonable_metadata  # noqa: PLC0415

        values = jsonable_metadata(metadata)
        for entity, entity_id in entities_of(resources):
            if entity not in _WITH_METADATA:
                raise UsageError(f"{entity!r} has no metadata.", hint=f"These have: {', '.join(_WITH_METADATA)}.")
            tags.add_metadata(self._context, entity, entity_id, values)

    @asks
    def get_pipeline(self, name_id_or_prefix: str) -> Pipeline:
        """Return a pipeline that ran in the project.

        Raises:
            PipelineNotFoundError: none of that name ran.
        """
        found = {pipeline.name: pipeline for pipeline in self._pipelines()}
        if name_id_or_prefix not in found:
            raise PipelineNotFoundError(
                f"No pipeline {name_id_or_prefix!r} ran in this project.",
                hint=f"{did_you_mean(name_id_or_prefix, list(found))} Run one with: stackyard run FILE".strip(),
            )
        return found[name_id_or_prefix]

    @asks
    def list_pipelines(self, name: str = "") -> list[Pipeline]:
        """Return the pipelines that ran in the project, by name; ``name``: only those that contain it."""
        return [pipeline for pipeline in self._pipelines() if name in pipeline.name]

    @asks
    def delete_pipeline(self, name_id_or_prefix: str) -> None:
        """Delete all runs of a pipeline.

        Raises:
            PipelineNotFoundError: none of that name ran.
            InUseError: one of them goes on; nothing was deleted.
        """
        pipeline = self.get_pipeline(name_id_or_prefix)
        found = self.list_pipeline_runs(pipeline=pipeline.name, sort_by="asc:created", size=pipeline.n_runs).items
        runs.delete_runs(self._context, runs.runs_to_delete(self._context, [run.id for run in found]))

    def _pipelines(self) -> list[Pipeline]:
        with self._context.catalog() as catalog:
            return [Pipeline(*row) for row in catalog.pipelines(self._context.scope.id)] if catalog else []


def entities_of(resources: Any) -> list[tuple[str, str]]:
    """Return kind and id of things: of :class:`Resource`, of ZenML's like, or of mappings; one or several.

    Raises:
        UsageError: one of them is none of these.
    """
    found: list[tuple[str, str]] = []
    for resource in resources if isinstance(resources, (list, tuple, set)) else [resources]:
        given = (
            resource if isinstance(resource, dict) else {"id": _field(resource, "id"), "type": _field(resource, "type")}
        )
        kind, thing_id = given.get("type"), given.get("id")
        if not kind or not thing_id:
            raise UsageError(
                f"{resource!r} names nothing that can be tagged.",
                hint='Write Resource(id=run.id, type="pipeline_run").',
            )
        word = str(getattr(kind, "value", kind))
        found.append((_ENTITIES.get(word, word), str(thing_id)))
    return found


def _field(resource: object, name: str) -> Any:
    return getattr(resource, name, None)
