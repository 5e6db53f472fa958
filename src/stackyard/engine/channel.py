"""Framed JSON messages over a byte stream: four bytes of length, then UTF-8 JSON."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

MAX_MESSAGE_BYTES = 256 * 1024 * 1024
_HEADER = struct.Struct(">I")


class ChannelError(Exception):
    """What came is no message of ours."""


FDS_PER_WORKER = 3
"""Descriptors that travel with a request to fork: channel, stdout, stderr."""


def encode(kind: str, value: BaseModel) -> bytes:
    """Return the frame of a message ``{kind: value}``."""
    try:
        data = value.model_dump_json(exclude_defaults=True).encode()
    except ValueError:  # lone surrogates: UTF-8 can't hold them, escaped they travel
        data = json.dumps(value.model_dump(exclude_defaults=True)).encode("ascii")
    frame = b'{"' + kind.encode("ascii") + b'":' + data + b"}"
    return _HEADER.pack(len(frame)) + frame


class FrameReader:
    """Cuts a byte stream into messages, whatever the pieces in which it comes."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Take bytes; yield the messages that are complete.

        Raises:
            ChannelError: the bytes are no frame of ours.
        """
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            (length,) = _HEADER.unpack_from(self._buffer)
            if length > MAX_MESSAGE_BYTES:
                raise ChannelError(f"a frame of {length} bytes")
            end = _HEADER.size + length
            if len(self._buffer) < end:
                return
            raw = bytes(self._buffer[_HEADER.size : end])
            del self._buffer[:end]
            try:
                message = json.loads(raw)
            except (ValueError, RecursionError) as error:
                raise ChannelError("a frame without JSON") from error
            if not isinstance(message, dict):
                raise ChannelError("a frame that is no message")
            yield message


class BlockingChannel:
    """The worker's side: one message after the other."""

    def __init__(self, connection: socket.socket) -> None:
        """Use a connected socket."""
        self._socket = connection
        self._reader = FrameReader()
        self._waiting: list[dict[str, Any]] = []

    def send(self, kind: str, value: BaseModel) -> None:
        """Send a message."""
        self._socket.sendall(encode(kind, value))

    def receive(self) -> dict[str, Any] | None:
        """Return the next message; None when the other side is gone."""
        while not self._waiting:
            try:
                data = self._socket.recv(1 << 16)
            except ConnectionError:
                return None
            if not data:
                return None
            self._waiting.extend(self._reader.feed(data))
        return self._waiting.pop(0)
