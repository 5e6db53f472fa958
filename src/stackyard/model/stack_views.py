"""Views around stacks: flavors, component types, secrets, checks, plans, integrations."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from stackyard.model.base import no_entries, no_items
from stackyard.model.basic_views import View
from stackyard.model.enums import ComponentType
from stackyard.model.flavor import SettingsScope

Severity = Literal["ok", "warning", "error"]


class FieldView(View):
    """A field of a flavor's configuration or settings."""

    name: str
    type: str
    """In words of JSON schema: ``string``, ``integer``, ``fail_fast | stop_on_failure``."""
    required: bool = False
    default: Any = None
    secret: bool = False
    """Takes a reference to a secret only."""
    doc: str = ""


class FlavorView(View):
    """A flavor with its fields."""

    name: str
    component_type: ComponentType
    doc: str = ""
    source: str = ""
    package: str = ""
    """Distribution that brings it: ``stackyard`` for those that come with it."""
    version: str = ""
    integration: str = ""
    requirements: list[str] = Field(default_factory=no_items)
    missing: list[str] = Field(default_factory=no_items)
    """Requirements that this environment lacks; empty where that was not looked at."""
    configuration: list[FieldView] = Field(default_factory=no_items)
    settings: list[FieldView] = Field(default_factory=no_items)
    settings_scope: SettingsScope = "step"


class ComponentTypeView(View):
    """A component type: what it is for, and what there is of it."""

    name: ComponentType
    title: str
    """In words: ``artifact store``."""
    command: str
    """The group on the command line: ``artifact-store``."""
    required: bool = False
    """Every stack has one."""
    doc: str = ""
    """One sentence."""
    explanation: str = ""
    """Paragraphs, separated by empty lines."""
    flavors: list[str] = Field(default_factory=no_items)
    n_components: int = 0


class SecretView(View):
    """A secret without its values."""

    name: str
    keys: list[str] = Field(default_factory=no_items)
    backend: str
    """``keyring``, ``file`` or ``environment``."""
    created_at: str = ""
    updated_at: str = ""
    used_by: list[str] = Field(default_factory=no_items)
    """Components that refer to it: ``artifact store my_store``."""


class FindingView(View):
    """What a check found."""

    severity: Severity
    code: str
    """Short and stable, for machines: ``requirement_missing``."""
    subject: str
    """The thing that was looked at: ``artifact store 'my_store'``."""
    message: str
    """One sentence: what is wrong, or what is right."""
    fix: str = ""
    """The command that mends it, or what to do; empty when nothing is wrong."""


class CheckView(View):
    """The findings about one stack, or about everything (``doctor``)."""

    subject: str
    """``stack 'my_stack'`` or ``this installation``."""
    usable: bool
    """No finding is an error."""
    findings: list[FindingView] = Field(default_factory=no_items)


class PlanItemView(View):
    """What applying a file does to one stack or component."""

    action: Literal["create", "change", "leave", "remove"]
    kind: Literal["component", "stack"]
    component_type: ComponentType | None = None
    name: str
    changes: dict[str, list[Any]] = Field(default_factory=no_entries)
    """Field to [value now, value after]; only for ``change``."""
    line: int = 0
    """Where the file says so, counted from 1."""


class PlanView(View):
    """What applying a file does: components in the order of their types and names, then stacks by name."""

    file: str
    items: list[PlanItemView] = Field(default_factory=no_items)
    applied: bool = False

    @property
    def drift(self) -> bool:
        """Tell whether the registry differs from the file."""
        return any(item.action != "leave" for item in self.items)


class IntegrationView(View):
    """A set of packages under one name, the name of an extra of the package."""

    name: str
    doc: str = ""
    requirements: list[str] = Field(default_factory=no_items)
    installed: bool = False
    """All requirements are met in the interpreter that was asked."""
    missing: list[str] = Field(default_factory=no_items)
    versions: dict[str, str] = Field(default_factory=no_entries)
    """Distribution to installed version."""
