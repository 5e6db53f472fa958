"""From an artifact store's configuration to the store."""

from __future__ import annotations

from typing import Any

from stackyard.model.errors import UnknownFlavorError
from stackyard.storage.artifact_store import ArtifactStore, LocalArtifactStore


def open_artifact_store(flavor: str, configuration: dict[str, Any]) -> ArtifactStore:
    """Return the artifact store of a resolved configuration; nothing is read or made.

    Raises:
        UnknownFlavorError: the flavor is not known in this environment.
    """
    if flavor == "local":
        return LocalArtifactStore(str(configuration["path"]))
    raise UnknownFlavorError(
        f"The artifact store flavor {flavor!r} is not known in this environment.",
        hint="Install the package that brings it.",
    )
