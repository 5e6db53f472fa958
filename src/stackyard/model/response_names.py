"""What ZenML's responses are asked for: names with a ``.name``, configurations with attributes, moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from stackyard.model.names import did_you_mean


class Named(str):
    """A name, which is its own ``.name``: ``run.pipeline`` and ``run.pipeline.name`` are the same text."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """Return it as a plain text."""
        return str(self)


class Configuration:
    """What code and run configuration say of a step or run: ``config.parameters``, ``config.enable_cache``."""

    def __init__(self, parameters: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Take the facts; what nobody said is None.

        Args:
            parameters: name to value.
            values: everything else, by name.
        """
        resources = values.get("resources")
        self._values: dict[str, Any] = {
            "enable_cache": None, "extra": {}, "model": None, "retry": None, "substitutions": {}, "tags": [], **values,
            "parameters": dict(parameters), "settings": {"resources": resources} if resources else {},
        }  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._values:
            raise AttributeError(no_attribute("A configuration", name, list(self._values)))
        return self._values[name]

    def __repr__(self) -> str:
        return f"Configuration({self._values!r})"


def no_attribute(what: str, name: str, known: Sequence[str]) -> str:
    """Return that something lacks an attribute, and which one may be meant."""
    return f"{what} has no attribute {name!r}. {did_you_mean(name, [*known])}".rstrip()


def moment_of(text: str) -> datetime | None:
    """Return a UTC time of the catalog; None for an empty text."""
    if not text:
        return None
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
