"""What a materializer is, and the small safe preview that it writes."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import field
from typing import Any, ClassVar

from stackyard.model.artifact import Manifest, Preview
from stackyard.model.record import Record
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers import registered

PREVIEW_ROWS = 50
PREVIEW_COLUMNS = 50
PREVIEW_TEXT = 10_000
PREVIEW_CELL = 200


class Saved(Record, frozen=False):
    """What is known of a value after saving it."""

    shape: list[int] | None = None
    preview: Preview = field(default_factory=Preview)
    deterministic: bool = True
    """False: for this value equal values may give other bytes, although the materializer promises them otherwise."""
    unsafe: bool = False
    """True: loading this value can run code that the data names, although loading others can't."""
    data_format: str = ""
    """Of this value; empty: the materializer's."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """What the version's metadata begins with; what JSON can't hold becomes text."""


class NotStorableError(Exception):
    """A materializer found while saving that it can't hold this very value; the next one is asked."""


class Materializer(ABC):
    """Saves and loads values of some types. Subclasses have no fields: one instance serves all.

    Subclasses of users store values of their types in all steps once they are made or imported, unless they say
    ``SKIP_REGISTRATION = True``; and only those that declare it themselves are deterministic.
    """

    name: ClassVar[str] = ""
    """Of ours; manifests name others by where their class is."""
    data_format: ClassVar[str] = "files"
    types: ClassVar[tuple[type | str, ...]] = ()
    """The types, or their import paths ``module.qualname``; subclasses of them are taken too; empty: any."""
    deterministic: ClassVar[bool] = True
    """Equal values give equal bytes."""
    unsafe: ClassVar[bool] = False
    """Loading can run code that the data names."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Have a class of a user's stored values of its types.

        Equal files of such a class need not mean equal values: they may only say where the data is.
        """
        super().__init_subclass__(**kwargs)
        registered.record(cls)
        if registered.is_of_user(cls) and not any(
            "deterministic" in vars(b) for b in cls.__mro__ if registered.is_of_user(b)
        ):
            cls.deterministic = False

    def accepts(self, value: Any) -> bool:  # noqa: ARG002  # subclasses look at it
        """Tell whether this very value can be saved and comes back equal."""
        return True

    @abstractmethod
    def save(self, value: Any, writer: VersionWriter) -> Saved | None:
        """Write the value's files; None: nothing more is known of it.

        Raises:
            NotStorableError: before any file is written; the value is pickled instead.
        """

    @abstractmethod
    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Return the value; its files are checked before they are read."""


def type_path(value: Any) -> str:
    """Return the import path of a value's type."""
    return path_of(type(value))


def path_of(cls: type) -> str:
    """Return the import path of a type; built-in types without their module."""
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def safe_cell(value: Any) -> Any:
    """Return a JSON value that shows a cell; long texts are cut, other objects become their text."""
    if value is None or isinstance(value, (bool, int)):
        return value if not isinstance(value, int) or abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    text = (value if isinstance(value, str) else str(value)).encode("utf-8", errors="replace").decode()
    return text if len(text) <= PREVIEW_CELL else text[: PREVIEW_CELL - 1] + "…"
