"""``stackyard <component type> flavor``: the implementations that a component of the type can have."""

from __future__ import annotations

import json

import click

from stackyard.api import flavors
from stackyard.api.context import open_context
from stackyard.cli.completion import flavor_names
from stackyard.cli.component import example_flavor, no_flavor_text, register_command_of, with_article
from stackyard.cli.confirm import confirm
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, list_options
from stackyard.cli.output import json_option, list_document, print_facts, print_json
from stackyard.model.enums import ComponentType
from stackyard.model.errors import StackyardError
from stackyard.model.stack_views import FieldView, FlavorView

FLAVORS = Listing[FlavorView](
    "flavor",
    columns=[
        Column("name", lambda v: v.name),
        Column("package", lambda v: f"{v.package} {v.version}".strip(), yields=2),
        Column("integration", lambda v: v.integration, yields=1),
        Column("doc", lambda v: v.doc, prose=True),
        Column("source", lambda v: v.source, usual=False),
        Column("requirements", lambda v: ", ".join(v.requirements), usual=False),
    ],
    filters=[
        Filter("name", lambda v: [v.name], NAME_HELP),
        Filter("integration", lambda v: [v.integration], "Only those of this integration."),
    ],
)


def flavor_group(component_type: ComponentType) -> click.Group:
    """Return the command group of a type's flavors."""
    title, command = component_type.title, component_type.command
    listing = _list_command(component_type)

    @click.group(
        "flavor",
        cls=LazyGroup,
        help=f"The flavors that {with_article(title)} can have.",
        epilog=f"Example: stackyard {command} flavor list",
        invoke_without_command=True,
    )
    @click.option("--list", "as_list", is_flag=True, help="Same as the command list.")
    @click.pass_context
    def group(ctx: click.Context, as_list: bool) -> None:
        if ctx.invoked_subcommand is not None:
            return
        if as_list:
            listing.main(args=[], prog_name=f"{ctx.command_path} list", standalone_mode=False)
        else:
            click.echo(ctx.get_help())

    group.add_command(listing)
    group.add_command(_describe_command(component_type))
    group.add_command(_register_command(component_type))
    group.add_command(_refresh_command(component_type))
    group.add_command(_delete_command(component_type))
    return group


def field_facts(field: FieldView) -> str:
    """Return what there is to know of a field on one line: type, default, sentence."""
    facts = [field.type]
    if field.secret:
        facts.append("a secret")
    if field.required:
        facts.append("required")
    elif field.default is not None:
        facts.append(f"default {json.dumps(field.default, ensure_ascii=False)}")
    return f"({', '.join(facts)}) {field.doc}".strip()


def _list_command(component_type: ComponentType) -> click.Command:
    title, command = component_type.title, component_type.command

    @click.command("list", help=f"List the {title} flavors.", epilog=f"Example: stackyard {command} flavor list")
    @list_options(FLAVORS)
    def list_(request: Request[FlavorView]) -> None:
        found = flavors.list_flavors(open_context(), component_type)
        request.show(request.apply(found), none=no_flavor_text(component_type))

    return list_


def _describe_command(component_type: ComponentType) -> click.Command:
    title, command = component_type.title, component_type.command

    @click.command(
        "describe", help=f"Show {with_article(title)} flavor with its attributes and settings.",
        epilog=f"Example: stackyard {command} flavor describe {example_flavor(component_type)[0]}",
    )  # fmt: skip
    @click.argument("name", shell_complete=flavor_names(component_type))
    @json_option
    def describe(name: str, as_json: bool) -> None:
        view = flavors.get_flavor(open_context(), component_type, name)
        if as_json:
            print_json(view)
            return
        facts = [("Package", f"{view.package} {view.version}".strip() or "-")]
        if view.source:
            facts.append(("Source", view.source))
        if view.requirements:
            facts.append(("Requirements", ", ".join(view.requirements)))
        if view.integration:
            facts.append(("Integration", f"{view.integration} (stackyard integration install {view.integration})"))
        if view.missing:
            facts.append(("Missing here", ", ".join(view.missing)))
        print_facts(f"Flavor {view.name}: {view.doc}", facts)
        click.echo()
        print_facts("Attributes", [(f"--{f.name}", field_facts(f)) for f in view.configuration] or [("none", "")])
        if view.settings:
            click.echo()
            keys = f"Settings, under the key {component_type.value} or {component_type.value}.{view.name}"
            print_facts(keys, [(f.name, field_facts(f)) for f in view.settings])

    return describe


def _register_command(component_type: ComponentType) -> click.Command:
    title, command = component_type.title, component_type.command

    @click.command(
        "register",
        help=f"Make {with_article(title)} flavor known that is a Flavor object in your own code: "
        "SOURCE is MODULE:ATTRIBUTE. Its description is kept, so that lists and editors need not import it.",
        short_help="Make a flavor of your own code known.",
        epilog=f"Example: stackyard {command} flavor register my_package.flavors:MY_FLAVOR",
    )
    @click.argument("source")
    @json_option
    def register(source: str, as_json: bool) -> None:
        view = flavors.register_flavor(open_context(), component_type, source)
        if as_json:
            print_json(view)
            return
        click.echo(f"{title.capitalize()} flavor {view.name!r} registered.")
        click.echo(f"Use it with: {register_command_of(view)}", err=True)

    return register


def _refresh_command(component_type: ComponentType) -> click.Command:
    command = component_type.command

    @click.command(
        "refresh",
        help="Look again at the flavors that installed packages bring, of every component type, and at those that "
        "were registered, and keep their descriptions.",
        short_help="Look again at what installed packages bring.",
        epilog=f"Example: stackyard {command} flavor refresh",
    )
    @json_option
    def refresh(as_json: bool) -> None:
        def tell(source: str, error: StackyardError) -> None:
            click.echo(f"Warning: {source} stays as it is: {error.message} {error.hint}".rstrip(), err=True)

        found = flavors.refresh_flavors(open_context(), tell)
        if as_json:
            print_json(list_document(found))
            return
        for view in found:
            click.echo(f"{view.component_type.title} flavor {view.name} ({view.source})")
        if not found:
            click.echo("No installed package brings a flavor.", err=True)

    return refresh


def _delete_command(component_type: ComponentType) -> click.Command:
    title, command = component_type.title, component_type.command

    @click.command(
        "delete", help=f"Forget {with_article(title)} flavor that was registered; its package stays installed.",
        short_help="Forget a flavor that was registered.",
        epilog=f"Example: stackyard {command} flavor delete my_flavor --yes",
    )  # fmt: skip
    @click.argument("name", shell_complete=flavor_names(component_type))
    @click.option("-y", "--yes", is_flag=True, help="Do not ask.")
    @json_option
    def delete(name: str, yes: bool, as_json: bool) -> None:
        ctx = open_context()
        flavors.get_flavor(ctx, component_type, name)
        confirm(f"Forget the {title} flavor {name!r}?", yes=yes)
        view = flavors.delete_flavor(ctx, component_type, name)
        if as_json:
            print_json(view)
            return
        click.echo(f"{title.capitalize()} flavor {view.name!r} deleted.")

    return delete
