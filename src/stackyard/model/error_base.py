"""The base of every error that a user can meet; the tree is in :mod:`stackyard.model.errors`."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

EXIT_BUG = 70


class Location(NamedTuple):
    """A place in a file: ``line`` and ``column`` count from 1; 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return ``file:line`` as editors and terminals make clickable."""
        return f"{self.file}:{self.line}" if self.line else self.file


class StackyardError(Exception):
    """Base of every error that is the user's to mend."""

    code: ClassVar[str] = "G100"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", location: Location | None = None, **details: Any) -> None:
        """Make the error.

        Args:
            message: what happened, and to what; one sentence without a trailing hint.
            hint: what to do about it; may name a command.
            location: file and line where that helps.
            details: JSON values for machines (``data`` of JSON-RPC and ``--json``).
        """
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.location = location
        self.details = details

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep all fields when the error travels between processes."""
        return (_rebuild, (type(self), self.message, self.hint, self.location, self.details))

    def as_dict(self) -> dict[str, Any]:
        """Return the wire form used by ``--json``, JSON-RPC and the run's rows."""
        location = (
            {"file": self.location.file, "line": self.location.line, "column": self.location.column}
            if self.location
            else None
        )
        return {"code": self.code, "message": self.message, "hint": self.hint, "location": location}

    def _render_traceback_(self) -> list[str]:
        """Return what notebooks show (IPython asks exceptions so) instead of a traceback through our own frames."""
        lines = [f"{type(self).__name__}: {self.placed()}", *self.problem_lines()]
        lines.extend(str(self.details.get("traceback") or "").splitlines())
        return [*lines, *([f"Hint: {self.hint}"] if self.hint else [])]

    def problem_lines(self) -> list[str]:
        """Return the problems that this error stands for, numbered, each with its hint; none for most errors."""
        lines: list[str] = []
        for number, problem in enumerate(getattr(self, "errors", ()), 1):
            lines.append(f"{number:3}. {problem.placed()}")
            lines.extend(f"     {line}" for line in problem.hint.splitlines())
        return lines

    def placed(self) -> str:
        """Return the message with its place in front, unless it names it itself."""
        place = f"{self.location}: " if self.location and str(self.location) not in self.message else ""
        return f"{place}{self.message}"


def _rebuild(
    cls: type[StackyardError], message: str, hint: str, location: Location | None, details: dict[str, Any]
) -> StackyardError:
    return cls(message, hint=hint, location=location, **details)


def error_from(found: dict[str, Any], otherwise: type[StackyardError] = StackyardError) -> StackyardError:
    """Return an error of another process, given as its ``as_dict``, as the class of the same code.

    Args:
        found: the wire form.
        otherwise: the class for a code that is not known here.
    """
    place = found.get("location")
    location = Location(place["file"], place["line"], place["column"]) if place else None
    more = {key: value for key, value in found.items() if key not in ("code", "message", "hint", "location")}
    kinds: list[type[StackyardError]] = [StackyardError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    known = next((kind for kind in kinds if kind.code == found.get("code")), otherwise)
    return known(found["message"], hint=found.get("hint", ""), location=location, **more)
