"""Requests to stop a run: signals to the driver, and the stop file that ``run stop`` leaves."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from typing_extensions import Self

_SIGNALS = [s for s in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, s)]
FORCED = "force"


class StopRequests:
    """Collects requests: the first asks politely, the second kills."""

    def __init__(self, stop_file: Path) -> None:
        """Watch a file; signals are caught between ``with`` and its end."""
        self._stop_file = stop_file
        self._count = 0
        self.reason = ""
        self._before: dict[int, Any] = {}
        self._pipe: tuple[int, int] | None = None
        self._wakeup_before = -1

    @property
    def wakeup(self) -> int | None:
        """Return a descriptor that becomes readable when a signal came."""
        return self._pipe[0] if self._pipe else None

    def poll(self) -> int:
        """Return how often the run was asked to stop so far."""
        if self._count < 2:  # more than killing is not possible
            with contextlib.suppress(OSError):
                forced = self._stop_file.read_text(encoding="utf-8").strip() == FORCED
                self._count = 2 if forced else max(self._count, 1)
                self.reason = self.reason or "stop was requested"
        return self._count

    def __enter__(self) -> Self:
        """Catch signals, if this is the main thread."""
        if threading.current_thread() is threading.main_thread():
            self._pipe = os.pipe()
            for end in self._pipe:
                os.set_blocking(end, False)
            self._wakeup_before = signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
            for name in _SIGNALS:
                number = getattr(signal, name)
                self._before[number] = signal.signal(number, self._caught)
        return self

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._pipe:
            signal.set_wakeup_fd(self._wakeup_before)
            for end in self._pipe:
                os.close(end)
        with contextlib.suppress(OSError):
            self._stop_file.unlink()

    def _caught(self, number: int, _frame: FrameType | None) -> None:
        self._count += 1
        self.reason = signal.Signals(number).name
