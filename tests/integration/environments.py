"""Environments of other Pythons with what the package itself needs and no more, kept from one session to the next."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from filelock import FileLock

from tests.integration.user import PROGRAMS, ROOT

TEST_PACKAGES = ("cryptography>=42", "hypothesis>=6", "ipykernel>=6", "keyring>=25", "pytest>=8", "pytest-timeout>=2")
"""To run tests there, those of secrets among them, and notebooks; the package itself must not need them."""


def dependencies() -> list[str]:
    """Return what pyproject.toml says that the package needs (there is no reader of TOML before Python 3.11)."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert block is not None
    found = re.findall(r'"([^"]+)"', block[1])
    assert any(name.startswith("pydantic") for name in found)
    return found


def environment_of(version: str, python: str) -> Path:
    """Return the interpreter of an environment with the package's dependencies; made when there is none yet.

    Args:
        version: such as `3.12`.
        python: the interpreter to make it from.
    """
    wanted = [*dependencies(), *TEST_PACKAGES]
    digest = hashlib.sha256("\n".join([python, *wanted]).encode()).hexdigest()[:16]
    folder = _cache() / f"{version}-{digest}"
    interpreter = folder / "bin" / "python"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _make(folder, python, wanted)
            (folder / "complete").touch()
    return interpreter


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "stackyard" / "test-venvs"


def _make(folder: Path, python: str, wanted: list[str]) -> None:
    uv = shutil.which("uv") or shutil.which("uv", path=str(PROGRAMS))
    if uv:
        _run(uv, "venv", "--quiet", "--python", python, str(folder))
        _run(uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *wanted)
    else:
        _run(python, "-m", "venv", str(folder))
        _run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *wanted)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=540, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
