"""Which materializer serves a value, and saving and loading a whole artifact version."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from pydantic_core import to_jsonable_python

from stackyard.model.artifact import Manifest
from stackyard.model.errors import MaterializationError
from stackyard.model.materializer import HOW, misfit
from stackyard.model.record import Record
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.ids import new_id, now
from stackyard.storage.materializers import registered
from stackyard.storage.materializers.base import Materializer, NotStorableError, Saved, path_of, type_path
from stackyard.storage.materializers.builtin import MATERIALIZERS, PickleMaterializer

_FALLBACK = next(m for m in MATERIALIZERS if isinstance(m, PickleMaterializer))
_HERE = "stackyard.storage.materializers"
_BY_PACKAGE = {
    "numpy": "arrays", "PIL": "images", "matplotlib": "images", "pandas": "tables", "polars": "polars",
    "pyarrow": "arrow", "scipy": "sparse", "sklearn": "sklearn", "torch": "torch", "pathlib": "files",
    "stackyard": "texts",
}  # fmt: skip
"""Package of a type to the module here that stores its values: imported with the first such value."""
_BY_NAME = {
    "numpy": "arrays", "numpy-masked": "arrays", "image": "images", "matplotlib": "images", "pandas": "tables",
    "pandas-index": "tables", "pandas-scalar": "tables", "polars": "polars", "pyarrow": "arrow",
    "scipy-sparse": "sparse", "sklearn": "sklearn", "torch": "torch", "torch-module": "torch", "files": "files",
    "structure": "structure", "typed-text": "texts",
}  # fmt: skip
"""Materializer to its module; those of Python's own types are always there."""
_FOR_ANY = "structure"
"""Asked for a value of any type before it is pickled."""
_known = {m.name: m for m in MATERIALIZERS}
_by_type = {path: m for m in MATERIALIZERS for path in m.types}


