"""Rules for names, and how a name becomes a folder."""

from __future__ import annotations

import re

from stackyard.model.errors import InvalidNameError

MAX_NAME_LENGTH = 200
BY_VALUE_MODULE = "__stackyard_main__"
"""Name of a loaded file whose own name is no module name; its functions travel by value."""
BY_VALUE_MODULES = ("__main__", BY_VALUE_MODULE)
"""Modules that a worker can't import: a script, a notebook, such a file."""
_REFUSED = frozenset({*map(chr, (*range(32), *range(127, 160), 0x2028, 0x2029)), *'/\\*?"<>|{}'})
_SURROGATES = ("\ud800", "\udfff")
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_.")
_ESCAPED = {byte: f"%{byte:02x}" for byte in range(256) if byte not in _PLAIN}
_RESERVED_WINDOWS = frozenset(
    {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}
)
MAX_FOLDER_LENGTH = 120


def with_article(word: str) -> str:
    """Return ``a`` or ``an``, and the word: a thing in words, or the name of a type."""
    return f"{'an' if re.match('[aeio]|un(?!i)', word, re.IGNORECASE) else 'a'} {word}"


def check_name(name: str, what: str) -> str:
    """Return the name if it can be one.

    Args:
        name: what the user gave.
        what: the thing in words, for the message ("stack", "artifact store").

    Raises:
        InvalidNameError: empty, too long, or with characters that no shell, path or YAML file carries well.
    """
    if 0 < len(name) <= MAX_NAME_LENGTH and name[0] not in "-:" and name == name.strip() and _all_allowed(name):
        return name
    shown = name if len(name) <= 60 else name[:57] + "..."
    raise InvalidNameError(
        f"{shown!r} can't be the name of {with_article(what)}.",
        hint=f'Use 1 to {MAX_NAME_LENGTH} characters without control characters, / \\ * ? " < > | {{ }}, '
        "without a dash or colon at the start and without blanks around them.",
    )


def _all_allowed(name: str) -> bool:
    # No pattern: one with these ranges takes 5 ms to compile, and every run checks a name.
    return not any(c in _REFUSED or _SURROGATES[0] <= c <= _SURROGATES[1] for c in name)


def folder_name(name: str) -> str:
    """Return a folder name for any text: distinct names give distinct folders on every file system.

    Lower-case letters, digits, ``-``, ``_`` and ``.`` stay; everything else, upper-case letters included (so that
    file systems which fold case keep names apart), is percent-encoded as UTF-8. Names that Windows reserves, and a
    trailing dot, are escaped too. Long results are cut and get a digest of the whole.
    """
    encoded = name.encode("utf-8", errors="surrogatepass").decode("latin-1").translate(_ESCAPED)
    if not encoded:
        return "%"
    if encoded.split(".")[0] in _RESERVED_WINDOWS or encoded[0] == ".":
        encoded = f"%{ord(encoded[0]):02x}{encoded[1:]}"
    if encoded[-1] == ".":
        encoded = encoded[:-1] + "%2e"
    if len(encoded) > MAX_FOLDER_LENGTH:
        import hashlib  # noqa: PLC0415  # needed for very long names only

        tail = hashlib.sha256(encoded.encode()).hexdigest()[:16]
        encoded = f"{encoded[: MAX_FOLDER_LENGTH - 17]}~{tail}"  # no name that is not cut has a tilde
    return encoded


def closest(name: str, candidates: list[str], limit: int = 3) -> list[str]:
    """Return the known names that a typo may have meant, best first."""
    from difflib import get_close_matches  # noqa: PLC0415  # only on the way to an error message

    letters = sorted(name.casefold())
    same = [c for c in candidates if sorted(c.casefold()) == letters]  # another case, or swapped: T1, bd for db
    near = get_close_matches(name, candidates, n=limit, cutoff=0.6)
    return list(dict.fromkeys([*same, *near]))[:limit]


def did_you_mean(name: str, candidates: list[str]) -> str:
    """Return ``Did you mean 'x'?`` or an empty text."""
    found = closest(name, candidates, 1)
    return f"Did you mean {found[0]!r}?" if found else ""
