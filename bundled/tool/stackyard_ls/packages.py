"""What is installed in the user's environment, as its interpreter said when it was last asked."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from stackyard.api.checks import Installed
from stackyard.api.environments import Interpreter, probe_interpreter
from stackyard.model.errors import InterpreterError

Stamps = tuple[int, ...]
UNKNOWN = Installed(known=False)


class Packages:
    """Remembers one environment; safe to use from any thread.

    Nothing is started before an interpreter was asked on the user's behalf (:meth:`take`); it is asked again when
    something was installed or removed.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self._lock = threading.Lock()
        self._found: Interpreter | None = None
        self._stamps: Stamps = ()
        self._seen: Stamps = ()
        self._asking = False

    def take(self, found: Interpreter, stamps: Stamps = ()) -> bool:
        """Remember what an interpreter said; return whether that is news.

        Args:
            found: what it said.
            stamps: of its folders before it was asked; default: as they are now.
        """
        stamps = stamps or _look(found)
        with self._lock:
            known, self._found = self._found, found
            self._stamps = self._seen = stamps
        return known is None or (known.command, known.distributions) != (found.command, found.distributions)

    def installed(self, interpreter: str) -> Installed:
        """Return the packages of an interpreter's environment, as far as they are known."""
        with self._lock:
            found = self._found
        if found is None or found.command != interpreter:
            return UNKNOWN
        return Installed(found.distributions, where=f"the environment of {interpreter}", pip=_pip(interpreter))

    def follow(self, interpreter: str, changed: Callable[[], None]) -> None:
        """Ask the interpreter again, on a thread of its own, if its packages have changed and come to rest.

        Args:
            interpreter: the one that may be started now.
            changed: called when there is news.
        """
        with self._lock:
            found = self._found
            if found is None or found.command != interpreter or self._asking:
                return
        stamps = _look(found)
        with self._lock:
            at_rest, self._seen = stamps == self._seen, stamps
            if stamps == self._stamps or not at_rest:
                return
            self._asking = True
        threading.Thread(
            target=self._ask, args=(interpreter, stamps, changed), name="stackyard-packages", daemon=True
        ).start()

    def _ask(self, interpreter: str, stamps: Stamps, changed: Callable[[], None]) -> None:
        try:
            news = self.take(probe_interpreter(interpreter), stamps)
        except InterpreterError:  # gone with its environment: the next check of the environment tells
            with self._lock:
                self._found = None
            news = True
        finally:
            with self._lock:
                self._asking = False
        if news:
            changed()


def _look(found: Interpreter) -> Stamps:
    return tuple(_stamp(folder) for folder in found.folders)


def _stamp(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def _pip(interpreter: str) -> str:
    return f'"{interpreter}" -m pip install' if " " in interpreter else f"{interpreter} -m pip install"
