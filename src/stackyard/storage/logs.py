"""Step logs: JSON lines, exact within a stream, between streams by arrival.

Each line is ``{"at", "stream", "level", "data"}``. ``data`` is what was written, undecodable bytes as lone surrogates,
so that nothing is lost; it need not end with a line end.
"""

from __future__ import annotations

import base64
import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackyard.model.views import LogLine
from stackyard.storage.ids import now

STREAMS = ("stdout", "stderr", "log")


class StepLog:
    """Writes a step's log."""

    def __init__(self, path: Path) -> None:
        """Open the file for appending; its folder must exist."""
        self._file = path.open("ab", buffering=0)

    def write(self, stream: str, data: str, *, level: str = "", at: str = "") -> None:
        """Append a piece of output."""
        entry = {"at": at or now(), "stream": stream, "data": data}
        if level:
            entry["level"] = level
        self._file.write(json.dumps(entry).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass
class _Open:
    """A line that has not ended yet."""

    at: str = ""
    text: str = ""


@dataclass
class LogReader:
    """Reads a step's log as lines, from where it stopped the last time.

    Progress bars: of a line with carriage returns only what is last seen is given.
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
            try:
                entry = json.loads(raw)
            except ValueError:  # a torn line of a killed driver
                continue
            lines.extend(self._take(entry))
        if final:
            for stream, rest in self._open.items():
                if rest.text:
                    lines.append(self._line(stream, rest.at, rest.text, ""))
            self._open = {}
        return lines

    def _take(self, entry: dict[str, Any]) -> list[LogLine]:
        stream, level, at = entry["stream"], entry.get("level", ""), entry["at"]
        if stream == "log":
            return [self._line(stream, at, text, level) for text in str(entry["data"]).split("\n")]
        rest = self._open.setdefault(stream, _Open())
        parts = (rest.text + entry["data"]).split("\n")
        first_at = rest.at if rest.text else at
        lines = [self._line(stream, first_at if i == 0 else at, text, level) for i, text in enumerate(parts[:-1])]
        self._open[stream] = _Open(first_at if len(parts) == 1 else at, parts[-1])
        return lines

    def _line(self, stream: Any, at: str, text: str, level: str) -> LogLine:
        shown = text.rstrip("\r").rsplit("\r", 1)[-1]
        clean = shown.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")
        return LogLine(at=at, step=self.step, stream=stream, level=level, text=clean)

    def token(self) -> list[Any]:
        """Return where reading stands, as JSON."""
        return [self.offset, {stream: [rest.at, rest.text] for stream, rest in self._open.items() if rest.text}]

    @classmethod
    def resume(cls, path: Path, step: str, token: list[Any] | None) -> LogReader:
        """Return a reader that goes on where a token was taken."""
        if not token:
            return cls(path, step)
        return cls(path, step, int(token[0]), _open={s: _Open(str(v[0]), str(v[1])) for s, v in token[1].items()})


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
