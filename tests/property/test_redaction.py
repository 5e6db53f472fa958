"""Secret values are masked however they are written and wherever a stream is cut."""

from __future__ import annotations

import base64
import itertools
import json
import time
from urllib.parse import quote, quote_plus

from hypothesis import assume, example, given
from hypothesis import strategies as st

from stackyard.model.redaction import MASK, Redactor, can_be_masked
from tests.property.strategies import json_values

anything = st.text(st.characters(codec="utf-8"), min_size=4, max_size=30)
overlapping = st.text("ab\n", min_size=4, max_size=8)
"""Values and texts of few letters, so that they often are parts of each other."""
secret = (anything | overlapping).filter(can_be_masked)
values = st.lists(secret, min_size=1, max_size=4)
around = st.text(st.characters(codec="utf-8"), max_size=20) | st.text("ab\n", max_size=20)


def _texts(chosen: list[str]) -> st.SearchStrategy[str]:
    """Texts that hold values, parts of values, and anything else."""
    part = st.sampled_from(chosen).flatmap(lambda v: st.integers(0, len(v)).map(lambda n: v[:n]))
    return st.lists(around | st.sampled_from(chosen) | part, max_size=8).map("".join)


def _pieces(text: str, cuts: list[int]) -> list[str]:
    places = sorted({cut % (len(text) + 1) for cut in cuts} | {0, len(text)})
    return [text[a:b] for a, b in itertools.pairwise(places)]


@given(data=st.data(), chosen=values, cuts=st.lists(st.integers(0, 1000), max_size=12))
def test_a_stream_gives_what_the_whole_text_gives(data: st.DataObject, chosen: list[str], cuts: list[int]) -> None:
    text = data.draw(_texts(chosen))
    redactor = Redactor(chosen)
    stream = redactor.stream()
    shown = "".join([*(stream.feed(piece) for piece in _pieces(text, cuts)), stream.flush()])
    assert shown == redactor.clean(text)


@given(data=st.data(), chosen=values)
@example(data=None, chosen=["abab", "babb"]).via("values that overlap in the text")
def test_no_value_is_left(data: st.DataObject | None, chosen: list[str]) -> None:
    text = data.draw(_texts(chosen)) if data else "xababbx"
    assume(not any("*" in value for value in chosen))
    cleaned = Redactor(chosen).clean(text)
    for value in chosen:
        assert value.strip() not in cleaned


@given(data=st.data(), chosen=values)
def test_masking_twice_changes_nothing_more(data: st.DataObject, chosen: list[str]) -> None:
    assume(not any("*" in value for value in chosen))
    redactor = Redactor(chosen)
    once = redactor.clean(data.draw(_texts(chosen)))
    assert redactor.clean(once) == once


@given(text=st.text("xyz .\n", max_size=200), chosen=st.lists(st.text("abcd", min_size=4), max_size=3))
def test_a_text_without_a_value_passes_unchanged_and_at_once(text: str, chosen: list[str]) -> None:
    chosen = [value for value in chosen if can_be_masked(value)]
    redactor = Redactor(chosen)
    assume(not any(form[0] in text for forms in redactor._by_head.values() for form in forms))
    assert redactor.clean(text) == text
    assert redactor.stream().feed(text) == text


@given(value=secret, before=around, after=around)
def test_every_way_of_writing_a_value_is_masked(value: str, before: str, after: str) -> None:
    assume("*" not in value)
    core = value.strip()
    redactor = Redactor([value])
    for written in (
        json.dumps(core)[1:-1],
        repr(core)[1:-1],
        repr(core.encode())[2:-1],
        quote(core, safe=""),
        quote(core),
        quote_plus(core),
        base64.b64encode(core.encode()).decode(),
        base64.urlsafe_b64encode(core.encode()).decode().rstrip("="),
    ):
        cleaned = redactor.clean(before + written + after)
        assert MASK in cleaned
        assert written not in cleaned


@given(value=secret, before=st.binary(max_size=12), after=st.binary(max_size=12))
def test_base64_of_a_longer_text_shows_nothing_of_the_value(value: str, before: bytes, after: bytes) -> None:
    """All characters that depend on the value alone are masked, at each of the three alignments."""
    core = value.strip().encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(before + core + after).decode()
        first = -(-len(before) * 8 // 6)
        last = (len(before) + len(core)) * 8 // 6
        cleaned = Redactor([value]).clean(encoded)
        assert encoded[first:last] not in cleaned
        assert MASK in cleaned


@given(value=json_values(), chosen=values)
def test_json_values_keep_their_shape(value: object, chosen: list[str]) -> None:
    cleaned = Redactor(chosen).clean_value({"kept": value, "secret": [chosen[0], {chosen[0]: 1}]})
    text = chosen[0]
    assert Redactor([]).clean_value(value) is value
    assert list(cleaned) == [Redactor(chosen).clean("kept"), Redactor(chosen).clean("secret")]
    assert MASK in cleaned[list(cleaned)[1]][0]
    assert text.strip() not in next(iter(cleaned[list(cleaned)[1]][1])) or "*" in text


def test_a_number_that_is_a_secret_is_masked() -> None:
    assert Redactor(["48151623"]).clean_value({"pin": 48151623, "epoch": 4}) == {"pin": MASK, "epoch": 4}


def test_lines_of_a_value_are_masked_on_their_own() -> None:
    key = "-----BEGIN KEY-----\n  MIIBVgIBADANBg  \nq0Zk\n-----END KEY-----\n"
    redactor = Redactor([key])
    assert redactor.clean(key) == f"{MASK}\n"
    assert redactor.clean("got MIIBVgIBADANBg and q0Zk.") == f"got {MASK} and {MASK}."


def test_short_values_are_left_alone() -> None:
    redactor = Redactor(["1", "abc", "  x  ", ""])
    assert not redactor
    assert redactor.clean("epoch 1: abc x") == "epoch 1: abc x"


def test_only_what_may_begin_a_secret_is_held_back() -> None:
    stream = Redactor(["hunter22-and-more"]).stream()
    assert stream.feed("nothing here\n") == "nothing here\n"
    assert stream.feed("it is hunt") == "it is "
    assert stream.feed("ing season\n") == "hunting season\n"
    assert stream.feed("it is hunter22-and-more") == f"it is {MASK}"
    assert stream.flush() == ""


def test_what_looks_like_a_beginning_everywhere_takes_no_time_and_no_memory() -> None:
    stream = Redactor(["a" * 50, "a" * 2000 + "b"]).stream()
    started = time.process_time()
    shown = [stream.feed("a" * 100) for _ in range(300)]
    shown.append(stream.flush())
    assert "".join(shown) == MASK
    assert len(stream._held) == 0
    assert time.process_time() - started < 5


def test_a_long_text_is_masked_in_linear_time() -> None:
    redactor = Redactor([f"secret-value-{i}" for i in range(50)])
    text = "a line of a log with nothing special in it, epoch 12 of 100, loss 0.0123\n" * 20_000
    started = time.process_time()
    assert redactor.clean(text) == text
    assert time.process_time() - started < 5


def test_values_are_not_shown_by_the_redactor_itself() -> None:
    assert "hunter22" not in repr(Redactor(["hunter22"]))
