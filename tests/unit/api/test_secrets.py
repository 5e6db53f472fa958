"""Secrets as use cases: who uses them, what refuses, and what the environment overrides."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from stackyard.api import secrets
from stackyard.api.components import register_component
from stackyard.api.context import Context, open_context
from stackyard.model.enums import ComponentType
from stackyard.model.errors import (
    AlreadyExistsError,
    InUseError,
    SecretNotFoundError,
    SecretReferenceError,
    SecretStoreError,
    UsageError,
)
from stackyard.model.secret import SecretReference
from stackyard.storage.ids import now
from stackyard.storage.secrets.encrypted_file import key_file
from stackyard.storage.secrets.store import SecretStore


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return open_context(tmp_path)


def use(ctx: Context, text: str, name: str = "my_alerter") -> None:
    """Let a component's configuration refer to secrets."""
    register_component(ctx, ComponentType.ALERTER, name, "webhook", {"url": f"https://example.org/{text}"})


def test_a_secret_is_listed_without_its_values(ctx: Context) -> None:
    made = secrets.create_secret(ctx, "db", {"user": "admin-name", "password": "hunter2-hunter2"})
    use(ctx, "{{db.user}}")
    [listed] = secrets.list_secrets(ctx)
    assert listed.keys == made.keys == ["user", "password"]
    assert listed.backend == "file"
    assert listed.used_by == ["alerter my_alerter"]
    assert "hunter2" not in repr(secrets.list_secrets(ctx)) + listed.model_dump_json()


def test_listing_and_checking_open_nothing(ctx: Context) -> None:
    secrets.create_secret(ctx, "db", {"user": "admin-name"})
    key_file().unlink()
    assert [view.name for view in secrets.list_secrets(ctx)] == ["db"]
    assert secrets.get_secret(ctx, "db").keys == ["user"]
    found = secrets.unresolved(
        ctx, [SecretReference("db", "user"), SecretReference("db", "x"), SecretReference("y", "z")]
    )
    assert found == [SecretReference("db", "x"), SecretReference("y", "z")]
    with pytest.raises(SecretStoreError):
        secrets.secret_values(ctx, ["db"])


def test_an_update_keeps_the_other_keys(ctx: Context) -> None:
    made = secrets.create_secret(ctx, "db", {"user": "admin-name", "password": "old-old", "pin": "1234"})
    while now() <= made.updated_at:
        time.sleep(0.001)
    view = secrets.update_secret(ctx, "db", {"password": "new-new", "url": "somewhere"}, ["pin"])
    assert view.keys == ["user", "password", "url"]
    assert secrets.secret_values(ctx, ["db"]) == {
        "db": {"user": "admin-name", "password": "new-new", "url": "somewhere"}
    }
    assert view.updated_at > view.created_at


def test_what_is_used_can_not_go(ctx: Context) -> None:
    secrets.create_secret(ctx, "db", {"user": "admin-name", "password": "hunter2-hunter2"})
    for i in range(5):
        use(ctx, "{{db.user}}", f"store_{i}")
    with pytest.raises(InUseError, match=r"alerter store_0, alerter store_1, .* and 2 more"):
        secrets.delete_secret(ctx, "db")
    with pytest.raises(InUseError, match="'db' is used by"):
        secrets.rename_secret(ctx, "db", "other")
    with pytest.raises(InUseError, match="key user of"):
        secrets.update_secret(ctx, "db", {}, ["user"])
    secrets.update_secret(ctx, "db", {"user": "changed-name"}, ["password"])
    assert secrets.secret_values(ctx, ["db"]) == {"db": {"user": "changed-name"}}
    assert secrets.delete_secret(ctx, "db", force=True).name == "db"
    assert secrets.list_secrets(ctx) == []


def test_a_secret_that_is_renamed_to_its_own_name_keeps_its_values(ctx: Context) -> None:
    secrets.create_secret(ctx, "db", {"password": "hunter2-hunter2"})
    with pytest.raises(UsageError, match="has that name already"):
        secrets.rename_secret(ctx, "db", "db")
    SecretStore(ctx.home_folder).rename("db", "db", lambda _index: None)
    assert secrets.secret_values(ctx, ["db"]) == {"db": {"password": "hunter2-hunter2"}}


