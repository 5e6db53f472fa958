"""Whether artifact versions are where they were put: as far as that can be told without reading their data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from stackyard.api.components import flavor_of
from stackyard.api.context import Context
from stackyard.model.artifact import MANIFEST_FILE
from stackyard.model.errors import ArtifactDamagedError, StackyardError
from stackyard.model.stack import Registry, StackComponent
from stackyard.model.views import ArtifactVersionView
from stackyard.storage.local_store import LocalArtifactStore

PRUNED = "It was pruned: its files are gone, and runs still list it. Run the step again."


def fill_in(ctx: Context, versions: Sequence[ArtifactVersionView]) -> None:
    """Say of a page of versions which are there: by their files' sizes, so that a long page takes no time.

    What `artifact verify` found, and what was pruned, is known already.
    """
    looked_at = [version for version in versions if version.status == "available"]
    for version in looked_at:
        _look(version)
    forgive_foreign(ctx, [version for version in looked_at if version.status != "available"])


def local_store(uri: str) -> LocalArtifactStore:
    """Return the folder that a version lies in, if it is one of this machine, as a store."""
    return LocalArtifactStore(str(Path(uri).parent.parent.parent))


def set_problem(version: ArtifactVersionView, error: StackyardError, status: Literal["damaged", ""] = "") -> None:
    """Say of a version what is wrong with it; without a status it is missing if the error says so."""
    version.status = status or ("missing" if error.details.get("missing") else "damaged")
    version.problem = f"{error.message} {error.hint}".strip()


def forgive_foreign(ctx: Context, versions: Sequence[ArtifactVersionView]) -> bool:
    """Take versions for available that are not where our own stores put them; return whether there are such."""
    if not versions:
        return False
    registry = ctx.registry.read()
    foreign = [v for v in versions if is_foreign(registry, registry.component_by_id(v.artifact_store_id))]
    for version in foreign:
        version.status, version.problem = "available", ""
    return bool(foreign)


def is_foreign(registry: Registry, component: StackComponent | None) -> bool:
    """Tell whether a store is of a flavor from outside, whose package only the user's interpreter imports."""
    flavor = flavor_of(registry, component) if component else None
    return flavor is not None and bool(flavor.source)


def _look(version: ArtifactVersionView) -> None:
    version.status = _of_manifest(version.uri)
    if version.status == "available" and _data_bytes(version.uri) != version.size_bytes:
        # Something is missing, or lies there beside it: only now it pays to read which files there should be.
        try:
            local_store(version.uri).glance(version.uri)
        except ArtifactDamagedError as error:
            set_problem(version, error, "damaged")


def _data_bytes(folder: str) -> int:
    """Return the size of all files of a version but its manifest; -1 when that can't be told."""
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    total += _data_bytes(entry.path)
                elif entry.name != MANIFEST_FILE:
                    total += entry.stat().st_size
    except OSError:
        return -1
    return total


def _of_manifest(uri: str) -> Literal["available", "missing", "damaged"]:
    """Look at the last byte of a manifest: a JSON object that was not cut ends so."""
    try:
        with open(f"{uri}/{MANIFEST_FILE}", "rb", buffering=0) as file:  # noqa: PTH123  # many at once
            file.seek(-1, os.SEEK_END)
            return "available" if file.read(1) == b"}" else "damaged"
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except OSError:
        return "damaged"
