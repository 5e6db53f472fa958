"""Records of ``logging`` go to the step's log with their level."""

from __future__ import annotations

import logging
from collections.abc import Callable

from stackyard.engine.tracebacks import storable

LONGEST_TEXT = 1 << 20
"""Characters; a longer record is sent as several, so that no process needs room for more."""


class _Forward(logging.Handler):
    """Hands each record on as level and text."""

    def __init__(self, send: Callable[[str, str], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = storable(self.format(record))
            for start in range(0, max(len(text), 1), LONGEST_TEXT):
                self._send(record.levelname.lower(), text[start : start + LONGEST_TEXT])
        except Exception:  # noqa: BLE001  # logging's own rule: a handler never raises into user code
            self.handleError(record)


class ForwardedLogging:
    """Sends records of INFO and above on, unless the user's code sets up handlers of its own later."""

    def __init__(self, send: Callable[[str, str], None]) -> None:
        """Take who takes level and text."""
        self._handler = _Forward(send)
        self._handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    def install(self) -> None:
        """Put the handler in place, also when the step before took it away."""
        root = logging.getLogger()
        if self._handler not in root.handlers:
            root.addHandler(self._handler)
        if root.level in (logging.WARNING, logging.NOTSET):
            root.setLevel(logging.INFO)

    def remove(self) -> None:
        """Take the handler away."""
        logging.getLogger().removeHandler(self._handler)
