"""The components of a run's stack with their flavors, and whether what they need is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

from stackyard.api.components import component_spec, flavor_of
from stackyard.api.context import Context
from stackyard.api.settings import RunSettings
from stackyard.flavors.catalogue import AnyFlavor
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType
from stackyard.model.errors import PackageMissingError, StackValidationError, UnknownFlavorError
from stackyard.model.job import ComponentSpec
from stackyard.model.stack import Registry, Stack, StackComponent


class StackParts:
    """The components of a stack with their flavors."""

    def __init__(self, ctx: Context, registry: Registry, stack: Stack) -> None:
        """Look them up.

        Raises:
            StackValidationError: an orchestrator or an artifact store is missing.
        """
        self._ctx = ctx
        self._registry = registry
        self._components = {t: registry.component_by_id(stack.components.get(t.value, "")) for t in ComponentType}
        self.stack = stack
        self.flavors: dict[ComponentType, AnyFlavor] = {}
        self.settings = RunSettings()
        """Filled in by whoever resolves them; a specification has those of its step."""
        self._specs: dict[ComponentType, ComponentSpec] = {}
        """Without settings; a pipeline of many steps resolves each component once."""
        for component_type, component in self._components.items():
            if component is None and component_type in REQUIRED_COMPONENT_TYPES:
                raise StackValidationError(
                    f"The stack {stack.name!r} has no {component_type.title}.",
                    hint="Choose another one with: stackyard stack set default",
                )
            flavor = flavor_of(registry, component) if component else None
            if flavor is not None:
                self.flavors[component_type] = flavor

    def component(self, component_type: ComponentType) -> StackComponent | None:
        """Return the stack's component of a type."""
        return self._components[component_type]

    def spec(self, component_type: ComponentType, step: str | None = None) -> ComponentSpec | None:
        """Return the stack's component of a type as the run, or a step of it, uses it."""
        component = self._components[component_type]
        if component is None:
            return None
        if component_type not in self._specs:
            self._specs[component_type] = component_spec(self._ctx, self._registry, component)
        told = self.settings.of_step(step, component_type) if step else self.settings.of_run(component_type)
        spec = self._specs[component_type]
        return spec.model_copy(update={"settings": told}) if told else spec

    def require_packages(self, types: Iterable[ComponentType]) -> None:
        """Refuse to run without what components of these types need.

        Raises:
            UnknownFlavorError: a flavor is not known here.
            PackageMissingError: naming what is missing and how to install it.
        """
        for component_type in types:
            component, flavor = self._components[component_type], self.flavors.get(component_type)
            if component is None:
                continue
            if flavor is None:
                raise UnknownFlavorError(
                    f"The {component_type.title} {component.name!r} has the flavor {component.flavor!r}, which is not "
                    "known here.",
                    hint=f"Install the package that brings it, then: stackyard {component_type.command} flavor refresh",
                )
            if flavor.source and not _can_be_found(flavor.source):
                package = flavor.descriptor().package or f"the module {flavor.source.partition(':')[0]}"
                raise PackageMissingError(
                    f"The {component_type.title} {component.name!r} of the stack {self.stack.name!r} needs {package}, "
                    "which is not installed here.",
                    hint=f"Install the package that brings its flavor {flavor.name!r} into this environment.",
                )
            if flavor.requirements:
                self._require(component, flavor)

    def _require(self, component: StackComponent, flavor: AnyFlavor) -> None:
        from stackyard.flavors.requirements import missing_requirements  # noqa: PLC0415  # few flavors have any

        missing = missing_requirements(flavor.requirements)
        if missing:
            install = " ".join(f'"{text}"' for text in missing)
            raise PackageMissingError(
                f"The {flavor.component_type.title} {component.name!r} of the stack {self.stack.name!r} needs "
                f"{', '.join(missing)}, which is not installed.",
                hint=f"Install it with: stackyard integration install {flavor.integration}"
                if flavor.integration
                else f"Install it with: python -m pip install {install}",
            )


def _can_be_found(source: str) -> bool:
    """Tell whether the package of ``module:attribute`` is there; nothing is imported."""
    try:
        return importlib.util.find_spec(source.partition(":")[0].partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False
