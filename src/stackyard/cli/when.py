"""Moments as people type them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from stackyard.model.base import format_time
from stackyard.model.errors import UsageError

WHEN_HELP = "10m, 2h or 1d ago, or 2026-11-22T10:00 (local time)."
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment(given: str, option: str) -> str:
    """Return a time as the catalog writes it, from one, or from how long ago it was.

    Raises:
        UsageError: it is neither.
    """
    text = given.strip()
    found = re.fullmatch(r"(\d{1,9})\s*([smhd])", text)
    try:
        if found:
            return format_time(datetime.now(tz=timezone.utc) - timedelta(**{_UNITS[found[2]]: int(found[1])}))
        parsed = datetime.fromisoformat(re.sub("Z$", "+00:00", text))
        return format_time(parsed.astimezone())  # one without a zone is local
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"{option} {given!r} is no time.", hint=f"Write {WHEN_HELP}") from error