class Origin(Record):
    """Where an artifact version comes from, as its manifest says."""

    artifact_name: str
    output_name: str = ""
    run_id: str = ""
    step_run_id: str = ""
    step_name: str = ""
    pipeline_name: str = ""
    project_id: str = ""
    run_name: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Input to the id of the artifact version that the step took."""
    save_type: str = "step_output"


class NewVersion(Record):
    """Room for an artifact version that has no files of ours yet."""

    id: str
    uri: str
    writer: VersionWriter


def new_version(store: ArtifactStore, artifact_name: str) -> NewVersion:
    """Make room for a new version of an artifact.

    Raises:
        ArtifactStoreError: the store can't be written.
    """
    version_id = new_id()
    return NewVersion(version_id, store.uri_of(artifact_name, version_id), store.new_version(artifact_name, version_id))


def materializer_for(value: Any) -> Materializer:
    """Return the materializer of a value: the one of its nearest base class that takes it, else pickle."""
    for cls in type(value).__mro__:
        module = _BY_PACKAGE.get(cls.__module__.partition(".")[0])
        if module is not None:
            _bring(module)
        found = _by_type.get(path_of(cls))
        if found is not None and found.accepts(value):
            return found
        own = registered.for_type(path_of(cls))
        if own is not None and (chosen := find_materializer(own)).accepts(value):
            return chosen
    found = _named(_FOR_ANY)
    return found if found is not None and found.accepts(value) else _FALLBACK


def _bring(module: str) -> None:
    """Import a module of materializers, once."""
    for found in importlib.import_module(f"{_HERE}.{module}").MATERIALIZERS:
        if found.name not in _known:
            _known[found.name] = found
            _by_type.update(dict.fromkeys(found.types, found))


def _named(name: str) -> Materializer | None:
    """Return a materializer of ours."""
    if name not in _known and name in _BY_NAME:
        _bring(_BY_NAME[name])
    return _known.get(name)


def save_version(
    store: ArtifactStore, value: Any, origin: Origin, metadata: dict[str, Any] | None = None, *,
    materializers: Sequence[type | str] = (), version: NewVersion | None = None,
) -> Manifest:  # fmt: skip
    """Store a value as a new artifact version; the manifest is written last.

    Args:
        store: where.
        value: the value.
        origin: what the manifest says of where it comes from.
        metadata: JSON values that belong to the version.
        materializers: classes, or ``module:Class`` of them, that are asked first, in this order.
        version: room made before; files that are in it already belong to the version.

    Raises:
        MaterializationError: the value can't be stored; nothing is left behind.
        ArtifactStoreError: the store can't be written.
    """
    asked = [find_materializer(m) for m in materializers]
    chosen = [m for m in asked if takes(m, value)] + [materializer_for(value)]
    made = version or new_version(store, origin.artifact_name)
    uri, writer = made.uri, made.writer
    try:
        materializer, saved = save_files(chosen, value, writer)
        if version is not None:
            writer.adopt()
        manifest = Manifest(
            id=made.id,
            artifact_name=origin.artifact_name,
            type=type_path(value),
            materializer=reference_to(materializer),
            data_format=saved.data_format or materializer.data_format,
            unsafe=materializer.unsafe or saved.unsafe,
            deterministic=materializer.deterministic and saved.deterministic,
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
            run_name=origin.run_name,
            inputs=dict(origin.inputs),
            save_type=origin.save_type,
            metadata={**to_jsonable_python(saved.metadata, fallback=str), **(metadata or {})},
            preview=saved.preview,
            created_at=now(),
            uri=uri,
        )
        store.finish(uri, manifest)
    except BaseException as error:
        with contextlib.suppress(Exception):  # what went wrong first is what counts
            store.discard(uri)
        if not isinstance(error, OSError):
            raise
        raise MaterializationError(
            f"The artifact {origin.artifact_name!r} can't be written to {uri}: {error.strerror or error}.",
            hint="Make room or choose a stack with another artifact store.",
        ) from error
    return manifest


def load_version(store: ArtifactStore, uri: str, manifest: Manifest | None = None) -> Any:
    """Return the value of an artifact version.

    Args:
        store: where it lies.
        uri: of the version.
        manifest: of the version; None: it is read.

    Raises:
        ArtifactDamagedError: files are missing or differ from the manifest.
        MaterializationError: the manifest names a materializer that is not known here.
        PackageMissingError: a package is needed to load it.
    """
    manifest = manifest or store.read_manifest(uri)
    if ":" not in manifest.materializer and _named(manifest.materializer) is None:
        raise MaterializationError(
            f"The artifact version at {uri} was stored by the materializer {manifest.materializer!r}, "
            "which is not known here.",
            hint="Upgrade Stackyard, or install the package that brings the materializer.",
        )
    materializer = find_materializer(manifest.materializer)
    try:
        return materializer.load(store, uri, manifest)
    except FileNotFoundError:
        store.verify(uri)  # says so if the version was removed meanwhile
        raise


def find_materializer(source: type | str) -> Materializer:
    """Return a materializer of ours by name, or that of a class, given as such or as ``module:Class``.

    The class is imported: user code.

    Raises:
        MaterializationError: there is no such class, or it is no materializer.
    """
    cls: Any = source
    if isinstance(source, str):
        cls = _named(source) or registered.by_reference(source) or _imported(source)
    if isinstance(cls, Materializer):
        return cls
    why = misfit(cls) if isinstance(cls, type) else "is no class"
    if why:
        raise MaterializationError(f"{source!r} is no materializer: it {why}.", hint=HOW)
    if not registered.is_of_user(cls):
        found = cls()
        assert isinstance(found, Materializer)  # noqa: S101  # no misfit
        return found
    from stackyard.storage.materializers.own import OwnMaterializer  # noqa: PLC0415  # few runs have any

    return OwnMaterializer(cls)


def _imported(source: str) -> Any:
    """Import what a reference names.

    Raises:
        MaterializationError: there is no such class, or it is that of a script.
    """
    script = registered.script_of(source)
    if script is not None:
        where = f"the script {script[1]}" if script[1] else "a notebook or an interactive session"
        raise MaterializationError(
            f"The materializer {script[0]} is defined in {where}, which no other program can import.",
            hint="Load it where the class is defined, or move the class into a module and run the step again.",
        )
    module, _, name = source.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise MaterializationError(
            f"The materializer {source!r} can't be imported: {error}.",
            hint="Define it at the top level of a module that this process can import.",
        ) from error
    return found


def takes(materializer: Materializer, value: Any) -> bool:
    """Tell whether a materializer stores values like this one; one that names no types is asked for any."""
    types = registered.types_of(type(materializer))
    if types and not any(path_of(cls) in types for cls in type(value).__mro__):
        return False
    return materializer.accepts(value)


def save_files(chosen: list[Materializer], value: Any, writer: VersionWriter) -> tuple[Materializer, Saved]:
    """Write a value's files with the first materializer that can hold this very value, and else pickle it.

    Raises:
        MaterializationError: the value can't be stored.
    """
    for materializer in chosen:
        try:
            return materializer, materializer.save(value, writer) or Saved()
        except NotStorableError:
            continue
    return _FALLBACK, _FALLBACK.save(value, writer)


def reference_to(materializer: Materializer) -> str:
    """Return how a manifest names a materializer: ours by name, others by where they are."""
    if _known.get(getattr(materializer, "name", "")) is materializer:
        return materializer.name
    reference = getattr(materializer, "reference", "")
    return str(reference) or registered.reference_of(type(materializer))
