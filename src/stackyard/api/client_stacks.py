"""``Client``: stacks, stack components and flavors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from stackyard.api import component_changes, components, flavors, stack_changes, stacks
from stackyard.api.asking import asks
from stackyard.api.context import Context
from stackyard.api.lookup import find_component_type
from stackyard.model.enums import ComponentType
from stackyard.model.stack_views import FlavorView
from stackyard.model.views import ComponentView, StackView

T = TypeVar("T")
NamesByType = Mapping[str, str] | Mapping[ComponentType, str]
"""Component type to name or id: the type as a word or as a member of the enum."""


class StackMethods:
    """Stacks, stack components and flavors."""

    _context: Context

    @property
    @asks
    def active_stack(self) -> StackView:
        """Return the active stack.

        Raises:
            ActiveStackGoneError: it does not exist any more.
        """
        return stacks.get_stack(self._context)

    def activate_stack(self, stack_name_id_or_prefix: str) -> None:
        """Make a stack the active one.

        Raises:
            StackNotFoundError: there is none.
        """
        stacks.set_active_stack(self._context, stack_name_id_or_prefix)

    @asks
    def get_stack(self, name_id_or_prefix: str | None = None) -> StackView:
        """Return a stack; the active one without a name."""
        return stacks.get_stack(self._context, name_id_or_prefix)

    @asks
    def list_stacks(self) -> list[StackView]:
        """Return all stacks, the active one first."""
        return stacks.list_stacks(self._context)

    def create_stack(self, name: str, components: NamesByType, labels: dict[str, str] | None = None) -> StackView:
        """Register a stack; ``components`` maps component type to name or id."""
        return stacks.register_stack(self._context, name, {str(k): v for k, v in components.items()}, labels)

    def update_stack(
        self,
        name_id_or_prefix: str | None = None,
        name: str | None = None,
        labels: Mapping[str, str | None] | None = None,
        component_updates: NamesByType | None = None,
    ) -> StackView:
        """Rename or change a stack, the active one without a name, all or nothing.

        Args:
            name_id_or_prefix: which.
            name: its new name.
            labels: key to new text; None removes the label.
            component_updates: component type to name or id; the others stay.
        """
        return stack_changes.edit_stack(
            self._context,
            name_id_or_prefix,
            name=name,
            components={str(k): v for k, v in (component_updates or {}).items()},
            labels=_given(labels),
            remove_labels=_removed(labels),
        )

    def delete_stack(self, name_id_or_prefix: str, recursive: bool = False) -> None:
        """Delete a stack; ``recursive``: and its components that no other stack uses.

        Raises:
            InUseError: it is the active one.
        """
        stack_changes.delete_stack(self._context, name_id_or_prefix, recursive)

    @asks
    def get_stack_component(self, component_type: str, name_id_or_prefix: str | None = None) -> ComponentView:
        """Return a component; the active stack's without a name.

        Raises:
            ComponentNotFoundError: there is none, or the active stack has none of that type.
        """
        return components.get_component(self._context, find_component_type(component_type), name_id_or_prefix)

    @asks
    def list_stack_components(self, component_type: str | None = None) -> list[ComponentView]:
        """Return components by type, then by name."""
        return components.list_components(
            self._context, find_component_type(component_type) if component_type else None
        )

    def create_stack_component(
        self,
        name: str,
        flavor: str,
        component_type: str,
        configuration: dict[str, Any] | None = None,
        labels: dict[str, str] | None = None,
    ) -> ComponentView:
        """Register a component."""
        return components.register_component(
            self._context, find_component_type(component_type), name, flavor, configuration or {}, labels=labels
        )

    def update_stack_component(
        self,
        name_id_or_prefix: str,
        component_type: str,
        name: str | None = None,
        configuration: Mapping[str, Any] | None = None,
        labels: Mapping[str, str | None] | None = None,
    ) -> ComponentView:
        """Rename or change a component, all or nothing.

        Args:
            name_id_or_prefix: which.
            component_type: what it is for.
            name: its new name.
            configuration: field to new value; None removes it, so that its default counts.
            labels: key to new text; None removes the label.
        """
        return component_changes.edit_component(
            self._context,
            find_component_type(component_type),
            name_id_or_prefix,
            name=name,
            configuration=_given(configuration),
            labels=_given(labels),
            remove_attributes=_removed(configuration),
            remove_labels=_removed(labels),
        )

    def delete_stack_component(self, name_id_or_prefix: str, component_type: str) -> None:
        """Delete a component; its data stays.

        Raises:
            InUseError: stacks use it.
        """
        component_changes.delete_component(self._context, find_component_type(component_type), name_id_or_prefix)

    @asks
    def list_flavors(self) -> list[FlavorView]:
        """Return the flavors that are known, by component type."""
        return flavors.list_flavors(self._context)

    @asks
    def get_flavors_by_type(self, component_type: str) -> list[FlavorView]:
        """Return the flavors of a component type."""
        return flavors.list_flavors(self._context, find_component_type(component_type))

    @asks
    def get_flavor_by_name_and_type(self, name: str, component_type: str) -> FlavorView:
        """Return a flavor with its fields.

        Raises:
            UnknownFlavorError: the component type has none of that name.
        """
        return flavors.get_flavor(self._context, find_component_type(component_type), name)

    def create_flavor(self, source: str, component_type: str) -> FlavorView:
        """Register a flavor that a package brings; ``source`` is ``module:attribute``."""
        return flavors.register_flavor(self._context, find_component_type(component_type), source)


def _given(values: Mapping[str, T | None] | None) -> dict[str, T]:
    return {key: value for key, value in (values or {}).items() if value is not None}


def _removed(values: Mapping[str, Any] | None) -> tuple[str, ...]:
    return tuple(key for key, value in (values or {}).items() if value is None)
