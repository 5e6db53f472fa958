"""What is known of a flavor without importing it: its descriptor, as the registry keeps it for flavors from outside."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from stackyard.model.base import Persisted, no_entries, no_items
from stackyard.model.enums import ComponentType

SettingsScope = Literal["pipeline", "step"]
"""Whether settings count for a run as a whole only, or for each step (a pipeline's are its steps' defaults)."""


class FlavorDescriptor(Persisted):
    """A flavor as data: enough to list, describe, validate and complete; never enough to run."""

    name: str
    component_type: ComponentType | str = Field(union_mode="left_to_right")
    """A text when a newer minor version knows more types."""
    doc: str = ""
    """One sentence: what it does."""
    source: str = ""
    """``module:attribute`` of the :class:`~stackyard.flavors.base.Flavor`."""
    package: str = ""
    """Distribution that brings it; empty for those that come with Stackyard."""
    version: str = ""
    """Version of that distribution when the descriptor was written."""
    requirements: list[str] = Field(default_factory=no_items)
    """What must be installed where it runs, as pip takes it."""
    integration: str = ""
    """Name of the integration that installs the requirements; empty without one."""
    configuration_schema: dict[str, Any] = Field(default_factory=no_entries)
    """JSON schema of a component's configuration; a property with ``"secret": true`` takes a secret reference only."""
    settings_schema: dict[str, Any] | None = None
    """JSON schema of the settings in code and run configuration; None when it has none."""
    settings_scope: SettingsScope | str = "step"
    """Another word when a newer minor version knows more scopes."""
    registered_at: str = ""
    """UTC ISO 8601."""
