"""Secrets from environment variables, for CI: ``STACKYARD_SECRET__<NAME>__<KEY>``; they win over what is stored."""

from __future__ import annotations

import os
from collections.abc import Iterable

from stackyard.model.secret import environment_word

PREFIX = "STACKYARD_SECRET__"
BACKEND = "environment"


def variable_of(name: str, key: str) -> str:
    """Return the name of the environment variable that sets a key of a secret."""
    return f"{PREFIX}{environment_word(name)}__{environment_word(key)}"


def values_in_environment(name: str, known_keys: Iterable[str] = ()) -> dict[str, str]:
    """Return the values that the environment has for a secret; an empty variable counts as absent.

    Args:
        name: the secret's.
        known_keys: keys as they are spelled elsewhere; others come in lower case.
    """
    spelling = {environment_word(key): key for key in known_keys}
    start = f"{PREFIX}{environment_word(name)}__"
    found = {}
    for variable, value in os.environ.items():
        word = variable.removeprefix(start)
        if word != variable and word and value:
            found[spelling.get(word, word.lower())] = value
    return found


def names_in_environment() -> list[str]:
    """Return the names of the secrets that the environment has, in lower case, sorted."""
    names = set()
    for variable, value in os.environ.items():
        name, separator, key = variable.removeprefix(PREFIX).partition("__")
        if variable.startswith(PREFIX) and separator and name and key and value:
            names.add(name.lower())
    return sorted(names)
