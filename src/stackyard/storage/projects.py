"""Projects: the nearest folder with ``.stackyard/`` or ``stackyard.yaml``, and the choice of the active stack."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from stackyard.model.base import check_format, newer_format
from stackyard.model.errors import FormatTooNewError, ProjectFileError, StackyardError, StorageError
from stackyard.storage.atomic import json_bytes, remove_leftovers, write_atomic
from stackyard.storage.home import Home
from stackyard.storage.host import expand, reason_of

FOLDER = ".stackyard"
FILE = "stackyard.yaml"
FORMAT = "1.0"
LEFTOVER_AGE_S = 60.0
HOME_PROJECT_ID = "00000000-0000-7000-8000-000000000010"
HOME_PROJECT_NAME = "home"


class Project(NamedTuple):
    """A scope for runs, artifacts and the active stack. ``root`` is None for the home scope."""

    id: str
    name: str
    root: Path | None = None
    source_root: Path | None = None
    problem: StackyardError | None = None
    """Why its ``stackyard.yaml`` or its id can't be read; stacks, runs and artifacts can be looked at all the same."""

    @property
    def file(self) -> Path | None:
        """Its ``stackyard.yaml``, if there is one."""
        path = self.root / FILE if self.root else None
        return path if path and path.is_file() else None


class StackChoice(NamedTuple):
    """A choice of the active stack as it was written: the id decides, the name helps when the id is gone."""

    id: str
    name: str
    problem: StackyardError | None = None
    """Why the file can't be followed; id and name are empty then."""


def find_project(start: Path, home: Home) -> Project:
    """Return the project around a file or folder, else the home scope."""
    folder = start if start.is_dir() else start.parent
    for candidate in (folder, *folder.parents):
        if candidate == home.root:
            continue
        if (candidate / FOLDER).is_dir() or (candidate / FILE).is_file():
            return _open(candidate)
    return Project(HOME_PROJECT_ID, HOME_PROJECT_NAME)


def _open(root: Path) -> Project:
    stored: dict[str, Any] = {}
    declared: dict[str, Any] = {}
    problem: StackyardError | None = None
    try:
        stored = _read_identity(root)
    except StackyardError as error:
        problem = error
    try:
        declared = _declared(root / FILE)
    except ProjectFileError as error:
        problem = problem or error
    name = declared.get("name") or stored.get("name") or root.name or "project"
    # Not resolved: below a symbolic link the pipeline files' own paths go through it too.
    source_root = Path(expand(str(root / str(declared.get("source_root") or "."))))
    project_id = str(stored.get("id") or uuid.uuid5(uuid.NAMESPACE_URL, root.as_uri()))
    return Project(project_id, str(name), root, source_root, problem)


def _declared(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    # Only projects with the file pay for it.
    from stackyard.storage.yaml_file import compose_file, is_empty, is_mapping, location, pairs, plain  # noqa: PLC0415

    root = compose_file(path, "", ProjectFileError)
    if root is None or is_empty(root):
        return {}
    if not is_mapping(root):
        raise ProjectFileError(f"{path} must be a mapping.", hint="Start it with: version: 1")
    _, section = pairs(root).get("project", (root, None))
    if section is None or is_empty(section):
        return {}
    if not is_mapping(section):
        place = location(section, path)
        raise ProjectFileError(
            f"'project' in {place} must be a mapping.", hint="Write: project: {name: my_project}", location=place
        )
    return dict(plain(section))


def init_project(root: Path, name: str | None = None) -> tuple[Project, bool]:
    """Make a folder a project; return it and whether it is new.

    Raises:
        ProjectFileError: its ``stackyard.yaml`` or its id can't be read.
        FormatTooNewError: a newer major version made it.
        StorageError: the folder can't be written.
    """
    new = not (root / FOLDER / "project.json").is_file()
    project = _open(root)
    if project.problem is not None:
        raise project.problem
    if name:
        project = Project(project.id, name, project.root, project.source_root)
    if new or name:
        _write_project(project)
    return project, new


def ensure_project_folder(project: Project) -> None:
    """Make ``.stackyard/`` of a project that so far has only a ``stackyard.yaml``; keeps its id for good.

    Raises:
        ProjectFileError: its id can't be read.
        FormatTooNewError: a newer major version made it.
        StorageError: the folder can't be written.
    """
    if project.root and not _read_identity(project.root):
        _write_project(project)


def _read_identity(root: Path) -> dict[str, Any]:
    path = root / FOLDER / "project.json"
    remedy = f'Remove it and make the project anew: rm "{path}" && stackyard init "{root}"'
    document = _read_document(path, remedy)
    if document and not document.get("id"):
        raise ProjectFileError(f"{path} is damaged (it has no id).", hint=remedy)
    return document


def _write_project(project: Project) -> None:
    assert project.root is not None  # noqa: S101  # the callers know
    folder = project.root / FOLDER
    before = _read_identity(project.root)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / ".gitignore").exists():
            write_atomic(folder / ".gitignore", b"*\n")
        document = _updated(before, id=project.id, name=project.name)
        write_atomic(folder / "project.json", json_bytes(document))
    except OSError as error:
        raise StorageError(
            f"The project folder {folder} can't be written: {reason_of(error)}.",
            hint="Change the permissions of the folder, or work in another one.",
        ) from error


