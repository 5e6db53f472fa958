"""Which materializer serves a value, and saving and loading a whole artifact version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stackyard.model.artifact import Manifest
from stackyard.model.errors import MaterializationError, StackyardError
from stackyard.storage.artifact_store import ArtifactStore
from stackyard.storage.ids import new_id, now
from stackyard.storage.materializers.arrays import ImageMaterializer, NumpyMaterializer
from stackyard.storage.materializers.base import Materializer, NotStorableError, path_of, type_path
from stackyard.storage.materializers.builtin import (
    BytesMaterializer,
    JsonMaterializer,
    PickleMaterializer,
    TextMaterializer,
)
from stackyard.storage.materializers.sklearn import SklearnMaterializer
from stackyard.storage.materializers.tables import PandasMaterializer

_FALLBACK = PickleMaterializer()
_ALL: tuple[Materializer, ...] = (
    JsonMaterializer(),
    TextMaterializer(),
    BytesMaterializer(),
    NumpyMaterializer(),
    PandasMaterializer(),
    SklearnMaterializer(),
    ImageMaterializer(),
    _FALLBACK,
)
_BY_NAME = {m.name: m for m in _ALL}
_BY_TYPE = {path: m for m in _ALL for path in m.types}


@dataclass(frozen=True)
class Origin:
    """Where an artifact version comes from, as its manifest says."""

    artifact_name: str
    output_name: str = ""
    run_id: str = ""
    step_run_id: str = ""
    step_name: str = ""
    pipeline_name: str = ""
    project_id: str = ""


def materializer_for(value: Any) -> Materializer:
    """Return the materializer of a value: the one of its nearest base class that takes it, else pickle."""
    for cls in type(value).__mro__:
        found = _BY_TYPE.get(path_of(cls))
        if found is not None and found.accepts(value):
            return found
    return _FALLBACK


def save_version(store: ArtifactStore, value: Any, origin: Origin, metadata: dict[str, Any] | None = None) -> Manifest:
    """Store a value as a new artifact version; the manifest is written last.

    Raises:
        MaterializationError: the value can't be stored; nothing is left behind.
        ArtifactStoreError: the store can't be written.
    """
    materializer = materializer_for(value)
    version_id = new_id()
    uri = store.uri_of(origin.artifact_name, version_id)
    writer = store.new_version(origin.artifact_name, version_id)
    try:
        try:
            saved = materializer.save(value, writer)
        except NotStorableError:
            materializer = _FALLBACK
            saved = materializer.save(value, writer)
        manifest = Manifest(
            id=version_id,
            artifact_name=origin.artifact_name,
            type=type_path(value),
            materializer=materializer.name,
            data_format=materializer.data_format,
            unsafe=materializer.unsafe,
            deterministic=materializer.deterministic,
            digest=writer.digest(),
            size_bytes=sum(f.size_bytes for f in writer.files),
            files=writer.files,
            shape=saved.shape,
            run_id=origin.run_id,
            step_run_id=origin.step_run_id,
            step_name=origin.step_name,
            pipeline_name=origin.pipeline_name,
            output_name=origin.output_name,
            project_id=origin.project_id,
            metadata=metadata or {},
            preview=saved.preview,
            created_at=now(),
            uri=uri,
        )
        store.finish(uri, manifest)
    except StackyardError:
        store.discard(uri)
        raise
    except OSError as error:
        store.discard(uri)
        raise MaterializationError(
            f"The artifact {origin.artifact_name!r} can't be written to {uri}: {error.strerror or error}.",
            hint="Make room or choose a stack with another artifact store.",
        ) from error
    except BaseException:
        store.discard(uri)
        raise
    return manifest


def load_version(store: ArtifactStore, uri: str) -> Any:
    """Return the value of an artifact version.

    Raises:
        ArtifactDamagedError: files are missing or differ from the manifest.
        MaterializationError: the manifest names a materializer that is not known here.
        PackageMissingError: a package is needed to load it.
    """
    manifest = store.read_manifest(uri)
    materializer = _BY_NAME.get(manifest.materializer)
    if materializer is None:
        raise MaterializationError(
            f"The artifact version at {uri} was stored by the materializer {manifest.materializer!r}, "
            "which is not known here.",
            hint="Upgrade Stackyard, or install the package that brings the materializer.",
        )
    return materializer.load(store, uri, manifest)
