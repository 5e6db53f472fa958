"""``stackyard component-type``: what a stack can be made of."""

from __future__ import annotations

import click

from stackyard.api.context import open_context
from stackyard.api.flavors import list_component_types
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, list_options
from stackyard.model.stack_views import ComponentTypeView

COMPONENT_TYPES = Listing[ComponentTypeView](
    "component type",
    columns=[
        Column("name", lambda v: v.name.value),
        Column("required", lambda v: "yes" if v.required else "no", yields=1),
        Column("flavors", lambda v: ", ".join(v.flavors)),
        Column("components", lambda v: v.n_components, yields=2),
        Column("purpose", lambda v: v.doc, prose=True),
        Column("command", lambda v: v.command, usual=False),
    ],
    filters=[
        Filter("name", lambda v: [v.name.value], NAME_HELP),
        Filter("flavor", lambda v: v.flavors, "Only those with such a flavor."),
    ],
)


@click.group("component-type", cls=LazyGroup, epilog="Example: stackyard component-type list")
def component_type() -> None:
    """What a stack can be made of."""


@component_type.command("list", epilog="Example: stackyard component-type list")
@list_options(COMPONENT_TYPES)
def list_(request: Request[ComponentTypeView]) -> None:
    """List all component types with their flavors and what each is for."""
    request.show(request.apply(list_component_types(open_context())))
