"""Reading and writing ``manifest.json``, and what is said of a version that is not what its manifest says."""

from __future__ import annotations

import json
from pathlib import PurePath

from pydantic import ValidationError

from stackyard.model.artifact import MANIFEST_FORMAT, ArtifactFile, Manifest
from stackyard.model.base import check_format
from stackyard.model.errors import ArtifactDamagedError
from stackyard.storage.host import reason_of

AGAIN = "Run the step again; the cache will not use this version."


def manifest_bytes(manifest: Manifest) -> bytes:
    """Return what is written as ``manifest.json``."""
    return manifest.model_dump_json(exclude_defaults=True).encode("utf-8", errors="surrogatepass")


def parse_manifest(data: bytes, where: str) -> Manifest:
    """Return the manifest that was read.

    Args:
        data: what :func:`manifest_bytes` gave.
        where: path or URI of the manifest, for the messages.

    Raises:
        ArtifactDamagedError: it is none, was written by a newer major version, or names files outside of its version.
    """
    try:
        manifest = Manifest.model_validate_json(data)
    except (ValidationError, ValueError) as error:
        _refuse_newer(_format_in(data), where)
        why = "it is not a manifest" if data else "it is empty"
        raise ArtifactDamagedError(f"The manifest {where} can't be read: {why}.", hint=AGAIN) from error
    _refuse_newer(manifest.format, where)
    for file in manifest.files:
        if _leads_outside(file.path):
            raise ArtifactDamagedError(f"The manifest {where} names files outside of its version.", hint=AGAIN)
    return manifest


def no_manifest(uri: str) -> ArtifactDamagedError:
    """Return the error for a version without a manifest."""
    return ArtifactDamagedError(
        f"The artifact version at {uri} has no manifest: it was removed or never finished.", hint=AGAIN, missing=True
    )


def no_file(path: str) -> ArtifactDamagedError:
    """Return the error for a file that is not there."""
    return ArtifactDamagedError(f"The file {path} of an artifact version is missing.", hint=AGAIN, missing=True)


def differs(path: str, file: ArtifactFile, found: str) -> ArtifactDamagedError:
    """Return the error for a file with other bytes.

    Args:
        path: of it, for the message.
        file: as the manifest describes it.
        found: the digest of what is there, or its size in words.
    """
    return ArtifactDamagedError(
        f"The file {path} is damaged: expected {file.size_bytes} bytes with {file.digest[:23]}…, found "
        f"{found if len(found) < 24 else found[:23] + '…'}.",
        hint=AGAIN,
    )


def not_readable(what: str, error: OSError) -> ArtifactDamagedError:
    """Return the error for something of a version that is there and can't be read."""
    return ArtifactDamagedError(
        f"The {what} can't be read: {reason_of(error)}.", hint="Change its permissions, or run the step again."
    )


def _leads_outside(path: str) -> bool:
    """Tell whether a file's path could be one of another folder."""
    if path != ".." and not any(character in path for character in "/\\:"):
        return False  # a plain name, as nearly all are
    return PurePath(path).is_absolute() or ".." in PurePath(path).parts


def _format_in(data: bytes) -> str:
    """Return the format that a text which is no manifest of today says, if it says one."""
    try:
        document = json.loads(data)
    except ValueError:
        return MANIFEST_FORMAT
    return str(document.get("format", MANIFEST_FORMAT)) if isinstance(document, dict) else MANIFEST_FORMAT


def _refuse_newer(found: str, where: str) -> None:
    if not check_format(found, MANIFEST_FORMAT):
        raise ArtifactDamagedError(
            f"The manifest {where} has format {found}; this Stackyard reads up to {MANIFEST_FORMAT}.",
            hint="Upgrade Stackyard in this environment.",
        )
