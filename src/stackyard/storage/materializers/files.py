"""Files and folders: what lies at a path that a step returns, or that a user registers, kept as it is."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from stackyard.model.artifact import Manifest, Preview
from stackyard.model.errors import ArtifactDamagedError, MaterializationError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.host import reason_of
from stackyard.storage.materializers.base import Materializer, Saved
from stackyard.storage.materializers.copies import copy_folder
from stackyard.storage.materializers.texts import file_preview

_CHUNK = 1 << 20
_PREVIEW_FILES = 100
_FILE, _FOLDER = "file", "folder"
"""Where in the version a single file lies, or the members of a folder."""
_EMPTY = "empty-folders.json"
"""Names the folders in which nothing is."""
_PNG = b"\x89PNG\r\n\x1a\n"


class FilesMaterializer(Materializer):
    """A file or a folder, given as its path: names and bytes; links are taken for what they lead to."""

    name = "files"
    data_format = "files"
    types: ClassVar[tuple[str, ...]] = ("pathlib.Path", "pathlib._local.Path")

    def accepts(self, value: Any) -> bool:
        """Take paths of this machine, not subclasses."""
        return type(value) is type(Path())

    def save(self, value: Path, writer: VersionWriter) -> Saved:
        """Copy the file, or what is in the folder, hidden files too.

        Raises:
            MaterializationError: there is nothing, or something that can't be read, or that is neither file nor folder.
        """
        try:
            is_folder = stat.S_ISDIR(value.stat().st_mode)
        except OSError as error:
            raise _not_readable(value, error) from error
        files: dict[str, Path] = {}
        empty: list[str] = []
        if is_folder:
            for name, path in _walk(value, ""):
                if path is None:
                    empty.append(name)
                else:
                    files[f"{_FOLDER}/{name}"] = path
        else:
            _check_file(value)
            files[f"{_FILE}/{_text(value.name, value)}"] = value
        for name, path in files.items():
            with writer.open(name) as target:
                for chunk in _chunks(path):
                    target.write(chunk)
        if empty:
            writer.write(_EMPTY, json.dumps(empty, ensure_ascii=False).encode())
        return Saved([len(files)], _preview(files, is_folder=is_folder))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Path:
        """Return the path of a copy, which may be changed. A step's copies are removed when it is over.

        Raises:
            ArtifactDamagedError: the version holds neither a file nor a folder.
        """
        base = copy_folder()
        root = base / _FOLDER
        for file in manifest.files:
            local = store.local_file(uri, file)
            if file.path == _EMPTY:
                for name in json.loads(local.read_bytes()):
                    if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute():
                        raise _damaged(uri)
                    (root / name).mkdir(parents=True, exist_ok=True)
                continue
            target = base / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(local, target)
            if file.path.startswith(f"{_FILE}/"):
                root = target
        if not root.exists():
            raise _damaged(uri)
        return root


def _walk(folder: Path, prefix: str, above: tuple[tuple[int, int], ...] = ()) -> Iterator[tuple[str, Path | None]]:
    """Yield the names of the files below a folder, in order, with their paths; of empty folders the name alone."""
    try:
        found = folder.stat()
        members = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise _not_readable(folder, error) from error
    identity = (found.st_dev, found.st_ino)
    if identity in above:
        raise MaterializationError(
            f"The folder {folder} can't be stored: a link in it leads back to a folder that it is in.",
            hint="Remove the link.",
        )
    if not members:
        yield prefix.rstrip("/") or ".", None
    for path in members:
        name = f"{prefix}{_text(path.name, path)}"
        if path.is_dir():
            yield from _walk(path, f"{name}/", (*above, identity))
        else:
            _check_file(path)
            yield name, path


def _check_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise _not_readable(path, error) from error
    if not stat.S_ISREG(mode):
        raise MaterializationError(
            f"What lies at {path} can't be stored: it is neither a file nor a folder.",
            hint="Leave sockets, pipes and devices out.",
        )


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb", buffering=0) as source:
            while chunk := source.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise _not_readable(path, error) from error


def _text(name: str, path: Path) -> str:
    """Return a file's name, which must be a text."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise MaterializationError(
            f"The file {os.fsencode(path)!r} can't be stored: its name is no valid text.", hint="Rename it."
        ) from error
    return name


def _preview(files: dict[str, Path], *, is_folder: bool) -> Preview:
    """Return the beginning of a single file that can be shown, or the names of the files."""
    if not is_folder:
        (name, path) = next(iter(files.items()))
        shown = file_preview(path)
        if shown is not None:
            return shown
        with path.open("rb") as file:
            if file.read(len(_PNG)) == _PNG:
                return Preview(kind="image", image_file=name, text=path.name)
    names = [name.split("/", 1)[1] for name in list(files)[:_PREVIEW_FILES]]
    return Preview(kind="text", text="\n".join(names), truncated=len(files) > len(names))


def _not_readable(path: Path, error: OSError) -> MaterializationError:
    if isinstance(error, FileNotFoundError) and not path.is_symlink():
        where = f", looked for in {Path.cwd()}" if not path.is_absolute() else ""
        return MaterializationError(
            f"There is nothing to store at {path}{where}.",
            hint="A path stands for the file or folder that it leads to: write it first, or return str(path).",
        )
    return MaterializationError(
        f"What lies at {path} can't be stored: {reason_of(error)}.",
        hint="Make it readable, or remove it." if not path.is_symlink() else "Mend or remove the link.",
    )


def _damaged(uri: str) -> ArtifactDamagedError:
    return ArtifactDamagedError(
        f"The artifact version at {uri} holds neither a file nor a folder.", hint="Run the step again."
    )


MATERIALIZERS: tuple[Materializer, ...] = (FilesMaterializer(),)
