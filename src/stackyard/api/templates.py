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
_PROJECT_NAME = re.compile(r"(^project:[ \t]*\n(?:[ \t]+.*\n|[ \t]*\n)*?[ \t]+name:[ \t]*)([^\s#]+)", re.MULTILINE)


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
        TemplateError: the target lies in the template, or the other way round.
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
    taken = [f for f in files if _differs(template, target, f, name)]
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
                (target / file).write_text(_project_file(template, name), encoding="utf-8")
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


def _differs(template: Path, target: Path, file: Path, name: str) -> bool:
    """Tell whether something else is where a file of the template goes."""
    there = target / file
    if not there.exists():
        return False
    if file == _PROJECT_FILE:
        return not there.is_file() or there.read_text(encoding="utf-8", errors="replace") != _project_file(
            template, name
        )
    return not there.is_file() or not filecmp.cmp(template / file, there, shallow=False)


def _make_folder(folder: Path, made: list[Path]) -> None:
    missing = [f for f in (folder, *folder.parents) if not f.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    made.extend(reversed(missing))


def _project_file(template: Path, name: str) -> str:
    """Return the template's ``stackyard.yaml`` with the new project's name."""
    import json  # noqa: PLC0415  # a JSON text is a YAML text, quoted as it must be

    text = (template / _PROJECT_FILE).read_text(encoding="utf-8")
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name) and name.lower() not in _YAML_WORDS
    written = name if plain else json.dumps(name, ensure_ascii=False)
    return _PROJECT_NAME.sub(lambda match: match[1] + written, text, count=1)
