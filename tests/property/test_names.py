"""Names and the folders that they become."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from stackyard.model.errors import InvalidNameError
from stackyard.model.names import MAX_FOLDER_LENGTH, MAX_NAME_LENGTH, check_name, folder_name

RESERVED = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(10)), *(f"lpt{i}" for i in range(10))}
texts = st.text(st.characters(codec=None), max_size=150) | st.text("aA%.~/\\:é\x01", max_size=150)
likely_clashes = st.sampled_from(
    ["con", "CON", "Con.txt", "nul.", "com1", "lpt9.x", ".", "..", "...", "a.", "a ", " a", "a/b", "a%2fb", "%63on", ""]
)


@given(texts | likely_clashes, texts | likely_clashes)
@example("Model", "model")
@example("a" * 130, "a" * 131)
@example("é", "é")
def test_distinct_names_have_distinct_folders_where_case_and_accents_are_folded(one: str, other: str) -> None:
    def seen(folder: str) -> str:
        return unicodedata.normalize("NFC", folder).casefold()

    assert (seen(folder_name(one)) == seen(folder_name(other))) == (one == other)


@given(texts)
def test_no_name_has_the_folder_of_a_longer_one_even_when_it_tries(name: str) -> None:
    """What the folder of a long name says, taken as a name, must lead elsewhere."""
    folder = folder_name(name * 3 + "x" * (MAX_FOLDER_LENGTH + 1))
    decoded = bytes(folder.replace("%", "\\x"), "ascii").decode("unicode_escape", errors="replace")
    assert folder_name(folder) != folder
    assert folder_name(decoded) != folder


@given(texts | likely_clashes)
def test_a_folder_is_valid_on_every_file_system(name: str) -> None:
    folder = folder_name(name)
    assert 0 < len(folder) <= MAX_FOLDER_LENGTH
    assert folder.isascii()
    assert folder == folder.lower()
    assert not set(folder) & set('/\\:*?"<>| ')
    assert folder.isprintable()
    assert folder not in {".", ".."}
    assert not folder.startswith(".")
    assert not folder.endswith((".", " "))
    assert folder.split(".")[0] not in RESERVED


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=MAX_FOLDER_LENGTH))
def test_plain_names_can_be_read_in_the_folder(name: str) -> None:
    assert folder_name(name) == (name if name not in RESERVED else f"%{ord(name[0]):02x}{name[1:]}")


@given(texts | st.text(min_size=1, max_size=MAX_NAME_LENGTH + 20))
def test_a_name_is_taken_as_it_is_or_refused_with_the_rule(name: str) -> None:
    refused = _refusal(name)
    if refused is not None:
        assert refused.message.endswith("can't be the name of a stack.")
        assert "Use 1 to 200 characters" in refused.hint
        refused.message.encode()  # it can be printed
    else:
        name.encode()
        assert name == name.strip()
        assert 0 < len(name) <= MAX_NAME_LENGTH
        assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in name)
        assert not name.startswith(("-", ":"))


def _refusal(name: str) -> InvalidNameError | None:
    try:
        assert check_name(name, "stack") == name
    except InvalidNameError as error:
        return error
    return None


@given(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_ .:()\[\]-]{0,30}[a-z0-9]", fullmatch=True))
def test_ordinary_names_are_taken(name: str) -> None:
    assert check_name(name, "stack") == name