def test_names_that_the_environment_could_not_tell_apart_are_refused(ctx: Context) -> None:
    secrets.create_secret(ctx, "my-db", {"pass-word": "hunter2"})
    for taken in ("my-db", "my_db", "MY-DB"):
        with pytest.raises(AlreadyExistsError, match="'my-db' exists already"):
            secrets.create_secret(ctx, taken, {"x": "abcd"})
    with pytest.raises(SecretReferenceError, match="the same in environment variables"):
        secrets.update_secret(ctx, "my-db", {"pass_word": "other"})
    assert secrets.rename_secret(ctx, "my-db", "MY_DB").name == "MY_DB"
    assert secrets.secret_values(ctx, ["MY_DB"]) == {"MY_DB": {"pass-word": "hunter2"}}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("1db", {"x": "abcd"}),
        ("a.b", {"x": "abcd"}),
        ("", {"x": "abcd"}),
        ("db", {"a b": "abcd"}),
        ("db", {"x": ""}),
        ("db", {}),
    ],
)
def test_what_could_not_be_referred_to_is_refused(ctx: Context, name: str, values: dict[str, str]) -> None:
    with pytest.raises(SecretReferenceError) as caught:
        secrets.create_secret(ctx, name, values)
    assert "abcd" not in caught.value.message
    assert not ctx.home.exists()


def test_unknown_secrets_and_keys_are_named_with_the_nearest(ctx: Context) -> None:
    secrets.create_secret(ctx, "database", {"password": "hunter2"})
    with pytest.raises(SecretNotFoundError, match="no secret 'databse'") as caught:
        secrets.secret_values(ctx, ["database", "databse"])
    assert "'database'" in caught.value.hint
    assert "stackyard secret create databse" in caught.value.hint
    with pytest.raises(SecretNotFoundError, match="no secret 'databse'") as caught:
        secrets.delete_secret(ctx, "databse")
    assert caught.value.hint == "Did you mean 'database'? List them with: stackyard secret list"
    with pytest.raises(SecretNotFoundError, match="no key 'pasword'") as caught:
        secrets.update_secret(ctx, "database", {}, ["pasword"])
    assert "'password'" in caught.value.hint


def test_the_environment_wins(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets.create_secret(ctx, "my-db", {"user": "stored-user", "pass-word": "stored-word"})
    monkeypatch.setenv("STACKYARD_SECRET__MY_DB__PASS_WORD", "from-ci")
    assert secrets.secret_values(ctx, ["my-db"]) == {"my-db": {"user": "stored-user", "pass-word": "from-ci"}}
    view = secrets.get_secret(ctx, "my-db")
    assert (view.backend, view.keys) == ("file", ["user", "pass-word"])
    assert secrets.variables_of(view) == ["STACKYARD_SECRET__MY_DB__PASS_WORD"]


def test_what_the_environment_has_completely_needs_no_key(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets.create_secret(ctx, "db", {"user": "stored-user"})
    key_file().unlink()
    monkeypatch.setenv("STACKYARD_SECRET__DB__USER", "from-ci")
    assert secrets.read_secret(ctx, "db").secret_values == {"user": "from-ci"}


def test_secrets_of_the_environment_alone(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKYARD_SECRET__CI_TOKEN__API_KEY", "from-ci")
    use(ctx, "{{ci-token.api-key}}")
    reference = SecretReference("ci-token", "api-key")
    assert secrets.unresolved(ctx, [reference, SecretReference("ci-token", "other")]) == [
        SecretReference("ci-token", "other")
    ]
    assert secrets.secret_values(ctx, ["ci-token"]) == {"ci-token": {"api-key": "from-ci"}}
    [view] = secrets.list_secrets(ctx)
    assert (view.name, view.keys, view.backend) == ("ci-token", ["api-key"], "environment")
    assert view.used_by == ["alerter my_alerter"]
    with pytest.raises(SecretStoreError, match="comes from the environment") as caught:
        secrets.update_secret(ctx, "ci-token", {"api-key": "other"})
    assert "STACKYARD_SECRET__CI_TOKEN__API_KEY" in caught.value.hint


def test_keys_that_only_the_environment_has_come_in_both_cases(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a step that reads OPENAI_API_KEY or openai_api_key, when CI sets the secret, then it finds either."""
    monkeypatch.setenv("STACKYARD_SECRET__AI__OPENAI_API_KEY", "from-ci")
    assert secrets.secret_values(ctx, ["ai"]) == {"ai": {"openai_api_key": "from-ci", "OPENAI_API_KEY": "from-ci"}}
    assert secrets.get_secret(ctx, "ai").keys == ["openai_api_key"]
    secrets.create_secret(ctx, "ai", {"OPENAI_API_KEY": "stored"})
    assert secrets.secret_values(ctx, ["ai"]) == {"ai": {"OPENAI_API_KEY": "from-ci"}}


def test_a_secret_that_is_printed_shows_no_value(ctx: Context) -> None:
    secrets.create_secret(ctx, "db", {"password": "hunter2-hunter2"})
    assert "hunter2" not in repr(secrets.read_secret(ctx, "db"))
