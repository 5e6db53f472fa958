"""``stackyard stack list``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from stackyard.api import stacks
from stackyard.api.context import open_context
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, label_texts, list_options
from stackyard.cli.text import short_id, show_time
from stackyard.model.basic_views import StackView
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType


def _component_column(component_type: ComponentType, importance: int) -> Column:
    def name(view: StackView) -> str:
        return next((c.name for c in view.components if c.component_type is component_type), "")

    def in_use(views: Sequence[StackView]) -> bool:
        return any(name(view) for view in views)

    required = component_type in REQUIRED_COMPONENT_TYPES
    usual: bool | Callable[[Sequence[StackView]], bool] = True if required else in_use
    return Column(component_type.value, name, usual=usual, yields=0 if required else importance)


STACKS = Listing[StackView](
    "stack",
    columns=[
        Column("active", lambda v: "yes" if v.active else "no", lambda v: "*" if v.active else ""),
        Column("name", lambda v: v.name),
        Column("id", lambda v: v.id, lambda v: short_id(v.id), yields=40),
        Column("shared", lambda v: "yes" if v.shared else "no", yields=20),
        Column("owner", lambda v: v.owner, yields=30),
        *(_component_column(t, i) for i, t in enumerate(ComponentType)),
        Column("labels", lambda v: label_texts(v.labels), usual=False),
        Column("created", lambda v: v.created_at, lambda v: show_time(v.created_at) or "-", usual=False),
    ],
    filters=[
        Filter("name", lambda v: [v.name], NAME_HELP),
        Filter("id", lambda v: [v.id], "Only ids that begin so.", plain="startswith"),
        Filter("owner", lambda v: [v.owner], "Only those of this owner.", alias="user"),
        Filter("component", lambda v: [c.name for c in v.components], "Only those with such a component."),
        Filter("flavor", lambda v: [c.flavor for c in v.components], "Only those with a component of this flavor."),
    ],
    labels=lambda v: v.labels,
)


@click.command("list", epilog="Example: stackyard stack list --component my_store --sort desc:created")
@list_options(STACKS)
def list_(request: Request[StackView]) -> None:
    """List all stacks, the active one first."""
    ctx = open_context()
    found = stacks.list_stacks(ctx)
    request.show(request.apply(found))
    if request.output == "table" and not any(view.active for view in found):
        active = stacks.active_stack(ctx)
        if active.error:
            click.echo(f"Warning: {active.error.message} {active.error.hint}", err=True)
