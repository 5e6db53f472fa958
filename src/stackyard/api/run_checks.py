"""What can be known to be wrong with a run before there is one; its name and its models are looked at here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stackyard.api.context import Context
from stackyard.api.option_places import OptionPlaces
from stackyard.api.run_stack import RunStack, prepare_stack
from stackyard.authoring.substitutions import fill_in
from stackyard.model.errors import AlreadyExistsError, StackyardError
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
    _check_run(ctx, wanted, recorded)
    return prepare_stack(
        ctx, wanted.registry, wanted.stack, definition=wanted.definition, recorded=recorded,
        configuration=wanted.configuration, problems=wanted.problems,
    )  # fmt: skip


def _check_run(ctx: Context, wanted: Wanted, recorded: RecordedPipeline) -> None:
    """Note in ``wanted.problems`` what is wrong with the run's name and with the models that its steps work on."""
    problems = wanted.problems
    if wanted.options.resume is None:  # else it has its name
        with problems.collecting():
            _require_free(ctx, wanted, run_name(wanted, recorded))
    for error in _wrong_models(ctx, recorded.spec.steps, wanted.configuration):
        problems.add(error)


def _require_free(ctx: Context, wanted: Wanted, name: str) -> None:
    """Insist that the project has no run of a name.

    Raises:
        AlreadyExistsError: it has.
    """
    if not name:
        return
    with ctx.catalog() as catalog:
        taken = catalog is not None and any(
            run.name == name and run.project_id == ctx.scope.id for run in catalog.find_runs(name, ctx.scope.id)
        )
    if taken:
        raise AlreadyExistsError(
            f"A run named {name!r} exists in project {ctx.scope.name!r}.",
            hint="Choose another run_name, or leave it out to get a numbered one.",
            location=None
            if wanted.options.run_name or wanted.definition.options.run_name
            else wanted.configuration.location("run_name"),
        )


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
