"""Values in one encrypted file of the home, by the library cryptography: Fernet, with a key file or a passphrase.

The key file lies outside of the home on purpose: a home that is copied or backed up gives nothing away.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackyard.model.base import check_format, newer_format
from stackyard.model.errors import FormatTooNewError, SecretStoreError
from stackyard.storage.atomic import json_bytes, remove_leftovers, write_atomic
from stackyard.storage.home import Home, not_writable
from stackyard.storage.host import expand, reason_of
from stackyard.storage.locking import file_lock
from stackyard.storage.secrets.backends import packages_missing

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

FILE_FORMAT = "1.0"
KEY_FILE_VARIABLE = "STACKYARD_SECRETS_KEY_FILE"
PASSPHRASE_VARIABLE = "STACKYARD_SECRETS_PASSPHRASE"  # noqa: S105  # the name, not the value
_SCRYPT = {"n": 2**17, "r": 8, "p": 1}
_MAX_SCRYPT_MEMORY = 2**30
"""A forged file must not take all memory."""


class EncryptedFile:
    """All values of a home in ``secrets.enc``. Changes are made with the home's secrets lock held."""

    def __init__(self, home: Home) -> None:
        """Take the home; nothing is read or made.

        Raises:
            PackageMissingError: the package cryptography is not installed.
        """
        try:
            import cryptography.fernet  # noqa: F401, PLC0415  # slow to import; only here
        except ImportError as error:
            raise packages_missing("cryptography") from error
        self.home = home
        self.path = home.root / "secrets.enc"

    def read(self, entries: Collection[str]) -> dict[str, dict[str, str]]:
        """Return the values of the entries that are there.

        Raises:
            SecretStoreError: the key is missing or wrong, or the file is damaged.
            FormatTooNewError: a newer major version wrote it.
        """
        document = self._document()
        if document is None:
            return {}
        kept = self._decrypted(document, self._key(document["key"]))["secrets"]
        return {entry: dict(kept[entry]) for entry in entries if entry in kept}

    def write(self, entry: str, values: dict[str, str]) -> None:
        """Keep values under an entry.

        Raises:
            SecretStoreError: as for reading; the file is as it was.
            HomeNotWritableError: it can't be written.
        """
        document = self._document()
        content: dict[str, Any] = {"secrets": {}}
        if document is None:
            document = {"format": FILE_FORMAT, "key": _new_key()}
            key = self._key(document["key"])
        else:
            key = self._key(document["key"])
            content = self._decrypted(document, key)
        content["secrets"][entry] = values
        self._write(document, content, key)

    def delete(self, entries: Collection[str]) -> None:
        """Forget entries.

        Raises:
            SecretStoreError: as for reading; the file is as it was.
            HomeNotWritableError: it can't be written.
        """
        document = self._document()
        if document is None:
            return
        key = self._key(document["key"])
        content = self._decrypted(document, key)
        gone = content["secrets"].keys() & set(entries)
        for entry in gone:
            del content["secrets"][entry]
        if gone:
            self._write(document, content, key)

    def _document(self) -> dict[str, Any] | None:
        try:
            document = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SecretStoreError(f"The secrets {self.path} can't be read: {reason_of(error)}.") from error
        except (ValueError, RecursionError):
            raise self._damaged() from None
        if not isinstance(document, dict) or "format" not in document:
            raise self._damaged()
        if not check_format(document["format"], FILE_FORMAT):
            raise FormatTooNewError(
                f"The secrets {self.path} have format {document['format']}; this Stackyard reads up to {FILE_FORMAT}. "
                "They were left untouched.",
                hint="Upgrade Stackyard in this environment.",
            )
        if not isinstance(document.get("key"), dict) or not isinstance(document.get("data"), str):
            raise self._damaged()
        return document

    def _decrypted(self, document: dict[str, Any], key: Fernet) -> dict[str, Any]:
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        try:
            content = json.loads(key.decrypt(document["data"]))
        except InvalidToken:
            if document["key"].get("kind") == "passphrase":
                raise SecretStoreError(
                    f"The secrets {self.path} can't be decrypted: the passphrase is wrong, or the file is damaged.",
                    hint=f"Set {PASSPHRASE_VARIABLE} to the passphrase they were made with. Nothing was changed.",
                ) from None
            raise self._damaged() from None
        except ValueError:
            raise self._damaged() from None
        if not isinstance(content, dict) or not isinstance(content.get("secrets"), dict):
            raise self._damaged()
        return content

    def _write(self, document: dict[str, Any], content: dict[str, Any], key: Fernet) -> None:
        document["format"] = newer_format(document["format"], FILE_FORMAT)
        document["data"] = key.encrypt(json.dumps(content).encode()).decode("ascii")
        try:
            remove_leftovers(self.path)
            write_atomic(self.path, json_bytes(document), private=True)
        except OSError as error:
            raise not_writable(self.home.root, error) from error

    def _key(self, described: dict[str, Any]) -> Fernet:
        """Return the key that a file describes.

        Raises:
            SecretStoreError: it is not there, or it is another one.
        """
        from cryptography.fernet import Fernet  # noqa: PLC0415

        if described.get("kind") == "key_file":
            key = _read_key_file(key_file(), self.path)
            if described.get("fingerprint") != _fingerprint(key):
                raise SecretStoreError(
                    f"The secrets {self.path} were encrypted with another key file than {key_file()}.",
                    hint=_remedy(self.path),
                )
            return Fernet(key)
        passphrase = os.environ.get(PASSPHRASE_VARIABLE, "")
        if described.get("kind") != "passphrase":
            raise self._damaged()
        if not passphrase:
            raise SecretStoreError(
                f"The secrets {self.path} are encrypted with a passphrase, and none is given.",
                hint=f"Set {PASSPHRASE_VARIABLE} to it.",
            )
        try:
            salt = base64.b64decode(described["salt"], validate=True)
            n, r, p = (int(described[name]) for name in ("n", "r", "p"))
            if 128 * n * r * p > _MAX_SCRYPT_MEMORY:
                raise self._damaged()
            return Fernet(_derived(passphrase, salt, n, r, p))
        except (KeyError, TypeError, ValueError):
            raise self._damaged() from None

    def _damaged(self) -> SecretStoreError:
        return SecretStoreError(
            f"The secrets {self.path} are damaged. They were left untouched.",
            hint="Restore the file from a backup, or move it away and create the secrets again.",
        )


