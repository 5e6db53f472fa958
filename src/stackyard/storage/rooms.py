"""Rooms: a folder and two files for the next artifact version, made while a worker waits for its next step.

Making a folder and two files is a third of what it costs to store a small value. A worker makes them when it has told
how its step ended; a version takes them by renaming: the folder, a file of data, the manifest. Until then they lie in
``<root>/artifacts/.rooms/<run id>-<pid>/``; the run's driver removes what is left of them at its end.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from stackyard.storage.atomic import OLD_FILE, write_file

_ROOMS = ".rooms"


def make_folder(folder: str) -> None:
    """Make a new folder; most artifacts have versions already, and with them the folder that it is to lie in."""
    try:
        os.mkdir(folder)  # noqa: PTH102  # every step comes here: a Path costs as much as the folder
    except FileNotFoundError:
        os.makedirs(folder)  # noqa: PTH103  # as above


class Rooms:
    """The room of one process in one store. Whatever can't be done here is done without it, by whoever asks."""

    def __init__(self, top: str) -> None:
        """Remember where artifacts lie; make nothing."""
        self._top = f"{top}/{_ROOMS}"
        self._folder = ""
        """To become a version's; empty: there is none."""
        self._files: list[str] = []
        """Empty ones, to become a version's."""
        self._pid = 0
        """Of the process that made them: what it forks has none."""

    def make(self, run_id: str) -> None:
        """Make what is not there."""
        if self._pid != os.getpid():
            self._pid, self._folder, self._files = os.getpid(), "", []
        place = f"{self._top}/{run_id}-{self._pid}"
        with contextlib.suppress(OSError):
            if not self._folder:
                folder = f"{place}/version"
                make_folder(folder)
                self._folder = folder
            for file in (f"{place}/one", f"{place}/other"):
                if file not in self._files:
                    write_file(file, b"")
                    self._files.append(file)

    def take(self, folder: str) -> bool:
        """Let the room become this folder, which is not there; return whether it did."""
        room, self._folder = self._folder, ""
        if not room or self._pid != os.getpid():
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

    def write(self, path: str, data: bytes) -> os.stat_result | None:
        """Let a file with this content become ``path``; return what it is then, None if it did not."""
        if not self._files or self._pid != os.getpid():
            return None
        file = self._files.pop()
        try:
            stat = write_file(file, data, flags=OLD_FILE)
            os.replace(file, path)  # noqa: PTH105  # as above
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(file)  # noqa: PTH108  # as above
            return None
        return stat

    def clear(self, run_id: str) -> None:
        """Remove the rooms of a run's workers, which are gone."""
        with contextlib.suppress(OSError):
            for place in Path(self._top).glob(f"{run_id}-*"):
                shutil.rmtree(place, ignore_errors=True)
            Path(self._top).rmdir()  # unless another run has some
