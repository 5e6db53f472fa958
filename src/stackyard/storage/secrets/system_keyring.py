"""Values in the operating system's keyring: macOS Keychain, Windows Credential Locker, Secret Service, KWallet."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator

import keyring
from keyring import errors

from stackyard.model.errors import SecretStoreError
from stackyard.model.redaction import Redactor

_REMEDY = "Unlock the keyring, or keep new secrets in an encrypted file: STACKYARD_SECRETS_BACKEND=file"


def works() -> bool:
    """Tell whether there is a keyring that is fit for secrets: not a stand-in, and not one that writes plain text."""
    try:
        # Keyring's own line between what it recommends and stand-ins, plain-text files and the like.
        return bool(keyring.get_keyring().priority >= 1)
    except Exception:  # noqa: BLE001  # backends of others raise what they like
        return False


class SystemKeyring:
    """One entry a secret, as JSON, under the service ``stackyard:<home id>``."""

    def __init__(self, home_id: str) -> None:
        """Take the home's id.

        Raises:
            SecretStoreError: there is no keyring that works.
        """
        if not works():
            raise SecretStoreError(
                "The system keyring does not work here: there is none, or it is not fit for secrets.",
                hint="Start a desktop session with one, or keep new secrets in an encrypted file: "
                "STACKYARD_SECRETS_BACKEND=file",
            )
        self._service = f"stackyard:{home_id}"

    def read(self, entries: Collection[str]) -> dict[str, dict[str, str]]:
        """Return the values of the entries that are there and whole.

        Raises:
            SecretStoreError: the keyring is locked or refuses.
        """
        found = {}
        for entry in entries:
            with _explained("read"):
                text = keyring.get_password(self._service, entry)
            values = _parsed(text)
            if values is not None:
                found[entry] = values
        return found

    def write(self, entry: str, values: dict[str, str]) -> None:
        """Keep values under an entry.

        Raises:
            SecretStoreError: the keyring is locked or refuses, or does not keep what it was given.
        """
        text = json.dumps(values)
        with _explained("written", values.values()):
            keyring.set_password(self._service, entry, text)
            kept = keyring.get_password(self._service, entry)
        if kept != text:
            raise SecretStoreError("The system keyring did not keep the values that it was given.", hint=_REMEDY)

    def delete(self, entries: Collection[str]) -> None:
        """Forget entries.

        Raises:
            SecretStoreError: the keyring is locked or refuses.
        """
        for entry in entries:
            with _explained("changed"):
                if keyring.get_password(self._service, entry) is not None:
                    keyring.delete_password(self._service, entry)


@contextlib.contextmanager
def _explained(verb: str, values: Collection[str] = ()) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001  # backends of others raise what they like
        why = "it is locked" if isinstance(error, errors.KeyringLocked) else Redactor(values).clean(str(error).strip())
        # Not "from": the values might be in the chained text.
        raise SecretStoreError(
            f"The system keyring can't be {verb}: {why or type(error).__name__}.", hint=_REMEDY
        ) from None


def _parsed(text: str | None) -> dict[str, str] | None:
    """Return the values of an entry; None when it is not there, or damaged: both are mended by giving them again."""
    try:
        values = json.loads(text) if text is not None else None
    except (ValueError, RecursionError):
        return None
    whole = isinstance(values, dict) and all(isinstance(value, str) for value in values.values())
    return values if whole else None
