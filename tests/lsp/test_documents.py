"""Open documents stay what the editor shows, whatever is typed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from stackyard_ls.documents import Document, split_lines, to_characters, to_units

ALPHABET = "ab\n\r\f\u2028\x85ä\U0001f600"
UTF16 = types.PositionEncodingKind.Utf16


def offset_of(text: str, line: int, units: int) -> int:
    """Return the offset of a place, as LSP defines it: another way than the code's."""
    offset = 0
    for _ in range(line):
        nearest = min((i for i in (text.find("\n", offset), text.find("\r", offset)) if i >= 0), default=-1)
        offset = nearest + (2 if text[nearest : nearest + 2] == "\r\n" else 1)
    while units > 0 and offset < len(text) and text[offset] not in "\r\n":
        units -= 2 if ord(text[offset]) > 0xFFFF else 1
        offset += 1
    return offset


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, list[tuple[types.Range, str]], str]:
    """Return a text, edits in its editor's words, and what the text is then."""
    text = draw(st.text(ALPHABET, max_size=30))
    start, steps = text, []
    for _ in range(draw(st.integers(1, 4))):
        lines = split_lines(text)
        places = []
        for _ in range(2):
            line = draw(st.integers(0, len(lines) - 1))
            content = lines[line].rstrip("\r\n")
            places.append((line, to_units(content, draw(st.integers(0, len(content))), UTF16)))
        places.sort()
        new = draw(st.text(ALPHABET, max_size=6))
        steps.append((types.Range(types.Position(*places[0]), types.Position(*places[1])), new))
        text = text[: offset_of(text, *places[0])] + new + text[offset_of(text, *places[1]) :]
    return start, steps, text


@given(edits())
@settings(max_examples=400, deadline=None)
def test_edits_give_what_the_editor_has(case: tuple[str, list[tuple[types.Range, str]], str]) -> None:
    start, steps, expected = case
    document = Document("file:///a.py", "/a.py", 1, split_lines(start))
    for place, text in steps:
        document.apply(types.TextDocumentContentChangePartial(place, text), UTF16)
        assert document.lines == split_lines(document.text())
    assert document.text() == expected


def test_a_change_of_everything_replaces_the_text() -> None:
    document = Document("file:///a.py", "/a.py", 1, ["old"])
    document.apply(types.TextDocumentContentChangeWholeDocument("new\ntext"), UTF16)
    assert document.lines == ["new\n", "text"]


def test_places_beyond_the_text_mean_its_end() -> None:
    document = Document("file:///a.py", "/a.py", 1, split_lines("a\nb"))
    place = types.Range(types.Position(9, 9), types.Position(99, 99))
    document.apply(types.TextDocumentContentChangePartial(place, "c"), UTF16)
    assert document.text() == "a\nbc"


@given(st.text(ALPHABET.replace("\n", "").replace("\r", "")), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
def test_columns_go_there_and_back(line: str, encoding: str) -> None:
    for column in range(len(line) + 1):
        assert to_characters(line, to_units(line, column, encoding), encoding) == column
