"""Texts that say what they are, where ZenML's users look for them: ``from stackyard.types import HTMLString``."""

from stackyard.model.texts import CSVString as CSVString
from stackyard.model.texts import HTMLString as HTMLString
from stackyard.model.texts import JSONString as JSONString
from stackyard.model.texts import MarkdownString as MarkdownString
