"""``stackyard orchestrator``, ``stackyard artifact-store``, ...: one definition for all component types.

Here are the groups and the commands that read; those that change something are in ``component_changes``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stackyard.api import components
from stackyard.api.context import Context, open_context
from stackyard.api.lookup import article, shell_word
from stackyard.cli.completion import component_names
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, label_texts, list_options
from stackyard.cli.output import json_option, print_facts, print_json
from stackyard.cli.text import short_id, show_time, show_value
from stackyard.model.basic_views import ComponentView
from stackyard.model.enums import ComponentType
from stackyard.model.errors import ComponentNotFoundError
from stackyard.model.stack import DEFAULT_STACK_ID

if TYPE_CHECKING:
    from stackyard.model.stack_views import ComponentTypeView, FlavorView


def component_group(component_type: ComponentType) -> LazyGroup:
    """Return the command group of a component type."""
    title = component_type.title
    one = with_article(title)
    here, changes = "stackyard.cli.component", "stackyard.cli.component_changes"
    return LazyGroup(
        component_type.command,
        help=f"List, describe, register and change components of the type {title}.",
        epilog=f"Example: stackyard {component_type.command} list",
        argument=component_type,
        table={
            "list": (f"{here}:list_command", f"List every {title}."),
            "get": (f"{here}:get_command", f"Show the {title} of the active stack."),
            "describe": (f"{here}:describe_command", f"Show {one} with its configuration."),
            "register": (f"{changes}:register_command", f"Register {one}."),
            "update": (f"{changes}:update_command", f"Change attributes or labels of {one}."),
            "remove-attribute": (f"{changes}:remove_attribute_command", "Set attributes back to their defaults."),
            "rename": (f"{changes}:rename_command", f"Rename {one}."),
            "copy": (f"{changes}:copy_command", f"Copy {one}."),
            "delete": (f"{changes}:delete_command", f"Delete {one}."),
            "check": ("stackyard.cli.doctor:component_check", f"Tell whether {one} can be used."),
            "flavor": ("stackyard.cli.flavor:flavor_group", f"The flavors that {one} can have."),
            "explain": (f"{here}:explain_command", f"What {one} is."),
        },
    )


def listing_of(component_type: ComponentType) -> Listing[ComponentView]:
    """Return how a type's components are listed."""
    return Listing[ComponentView](
        component_type.title,
        columns=[
            Column("active", lambda v: "yes" if v.active else "no", lambda v: "*" if v.active else ""),
            Column("name", lambda v: v.name),
            Column("id", lambda v: v.id, lambda v: short_id(v.id), yields=3),
            Column("flavor", lambda v: v.flavor),
            Column("shared", lambda v: "yes" if v.shared else "no", yields=1),
            Column("owner", lambda v: v.owner, yields=2),
            Column("stacks", lambda v: ", ".join(v.stacks), usual=False),
            Column("labels", lambda v: label_texts(v.labels), usual=False),
            Column("created", lambda v: v.created_at, lambda v: show_time(v.created_at) or "-", usual=False),
        ],
        filters=[
            Filter("name", lambda v: [v.name], NAME_HELP),
            Filter("id", lambda v: [v.id], "Only ids that begin so.", plain="startswith"),
            Filter("flavor", lambda v: [v.flavor], "Only those of this flavor."),
            Filter("owner", lambda v: [v.owner], "Only those of this owner.", alias="user"),
            Filter("stack", lambda v: v.stacks, "Only those that such a stack uses."),
        ],
        labels=lambda v: v.labels,
    )


def list_command(component_type: ComponentType) -> click.Command:
    """Return ``list`` of a component type."""
    title, command = component_type.title, component_type.command

    @click.command(
        "list", help=f"List every {title}; those of the active stack have a mark.",
        epilog=f"Example: stackyard {command} list --columns name,flavor,stacks --sort name",
    )  # fmt: skip
    @list_options(listing_of(component_type))
    def list_(request: Request[ComponentView]) -> None:
        ctx = open_context()
        found = components.list_components(ctx, component_type)
        request.show(request.apply(found), none="" if found else _none_text(ctx, component_type))

    return list_


def get_command(component_type: ComponentType) -> click.Command:
    """Return ``get`` of a component type."""
    title, command = component_type.title, component_type.command

    @click.command("get", help=f"Show which {title} the active stack has.", epilog=f"Example: stackyard {command} get")
    @json_option
    def get(as_json: bool) -> None:
        view, stack = _active(open_context(), component_type)
        if as_json:
            print_json(view)
            return
        click.echo(f"The active stack {stack!r} has the {title} {view.name!r} (flavor {view.flavor}).")

    return get


def describe_command(component_type: ComponentType) -> click.Command:
    """Return ``describe`` of a component type."""
    title, command = component_type.title, component_type.command

    @click.command(
        "describe",
        help=f"Show {with_article(title)} with its configuration: NAME (a name or the beginning of an id), or the one "
        "of the active stack. Secrets are shown as references only.",
        epilog=f"Example: stackyard {command} describe my_{component_type.value}",
    )
    @click.argument("name", required=False, shell_complete=component_names(component_type))
    @json_option
    def describe(name: str | None, as_json: bool) -> None:
        view = named_or_active(open_context(), component_type, name)
        if as_json:
            print_json(view)
            return
        facts = [("Flavor", view.flavor + (f": {view.flavor_doc}" if view.flavor_doc else ": not known here"))]
        facts.extend((k, "not set" if v is None else show_value(v)) for k, v in view.configuration.items())
        facts.extend((f"Label {key}", value) for key, value in sorted(view.labels.items()))
        facts.append(("Active", "yes, part of the active stack" if view.active else "no"))
        facts.append(("Used by", ", ".join(f"stack {name}" for name in view.stacks) or "no stack"))
        facts.append(("Owner", view.owner or "built in"))
        if view.created_at:
            facts.append(("Created", show_time(view.created_at)))
        facts.append(("Id", view.id))
        print_facts(f"{title.capitalize()} {view.name}", facts)

    return describe


