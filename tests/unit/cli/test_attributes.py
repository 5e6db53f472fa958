"""Words that only a flavor knows, values from files, and labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.cli.attributes import parse_labels, read_value, split_words
from stackyard.model.errors import UsageError


def test_attributes_and_plain_words_in_any_order() -> None:
    expected = (["name"], {"path": "/x", "max_workers": "3"})
    for words in (
        ["name", "--path=/x", "--max-workers", "3"],
        ["--path", "/x", "name", "--max_workers=3"],
        ["--max-workers=3", "--path=/x", "name"],
    ):
        plain, attributes = split_words(words)
        assert (plain, dict(sorted(attributes.items(), reverse=True))) == expected, words


@pytest.mark.parametrize("words", [["--path"], ["--path", "--other=1"], ["--a=1", "--a=2"], ["-p", "x"], ["--=x"]])
def test_words_that_are_no_attributes_are_refused(words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        split_words(words)
    assert caught.value.hint


def test_a_value_can_be_negative_or_empty() -> None:
    assert split_words(["--n", "-3", "--text="])[1] == {"n": "-3", "text": ""}


def test_a_value_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text('{"a": 1}\n\n', encoding="utf-8")
    assert read_value("key", f"@{file}") == '{"a": 1}\n'
    assert read_value("key", "@@handle") == "@handle"
    assert read_value("key", "plain@text") == "plain@text"


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for path, reason in ((tmp_path / "missing", "No such file"), (tmp_path, "directory"), (binary, "UTF-8")):
        with pytest.raises(UsageError) as caught:
            read_value("key", f"@{path}")
        assert str(path) in caught.value.message
        assert reason in caught.value.message
        assert "@@" in caught.value.hint


def test_labels() -> None:
    assert parse_labels(["team=vision", "note=a=b", "empty="]) == {"team": "vision", "note": "a=b", "empty": ""}
    for words in (["team"], ["=x"], ["a=1", "a=2"]):
        with pytest.raises(UsageError) as caught:
            parse_labels(words)
        assert caught.value.hint
