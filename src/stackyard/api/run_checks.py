"""What can be known to be wrong with a run before there is one; its name and its models are looked at here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stackyard.api.context import Context
from stackyard.api.option_places import OptionPlaces
from stackyard.api.run_stack import RunStack, prepare_stack
from stackyard.authoring.substitutions import fill_in
from stackyard.model.errors import StackyardError
from stackyard.model.graph import StepSpec

if TYPE_CHECKING:
    from stackyard.api.run_configuration import RunConfiguration
    from stackyard.api.session import Wanted
    from stackyard.authoring.pipeline import RecordedPipeline


def run_name(wanted: Wanted, recorded: RecordedPipeline) -> str:
    """Return the name that is asked for, filled in; empty for a numbered one.

    Raises:
        OptionError: a placeholder stands for nothing.
    """
    name, place = wanted.options.run_name or wanted.definition.options.run_name, wanted.definition.location
    if not name and wanted.configuration.values.get("run_name"):
        name, place = str(wanted.configuration.values["run_name"]), wanted.configuration.location("run_name")
    return fill_in(name or "", recorded.substitutions, "the run", place)


def check_recorded(ctx: Context, wanted: Wanted, recorded: RecordedPipeline) -> RunStack:
    """Check what is recorded against the stack that it would run on.

    Raises:
        StackyardError: what is wrong with it, with all that was found before.
    """
    problems, note = wanted.problems, ""
    with problems.collecting():
        note = _taken_name(ctx, wanted, recorded)
    for error in _wrong_models(ctx, recorded.spec.steps, wanted.configuration):
        problems.add(error)
    taken = prepare_stack(
        ctx, wanted.registry, wanted.stack, definition=wanted.definition, recorded=recorded,
        configuration=wanted.configuration, problems=problems,
    )  # fmt: skip
    return taken.replace(notes=(*taken.notes, note)) if note else taken


def _taken_name(ctx: Context, wanted: Wanted, recorded: RecordedPipeline) -> str:
    """Return a note when the project has a run of the name that is asked for; else an empty text.

    Whether it is taken changes from run to run, so it says nothing of the pipeline; the run itself is refused.

    Raises:
        OptionError: a placeholder of the name stands for nothing.
    """
    name = "" if wanted.options.resume else run_name(wanted, recorded)
    if not name:
        return ""
    with ctx.catalog() as catalog:
        found = catalog.find_runs(name, ctx.scope.id) if catalog is not None else []
    if all(run.name != name or run.project_id != ctx.scope.id for run in found):
        return ""
    return f"A run named {name!r} exists in project {ctx.scope.name!r}: the next one needs another name."


def _wrong_models(ctx: Context, steps: Iterable[StepSpec], configuration: RunConfiguration) -> list[StackyardError]:
    """Return why steps can't work on the models and versions that they name; each once."""
    asked: dict[tuple[str, str | int | None], StepSpec] = {}
    for step in steps:
        if step.model is not None:
            asked.setdefault((step.model.name, step.model.version), step)
    found: list[StackyardError] = []
    if not asked:
        return found
    from stackyard.api.models import require_usable  # noqa: PLC0415  # few pipelines have models

    places = OptionPlaces(configuration)
    for (name, version), step in asked.items():
        assert step.model is not None  # noqa: S101  # chosen so
        if version is not None and (name, None) in asked:  # `latest` may be the version that this run makes
            continue
        try:
            require_usable(ctx, step.model)
        except StackyardError as error:
            error.location = places.of(step, ("model", "version"), ("model",)).place
            found.append(error)
    return found
