"""Secrets without their values, and references to them: ``{{name.key}}`` in a text of a component's configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from pydantic import Field

from stackyard.model.base import Persisted, no_items
from stackyard.model.errors import SecretReferenceError

_NAME = r"[A-Za-z][A-Za-z0-9_-]*"
REFERENCE = rf"\{{\{{\s*({_NAME})\.({_NAME})\s*\}}\}}"
"""Of a regular expression; compiled when it is used: most commands see no reference."""
_BRACES = r"\{\{[^{}]*(?:\}\})?"
SECRET_NAME = rf"{_NAME}\Z"
MAX_SECRET_NAME_LENGTH = 100
INDEX_FORMAT = "1.0"


class SecretReference(NamedTuple):
    """The value of a key of a secret."""

    name: str
    key: str

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{{{{{self.name}.{self.key}}}}}"


Lookup = Callable[[SecretReference], str]


class IndexedSecret(Persisted):
    """What is known of a secret without opening it."""

    name: str
    keys: list[str] = Field(default_factory=no_items)
    backend: str
    """``keyring`` or ``file``; a newer minor version may know more."""
    entry: str
    """What the backend keeps the values under."""
    created_at: str = ""
    updated_at: str = ""
    """UTC ISO 8601."""


class SecretIndex(Persisted):
    """The secrets of a home, without their values."""

    format: str = INDEX_FORMAT
    home_id: str = ""
    """Tells homes apart in the keyring that they share."""
    secrets: list[IndexedSecret] = Field(default_factory=no_items)

    def find(self, name: str) -> IndexedSecret | None:
        """Return a secret by name."""
        return next((secret for secret in self.secrets if secret.name == name), None)


class Secret(NamedTuple):
    """A secret with its values; they are not shown when it is printed."""

    name: str
    secret_values: dict[str, str]
    """Key to value."""

    def __repr__(self) -> str:
        """Return it without its values."""
        return f"Secret(name={self.name!r})"


def environment_word(name: str) -> str:
    """Return the name of a secret or key as it stands in the name of an environment variable."""
    return name.upper().replace("-", "_")


def check_secret_name(name: str, what: str) -> str:
    """Return the name of a secret or of a key if it can be one.

    Args:
        name: what the user gave.
        what: "secret" or "key", for the message.

    Raises:
        SecretReferenceError: it could not be written in a reference or an environment variable.
    """
    if re.match(SECRET_NAME, name) and len(name) <= MAX_SECRET_NAME_LENGTH:
        return name
    raise SecretReferenceError(
        f"{name[:60]!r} can't be the name of a {what}.",
        hint=f"Use a letter, then letters, digits, _ and -; at most {MAX_SECRET_NAME_LENGTH} characters.",
    )


def references_in(value: Any) -> Iterator[SecretReference]:
    """Yield the references in the texts of a JSON value, in order, repeats included."""
    if isinstance(value, str):
        for match in re.finditer(REFERENCE, value):
            yield SecretReference(match[1], match[2])
    elif isinstance(value, dict):
        for item in value.values():
            yield from references_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from references_in(item)


def broken_reference_in(value: Any) -> str | None:
    """Return what looks like a reference in the texts of a JSON value and is none: ``{{name}}``, ``{{name.key``."""
    if isinstance(value, str):
        found = re.search(_BRACES, re.sub(REFERENCE, "", value))
        return found[0] if found else None
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((broken for item in items if (broken := broken_reference_in(item))), None)


def is_reference(value: Any) -> bool:
    """Tell whether a value is one reference and nothing else."""
    return isinstance(value, str) and re.fullmatch(REFERENCE, value.strip()) is not None


def resolve_references(value: Any, lookup: Lookup) -> Any:
    """Return a JSON value with the references replaced by what they refer to.

    Args:
        value: a JSON value; it is left as it is.
        lookup: gives the value of a reference; its error (an unknown secret) passes through.
    """
    if isinstance(value, str):
        return re.sub(REFERENCE, lambda match: lookup(SecretReference(match[1], match[2])), value)
    if isinstance(value, dict):
        return {key: resolve_references(item, lookup) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve_references(item, lookup) for item in value]
    return value
