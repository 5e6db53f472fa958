"""``Client``: what user code can ask for outside of steps. The methods keep ZenML's names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stackyard.api import artifacts, components, runs, stacks
from stackyard.api.context import open_context
from stackyard.model.enums import ComponentType
from stackyard.model.views import ArtifactVersionView, ComponentView, Page, RunView, StackView


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
        """
        from stackyard.storage.artifact_store import LocalArtifactStore  # noqa: PLC0415  # only loading needs it
        from stackyard.storage.materializers.lookup import load_version  # noqa: PLC0415

        return load_version(LocalArtifactStore(self.view.uri), self.view.uri)

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

    def create_stack(self, name: str, components: dict[str, str]) -> StackView:
        """Register a stack; ``components`` maps component type to name or id."""
        return stacks.register_stack(self._context, name, {str(k): v for k, v in components.items()})

    def get_stack_component(self, component_type: str, name_id_or_prefix: str) -> ComponentView:
        """Return a component."""
        return components.get_component(self._context, ComponentType(component_type), name_id_or_prefix)

    def list_stack_components(self, component_type: str | None = None) -> list[ComponentView]:
        """Return components by type, then by name."""
        return components.list_components(self._context, ComponentType(component_type) if component_type else None)

    def create_stack_component(
        self, name: str, flavor: str, component_type: str, configuration: dict[str, Any] | None = None
    ) -> ComponentView:
        """Register a component."""
        return components.register_component(
            self._context, ComponentType(component_type), name, flavor, configuration or {}
        )

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
