"""Texts that say what they are: HTML, Markdown, CSV, JSON; each as a file that its programs open."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import ClassVar, NamedTuple

from stackyard.model.artifact import Manifest, Preview, PreviewColumn
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.base import (
    PREVIEW_COLUMNS,
    PREVIEW_ROWS,
    PREVIEW_TEXT,
    Materializer,
    Saved,
    path_of,
    safe_cell,
)
from stackyard.storage.materializers.previews import preview_of, text_preview
from stackyard.types import CSVString, HTMLString, JSONString, MarkdownString

_PARSED = 1_000_000
"""Characters of CSV or JSON that are parsed for a preview; of more, the beginning is shown as text or table."""


def _html(text: str) -> Preview:
    return text_preview(text, "html")


def _markdown(text: str) -> Preview:
    return text_preview(text, "markdown")


def _csv(text: str) -> Preview:
    """Return the first rows as a table; as text where they are none."""
    try:
        rows = csv.reader(io.StringIO(text[:_PARSED], newline=""))
        head = [row for row in islice(rows, PREVIEW_ROWS + 1) if row]
        n_rows = len(head) - 1 + sum(1 for row in rows if row) if len(text) <= _PARSED else None
    except csv.Error:
        return text_preview(text)
    if not head:
        return text_preview(text)
    names, width = head[0], len(head[0])
    shown = [[safe_cell(cell) for cell in row[:width]] + [None] * (width - len(row)) for row in head[1:]]
    return Preview(
        kind="table",
        columns=[PreviewColumn(name=str(safe_cell(name)), dtype="text") for name in names[:PREVIEW_COLUMNS]],
        rows=[row[:PREVIEW_COLUMNS] for row in shown],
        n_rows=n_rows,
        n_columns=width,
        truncated=width > PREVIEW_COLUMNS or n_rows is None or n_rows > len(shown),
    )


def _json(text: str) -> Preview:
    if len(text) <= _PARSED:
        try:
            return preview_of(json.loads(text))
        except (ValueError, RecursionError):  # shown as it is
            pass
    return text_preview(text)


class _Form(NamedTuple):
    file: str
    data_format: str
    preview: Callable[[str], Preview]


_FORMS: dict[type[str], _Form] = {
    HTMLString: _Form("data.html", "html", _html),
    MarkdownString: _Form("data.md", "markdown", _markdown),
    CSVString: _Form("data.csv", "csv", _csv),
    JSONString: _Form("data.json", "json", _json),
}
_BY_SUFFIX: dict[str, Callable[[str], Preview]] = {
    ".html": _html, ".htm": _html, ".md": _markdown, ".csv": _csv, ".json": _json, ".txt": text_preview,
    ".log": text_preview, ".yaml": text_preview, ".yml": text_preview, ".toml": text_preview, ".py": text_preview,
    ".xml": text_preview, ".svg": text_preview, ".tsv": text_preview, ".jsonl": text_preview,
}  # fmt: skip


class TypedTextMaterializer(Materializer):
    """``HTMLString``, ``MarkdownString``, ``CSVString``, ``JSONString``, as UTF-8."""

    name = "typed-text"
    data_format = "text"
    types: ClassVar[tuple[str, ...]] = tuple(path_of(cls) for cls in _FORMS)

    def accepts(self, value: str) -> bool:
        """Take these classes, not subclasses."""
        return type(value) in _FORMS

    def save(self, value: str, writer: VersionWriter) -> Saved:
        """Write ``data.html``, ``data.md``, ``data.csv`` or ``data.json``."""
        form = _FORMS[type(value)]
        writer.write(form.file, value.encode("utf-8", errors="surrogatepass"))
        return Saved([len(value)], form.preview(str.__str__(value)), data_format=form.data_format)

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> str:
        """Read it as the class that was stored."""
        cls = next(cls for cls in _FORMS if path_of(cls) == manifest.type)
        return cls(store.local_file(uri, manifest.files[0]).read_bytes().decode("utf-8", errors="surrogatepass"))


def file_preview(path: Path) -> Preview | None:
    """Return the beginning of a file that its name calls a text; None: it is none.

    Raises:
        OSError: it can't be read.
    """
    make = _BY_SUFFIX.get(path.suffix.lower())
    if make is None:
        return None
    with path.open("rb") as file:
        data = file.read(_PARSED)
    if b"\0" in data:
        return None
    text = data.decode("utf-8", errors="replace")
    if path.stat().st_size <= len(data):
        return make(text)
    preview = text_preview(text[:PREVIEW_TEXT]) if make is _json else make(text)
    preview.truncated = True
    return preview


MATERIALIZERS: tuple[Materializer, ...] = (TypedTextMaterializer(),)
