"""Copies of artifact versions outside of the store: as they are stored, or in another open format."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from stackyard.api.artifacts import store_of
from stackyard.api.context import Context
from stackyard.model.artifact import ArtifactFile, Manifest
from stackyard.model.basic_views import View
from stackyard.model.errors import AlreadyExistsError, StorageError, UsageError
from stackyard.model.names import did_you_mean
from stackyard.model.views import ArtifactVersionView
from stackyard.storage.artifact_store import ArtifactStore
from stackyard.storage.atomic import TEMPORARY_SUFFIX
from stackyard.storage.host import reason_of
from stackyard.storage.manifests import differs
from stackyard.storage.version_writer import HashingFile

FORMATS = ("arrow", "csv", "json", "npy", "parquet", "png", "txt")
"""Into which what is stored can be turned."""
_OTHER_FORMATS = frozenset(
    {
        ".avro",
        ".db",
        ".docx",
        ".gif",
        ".h5",
        ".hdf5",
        ".html",
        ".jpeg",
        ".jpg",
        ".orc",
        ".pdf",
        ".pickle",
        ".pkl",
        ".sqlite",
    }
    | {".svg", ".tsv", ".xls", ".xlsx", ".xml", ".yaml", ".yml", ".zip"}
)
"""Endings of which everybody knows what they stand for, and that are none of ours unless something is stored so."""
_PIECE = 1 << 20


class ExportView(View):
    """A copy that was made."""

    id: str
    name: str
    version: int
    path: str
    """Absolute: a file, or a folder where the version has several files."""
    format: str
    """``stored``: the very bytes that the store has."""
    files: int
    size_bytes: int


def export(
    ctx: Context, version: ArtifactVersionView, path: str | None = None, *, file: str = "",
    to_format: str | None = None, force: bool = False, progress: Callable[[int], None] = lambda _size: None,
) -> ExportView:  # fmt: skip
    """Copy an artifact version to a file, or to a folder if it has several; in the user's interpreter only.

    The copy is checked while it is made, and comes into its place at once: there is never half of it.

    Args:
        ctx: where.
        version: which.
        path: of the file or folder; one that is a folder already gets it under its usual name, which is the default in
            the working folder.
        file: only this one of its files, as its manifest calls it; empty: all of them.
        to_format: one of :data:`FORMATS`; default: by the ending of ``path`` where that is another than that of what
            is stored, else as stored.
        force: overwrite what is there.
        progress: is told of the bytes copied.

    Raises:
        UsageError: it has no such file, or there is no folder to write to.
        AlreadyExistsError: there is something, and ``force`` was not given.
        NotReadableError: what is stored can't be turned into that format.
        ArtifactDamagedError: files are missing or differ from the manifest.
        StorageError: it can't be written.
    """
    store = store_of(ctx, version)
    manifest = store.read_manifest(version.uri)
    files = [_named(manifest, file)] if file else manifest.files
    wanted = to_format if to_format is not None else _format_of(files, path)
    target = _target(files, version, path, wanted, file)
    if os.path.lexists(target) and not force:
        raise AlreadyExistsError(
            f"There is something at {target} already.", hint="Overwrite it with --force, or choose another place."
        )
    if target.is_dir() and (wanted or len(files) == 1):
        raise AlreadyExistsError(f"{target} is a folder.", hint="Choose the name of a file.")
    with _written(target) as place:
        if wanted:
            from stackyard.api.artifact_formats import convert  # noqa: PLC0415  # brings what reads the formats

            convert(ctx, version, wanted, place, file=file)
            progress(sum(found.size_bytes for found in files))
            sizes = [place.stat().st_size]
        else:
            sizes = _copy_all(store, version.uri, files, place, progress)
    return ExportView(
        id=version.id, name=version.name, version=version.version, path=str(target), format=wanted or "stored",
        files=len(sizes), size_bytes=sum(sizes),
    )  # fmt: skip


def _named(manifest: Manifest, path: str) -> ArtifactFile:
    """Return one of a version's files.

    Raises:
        UsageError: it has no such file.
    """
    names = [file.path for file in manifest.files]
    if path not in names:
        listed = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
        raise UsageError(
            f"The artifact {manifest.artifact_name!r} has no file {path!r} here.",
            hint=f"{did_you_mean(path, names)} There are: {listed}.".strip(),
        )
    return manifest.files[names.index(path)]


def _format_of(files: Sequence[ArtifactFile], path: str | None) -> str:
    """Return the format that the ending of a path asks for; empty: as stored.

    Raises:
        UsageError: it asks for one that nothing is written in.
    """
    ending = Path(path).suffix.lower() if path else ""
    stored = {PurePosixPath(file.path).suffix.lower() for file in files}
    if ending in stored or (path and Path(path).is_dir()):
        return ""
    if ending in _OTHER_FORMATS:
        kept = ", ".join(sorted(stored))
        raise UsageError(
            f"{Path(path or '').name} would not be what its ending says: nothing is written as {ending}.",
            hint=f"It is stored as {kept}; other formats: {', '.join(FORMATS)}.",
        )
    word = {".feather": "arrow"}.get(ending, ending.removeprefix("."))
    return word if word in FORMATS and not (word == "arrow" and ".arrow" in stored) else ""


def _target(
    files: Sequence[ArtifactFile], version: ArtifactVersionView, path: str | None, wanted: str, file: str
) -> Path:
    name = f"{version.name.replace(':', '_')}-{version.version}"
    if file:
        name += f"-{PurePosixPath(file).with_suffix('').as_posix().replace('/', '-')}"
    if wanted:
        name += f".{wanted}"
    elif len(files) == 1:
        name += PurePosixPath(files[0].path).suffix
    chosen = Path(path).expanduser() if path else Path(name)
    if path and chosen.is_dir():
        chosen /= name
    target = chosen.absolute()
    if not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent}.", hint="Make it first, or choose another place.")
    return target


@contextlib.contextmanager
def _written(target: Path) -> Iterator[Path]:
    """Yield a place beside a file or folder for what comes into its place at once; if that fails, nothing is left."""
    place = target.with_name(f".{target.name[:80]}.{os.getpid()}.{os.urandom(4).hex()}{TEMPORARY_SUFFIX}")
    aside = place.with_name(f"{place.name}.old")
    try:
        yield place
        if target.is_dir() and not target.is_symlink():
            target.replace(aside)  # a folder that has something in it can't be replaced
        place.replace(target)
    except OSError as error:
        raise StorageError(
            f"{target} can't be written: {reason_of(error)}.",
            hint="Choose another place, or change the permissions there.",
        ) from error
    finally:
        if aside.exists() and not target.exists():
            aside.replace(target)
        for left in (place, aside):
            _remove(left)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _copy_all(
    store: ArtifactStore, uri: str, files: Sequence[ArtifactFile], place: Path, progress: Callable[[int], None]
) -> list[int]:
    """Copy the data files; return their sizes."""
    if len(files) == 1:
        _copy(store, uri, files[0], place, progress)
    else:
        place.mkdir()
        for file in files:
            target = place / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(store, uri, file, target, progress)
    return [file.size_bytes for file in files]


def _copy(store: ArtifactStore, uri: str, file: ArtifactFile, target: Path, progress: Callable[[int], None]) -> None:
    """Copy a file, and compare what was copied with the manifest.

    Raises:
        ArtifactDamagedError: it is missing or differs.
    """
    source = store.local_file(uri, file)
    with source.open("rb") as reading, target.open("xb") as raw:
        writing = HashingFile(raw)
        while piece := reading.read(_PIECE):
            progress(writing.write(piece))
    found = writing.digest()
    if found != file.digest:
        raise differs(str(source), file, found)
