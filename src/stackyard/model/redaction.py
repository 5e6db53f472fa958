"""Masking secret values in whatever a run prints, logs or records.

A value is found as it is and as programs usually write it: URL-encoded, escaped in JSON or in a Python literal, in
base64 (standard and URL-safe, also inside the encoding of a longer text), and line by line when it has several lines.

Values shorter than four characters are left alone: masking every ``1`` would ruin the text and tell the value.

Invariant: what has no secret value in it comes back unchanged; masking twice changes nothing more, unless a value
contains ``*``.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

MASK = "***"
MIN_MASKED_LENGTH = 4


def can_be_masked(value: str) -> bool:
    """Tell whether a value is long enough to be masked, blanks around it not counted."""
    return len(value.strip()) >= MIN_MASKED_LENGTH


class Redactor:
    """Masks secret values with ``***``.

    Every written form of a value has at least four characters. One pattern finds the places where the first four of
    some form stand; there the longest form is masked, and what overlaps it as well.
    """

    def __init__(self, values: Iterable[str]) -> None:
        """Prepare for some values; those that can't be masked are left out."""
        forms = {form for value in values for form in _forms(value)}
        self._by_head: dict[str, list[str]] = {}
        for form in sorted(forms, key=len, reverse=True):
            self._by_head.setdefault(form[:MIN_MASKED_LENGTH], []).append(form)
        self._heads = re.compile("|".join(map(re.escape, sorted(self._by_head)))) if forms else None
        self._beginnings = frozenset(head[:n] for head in self._by_head for n in range(1, MIN_MASKED_LENGTH))
        self._longest = max(map(len, forms), default=0)

    def __bool__(self) -> bool:
        """Tell whether there is anything to mask."""
        return self._heads is not None

    def clean(self, text: str) -> str:
        """Return a text with the values masked."""
        return self._mask(text, len(text), 0)[0]

    def clean_value(self, value: Any) -> Any:
        """Return a JSON value with the values masked in texts and keys; a number that is a secret becomes the mask."""
        if self._heads is None:
            return value
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, dict):
            return {self.clean(str(key)): self.clean_value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean_value(item) for item in value]
        if isinstance(value, int | float) and self.clean(str(value)) == MASK:
            return MASK
        return value

    def stream(self) -> RedactedStream:
        """Return a masking stream for a text that comes in chunks."""
        return RedactedStream(self)

    def _mask(self, text: str, end: int, covered: int) -> tuple[str, int]:
        """Mask the forms that begin before ``end``.

        Args:
            text: what is known of the text.
            end: where what is returned ends.
            covered: how far the text is behind a mask that was given out before.

        Returns:
            The text up to ``end``, and how far the masks reach.
        """
        if self._heads is None:
            return text[covered:end], covered
        pieces = []
        found = self._heads.search(text)
        while found is not None and found.start() < end:
            start = found.start()
            form = next((f for f in self._by_head[found[0]] if text.startswith(f, start)), "")
            if form:
                if start >= covered:
                    pieces += [text[covered:start], MASK]
                covered = max(covered, start + len(form))
            found = self._heads.search(text, start + 1)
        pieces.append(text[covered:end])
        return "".join(pieces), covered

    def _undecided(self, text: str) -> int:
        """Return where the text's end begins that may be the beginning of a form; the text's length if nowhere."""
        if self._heads is None:
            return len(text)
        found = self._heads.search(text, max(0, len(text) - self._longest + 1))
        while found is not None:
            rest = text[found.start() :]
            if any(len(form) > len(rest) and form.startswith(rest) for form in self._by_head[found[0]]):
                return found.start()
            found = self._heads.search(text, found.start() + 1)
        for length in range(min(MIN_MASKED_LENGTH - 1, len(text)), 0, -1):
            if text[-length:] in self._beginnings:
                return len(text) - length
        return len(text)


class RedactedStream:
    """Masks a text that comes in chunks, cut anywhere; all chunks together give what the whole text would.

    Only an end that may be the beginning of a secret is held back.
    """

    def __init__(self, redactor: Redactor) -> None:
        """Start an empty stream."""
        self._redactor = redactor
        self._held = ""
        self._covered = 0

    def feed(self, text: str) -> str:
        """Take a chunk and return what can be shown by now."""
        return self._take(self._held + text, final=False)

    def flush(self) -> str:
        """Return what was held back; the text ends here."""
        return self._take(self._held, final=True)

    def _take(self, text: str, *, final: bool) -> str:
        end = len(text) if final else self._redactor._undecided(text)  # noqa: SLF001  # two halves of one thing
        shown, covered = self._redactor._mask(text, end, self._covered)  # noqa: SLF001
        self._held, self._covered = text[end:], max(0, covered - end)
        return shown


def _forms(value: str) -> Iterator[str]:
    """Yield the ways in which a value may be written, each of four characters or more."""
    # Blanks around a value are no secret, and without them it is found in a trimmed text as well.
    value = value.strip()
    if not can_be_masked(value):
        return
    parts = [value, *(line.strip() for line in value.splitlines())]
    for part in dict.fromkeys(part for part in parts if can_be_masked(part)):
        for form in (part, *_escaped(part), *_quoted(part), *_encoded(part.encode("utf-8", errors="surrogatepass"))):
            if len(form) >= MIN_MASKED_LENGTH:
                yield form


def _escaped(value: str) -> Iterator[str]:
    """Yield a value as it stands inside the quotes of JSON and of Python literals."""
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    yield ascii(value)[1:-1]
    yield repr(value.encode("utf-8", errors="surrogatepass"))[2:-1]


def _quoted(value: str) -> Iterator[str]:
    """Yield a value as it stands in URLs: of Python's functions and of browsers, hexadecimal digits in both cases."""
    from urllib.parse import quote, quote_plus  # noqa: PLC0415  # only where there are secrets

    data = value.encode("utf-8", errors="surrogatepass")
    for form in (quote(data, safe=""), quote(data), quote_plus(data), quote(data, safe="!'()*")):
        yield form
        yield re.sub("%[0-9A-F]{2}", lambda escape: escape[0].lower(), form)


def _encoded(data: bytes) -> Iterator[str]:
    """Yield base64: as a whole, in lines, and what the encoding of a longer text has for it at each alignment."""
    whole = _base64(data)
    wrapped = [whole[i : i + 76] for i in range(0, len(whole), 76)]
    # With n bytes before, n more characters at the front depend on what is not the value; likewise at the end.
    inside = []
    for before, unknown in ((0, 0), (1, 2), (2, 3)):
        text = _base64(b"\0" * before + data)
        inside.append(text[unknown : (before + len(data)) * 8 // 6])
    for form in (whole, whole.rstrip("="), *wrapped, *inside):
        yield form
        yield form.translate(_URL_SAFE)


def _base64(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")


_URL_SAFE = str.maketrans("+/", "-_")
