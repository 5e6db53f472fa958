"""``Client``: what user code can ask for outside of steps. The methods keep ZenML's names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from stackyard.api import artifacts, component_changes, components, flavors, runs, secrets, stack_changes, stacks
from stackyard.api.context import open_context
from stackyard.api.lookup import find_component_type
from stackyard.model.enums import ComponentType
from stackyard.model.secret import Secret
from stackyard.model.stack_views import FlavorView, SecretView
from stackyard.model.views import ArtifactVersionView, ComponentView, Page, RunView, StackView

T = TypeVar("T")
NamesByType = Mapping[str, str] | Mapping[ComponentType, str]
"""Component type to name or id: the type as a word or as a member of the enum."""


@dataclass(frozen=True)
class ArtifactVersion:
    """A stored value. Pass it to a step as an input, or load it."""

    view: ArtifactVersionView

    @property
    def id(self) -> str:
        """Its id."""
        return self.view.id

    @property
    def name(self) -> str:
        """Name of its artifact."""
        return self.view.name

    @property
    def version(self) -> int:
        """Its number."""
        return self.view.version

    @property
    def uri(self) -> str:
        """Where it lies."""
        return self.view.uri

    @property
    def metadata(self) -> dict[str, Any]:
        """What was logged with it."""
        return self.view.metadata

    def load(self) -> Any:
        """Return the value.

        Raises:
            ArtifactDamagedError: its files are gone or differ from the manifest.
            ComponentNotFoundError: its artifact store is not registered any more.
        """
        from stackyard.storage.materializers.lookup import load_version  # noqa: PLC0415  # only loading needs it

        return load_version(artifacts.store_of(open_context(), self.view), self.view.uri)

    def __stackyard_artifact_version__(self) -> str:
        """Tell a pipeline that records a step which version is meant."""
        return self.view.id


class Client:
    """Stacks, runs and artifacts of the project around the working folder."""

    def __init__(self) -> None:
        """Find home and project."""
        self._context = open_context()

    @property
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

    def get_stack(self, name_id_or_prefix: str | None = None) -> StackView:
        """Return a stack; the active one without a name."""
        return stacks.get_stack(self._context, name_id_or_prefix)

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

    def get_stack_component(self, component_type: str, name_id_or_prefix: str | None = None) -> ComponentView:
        """Return a component; the active stack's without a name.

        Raises:
            ComponentNotFoundError: there is none, or the active stack has none of that type.
        """
        return components.get_component(self._context, find_component_type(component_type), name_id_or_prefix)

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

    def list_flavors(self) -> list[FlavorView]:
        """Return the flavors that are known, by component type."""
        return flavors.list_flavors(self._context)

    def get_flavors_by_type(self, component_type: str) -> list[FlavorView]:
        """Return the flavors of a component type."""
        return flavors.list_flavors(self._context, find_component_type(component_type))

    def get_flavor_by_name_and_type(self, name: str, component_type: str) -> FlavorView:
        """Return a flavor with its fields.

        Raises:
            UnknownFlavorError: the component type has none of that name.
        """
        return flavors.get_flavor(self._context, find_component_type(component_type), name)

    def create_flavor(self, source: str, component_type: str) -> FlavorView:
        """Register a flavor that a package brings; ``source`` is ``module:attribute``."""
        return flavors.register_flavor(self._context, find_component_type(component_type), source)

    def create_secret(self, name: str, values: dict[str, str]) -> SecretView:
        """Store a new secret; what comes back has no values."""
        return secrets.create_secret(self._context, name, values)

    def get_secret(self, name: str) -> Secret:
        """Return a secret with its values; inside a step only one that the step declares.

        Raises:
            SecretNotFoundError: there is none of that name, or the running step does not declare it.
            SecretStoreError: it can't be opened.
        """
        from stackyard.authoring.context import step_secret  # noqa: PLC0415  # only code that uses secrets needs it

        values = step_secret(name)
        if values is not None:
            return Secret(name, values)
        return secrets.read_secret(self._context, name)

    def list_secrets(self) -> list[SecretView]:
        """Return the secrets by name, without their values."""
        return secrets.list_secrets(self._context)

    def update_secret(
        self,
        name: str,
        new_name: str | None = None,
        add_or_update_values: dict[str, str] | None = None,
        remove_values: Collection[str] = (),
    ) -> SecretView:
        """Change values of a secret, then its name; ``remove_values`` are keys.

        Raises:
            SecretNotFoundError: there is none of that name, or it has no such key.
            InUseError: components refer to what would go.
        """
        view = secrets.get_secret(self._context, name)
        if add_or_update_values or remove_values:
            view = secrets.update_secret(self._context, name, add_or_update_values or {}, remove_values)
        return secrets.rename_secret(self._context, name, new_name) if new_name and new_name != name else view

    def delete_secret(self, name: str) -> None:
        """Delete a secret.

        Raises:
            InUseError: components refer to it.
        """
        secrets.delete_secret(self._context, name)

    def get_pipeline_run(self, name_id_or_prefix: str) -> RunView:
        """Return a run with its steps."""
        return runs.get_run(self._context, name_id_or_prefix)

    def list_pipeline_runs(self, *, size: int = 50, cursor: str | None = None) -> Page[RunView]:
        """Return a page of runs, newest first."""
        return runs.list_runs(self._context, limit=size, cursor=cursor)

    def get_artifact_version(self, name_id_or_prefix: str, version: int | None = None) -> ArtifactVersion:
        """Return an artifact version; the newest without a number.

        Raises:
            ArtifactNotFoundError: there is none.
        """
        return ArtifactVersion(artifacts.get_version(self._context, name_id_or_prefix, version))


def _given(values: Mapping[str, T | None] | None) -> dict[str, T]:
    return {key: value for key, value in (values or {}).items() if value is not None}


def _removed(values: Mapping[str, Any] | None) -> tuple[str, ...]:
    return tuple(key for key, value in (values or {}).items() if value is None)
