"""Who holds a lock: a note beside the lock file, for people who wait and for checks. No lock depends on it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from datetime import datetime, timezone
from pathlib import Path

from stackyard.model.record import Record
from stackyard.storage.host import host_name, process_exists
from stackyard.storage.ids import now


class Holder(Record):
    """A process that holds a lock; ``pid`` is 0 when it is not known."""

    pid: int = 0
    host: str = ""
    command: str = ""
    """Program and subcommand; never options or values, which may be secret."""
    since: str = ""
    """UTC ISO 8601."""

    def __str__(self) -> str:
        """Return it in words."""
        if not self.pid:
            return "a process that is not known"
        try:
            moment = datetime.strptime(self.since, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
        except ValueError:
            age = ""
        else:
            age = f", since {max((datetime.now(timezone.utc) - moment).total_seconds(), 0):.0f} s"
        return f"`{self.command}` (pid {self.pid} on {self.host}{age})"


def who_holds(path: Path) -> Holder:
    """Return who holds a lock that is known to be held."""
    try:
        note = json.loads(_note(path).read_bytes())
        holder = Holder(int(note["pid"]), str(note["host"]), str(note["command"]), str(note["since"]))
    except (OSError, ValueError, LookupError, TypeError):
        return Holder()
    # A killed holder leaves its note, and the next may not have been able to write one.
    return Holder() if holder.host == host_name() and not process_exists(holder.pid) else holder


def write_holder(path: Path) -> None:
    """Note that this process holds a lock; the caller does."""
    note = {"pid": os.getpid(), "host": host_name(), "command": _command(), "since": now()}
    # Only the holder writes it, so the name may be fixed, and nothing is lost with it: it is not synced.
    temporary = path.with_name(f"{path.name}.holder.new")
    try:
        temporary.write_text(json.dumps(note), encoding="utf-8")
        temporary.replace(_note(path))
    except OSError:
        for leftover in (temporary, _note(path)):
            with contextlib.suppress(OSError):
                leftover.unlink()


def forget_holder(path: Path) -> None:
    """Remove the note, before the lock is given back."""
    with contextlib.suppress(OSError):
        _note(path).unlink()


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.holder")


def _command() -> str:
    program, *words = sys.argv or [""]
    name = Path(program).name
    if name == "__main__.py":
        name = Path(program).parent.name
    if name.removesuffix(".exe") != "stackyard":
        return name if name not in ("", "-c") else "python"
    commands = []
    for word in words[:2]:
        if word.startswith("-"):
            break
        commands.append(word)
    return " ".join(["stackyard", *commands])
