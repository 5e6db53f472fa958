"""A condition's value, as the user wrote it, as what its column holds.

Invariant: the functions raise UsageError for what doesn't fit, naming column, type and what would fit.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta, timezone
from typing import Any

from stackyard.model.errors import UsageError
from stackyard.model.reading import Condition

_DURATION = re.compile(r"(?P<sign>-?)(?:(?P<days>\d+) days?,? ?)?(?:(?P<h>\d+):(?P<m>\d\d):(?P<s>\d\d(?:\.\d+)?))?")
_FRACTION = re.compile(r"(?<=:\d\d)\.(\d+)")


def as_number(condition: Condition, dtype: str) -> int | float:
    """Return an int or a float."""
    value = condition.value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        for kind in (int, float):
            try:
                number = kind(value)
            except ValueError:
                continue
            if number == number:  # noqa: PLR0124  # no NaN
                return number
    raise misfit(condition, dtype, "a number, such as 30 or 0.5")


def as_boolean(condition: Condition, dtype: str) -> bool:
    """Return True or False."""
    value = condition.value
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise misfit(condition, dtype, "true or false")


def as_text(condition: Condition, dtype: str) -> str:
    """Return a text; a number as it is written."""
    value = condition.value
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise misfit(condition, dtype, "a text")


def as_moment(condition: Condition, dtype: str, zone: str | None = None) -> datetime:
    """Return a moment without a zone: in UTC if the column has a zone, else as it is written.

    Args:
        condition: whose value.
        dtype: of the column.
        zone: of the column; a text without one is taken to be in it.
    """
    wanted = "a day or moment, such as 2026-11-01 or 2026-11-01 12:30:00"
    try:
        text = _to_microseconds(str(condition.value).strip())
        moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text)
    except ValueError:
        raise misfit(condition, dtype, wanted) from None
    if zone is None:
        if moment.tzinfo is not None:
            raise misfit(condition, dtype, f"{wanted}, without a time zone")
        return moment
    try:
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=_zone(zone))
        return moment.astimezone(timezone.utc).replace(tzinfo=None)
    except (ValueError, OverflowError, LookupError):
        raise misfit(condition, dtype, f"{wanted}, with its offset: 2026-11-01 12:30:00+00:00") from None


def nanoseconds_of(condition: Condition) -> int:
    """Return what a time has beyond microseconds: 0 to 999."""
    found = _FRACTION.search(str(condition.value))
    return int(found[1].ljust(9, "0")[6:9]) if found else 0


def as_time_of_day(condition: Condition, dtype: str) -> timedelta:
    """Return the time since midnight."""
    try:
        found = time.fromisoformat(_to_microseconds(str(condition.value).strip()))
    except ValueError:
        found = time(tzinfo=timezone.utc)
    if found.tzinfo is not None:
        raise misfit(condition, dtype, "a time of day, such as 12:30:00")
    return timedelta(hours=found.hour, minutes=found.minute, seconds=found.second, microseconds=found.microsecond)


def as_duration(condition: Condition, dtype: str) -> timedelta:
    """Return a duration: seconds, or as Python and pandas print one."""
    wanted = "a duration: seconds, such as 1.5, or 2 days 01:30:00"
    text = str(condition.value).strip()
    try:
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        found = _DURATION.fullmatch(text)
    if found is None or not (found["days"] or found["h"]):
        raise misfit(condition, dtype, wanted)
    parts = {"days": int(found["days"] or 0), "hours": int(found["h"] or 0), "minutes": int(found["m"] or 0)}
    duration = timedelta(seconds=float(found["s"] or 0), **parts)
    return -duration if found["sign"] else duration


def misfit(condition: Condition, dtype: str, wanted: str) -> UsageError:
    """Return the error for a value that its column can't be compared with."""
    return UsageError(
        f"The column {condition.column!r} holds {dtype}: it can't be compared with {condition.value!r}.",
        hint=f"Give {wanted}.",
    )


def no_order(column: str, dtype: str) -> UsageError:
    """Return the error for sorting by a column whose values have no order."""
    return UsageError(
        f"The column {column!r} holds {dtype}, which has no order.", hint="Sort by another column, or by none."
    )


def no_such_comparison(condition: Condition, dtype: str, allowed: str) -> UsageError:
    """Return the error for an operator that a column's type does not know."""
    return UsageError(
        f"The column {condition.column!r} holds {dtype}: it can't be asked for {condition.op!r}.",
        hint=f"Possible there: {allowed}.",
    )


def _to_microseconds(text: str) -> str:
    """Return a time with six digits of a second: older Pythons read three or six alone."""
    return _FRACTION.sub(lambda found: f".{found[1][:6]:0<6}", text)


def _zone(name: str) -> Any:
    if re.fullmatch(r"[+-]\d\d:\d\d", name):
        return datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # few conditions need it

    return ZoneInfo(name)
