"""Single values of Python, and numpy's scalars, as tagged JSON: ``{"$date": "2026-11-22"}``.

Each type has one tag. What is written reads well, and comes back exactly: Decimals with all their digits, times with
their zone and fold.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable
from typing import Any

from stackyard.model.errors import MaterializationError
from stackyard.model.plain import is_plain
from stackyard.storage.materializers.base import type_path

Tagged = dict[str, Any]


def encode_scalar(value: Any) -> Tagged | None:
    """Return a value as tagged JSON; None: it is none of these, or would not come back as it is."""
    encode = _ENCODERS.get(type_path(value))
    if encode is not None:
        return encode(value)
    return _numpy(value) if type(value).__module__ == "numpy" else None


def _int(value: int) -> Tagged:
    return {"$int": hex(value)}


def _complex(value: complex) -> Tagged:
    return {"$complex": [value.real, value.imag]}


def _bytes(value: bytes) -> Tagged:
    return {"$bytes": base64.b64encode(value).decode("ascii")}


def _range(value: range) -> Tagged | None:
    ends = [value.start, value.stop, value.step]
    return {"$range": [_integer(n) for n in ends]} if all(type(n) is int for n in ends) else None


def _integer(value: int) -> int | Tagged:
    return value if is_plain(value) else _int(value)


def _decimal(value: Any) -> Tagged:
    return {"$decimal": str(value)}


def _fraction(value: Any) -> Tagged:
    return {"$fraction": [_integer(value.numerator), _integer(value.denominator)]}


def _uuid(value: Any) -> Tagged:
    return {"$uuid": str(value)}


def _date(value: Any) -> Tagged:
    return {"$date": value.isoformat()}


def _timedelta(value: Any) -> Tagged:
    return {"$timedelta": [value.days, value.seconds, value.microseconds]}


def _datetime(value: Any) -> Tagged | None:
    return _with_zone("$datetime", value)


def _time(value: Any) -> Tagged | None:
    return _with_zone("$time", value)


def _with_zone(tag: str, value: Any) -> Tagged | None:
    """Return a time; one with an unnamed fixed offset carries it in its text."""
    zone = value.tzinfo
    found: Tagged = {}
    if zone is not None:
        written = encode_scalar(zone)
        if written is None:
            return None
        if type(written["$zone"]) is str or len(written["$zone"]) > 1:
            found["zone"] = written["$zone"]
            value = value.replace(tzinfo=None)
    if value.fold:
        found["fold"] = 1
    return {tag: value.isoformat(), **found}


def _timezone(value: Any) -> Tagged:
    offset, *name = value.__getinitargs__()
    return {"$zone": [offset.total_seconds(), *name]}


def _zone_info(value: Any) -> Tagged | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415

    try:
        found = value.key is not None and ZoneInfo(value.key) is value
    except (ZoneInfoNotFoundError, ValueError):
        found = False
    return {"$zone": value.key} if found else None


def _numpy(value: Any) -> Tagged | None:
    numpy = sys.modules["numpy"]
    if not isinstance(value, numpy.generic):
        return None
    dtype = value.dtype
    if dtype.kind not in _NUMPY or dtype.metadata is not None or numpy.dtype(dtype.str).type is not type(value):
        return None
    if dtype.kind in "fc" and dtype.itemsize > (8 if dtype.kind == "f" else 16):
        return None
    return {"$numpy": dtype.str, "value": _NUMPY[dtype.kind](value)}


_NUMPY: dict[str, Callable[[Any], Any]] = {
    "b": bool,
    "i": int,
    "u": int,
    "f": float,
    "c": lambda value: [float(value.real), float(value.imag)],
    "U": str,
    "S": lambda value: base64.b64encode(bytes(value)).decode("ascii"),
    "M": lambda value: int(value.view("i8")),
    "m": lambda value: int(value.view("i8")),
}
"""Kind of a numpy type to what stands for its scalars."""

_ENCODERS: dict[str, Callable[[Any], Tagged | None]] = {
    "int": _int,
    "complex": _complex,
    "bytes": _bytes,
    "range": _range,
    "decimal.Decimal": _decimal,
    "fractions.Fraction": _fraction,
    "uuid.UUID": _uuid,
    "datetime.date": _date,
    "datetime.datetime": _datetime,
    "datetime.time": _time,
    "datetime.timedelta": _timedelta,
    "datetime.timezone": _timezone,
    "zoneinfo.ZoneInfo": _zone_info,
}


# Reading: whatever a damaged file holds ends in one of the errors that the caller expects.


def _read_integer(node: Any) -> int:
    return int(node["$int"], 16) if isinstance(node, dict) else node


def _read_fraction(node: Tagged) -> Any:
    from fractions import Fraction  # noqa: PLC0415

    numerator, denominator = map(_read_integer, node["$fraction"])
    return Fraction(numerator, denominator)


def _read_decimal(node: Tagged) -> Any:
    from decimal import Decimal  # noqa: PLC0415

    return Decimal(node["$decimal"])


def _read_uuid(node: Tagged) -> Any:
    from uuid import UUID  # noqa: PLC0415

    return UUID(node["$uuid"])


def _read_date(node: Tagged) -> Any:
    from datetime import date  # noqa: PLC0415

    return date.fromisoformat(node["$date"])


def _read_timedelta(node: Tagged) -> Any:
    from datetime import timedelta  # noqa: PLC0415

    days, seconds, microseconds = node["$timedelta"]
    return timedelta(days, seconds, microseconds)


def _read_datetime(node: Tagged) -> Any:
    from datetime import datetime  # noqa: PLC0415

    return _read_zoned(datetime.fromisoformat(node["$datetime"]), node)


def _read_time(node: Tagged) -> Any:
    from datetime import time  # noqa: PLC0415

    return _read_zoned(time.fromisoformat(node["$time"]), node)


def _read_zoned(value: Any, node: Tagged) -> Any:
    zone = _read_zone({"$zone": node["zone"]}) if "zone" in node else value.tzinfo
    return value.replace(tzinfo=zone, fold=node.get("fold", 0))


def _read_zone(node: Tagged) -> Any:
    from datetime import timedelta, timezone  # noqa: PLC0415

    zone = node["$zone"]
    if isinstance(zone, list):
        return timezone(timedelta(seconds=zone[0]), *zone[1:])
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415

    try:
        return ZoneInfo(zone)
    except ZoneInfoNotFoundError as error:
        raise MaterializationError(
            f"A stored time is of the zone {zone!r}, which is not known on this machine.",
            hint="Install the package tzdata.",
        ) from error


def _read_numpy(node: Tagged) -> Any:
    import numpy as np  # noqa: PLC0415

    dtype, value = np.dtype(node["$numpy"]), node["value"]
    if dtype.kind not in _NUMPY:
        raise ValueError(f"no scalar of {dtype}")
    if dtype.kind in "US":
        return np.str_(value) if dtype.kind == "U" else np.bytes_(base64.b64decode(value, validate=True))
    if dtype.kind in "mM":
        return np.array(value, "i8").view(dtype)[()]
    return np.array(complex(*value) if dtype.kind == "c" else value, dtype)[()]


DECODERS: dict[str, Callable[[Tagged], Any]] = {
    "$int": _read_integer,
    "$complex": lambda node: complex(*node["$complex"]),
    "$bytes": lambda node: base64.b64decode(node["$bytes"], validate=True),
    "$range": lambda node: range(*map(_read_integer, node["$range"])),
    "$decimal": _read_decimal,
    "$fraction": _read_fraction,
    "$uuid": _read_uuid,
    "$date": _read_date,
    "$datetime": _read_datetime,
    "$time": _read_time,
    "$timedelta": _read_timedelta,
    "$zone": _read_zone,
    "$numpy": _read_numpy,
}
"""Tag to what reads a value. Each may raise what the standard library raises for a text or number that is none."""
