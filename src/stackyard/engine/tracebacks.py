"""A failed step's traceback, cut to the user's frames."""

from __future__ import annotations

import importlib
import linecache
import os
import re
import runpy
import traceback
from types import TracebackType

from stackyard.authoring.frames import is_ours
from stackyard.model.errors import StackyardError
from stackyard.model.job import StepError

LONGEST_MESSAGE = 10_000
LONGEST_TRACEBACK = 100_000
"""Characters: an error may quote a whole table, and is kept with the run."""

_PLACE = re.compile(r'  File "([^"]+)", line (\d+), in ')
_OUR_ERRORS = re.compile(r"^stackyard\.model\.\w+\.(?=\w+:)", re.MULTILINE)
"""Where the classes of our errors are defined is nothing that anybody needs to know."""
_IMPORT_MACHINERY = ("<frozen importlib", str(importlib.__file__), str(runpy.__file__))
_DEBUGGER = os.path.join(os.path.dirname(runpy.__file__), "bdb.py")  # noqa: PTH118, PTH120  # Path costs a start more


def step_error(error: BaseException) -> StepError:
    """Return an exception as what is shown and stored: its text, the user's frames, the innermost one's place."""
    last = _innermost(error.__traceback__)
    message = _cut(storable(error.message if isinstance(error, StackyardError) else _text(error)), LONGEST_MESSAGE)
    hint = error.hint if isinstance(error, StackyardError) else ""
    file, line = last
    if not file and isinstance(error, StackyardError) and error.location:
        file, line = error.location.file, error.location.line
    trace = user_traceback(error)
    if isinstance(error, StackyardError) and trace == f"{type(error).__name__}: {error.message}":
        trace = ""  # no frame of the user's: the message says all
    return StepError(type=type(error).__name__, message=message, traceback=trace, file=file, line=line, hint=hint)


def user_traceback(error: BaseException) -> str:
    """Return the traceback as Python prints it, without frames of Stackyard and of the import machinery."""
    whole = traceback.TracebackException.from_exception(error, compact=True)
    seen: set[int] = set()
    pending: list[traceback.TracebackException] = [whole]
    while pending:
        part = pending.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        part.stack[:] = [f for f in part.stack if not _is_internal(f.filename)]
        members = getattr(part, "exceptions", None) or []  # of an exception group, from Python 3.11 on
        pending.extend(p for p in (part.__cause__, part.__context__, *members) if p is not None)
    text = _OUR_ERRORS.sub("", "".join(whole.format()).rstrip("\n"))
    return _cut(storable(text), LONGEST_TRACEBACK)


def with_source(trace: str) -> str:
    """Return a worker's traceback with the lines of code that only this process knows: those of a notebook's cells."""
    lines = trace.split("\n")
    shown: list[str] = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        shown.append(line)
        place = _PLACE.match(line)
        code = linecache.getline(place[1], int(place[2])).strip() if place and not after.startswith("    ") else ""
        if code:
            shown.append(f"    {code}")
    return "\n".join(shown)


def storable(text: str) -> str:
    """Return a text with what UTF-8 can't hold (names of files with undecodable bytes) spelled out."""
    return text.encode("utf-8", errors="backslashreplace").decode()


def _cut(text: str, longest: int) -> str:
    """Leave out the middle of a text that is too long."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n... ({len(text) - 2 * half} characters left out) ...\n{text[-half:]}"


def _is_internal(file: str) -> bool:
    return is_ours(file) or file == _DEBUGGER or file.startswith(_IMPORT_MACHINERY)


def _innermost(trace: TracebackType | None) -> tuple[str, int]:
    """Return file and line of the last frame that is the user's: outside of any installed package if there is one."""
    found = ("", 0)
    own = ("", 0)
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not _is_internal(file) and not file.startswith("<frozen"):
            found = (file, trace.tb_lineno)
            if "site-packages" not in file and "dist-packages" not in file:
                own = found
        trace = trace.tb_next
    return own if own[0] else found


def _text(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  # a user's __str__ can raise
        text = ""
    return text or type(error).__name__
