"""The reader's process, as the server uses it: started when it is needed, replaced when it died, killed when it hangs.

Invariant: no request waits for one that nobody wants any more, and none waits for ever.
"""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYetError
from contextlib import suppress
from typing import Any

from stackyard.api.launch import user_environment
from stackyard.model.error_base import error_from
from stackyard.model.errors import InterpreterError, NotReadableError, StackyardError

TIME_LIMIT_S = 60.0
"""For one answer; a table of many gigabytes takes some time to sort."""
GRACE_S = 2.0
"""A request that was cancelled may hold up the next one for so long; then its process is killed."""
_LOOK_S = 0.05


class CancelledRequestError(Exception):
    """Nobody wants the answer any more, or a newer request of the same view took its place."""


class _ProcessEndedError(Exception):
    """The reader ended before it answered."""


class _Process:
    """One process of the reader."""

    def __init__(self, command: list[str]) -> None:
        """Start it.

        Raises:
            InterpreterError: it can't be started.
        """
        self._lock = threading.Lock()
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._left: dict[int, float] = {}
        """Requests that nobody waits for and that are not answered: when they were left."""
        self._next = 0
        self._ended: str | None = None
        """How; None while it runs."""
        self._setup: StackyardError | None = None
        self.was_killed = False
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=user_environment()
            )
        except OSError as error:
            raise InterpreterError(
                f"{command[0]} can't be started: {error.strerror or error}.", hint="Choose another interpreter."
            ) from error
        threading.Thread(target=self._read, name="stackyard-reader-answers", daemon=True).start()

    def ask(self, message: dict[str, Any], cancelled: Callable[[], bool]) -> dict[str, Any]:
        """Return the answer.

        Raises:
            CancelledRequestError: it is not wanted any more.
            _ProcessEndedError: the process ended first.
            NotReadableError: it took too long; the process was killed.
        """
        number, answer = self._send(message)
        deadline = time.monotonic() + TIME_LIMIT_S
        while True:
            try:
                return answer.result(timeout=_LOOK_S)
            except NotYetError:
                if cancelled():
                    self._leave(number)
                    raise CancelledRequestError from None
                if time.monotonic() > deadline:
                    self.kill()
                    raise NotReadableError(
                        f"Looking into this value took more than {TIME_LIMIT_S:g} s and was ended.",
                        hint="Ask for less: without sorting or conditions, or with fewer columns.",
                    ) from None
                self._end_what_hangs()

    def has_ended(self) -> bool:
        """Tell whether it is gone."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End it now; whoever waits is told."""
        self.was_killed = True
        self._process.kill()

    def _send(self, message: dict[str, Any]) -> tuple[int, Future[dict[str, Any]]]:
        answer: Future[dict[str, Any]] = Future()
        with self._lock:
            if self._ended is not None:
                raise self._setup or _ProcessEndedError(self._ended)
            self._next += 1
            number = self._next
            self._waiting[number] = answer
            self._write({"id": number, **message})
        return number, answer

    def _leave(self, number: int) -> None:
        with self._lock:
            if self._waiting.pop(number, None) is not None:
                self._left[number] = time.monotonic()
                self._write({"cancel": number})

    def _end_what_hangs(self) -> None:
        with self._lock:
            oldest = min(self._left, default=None)
            hangs = oldest is not None and time.monotonic() - self._left[oldest] > GRACE_S
        if hangs:
            self.kill()

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None  # noqa: S101  # it is a pipe
        with suppress(OSError):  # It has ended: the thread that reads its answers tells.
            self._process.stdin.write((json.dumps(message) + "\n").encode())
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  # it is a pipe
        for line in self._process.stdout:
            message = json.loads(line)
            if "id" not in message:
                self._setup = error_from(message["error"]) if "error" in message else None
                continue
            with self._lock:
                self._left.pop(message["id"], None)
                answer = self._waiting.pop(message["id"], None)
            if answer is not None:
                answer.set_result(message)
        code = self._process.wait()
        with self._lock:
            self._ended = how = _words(code)
            waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            answer.set_exception(self._setup or _ProcessEndedError(how))
        self._process.stdout.close()


class Reader:
    """Looks into stored values with the user's interpreter; safe to use from any thread."""

    def __init__(self, script: str) -> None:
        """Take the script to start; nothing is started yet."""
        self._script = script
        self._lock = threading.Lock()
        self._interpreter = ""
        self._process: _Process | None = None
        self._views: dict[str, tuple[int, threading.Event]] = {}

    def ask(
        self, interpreter: str, message: dict[str, Any], cancelled: threading.Event, view: str, number: int
    ) -> dict[str, Any]:
        """Return what the reader answers.

        Args:
            interpreter: the user's.
            message: method, home and params.
            cancelled: set when the client does not want the answer.
            view: who asks; a newer request of the same one cancels this one. Empty: nobody in particular.
            number: the greater, the newer.

        Raises:
            CancelledRequestError: it is not wanted any more.
            StackyardError: what the reader says is wrong, or that it can't work in this environment.
        """
        if view:
            with self._lock:
                last, other = self._views.get(view, (-1, cancelled))
                if last > number:  # the newer one's thread came first
                    raise CancelledRequestError
                self._views[view] = number, cancelled
            if other is not cancelled:
                other.set()
        try:
            answer = self._ask(interpreter, message, cancelled.is_set)
        finally:
            with self._lock:
                if self._views.get(view) == (number, cancelled):
                    del self._views[view]
        if "cancelled" in answer:
            raise CancelledRequestError
        error = answer.get("error")
        if error is None:
            return dict(answer["result"])
        if error["code"] == "bug":
            raise RuntimeError(error["message"])
        raise error_from(error)

    def _ask(self, interpreter: str, message: dict[str, Any], cancelled: Callable[[], bool]) -> dict[str, Any]:
        """Ask; a process that ended by itself, or was killed for another's request, is replaced once."""
        process = self._running(interpreter, None)
        try:
            return process.ask(message, cancelled)
        except _ProcessEndedError as error:
            if str(error) and not process.was_killed:
                raise _died(error) from None
        try:
            return self._running(interpreter, process).ask(message, cancelled)
        except _ProcessEndedError as error:
            raise _died(error) from None

    def _running(self, interpreter: str, ended: _Process | None) -> _Process:
        """Return the interpreter's process, another one than that which ended."""
        with self._lock:
            if self._process is not None and (self._interpreter != interpreter or self._process.has_ended()):
                self._process.kill()
                self._process = None
            if self._process is None or self._process is ended:
                self._process = _Process([interpreter, self._script])
                self._interpreter = interpreter
            return self._process


def _died(error: _ProcessEndedError) -> NotReadableError:
    return NotReadableError(
        f"The process that looks into stored values ended in the middle of it: {error}.",
        hint="Try again: another one is started. If it happens with this value alone, load the artifact in Python.",
    )


def _words(code: int) -> str:
    """Return how a process ended; empty when it did so by itself, having nothing to do."""
    if code < 0:
        try:
            return f"killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"killed by signal {-code}"
    return f"exit code {code}" if code else ""
