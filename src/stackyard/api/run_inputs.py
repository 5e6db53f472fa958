"""The artifact versions that steps of a run take although no step of the run makes them."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path

from stackyard.api.artifacts import find_version
from stackyard.api.components import component_spec
from stackyard.api.context import Context
from stackyard.engine.cache import KnownVersion
from stackyard.model.errors import ArtifactNotFoundError, Location, StackyardError
from stackyard.model.graph import StepSpec
from stackyard.model.job import ComponentSpec
from stackyard.model.problems import Problems
from stackyard.model.stack import Registry
from stackyard.model.views import ArtifactVersionView

UPLOAD = "upload:"
"""What stands for a version begins so when the driver stores it before its step starts."""
NAMED = "name:"
"""What stands for a version begins so when its artifact is named, ``name:rows@3`` with the version's number."""


def external_versions(
    ctx: Context, registry: Registry, steps: Iterable[StepSpec], store: ComponentSpec, *,
    known: Container[str], problems: Problems,
) -> dict[str, KnownVersion]:  # fmt: skip
    """Return what stands for a version in the steps, to the version.

    Args:
        ctx: where.
        registry: as it was read for this run.
        steps: the steps.
        store: of the run.
        known: what was looked up before, and is left out.
        problems: takes what is not in the catalog, or has lost its files.
    """
    wanted = {
        text: step
        for step in steps
        for text in step.external_inputs.values()
        if not text.startswith(UPLOAD) and text not in known
    }
    found: dict[str, KnownVersion] = {}
    for text, step in wanted.items():
        try:
            row = _find(ctx, text)
            elsewhere = row.artifact_store_id != store.component_id
            other = registry.component_by_id(row.artifact_store_id) if elsewhere else None
            spec = component_spec(ctx, registry, other) if other else None
            _require_files(row, spec or store)
        except StackyardError as error:
            problems.add(_in_step(error, step))
            continue
        found[text] = KnownVersion(
            id=row.id, uri=row.uri, materializer=row.materializer, digest=row.digest, deterministic=False,
            type=row.type, artifact_name=row.name, store=spec,
        )  # fmt: skip
    return found


def _find(ctx: Context, text: str) -> ArtifactVersionView:
    if text.startswith(NAMED):
        name, _, number = text.removeprefix(NAMED).rpartition("@")
        return find_version(ctx, name, int(number)) if name and number.isdecimal() else find_version(ctx, text[5:])
    with ctx.catalog() as catalog:
        rows = catalog.versions_by_id(text) if catalog else []
    if not rows:
        raise ArtifactNotFoundError(
            f"The artifact version {text} is not in the catalog.", hint="Pass a version of this home's catalog."
        )
    return rows[0]


def _require_files(version: ArtifactVersionView, store: ComponentSpec) -> None:
    """Refuse a version whose folder is gone; other stores are asked by the step itself.

    Raises:
        ArtifactNotFoundError: it is.
    """
    if store.flavor == "local" and not store.source and not Path(version.uri).is_dir():
        raise ArtifactNotFoundError(
            f"The files of {version.name!r} version {version.version} are gone from {version.uri}.",
            hint="Pass another version, or run the pipeline that makes it again.",
        )


def _in_step(error: StackyardError, step: StepSpec) -> StackyardError:
    """Say which step takes what is not there."""
    return type(error)(
        f"{error.message.rstrip('.')}; step {step.name!r} takes it.",
        hint=error.hint,
        location=Location(step.file, step.line) if step.file else None,
    )
