"""How two artifact versions differ: by their manifests, and by what open formats tell without unpickling anything."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from stackyard.api.artifacts import list_versions, store_of
from stackyard.api.context import Context
from stackyard.model.artifact import ArtifactFile, Manifest
from stackyard.model.diff_views import ArtifactDiff, DiffSide, PartDiff, ValueChange
from stackyard.model.errors import ArtifactNotFoundError, NotReadableError, PackageMissingError
from stackyard.model.views import ArtifactVersionView
from stackyard.storage.artifact_store import ArtifactStore
from stackyard.storage.reading.opening import StoredImage, StoredJson, StoredText, StoredValue, open_stored
from stackyard.storage.reading.table import StoredTable

MAX_PARTS = 50
MAX_VALUES = 200
MAX_LINES = 500
_FACTS = ("type", "data_format", "materializer", "shape", "size_bytes", "unsafe")
_PREVIEW = "preview.png"
"""Beside an image that no browser shows."""


class Side:
    """One of the versions, open."""

    def __init__(self, ctx: Context, version: ArtifactVersionView) -> None:
        """Read its manifest.

        Raises:
            ArtifactDamagedError: it is not there.
        """
        self.version = version
        self.store: ArtifactStore = store_of(ctx, version)
        self.manifest: Manifest = self.store.read_manifest(version.uri)
        self.files = {f.path: f for f in self.manifest.files if f.path != _PREVIEW or len(self.manifest.files) == 1}

    def open(self, file: ArtifactFile) -> StoredTable | StoredValue:
        """Open a file; errors as for :func:`open_stored`."""
        return open_stored(self.manifest, self._path_of, file=file.path)

    def _path_of(self, file: ArtifactFile) -> Any:
        return self.store.local_file(self.version.uri, file)

    def view(self) -> DiffSide:
        """Return which one it is."""
        v = self.version
        return DiffSide(id=v.id, name=v.name, version=v.version, run=v.run_name, created_at=v.created_at)


def newest_two(ctx: Context, name: str) -> tuple[ArtifactVersionView, ArtifactVersionView]:
    """Return the last two versions of an artifact, the older one first.

    Raises:
        ArtifactNotFoundError: there is no such artifact, or it has one version alone.
    """
    found = list_versions(ctx, name, limit=2).items
    if len(found) < 2:
        raise ArtifactNotFoundError(
            f"The artifact {name!r} has one version alone.", hint="Name another artifact to compare it with."
        )
    return found[1], found[0]


def diff(
    ctx: Context, before: ArtifactVersionView, after: ArtifactVersionView, *, key: Sequence[str] = ()
) -> ArtifactDiff:
    """Return how two versions differ; in the user's interpreter only.

    Args:
        ctx: where.
        before: one version.
        after: the other.
        key: columns that tell the rows of tables apart; default: an index that does so, else the rows' places.

    Raises:
        ArtifactDamagedError: files are missing or differ from their manifests.
        UsageError: there are no such columns, or rows have the same key.
    """
    one, other = Side(ctx, before), Side(ctx, after)
    same = one.manifest.digest == other.manifest.digest and one.manifest.type == other.manifest.type
    found = ArtifactDiff(before=one.view(), after=other.view(), same=same, facts=list(_facts(one, other)))
    if not same:
        pairs = list(_pairs(one, other))
        found.n_parts = len(pairs)
        found.parts = [_part(one, old, other, new, key) for old, new in pairs[:MAX_PARTS]]
        if len(pairs) == 1 and any(fact.name == "size_bytes" for fact in found.facts):
            # The size of the whole says it already.
            found.parts[0].facts = [fact for fact in found.parts[0].facts if fact.name != "size_bytes"]
    return found


def _facts(one: Side, other: Side) -> Iterator[ValueChange]:
    for name in _FACTS:
        old, new = getattr(one.manifest, name), getattr(other.manifest, name)
        if old != new:
            yield value_change(name, old, new)
    old_metadata, new_metadata = one.version.metadata, other.version.metadata
    yield from _compared(old_metadata, new_metadata, "metadata")


def _pairs(one: Side, other: Side) -> Iterator[tuple[ArtifactFile | None, ArtifactFile | None]]:
    """Yield the files that differ: those of the same name, or the only ones; None: that version has none."""
    if len(one.files) == len(other.files) == 1:
        yield next(iter(one.files.values())), next(iter(other.files.values()))
        return
    for path in dict.fromkeys([*one.files, *other.files]):
        old, new = one.files.get(path), other.files.get(path)
        if old is None or new is None or old.digest != new.digest:
            yield old, new


def _part(one: Side, old: ArtifactFile | None, other: Side, new: ArtifactFile | None, key: Sequence[str]) -> PartDiff:
    """Compare two files."""
    if old is None or new is None:
        there = old or new
        assert there is not None  # noqa: S101  # one of them is
        size = [there.size_bytes if file is not None else None for file in (old, new)]
        change = value_change("size_bytes", *size)
        return PartDiff(file=there.path, change=change.change, facts=[change])
    part = PartDiff(file=new.path)
    try:
        opened = one.open(old), other.open(new)
    except (NotReadableError, PackageMissingError) as error:
        part.facts = (
            [value_change("size_bytes", old.size_bytes, new.size_bytes)] if old.size_bytes != new.size_bytes else []
        )
        part.note = _note(error, old, new)
        return part
    _compare(part, *opened, key)
    return part


def _note(error: NotReadableError | PackageMissingError, old: ArtifactFile, new: ArtifactFile) -> str:
    endings = {PurePosixPath(file.path).suffix for file in (old, new)}
    if isinstance(error, NotReadableError) and endings & {".pickle", ".pkl"}:
        return "Stored as a pickle: nothing is unpickled to be compared."
    return f"{error.message} {error.hint}".strip() if isinstance(error, PackageMissingError) else error.message


def _compare(
    part: PartDiff, old: StoredTable | StoredValue, new: StoredTable | StoredValue, key: Sequence[str]
) -> None:
    """Fill in what differs between two opened files."""
    if isinstance(old, StoredTable) and isinstance(new, StoredTable):
        from stackyard.api.table_diff import compare_tables  # noqa: PLC0415  # brings numpy and pyarrow

        compare_tables(part, old, new, key)
    elif isinstance(old, StoredText) and isinstance(new, StoredText):
        part.kind = "text"
        lines = _text_diff(old.read(), new.read())
        part.text, part.n_lines = lines[:MAX_LINES], len(lines)
    elif isinstance(old, StoredJson) and isinstance(new, StoredJson):
        part.kind = "json"
        values = list(_compared(old.data, new.data, ""))
        part.values, part.n_values = values[:MAX_VALUES], len(values)
    elif isinstance(old, StoredImage) and isinstance(new, StoredImage):
        from stackyard.api.image_diff import compare_images  # noqa: PLC0415  # brings Pillow

        compare_images(part, old, new)
    else:
        part.note = f"Before it was {_kind(old)}, after it is {_kind(new)}."


def _kind(value: StoredTable | StoredValue) -> str:
    if isinstance(value, StoredTable):
        return "a table or list"
    return {StoredImage: "an image", StoredText: "a text", StoredJson: "a value"}[type(value)]


def _text_diff(old: str, new: str) -> list[str]:
    before, after = old.splitlines(), new.splitlines()
    if before == after:
        return ["the ends of lines differ"] if old != new else []
    return list(difflib.unified_diff(before, after, lineterm=""))[2:]


def _compared(old: Any, new: Any, path: str) -> Iterator[ValueChange]:
    """Yield the JSON values that differ, with their paths."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            inner = f"{path}.{key}" if path else str(key)
            yield from _member(inner, old.get(key), new.get(key), in_old=key in old, in_new=key in new)
    elif isinstance(old, list) and isinstance(new, list):
        for place in range(max(len(old), len(new))):
            members = [found[place] if place < len(found) else None for found in (old, new)]
            yield from _member(f"{path}[{place}]", *members, in_old=place < len(old), in_new=place < len(new))
    elif old != new or type(old) is not type(new):
        yield value_change(path, old, new)


def _member(path: str, old: Any, new: Any, *, in_old: bool, in_new: bool) -> Iterator[ValueChange]:
    if in_old and in_new:
        yield from _compared(old, new, path)
    else:
        yield ValueChange(name=path, change="removed" if in_old else "added", before=old, after=new)


def value_change(name: str, old: Any, new: Any) -> ValueChange:
    """Return a change; None for what is not there."""
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (old, new))
    change: Any = "added" if old is None else "removed" if new is None else "changed"
    return ValueChange(name=name, change=change, before=old, after=new, delta=new - old if numbers else None)
