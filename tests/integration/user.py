"""A user with a home and a project of their own, who starts real processes and looks at what became of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from stackyard.api import runs
from stackyard.api.context import Context, open_context
from stackyard.model.views import LogLine, RunView
from tests.cli.called import call, can_be_called
from tests.integration.processes import MARK_VARIABLE, Found, kill_marked, wait_until_gone

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
GONE_WITHIN_S = 5.0
"""How long what a run started may outlive it."""

_DROPPED = ("STACKYARD_", "PYTHON", "XDG_", "VIRTUAL_ENV", "FORCE_COLOR", "CLICOLOR", "PYTEST_", "OMP_", "OPENBLAS_")
T = TypeVar("T")


@dataclass(frozen=True)
class Result:
    """What a command left."""

    command: str
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both streams."""
        return self.out + self.err

    def __str__(self) -> str:
        return f"$ {self.command}\n{self.text[-6000:]}(exit code {self.code})"


@dataclass
class User:
    """Someone at a terminal. Every process that is started here carries ``mark``, and so does all below it."""

    folder: Path
    home: Path
    interpreter: str = sys.executable
    variables: dict[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def environment(self, **variables: str) -> dict[str, str]:
        """Variables of a terminal in which the environment is active; the developer's own settings left out."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_DROPPED)}
        fixed = {
            "PATH": os.pathsep.join([str(PROGRAMS), kept.get("PATH", "")]),
            "STACKYARD_HOME": str(self.home),
            # Not the machine's own key file and keyring.
            "STACKYARD_SECRETS_KEY_FILE": str(self.home.parent / "secrets.key"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "STACKYARD_LOCK_TIMEOUT": "200",  # a busy machine may stand still longer than the default
            MARK_VARIABLE: self.mark,
        }
        return {**kept, **fixed, **self.variables, **variables}

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def run(self, *command: str | Path, timeout: float = 300, **variables: str) -> Result:
        """Run a command to its end."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=self.folder,
            env=self.environment(**variables),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        return Result(" ".join(str(word) for word in command), done.returncode, done.stdout, done.stderr)

    def python(self, *arguments: str | Path, **variables: Any) -> Result:
        """Run Python, whatever comes of it."""
        return self.run(self.interpreter, *arguments, **variables)

    def stackyard(self, *arguments: str, **variables: Any) -> Result:
        """Run the command line, whatever comes of it; what only looks or registers needs no process of its own."""
        if not variables.keys() - {"timeout"} and can_be_called(arguments, self.variables):
            said = call(arguments, self.folder, self.environment())
            return Result(" ".join(("stackyard", *arguments)), *said)
        return self.run(self.interpreter, "-m", "stackyard", *arguments, **variables)

    def do(self, *arguments: str) -> Result:
        """Run the command line and insist that it succeeds."""
        result = self.stackyard(*arguments)
        assert result.code == 0, result
        return result

    def start(self, *command: str | Path, **options: Any) -> subprocess.Popen[str]:
        """Start a command and go on; its output goes to files of the project's folder."""
        variables = options.pop("variables", {})
        out = (self.folder / "started.out").open("a", encoding="utf-8")
        try:
            return subprocess.Popen(
                [str(word) for word in command],
                cwd=self.folder,
                env=self.environment(**variables),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                **options,
            )
        finally:
            out.close()

    @property
    def started_output(self) -> str:
        """What the started commands printed so far."""
        path = self.folder / "started.out"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def context(self) -> Context:
        """Return what the use cases need."""
        return open_context(self.folder, self.home)

    def runs(self) -> list[RunView]:
        """Return all runs with their steps, oldest first."""
        ctx = self.context()
        return [runs.get_run(ctx, run.id) for run in reversed(runs.list_runs(ctx, all_projects=True, limit=1000).items)]

    def count_runs(self) -> int:
        """Return how many runs there are."""
        return runs.list_runs(self.context(), all_projects=True, limit=1).total

    def last_run(self) -> RunView:
        """Return the newest run; raise IndexError when there is none."""
        ctx = self.context()
        return runs.get_run(ctx, runs.list_runs(ctx, all_projects=True, limit=1).items[0].id)

    def logs(self, run: RunView, step: str | None = None, stream: str | None = None) -> list[LogLine]:
        """Return the lines of a run's logs."""
        lines = runs.read_logs(self.context(), run.id, step=step, limit=0).lines
        return [line for line in lines if stream is None or line.stream == stream]

    def pid_from(self, name: str, seconds: float = 180) -> int:
        """Wait for a step to write a pid into a file of the project; return it."""
        path = self.folder / name
        wait_for(lambda: path.exists() and path.read_text().strip(), seconds, f"{name} ({self.started_output})")
        return int(path.read_text())

    def left_behind(self, seconds: float = GONE_WITHIN_S) -> list[Found]:
        """Return the processes of this user that are still there after a while."""
        return wait_until_gone(self.mark, seconds)

    def clean_up(self) -> None:
        """End everything that is left."""
        kill_marked(self.mark)


def wait_for(question: Callable[[], T], seconds: float, what: str) -> T:
    """Ask until the answer is true; return it."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"{seconds:g} s were not enough for: {what}"
        time.sleep(0.02)
    return answer


def statuses(run: RunView) -> dict[str, str]:
    """Return step to status."""
    return {step.name: str(step.status) for step in run.steps}


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal."""
    os.kill(pid, number)
