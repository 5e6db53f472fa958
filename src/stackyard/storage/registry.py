"""The registry of stacks and components: one JSON file, changed under a lock, replaced at once.

Invariant: readers take no lock and see the state before or after a change, never something between.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Protocol, TypeVar

from pydantic import ValidationError

from stackyard.model.base import check_format, newer_format
from stackyard.model.errors import FormatTooNewError, RegistryDamagedError, StorageError
from stackyard.model.stack import REGISTRY_FORMAT, Registry, default_registry
from stackyard.storage.atomic import remove_leftovers, write_atomic
from stackyard.storage.home import Home, not_writable
from stackyard.storage.host import reason_of
from stackyard.storage.locking import file_lock

T = TypeVar("T")


class RegistryStore(Protocol):
    """Where a registry is kept; a team's database can stand behind it as well."""

    def read(self) -> Registry:
        """Return the registry as it is now; the caller's own copy."""

    def change(self, edit: Callable[[Registry], T]) -> T:
        """Apply an edit to the newest registry and keep the result, or raise and keep nothing."""


class FileRegistryStore:
    """A registry in a home."""

    def __init__(self, home: Home) -> None:
        """Remember the home; nothing is read or made."""
        self.home = home

    def read(self) -> Registry:
        """Return the registry; that of an empty home has just the defaults.

        Raises:
            RegistryDamagedError: the file is no registry; names the last good copy.
            FormatTooNewError: a newer major version wrote it.
            StorageError: it can't be read.
        """
        path = self.home.registry_file
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return default_registry()
        except NotADirectoryError as error:
            raise not_writable(self.home.root, error) from error
        except OSError as error:
            raise StorageError(f"The registry {path} can't be read: {reason_of(error)}.") from error
        return self._parse(text)

    def change(self, edit: Callable[[Registry], T]) -> T:
        """Lock, read, edit, replace; the copy of the last good content is written after.

        Raises:
            StackyardError: what ``edit`` or reading raised; nothing was changed.
            HomeNotWritableError: the home can't be written; nothing was changed.
        """
        self.home.ensure()
        with file_lock(self.home.registry_lock, "registry"):
            registry = self.read()
            result = edit(registry)
            registry.format = newer_format(registry.format, REGISTRY_FORMAT)
            data = registry.model_dump_json(indent=2).encode("utf-8", errors="surrogatepass") + b"\n"
            try:
                remove_leftovers(self.home.registry_file)
                write_atomic(self.home.registry_file, data)
                write_atomic(self.home.registry_copy, data)
            except OSError as error:
                raise not_writable(self.home.root, error) from error
        return result

    def _parse(self, text: bytes) -> Registry:
        path = self.home.registry_file
        try:
            document = json.loads(text)
            if not isinstance(document, dict) or "format" not in document:
                raise self._damaged("it is not a registry document")
            if not check_format(document["format"], REGISTRY_FORMAT):
                raise FormatTooNewError(
                    f"The registry {path} has format {document['format']}; this Stackyard reads up to "
                    f"{REGISTRY_FORMAT}. It was left untouched.",
                    hint="Upgrade Stackyard in this environment.",
                )
            return _with_defaults(Registry.model_validate(document))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise self._damaged(f"{where}: {first['msg']}") from error
        except (ValueError, RecursionError) as error:
            raise self._damaged(str(error)) from error

    def _damaged(self, why: str) -> RegistryDamagedError:
        path, copy = self.home.registry_file, self.home.registry_copy
        hint = "Nothing was changed."
        if copy.exists():
            hint = f'The last good copy is {copy}. Restore it with: cp "{copy}" "{path}"'
        return RegistryDamagedError(f"The registry {path} is damaged ({why}).", hint=hint)


def _with_defaults(registry: Registry) -> Registry:
    """Put back what is always there, should somebody have edited it out of the file."""
    defaults = default_registry()
    known = {component.id for component in registry.components} | {stack.id for stack in registry.stacks}
    registry.components[:0] = [component for component in defaults.components if component.id not in known]
    registry.stacks[:0] = [stack for stack in defaults.stacks if stack.id not in known]
    return registry
