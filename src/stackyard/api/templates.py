"""Project templates: the starter that comes with Stackyard, or any local folder."""

from __future__ import annotations

import contextlib
import filecmp
import re
import shutil
from pathlib import Path

import stackyard
from stackyard.model.errors import AlreadyExistsError, StorageError, TemplateError
from stackyard.model.names import check_name
from stackyard.storage.host import expand, reason_of

STARTER = "starter"
_LEFT_OUT = frozenset(
    {".git", ".hg", ".svn", ".stackyard", ".venv", "venv", "__pycache__", "node_modules", ".DS_Store"}
)
_YAML_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
_PROJECT_FILE = Path("stackyard.yaml")


def find_template(template: str) -> Path:
    """Return the folder of a template.

    Args:
        template: ``starter``, or the path of a folder.

    Raises:
        TemplateError: there is no such folder, or it is empty.
    """
    if template == STARTER:
        package = Path(stackyard.__file__).parent
        # In an installed package it lies inside, in a checkout beside.
        candidates = [package / "templates" / STARTER, package.parents[1] / "examples" / STARTER]
        found = next((path for path in candidates if path.is_dir()), None)
        if found is None:
            raise TemplateError("The starter template is not part of this installation.", hint="Install it again.")
        return found
    folder = Path(expand(template))
    if not folder.is_dir():
        raise TemplateError(
            f"There is no template {template!r}.", hint=f"Write {STARTER}, or the path of a folder that exists."
        )
    if not _files(folder):
        raise TemplateError(f"The template {folder} has no files.", hint="Choose another folder.")
    return folder


def copy_template(template: Path, target: Path, name: str) -> list[Path]:
    """Copy a template's files into a folder; all of them or none.

    What is no part of a project (``.git``, ``.stackyard``, caches, environments) is left out. ``project.name`` in the
    template's ``stackyard.yaml`` becomes the new project's name; nothing else is changed.

    Args:
        template: folder of the template.
        target: folder of the project; made if it is not there.
        name: of the project.

    Returns:
        The files that were written, relative to the target, in alphabetical order; files that were there with the same
        content are not among them.

    Raises:
        AlreadyExistsError: files with other content are there; nothing was changed.
        TemplateError: the target lies in the template, or the other way round, or the template's ``stackyard.yaml``
            can't be read.
        InvalidNameError: the name can't be one.
        StorageError: a file can't be written; what was written is removed again.
    """
    check_name(name, "project")
    source, place = template.resolve(), target.resolve()
    if source == place or source in place.parents or place in source.parents:
        raise TemplateError(
            f"The project folder {target} and the template {template} lie in each other.", hint="Choose another folder."
        )
    files = _files(template)
    project_file = _project_file(template, name) if _PROJECT_FILE in files else b""
    taken = [f for f in files if _differs(template / f, target / f, project_file if f == _PROJECT_FILE else None)]
    if taken:
        shown = ", ".join(str(f) for f in taken[:3]) + (f" and {len(taken) - 3} more" if len(taken) > 3 else "")
        raise AlreadyExistsError(
            f"{target} has {'a file' if len(taken) == 1 else 'files'} that the template would replace: {shown}.",
            hint="Choose an empty folder, or move them away.",
        )
    written: list[Path] = []
    made: list[Path] = []
    try:
        for file in files:
            if (target / file).exists():
                continue
            _make_folder((target / file).parent, made)
            written.append(file)
            if file == _PROJECT_FILE:
                (target / file).write_bytes(project_file)
            else:
                shutil.copy(template / file, target / file)
    except OSError as error:
        for file in written:
            (target / file).unlink(missing_ok=True)
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise StorageError(
            f"The template can't be copied to {target}: {reason_of(error)}.",
            hint="Make room or change the permissions; nothing was left behind.",
        ) from error
    return written


def _files(folder: Path) -> list[Path]:
    """Return a template's files, relative to it, in alphabetical order."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not _LEFT_OUT.intersection(path.parts) and path.suffix != ".pyc")


def _differs(file: Path, there: Path, content: bytes | None) -> bool:
    """Tell whether something else is where a file of the template, or its changed content, goes."""
    if not there.exists():
        return False
    if not there.is_file():
        return True
    return there.read_bytes() != content if content is not None else not filecmp.cmp(file, there, shallow=False)


def _make_folder(folder: Path, made: list[Path]) -> None:
    missing = [f for f in (folder, *folder.parents) if not f.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    made.extend(reversed(missing))


def _project_file(template: Path, name: str) -> bytes:
    """Return the template's ``stackyard.yaml`` with the new project's name.

    Raises:
        TemplateError: it can't be read or is no YAML.
    """
    import json  # noqa: PLC0415  # a JSON text is a YAML text, quoted as it must be

    from stackyard.storage.yaml_file import compose_file, is_empty, pairs  # noqa: PLC0415  # few templates have the file

    path = template / _PROJECT_FILE
    root = compose_file(path, "", TemplateError)
    text = path.read_bytes().decode("utf-8-sig")
    _, project = pairs(root).get("project", (root, root)) if root else (None, None)
    _, node = pairs(project).get("name", (None, None)) if project else (None, None)
    if node is None:
        return text.encode()
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name) and name.lower() not in _YAML_WORDS
    written = name if plain else json.dumps(name, ensure_ascii=False)
    gap = " " if is_empty(node) else ""
    return f"{text[: node.start_mark.index]}{gap}{written}{text[node.end_mark.index :]}".encode()
