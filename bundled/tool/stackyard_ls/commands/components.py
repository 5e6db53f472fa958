"""Requests about stack components."""

from __future__ import annotations

from stackyard.api import checks, components, hover
from stackyard_ls.protocol import (
    ComponentDescribeResult,
    ComponentListParams,
    ComponentListResult,
    ComponentParams,
    ComponentRegisterParams,
)
from stackyard_ls.session import Call


def list_all(call: Call, params: ComponentListParams) -> ComponentListResult:
    """Return the components of one type or of all."""
    return ComponentListResult(items=components.list_components(call.context, params.component_type))


def describe(call: Call, params: ComponentParams) -> ComponentDescribeResult:
    """Return a component and the text of its hover."""
    context = call.context
    component = components.get_component(context, params.component_type, params.component)
    installed = call.session.installed()
    found = checks.check_component(context, params.component_type, component.id, live=False, installed=installed)
    return ComponentDescribeResult(component=component, markdown=hover.component_markdown(component, found.findings))


def register(call: Call, params: ComponentRegisterParams) -> ComponentDescribeResult:
    """Register a component."""
    component = components.register_component(
        call.context, params.component_type, params.name, params.flavor, params.configuration
    )
    return ComponentDescribeResult(component=component, markdown=hover.component_markdown(component))
