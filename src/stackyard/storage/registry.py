"""The registry of stacks and components: one JSON file, changed under a lock, replaced at once.

Invariant: readers take no lock and see the state before or after a change, never something between.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

from pydantic import ValidationError

from stackyard.model.base import check_format, newer_format
from stackyard.model.errors import (
    ConfigurationError,
    ConflictError,
    FormatTooNewError,
    RegistryDamagedError,
    StorageError,
)
from stackyard.model.stack import REGISTRY_FORMAT, Registry, default_registry
from stackyard.storage.atomic import remove_leftovers, write_atomic, write_with_copy
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


class RegistryRestored(NamedTuple):
    """What restoring the last good copy did."""

    registry: Path
    """The registry file, whole again."""
    copy: Path
    """The last good copy that it was restored from."""
    damaged: Path | None
    """Where the damaged file is kept; None when there was no file any more."""
    n_stacks: int
    n_components: int


class FileRegistryStore:
    """A registry in a home."""

    def __init__(self, home: Home) -> None:
        """Remember the home; nothing is read or made."""
        self.home = home

    def read(self) -> Registry:
        """Return the registry; that of an empty home has just the defaults.

        Raises:
            RegistryDamagedError: the file is no registry; the hint says what restores it.
            FormatTooNewError: a newer major version wrote it.
            StorageError: it can't be read.
        """
        path = self.home.registry_file
        for _ in range(2):
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                if not self.home.registry_copy.exists():
                    return default_registry()
            except NotADirectoryError as error:
                raise not_writable(self.home.root, error) from error
            except OSError as error:
                raise StorageError(
                    f"The registry {path} can't be read: {reason_of(error)}.",
                    hint="Change the permissions of the file.",
                ) from error
            else:
                try:
                    return _parse(content, path)
                except ValueError as error:
                    raise self._damaged(f"is damaged ({error})") from error
        # Not made between the two looks either: somebody removed it. A change would begin with nothing.
        raise self._damaged("is gone, although there is a copy of it")

    def change(self, edit: Callable[[Registry], T]) -> T:
        """Lock, read, edit, replace; the copy of the last good content is written after.

        An edit that leaves everything as it was writes nothing.

        Raises:
            StackyardError: what ``edit`` or reading raised; nothing was changed.
            ConfigurationError: a text is not UTF-8, such as a path of another encoding; nothing was changed.
            HomeNotWritableError: the home can't be written; nothing was changed.
            LockTimeoutError: others held the registry for too long; nothing was changed.
        """
        self.home.ensure()
        with file_lock(self.home.registry_lock, "registry"):
            registry = self.read()
            registry.format = newer_format(registry.format, REGISTRY_FORMAT)
            before = _bytes_of(registry)
            result = edit(registry)
            data = _bytes_of(registry)
            try:
                remove_leftovers(self.home.registry_file, self.home.registry_copy)
                if data != before:
                    write_with_copy(self.home.registry_file, self.home.registry_copy, data)
            except OSError as error:
                raise not_writable(self.home.root, error) from error
        return result

    def restore(self) -> RegistryRestored:
        """Put the last good copy in the place of a damaged registry, and keep the damaged file beside it.

        Raises:
            ConflictError: the registry is in order.
            RegistryDamagedError: there is no good copy.
            FormatTooNewError: a newer major version wrote the registry or its copy.
            HomeNotWritableError: the home can't be written; nothing was changed.
        """
        path, copy = self.home.registry_file, self.home.registry_copy
        self.home.ensure()
        with file_lock(self.home.registry_lock, "registry"):
            try:
                self.read()
            except RegistryDamagedError:
                content, registry = self._good_copy()
            else:
                raise ConflictError(
                    f"The registry {path} is in order: nothing was restored.",
                    hint="See what else may be wrong with: stackyard doctor",
                )
            try:
                kept = None
                if path.exists():
                    kept = _free_name(path)
                    write_atomic(kept, path.read_bytes())
                write_atomic(path, content)
            except OSError as error:
                raise not_writable(self.home.root, error) from error
        return RegistryRestored(path, copy, kept, len(registry.stacks), len(registry.components))

    def _good_copy(self) -> tuple[bytes, Registry]:
        """Return the last good copy's content and the registry in it.

        Raises:
            RegistryDamagedError: there is none.
            FormatTooNewError: a newer major version wrote it.
        """
        path, copy = self.home.registry_file, self.home.registry_copy
        cause: Exception
        try:
            content = copy.read_bytes()
            return content, _parse(content, copy)
        except FileNotFoundError as error:
            why, cause = f"there is no copy {copy}", error
        except OSError as error:
            why, cause = f"its copy {copy} can't be read: {reason_of(error)}", error
        except ValueError as error:
            why, cause = f"so is its copy {copy} ({error})", error
        away = "; ".join(f'mv "{file}" "{file}.damaged"' for file in (path, copy) if file.exists())
        raise RegistryDamagedError(
            f"The registry {path} is damaged, and {why}.",
            hint=f"Mend the file by hand, or begin with an empty registry: {away}",
        ) from cause

    def _damaged(self, what: str) -> RegistryDamagedError:
        path, copy = self.home.registry_file, self.home.registry_copy
        try:
            self._good_copy()
        except RegistryDamagedError as error:
            return error
        except FormatTooNewError:
            pass  # the same command says so
        return RegistryDamagedError(
            f"The registry {path} {what}.",
            hint=f"The last good copy is {copy}. Restore it with: stackyard doctor --repair",
        )


def _bytes_of(registry: Registry) -> bytes:
    from pydantic_core import PydanticSerializationError  # noqa: PLC0415  # readers never need it

    try:
        return registry.model_dump_json(indent=2).encode() + b"\n"
    except PydanticSerializationError as error:
        raise ConfigurationError(
            "One of the values that were given is not UTF-8 text, and can't be stored.",
            hint="Write it as UTF-8; a path of another encoding can be renamed. Nothing was changed.",
        ) from error


def _parse(content: bytes, path: Path) -> Registry:
    """Return the registry in a file's content.

    Raises:
        ValueError: it is none; says why.
        FormatTooNewError: a newer major version wrote it.
    """
    try:
        document = json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(document, dict) or "format" not in document:
        raise ValueError("it is not a registry document")
    if not str(document["format"]).split(".")[0].isdecimal():
        raise ValueError(f"its format is {document['format']!r}")
    if not check_format(document["format"], REGISTRY_FORMAT):
        raise FormatTooNewError(
            f"The registry {path} has format {document['format']}; this Stackyard reads up to {REGISTRY_FORMAT}. "
            "It was left untouched.",
            hint="Upgrade Stackyard in this environment.",
        )
    try:
        return _with_defaults(Registry.model_validate(document))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}") from error


def _free_name(path: Path) -> Path:
    """Return a name beside the registry for the damaged file, with the time."""
    moment = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    names = (f"{path.stem}.damaged-{moment}{suffix}.json" for suffix in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(found for name in names if not (found := path.with_name(name)).exists())


def _with_defaults(registry: Registry) -> Registry:
    """Put back what is always there, should somebody have edited it out of the file."""
    defaults = default_registry()
    known = {component.id for component in registry.components} | {stack.id for stack in registry.stacks}
    registry.components[:0] = [component for component in defaults.components if component.id not in known]
    registry.stacks[:0] = [stack for stack in defaults.stacks if stack.id not in known]
    return registry
