"""The language server: capabilities, handlers, the loop."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from stackyard_ls.service import Service
from stackyard_ls.settings import read_options
from stackyard_ls.version import stackyard_version
from stackyard_ls.wire import BrokenFrameError, FrameWriter, Protocol, make_converter, read_frames

logger = logging.getLogger(__name__)

CONFIGURE = "stackyard/configure"
EXIT_BROKEN = 1


class Server(LanguageServer):
    """pygls's server, quiet: errors outside a request go to the log, not into a toast."""

    protocol: Protocol
    service: Service

    def __init__(self) -> None:
        """Make the server without starting it."""
        super().__init__(
            "stackyard", stackyard_version(), protocol_cls=Protocol, converter_factory=make_converter, max_workers=1
        )

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log what went wrong outside a request, and bugs inside one."""
        if not isinstance(error, JsonRpcException):
            logger.error("%s: %s", getattr(source, "__name__", source), error, exc_info=error)
        elif error.code == -32603:
            logger.error("%s: %s", getattr(source, "__name__", source), error.message)


class _ClientLog(logging.Handler):
    """Sends the server's own warnings and errors to the client's log."""

    def __init__(self, service: Service) -> None:
        super().__init__(logging.INFO)
        self._service = service

    def emit(self, record: logging.LogRecord) -> None:
        level = types.MessageType.Info
        if record.levelno >= logging.WARNING:
            level = types.MessageType.Error if record.levelno >= logging.ERROR else types.MessageType.Warning
        with suppress(RuntimeError):  # The loop has ended; stderr has the line.
            self._service.log(self.format(record), level)


def make_server() -> Server:
    """Return the server with its handlers; its service is set when it starts."""
    server = Server()

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        folders = [folder.uri for folder in params.workspace_folders or []] or [params.root_uri or ""]
        paths = tuple(path for path in (to_fs_path(uri) for uri in folders if uri) if path)
        settings, problems = read_options(params.initialization_options, paths)
        for problem in problems:
            logger.warning("%s", problem)
        # Loading takes the interpreter's lock; the answer goes out first.
        asyncio.get_running_loop().call_soon(server.service.start, settings)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        return await server.service.hover(params)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(_: types.DidSaveTextDocumentParams) -> None:
        server.service.files_changed()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_watched_files(_: types.DidChangeWatchedFilesParams) -> None:
        server.service.files_changed()

    def own_handler(method: str) -> Callable[[Any], Any]:
        if method == CONFIGURE:
            return server.service.configure

        async def handle(params: object) -> Any:
            return await server.service.answer(method, params)

        return handle

    server.protocol.own_handler = own_handler
    return server


def serve(incoming: BinaryIO, outgoing: BinaryIO) -> int:
    """Serve one client until it leaves; return the exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # pygls logs each message, and each error of a user's with a traceback; what matters is logged by our own parts.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    return asyncio.run(_serve(incoming, outgoing))


async def _serve(incoming: BinaryIO, outgoing: BinaryIO) -> int:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def end(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    server = make_server()
    server.service = Service(server.protocol, loop)
    server.protocol.documents = server.service.documents
    server.protocol.on_exit = lambda code: loop.call_soon_threadsafe(end, code)
    server.protocol.set_writer(FrameWriter(outgoing))
    own = logging.getLogger("stackyard_ls")
    own.addHandler(_ClientLog(server.service))

    def read() -> None:
        code = 0
        try:
            for body in read_frames(incoming):
                loop.call_soon_threadsafe(server.protocol.receive, body)
        except (BrokenFrameError, OSError) as error:
            logger.error("The connection is broken, the server ends: %s", error)  # noqa: TRY400  # no bug of ours
            code = EXIT_BROKEN
        except RuntimeError:
            return  # The loop has ended.
        loop.call_soon_threadsafe(end, code)

    threading.Thread(target=read, name="stackyard-reader", daemon=True).start()
    return await ended
