"""Secrets in the encrypted file and in the environment, and what is said when they can't be opened."""

from __future__ import annotations

import base64
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from stackyard.model.errors import (
    FormatTooNewError,
    PackageMissingError,
    SecretNotFoundError,
    SecretStoreError,
    StackyardError,
)
from stackyard.model.secret import SecretIndex
from stackyard.storage.home import Home
from stackyard.storage.secrets import encrypted_file, environment
from stackyard.storage.secrets.encrypted_file import key_file
from stackyard.storage.secrets.store import SecretStore

VALUES = {"user": "admin-name", "password": "hunter2-hunter2"}


@pytest.fixture
def store(home: Path) -> SecretStore:
    return SecretStore(Home(home))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A passphrase that takes less memory to try than a user's."""
    monkeypatch.setattr(encrypted_file, "_SCRYPT", {"n": 2**10, "r": 8, "p": 1})
    monkeypatch.setenv("STACKYARD_SECRETS_PASSPHRASE", "correct horse")


def _anything_goes(index: SecretIndex) -> None:
    """Check nothing."""


def create(store: SecretStore, name: str = "db", values: dict[str, str] | None = None) -> None:
    store.create(name, values or VALUES, _anything_goes)


def read(store: SecretStore, name: str = "db") -> dict[str, str]:
    return store.values([name])[name]


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"}


def refused(store: SecretStore, kind: type[StackyardError] = SecretStoreError) -> StackyardError:
    """Insist that neither reading nor writing works, that nothing changes, and that no value is told."""
    before = files(store.home.root)
    with pytest.raises(kind):
        create(store, "other")
    with pytest.raises(kind):
        store.update("db", lambda old: old)
    with pytest.raises(kind):
        store.delete("db")
    with pytest.raises(kind) as caught:
        read(store)
    assert files(store.home.root) == before
    error = caught.value
    assert error.hint
    assert not any(value in error.message + error.hint for value in VALUES.values())
    assert error.__cause__ is None or not any(value in str(error.__cause__) for value in VALUES.values())
    return error


# -- encrypted file


def test_a_file_holds_no_value_and_only_its_user_reads_it(store: SecretStore) -> None:
    create(store)
    assert read(store) == VALUES
    assert not key_file().is_relative_to(store.home.root)
    for path in (key_file(), store.home.root / "secrets.enc", store.index_file):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for data in files(store.home.root).values():
        for value in VALUES.values():
            assert value.encode() not in data
            assert base64.b64encode(value.encode())[:-4] not in data


def test_a_key_file_is_used_again(store: SecretStore, tmp_path: Path) -> None:
    create(store)
    key = key_file().read_bytes()
    other = SecretStore(Home(tmp_path / "other"))
    create(other)
    assert key_file().read_bytes() == key
    assert read(other) == read(store) == VALUES


def test_a_missing_key_file_is_named_and_none_is_made(store: SecretStore) -> None:
    create(store)
    key_file().unlink()
    assert str(key_file()) in refused(store).message
    assert not key_file().exists()


def test_another_key_file_is_recognised(store: SecretStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    create(store)
    monkeypatch.setenv("STACKYARD_SECRETS_KEY_FILE", str(tmp_path / "other.key"))
    create(SecretStore(Home(tmp_path / "other")))
    error = refused(store)
    assert "another key file" in error.message
    assert "STACKYARD_SECRETS_KEY_FILE" in error.hint


def test_a_file_that_is_no_key_is_refused(store: SecretStore) -> None:
    key_file().write_text("not a key\n")
    with pytest.raises(SecretStoreError, match="holds no key"):
        create(store)
    assert key_file().read_text() == "not a key\n"
    assert store.index().secrets == []


def test_values_can_be_given_again_when_the_key_is_lost(store: SecretStore) -> None:
    """Given a key file that is gone for good, when the encrypted file is moved away, then secrets take new values."""
    create(store)
    key_file().unlink()
    (store.home.root / "secrets.enc").unlink()
    with pytest.raises(SecretStoreError, match="not in the file any more"):
        read(store)
    store.update("db", lambda old: {**old, "password": "again-again"})
    assert read(store) == {"password": "again-again"}


@pytest.mark.usefixtures("quick")
def test_a_passphrase_needs_no_key_file(store: SecretStore, monkeypatch: pytest.MonkeyPatch) -> None:
    create(store)
    assert read(store) == VALUES
    assert not key_file().exists()
    monkeypatch.setenv("STACKYARD_SECRETS_PASSPHRASE", "wrong horse")
    assert "passphrase is wrong" in refused(store).message
    monkeypatch.delenv("STACKYARD_SECRETS_PASSPHRASE")
    assert "STACKYARD_SECRETS_PASSPHRASE" in refused(store).hint
    monkeypatch.setenv("STACKYARD_SECRETS_PASSPHRASE", "correct horse")
    assert read(store) == VALUES


@pytest.mark.usefixtures("quick")
def test_each_file_has_a_salt_of_its_own(store: SecretStore, tmp_path: Path) -> None:
    other = SecretStore(Home(tmp_path / "other"))
    create(store)
    create(other)
    salts = {json.loads((s.home.root / "secrets.enc").read_text())["key"]["salt"] for s in (store, other)}
    assert len(salts) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"[]",
        lambda data: b"\xff" + data,
        lambda data: data.replace(b'"data": "gAAA', b'"data": "gBBB'),
        lambda data: data.replace(b'"key_file"', b'"key_fire"'),
        lambda data: data.replace(b'"data"', b'"date"'),
    ],
)
def test_a_damaged_file_is_left_untouched(store: SecretStore, damage: object) -> None:
    create(store)
    path = store.home.root / "secrets.enc"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    error = refused(store)
    assert str(path) in error.message
    assert "damaged" in error.message


