"""What a request works on: the settings of the moment, and the project they lead to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import field
from pathlib import Path

from stackyard.api.checks import Installed
from stackyard.api.context import Context, open_context
from stackyard.model.errors import InterpreterError, UsageError
from stackyard.model.record import Record
from stackyard_ls.packages import Packages
from stackyard_ls.pipelines import Pipelines
from stackyard_ls.reader import Reader
from stackyard_ls.settings import Settings

TOOL = Path(__file__).resolve().parents[1]
BUNDLED = TOOL.parent


class Session(Record, frozen=False):
    """The server's memory between requests; settings are replaced, never changed."""

    settings: Settings
    pipelines: Pipelines = field(default_factory=Pipelines)
    packages: Packages = field(default_factory=Packages)
    reader: Reader = field(default_factory=lambda: Reader(str(TOOL / "run_reader.py")))
    on_packages: Callable[[], None] = lambda: None
    """Called when other packages are installed than before."""

    def context(self, start: str | None = None) -> Context:
        """Return a fresh context: opening one is cheap, and sees what other processes did.

        Args:
            start: file or folder from which the project is looked for, instead of what the settings say.
        """
        return open_context(start or self.settings.start, self.settings.home or None)

    def installed(self) -> Installed:
        """Return what is known of the packages of the environment in which runs start."""
        return self.packages.installed(self.settings.interpreter)

    def index_root(self, context: Context) -> Path | None:
        """Return the folder whose pipelines are listed: the project's, else the one that is open."""
        return Path(context.project.root) if context.project.root else self.settings.folder


class Call(Record, frozen=False):
    """One request on its way."""

    session: Session
    cancelled: threading.Event
    """Set when the client does not want the answer any more."""
    number: int
    """Greater than those of the requests that came before it."""

    @property
    def context(self) -> Context:
        """Return a fresh context."""
        return self.session.context()

    def require_trust(self, what: str) -> None:
        """Refuse what would start a program of the workspace while the workspace is not trusted.

        Raises:
            UsageError: always while it is not trusted.
        """
        if not self.session.settings.trusted:
            raise UsageError(
                f"{what} was refused: this workspace is not trusted, so none of its code or interpreters is started.",
                hint="Trust the workspace (Workspaces: Manage Workspace Trust) and try again.",
            )

    def require_interpreter(self, what: str = "run pipelines") -> str:
        """Return the user's interpreter, which is needed to do something.

        Raises:
            InterpreterError: none was chosen.
        """
        interpreter = self.session.settings.interpreter
        if not interpreter:
            raise InterpreterError(
                f"There is no Python interpreter to {what} with.",
                hint="Choose one (setting stackyard.interpreter, or the Python extension's).",
            )
        return interpreter
