"""Looking into stored tables, arrays and texts: pages, order, conditions, statistics; in the user's interpreter only.

Opening the artifact store of a flavor from outside imports its package. Only open formats are read: nothing is
unpickled, and no class of a value is imported.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from stackyard.api.artifacts import find_version, page_size, store_of
from stackyard.api.context import Context
from stackyard.model.artifact import ArtifactFile, ColumnStatistics
from stackyard.model.errors import NotReadableError
from stackyard.model.reading import PageRequest, StatisticsRequest, TablePage, TableRequest
from stackyard.model.record import Record
from stackyard.model.views import ArtifactVersionView
from stackyard.storage.reading.opening import StoredImage, StoredJson, StoredText, StoredValue, open_stored
from stackyard.storage.reading.table import StoredTable

MAX_OPEN = 8
_Stamp = tuple[int, int, int]


def open_version(
    ctx: Context, version: ArtifactVersionView, *, file: str = "", index: tuple[int, ...] = (),
    opened: Callable[[Path], object] = lambda _: None,
) -> StoredTable | StoredValue:  # fmt: skip
    """Open an artifact version to look into it; the bytes of its file are checked as for loading.

    Args:
        ctx: where.
        version: which.
        file: which of its files; default: the only one.
        index: which slice of an array of more than two dimensions; default: the first.
        opened: told each file that is used.

    Raises:
        NotReadableError: it can't be looked into.
        UsageError: there is no such file, or no such slice.
        ArtifactDamagedError: files are missing or differ from the manifest.
        PackageMissingError: a package is needed to read it.
    """
    store = store_of(ctx, version)

    def path_of(wanted: ArtifactFile) -> Path:
        path = store.local_file(version.uri, wanted)
        opened(path)
        return path

    return open_stored(store.read_manifest(version.uri), path_of, file=file, index=index)


class _Opened(Record, frozen=False):
    table: StoredTable
    files: dict[Path, _Stamp]

    def holds(self) -> bool:
        """Tell whether the files are those that were checked."""
        return all(_stamp(path) == stamp for path, stamp in self.files.items())


class OpenTables:
    """Stored tables that stay open between requests, checked once each. One thread at a time."""

    def __init__(self) -> None:
        """Start with none."""
        self._opened: OrderedDict[tuple[object, ...], _Opened] = OrderedDict()

    def page(self, ctx: Context, request: PageRequest) -> TablePage:
        """Return rows.

        Raises:
            ArtifactNotFoundError: there is no such version.
            StackyardError: as :func:`open_version` and :meth:`StoredTable.page`.
        """
        return self._table(ctx, request).page(
            request.offset, page_size(request.limit), columns=request.columns, sort=request.sort, where=request.where
        )

    def statistics(self, ctx: Context, request: StatisticsRequest) -> ColumnStatistics:
        """Return what a column holds; errors as for :meth:`page`."""
        return self._table(ctx, request).statistics(request.column)

    def _table(self, ctx: Context, request: TableRequest) -> StoredTable:
        key = (ctx.home, request.id, request.file, *request.index)
        found = self._opened.get(key)
        if found is None or not found.holds():
            version = find_version(ctx, request.id)
            files: dict[Path, _Stamp] = {}

            def opened(path: Path) -> None:
                files[path] = _stamp(path)

            value = open_version(ctx, version, file=request.file, index=tuple(request.index), opened=opened)
            found = _Opened(table_of(value, version), files)
            self._opened[key] = found
            if len(self._opened) > MAX_OPEN:
                self._opened.popitem(last=False)
        self._opened.move_to_end(key)
        return found.table


def table_of(value: StoredTable | StoredValue, version: ArtifactVersionView) -> StoredTable:
    """Return a value as a table: of a text its lines.

    Raises:
        NotReadableError: it has no rows.
    """
    if isinstance(value, StoredText):
        return value.lines()
    if isinstance(value, (StoredJson, StoredImage)):
        what = "an image" if isinstance(value, StoredImage) else "no list, table or text"
        raise NotReadableError(
            f"Version {version.version} of the artifact {version.name!r} has no rows: it is {what}.",
            hint=f"See its preview: stackyard artifact show {version.name}",
        )
    return value


def _stamp(path: Path) -> _Stamp:
    try:
        stat = path.stat()
    except OSError:
        return (0, 0, 0)
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)
