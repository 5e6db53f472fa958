"""Whether Stackyard can work in this interpreter: asked before, or after a failing import of, anything else.

Invariant: standard library only, and syntax that Python 3.7 reads, so that an old Python can say that it is too old.
"""

from __future__ import annotations

import sys

OLDEST_PYTHON = (3, 10)
OLDEST_PACKAGES = {"pydantic": (2, 7), "typing_extensions": (4, 10)}
EXIT_SETUP = 7


def check_python() -> None:
    """End the process when its Python is too old."""
    version = tuple(sys.version_info[:3])
    if version < OLDEST_PYTHON:
        _refuse(
            "E103",
            f"{sys.executable} is Python {_dotted(version)}; Stackyard needs {_dotted(OLDEST_PYTHON)} or newer.",
            "Use a newer interpreter, or make an environment with one: python3 -m venv .venv",
        )


def explain_import_error(error: ImportError) -> None:
    """End the process with the reason when an import failed because a package is missing or too old; else return."""
    from importlib import metadata  # noqa: PLC0415  # Python 3.8 and newer

    for name, oldest in OLDEST_PACKAGES.items():
        needed = _dotted(oldest)
        install = f'Install it with: "{sys.executable}" -m pip install "{name}>={needed}"'
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            _refuse("E101", f"Stackyard needs the package {name}, which is not installed here.", install)
            return
        if tuple(int(part) for part in found.split(".")[:2] if part.isdigit()) < oldest:
            _refuse("E102", f"{name} {found} is too old: Stackyard needs {needed} or newer.", install)
    missing = (error.name or "").split(".")[0]
    if isinstance(error, ModuleNotFoundError) and missing and missing != "stackyard":
        _refuse(
            "E101",
            f"Stackyard needs the package {missing}, which is not installed here.",
            f'Install Stackyard with all it needs: "{sys.executable}" -m pip install stackyard',
        )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _refuse(code: str, message: str, hint: str) -> None:
    import json  # noqa: PLC0415  # only on the way out

    if "--json" in sys.argv:
        error = {"code": code, "message": message, "hint": hint, "location": None}
        sys.stdout.write(json.dumps({"error": error}, indent=2) + "\n")
    else:
        sys.stderr.write(f"Error: {message}\nHint:  {hint}\n")
    raise SystemExit(EXIT_SETUP)
