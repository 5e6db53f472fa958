"""Functions that users call in steps and elsewhere: metadata and tags.

Inside a step they ask its driver; outside they work on the catalog of the project around the working folder. The names
and keywords are ZenML's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stackyard.authoring.context import StepContext, checked_tags, current
from stackyard.authoring.metadata import jsonable_metadata
from stackyard.model.errors import UsageError

if TYPE_CHECKING:
    from stackyard.model.artifact import Manifest


def log_metadata(
    metadata: Mapping[str, Any],
    *,
    step_id: str | None = None,
    step_name: str | None = None,
    run_id_name_or_prefix: str | None = None,
    artifact_version_id: str | None = None,
    artifact_name: str | None = None,
    artifact_version: str | int | None = None,
    infer_artifact: bool = False,
    model_version_id: str | None = None,
    model_name: str | None = None,
    model_version: str | int | None = None,
    infer_model: bool = False,
) -> None:
    """Store values with the running step, or with what the other arguments name.

    Shown in the run view and in ``stackyard run show``. In a step that is called as a plain function, a test say,
    values for the step, its outputs and its model go nowhere.

    Args:
        metadata: name to JSON value (numpy scalars are taken too).
        step_id: of a step run.
        step_name: of a step of the run ``run_id_name_or_prefix``.
        run_id_name_or_prefix: of a run.
        artifact_version_id: of an artifact version.
        artifact_name: of an output of the running step, or, with a version or outside of steps, of an artifact.
        artifact_version: number of its version; outside of steps None means the newest.
        infer_artifact: the running step's only output, or the one that ``artifact_name`` names.
        model_version_id: of a model version.
        model_name: of a model.
        model_version: number, name or stage of its version; None means the newest.
        infer_model: the model version that the running step works on.

    Raises:
        MaterializationError: a value is no JSON value.
        UsageError: no such output, or the step works on no model.
        NotFoundError: what is named is not there.
    """
    values = jsonable_metadata(dict(metadata))
    context = current()
    if step_name is not None and run_id_name_or_prefix is None:
        raise UsageError(
            "log_metadata() was given step_name= without a run.", hint="Add run_id_name_or_prefix=, or leave it out."
        )
    target = target_of(
        step_run_id=step_id,
        run=run_id_name_or_prefix,
        step=step_name,
        artifact_version_id=artifact_version_id,
        artifact=None if infer_artifact or _is_output(context, artifact_name, artifact_version) else artifact_name,
        artifact_number=artifact_version,
        model_version_id=model_version_id,
        model=model_name,
        model_number=model_version,
    )
    if infer_model:
        target = own_model(context)
    if target:
        perform_here("_log_metadata", {"metadata": values, "target": target})
    elif context is not None and (infer_artifact or artifact_name):
        context.add_output_metadata(values, artifact_name)
    elif context is not None and not infer_model:
        context.services.send_metadata(values)


def log_artifact_metadata(
    metadata: Mapping[str, Any], artifact_name: str | None = None, artifact_version: str | int | None = None
) -> None:
    """Store values with an artifact version: of an output of the running step, or of any artifact.

    Arguments and errors as for :func:`log_metadata`.
    """
    own = artifact_version is None and current() is not None
    log_metadata(metadata, artifact_name=artifact_name, artifact_version=artifact_version, infer_artifact=own)


def log_model_metadata(
    metadata: Mapping[str, Any], model_name: str | None = None, model_version: str | int | None = None
) -> None:
    """Store values with a model version: the one that the running step works on, or any.

    Arguments and errors as for :func:`log_metadata`.
    """
    log_metadata(metadata, model_name=model_name, model_version=model_version, infer_model=model_name is None)


def add_tags(
    tags: str | Sequence[str],
    *,
    run: str | None = None,
    artifact: str | None = None,
    artifact_version_id: str | None = None,
    artifact_name: str | None = None,
    artifact_version: str | int | None = None,
    infer_artifact: bool = False,
    model: str | None = None,
    model_version: str | int | None = None,
) -> None:
    """Put tags on the run that the step belongs to, or on what the other arguments name.

    Args:
        tags: one or several words.
        run: name or id of a run.
        artifact: name of an artifact: itself, not a version of it.
        artifact_version_id: of an artifact version.
        artifact_name: of an artifact whose version is meant; with ``infer_artifact``, of an output of the step.
        artifact_version: number of its version; None means the newest.
        infer_artifact: the running step's only output, or the one that ``artifact_name`` names.
        model: name of a model: itself, or with ``model_version`` that version.
        model_version: number, name or stage.

    Raises:
        UsageError: it is not said what is meant, or there is no such output.
        NotFoundError: what is named is not there.
        InvalidNameError: a word can't be a tag.
    """
    given = words_of(tags)
    context = current()
    if infer_artifact:
        if context is not None:
            context.add_output_tags(given, artifact_name)
        return
    target = _tag_target(
        context, run=run, artifact=artifact, artifact_version_id=artifact_version_id, artifact_name=artifact_name,
        artifact_version=artifact_version, model=model, model_version=model_version,
    )  # fmt: skip
    perform_here("_tag", {"target": target, "add": given, "remove": []})


def remove_tags(
    tags: str | Sequence[str],
    *,
    run: str | None = None,
    artifact: str | None = None,
    artifact_version_id: str | None = None,
    artifact_name: str | None = None,
    artifact_version: str | int | None = None,
    infer_artifact: bool = False,
    model: str | None = None,
    model_version: str | int | None = None,
) -> None:
    """Take tags away; arguments and errors as for :func:`add_tags`."""
    given = words_of(tags)
    context = current()
    if infer_artifact:
        if context is not None:
            context.remove_output_tags(given, artifact_name)
        return
    target = _tag_target(
        context, run=run, artifact=artifact, artifact_version_id=artifact_version_id, artifact_name=artifact_name,
        artifact_version=artifact_version, model=model, model_version=model_version,
    )  # fmt: skip
    perform_here("_tag", {"target": target, "add": [], "remove": given})


def perform_here(method: str, arguments: dict[str, Any], manifest: Manifest | None = None) -> Any:
    """Ask the driver in a step; do it outside of steps."""
    context = current()
    if context is not None:
        return context.ask(method, arguments, manifest)
    from stackyard.api.context import open_context  # noqa: PLC0415  # steps have no use for it
    from stackyard.api.step_requests import perform  # noqa: PLC0415

    return perform(open_context(), method, arguments, manifest)


def target_of(
    *, artifact_number: str | int | None = None, model_number: str | int | None = None, **given: Any
) -> dict[str, Any]:
    """Return what is said of, as the driver looks it up; empty when nothing is named."""
    target: dict[str, Any] = {key: str(value) for key, value in given.items() if value is not None}
    if not target:
        return {}
    number = model_number if "model" in target else artifact_number
    if number is not None:
        target["version"] = number
    return target


def _tag_target(
    context: StepContext | None, *, run: str | None, artifact: str | None, artifact_version_id: str | None,
    artifact_name: str | None, artifact_version: str | int | None, model: str | None, model_version: str | int | None,
) -> dict[str, Any]:  # fmt: skip
    target = target_of(
        run=run, artifact=artifact or artifact_name, artifact_version_id=artifact_version_id, model=model,
        artifact_number=artifact_version, model_number=model_version,
    )  # fmt: skip
    if artifact is not None or (model is not None and model_version is None):
        target["whole"] = True
    if not target and context is not None:
        target = {"run": context.pipeline_run.id}
    if not target:
        raise UsageError(
            "Outside of a step it has to be said what the tags belong to.",
            hint="Pass run=, artifact=, artifact_version_id= or model=.",
        )
    return target


def own_model(context: StepContext | None) -> dict[str, Any]:
    """Return the model version that the step works on; empty outside of steps."""
    if context is None:
        return {}
    context.model  # noqa: B018  # says what to do when there is none
    assert context.model_version is not None  # noqa: S101  # as it did not
    return {"model_version_id": context.model_version.model_version_id}


def _is_output(context: StepContext | None, name: str | None, version: str | int | None) -> bool:
    return context is not None and name is not None and version is None


def words_of(tags: str | Sequence[Any]) -> list[str]:
    """Return tags as texts; objects with a name count by it."""
    found: list[Any] = [tags] if isinstance(tags, str) or hasattr(tags, "name") else list(tags)
    return checked_tags([getattr(tag, "name", tag) for tag in found])
