"""Files and folders that users register as artifacts, kept as they are."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath
from typing import Any

from stackyard.model.artifact import Manifest, Preview
from stackyard.model.errors import MaterializationError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.base import Materializer, Saved

_CHUNK = 1 << 20
_PREVIEW_FILES = 100
_FILE, _FOLDER = "file", "folder"
"""Where in the version a single file lies, or the members of a folder."""


class FilesMaterializer(Materializer):
    """A file or a folder, given as its path; no type is stored like this unless it is asked for."""

    name = "files"
    data_format = "files"

    def accepts(self, value: Any) -> bool:
        """Take paths."""
        return isinstance(value, Path)

    def save(self, value: Path, writer: VersionWriter) -> Saved:
        """Copy the file, or what is in the folder; links are taken for what they lead to.

        Raises:
            MaterializationError: there is nothing.
        """
        if value.is_dir():
            found = {f"{_FOLDER}/{path.relative_to(value).as_posix()}": path for path in sorted(value.rglob("*"))}
        else:
            found = {f"{_FILE}/{value.name}": value}
        found = {name: path for name, path in found.items() if path.is_file()}
        if not found:
            raise MaterializationError(
                f"There is nothing to store at {value}.", hint="Give the path of a file, or of a folder with files."
            )
        for name, path in found.items():
            with path.open("rb") as source, writer.open(name) as target:
                shutil.copyfileobj(source, target, _CHUNK)
        shown = [name.split("/", 1)[1] for name in list(found)[:_PREVIEW_FILES]]
        preview = Preview(kind="text", text="\n".join(shown), truncated=len(found) > len(shown))
        return Saved([len(found)], preview)

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Path:
        """Return the path of the file or folder as it lies in the store; it is not to be changed."""
        paths = {file.path: store.local_file(uri, file) for file in manifest.files}
        name, path = next(iter(paths.items()))
        if name.startswith(f"{_FILE}/"):
            return path
        return path.parents[len(PurePosixPath(name).parts) - 2]


MATERIALIZERS: tuple[Materializer, ...] = (FilesMaterializer(),)
