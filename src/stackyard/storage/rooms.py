"""Rooms: a folder and a file for the next artifact version, made while a worker waits for its next step.

Making a folder and two files is a third of what it costs to store a small value. A worker makes the folder and the
file of the manifest when it has told how its step ended; a version takes them by renaming. Until then they lie in
``<root>/artifacts/.rooms/<run id>-<pid>/``; the run's driver removes what is left of them at its end.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from stackyard.storage.atomic import NEW_FILE, write_all

_ROOMS = ".rooms"


class Rooms:
    """The room of one process in one store. Whatever can't be done here is done without it, by whoever asks."""

    def __init__(self, top: str) -> None:
        """Remember where artifacts lie; make nothing."""
        self._top = f"{top}/{_ROOMS}"
        self._folder = ""
        """To become a version's; empty: there is none."""
        self._file = ""
        """To become a manifest."""

    def make(self, run_id: str) -> None:
        """Make what is not there."""
        place = f"{self._top}/{run_id}-{os.getpid()}"
        with contextlib.suppress(OSError):
            if not self._folder:
                folder = f"{place}/version"
                try:
                    os.mkdir(folder)  # noqa: PTH102  # as for versions
                except FileNotFoundError:
                    os.makedirs(folder)  # noqa: PTH103  # as above
                self._folder = folder
            if not self._file:
                file = f"{place}/manifest"
                os.close(os.open(file, NEW_FILE, 0o666))
                self._file = file

    def take(self, folder: str) -> bool:
        """Let the room become this folder, which is not there; return whether it did."""
        room, self._folder = self._folder, ""
        if not room:
            return False
        try:
            os.rename(room, folder)  # noqa: PTH104  # as above
        except FileNotFoundError:  # the artifact is new, or somebody removed the room
            try:
                os.makedirs(os.path.dirname(folder), exist_ok=True)  # noqa: PTH103, PTH120  # as above
                os.rename(room, folder)  # noqa: PTH104  # as above
            except OSError:
                return False
        except OSError:
            return False
        return True

    def write(self, path: str, data: bytes) -> bool:
        """Let the file with this content become ``path``; return whether it did."""
        file, self._file = self._file, ""
        if not file:
            return False
        try:
            descriptor = os.open(file, os.O_WRONLY | getattr(os, "O_BINARY", 0))
            try:
                write_all(descriptor, data)
            finally:
                os.close(descriptor)
            os.replace(file, path)  # noqa: PTH105  # as above
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(file)  # noqa: PTH108  # as above
            return False
        return True

    def clear(self, run_id: str) -> None:
        """Remove the rooms of a run's workers, which are gone."""
        with contextlib.suppress(OSError):
            for place in Path(self._top).glob(f"{run_id}-*"):
                shutil.rmtree(place, ignore_errors=True)
            Path(self._top).rmdir()  # unless another run has some
