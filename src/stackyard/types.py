"""Texts that say what they are, so that they are stored and shown as such.

Names and place are ZenML's: ``from stackyard.types import HTMLString``.
"""

from __future__ import annotations


class HTMLString(str):
    """A page or a piece of HTML."""

    __slots__ = ()


class MarkdownString(str):
    """A text in Markdown."""

    __slots__ = ()


class CSVString(str):
    """A table as comma-separated values, names of columns first."""

    __slots__ = ()


class JSONString(str):
    """A JSON document."""

    __slots__ = ()
