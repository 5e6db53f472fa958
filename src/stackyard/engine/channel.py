"""Framed JSON messages over a byte stream: four bytes of length, then UTF-8 JSON."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
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
    return _frame(kind, data)


def _frame(kind: str, data: bytes) -> bytes:
    frame = b'{"' + kind.encode("ascii") + b'":' + data + b"}"
    return _HEADER.pack(len(frame)) + frame


class FrameReader:
    """Cuts a byte stream into messages, whatever the pieces in which it comes."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._buffer = bytearray()

    @property
    def is_within(self) -> bool:
        """Tell whether a message has come in part."""
        return bool(self._buffer)

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


class WorkerChannel:
    """The worker's side: blocking, and used by all threads of a step at once.

    Whoever waits for a message reads for all: the others are told when theirs has come.
    """

    def __init__(self, connection: socket.socket) -> None:
        """Use a connected socket; a process that the step forks is cut off from it."""
        self._socket = connection
        self._reader = FrameReader()
        self._sending = threading.Lock()
        self._held = b""
        """Frames that go out with the next one."""
        self._arrived = threading.Condition()
        self._waiting: list[dict[str, Any]] = []
        self._asked: set[int] = set()
        """Requests whose reply somebody waits for."""
        self._last_request = 0
        self._reading = False
        self._ended = False
        self.forked = False
        """This is a process that the step forked: the channel is its parent's."""
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._cut_off)

    def send(self, kind: str, value: BaseModel | None = None, *, hold: bool = False) -> None:
        """Send a message; one without a value is just its name.

        Args:
            kind: its name.
            value: what it says.
            hold: let it go out with the next message, which follows soon: each wakes the driver.

        Raises:
            ChannelError: this process is not the worker, or the message is too large.
            OSError: the other side is gone.
        """
        if self.forked:
            raise ChannelError("a process that the step started can't speak to the driver")
        data = encode(kind, value) if value is not None else _frame(kind, b"true")
        if len(data) > MAX_MESSAGE_BYTES:
            megabytes = len(data) // 1_000_000
            raise ChannelError(f"{megabytes} MB can't be told to the driver; return large values from the step")
        with self._sending:
            data = self._held + data
            self._held = data if hold else b""
            if not hold:
                self._socket.sendall(data)

    def receive(self, *kinds: str) -> dict[str, Any] | None:
        """Return the next message of one of these kinds; None when the other side is gone or sends garbage."""
        return self._take(lambda message: any(kind in message for kind in kinds))

    def arrived(self, *kinds: str) -> list[dict[str, Any]] | None:
        """Return the messages of these kinds that have come by now, in order; waits for nothing.

        None while a message has come in part: what stands behind it may take back what came before.
        """
        with self._arrived:
            if not self._reading:
                while not self._ended and (messages := self._read(socket.MSG_DONTWAIT)) is not None:
                    self._waiting.extend(messages)
            if self._reader.is_within:
                return None
            found = [message for message in self._waiting if any(kind in message for kind in kinds)]
            if found:
                self._waiting = [message for message in self._waiting if message not in found]
        return found

    def ask(
        self, make: Callable[[int], BaseModel], sending: Callable[[], contextlib.AbstractContextManager[None]]
    ) -> Any:
        """Send a request and return the reply to it, unvalidated.

        Args:
            make: returns the request of a number.
            sending: entered while the request is sent.

        Raises:
            ChannelError: this process is not the worker, or the other side is gone.
        """
        with self._arrived:
            self._last_request += 1
            number = self._last_request
            self._asked.add(number)
        try:
            with sending():
                self.send("request", make(number))
            found = self._take(lambda message: "reply" in message and message["reply"]["id"] == number)
        finally:
            self._asked.discard(number)
        if found is None:
            raise ChannelError("the driver is gone")
        return found["reply"]

    def _take(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | None:
        while True:
            with self._arrived:
                for i, message in enumerate(self._waiting):
                    if wanted(message):
                        return self._waiting.pop(i)
                if self._ended:
                    return None
                if self._reading:
                    self._arrived.wait()
                    continue
                self._reading = True
            arrived: list[dict[str, Any]] = []
            try:
                arrived = self._read() or []
            finally:  # a step that is stopped leaves by an exception
                with self._arrived:
                    self._reading = False
                    self._waiting.extend(arrived)
                    self._arrived.notify_all()

    def _read(self, flags: int = 0) -> list[dict[str, Any]] | None:
        """Wait for bytes; return the messages that are whole by now and have somebody who may want them.

        None when nothing is there, where the flags say not to wait.
        """
        try:
            data = self._socket.recv(1 << 16, flags)
            messages = list(self._reader.feed(data))
        except BlockingIOError:
            return None
        except (OSError, ChannelError):
            data, messages = b"", []
        self._ended = self._ended or not data
        return [message for message in messages if self._is_wanted(message)]

    def _is_wanted(self, message: dict[str, Any]) -> bool:
        if "reply" not in message:
            return True
        return isinstance(message["reply"], dict) and message["reply"].get("id") in self._asked

    def _cut_off(self) -> None:
        self.forked = self._ended = True
        self._sending, self._arrived = threading.Lock(), threading.Condition()  # another thread may have held them
        self._reading = False
        self._socket.close()
