"""A user at a terminal: a fresh home, a project folder, and the real commands.

What runs a user's code is a process of its own, and so is all that is typed with `run` and `show`, as the pages and the
walk-through are. The other commands are called in this process, see `called`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.called import call, can_be_called

ROOT = Path(__file__).resolve().parents[2]
STARTER = ROOT / "examples" / "starter"
PROGRAMS = Path(sys.executable).parent

# The user's own settings must not decide how a test ends.
_DROPPED = ("STACKYARD_", "PYTHON", "XDG_", "VIRTUAL_ENV", "FORCE_COLOR", "CLICOLOR", "PYTEST_")


def own_secrets(folder: Path) -> dict[str, str]:
    """Return the variables that keep secrets away from the machine's own keyring and key file."""
    null = "keyring.backends.null.Keyring"
    return {"STACKYARD_SECRETS_KEY_FILE": str(folder / "secrets.key"), "PYTHON_KEYRING_BACKEND": null}


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code, and its output as the user sees it."""

    command: str
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both streams."""
        return self.out + self.err

    @property
    def json(self) -> Any:
        """Standard output as JSON; it must be nothing else."""
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"$ {self.command}\n{self.out}{self.err}(exit code {self.code})"


@dataclass
class Shell:
    """Runs commands in a folder, with a home of its own."""

    home: Path
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The variables of a terminal in which the environment is activated."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_DROPPED)}
        path = os.pathsep.join([str(PROGRAMS), kept.get("PATH", "")])
        fixed = {"PATH": path, "STACKYARD_HOME": str(self.home), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "120"}
        fixed["STACKYARD_LOCK_TIMEOUT"] = "200"  # a busy machine may stand still longer than the default
        return {**kept, **fixed, **own_secrets(self.home.parent), **self.variables}

    def run(self, *command: str, timeout: float = 300, **variables: str) -> Result:
        """Run any command to its end."""
        done = self._run(command, subprocess.PIPE, timeout, variables)
        return Result(" ".join(command), done.returncode, done.stdout, done.stderr)

    def show(self, *command: str, timeout: float = 300, **variables: str) -> Result:
        """Run any command to its end; both streams are one, in the order in which they were written."""
        done = self._run(command, subprocess.STDOUT, timeout, variables)
        return Result(" ".join(command), done.returncode, done.stdout, "")

    def _run(
        self, command: tuple[str, ...], stderr: int, timeout: float, variables: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment(), **variables},
            stdout=subprocess.PIPE,
            stderr=stderr,
            encoding="utf-8",
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )

    def stackyard(self, *arguments: str, **variables: str) -> Result:
        """Run `stackyard`, whatever comes of it."""
        if can_be_called(arguments, {**self.variables, **variables}):
            said = call(arguments, self.folder, {**self.environment(), **variables})
            return Result(" ".join(("stackyard", *arguments)), *said)
        command = (str(PROGRAMS / "stackyard"), *arguments)
        done = self._run(command, subprocess.PIPE, 300, variables)
        return Result(" ".join(command), done.returncode, done.stdout, done.stderr)

    def do(self, *arguments: str, **variables: str) -> Result:
        """Run `stackyard` and insist that it succeeds."""
        result = self.stackyard(*arguments, **variables)
        assert result.code == 0, result
        return result

    def json(self, *arguments: str) -> Any:
        """Run `stackyard ... --json` and return what it prints."""
        return self.do(*arguments, "--json").json

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def use_starter(self) -> None:
        """Go into a fresh copy of the starter project."""
        target = self.folder / "starter"
        ignored = shutil.ignore_patterns(".stackyard", "__pycache__")
        shutil.copytree(STARTER, target, ignore=ignored)
        self.folder = target

    def snapshot(self) -> dict[str, str]:
        """Every file of home and project with the digest of its content; lock files, which say nothing, left out."""
        found = {}
        for top in (self.home, self.folder):
            for path in sorted(top.rglob("*")) if top.is_dir() else []:
                if path.is_file() and path.suffix != ".lock" and "__pycache__" not in path.parts:
                    found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found
