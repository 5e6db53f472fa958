"""Materializers as ZenML's users write them: ``save`` puts files into the folder ``self.uri``, ``load`` reads them."""

from __future__ import annotations

import contextlib
import csv
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, ClassVar

from stackyard.model.artifact import ArtifactFile, Manifest, Preview, PreviewColumn
from stackyard.model.enums import ArtifactType, VisualizationType
from stackyard.model.errors import MaterializationError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers import registered
from stackyard.storage.materializers.base import PREVIEW_COLUMNS, PREVIEW_ROWS, PREVIEW_TEXT, Saved
from stackyard.storage.materializers.copies import copy_folder

_LONGEST_SHOWN = 1_000_000
"""Bytes of a visualization that are looked at for the preview."""
_log = logging.getLogger("stackyard.materializer")


class BaseMaterializer:
    """Saves and loads values of some types through a local folder.

    Derive from it, name the types and write ``save(self, data)`` and ``load(self, data_type)``.
    """

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = ()
    """Values of these types, and of types derived from them, are stored with it in all steps."""
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA
    """Has no effect: what an artifact is for a model, its step says."""
    SKIP_REGISTRATION: ClassVar[bool] = False
    """True: only outputs that name it are stored with it. Classes derived from it decide on their own."""
    deterministic: ClassVar[bool] = False
    """True: equal files mean equal values, so that a step is reused when its input was stored anew with equal files.

    Not so where files only say where the data is.
    """
    unsafe: ClassVar[bool] = False
    """True: loading can run code that the data names."""
    data_format: ClassVar[str] = "files"
    """What `stackyard artifact show` calls the format."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Have the class stored values of its types."""
        super().__init_subclass__(**kwargs)
        registered.record(cls)

    def __init__(self, uri: str, artifact_store: Any = None) -> None:
        """Work in a folder that exists."""
        self.uri = uri
        self.artifact_store = artifact_store or FolderFiles(uri)

    def save(self, data: Any) -> None:
        """Write files for a value into the folder ``self.uri``."""

    def load(self, data_type: type[Any]) -> Any:
        """Return the value from the files in ``self.uri``, which are not to be changed."""

    def save_visualizations(self, data: Any) -> dict[str, VisualizationType]:  # noqa: ARG002  # subclasses look at it
        """Write files to look at into ``self.uri``; return their paths and kinds, the one to be shown first."""
        return {}

    def extract_metadata(self, data: Any) -> dict[str, Any]:  # noqa: ARG002  # subclasses look at it
        """Return metadata of a value: name to what JSON can hold."""
        return {}

    @contextlib.contextmanager
    def get_temporary_directory(self, *_: Any, **__: Any) -> Iterator[str]:
        """Give a folder that is removed after the ``with`` block."""
        with tempfile.TemporaryDirectory(prefix="stackyard-") as folder:
            yield folder


class FolderFiles:
    """The file functions of ZenML's artifact stores, on a local folder; nothing outside of it is changed."""

    def __init__(self, root: str) -> None:
        """Stay below a folder."""
        self.path = root
        self._root = Path(root).resolve()

    def open(self, name: str, mode: str = "r") -> IO[Any]:
        """Open a file; texts are UTF-8."""
        if set(mode) & set("wax+"):
            self._inside(name)
        return Path(name).open(mode, encoding=None if "b" in mode else "utf-8")

    def exists(self, path: str) -> bool:
        """Tell whether something is there."""
        return Path(path).exists()

    def isdir(self, path: str) -> bool:
        """Tell whether it is a folder."""
        return Path(path).is_dir()

    def listdir(self, path: str) -> list[str]:
        """Return the names in a folder."""
        return sorted(each.name for each in Path(path).iterdir())

    def glob(self, pattern: str) -> list[str]:
        """Return the paths that a pattern leads to."""
        import glob  # noqa: PLC0415

        return sorted(glob.glob(pattern))  # noqa: PTH207  # takes absolute patterns

    def walk(self, top: str) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yield folder, folders in it, files in it."""
        return os.walk(top)

    def size(self, path: str) -> int:
        """Return the bytes of a file."""
        return Path(path).stat().st_size

    def stat(self, path: str) -> os.stat_result:
        """Return what the system knows of a file."""
        return Path(path).stat()

    def makedirs(self, path: str) -> None:
        """Make a folder and those above it."""
        self._inside(path).mkdir(parents=True, exist_ok=True)

    def mkdir(self, path: str) -> None:
        """Make a folder."""
        self._inside(path).mkdir(exist_ok=True)

    def copyfile(self, src: str, dst: str, overwrite: bool = False) -> None:
        """Copy a file."""
        if not overwrite and Path(dst).exists():
            raise FileExistsError(dst)
        shutil.copyfile(src, self._inside(dst))

    def rename(self, src: str, dst: str, overwrite: bool = False) -> None:
        """Move a file."""
        if not overwrite and Path(dst).exists():
            raise FileExistsError(dst)
        self._inside(src).replace(self._inside(dst))

    def remove(self, path: str) -> None:
        """Remove a file."""
        self._inside(path).unlink()

    def rmtree(self, path: str) -> None:
        """Remove a folder and what is in it."""
        shutil.rmtree(self._inside(path))

    def _inside(self, name: str) -> Path:
        path = Path(name)
        if not path.resolve().is_relative_to(self._root):
            raise MaterializationError(
                f"A materializer would change {name}, which lies outside of its folder.",
                hint="Write below self.uri: os.path.join(self.uri, name).",
            )
        return path


def save_in_folder(cls: type[BaseMaterializer], value: Any, writer: VersionWriter) -> Saved:
    """Let a class write a value's files into a folder, and take them."""
    with tempfile.TemporaryDirectory(prefix="stackyard-") as folder:
        materializer = cls(folder)
        materializer.save(value)
        shown = _asked(materializer.save_visualizations, value, "visualizations") or {}
        metadata = _asked(materializer.extract_metadata, value, "metadata") or {}
        preview = _preview(folder, shown)
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                with writer.add(path.relative_to(folder).as_posix()) as target:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(path, target)
    return Saved(preview=preview, metadata=dict(metadata))