def key_file() -> Path:
    """Return where the key file is: what the variable says, else in the user's configuration folder."""
    given = os.environ.get(KEY_FILE_VARIABLE, "")
    if given:
        return Path(expand(given))
    import platformdirs  # noqa: PLC0415  # not needed when the variable is set

    return Path(platformdirs.user_config_dir("stackyard", appauthor=False)) / "secrets.key"


def _new_key() -> dict[str, Any]:
    """Return how a new file describes its key; the key file is made if there is none."""
    if os.environ.get(PASSPHRASE_VARIABLE):
        return {"kind": "passphrase", "kdf": "scrypt", "salt": base64.b64encode(os.urandom(16)).decode(), **_SCRYPT}
    path = key_file()
    _make_key_file(path)
    return {"kind": "key_file", "fingerprint": _fingerprint(_read_key_file(path, None))}


def _make_key_file(path: Path) -> None:
    from cryptography.fernet import Fernet  # noqa: PLC0415

    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Homes share the key file, so their own locks don't help.
        with file_lock(path.with_name(f"{path.name}.lock"), "key file"):
            if not path.exists():
                write_atomic(path, Fernet.generate_key() + b"\n", private=True)
    except OSError as error:
        raise SecretStoreError(
            f"The key file {path} can't be made: {reason_of(error)}.",
            hint=f"Set {KEY_FILE_VARIABLE} to a file that you can write, or {PASSPHRASE_VARIABLE}.",
        ) from error


def _read_key_file(path: Path, secrets: Path | None) -> bytes:
    """Return the key.

    Args:
        path: the key file.
        secrets: what it opens, if that is there already.

    Raises:
        SecretStoreError: there is no such file, it can't be read, or it holds no key.
    """
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise SecretStoreError(
            f"The key file {path} can't be read: {reason_of(error)}.", hint=_remedy(secrets)
        ) from error
    try:
        whole = len(base64.urlsafe_b64decode(key)) == 32
    except ValueError:
        whole = False
    if whole:
        return key
    raise SecretStoreError(f"The file {path} holds no key.", hint=_remedy(secrets))


def _remedy(secrets: Path | None) -> str:
    """Return what helps when the key file is not the right one."""
    if secrets is None:
        return f"Set {KEY_FILE_VARIABLE} to a key file, or to a file that does not exist yet."
    return (
        f"Set {KEY_FILE_VARIABLE} to the right key file. If that is lost, move {secrets} away and give the values "
        "again with: stackyard secret update NAME --interactive"
    )


def _fingerprint(key: bytes) -> str:
    """Return what tells a key from others without giving it away: the key is random and long."""
    return hashlib.sha256(b"stackyard secrets key\0" + key).hexdigest()[:16]


@functools.lru_cache(maxsize=4)
def _derived(passphrase: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    """Return the key of a passphrase; slow on purpose, so a process does it once."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415

    derived = Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase.encode("utf-8", errors="surrogateescape"))
    return base64.urlsafe_b64encode(derived)
