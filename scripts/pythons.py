"""Finds the CPythons on this machine that Stackyard runs on, one of each minor version.

    python scripts/pythons.py            # one line each: 3.10 /path/to/python3.10
    python scripts/pythons.py --json     # {"3.10": "/path/to/python3.10", ...}

Tests use it to try Stackyard on every one of them: `from scripts.pythons import find_pythons`. Needs only the standard
library, and imports nothing of Stackyard.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST_MINOR = 10
NEWEST_MINOR = 14

_PROBE = "import platform, sys; print(platform.python_implementation(), *sys.version_info[:2], sys.executable)"
_PROBE_TIMEOUT_S = 20


def _candidates(minor: int) -> list[str]:
    """Returns where a Python of this minor version may be, the likeliest first."""
    name = f"python3.{minor}"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    in_pyenv = [str(folder / "bin" / "python3") for folder in sorted(pyenv.glob(f"3.{minor}*"), reverse=True)]
    on_path = shutil.which(name)
    own = [sys.executable] if sys.version_info[:2] == (3, minor) and sys.prefix == sys.base_prefix else []
    common = [f"/usr/bin/{name}", f"/usr/local/bin/{name}", f"/opt/homebrew/bin/{name}"]
    return [*own, *in_pyenv, *([on_path] if on_path else []), *common]


def _executable_of(command: str, minor: int) -> str | None:
    """Returns the real path of the interpreter behind a command, or None if it is not a CPython 3.<minor> that starts.

    A version manager's shim on PATH may well exist and refuse to start, so each is asked.
    """
    if not Path(command).exists():
        return None
    try:
        answer = subprocess.run(
            [command, "-I", "-S", "-c", _PROBE],
            capture_output=True,
            text=True,
            timeout=_PROBE_TIMEOUT_S,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    implementation, major, found_minor, executable = answer.split(" ", 3)
    return executable if (implementation, major, found_minor) == ("CPython", "3", str(minor)) else None


def find_pythons() -> dict[str, str]:
    """Returns the interpreters found by version, oldest first, such as `{"3.10": "/usr/bin/python3.10"}`.

    Looked for on PATH, among pyenv's versions and in the usual folders; never an environment of a project.
    """
    found: dict[str, str] = {}
    for minor in range(OLDEST_MINOR, NEWEST_MINOR + 1):
        executables = (_executable_of(command, minor) for command in _candidates(minor))
        executable = next((one for one in executables if one is not None), None)
        if executable is not None:
            found[f"3.{minor}"] = executable
    return found


if __name__ == "__main__":
    pythons = find_pythons()
    if "--json" in sys.argv[1:]:
        print(json.dumps(pythons))
    else:
        print("\n".join(f"{version} {executable}" for version, executable in pythons.items()))
