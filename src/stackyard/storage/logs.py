"""Step logs: JSON lines, exact within a stream, between streams by arrival.

Each line is ``{"at", "stream", "level", "data"}``. ``data`` is what was written, undecodable bytes as lone surrogates,
so that nothing is lost; it need not end with a line end.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import field
from io import FileIO
from pathlib import Path
from typing import Any

from stackyard.model.record import Record
from stackyard.model.views import LogLine
from stackyard.storage.host import free_bytes, reason_of
from stackyard.storage.ids import now

ROOM_KEPT_BYTES = 2 << 20
"""What logs leave free on a disk, so that what became of a run can be recorded whatever its steps print."""

_ROOM_ASKED_BYTES = 1 << 16
STREAMS = ("stdout", "stderr", "log")
LONGEST_LINE = 1 << 16
"""Characters; a longer line is given as several, so that a reader needs no more memory than that."""


class StepLog:
    """Writes a step's log. That it can't, as on a full disk, is told, noted in the log, and no error of the step."""

    def __init__(self, path: Path, tell: Callable[[str], None] = lambda _: None) -> None:
        """Take the place of the file, which is made with the first piece of output.

        Args:
            path: the file; one that is there is appended to. Its folder must exist.
            tell: is told once when output can't be written.
        """
        self._path = path
        self._tell = tell
        self._file: FileIO | None = None
        self._torn = False
        """What is in the file does not end with a line end."""
        self._lost = 0
        """Characters of output that could not be written since the last that could."""
        self._reason = ""
        self._unasked = _ROOM_ASKED_BYTES
        """Bytes that may be written before the disk is asked for its room again."""

    def write(self, stream: str, data: str, *, level: str = "", at: str = "") -> None:
        """Append a piece of output."""
        try:
            if self._lost:
                gap = f"{self._lost} characters of output are missing here: {self._reason}"
                self._append({"at": now(), "stream": "log", "data": gap, "level": "warning"})
                self._lost = 0
            entry = {"at": at or now(), "stream": stream, "data": data}
            if level:
                entry["level"] = level
            self._append(entry)
        except OSError as error:
            self._lost += len(data)
            if not self._reason:
                self._tell(f"What the step prints can't be kept: {reason_of(error)} ({self._path}). Make room for it.")
            self._reason = reason_of(error)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _append(self, entry: dict[str, str]) -> None:
        if self._file is None:
            self._file = FileIO(str(self._path), "a+")
            size = self._file.tell()
            self._file.seek(max(size - 1, 0))
            self._torn = self._file.read(1) not in (b"", b"\n")  # by a driver that was killed
        line = (b"\n" if self._torn else b"") + json.dumps(entry).encode() + b"\n"
        self._unasked -= len(line)
        if self._unasked < 0:
            if free_bytes(self._path.parent) < ROOM_KEPT_BYTES + len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._unasked = _ROOM_ASKED_BYTES
        written = 0
        while written < len(line):  # the last room of a disk takes a part
            written += self._file.write(line[written:])
            self._torn = written < len(line)


class _Open(Record, frozen=False):
    """A line that has not ended yet."""

    at: str = ""
    text: str = ""


class LogReader(Record, frozen=False):
    """Reads a step's log as lines, from where it stopped the last time.

    Progress bars: of a line with carriage returns only what is last seen is given. Lines longer than
    :data:`LONGEST_LINE` are given in pieces. What is no entry of a log is passed over.
    """

    path: Path
    step: str
    offset: int = 0
    at_end: bool = True
    """The last call reached the end of what was written."""
    _open: dict[str, _Open] = field(default_factory=dict)

    def read(self, *, final: bool, max_bytes: int = 0) -> list[LogLine]:
        """Return the lines that have ended since the last call.

        Args:
            final: nothing more will be written: give unended lines too, once the end is reached.
            max_bytes: read about so much of the file; 0 means all of it.
        """
        data = b""
        with contextlib.suppress(OSError), self.path.open("rb") as file:
            file.seek(self.offset)
            data = file.read(max_bytes) + file.readline() if max_bytes else file.read()
        end = data.rfind(b"\n") + 1
        self.offset += end
        self.at_end = not max_bytes or len(data) < max_bytes
        final = final and self.at_end
        lines: list[LogLine] = []
        for raw in data[:end].splitlines():
            # Else a torn line of a killed driver, or damage.
            with contextlib.suppress(ValueError, LookupError, TypeError, RecursionError):
                lines.extend(self._take(json.loads(raw)))
        if final:
            for stream, rest in self._open.items():
                if rest.text:
                    lines.append(self._line(stream, rest.at, _seen(rest.text), ""))
            self._open = {}
        return lines

    def _take(self, entry: dict[str, Any]) -> list[LogLine]:
        stream, level, at, data = entry["stream"], entry.get("level", ""), entry["at"], str(entry["data"])
        if stream == "log":
            return [self._line(stream, at, text, level) for text in cut_lines("", data + "\n")[0]]
        rest = self._open.get(stream, _Open())
        first_at = rest.at if rest.text else at
        texts, begun = cut_lines(rest.text, data)
        self._open[stream] = _Open(at if texts else first_at, begun)
        return [self._line(stream, at if number else first_at, text, level) for number, text in enumerate(texts)]

    def _line(self, stream: Any, at: str, text: str, level: str) -> LogLine:
        clean = text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")
        return LogLine(at=at, step=self.step, stream=stream, level=level, text=clean)

    def token(self) -> list[Any]:
        """Return where reading stands, as JSON."""
        return [self.offset, {stream: [rest.at, rest.text] for stream, rest in self._open.items() if rest.text}]

    @classmethod
    def resume(cls, path: Path, step: str, token: list[Any] | None) -> LogReader:
        """Return a reader that goes on where a token was taken; something that is none means the beginning."""
        try:
            offset, unended = token or (0, {})
            rests = {str(stream): _Open(str(at), str(text)) for stream, (at, text) in unended.items()}
            return cls(path, step, max(int(offset), 0), _open=rests)
        except (ValueError, TypeError, AttributeError, OverflowError):
            return cls(path, step)


def _seen(line: str) -> str:
    """Return what a terminal shows of a line with carriage returns."""
    return line.rstrip("\r").rsplit("\r", 1)[-1]


def cut_lines(rest: str, data: str) -> tuple[list[str], str]:
    """Cut what a stream brings into lines.

    Args:
        rest: what was left over the last time.
        data: what comes now.

    Returns:
        The lines that have ended, as a terminal shows them, too long ones in pieces; and what is left over: never more
        than one piece, and of a progress bar only what is seen of it.
    """
    *ended, begun = (rest + data).split("\n")
    lines = [piece for text in ended for piece in _pieces(_seen(text))]
    *full, begun = _pieces(begun[begun.rstrip("\r").rfind("\r") + 1 :])  # carriage returns at its end may be followed
    return lines + full, begun


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, max(len(text), 1), LONGEST_LINE):
        yield text[start : start + LONGEST_LINE]


def encode_cursor(tokens: dict[str, list[Any]]) -> str:
    """Return the reading positions of several logs as an opaque text."""
    return base64.urlsafe_b64encode(json.dumps(tokens).encode()).decode()


def decode_cursor(cursor: str | None) -> dict[str, list[Any]]:
    """Return the reading positions; a text that is no cursor means the beginning."""
    if not cursor:
        return {}
    try:
        tokens = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except ValueError:
        return {}
    return tokens if isinstance(tokens, dict) else {}
