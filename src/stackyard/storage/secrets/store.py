"""The secrets of a home: the index and the backends behind it.

Invariant: replacing the index is what makes a change. New values go to an entry of their own before, old entries are
forgotten after; a process that is killed in between leaves the secrets as they were, or as they should become.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection

from pydantic import ValidationError

from stackyard.model.base import check_format, newer_format
from stackyard.model.errors import FormatTooNewError, SecretNotFoundError, SecretStoreError
from stackyard.model.names import did_you_mean
from stackyard.model.secret import INDEX_FORMAT, IndexedSecret, SecretIndex
from stackyard.storage.atomic import remove_leftovers, write_atomic
from stackyard.storage.home import Home, not_writable
from stackyard.storage.host import reason_of
from stackyard.storage.ids import now
from stackyard.storage.locking import file_lock
from stackyard.storage.secrets.backends import SecretBackend, choose_backend, open_backend


class SecretStore:
    """Secrets that are stored; what the environment has is not its business."""

    def __init__(self, home: Home) -> None:
        """Remember the home; nothing is read or made."""
        self.home = home
        self.index_file = home.root / "secrets.json"
        self._lock = home.root / "secrets.lock"

    def index(self) -> SecretIndex:
        """Return what is known of the secrets without opening them.

        Raises:
            SecretStoreError: the index is damaged or can't be read.
            FormatTooNewError: a newer major version wrote it.
        """
        path = self.index_file
        try:
            document = json.loads(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return SecretIndex()
        except OSError as error:
            raise SecretStoreError(f"The list of secrets {path} can't be read: {reason_of(error)}.") from error
        except (ValueError, RecursionError):
            raise self._damaged() from None
        if not isinstance(document, dict) or "format" not in document:
            raise self._damaged()
        if not check_format(document["format"], INDEX_FORMAT):
            raise FormatTooNewError(
                f"The list of secrets {path} has format {document['format']}; this Stackyard reads up to "
                f"{INDEX_FORMAT}. It was left untouched.",
                hint="Upgrade Stackyard in this environment.",
            )
        try:
            return SecretIndex.model_validate(document)
        except ValidationError:
            raise self._damaged() from None

    def values(self, names: Collection[str]) -> dict[str, dict[str, str]]:
        """Return name to key to value of secrets; names that are not stored are left out.

        Raises:
            SecretStoreError: a backend can't be opened, or has lost the values.
            PackageMissingError: a backend's package is not installed.
        """
        found, lost = self._read(names)
        if lost:
            # Changed between our looks at the index and at the backend? Not so under the lock.
            self.home.ensure()
            with file_lock(self._lock, "secrets"):
                found, lost = self._read(names)
        if lost:
            raise SecretStoreError(
                f"The values of the secret {lost[0].name!r} are not in the {lost[0].backend} any more.",
                hint=f"Give them again: stackyard secret update {lost[0].name} --KEY=VALUE, or delete the secret.",
            )
        return found

    def create(self, name: str, values: dict[str, str], check: Callable[[SecretIndex], None]) -> IndexedSecret:
        """Store a new secret.

        Args:
            name: its name.
            values: key to value.
            check: raises when the secret can't be created in this index.

        Raises:
            StackyardError: what ``check`` raised, or no backend works; nothing was changed.
        """
        backend = choose_backend()

        def edit(index: SecretIndex) -> tuple[IndexedSecret, list[str]]:
            check(index)
            moment = now()
            secret = IndexedSecret(
                name=name, keys=list(values), backend=backend, entry=name, created_at=moment, updated_at=moment
            )
            index.secrets.append(secret)
            self._backend(secret.backend, index).write(secret.entry, values)
            return secret, [_other(secret.entry)]

        return self._change(edit)

    def update(self, name: str, change: Callable[[dict[str, str]], dict[str, str]]) -> IndexedSecret:
        """Change the values of a secret.

        Args:
            name: its name.
            change: takes the values and returns the new ones, or raises.

        Raises:
            SecretNotFoundError: there is none.
            StackyardError: what ``change`` raised, or the backend; nothing was changed.
        """

        def edit(index: SecretIndex) -> tuple[IndexedSecret, list[str]]:
            secret = require(index, name)
            backend = self._backend(secret.backend, index)
            old = secret.entry
            values = change(backend.read([old]).get(old, {}))
            secret.entry = _other(old)
            secret.keys = list(values)
            secret.updated_at = now()
            backend.write(secret.entry, values)
            return secret, [old]

        return self._change(edit)

    def rename(self, name: str, new_name: str, check: Callable[[SecretIndex], None]) -> IndexedSecret:
        """Give a secret another name.

        Args:
            name: its name.
            new_name: what it is called then.
            check: raises when nothing can be called so in this index.

        Raises:
            SecretNotFoundError: there is none.
            StackyardError: what ``check`` raised; nothing was changed.
        """

        def edit(index: SecretIndex) -> tuple[IndexedSecret, list[str]]:
            secret = require(index, name)
            check(index)
            backend = self._backend(secret.backend, index)
            old = secret.entry
            secret.name = secret.entry = new_name
            secret.updated_at = now()
            kept = backend.read([old])
            if old in kept:
                backend.write(new_name, kept[old])
            return secret, [old] if old != new_name else []

        return self._change(edit)

    def delete(self, name: str) -> IndexedSecret:
        """Delete a secret; return it as it was.

        Raises:
            SecretNotFoundError: there is none.
            SecretStoreError: its backend can't be opened, so its values would stay there; nothing was changed.
        """

        def edit(index: SecretIndex) -> tuple[IndexedSecret, list[str]]:
            secret = require(index, name)
            self._backend(secret.backend, index).read([secret.entry])
            index.secrets.remove(secret)
            return secret, [secret.entry, _other(secret.entry)]

        return self._change(edit)

    def _change(self, edit: Callable[[SecretIndex], tuple[IndexedSecret, list[str]]]) -> IndexedSecret:
        """Lock, read, edit, replace the index, forget the entries that the edit returned."""
        self.home.ensure()
        with file_lock(self._lock, "secrets"):
            index = self.index()
            index.home_id = index.home_id or uuid.uuid4().hex
            secret, stale = edit(index)
            index.format = newer_format(index.format, INDEX_FORMAT)
            try:
                remove_leftovers(self.index_file)
                write_atomic(self.index_file, index.model_dump_json(indent=2).encode() + b"\n", private=True)
            except OSError as error:
                raise not_writable(self.home.root, error) from error
            self._backend(secret.backend, index).delete(stale)
        return secret

    def _read(self, names: Collection[str]) -> tuple[dict[str, dict[str, str]], list[IndexedSecret]]:
        """Return what the backends have, and the secrets that they lack."""
        index = self.index()
        wanted = [secret for secret in index.secrets if secret.name in names]
        found: dict[str, dict[str, str]] = {}
        for backend in dict.fromkeys(secret.backend for secret in wanted):
            entries = {secret.entry: secret.name for secret in wanted if secret.backend == backend}
            for entry, values in self._backend(backend, index).read(entries).items():
                found[entries[entry]] = values
        return found, [secret for secret in wanted if secret.name not in found]

    def _backend(self, name: str, index: SecretIndex) -> SecretBackend:
        return open_backend(name, self.home, index.home_id)

    def _damaged(self) -> SecretStoreError:
        return SecretStoreError(
            f"The list of secrets {self.index_file} is damaged. It was left untouched.",
            hint="Restore the file from a backup, or move it away and create the secrets again.",
        )


def require(index: SecretIndex, name: str) -> IndexedSecret:
    """Return a stored secret.

    Raises:
        SecretNotFoundError: there is none of that name.
    """
    secret = index.find(name)
    if secret is not None:
        return secret
    known = [secret.name for secret in index.secrets]
    raise SecretNotFoundError(
        f"There is no secret {name[:60]!r}.",
        hint=f"{did_you_mean(name, known)} List them with: stackyard secret list".strip(),
    )


def _other(entry: str) -> str:
    """Return the second entry of a secret: what is written next, so that the first stays until the index changed."""
    return entry.removesuffix(_SECOND) if entry.endswith(_SECOND) else entry + _SECOND


_SECOND = "#2"
