"""Between the event loop and the backend: threads, cancellation, loading, logging.

Invariant: the loop never waits. A request is answered by a thread; a cancelled one is answered at once, its thread's
result is dropped. Requests that come before the backend is loaded wait for it, not the loop.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcMethodNotFound

from stackyard_ls.documents import Document, Documents
from stackyard_ls.settings import Settings, update
from stackyard_ls.wire import Protocol

if TYPE_CHECKING:
    from stackyard_ls.backend import Backend

logger = logging.getLogger(__name__)

QUICK_THREADS = 4
SLOW_THREADS = 8
INTERNAL_ERROR = -32603


class Service:
    """The server's working parts, made when the client initialises."""

    def __init__(self, protocol: Protocol, loop: asyncio.AbstractEventLoop) -> None:
        """Take the protocol to answer on and the loop it runs in."""
        self.documents = Documents()
        self.settings = Settings()
        self._protocol = protocol
        self._loop = loop
        self._backend: Future[Backend] = Future()
        self._quick = ThreadPoolExecutor(QUICK_THREADS, "stackyard-request")
        self._slow = ThreadPoolExecutor(SLOW_THREADS, "stackyard-slow")
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count()

    def start(self, settings: Settings) -> None:
        """Load the backend in a thread of its own."""
        self.settings = settings
        threading.Thread(target=self._load, name="stackyard-load", daemon=True).start()

    def notify(self, method: str, params: Any) -> None:
        """Send a notification, from any thread."""
        self._loop.call_soon_threadsafe(self._protocol.notify, method, params)

    def log(self, text: str, level: types.MessageType) -> None:
        """Show a line in the client's log, from any thread."""
        self.notify(types.WINDOW_LOG_MESSAGE, types.LogMessageParams(type=level, message=text))

    async def answer(self, method: str, params: object) -> Any:
        """Answer one of Stackyard's requests."""
        backend = await self._ready()
        if not backend.knows(method):
            raise JsonRpcMethodNotFound.of(method)
        cancelled, number = threading.Event(), next(self._numbers)
        pool = self._slow if backend.is_slow(method) else self._quick
        return await self._run(pool, cancelled, lambda: backend.answer(method, params, cancelled, number))

    async def hover(self, params: types.HoverParams) -> types.Hover | None:
        """Answer a hover."""
        document = self.documents.get(params.text_document.uri)
        if document is None:
            return None
        text = document.text()
        backend = await self._ready()
        encoding = self.encoding
        found: types.Hover | None = await self._run(
            self._quick, threading.Event(), lambda: backend.hover(document, text, params.position, encoding)
        )
        return found

    def configure(self, values: object) -> None:
        """Take what changed since initialisation."""
        if not isinstance(values, dict):
            logger.warning("stackyard/configure was left out: its params are not an object")
            return
        self.settings, problems = update(self.settings, values)
        for problem in problems:
            logger.warning("stackyard/configure: %s", problem)
        settings = self.settings
        self._with_backend(lambda backend: backend.configure(settings))

    def files_changed(self) -> None:
        """Look at the project's files now."""
        self._with_backend(lambda backend: backend.files_changed())

    @property
    def encoding(self) -> types.PositionEncodingKind | str:
        """Return the units of the client's columns."""
        return self._protocol.server_capabilities.position_encoding or types.PositionEncodingKind.Utf16

    def open_python(self) -> list[tuple[Document, int, str]]:
        """Return the open Python documents with version and text; from any thread but the loop's."""
        answer: Future[list[tuple[Document, int, str]]] = Future()

        def collect() -> None:
            answer.set_result([(d, d.version, d.text()) for d in self.documents.opened(".py")])

        self._loop.call_soon_threadsafe(collect)
        return answer.result()

    async def _ready(self) -> Backend:
        return await asyncio.shield(asyncio.wrap_future(self._backend))

    async def _run(self, pool: ThreadPoolExecutor, cancelled: threading.Event, work: Callable[[], Any]) -> Any:
        try:
            return await asyncio.wrap_future(pool.submit(work))
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def _with_backend(self, action: Callable[[Backend], None]) -> None:
        async def run() -> None:
            action(await self._ready())

        task = self._loop.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _load(self) -> None:
        try:
            from stackyard_ls.backend import Backend  # noqa: PLC0415  # what takes long is imported here

            backend = Backend(self.settings, self.notify, self.open_python)
        except Exception as error:
            logger.exception("The server's backend can't be loaded")
            message = f"The language server can't work: {type(error).__name__}: {error}"
            self._backend.set_exception(JsonRpcException(message=message, code=INTERNAL_ERROR))
            self.notify(
                types.WINDOW_SHOW_MESSAGE, types.ShowMessageParams(type=types.MessageType.Error, message=message)
            )
            return
        self._backend.set_result(backend)
        backend.start()
