"""Why a step is not reused, in words."""

from __future__ import annotations

from stackyard.model.cache_key import CacheKeyParts, explain_miss
from stackyard.model.enums import MissReason


def test_the_first_time_says_so() -> None:
    assert explain_miss(None, CacheKeyParts())[0] is MissReason.NEVER_RAN


def test_the_strongest_reason_comes_first() -> None:
    before = CacheKeyParts(code={"a.py": "1"}, parameters={"n": "1"}, python="3.10")
    after = CacheKeyParts(code={"a.py": "2"}, parameters={"n": "2"}, python="3.11")
    assert explain_miss(before, after) == (MissReason.CODE_CHANGED, "code of a.py changed")


def test_many_changes_are_counted() -> None:
    after = CacheKeyParts(parameters=dict.fromkeys("abcde", "1"))
    assert explain_miss(CacheKeyParts(), after)[1] == "parameter a, b, c and 2 more changed"


def test_a_parameter_that_is_gone_is_named() -> None:
    assert explain_miss(CacheKeyParts(inputs={"rows": "1"}), CacheKeyParts()) == (
        MissReason.INPUT_CHANGED,
        "input rows changed",
    )
