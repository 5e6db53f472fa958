"""Views of stacks and components, apart from those of runs: short commands load these alone."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from stackyard.model.base import no_entries, no_items
from stackyard.model.enums import ActiveStackOrigin, ComponentType


class View(BaseModel):
    """Base of the views; forbids unknown keys so that a typo is found at once."""

    model_config = ConfigDict(extra="forbid", defer_build=True, protected_namespaces=())


class ErrorView(View):
    """An error as data."""

    code: str
    message: str
    hint: str = ""
    location: dict[str, Any] | None = None
    """``file``, ``line``, ``column``; counted from 1."""
    problems: list[ErrorView] = Field(default_factory=no_items)
    """Of an error that stands for several (D107): each of them."""


class ComponentView(View):
    """A stack component with its facts."""

    id: str
    name: str
    component_type: ComponentType
    flavor: str
    owner: str = ""
    shared: bool = False
    labels: dict[str, str] = Field(default_factory=no_entries)
    configuration: dict[str, Any] = Field(default_factory=no_entries)
    """Every field of the flavor, defaults included, paths absolute."""
    active: bool = False
    """Part of the active stack."""
    stacks: list[str] = Field(default_factory=no_items)
    """Names of the stacks that use it."""
    created_at: str = ""
    flavor_doc: str = ""
    """One sentence on what the flavor does."""


class StackView(View):
    """A stack with its components."""

    id: str
    name: str
    active: bool = False
    origin: ActiveStackOrigin | None = None
    """Of the active stack: who chose it."""
    origin_text: str = ""
    """The same in words: ``set for this project (/path)``."""
    owner: str = ""
    shared: bool = False
    labels: dict[str, str] = Field(default_factory=no_entries)
    components: list[ComponentView] = Field(default_factory=no_items)
    """Orchestrator first, artifact store second, others in the order of the component types."""
    created_at: str = ""


class ActiveStackView(View):
    """The active stack and why it is the active one."""

    name: str
    id: str = ""
    origin: ActiveStackOrigin
    origin_text: str
    error: ErrorView | None = None
    """Set when the chosen stack does not exist any more."""
    stack: StackView | None = None
    warning: str = ""
    """After a switch: why the new choice has no effect yet (an environment variable overrides it)."""


class ProjectView(View):
    """A project: the scope of runs, artifacts and the active stack."""

    id: str
    name: str
    root: str = ""
    """Absolute; empty for the home scope."""
    file: str = ""
    """Its ``stackyard.yaml``, if there is one."""
