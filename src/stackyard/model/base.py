"""Bases of the persisted and of the passing values.

Validators are built at the first use (``defer_build``): a short command pays only for the models that it touches.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from pydantic import BaseModel, ConfigDict


def no_items() -> list[Any]:
    """Return a new, empty list: as a field's default factory, where pydantic would read ``list``'s signature.

    For that Python takes the builtin's documentation to pieces: the fields of a few models cost a short command more
    than reading the registry.
    """
    return []


def no_entries() -> dict[Any, Any]:
    """Return a new, empty dictionary: as :func:`no_items`."""
    return {}


class Persisted(BaseModel):
    """A value that is written to disk and may have been written by a newer minor version.

    Unknown keys are kept and written back, so that an older version never loses a newer one's data.
    """

    model_config = ConfigDict(extra="allow", defer_build=True, protected_namespaces=())


class Message(BaseModel):
    """A value that travels between processes of the same version; unknown keys are a bug.

    NaN and infinity travel as such: by pydantic's default a step would get None for them.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True, protected_namespaces=(), ser_json_inf_nan="constants")


def format_time(moment: datetime) -> str:
    """Return an aware moment as UTC ISO 8601 with milliseconds: ``2026-11-21T10:00:00.123Z``."""
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"  # far quicker than strftime


def seconds_between(start: str, end: str) -> float:
    """Return the seconds between two moments, as :func:`format_time` writes them; 0 if they come the other way."""
    # Far quicker than strptime.
    first, last = (datetime.fromisoformat(moment.replace("Z", "+00:00")) for moment in (start, end))
    return max(0.0, round((last - first).total_seconds(), 3))


def check_format(found: str, supported: str) -> bool:
    """Tell whether a ``major.minor`` format can be read; only a newer major can't."""
    try:
        return int(str(found).split(".", maxsplit=1)[0]) <= int(supported.split(".", maxsplit=1)[0])
    except ValueError:
        return False


def newer_format(one: str, other: str) -> str:
    """Return the newer of two ``major.minor`` formats: what a file carries after a write by either version."""

    def numbers(text: str) -> list[int]:
        return [int(part) for part in text.split(".")[:2] if part.isdecimal()]

    return max(one, other, key=numbers)