@pytest.mark.usefixtures("quick")
def test_a_forged_file_takes_no_memory(store: SecretStore) -> None:
    create(store)
    path = store.home.root / "secrets.enc"
    path.write_text(path.read_text().replace('"n": 1024', f'"n": {2**40}'))
    assert "damaged" in refused(store).message


def test_what_a_newer_minor_version_wrote_is_kept(store: SecretStore) -> None:
    create(store)
    for path in (store.home.root / "secrets.enc", store.index_file):
        document = json.loads(path.read_text())
        path.write_text(json.dumps({**document, "format": "1.7", "later": {"x": 1}}))
    create(store, "other")
    for path in (store.home.root / "secrets.enc", store.index_file):
        document = json.loads(path.read_text())
        assert document["format"] == "1.7"
        assert document["later"] == {"x": 1}
    assert read(store) == VALUES


@pytest.mark.parametrize("name", ["secrets.enc", "secrets.json"])
def test_a_newer_major_version_is_left_untouched(store: SecretStore, name: str) -> None:
    create(store)
    path = store.home.root / name
    path.write_text(path.read_text().replace('"1.0"', '"2.0"'))
    assert "Upgrade" in refused(store, FormatTooNewError).hint


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": "1.0", "secrets": 3}', "{"])
def test_a_damaged_list_is_left_untouched(store: SecretStore, text: str) -> None:
    create(store)
    store.index_file.write_text(text)
    assert str(store.index_file) in refused(store).message


# -- packages


def test_without_the_packages_the_command_that_brings_them_is_named(
    store: SecretStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(store)
    for package in ("keyring", "cryptography", "cryptography.fernet"):
        monkeypatch.setitem(sys.modules, package, None)
    error = refused(store, PackageMissingError)
    assert "stackyard integration install secrets" in error.hint
    assert [secret.name for secret in store.index().secrets] == ["db"]


# -- changes


def test_a_refused_change_changes_nothing(store: SecretStore) -> None:
    create(store)
    before = files(store.home.root)

    def refuse(_old: dict[str, str]) -> dict[str, str]:
        raise SecretNotFoundError("no")

    with pytest.raises(SecretNotFoundError):
        store.update("db", refuse)
    with pytest.raises(SecretNotFoundError, match="no secret 'dbs'"):
        store.update("dbs", refuse)
    with pytest.raises(SecretNotFoundError, match="no secret 'dbs'") as caught:
        store.delete("dbs")
    assert "'db'" in caught.value.hint
    assert files(store.home.root) == before


def test_a_deleted_secret_leaves_the_file(store: SecretStore) -> None:
    create(store)
    create(store, "other", {"x": "y-y-y-y"})
    store.delete("db")
    assert store.values(["db", "other"]) == {"other": {"x": "y-y-y-y"}}
    create(store, "db", {"user": "new one"})
    assert read(store) == {"user": "new one"}


# -- environment


def test_the_environment_is_read_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKYARD_SECRET__MY_DB__PASS_WORD", "from-ci")
    monkeypatch.setenv("STACKYARD_SECRET__MY_DB__EMPTY", "")
    monkeypatch.setenv("STACKYARD_SECRET__OTHER", "no key")
    assert environment.variable_of("my-db", "pass-word") == "STACKYARD_SECRET__MY_DB__PASS_WORD"
    assert environment.values_in_environment("my-db", ["pass-word"]) == {"pass-word": "from-ci"}
    assert environment.values_in_environment("my_db") == {"pass_word": "from-ci"}
    assert environment.names_in_environment() == ["my_db"]
    assert "STACKYARD_SECRET__MY_DB__PASS_WORD" in os.environ
