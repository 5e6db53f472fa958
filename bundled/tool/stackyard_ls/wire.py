"""JSON-RPC on two streams: frames in, frames out, and a right answer to every wrong message.

Invariant: a correctly framed message never ends the server: whatever is wrong with it is answered with an error that
carries its id. A frame that is broken can't be recovered from: it ends the server with a message.
"""

from __future__ import annotations

import json
import logging
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import cattrs
from lsprotocol import converters, types
from pygls.protocol import JsonRPCNotification, JsonRPCRequestMessage, LanguageServerProtocol, lsp_method

from stackyard_ls.documents import Documents

logger = logging.getLogger(__name__)

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INVALID_PARAMS = -32602
NOT_INITIALIZED = -32002
MAX_BODY_BYTES = 256 * 1024 * 1024
MAX_HEADER_BYTES = 4096
OWN_PREFIX = "stackyard/"


class BrokenFrameError(Exception):
    """The incoming bytes are not what the base protocol prescribes."""


def read_frames(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the bodies of the incoming messages until the client closes the stream.

    Raises:
        BrokenFrameError: naming what came instead.
    """
    while True:
        length: int | None = None
        first = True
        while True:
            line = stream.readline(MAX_HEADER_BYTES)
            if not line and first:
                return
            if line == b"\r\n" and not first:
                break
            first = False
            name, colon, value = line.partition(b":")
            if not colon or not line.endswith(b"\r\n"):
                raise BrokenFrameError(f"expected a header, got {line[:60]!r}")
            if name.strip().lower() == b"content-length":
                if not value.strip().isdigit() or int(value) > MAX_BODY_BYTES:
                    raise BrokenFrameError(f"a message can't have the length {value.strip()[:60]!r}")
                length = int(value)
        if length is None:
            raise BrokenFrameError("a message came without Content-Length")
        body = stream.read(length)
        if len(body) < length:
            raise BrokenFrameError(f"a message ended after {len(body)} of {length} bytes")
        yield body


class FrameWriter:
    """Writes whole messages, from any thread."""

    def __init__(self, stream: BinaryIO) -> None:
        """Write to a binary stream."""
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """Write and flush."""
        with self._lock:
            self._stream.write(data)
            self._stream.flush()

    def close(self) -> None:
        """Close the stream."""
        with self._lock:
            self._stream.close()


def make_converter() -> cattrs.Converter:
    """Return lsprotocol's converter; the parameters of Stackyard's own messages stay plain JSON values."""
    converter = converters.get_converter()
    converter.register_structure_hook(JsonRPCRequestMessage, _plain_request)
    converter.register_structure_hook(JsonRPCNotification, _plain_notification)
    return converter


def _plain_request(message: dict[str, Any], _: type) -> JsonRPCRequestMessage:
    return JsonRPCRequestMessage(
        id=message["id"], method=message["method"], jsonrpc=message["jsonrpc"], params=message.get("params")
    )


def _plain_notification(message: dict[str, Any], _: type) -> JsonRPCNotification:
    return JsonRPCNotification(method=message["method"], jsonrpc=message["jsonrpc"], params=message.get("params"))


class Protocol(LanguageServerProtocol):
    """The protocol with our manners, and with Stackyard's own messages handed to one place."""

    documents: Documents
    """The open documents; pygls's own are not used."""
    own_handler: Callable[[str], Callable[[Any], Any] | None] | None = None
    """Returns the handler of one of Stackyard's own messages, or None when there is no such message."""
    on_exit: Callable[[int], object] | None = None
    """Told the exit code when the client says ``exit``."""

    def receive(self, body: bytes) -> None:
        """Answer one message; never raises for what is wrong with it."""
        try:
            message = json.loads(body)
        except (ValueError, RecursionError) as error:
            self._refuse(None, PARSE_ERROR, f"The message is not JSON: {error}")
            return
        if not isinstance(message, dict):
            self._refuse(None, INVALID_REQUEST, "A message is one JSON object; batches are not part of LSP.")
            return
        message_id = message.get("id")
        if isinstance(message_id, bool) or not isinstance(message_id, int | str):
            message_id = None
        method = message.get("method")
        if message.get("jsonrpc") != "2.0" or ("method" in message and not isinstance(method, str)):
            self._refuse(message_id, INVALID_REQUEST, 'A message has "jsonrpc": "2.0" and its method is a text.')
            return
        if method is None:
            self._receive_response(message, message_id)
            return
        if "id" in message and message_id is None:
            self._refuse(None, INVALID_REQUEST, "The id of a request is a number or a text.")
            return
        self._receive_call(message, method, message_id)

    def _receive_response(self, message: dict[str, Any], message_id: int | str | None) -> None:
        if "result" not in message and "error" not in message:
            self._refuse(message_id, INVALID_REQUEST, "A message has a method, a result or an error.")
            return
        try:
            self.handle_message(self.structure_message(message))
        except Exception:
            logger.exception("The client's answer %r could not be read", message_id)

    def _receive_call(self, message: dict[str, Any], method: str, message_id: int | str | None) -> None:
        if self._workspace is None and method not in (types.INITIALIZE, types.EXIT):
            if message_id is not None:
                self._refuse(message_id, NOT_INITIALIZED, f"{method} came before initialize.")
            return
        if self._shutdown and method != types.EXIT:
            if message_id is not None:
                self._refuse(message_id, INVALID_REQUEST, f"{method} came after shutdown.")
            return
        try:
            structured = self.structure_message(message)
        except Exception as error:  # noqa: BLE001  # whatever the client sent, it gets an answer
            reason = _reason(error)
            if message_id is not None:
                self._refuse(message_id, INVALID_PARAMS, f"Invalid params of {method}: {reason}")
            else:
                logger.warning("Notification %s was left out, its params are not valid: %s", method, reason)
            return
        self.handle_message(structured)

    def _get_handler(self, feature_name: str) -> Any:
        handler = self.own_handler(feature_name) if self.own_handler and feature_name.startswith(OWN_PREFIX) else None
        return handler or super()._get_handler(feature_name)

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> None:
        """Take an opened document."""
        self.documents.open(params.text_document)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> None:
        """Apply an edit."""
        encoding = self.server_capabilities.position_encoding or types.PositionEncodingKind.Utf16
        if self.documents.change(params, encoding) is None:
            logger.warning("A change came for %s, which is not open", params.text_document.uri)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Forget a document."""
        self.documents.close(params.text_document.uri)

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # type: ignore[override]  # pygls's is a generator that exits the process
        """End the server: 0 after a proper shutdown, else 1."""
        if self.on_exit:
            self.on_exit(0 if self._shutdown else 1)

    def _refuse(self, message_id: int | str | None, code: int, text: str) -> None:
        logger.info("Refused message %r: %s", message_id, text)
        self._send_data({"jsonrpc": "2.0", "id": message_id, "error": {"code": code, "message": text}})

    def _send_data(self, data: Any) -> None:
        if self.writer is None:
            return
        try:
            body = json.dumps(data, default=self._serialize_message, allow_nan=False)
        except ValueError:  # NaN and infinities are no JSON; a client that gets them drops the whole message.
            body = json.dumps(finite(json.loads(json.dumps(data, default=self._serialize_message))))
        try:
            self.writer.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode("ascii"))
        except (OSError, ValueError) as error:
            logger.info("The client is gone: %s", error)
            if self.on_exit:
                self.on_exit(1)


def finite(value: Any) -> Any:
    """Return a JSON value in which numbers that JSON does not know are null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [finite(item) for item in value]
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    return value


def _reason(error: BaseException) -> str:
    cause = error.__cause__ or error
    try:
        return "; ".join(cattrs.transform_error(cause, path="params")[:3])
    except Exception:  # noqa: BLE001  # the reason is a courtesy; the refusal itself must go out
        return str(cause)
