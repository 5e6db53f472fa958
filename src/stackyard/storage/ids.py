"""New ids and the current time: the only places where randomness and the clock come in."""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone

from stackyard.model.base import format_time


def new_id() -> str:
    """Return a UUIDv7 (RFC 9562): ids sort by the millisecond in which they were made."""
    millis = time.time_ns() // 1_000_000
    value = (millis << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
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
