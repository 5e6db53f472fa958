"""Pipelines of the project: which there are, and whether one can run. Checking one records it and runs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stackyard.api.context import Context, open_context
from stackyard.model.errors import Location, PipelineLoadError
from stackyard.model.pipeline_views import PipelineCheckView, PipelineSummaryView, RecordedStepView
from stackyard.model.record import Record
from stackyard.storage.host import expand

if TYPE_CHECKING:
    from stackyard.analysis.index import FoundPipeline
    from stackyard.api.run_options import RunOptions
    from stackyard.api.run_stack import RunStack
    from stackyard.api.session import Wanted
    from stackyard.authoring.pipeline import PipelineDefinition, RecordedPipeline


def list_pipelines(ctx: Context, *, all_projects: bool = False) -> list[PipelineSummaryView]:
    """Return the pipelines that the project's files define and those that ran, by name.

    Nothing is imported: files are read as text. Two pipelines of one name in different files are two entries, each
    with all runs of the name.
    """
    from stackyard.analysis.index import ProjectIndex  # noqa: PLC0415  # reads the whole project

    index = ProjectIndex(ctx.scope.root or Path.cwd())
    index.refresh()
    found = [_of_source(pipeline) for pipeline in index.snapshot().pipelines]
    known = {view.name for view in found}
    with ctx.catalog() as catalog:
        if catalog is None:
            return sorted(found, key=lambda view: (view.name, view.file))
        for name, runs, newest in catalog.pipelines(None if all_projects else ctx.scope.id):
            run = next(iter(catalog.find_runs(newest, None)), None)
            if name not in known:
                found.append(PipelineSummaryView(name=name))
            for view in found:
                if view.name == name and run is not None:
                    view.runs, view.last_run = runs, run.name
                    view.last_status, view.last_started_at = run.status, run.started_at or run.created_at
    return sorted(found, key=lambda view: (view.name, view.file))


def _of_source(pipeline: FoundPipeline) -> PipelineSummaryView:
    definition = pipeline.definition
    return PipelineSummaryView(
        name=definition.name, file=pipeline.file, function=definition.function, line=definition.line,
        doc=definition.doc, parameters=[parameter.name for parameter in definition.parameters],
        steps=list(pipeline.steps),
    )  # fmt: skip


class Recorded(Record):
    """A pipeline that was recorded in this process, and what it would run on."""

    ctx: Context
    definition: PipelineDefinition
    wanted: Wanted
    pipeline: RecordedPipeline
    taken: RunStack
    complete: bool


def load_pipeline(file: str, function: str | None) -> tuple[Context, PipelineDefinition]:
    """Import a pipeline's file, as running it does.

    Args:
        file: path of the file.
        function: name of the pipeline; may be left out when the file has just one.

    Raises:
        PipelineLoadError: the file can't be imported, or runs a pipeline when it is.
        PipelineNotFoundError: it has no such pipeline.
        UsageError: it has several, and none is named.
    """
    from stackyard.api.loading import (  # noqa: PLC0415  # the engine, needed here only
        CalledWhileLoadingError,
        load_file,
        pick_pipeline,
        refuse_while_loading,
    )
    from stackyard.authoring.pipeline import set_runner  # noqa: PLC0415

    path = Path(expand(file))
    ctx = open_context(path)
    if ctx.scope.problem is not None:
        raise ctx.scope.problem
    set_runner(refuse_while_loading)
    try:
        return ctx, pick_pipeline(load_file(path, ctx.scope), function)
    except CalledWhileLoadingError as error:
        raise PipelineLoadError(
            f"{path} runs its pipeline while it is imported.",
            hint='Guard the call with: if __name__ == "__main__":',
            location=Location(str(path)),
        ) from error


def record_pipeline(ctx: Context, definition: PipelineDefinition, options: RunOptions) -> Recorded:
    """Record a pipeline and check all of it against the stack that it would run on; nothing runs.

    Args:
        ctx: home and project.
        definition: the pipeline.
        options: what would be asked for beside it.

    Raises:
        PipelineValidationError: several things are wrong with it.
        StackyardError: one thing is.
    """
    from stackyard.api.driver import find_wanted, record_all  # noqa: PLC0415  # as above
    from stackyard.api.run_checks import check_recorded  # noqa: PLC0415

    wanted = find_wanted(ctx, definition, options)
    recorder, complete = record_all(ctx, definition, options, wanted.configuration, wanted.problems)
    pipeline = definition.recorded(recorder)
    taken = check_recorded(ctx, wanted, pipeline)
    return Recorded(ctx, definition, wanted, pipeline, taken, complete)


def check_pipeline(file: str, function: str | None, options: RunOptions) -> PipelineCheckView:
    """Import, record and check a pipeline; nothing runs.

    Raises:
        StackyardError: as :func:`load_pipeline` and :func:`record_pipeline`.
    """
    from stackyard.model.graph import topological_order  # noqa: PLC0415  # as above

    recorded = record_pipeline(*load_pipeline(file, function), options)
    spec = recorded.pipeline.spec
    by_name = {step.name: step for step in spec.steps}
    views = []
    for name in topological_order(spec.steps):
        step = by_name[name]
        inputs = {key: f"{ref.step}.{ref.output}" for key, ref in step.inputs.items()}
        views.append(
            RecordedStepView(
                name=name,
                file=step.file,
                line=step.line,
                upstream=step.upstream(),
                inputs={**inputs, **step.external_inputs},
                parameters=step.parameters,
                outputs=[output.name for output in step.outputs],
                enable_cache=step.enable_cache,
            )
        )
    return PipelineCheckView(
        pipeline=spec.name, file=spec.file, line=spec.line, stack=recorded.taken.stack.name,
        stack_origin=recorded.wanted.choice.origin_text, parameters=spec.parameters, steps=views,
        complete=recorded.complete, notes=list(recorded.taken.notes),
    )  # fmt: skip
