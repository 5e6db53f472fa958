"""The version of Stackyard that the server carries, without importing it."""

from __future__ import annotations

import re
from pathlib import Path

_BUNDLED = Path(__file__).resolve().parents[2]


def stackyard_version() -> str:
    """Return the bundled package's version; in a checkout the one of ``pyproject.toml``."""
    for info in (_BUNDLED / "libs").glob("stackyard-*.dist-info"):
        return info.name.removeprefix("stackyard-").removesuffix(".dist-info")
    try:
        text = (_BUNDLED.parent / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return "0"
    found = re.search(r'^version = "([^"]+)"', text, re.MULTILINE)
    return found.group(1) if found else "0"
