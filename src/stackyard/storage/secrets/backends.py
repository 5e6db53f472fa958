"""What keeps the values of secrets, and which of them is used."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Collection
from typing import Protocol

from stackyard.model.errors import PackageMissingError, SecretStoreError
from stackyard.storage.home import Home
from stackyard.storage.secrets import environment

BACKEND_VARIABLE = "STACKYARD_SECRETS_BACKEND"
KEYRING = "keyring"
FILE = "file"


class SecretBackend(Protocol):
    """Keeps values under entries. Each call takes effect as a whole or not at all."""

    def read(self, entries: Collection[str]) -> dict[str, dict[str, str]]:
        """Return the values of the entries that are there."""

    def write(self, entry: str, values: dict[str, str]) -> None:
        """Keep values under an entry."""

    def delete(self, entries: Collection[str]) -> None:
        """Forget entries; one that is not there is no error."""


def open_backend(name: str, home: Home, home_id: str) -> SecretBackend:
    """Return a backend that values are kept in.

    Args:
        name: ``keyring`` or ``file``.
        home: whose secrets.
        home_id: tells homes apart in the keyring.

    Raises:
        PackageMissingError: its package is not installed.
        SecretStoreError: it does not work here, or a newer version made it.
    """
    if name == KEYRING:
        try:
            from stackyard.storage.secrets.system_keyring import SystemKeyring  # noqa: PLC0415  # slow to import
        except ImportError as error:
            raise packages_missing("keyring") from error
        return SystemKeyring(home_id)
    if name == FILE:
        from stackyard.storage.secrets.encrypted_file import EncryptedFile  # noqa: PLC0415  # only here

        return EncryptedFile(home)
    raise SecretStoreError(
        f"This Stackyard does not know where {name[:60]!r} keeps secrets.",
        hint="Upgrade Stackyard in this environment.",
    )


def choose_backend() -> str:
    """Return the name of the backend for new secrets: what the variable says, else the best that works here.

    Raises:
        PackageMissingError: none works, since their packages are not installed.
        SecretStoreError: the variable names none, or one that can't be written.
    """
    chosen = os.environ.get(BACKEND_VARIABLE, "").strip().lower()
    if chosen in (KEYRING, FILE):
        return chosen
    if chosen == environment.BACKEND:
        raise SecretStoreError(
            f"Secrets can't be stored: {BACKEND_VARIABLE}={chosen} takes them from the environment only.",
            hint=f"Set {environment.PREFIX}<NAME>__<KEY> for each value, or unset {BACKEND_VARIABLE}.",
        )
    if chosen:
        raise SecretStoreError(
            f"{BACKEND_VARIABLE}={chosen[:60]!r} names no place for secrets.",
            hint=f"Set it to {KEYRING}, {FILE} or {environment.BACKEND}, or unset it.",
        )
    if importlib.util.find_spec("keyring") is not None:
        from stackyard.storage.secrets.system_keyring import works  # noqa: PLC0415

        if works():
            return KEYRING
    if importlib.util.find_spec("cryptography") is not None:
        return FILE
    raise packages_missing("cryptography")


def packages_missing(package: str) -> PackageMissingError:
    """Return the error for a package that secrets need."""
    return PackageMissingError(
        f"Secrets can't be opened: the package {package} is not installed.",
        hint="Install it with: stackyard integration install secrets (or set "
        f"{environment.PREFIX}<NAME>__<KEY> for each value).",
    )
