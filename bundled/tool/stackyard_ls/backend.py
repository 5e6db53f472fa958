"""Everything that needs pydantic and ``stackyard``: imported by a thread once ``initialize`` is answered.

Invariant: nothing here touches the event loop; requests come in on worker threads and leave as plain JSON values.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from lsprotocol import types
from pydantic import ValidationError
from pygls.exceptions import JsonRpcRequestCancelled

from stackyard.model.errors import StackyardError
from stackyard_ls import convert
from stackyard_ls.commands import HANDLERS, SLOW
from stackyard_ls.documents import Document, Encoding
from stackyard_ls.features.hover import hover
from stackyard_ls.protocol import DID_CHANGE, REQUESTS, DidChangeParams, Method
from stackyard_ls.reader import CancelledRequestError
from stackyard_ls.session import Call, Session
from stackyard_ls.settings import Settings
from stackyard_ls.watcher import Watcher

logger = logging.getLogger(__name__)

OpenDocuments = Callable[[], list[tuple[Document, int, str]]]


class Backend:
    """Answers requests, and tells about changes."""

    def __init__(
        self, settings: Settings, notify: Callable[[str, dict[str, Any]], None], documents: OpenDocuments
    ) -> None:
        """Take the settings; :meth:`start` begins to watch.

        Args:
            settings: of the moment; later ones come by :meth:`configure`.
            notify: sends a notification to the client; safe on any thread.
            documents: returns the open Python documents with version and text; safe on any thread.
        """
        self._session = Session(settings)
        self._notify = notify
        self._methods: dict[str, Method] = {method.name: method for method in REQUESTS}
        self._session.on_packages = lambda: self._did_change(DidChangeParams(entities=["stacks"]))
        self._watcher = Watcher(self._session, self._did_change, documents)

    def start(self) -> None:
        """Begin to watch."""
        self._watcher.start()

    def configure(self, settings: Settings) -> None:
        """Take new settings; a change of project tells the client that everything may have changed."""
        self._session.settings = settings
        self._watcher.wake()

    def files_changed(self) -> None:
        """Look at the files now rather than at the next turn."""
        self._watcher.wake()

    @staticmethod
    def is_slow(method: str) -> bool:
        """Tell whether a request waits for other programs."""
        return method in SLOW

    def knows(self, method: str) -> bool:
        """Tell whether there is such a request."""
        return method in self._methods

    def answer(self, method: str, params: object, cancelled: threading.Event, number: int) -> dict[str, Any]:
        """Answer a request.

        Args:
            method: its name.
            params: as the client sent them.
            cancelled: set when the client does not want the answer any more.
            number: greater than those of the requests that came before it, whose threads may be later.

        Raises:
            JsonRpcException: the error to send.
        """
        try:
            parsed = self._methods[method].params.model_validate({} if params is None else params)
        except ValidationError as error:
            raise convert.invalid_params(method, error) from None
        try:
            return convert.dump(HANDLERS[method](Call(self._session, cancelled, number), parsed))
        except StackyardError as error:
            raise convert.request_failed(error) from None
        except CancelledRequestError:
            raise JsonRpcRequestCancelled from None
        except Exception as error:
            logger.exception("Bug in %s", method)
            raise convert.internal_error(method, error) from None

    def hover(self, document: Document, text: str, position: types.Position, encoding: Encoding) -> types.Hover | None:
        """Return what is under the pointer, or None."""
        try:
            return hover(self._session, document, text, position, encoding)
        except StackyardError as error:
            return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, f"{error.message} {error.hint}".strip()))
        except Exception as error:
            logger.exception("Bug in textDocument/hover")
            raise convert.internal_error("textDocument/hover", error) from None

    def _did_change(self, params: DidChangeParams) -> None:
        self._notify(DID_CHANGE, convert.dump(params))
