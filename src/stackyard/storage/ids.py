"""New ids and the current time: the only places where randomness and the clock come in."""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone

from stackyard.model.base import format_time


def new_id() -> str:
    """Return a UUIDv7 (RFC 9562): ids of a process sort by the time at which they were made.

    The 12 bits after the version are the fraction of the millisecond (method 3 of section 6.2): 244 ns.
    """
    millis, nanos = divmod(time.time_ns(), 1_000_000)
    head = (millis << 16) | 0x7000 | (nanos << 12) // 1_000_000
    value = (head << 64) | (0x2 << 62) | int.from_bytes(os.urandom(8), "big") >> 2
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def moment_of(identifier: str) -> float:
    """Return when an id was made, in seconds since 1970; 0 when it is no UUIDv7."""
    digits = identifier.replace("-", "")
    try:
        return int(digits[:12], 16) / 1000 if len(digits) == 32 and digits[12] == "7" else 0.0
    except ValueError:
        return 0.0


def now() -> str:
    """Return the current moment as UTC ISO 8601 with milliseconds."""
    return format_time(datetime.now(tz=timezone.utc))
