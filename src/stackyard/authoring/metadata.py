"""Metadata: names to JSON values that users log with runs, steps, artifacts and models."""

from __future__ import annotations

import math
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from stackyard.model.errors import MaterializationError
from stackyard.model.names import with_article


def jsonable_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return metadata as JSON values.

    Raises:
        MaterializationError: a value is no JSON value.
    """
    found: dict[str, Any] = {}
    for name, value in metadata.items():
        item = getattr(value, "item", None)
        plain = item() if callable(item) and getattr(value, "ndim", None) == 0 else value
        try:
            found[str(name)] = _strict(to_jsonable_python(plain))
        except (PydanticSerializationError, ValueError) as error:
            raise MaterializationError(
                f"The metadata value {name!r} is {with_article(type(value).__name__)}, which is no JSON value.",
                hint="Log numbers, texts, lists and dicts; return other values from the step.",
            ) from error
    return found


def _strict(value: Any) -> Any:
    """Return a JSON value with NaN and infinity as texts: JSON has no numbers for them, and readers stumble."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [_strict(item) for item in value]
    return {key: _strict(item) for key, item in value.items()} if isinstance(value, dict) else value
