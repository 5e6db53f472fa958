"""Stackyard's home: where it is and what lies where in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from stackyard.model.errors import HomeNotWritableError
from stackyard.storage.host import expand, reason_of

HOME_VARIABLE = "STACKYARD_HOME"


class Home(NamedTuple):
    """The folder of a user's registry, catalog, default artifact store, run locks and logs.

    Nothing is made on disk before :meth:`ensure` is called; reading a home that does not exist is fine.
    """

    root: Path

    @property
    def registry_file(self) -> Path:
        """The registry."""
        return self.root / "registry.json"

    @property
    def registry_copy(self) -> Path:
        """The last good copy of the registry."""
        return self.root / "registry.last-good.json"

    @property
    def registry_lock(self) -> Path:
        """Held while the registry is changed."""
        return self.root / "registry.lock"

    @property
    def active_stack_file(self) -> Path:
        """The choice of the active stack for everything outside of projects."""
        return self.root / "active_stack.json"

    @property
    def catalog_file(self) -> Path:
        """The catalog."""
        return self.root / "catalog.db"

    @property
    def catalog_lock(self) -> Path:
        """Held while the catalog is made, migrated or checkpointed."""
        return self.root / "catalog.lock"

    @property
    def artifact_stores(self) -> Path:
        """Folder of the local artifact stores without a path of their own."""
        return self.root / "artifact_stores"

    @property
    def downloads(self) -> Path:
        """Copies of files of artifact stores that are not on this machine; they can be removed at any time."""
        return self.root / "downloads"

    def run_lock(self, run_id: str) -> Path:
        """The lock that a run's driver holds for life."""
        return self.root / "runs" / f"{run_id}.lock"

    def stop_file(self, run_id: str) -> Path:
        """Its presence asks the run's driver to stop."""
        return self.root / "runs" / f"{run_id}.stop"

    def log_dir(self, run_id: str) -> Path:
        """Folder of the logs of a run."""
        return self.root / "logs" / run_id

    def step_log(self, run_id: str, step_run_id: str) -> Path:
        """Log of a step run."""
        return self.root.joinpath("logs", run_id, f"{step_run_id}.jsonl")  # at once: a run may have a thousand

    def run_log(self, run_id: str) -> Path:
        """What went wrong in a run beside its steps, as their logs are written."""
        return self.log_dir(run_id) / "run.jsonl"

    def driver_log(self, run_id: str) -> Path:
        """What a detached driver itself printed."""
        return self.log_dir(run_id) / "driver.log"

    def ensure(self, *parts: str) -> Path:
        """Make the home (and a folder in it) if needed; safe with many processes at once.

        Raises:
            HomeNotWritableError: it can't be made or written.
        """
        path = self.root.joinpath(*parts)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise not_writable(self.root, error) from error
        return path


def not_writable(root: Path, error: OSError) -> HomeNotWritableError:
    """Return the error that says why a home can't be written and what to do."""
    return HomeNotWritableError(
        f"Stackyard's home {root} can't be written: {reason_of(error)}.",
        hint=f"Make room or change its permissions, or set {HOME_VARIABLE} to a folder that you can write.",
    )


def find_home(given: str | Path | None = None) -> Home:
    """Return the home: the given one, ``$STACKYARD_HOME``, else the platform's user data folder."""
    chosen = str(given or os.environ.get(HOME_VARIABLE) or "")
    if not chosen:
        import platformdirs  # noqa: PLC0415  # not needed when the variable is set

        chosen = platformdirs.user_data_dir("stackyard", appauthor=False)
    return Home(Path(expand(chosen)))
