"""The reader: a process of the user's interpreter that looks into stored values for the editor's server.

``run_reader.py`` hands over to :func:`serve`. One line of JSON a message; the server sends requests
``{"id", "method", "home", "params"}`` and ``{"cancel": id}``, and gets one answer for each request:
``{"id", "result"}``, ``{"id", "error": {...}}`` or ``{"id", "cancelled": true}``. Requests are worked on one after the
other. The process ends when the server is gone, and after some idle minutes.
"""

from __future__ import annotations

import json
import os
import queue
import threading
from typing import Any, BinaryIO

from pydantic import ValidationError

from stackyard.api.context import open_context
from stackyard.api.reading import OpenTables
from stackyard.model.errors import NotReadableError, StackyardError
from stackyard.model.reading import PageRequest, StatisticsRequest

IDLE_S = 300.0


class _Requests:
    """What came in and is not answered; filled by a thread of its own, which ends the process with the server."""

    def __init__(self, incoming: BinaryIO) -> None:
        self._incoming = incoming
        self._waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        threading.Thread(target=self._read, name="stackyard-requests", daemon=True).start()

    def next(self, idle_s: float) -> dict[str, Any] | None:
        """Return the next request; None when none came for so long."""
        try:
            return self._waiting.get(timeout=idle_s)
        except queue.Empty:
            return None

    def is_cancelled(self, request_id: int) -> bool:
        """Tell whether nobody waits for the answer."""
        return request_id in self._cancelled

    def forget(self, request_id: int) -> None:
        """Forget a request that is answered."""
        self._cancelled.discard(request_id)

    def _read(self) -> None:
        for line in self._incoming:
            message = json.loads(line)
            if "cancel" in message:
                self._cancelled.add(message["cancel"])
            else:
                self._waiting.put(message)
        os._exit(0)  # The main thread may be in the middle of something that nobody wants now.


def serve(incoming: BinaryIO, outgoing: BinaryIO, *, idle_s: float = IDLE_S) -> None:
    """Answer requests until the server is gone, or none came for a while.

    Args:
        incoming: requests.
        outgoing: answers.
        idle_s: seconds without a request after which to end.
    """
    requests = _Requests(incoming)
    tables = OpenTables()
    while (request := requests.next(idle_s)) is not None:
        request_id = request["id"]
        answer = {"cancelled": True} if requests.is_cancelled(request_id) else _answer(tables, request)
        requests.forget(request_id)
        outgoing.write((json.dumps({"id": request_id, **answer}) + "\n").encode("ascii"))
        outgoing.flush()


def _answer(tables: OpenTables, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": _result(tables, request)}
    except StackyardError as error:
        return {"error": error.as_dict()}
    except MemoryError:
        small = NotReadableError(
            "There is not enough memory to look into this value so.",
            hint="Look at fewer columns, without sorting, or close other programs.",
        )
        return {"error": small.as_dict()}
    except Exception as error:  # noqa: BLE001  # libraries raise what they like over files that are wrong
        return {"error": {"code": "bug", "message": f"{type(error).__name__}: {error}"}}


def _result(tables: OpenTables, request: dict[str, Any]) -> dict[str, Any]:
    ctx = open_context(home=request["home"])
    try:
        if request["method"] == "page":
            return tables.page(ctx, PageRequest.model_validate(request["params"])).model_dump(mode="json")
        if request["method"] == "statistics":
            asked = StatisticsRequest.model_validate(request["params"])
            return tables.statistics(ctx, asked).model_dump(mode="json")
    except ValidationError as error:
        raise _of_another_version() from error
    raise _of_another_version()


def _of_another_version() -> NotReadableError:
    from stackyard import __version__  # noqa: PLC0415  # only on the way to an error

    return NotReadableError(
        f"The Stackyard {__version__} of this environment does not understand what the editor asks for.",
        hint="Install the extension's Stackyard into the environment, or upgrade it there.",
    )
