"""Values from outside that a pipeline gives to its steps: stored before the steps that take them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from stackyard.engine.plan import Upload
from stackyard.model.graph import StepSpec

if TYPE_CHECKING:
    from stackyard.authoring.artifact_config import ExternalArtifact
    from stackyard.storage.artifact_store import ArtifactStore


def store_uploads(
    store: ArtifactStore, uploads: Mapping[str, ExternalArtifact], specs: Iterable[StepSpec], *, run_id: str,
    pipeline: str, project_id: str,
) -> list[Upload]:  # fmt: skip
    """Store the values that steps take; each becomes a version of the artifact ``<pipeline>.<step>.<input>``.

    Args:
        store: where.
        uploads: placeholder to value.
        specs: the steps.
        run_id: of the run that they are stored for.
        pipeline: its pipeline.
        project_id: its project.

    Raises:
        MaterializationError: a value can't be stored.
        ArtifactStoreError: the store can't be written.
    """
    if not uploads:
        return []
    from stackyard.storage.materializers.lookup import Origin, save_version  # noqa: PLC0415  # few pipelines have any

    found: dict[str, Upload] = {}
    for spec in specs:
        for name, placeholder in spec.external_inputs.items():
            given = uploads.get(placeholder)
            if given is None or placeholder in found:
                continue
            origin = Origin(
                artifact_name=f"{pipeline}.{spec.name}.{name}", output_name=name, run_id=run_id,
                step_name=spec.name, pipeline_name=pipeline, project_id=project_id, save_type="external",
            )  # fmt: skip
            chosen = [given.materializer] if given.materializer else []
            found[placeholder] = Upload(placeholder, save_version(store, given.value, origin, materializers=chosen))
    return list(found.values())