def explain_command(component_type: ComponentType) -> click.Command:
    """Return ``explain`` of a component type."""
    title, command = component_type.title, component_type.command

    @click.command(
        "explain", help=f"Explain what {with_article(title)} is, and which flavors there are.",
        epilog=f"Example: stackyard {command} explain",
    )  # fmt: skip
    @json_option
    def explain(as_json: bool) -> None:
        from stackyard.api.flavors import flavor_docs, get_flavor, list_component_types  # noqa: PLC0415  # all, slow

        ctx = open_context()
        view = next(v for v in list_component_types(ctx) if v.name is component_type)
        if as_json:
            print_json(view)
            return
        flavors = flavor_docs(ctx, component_type)
        _explain(view, flavors)
        if flavors:
            command = register_command_of(get_flavor(ctx, component_type, next(iter(flavors))))
            click.echo(f"\nRegister one with: {command}")

    return explain


def named_or_active(ctx: Context, component_type: ComponentType, name: str | None) -> ComponentView:
    """Return a component by name or id prefix; None means the one of the active stack.

    Raises:
        ComponentNotFoundError: there is none.
    """
    if name is not None:
        return components.get_component(ctx, component_type, name)
    return _active(ctx, component_type)[0]


def example_flavor(component_type: ComponentType) -> list[str]:
    """Return a flavor of the type and attributes for it, for examples that can be tried."""
    return {
        ComponentType.ORCHESTRATOR: ["local", "--max_workers=4"],
        ComponentType.ARTIFACT_STORE: ["local"],
        ComponentType.CONTAINER_REGISTRY: ["default", "--uri=localhost:5000"],
        ComponentType.EXPERIMENT_TRACKER: ["mlflow"],
        ComponentType.ALERTER: ["webhook", "--url='{{my_secret.url}}'"],
    }.get(component_type, ["my_flavor"])


def register_command_of(flavor: FlavorView) -> str:
    """Return the command that registers a component of a flavor, with the attributes that it can't do without."""
    required = "".join(f" --{f.name}={f.name.upper()}" for f in flavor.configuration if f.required)
    return f"stackyard {flavor.component_type.command} register NAME --flavor={flavor.name}{required}"


def no_flavor_text(component_type: ComponentType) -> str:
    """Return how to add a flavor to a type that has none."""
    return (
        f"There is no {component_type.title} flavor yet. Install a package that brings one, or add your own with: "
        f"stackyard {component_type.command} flavor register MODULE:ATTRIBUTE (docs/component-types.md tells how to "
        "write one)."
    )


def with_article(noun: str) -> str:
    """Return ``a stack``, ``an orchestrator``."""
    return f"{article(noun)} {noun}"


def _active(ctx: Context, component_type: ComponentType) -> tuple[ComponentView, str]:
    from stackyard.api.stacks import get_stack  # noqa: PLC0415  # most commands need no stack

    stack = get_stack(ctx)
    for view in stack.components:
        if view.component_type is component_type:
            return view, stack.name
    title, command = component_type.title, component_type.command
    change = (
        "register NAME -o default -a default" if stack.id == DEFAULT_STACK_ID else f"update {shell_word(stack.name)}"
    )
    raise ComponentNotFoundError(
        f"The active stack {stack.name!r} has no {title}.",
        hint=f"See all with: stackyard {command} list. Use one with: stackyard stack {change} --{command} COMPONENT",
    )


def _none_text(ctx: Context, component_type: ComponentType) -> str:
    from stackyard.api.flavors import flavor_docs, get_flavor  # noqa: PLC0415  # most lists are not empty

    first = next(iter(flavor_docs(ctx, component_type)), "")
    how = f"Register one with: {register_command_of(get_flavor(ctx, component_type, first))}" if first else ""
    return f"No {component_type.title} is registered. {how or no_flavor_text(component_type)}"


def _explain(view: ComponentTypeView, flavors: dict[str, str]) -> None:
    from textwrap import fill  # noqa: PLC0415  # here only

    click.echo("\n\n".join(fill(part, 100) for part in view.explanation.split("\n\n")))
    click.echo()
    if not flavors:
        click.echo(fill(no_flavor_text(view.name), 100, break_long_words=False, break_on_hyphens=False))
        return
    print_facts("Flavors", list(flavors.items()))


orchestrator = component_group(ComponentType.ORCHESTRATOR)
artifact_store = component_group(ComponentType.ARTIFACT_STORE)
container_registry = component_group(ComponentType.CONTAINER_REGISTRY)
step_operator = component_group(ComponentType.STEP_OPERATOR)
experiment_tracker = component_group(ComponentType.EXPERIMENT_TRACKER)
model_deployer = component_group(ComponentType.MODEL_DEPLOYER)
model_registry = component_group(ComponentType.MODEL_REGISTRY)
feature_store = component_group(ComponentType.FEATURE_STORE)
data_validator = component_group(ComponentType.DATA_VALIDATOR)
alerter = component_group(ComponentType.ALERTER)
annotator = component_group(ComponentType.ANNOTATOR)
image_builder = component_group(ComponentType.IMAGE_BUILDER)
log_store = component_group(ComponentType.LOG_STORE)
