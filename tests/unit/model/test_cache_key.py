"""Why a step is not reused, in words."""

from __future__ import annotations

from stackyard.model.cache_key import CacheKeyParts, explain_miss
from stackyard.model.digest import digest_value
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


def test_secrets_count_by_name_and_a_tracker_by_id_and_neither_changes_the_keys_of_steps_without_them() -> None:
    plain = CacheKeyParts(python="3.11")
    assert plain.digest() == digest_value(
        "cache-key/1", plain.model_dump(exclude={"secrets", "experiment_tracker", "policy", "materializers"})
    ), "as it was before there were secrets, trackers and policies"
    secret = plain.model_copy(update={"secrets": {"openai": "0"}})
    tracked = plain.model_copy(update={"experiment_tracker": "id"})
    named = plain.model_copy(update={"policy": {"file data.csv": "1"}})
    assert len({plain.digest(), secret.digest(), tracked.digest(), named.digest()}) == 4
    assert explain_miss(plain, named) == (MissReason.FILE_CHANGED, "file data.csv changed")
    assert explain_miss(plain, secret) == (MissReason.ENVIRONMENT_CHANGED, "the step's use of secret openai changed")
    assert explain_miss(plain, tracked) == (MissReason.ENVIRONMENT_CHANGED, "the step's experiment tracker changed")
