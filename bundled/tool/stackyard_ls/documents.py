"""Open documents, kept in step with the editor.

Own code instead of pygls's workspace, which counts form feeds and Unicode separators as line ends where LSP does not,
so that a document with one drifts away from the editor's with every edit.

Invariant: documents change on the loop's thread alone; the texts handed out never change.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path

from stackyard.model.record import Record

if TYPE_CHECKING:
    from stackyard.analysis.syntax import PythonSource

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_MAX_UNOPENED_BYTES = 4_000_000
_UNITS = {
    types.PositionEncodingKind.Utf8: ("utf-8", 1),
    types.PositionEncodingKind.Utf16: ("utf-16-le", 2),
    types.PositionEncodingKind.Utf32: ("utf-32-le", 4),
}

Encoding = types.PositionEncodingKind | str


def to_characters(line: str, units: int, encoding: Encoding) -> int:
    """Return the column in characters of a column in the client's units; past the end means the end."""
    codec, size = _UNITS[types.PositionEncodingKind(encoding)]
    return len(line.encode(codec, errors="replace")[: units * size].decode(codec, errors="ignore"))


def to_units(line: str, column: int, encoding: Encoding) -> int:
    """Return the column in the client's units of a column in characters."""
    codec, size = _UNITS[types.PositionEncodingKind(encoding)]
    return len(line[:column].encode(codec, errors="replace")) // size


def split_lines(text: str) -> list[str]:
    """Return the lines with their ends, as LSP counts them; the last one may be empty."""
    lines = _LINE.findall(text)
    if not lines or lines[-1][-1] in "\r\n":
        lines.append("")
    return lines


class Document(Record, frozen=False):
    """An open document."""

    uri: str
    path: str
    """Absolute; for documents without a file, the path part of the URI."""
    version: int
    lines: list[str]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _source: PythonSource | None = None

    def text(self) -> str:
        """Return the whole text."""
        return "".join(self.lines)

    def line(self, number: int) -> str:
        """Return a line without its end; empty outside the document."""
        return self.lines[number].rstrip("\r\n") if 0 <= number < len(self.lines) else ""

    def apply(self, change: types.TextDocumentContentChangeEvent, encoding: Encoding) -> None:
        """Apply one change of the editor."""
        if isinstance(change, types.TextDocumentContentChangeWholeDocument):
            self.lines = split_lines(change.text)
            return
        start_line, start = self._place(change.range.start, encoding)
        end_line, end = self._place(change.range.end, encoding)
        text = self.lines[start_line][:start] + change.text + self.lines[end_line][end:]
        if start_line > 0 and text[:1] == "\n" and self.lines[start_line - 1][-1:] == "\r":
            start_line -= 1  # The two halves of one line end have met.
            text = self.lines[start_line] + text
        new = split_lines(text)
        if end_line + 1 < len(self.lines) and new[-1] == "":
            new.pop()  # What follows is the line after the last line end.
        self.lines[start_line : end_line + 1] = new

    @contextmanager
    def python(self, text: str) -> Iterator[PythonSource]:
        """Lend the document's tree, brought up to a text; one borrower at a time. Not on the loop's thread."""
        from stackyard.analysis.syntax import PythonSource  # noqa: PLC0415  # not before `initialize` is answered

        text = _LONE_RETURN.sub("\n", text) if "\r" in text else text
        with self._lock:
            if self._source is None:
                self._source = PythonSource(text)
            else:
                self._source.update(text)
            yield self._source

    def _place(self, position: types.Position, encoding: Encoding) -> tuple[int, int]:
        if position.line >= len(self.lines):
            return len(self.lines) - 1, len(self.lines[-1])
        return position.line, to_characters(self.line(position.line), position.character, encoding)


class Documents:
    """All open documents by URI."""

    def __init__(self) -> None:
        """Start with none."""
        self._open: dict[str, Document] = {}

    def open(self, item: types.TextDocumentItem) -> None:
        """Take a document that was opened."""
        self._open[item.uri] = Document(item.uri, path_of(item.uri), item.version, split_lines(item.text))

    def change(self, params: types.DidChangeTextDocumentParams, encoding: Encoding) -> Document | None:
        """Apply the editor's changes; a document that was never opened is left out."""
        document = self._open.get(params.text_document.uri)
        if document is not None:
            for change in params.content_changes:
                document.apply(change, encoding)
            document.version = params.text_document.version
        return document

    def close(self, uri: str) -> Document | None:
        """Forget a document; what is on disk counts again."""
        return self._open.pop(uri, None)

    def get(self, uri: str) -> Document | None:
        """Return an open document, else one read from disk, else None."""
        document = self._open.get(uri)
        if document is not None:
            return document
        path = Path(path_of(uri))
        try:
            if path.stat().st_size > _MAX_UNOPENED_BYTES:
                return None
            text = path.read_bytes().decode("utf-8-sig", errors="replace")
        except (OSError, ValueError):
            return None
        return Document(uri, str(path), 0, split_lines(text))

    def opened(self, suffix: str) -> Sequence[Document]:
        """Return the open documents whose file name has an ending."""
        return [document for document in self._open.values() if document.path.endswith(suffix)]


def path_of(uri: str) -> str:
    """Return the file of a URI."""
    return to_fs_path(uri) or uri
