"""Where a use case works: home, project, registry, and the catalog when it is needed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stackyard.model.basic_views import ProjectView
from stackyard.model.record import Record
from stackyard.storage.home import Home, find_home
from stackyard.storage.host import expand
from stackyard.storage.projects import Project, find_project
from stackyard.storage.registry import FileRegistryStore, RegistryStore

if TYPE_CHECKING:
    from stackyard.storage.catalog.reader import CatalogReader


class Context(Record):
    """Home, project and registry of one request. Opening one touches nothing on disk and is cheap."""

    home_folder: Home
    scope: Project
    registry: RegistryStore

    @property
    def home(self) -> Path:
        """Return the home's folder."""
        return self.home_folder.root

    @property
    def project(self) -> ProjectView:
        """Return the project as a view."""
        file = self.scope.file
        return ProjectView(
            id=self.scope.id,
            name=self.scope.name,
            root=str(self.scope.root or ""),
            file=str(file) if file else "",
        )

    @contextlib.contextmanager
    def catalog(self) -> Iterator[CatalogReader | None]:
        """Open the catalog for reading; None when there is none yet.

        Raises:
            CatalogError: it can't be opened.
            FormatTooNewError: a newer Stackyard wrote it.
        """
        # sqlite3 is not on every path
        from stackyard.storage.catalog.connection import catalog_errors, open_reader  # noqa: PLC0415
        from stackyard.storage.catalog.reader import CatalogReader  # noqa: PLC0415

        connection = open_reader(self.home_folder)
        if connection is None:
            yield None
            return
        reader = CatalogReader(connection, self.home_folder)
        try:
            with catalog_errors(self.home_folder.catalog_file):  # damage may show only where it is read
                yield reader
        finally:
            reader.close()


_run_project: list[Path] = []
"""The project of the run that this process records: ``Client()`` in a pipeline function works there."""


@contextlib.contextmanager
def working_in(start: Path) -> Iterator[None]:
    """Let contexts without a start of their own be opened for the project around a path."""
    _run_project.append(start)
    try:
        yield
    finally:
        _run_project.pop()


def open_context(start: str | Path | None = None, home: str | Path | None = None) -> Context:
    """Find home and project.

    Args:
        start: file or folder from which the project is looked for; default: the project of the pipeline that is
            being recorded, else the working folder.
        home: overrides ``STACKYARD_HOME`` and the platform's folder.
    """
    found = find_home(home)
    place = Path(start) if start is not None else _run_project[-1] if _run_project else Path.cwd()
    return Context(found, find_project(Path(expand(str(place))), found), FileRegistryStore(found))
