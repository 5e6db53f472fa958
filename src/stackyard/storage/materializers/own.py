"""A user's materializer class at work: whatever it does wrong is said with its name."""

from __future__ import annotations

import errno
from typing import Any

from stackyard.model.artifact import Manifest
from stackyard.model.errors import MaterializationError, PackageMissingError, StackyardError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers import registered
from stackyard.storage.materializers.base import Materializer, NotStorableError, Saved, path_of, type_path
from stackyard.storage.materializers.folder_style import BaseMaterializer, load_from_folder, save_in_folder

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class OwnMaterializer(Materializer):
    """Saves and loads through a class of a user's, of either style."""

    def __init__(self, cls: type[Materializer | BaseMaterializer]) -> None:
        """Make the class's instance, if it needs none for each value."""
        self._folder_style = cls if issubclass(cls, BaseMaterializer) else None
        self._plain = cls() if issubclass(cls, Materializer) else None
        self._types = registered.types_of(cls)
        self.reference = registered.reference_of(cls)
        for name in ("data_format", "deterministic", "unsafe"):
            setattr(self, name, getattr(cls, name))

    def accepts(self, value: Any) -> bool:
        """Take values of the types that the class names, and that it accepts.

        Raises:
            MaterializationError: the class fails.
        """
        if self._types and not any(name in self._types for name in map(path_of, type(value).__mro__)):
            return False
        try:
            return self._plain is None or bool(self._plain.accepts(value))
        except Exception as error:  # the user's: it can raise anything
            raise self._failed("look at", type_path(value), error) from error

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Let the class write the value's files.

        Raises:
            MaterializationError: it failed, wrote nothing, or gave something else than it may.
        """
        before = len(writer.files)
        try:
            if self._plain is not None:
                saved: Any = self._plain.save(value, writer)
            else:
                assert self._folder_style is not None  # noqa: S101  # it is one of the two
                saved = save_in_folder(self._folder_style, value, writer)
        except (NotStorableError, StackyardError):
            raise
        except Exception as error:  # the user's: it can raise anything
            if isinstance(error, OSError) and error.errno in _NO_ROOM:
                raise
            raise self._failed("store", type_path(value), error) from error
        if len(writer.files) == before:
            raise MaterializationError(
                f"The materializer {self.reference} wrote no file for a value of type {type_path(value)}.",
                hint="Write below self.uri in save(self, data)."
                if self._folder_style
                else "Give files to the writer in save(self, value, writer): writer.write(name, data).",
            )
        if saved is not None and not isinstance(saved, Saved):
            raise MaterializationError(
                f"The materializer {self.reference} returned {type_path(saved)} from save, where nothing is expected.",
                hint="Write the value's files in save, and return nothing.",
            )
        return saved or Saved()

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Let the class read the value.

        Raises:
            MaterializationError: it failed, or gave a value of another type.
            PackageMissingError: it needs a package that is not installed.
        """
        try:
            if self._plain is not None:
                value = self._plain.load(store, uri, manifest)
            else:
                assert self._folder_style is not None  # noqa: S101  # it is one of the two
                value = load_from_folder(self._folder_style, store, uri, manifest)
        except StackyardError:
            raise
        except ModuleNotFoundError as error:
            raise PackageMissingError(
                f"Loading the artifact version at {uri} needs the module {error.name!r}, which is not installed here.",
                hint=f"Install the package that has it: the materializer {self.reference} imports it.",
            ) from error
        except Exception as error:  # the user's: it can raise anything
            raise self._failed("load", manifest.type, error) from error
        names = {cls.__qualname__ for cls in type(value).__mro__}
        wanted = [manifest.type, *self._types]
        if self._types and not any(each.rpartition(".")[2] in {n.rpartition(".")[2] for n in names} for each in wanted):
            raise MaterializationError(
                f"The materializer {self.reference} gave a value of type {type_path(value)} back, where one of type "
                f"{manifest.type} was stored.",
                hint="Return the value from load.",
            )
        return value

    def _failed(self, verb: str, kind: str, error: Exception) -> MaterializationError:
        return MaterializationError(
            f"The materializer {self.reference} can't {verb} a value of type {kind}: {type(error).__name__}: {error}.",
            hint="See the traceback, and mend the class.",
        )
