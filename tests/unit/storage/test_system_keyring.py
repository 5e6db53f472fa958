"""Secrets in the system's keyring, with backends of the tests, and the choice between keyring and file."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from stackyard.model.errors import SecretStoreError
from stackyard.model.secret import SecretIndex
from stackyard.storage.home import Home
from stackyard.storage.secrets.backends import choose_backend
from stackyard.storage.secrets.store import SecretStore

VALUES = {"user": "admin-name", "password": "hunter2-hunter2"}


class MemoryKeyring(KeyringBackend):
    """A keyring that works, until it is locked."""

    priority = 5.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's own
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False
        self.forgets = False

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        if not self.forgets:
            self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError

    def _check(self) -> None:
        if self.locked:
            raise KeyringLocked


class PlainKeyring(MemoryKeyring):
    """One that keyring itself does not recommend, as those that write plain text."""

    priority = 0.5


def _use(backend: KeyringBackend) -> Iterator[KeyringBackend]:
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture
def working() -> Iterator[KeyringBackend]:
    yield from _use(MemoryKeyring())


@pytest.fixture
def plain() -> Iterator[KeyringBackend]:
    yield from _use(PlainKeyring())


@pytest.fixture
def store(home: Path) -> SecretStore:
    return SecretStore(Home(home))


def _with_password(password: str, old: dict[str, str]) -> dict[str, str]:
    return {**old, "password": password}


def _anything_goes(index: SecretIndex) -> None:
    """Check nothing."""


def create(store: SecretStore, values: dict[str, str] | None = None) -> None:
    store.create("db", values or VALUES, _anything_goes)


def read(store: SecretStore, name: str = "db") -> dict[str, str]:
    return store.values([name])[name]


def test_a_keyring_is_preferred(store: SecretStore, working: MemoryKeyring) -> None:
    create(store)
    assert store.index().secrets[0].backend == "keyring"
    assert read(store) == VALUES
    assert not (store.home.root / "secrets.enc").exists()
    assert [service for service, _ in working.kept] == [f"stackyard:{store.index().home_id}"]


def test_a_keyring_keeps_one_entry_a_secret(store: SecretStore, working: MemoryKeyring) -> None:
    create(store)
    for password in ("changed-0", "changed-1", "changed-2"):
        store.update("db", functools.partial(_with_password, password))
    assert read(store) == {"user": "admin-name", "password": "changed-2"}
    assert len(working.kept) == 1
    store.rename("db", "base", _anything_goes)
    assert read(store, "base")["password"] == "changed-2"
    assert len(working.kept) == 1
    store.delete("base")
    assert not working.kept


def test_homes_share_a_keyring(store: SecretStore, tmp_path: Path, working: MemoryKeyring) -> None:
    other = SecretStore(Home(tmp_path / "other"))
    create(store)
    create(other, values={"user": "somebody else"})
    assert read(store) == VALUES
    assert read(other) == {"user": "somebody else"}


def test_a_locked_keyring_is_named(store: SecretStore, working: MemoryKeyring) -> None:
    create(store)
    working.locked = True
    before, index = dict(working.kept), store.index_file.read_bytes()
    with pytest.raises(SecretStoreError, match="it is locked") as caught:
        read(store)
    assert "Unlock" in caught.value.hint
    with pytest.raises(SecretStoreError, match="it is locked"):
        store.update("db", functools.partial(_with_password, "new"))
    with pytest.raises(SecretStoreError, match="it is locked"):
        store.delete("db")
    assert (working.kept, store.index_file.read_bytes()) == (before, index)
    working.locked = False
    assert read(store) == VALUES


def test_a_keyring_that_does_not_keep_values_is_noticed(store: SecretStore, working: MemoryKeyring) -> None:
    working.forgets = True
    with pytest.raises(SecretStoreError, match="did not keep"):
        create(store)
    assert store.index().secrets == []


def test_values_that_are_gone_from_a_keyring_are_named(store: SecretStore, working: MemoryKeyring) -> None:
    create(store)
    working.kept.clear()
    with pytest.raises(SecretStoreError, match="'db' are not in the keyring any more"):
        read(store)
    store.rename("db", "base", _anything_goes)
    with pytest.raises(SecretStoreError, match="'base' are not in the keyring any more"):
        read(store, "base")
    store.delete("base")
    assert store.index().secrets == []


@pytest.mark.parametrize("text", ["no JSON", "[]", '{"user": 1}'])
def test_damaged_values_in_a_keyring_are_mended_as_the_message_says(
    store: SecretStore, working: MemoryKeyring, text: str
) -> None:
    create(store)
    working.kept = dict.fromkeys(working.kept, text)
    with pytest.raises(SecretStoreError, match="'db' are not in the keyring any more") as caught:
        read(store)
    assert "update db" in caught.value.hint
    assert "delete the secret" in caught.value.hint
    store.update("db", functools.partial(_with_password, "new"))
    assert read(store) == {"password": "new"}
    working.kept = dict.fromkeys(working.kept, text)
    store.delete("db")
    assert not working.kept


def test_secrets_of_a_keyring_say_so_where_it_does_not_work(store: SecretStore) -> None:
    for backend in _use(MemoryKeyring()):
        create(store)
        assert backend is keyring.get_keyring()
    before = store.index_file.read_bytes()
    with pytest.raises(SecretStoreError, match="keyring does not work here"):
        read(store)
    assert store.index_file.read_bytes() == before


@pytest.mark.usefixtures("plain")
def test_a_keyring_of_plain_text_is_not_used() -> None:
    assert choose_backend() == "file"


def test_a_stand_in_is_no_keyring() -> None:
    assert choose_backend() == "file"


def test_the_variable_decides(working: MemoryKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_backend() == "keyring"
    monkeypatch.setenv("STACKYARD_SECRETS_BACKEND", "file")
    assert choose_backend() == "file"
    for wrong in ("environment", "vault"):
        monkeypatch.setenv("STACKYARD_SECRETS_BACKEND", wrong)
        with pytest.raises(SecretStoreError, match=wrong):
            choose_backend()
