"""Words like ``--name=value`` that only a flavor knows, and labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from stackyard.model.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

FREE_WORDS = {"ignore_unknown_options": True, "allow_interspersed_args": True}
"""Context settings of a command that takes such words."""


def label_option(help_text: str, metavar: str = "KEY=VALUE") -> Callable[[F], F]:
    """Return the option ``--label``; the command gets ``label``, a tuple of texts."""
    return click.option("-l", "--label", multiple=True, metavar=metavar, help=help_text)


def split_words(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the plain words and the attributes, ``--name=value`` or ``--name value``; dashes become underscores.

    A value ``@FILE`` is the file's content, ``@@text`` stands for ``@text``.

    Raises:
        UsageError: the value of an attribute is missing, or one is given twice, or its file can't be read.
    """
    plain: list[str] = []
    found: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            plain.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not name or not word.startswith("--"):
            raise UsageError(f"{word!r} is no attribute.", hint="Write attributes as --name=value.")
        if not equals:
            if not rest or rest[0].startswith("--"):
                raise UsageError(f"The attribute --{name} has no value.", hint=f"Write --{name}=VALUE.")
            value = rest.pop(0)
        key = name.replace("-", "_")
        if key in found:
            raise UsageError(f"The attribute --{name} is given twice.", hint="Give it once.")
        found[key] = read_value(name, value)
    return plain, found


def parse_attributes(words: Sequence[str]) -> dict[str, str]:
    """Return ``--name=value`` and ``--name value`` words as a mapping, as :func:`split_words`.

    Raises:
        UsageError: a word is no attribute, or its value is missing.
    """
    plain, found = split_words(words)
    if plain:
        raise UsageError(f"{plain[0]!r} is no attribute.", hint="Write attributes as --name=value.")
    return found


def read_value(name: str, value: str) -> str:
    """Return what ``value`` stands for: itself, or the content of a file, without the line end that closes it.

    Raises:
        UsageError: the file can't be read as text.
    """
    if value.startswith("@@"):
        return value[1:]
    if not value.startswith("@"):
        return value
    try:
        with open(value[1:], encoding="utf-8") as file:  # noqa: PTH123  # a name as the shell gives it
            return file.read().removesuffix("\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no UTF-8 text"
        raise UsageError(
            f"The file {value[1:]!r} for --{name} can't be read: {reason}.",
            hint=f"Name a text file, or write a value that begins with @ as --{name}=@{value}",
        ) from error


def parse_labels(words: Sequence[str]) -> dict[str, str]:
    """Return ``key=value`` words as a mapping.

    Raises:
        UsageError: a word is no label, or a key is given twice.
    """
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise UsageError(f"{word!r} is no label.", hint="Write labels as --label key=value.")
        if key in found:
            raise UsageError(f"The label {key!r} is given twice.", hint="Give it once.")
        found[key] = value
    return found
