"""What the client told the server about itself.

Invariant: bad options never stop the server; a value of the wrong type is reported and the safe default is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stackyard.model.record import Record

_TYPES: dict[str, type] = {"home": str, "trusted": bool, "interpreter": str, "project_path": str}


class Settings(Record):
    """The fields of ``InitializationOptions``, and the workspace they apply to."""

    home: str = ""
    trusted: bool = True
    interpreter: str = ""
    project_path: str = ""
    folders: tuple[str, ...] = ()
    """Workspace folders, absolute."""

    @property
    def start(self) -> str | None:
        """Return where the project is looked for; None means the working folder."""
        return self.project_path or (self.folders[0] if self.folders else None)

    @property
    def folder(self) -> Path | None:
        """Return the folder whose files are read when there is no project: where the project was looked for."""
        if self.project_path:
            path = Path(self.project_path)
            return path if path.is_dir() else path.parent
        return Path(self.folders[0]) if self.folders else None


def read_options(raw: object, folders: tuple[str, ...]) -> tuple[Settings, list[str]]:
    """Return the settings of ``initializationOptions``, and what was wrong with them."""
    settings = Settings(folders=folders)
    if raw is None:
        return settings, []
    if not isinstance(raw, dict):
        return settings.replace(trusted=False), [
            "initializationOptions is not an object: defaults are used, untrusted."
        ]
    return update(settings, raw)


def update(settings: Settings, values: dict[str, Any]) -> tuple[Settings, list[str]]:
    """Return the settings with some values changed, and what was wrong with these."""
    good: dict[str, Any] = {}
    problems: list[str] = []
    for key, value in values.items():
        expected = _TYPES.get(key)
        if expected is None:
            problems.append(f"Option {key!r} is not known.")
        elif isinstance(value, expected):
            good[key] = value
        elif value is not None:
            problems.append(f"Option {key!r} must be a {expected.__name__}, not {value!r}.")
            if key == "trusted":
                good[key] = False
    return settings.replace(**good), problems
