"""What running steps, and user code outside of steps, ask of the catalog beside the methods of ``Client``.

A step opens no catalog: its requests come to its driver, which answers them here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import to_jsonable_python

from stackyard.api.context import Context
from stackyard.model.artifact import Manifest
from stackyard.model.errors import StackyardError, StepRunNotFoundError, UsageError
from stackyard.model.job import StepReply, StepRequest


def answer(ctx: Context, request: StepRequest) -> StepReply:
    """Do what a step asks for; an error goes back to the step.

    Args:
        ctx: home and project of the run.
        request: what is asked.
    """
    try:
        value = perform(ctx, request.method, request.arguments, request.manifest)
    except StackyardError as error:
        return StepReply(id=request.id, error=error.as_dict())
    except Exception as error:  # noqa: BLE001  # what a step asks for must not end its run
        wrong = UsageError(f"{request.method} can't be done like this: {type(error).__name__}: {error}")
        return StepReply(id=request.id, error=wrong.as_dict())
    return StepReply(id=request.id, value=value)


def perform(ctx: Context, method: str, arguments: Mapping[str, Any], manifest: Manifest | None = None) -> Any:
    """Do what is asked for; return a JSON value.

    Args:
        ctx: home and project.
        method: a name of this module's methods, or of a method of ``Client`` that can be asked for.
        arguments: JSON values by name.
        manifest: what was stored, for ``_record_artifact``.

    Raises:
        StackyardError: it can't be done.
    """
    own = _METHODS.get(method)
    if own is not None:
        return to_jsonable_python(own(ctx, manifest, **arguments))
    from stackyard.api.asking import answer_client  # noqa: PLC0415  # most steps ask for nothing of it

    return answer_client(ctx, method, dict(arguments))


def find_target(ctx: Context, target: Mapping[str, Any]) -> tuple[str, str]:
    """Return what something is said of, as the catalog names it: entity and id.

    Args:
        ctx: where.
        target: one of ``run`` (with ``step``: that step run), ``step_run_id``, ``artifact_version_id``, ``artifact``
            (with ``version``), ``model`` (with ``version``), ``model_version_id``; ``whole`` means the artifact or
            model itself in place of a version.

    Raises:
        NotFoundError: there is no such thing.
    """
    for key, find in _TARGETS.items():
        if target.get(key) is not None:
            return find(ctx, target)
    raise UsageError("It is not said what is meant.", hint="Name a run, an artifact version or a model version.")


def _of_run(ctx: Context, target: Mapping[str, Any]) -> tuple[str, str]:
    from stackyard.api.runs import get_run  # noqa: PLC0415  # each of these is needed by few steps

    run = get_run(ctx, str(target["run"]))
    step = target.get("step")
    if step is None:
        return "run", run.id
    found = next((s.id for s in run.steps if s.name == step), None)
    if found is None:
        names = ", ".join(s.name for s in run.steps)
        raise StepRunNotFoundError(f"The run {run.name!r} has no step {step!r}.", hint=f"Its steps: {names}.")
    return "step_run", found


def _of_step_run(ctx: Context, target: Mapping[str, Any]) -> tuple[str, str]:
    wanted = str(target["step_run_id"])
    with ctx.catalog() as catalog:
        if catalog is None or catalog.step_run(wanted) is None:
            raise StepRunNotFoundError(f"There is no step run {wanted!r}.", hint="Give the whole id.")
    return "step_run", wanted


def _of_artifact_version(ctx: Context, target: Mapping[str, Any]) -> tuple[str, str]:
    from stackyard.api.artifacts import find_version  # noqa: PLC0415

    return "artifact_version", find_version(ctx, str(target["artifact_version_id"])).id


def _of_artifact(ctx: Context, target: Mapping[str, Any]) -> tuple[str, str]:
    from stackyard.api.artifacts import find_version  # noqa: PLC0415

    version = find_version(ctx, str(target["artifact"]), version_number(target.get("version")))
    if not target.get("whole"):
        return "artifact_version", version.id
    with ctx.catalog() as catalog:
        found = catalog.artifact_id(ctx.scope.id, version.name) if catalog else None
    return "artifact", str(found)


def _of_model(ctx: Context, target: Mapping[str, Any]) -> tuple[str, str]:
    from stackyard.api import models  # noqa: PLC0415

    if target.get("whole"):
        return "model", models.get_model(ctx, str(target["model"])).id
    return "model_version", models.get_version(ctx, str(target["model"]), target.get("version")).id


def _of_model_version(ctx: Context, target: Mapping[str, Any]) -> tuple[str, str]:
    from stackyard.api import models  # noqa: PLC0415

    return "model_version", models.get_version(ctx, str(target["model_version_id"])).id


_TARGETS: dict[str, Callable[[Context, Mapping[str, Any]], tuple[str, str]]] = {
    "step_run_id": _of_step_run,
    "run": _of_run,
    "artifact_version_id": _of_artifact_version,
    "artifact": _of_artifact,
    "model_version_id": _of_model_version,
    "model": _of_model,
}


def version_number(version: Any) -> int | None:
    """Return the number of an artifact version as users write it: ``3`` or ``"3"``; None is the newest.

    Raises:
        UsageError: it is no number.
    """
    if version is None or (isinstance(version, int) and not isinstance(version, bool)):
        return version
    if isinstance(version, str) and version.isascii() and version.isdecimal():
        return int(version)
    raise UsageError(f"{version!r} is no version of an artifact.", hint="Versions are numbers: version=3.")


def _log_metadata(ctx: Context, _manifest: Manifest | None, metadata: dict[str, Any], target: dict[str, Any]) -> None:
    from stackyard.api.tags import add_metadata  # noqa: PLC0415

    add_metadata(ctx, *find_target(ctx, target), metadata)


def _tag(ctx: Context, _manifest: Manifest | None, target: dict[str, Any], add: list[str], remove: list[str]) -> None:
    from stackyard.api.tags import add_tags, remove_tags  # noqa: PLC0415

    entity, entity_id = find_target(ctx, target)
    if add:
        add_tags(ctx, entity, entity_id, add)
    if remove:
        remove_tags(ctx, entity, entity_id, remove)


def _record_artifact(ctx: Context, manifest: Manifest | None, **facts: Any) -> Any:
    from stackyard.api.artifacts import record_version  # noqa: PLC0415

    if manifest is None:
        raise UsageError("There is no manifest of what was stored.")
    return record_version(ctx, manifest, **facts)


def _link_artifact(
    ctx: Context, _manifest: Manifest | None, artifact_version_id: str, target: dict[str, Any], artifact_type: str
) -> None:
    from stackyard.api.models import link_artifact  # noqa: PLC0415

    _, version = find_target(ctx, {"artifact_version_id": artifact_version_id})
    _, model_version = find_target(ctx, target)
    link_artifact(ctx, model_version, version, artifact_type)


def _input_version(ctx: Context, _manifest: Manifest | None, name_or_id: str, version: int | None = None) -> Any:
    """Return where a version lies and how its store is opened; no secret leaves the driver that the step lacks."""
    from stackyard.api.artifacts import find_version  # noqa: PLC0415
    from stackyard.api.components import component_spec  # noqa: PLC0415
    from stackyard.model.job import ComponentSpec, InputVersion  # noqa: PLC0415

    found = find_version(ctx, name_or_id, version)
    registry = ctx.registry.read()
    component = registry.component_by_id(found.artifact_store_id)
    if component is not None:
        store = component_spec(ctx, registry, component)
    else:  # not registered any more; one in a folder of this machine can be read all the same
        root = found.uri.rsplit("/", 3)[0]
        store = ComponentSpec(
            component_id=found.artifact_store_id, name=found.artifact_store, flavor="local",
            configuration={"path": root},
        )  # fmt: skip
    return InputVersion(
        artifact_version_id=found.id, uri=found.uri, materializer=found.materializer, digest=found.digest,
        artifact_store=store,
    )  # fmt: skip


_METHODS: dict[str, Callable[..., Any]] = {
    "_log_metadata": _log_metadata,
    "_tag": _tag,
    "_record_artifact": _record_artifact,
    "_link_artifact": _link_artifact,
    "_input_version": _input_version,
}