def load_from_folder(cls: type[BaseMaterializer], store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
    """Let a class read a value from a folder with the version's files."""
    return cls(_folder_of(store, uri, manifest.files)).load(_type_of(cls, manifest.type))


def _asked(method: Any, value: Any, what: str) -> Any:
    """Return what a method gives beside the value; one that fails costs no value."""
    try:
        return method(value)
    except Exception as error:  # noqa: BLE001  # the user's: it can raise anything
        name = type(method.__self__).__qualname__
        _log.warning("%s gave no %s of a value: %s: %s", name, what, type(error).__name__, error)
        return None


def _folder_of(store: ArtifactStore, uri: str, files: list[ArtifactFile]) -> str:
    """Return a folder in which the files lie under their names: that of the store, or one that is made."""
    paths = {file.path: store.local_file(uri, file) for file in files}
    for name, path in paths.items():
        root = path.parents[len(Path(name).parts) - 1]
        if all(each == root / known for known, each in paths.items()):
            return str(root)
        break
    made = copy_folder()
    for name, path in paths.items():
        target = made / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return str(made)


def _type_of(cls: type[BaseMaterializer], stored: str) -> Any:
    """Return the type that was stored, as far as the class names it; else the first one that it names."""
    named = cls.ASSOCIATED_TYPES
    name = stored.rpartition(".")[2]
    return next((each for each in named if each.__qualname__.rpartition(".")[2] == name), named[0] if named else object)


def _preview(folder: str, shown: dict[Any, Any]) -> Preview:
    """Return the first visualization as a preview."""
    for given, kind in shown.items():
        path = Path(folder, given)
        name = path.resolve().relative_to(Path(folder).resolve()).as_posix() if _is_below(path, folder) else ""
        if not name or not path.is_file():
            _log.warning("The visualization %s is no file below self.uri: it is left out.", given)
            continue
        word = str(getattr(kind, "value", kind)).lower()
        if word == "image":
            return Preview(kind="image", image_file=name, text=name)
        text = path.read_bytes()[:_LONGEST_SHOWN].decode("utf-8", errors="replace")
        cut = path.stat().st_size > _LONGEST_SHOWN or len(text) > PREVIEW_TEXT
        if word == "html":
            return Preview(kind="html", text=text[:PREVIEW_TEXT], truncated=cut)
        if word == "markdown":
            return Preview(kind="markdown", text=text[:PREVIEW_TEXT], truncated=cut)
        if word == "csv":
            return _table(text)
        if word == "json" and not cut:
            with contextlib.suppress(ValueError):
                return Preview(kind="json", data=json.loads(text))
        return Preview(kind="text", text=text[:PREVIEW_TEXT], truncated=cut)
    return Preview(kind="none", text="stored by a materializer that gives no visualization")


def _is_below(path: Path, folder: str) -> bool:
    return path.resolve().is_relative_to(Path(folder).resolve())


def _table(text: str) -> Preview:
    rows = list(csv.reader(text.splitlines()))
    head, body = (rows[0], rows[1:]) if rows else ([], [])
    width = min(len(head), PREVIEW_COLUMNS)
    return Preview(
        kind="table",
        columns=[PreviewColumn(name=name, dtype="str") for name in head[:width]],
        rows=[[*row[:width], *[""] * (width - len(row))] for row in body[:PREVIEW_ROWS]],
        n_rows=len(body),
        n_columns=len(head),
        truncated=len(body) > PREVIEW_ROWS or len(head) > width,
    )
