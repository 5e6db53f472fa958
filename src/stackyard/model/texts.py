"""Texts that say what they are, so that they are stored and shown as such. The names are ZenML's."""

from __future__ import annotations


class HTMLString(str):
    """A page or a piece of HTML."""

    __module__ = "stackyard.types"
    __slots__ = ()


class MarkdownString(str):
    """A text in Markdown."""

    __module__ = "stackyard.types"
    __slots__ = ()


class CSVString(str):
    """A table as comma-separated values, names of columns first."""

    __module__ = "stackyard.types"
    __slots__ = ()


class JSONString(str):
    """A JSON document."""

    __module__ = "stackyard.types"
    __slots__ = ()
