"""Functions that users call in steps and elsewhere: artifacts beside the outputs of steps. The names are ZenML's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackyard.api.user_functions import own_model, perform_here, target_of, words_of
from stackyard.authoring.context import current
from stackyard.authoring.metadata import jsonable_metadata
from stackyard.model.errors import UsageError

if TYPE_CHECKING:
    from stackyard.api.client import ArtifactVersion

ARTIFACT_TYPES = ("model", "data", "deployment")


def save_artifact(
    data: Any,
    name: str,
    *,
    version: str | int | None = None,
    artifact_type: str | None = None,
    tags: Sequence[str] | None = None,
    extract_metadata: bool = True,  # noqa: ARG001  # ZenML's keyword; what is known of a value is always kept
    include_visualizations: bool = True,  # noqa: ARG001  # ZenML's keyword; previews are always made
    user_metadata: Mapping[str, Any] | None = None,
    materializer: type | str | None = None,
) -> ArtifactVersion:
    """Store a value as a new version of an artifact, beside the outputs of steps.

    In a step it lies in the step's artifact store, elsewhere in that of the active stack.

    Args:
        data: the value.
        name: of the artifact.
        version: refused: the catalog gives the numbers.
        artifact_type: what it is for the model that the step works on: ``model``, ``data`` or ``deployment``.
        tags: of the version.
        extract_metadata: no effect.
        include_visualizations: no effect.
        user_metadata: name to JSON value.
        materializer: class, or ``module:Class``, that stores it; None: the one of its type.

    Returns:
        The version.

    Raises:
        UsageError: an argument is refused.
        MaterializationError: the value can't be stored.
        ArtifactStoreError: the store can't be written.
    """
    _refuse_version(version)
    return _save(
        data, name, "manual", artifact_type=artifact_type, tags=tags, metadata=user_metadata, materializer=materializer
    )


def register_artifact(
    folder_or_file_uri: str | Path,
    name: str,
    *,
    version: str | int | None = None,
    artifact_type: str | None = None,
    tags: Sequence[str] | None = None,
    artifact_metadata: Mapping[str, Any] | None = None,
) -> ArtifactVersion:
    """Store a file, or a folder with all that is in it, as a new version of an artifact.

    It is copied into the store; what is at the path may change afterwards. Loading the version gives the path of
    another copy, which is there until the step or the program that loads it ends.

    Args:
        folder_or_file_uri: path on this machine.
        name: of the artifact.
        version: refused: the catalog gives the numbers.
        artifact_type: what it is for the model that the step works on: ``model``, ``data`` or ``deployment``.
        tags: of the version.
        artifact_metadata: name to JSON value.

    Returns:
        The version.

    Raises:
        UsageError: an argument is refused, or there is nothing at the path.
        ArtifactStoreError: the store can't be written.
    """
    _refuse_version(version)
    text = str(folder_or_file_uri)
    path = Path(text.removeprefix("file://")).absolute()
    if not path.exists():
        raise UsageError(f"There is nothing at {text}.", hint="Give the path of a file or folder on this machine.")
    return _save(
        path, name, "preexisting", artifact_type=artifact_type, tags=tags, metadata=artifact_metadata,
        materializer="files",
    )  # fmt: skip


def load_artifact(name_or_id: str, version: str | int | None = None) -> Any:
    """Return the value of an artifact version.

    Args:
        name_or_id: name of the artifact, or id of the version.
        version: number; None means the newest.

    Raises:
        ArtifactNotFoundError: there is none.
        ArtifactDamagedError: its files are gone or differ from the manifest.
    """
    from stackyard.api.step_requests import version_number  # noqa: PLC0415  # few steps load what is no input

    context, number = current(), version_number(version)
    if context is not None:
        return context.services.load(str(name_or_id), number)
    from stackyard.api.client import Client  # noqa: PLC0415  # as above

    return Client().get_artifact_version(str(name_or_id), number).load()


def link_artifact_to_model(artifact_version: ArtifactVersion | str, model: Any = None) -> None:
    """Make an artifact version part of a model version.

    Args:
        artifact_version: the version, or its id.
        model: a :class:`stackyard.Model`, without a version its newest one; None: the one that the running step works
            on.

    Raises:
        UsageError: there is no step that works on a model.
        NotFoundError: one of them is not there.
    """
    target = own_model(current()) if model is None else target_of(model=model.name, model_number=model.version)
    if target:
        version_id = artifact_version if isinstance(artifact_version, str) else artifact_version.id
        perform_here("_link_artifact", {"artifact_version_id": version_id, "target": target, "artifact_type": ""})


def _save(
    data: Any, name: str, save_type: str, *, artifact_type: str | None, tags: Sequence[str] | None,
    metadata: Mapping[str, Any] | None, materializer: type | str | None,
) -> ArtifactVersion:  # fmt: skip
    from stackyard.api.client import ArtifactVersion  # noqa: PLC0415  # few steps save what is no output
    from stackyard.model.names import check_name  # noqa: PLC0415
    from stackyard.model.views import ArtifactVersionView  # noqa: PLC0415

    if artifact_type is not None and artifact_type not in ARTIFACT_TYPES:
        raise UsageError(
            f"{artifact_type!r} is no type of an artifact.", hint=f"The types: {', '.join(ARTIFACT_TYPES)}."
        )
    check_name(name, "artifact")
    facts = {"save_type": save_type, "tags": words_of(tags or []), "artifact_type": str(artifact_type or "")}
    values = jsonable_metadata(dict(metadata or {}))
    context = current()
    if context is not None:
        found = context.services.save(data, name, metadata=values, materializer=materializer, facts=facts)
    else:
        found = _save_here(data, name, values, materializer, facts)
    return ArtifactVersion(ArtifactVersionView.model_validate(found))


def _save_here(
    data: Any, name: str, metadata: dict[str, Any], materializer: type | str | None, facts: dict[str, Any]
) -> Any:
    """Store a value in the active stack's artifact store, and record it."""
    from stackyard.api.active import require_active, resolve_active  # noqa: PLC0415  # only outside of steps
    from stackyard.api.artifacts import open_store  # noqa: PLC0415
    from stackyard.api.context import open_context  # noqa: PLC0415
    from stackyard.api.records import keep_version_record  # noqa: PLC0415
    from stackyard.api.step_requests import perform  # noqa: PLC0415
    from stackyard.model.enums import ComponentType  # noqa: PLC0415
    from stackyard.model.errors import StackValidationError  # noqa: PLC0415
    from stackyard.storage.materializers.lookup import Origin, save_version  # noqa: PLC0415

    ctx = open_context()
    registry = ctx.registry.read()
    stack = require_active(resolve_active(ctx, registry))
    component = registry.component_by_id(stack.components.get(ComponentType.ARTIFACT_STORE.value, ""))
    if component is None:
        raise StackValidationError(
            f"The stack {stack.name!r} has no artifact store.", hint="Choose another one with: stackyard stack set"
        )
    store = open_store(ctx, registry, component)
    origin = Origin(name, project_id=ctx.scope.id, save_type=str(facts["save_type"]))
    manifest = save_version(store, data, origin, metadata, materializers=[materializer] if materializer else [])
    try:
        made = perform(ctx, "_record_artifact", {**facts, "store_id": component.id, "store": component.name}, manifest)
    except BaseException:
        store.discard(manifest.uri)
        raise
    keep_version_record(ctx, store, manifest.id)
    return made


def _refuse_version(version: str | int | None) -> None:
    if version is not None:
        raise UsageError(
            "version= can't be given: each version gets the next number of its artifact.",
            hint="Leave it out; put a name of your own into tags=.",
        )
