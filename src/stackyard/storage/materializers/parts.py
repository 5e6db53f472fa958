"""Parts of a stored value that have files of their own, each in a sub folder of the version."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stackyard.model.artifact import ArtifactFile, Manifest
from stackyard.storage.artifact_store import ArtifactStore, HashingFile, VersionWriter

_FOLDER = re.compile(r"parts/\d+(-[A-Za-z0-9_-]+)?")
_UNSPEAKABLE = re.compile(r"[^A-Za-z0-9_-]+")
_NAME_LENGTH = 40


def folder_of(number: int, name: str) -> str:
    """Return the folder of a part.

    Args:
        number: counted from 0 in the whole value.
        name: key or field that holds the part, for those who look at the files; may be empty.
    """
    shown = _UNSPEAKABLE.sub("_", name)[:_NAME_LENGTH].strip("_")
    return f"parts/{number}-{shown}" if shown else f"parts/{number}"


def is_folder(path: object) -> bool:
    """Tell whether a part may lie in this folder."""
    return isinstance(path, str) and _FOLDER.fullmatch(path) is not None


class PartWriter(VersionWriter):
    """Takes the files of one part; they are files of the whole version too."""

    def __init__(self, whole: VersionWriter, folder: str) -> None:
        """Remember where the part goes."""
        super().__init__()
        self._whole = whole
        self._folder = folder

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[HashingFile]:
        """Open a new file of the part for writing."""
        with self._whole.open(f"{self._folder}/{path}") as file:
            yield file
        self._took(path)

    @contextlib.contextmanager
    def add(self, path: str) -> Iterator[Path]:
        """Give a local path to libraries that only write to paths."""
        with self._whole.add(f"{self._folder}/{path}") as place:
            place.parent.mkdir(parents=True, exist_ok=True)
            yield place
        self._took(path)

    def _took(self, path: str) -> None:
        self.files.append(self._whole.files[-1].model_copy(update={"path": path}))


class PartStore:
    """A store as a part's materializer sees it: the part is a version there. All else is the real store."""

    def __init__(self, store: ArtifactStore, uri: str, whole: Manifest, folder: str) -> None:
        """Remember the version and the part's folder in it."""
        self._store = store
        self._uri = uri
        self._folder = folder
        self._files = {f.path: f for f in whole.files if f.path.startswith(f"{folder}/")}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @property
    def part_uri(self) -> str:
        """Where the part lies."""
        return f"{self._uri}/{self._folder}"

    def part_files(self) -> list[ArtifactFile]:
        """Return the part's files, with paths within the part."""
        start = len(self._folder) + 1
        return [file.model_copy(update={"path": path[start:]}) for path, file in self._files.items()]

    def local_file(self, _uri: str, file: ArtifactFile) -> Path:
        """Return a local path of a file of the part."""
        return self._store.local_file(self._uri, self._files[f"{self._folder}/{file.path}"])
