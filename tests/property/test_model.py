"""Digests, cache keys and errors: pure values that must be exact."""

from __future__ import annotations

import json
import pickle
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from stackyard.model import errors
from stackyard.model.base import check_format, format_time
from stackyard.model.cache_key import CacheKeyParts, explain_miss
from stackyard.model.digest import canonical_json, digest_value
from stackyard.model.enums import MissReason
from stackyard.model.errors import Location, StackyardError
from tests.property.strategies import any_text, json_values, same

ALL_ERRORS = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, StackyardError)]


def _shuffled(value: Any, draw: st.DrawFn) -> Any:
    if isinstance(value, dict):
        return {key: _shuffled(value[key], draw) for key in draw(st.permutations(list(value)))}
    if isinstance(value, list):
        return [_shuffled(item, draw) for item in value]
    return value


@st.composite
def _two_orders(draw: st.DrawFn) -> tuple[Any, Any]:
    value = draw(json_values())
    return value, _shuffled(value, draw)


@given(_two_orders())
def test_the_order_of_keys_does_not_change_a_digest(values: tuple[Any, Any]) -> None:
    assert canonical_json(values[0]) == canonical_json(values[1])
    assert digest_value("t", values[0]) == digest_value("t", values[1])


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


@given(json_values(), json_values())
def test_different_values_have_different_digests(one: Any, other: Any) -> None:
    assert (digest_value("t", one) == digest_value("t", other)) == same(_sorted(one), _sorted(other))


@given(json_values())
def test_canonical_json_is_json_in_plain_ascii_and_says_the_value(value: Any) -> None:
    text = canonical_json(value)
    assert text.isascii()
    assert same(_sorted(json.loads(text)), _sorted(value)) or "\\ud" in text  # two lone surrogates may make a pair


@given(st.text(max_size=10), st.text(max_size=10), json_values(st.none() | st.booleans()))
def test_a_tag_keeps_digests_of_different_things_apart(one: str, other: str, value: Any) -> None:
    if "\n" not in one + other:
        assert (digest_value(one, value) == digest_value(other, value)) == (one == other)


names = st.text("abcxyz", min_size=1, max_size=4)
parts = st.builds(
    CacheKeyParts,
    code=st.dictionaries(names, names, max_size=3),
    parameters=st.dictionaries(names, names, max_size=3),
    inputs=st.dictionaries(names, names, max_size=3),
    outputs=st.dictionaries(names, names, max_size=3),
    environment=st.dictionaries(names, names, max_size=3),
    python=st.sampled_from(["3.10", "3.11"]),
    artifact_store_id=names,
)


@given(parts, parts)
def test_a_key_stands_for_all_its_parts(one: CacheKeyParts, other: CacheKeyParts) -> None:
    assert (one.digest() == other.digest()) == (one == other)


@given(parts, st.sampled_from(["code", "parameters", "inputs", "outputs", "environment"]), names, names)
def test_each_part_alone_changes_the_key_and_is_named_as_the_reason(
    before: CacheKeyParts, part: str, key: str, value: str
) -> None:
    after = before.model_copy(deep=True)
    getattr(after, part)[key] = value + "!"
    assert after.digest() != before.digest()
    reason, detail = explain_miss(before, after)
    assert (
        reason
        is {
            "code": MissReason.CODE_CHANGED,
            "parameters": MissReason.PARAMETER_CHANGED,
            "inputs": MissReason.INPUT_CHANGED,
            "outputs": MissReason.CODE_CHANGED,
            "environment": MissReason.ENVIRONMENT_CHANGED,
        }[part]
    )
    assert f" {key} changed" in detail


@given(parts)
def test_python_and_the_artifact_store_change_the_key(before: CacheKeyParts) -> None:
    newer = before.model_copy(update={"python": before.python + "1"})
    assert newer.digest() != before.digest()
    assert explain_miss(before, newer) == (
        MissReason.PYTHON_CHANGED,
        f"Python {before.python} became {newer.python}",
    )
    elsewhere = before.model_copy(update={"artifact_store_id": before.artifact_store_id + "x"})
    assert elsewhere.digest() != before.digest()


@given(parts)
def test_a_key_survives_being_stored(before: CacheKeyParts) -> None:
    assert CacheKeyParts.model_validate_json(before.model_dump_json()).digest() == before.digest()


@given(
    st.sampled_from(ALL_ERRORS),
    any_text,
    any_text,
    st.none() | st.builds(Location, any_text, st.integers(0), st.integers(0)),
    st.dictionaries(st.sampled_from(["run_id", "failed_steps", "traceback"]), json_values(), max_size=3),
)
def test_an_error_pickles_whole(
    cls: type[StackyardError], message: str, hint: str, location: Location | None, details: dict[str, Any]
) -> None:
    error = cls(message, hint=hint, location=location, **details)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is cls
    assert (copy.message, copy.hint, copy.location) == (message, hint, location)
    assert same(copy.details, details)
    assert copy.as_dict() == error.as_dict()


zones = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
moments = st.datetimes(datetime(2000, 1, 1), timezones=zones)  # noqa: DTZ001  # the zone is drawn as well


@given(moments, moments)
def test_times_sort_as_texts(one: datetime, other: datetime) -> None:
    left, right = format_time(one), format_time(other)
    assert len(left) == len("2026-11-21T10:00:00.123Z")
    if abs((one - other).total_seconds()) >= 0.001:
        assert (left < right) == (one < other)


@given(st.integers(0, 99), st.integers(0, 99), st.integers(1, 9), st.integers(0, 9))
def test_only_a_newer_major_format_is_refused(major: int, minor: int, ours: int, our_minor: int) -> None:
    assert check_format(f"{major}.{minor}", f"{ours}.{our_minor}") == (major <= ours)


@given(st.sampled_from(["", "x", "one.two", "None", ".", "1,0"]))
def test_what_is_no_format_is_refused(text: str) -> None:
    assert not check_format(text, "1.0")
