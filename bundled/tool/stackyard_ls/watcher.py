"""Follows the disk: what any process did to stacks, runs, artifacts or pipeline files reaches the client within 1 s.

Two threads: one polls the change feeds (a few stats a turn), one walks the project's Python files as often as that is
cheap. So a big project's first index delays no news about runs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from stackyard.api.changes import Follower
from stackyard.api.context import Context
from stackyard.model.errors import StackyardError
from stackyard_ls.documents import Document
from stackyard_ls.protocol import DidChangeParams
from stackyard_ls.session import Session

logger = logging.getLogger(__name__)

POLL_S = 0.2
"""Between two looks at the change feeds."""
PROJECT_S = 0.8
"""Between two looks at which project this is: ``stackyard init`` in a shell makes a new one."""
WALK_S = 0.6
"""At least between two walks over the files."""
WALK_SHARE = 10
"""A walk is followed by a pause of this many times the CPU time it took, so that big projects cost little."""
WALK_MAX_S = 5.0
"""At most between two walks."""
EVERYTHING = ["stacks", "active_stack", "runs", "artifacts", "pipelines", "project"]


class _Turns:
    """A thread that does the same again and again; trouble is logged once, and tried again at the next turn."""

    def __init__(self, name: str, turn: Callable[[], float]) -> None:
        """Take what to do, which returns how many seconds to wait afterwards."""
        self._name = name
        self._turn = turn
        self._wake = threading.Event()
        self._told = ""

    def start(self) -> None:
        """Start; it ends with the process."""
        threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def wake(self) -> None:
        """Have the next turn now."""
        self._wake.set()

    def _run(self) -> None:
        while True:
            pause = 1.0
            try:
                pause = self._turn()
                self._told = ""
            except StackyardError as error:
                self._tell(f"{error.message} {error.hint}", bug=False)
            except Exception as error:  # noqa: BLE001  # logged; the next turn may do better
                self._tell(repr(error), bug=True)
            self._wake.wait(pause)
            self._wake.clear()

    def _tell(self, text: str, *, bug: bool) -> None:
        if text != self._told:
            self._told = text
            logger.warning("Changes on disk can't be followed for now: %s", text, exc_info=bug)


class Watcher:
    """Tells what changed on disk."""

    def __init__(
        self,
        session: Session,
        notify: Callable[[DidChangeParams], None],
        documents: Callable[[], list[tuple[Document, int, str]]],
    ) -> None:
        """Watch what the session's settings lead to."""
        self._session = session
        self._notify = notify
        self._documents = documents
        self._context: Context | None = None
        self._follower: Follower | None = None
        self._next_project_look = 0.0
        self._following = _Turns("stackyard-follow", self._follow)
        self._walking = _Turns("stackyard-walk", self._walk)

    def start(self) -> None:
        """Start both threads."""
        self._following.start()
        self._walking.start()

    def wake(self) -> None:
        """Look at everything now."""
        self._next_project_look = 0.0
        self._following.wake()
        self._walking.wake()

    def _follow(self) -> float:
        if time.monotonic() >= self._next_project_look:
            self._next_project_look = time.monotonic() + PROJECT_S
            self._look_at_project()
            self._look_at_packages()
        if self._follower is not None:
            changes = self._follower.poll()
            if changes.entities:
                self._send(sorted(changes.entities), sorted(changes.runs))
        return POLL_S

    def _look_at_project(self) -> None:
        """Follow another project when the settings or the disk lead to one."""
        context = self._session.context()
        known = self._context
        if known is not None and (known.home, known.project) == (context.home, context.project):
            return
        follower = Follower(context)
        if self._follower is not None:
            self._follower.close()
        self._context, self._follower = context, follower
        if known is not None:
            self._walking.wake()
            self._send(EVERYTHING, [])

    def _look_at_packages(self) -> None:
        settings = self._session.settings
        if settings.trusted and settings.interpreter:
            self._session.packages.follow(settings.interpreter, self._session.on_packages)

    def _walk(self) -> float:
        start = time.thread_time()  # of this thread alone: on a busy machine the clock on the wall says little
        settings = self._session.settings
        root = self._session.index_root(self._session.context())
        first = not self._session.pipelines.ready.is_set()
        changed = self._session.pipelines.refresh(
            root, self._documents(), stop=lambda: self._session.settings is not settings
        )
        if changed or first:
            self._send(["pipelines"], [])
        return min(max(WALK_S, WALK_SHARE * (time.thread_time() - start)), WALK_MAX_S)

    def _send(self, entities: list[Any], run_ids: list[str]) -> None:
        self._notify(DidChangeParams(entities=entities, runs=run_ids))
