"""Requests to stop a run or one of its steps: signals to the driver, and the stop file that ``run stop`` leaves.

The stop file has lines, which several commands may append: an empty one or ``stop`` asks for the run politely,
``force`` kills it; ``step NAME`` and ``step NAME force`` mean one step.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from typing_extensions import Self

from stackyard.storage.host import IS_WINDOWS

_SIGNALS = [s for s in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, s)]
FORCED = "force"
STEP = "step "
"""What a line about one step begins with."""


class StopRequests:
    """Collects requests: the first asks politely, the second kills."""

    def __init__(self, stop_file: Path) -> None:
        """Watch a file; signals are caught between ``with`` and its end."""
        self._stop_file = stop_file
        self._count = 0
        self.reason = ""
        self.interrupts = False
        """The second signal raises KeyboardInterrupt in the main thread, too: user code runs there."""
        self._steps: list[tuple[str, bool]] = []
        self._steps_seen: set[tuple[str, bool]] = set()
        self._before: dict[int, Any] = {}
        self._pipe: tuple[int, int] | None = None
        self._wakeup_before: int | None = None

    @property
    def wakeup(self) -> int | None:
        """Return a descriptor that becomes readable when a signal came, or :meth:`wake` was called; None on Windows."""
        return self._pipe[0] if self._pipe else None

    def wake(self) -> None:
        """Make the descriptor readable; from any thread."""
        if self._pipe:
            with contextlib.suppress(OSError):  # full: it is readable
                os.write(self._pipe[1], b"\0")

    @property
    def signals(self) -> int:
        """Return how often the run was asked to stop as far as is known without a look at the file."""
        return self._count

    def poll(self) -> int:
        """Look for new requests; return how often the run was asked to stop so far."""
        if self._count < 2:  # more than killing is not possible
            for line in self._lines():
                if line.startswith(STEP):
                    self._take_step(line[len(STEP) :])
                else:
                    self._count = 2 if line == FORCED else max(self._count, 1)
                    self.reason = self.reason or "stop was requested"
        return self._count

    def take_steps(self) -> list[tuple[str, bool]]:
        """Return the steps that are to be stopped since the last call, each with whether it is to be killed."""
        taken, self._steps = self._steps, []
        return taken

    def _take_step(self, text: str) -> None:
        forced = text.endswith(f" {FORCED}")
        request = (text[: -len(FORCED) - 1] if forced else text, forced)
        if request not in self._steps_seen:
            self._steps_seen.add(request)
            self._steps.append(request)

    def _lines(self) -> list[str]:
        try:
            text = self._stop_file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return []
        return [line.strip() for line in text.removesuffix("\n").split("\n")] if text else []

    def __enter__(self) -> Self:
        """Catch signals, if this is the main thread."""
        if not IS_WINDOWS:  # nobody can wait for a pipe there; requests are seen with the next look
            self._pipe = os.pipe()
            for end in self._pipe:
                os.set_blocking(end, False)
        if threading.current_thread() is threading.main_thread():
            if self._pipe:
                self._wakeup_before = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
            for name in _SIGNALS:
                number = getattr(signal, name)
                if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                    self._before[number] = signal.signal(number, self._caught)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
        if self._wakeup_before is not None:
            signal.set_wakeup_fd(self._wakeup_before)
            self._wakeup_before = None
        if self._pipe:
            pipe, self._pipe = self._pipe, None
            for end in pipe:
                os.close(end)
        with contextlib.suppress(OSError):
            self._stop_file.unlink()

    def _caught(self, number: int, _frame: FrameType | None) -> None:
        self._count += 1
        self.reason = signal.Signals(number).name
        if self.interrupts and self._count > 1:
            raise KeyboardInterrupt