def choice_file(project: Project, home: Home) -> Path:
    """Return where the scope's choice of the active stack is kept."""
    return project.root / FOLDER / "active_stack.json" if project.root else home.active_stack_file


def read_choice(path: Path) -> StackChoice | None:
    """Return a written choice, None when there is none; what keeps it from being followed is part of it."""
    try:
        document = _read_document(path, _CHOOSE)
        if not document:
            return None
        if not (document.get("id") or document.get("name")):
            raise ProjectFileError(f"{path} is damaged (it names no stack).", hint=_CHOOSE)
    except StackyardError as error:
        return StackChoice("", "", error)
    return StackChoice(str(document.get("id", "")), str(document.get("name", "")))


def write_choice(path: Path, choice: StackChoice) -> None:
    """Write a choice of the active stack; a damaged file is replaced.

    Raises:
        FormatTooNewError: a newer major version wrote the file; it is left untouched.
        StorageError: the file can't be written.
    """
    try:
        before = _read_document(path, _CHOOSE)
    except ProjectFileError:
        before = {}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path, older_than_s=LEFTOVER_AGE_S)
        write_atomic(path, json_bytes(_updated(before, id=choice.id, name=choice.name)))
    except OSError as error:
        raise StorageError(
            f"The choice of the active stack can't be written to {path}: {reason_of(error)}.",
            hint="Change the permissions of the folder, or pass --stack.",
        ) from error


_CHOOSE = "Choose a stack again: stackyard stack set default"


def _read_document(path: Path, remedy: str) -> dict[str, Any]:
    """Return a JSON file, empty when there is none.

    Raises:
        ProjectFileError: it is damaged or can't be read; the hint is the remedy.
        FormatTooNewError: a newer major version wrote it.
    """
    try:
        document = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ProjectFileError(
            f"{path} can't be read: {reason_of(error)}.", hint="Change the permissions of the file."
        ) from error
    except (ValueError, RecursionError) as error:
        raise ProjectFileError(f"{path} is damaged (it is no JSON).", hint=remedy) from error
    if not isinstance(document, dict) or not document:
        raise ProjectFileError(f"{path} is damaged (it is no JSON object with content).", hint=remedy)
    found = str(document.get("format", FORMAT))
    if not found.split(".", maxsplit=1)[0].isdecimal():
        raise ProjectFileError(f"{path} is damaged (its format is {found!r}).", hint=remedy)
    if not check_format(found, FORMAT):
        raise FormatTooNewError(
            f"{path} has format {found}; this Stackyard reads up to {FORMAT}. It was left untouched.",
            hint="Upgrade Stackyard in this environment.",
        )
    return document


def _updated(before: dict[str, Any], **values: str) -> dict[str, Any]:
    """Return a document with new values; what a newer minor version wrote stays."""
    return {**before, "format": newer_format(str(before.get("format", FORMAT)), FORMAT), **values}
