"""Records of ``logging`` go to the step's log with their level."""

from __future__ import annotations

import logging
from collections.abc import Callable

from stackyard.engine.tracebacks import storable


class _Forward(logging.Handler):
    """Hands each record on as level and text."""

    def __init__(self, send: Callable[[str, str], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send(record.levelname.lower(), storable(self.format(record)))
        except Exception:  # noqa: BLE001  # logging's own rule: a handler never raises into user code
            self.handleError(record)


def forward_logging(send: Callable[[str, str], None]) -> None:
    """Send records of INFO and above on, unless the user's code sets up handlers of its own later."""
    handler = _Forward(send)
    handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    if root.level in (logging.WARNING, logging.NOTSET):
        root.setLevel(logging.INFO)
