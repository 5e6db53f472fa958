"""The commands of a component type that change something: register, update, rename, copy, delete."""

from __future__ import annotations

import click

from stackyard.api import component_changes
from stackyard.api.components import get_component, register_component
from stackyard.api.context import Context, open_context
from stackyard.api.lookup import shell_word
from stackyard.cli.attributes import FREE_WORDS, label_option, parse_labels, split_words
from stackyard.cli.completion import attributes_of_named, component_names, flavor_names
from stackyard.cli.component import example_flavor, named_or_active, no_flavor_text, with_article
from stackyard.cli.confirm import confirm
from stackyard.cli.output import json_option, print_done, print_json
from stackyard.cli.secret_warning import warn_of_missing_secrets
from stackyard.model.basic_views import ComponentView
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType
from stackyard.model.errors import StackyardError, UsageError
from stackyard.model.secret import references_in

ATTRIBUTES_HELP = "A value @FILE is the content of the file; a secret is named as --attribute='{{secret.key}}'."


def register_command(component_type: ComponentType) -> click.Command:
    """Return ``register`` of a component type."""
    title, command = component_type.title, component_type.command

    @click.command(
        "register",
        cls=_RegisterCommand,
        help=f"Register {with_article(title)}. The attributes of its flavor are written as --attribute=VALUE. "
        + ATTRIBUTES_HELP,
        epilog=f"Example: stackyard {command} register my_{component_type.value} "
        f"--flavor={' '.join(example_flavor(component_type))}",
        context_settings=FREE_WORDS,
    )
    @click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="NAME [--ATTRIBUTE=VALUE]...")
    @click.option(
        "-f", "--flavor", required=True, shell_complete=flavor_names(component_type), help="Implementation, by name."
    )
    @label_option("A label; may be repeated.")
    @json_option
    def register(words: tuple[str, ...], flavor: str, label: tuple[str, ...], as_json: bool) -> None:
        name, attributes = _name_and_attributes(words, component_type, "register")
        assert name is not None  # noqa: S101  # it is required
        ctx = open_context()
        _make_known(ctx, component_type, flavor)
        view = register_component(ctx, component_type, name, flavor, attributes, labels=parse_labels(label))
        if as_json:
            print_json(view)
            return
        click.echo(f"{title.capitalize()} {view.name!r} registered.")
        warn_of_missing_secrets(ctx, references_in(view.configuration))
        click.echo(f"Use it in a stack with: {_use_in_stack(view)}", err=True)

    register.params[0].required = False  # a missing name is told in words
    assert isinstance(register, _RegisterCommand)  # noqa: S101  # made three lines above
    register.component_type = component_type
    return register


def update_command(component_type: ComponentType) -> click.Command:
    """Return ``update`` of a component type."""
    title, command = component_type.title, component_type.command

    @click.command(
        "update",
        help=f"Change attributes (--attribute=VALUE) or labels of {with_article(title)}: NAME (a name or the beginning "
        "of an id), or the one of the active stack. What is not named stays as it is. " + ATTRIBUTES_HELP,
        epilog=f"Example: stackyard {command} update my_{component_type.value} --label team=vision",
        context_settings=FREE_WORDS,
    )
    @click.argument(
        "words", nargs=-1, type=click.UNPROCESSED, metavar="[NAME] [--ATTRIBUTE=VALUE]...",
        shell_complete=component_names(component_type),
    )  # fmt: skip
    @label_option("A label to set; may be repeated.")
    @json_option
    def update(words: tuple[str, ...], label: tuple[str, ...], as_json: bool) -> None:
        name, attributes = _name_and_attributes(words, component_type, "update", required=False)
        ctx = open_context()
        target = name or named_or_active(ctx, component_type, None).name
        view = component_changes.update_component(ctx, component_type, target, attributes, parse_labels(label))
        print_done(view, f"{title.capitalize()} {view.name!r} updated.", as_json)
        if not as_json:
            warn_of_missing_secrets(ctx, references_in(view.configuration))

    return update


def remove_attribute_command(component_type: ComponentType) -> click.Command:
    """Return ``remove-attribute`` of a component type."""
    title, command = component_type.title, component_type.command

    @click.command(
        "remove-attribute",
        help=f"Set attributes of {with_article(title)} back to their defaults, or take labels away. Attributes are "
        "written as NAME or --NAME.",
        epilog=f"Example: stackyard {command} remove-attribute my_{component_type.value} --label team",
        context_settings=FREE_WORDS,
    )
    @click.argument(
        "words", nargs=-1, type=click.UNPROCESSED, metavar="NAME [ATTRIBUTE]...",
        shell_complete=attributes_of_named(component_type),
    )  # fmt: skip
    @label_option("A label to take away; may be repeated.", metavar="KEY")
    @json_option
    def remove_attribute(words: tuple[str, ...], label: tuple[str, ...], as_json: bool) -> None:
        name = next((word for word in words if not word.startswith("-")), None)
        if name is None:
            raise _name_missing(component_type, "remove-attribute")
        rest = list(words)
        rest.remove(name)
        attributes = [word.lstrip("-").replace("-", "_") for word in rest]
        view = component_changes.remove_attributes(open_context(), component_type, name, attributes, label)
        print_done(view, f"{title.capitalize()} {view.name!r} updated.", as_json)

    return remove_attribute


def rename_command(component_type: ComponentType) -> click.Command:
    """Return ``rename`` of a component type."""
    title, command = component_type.title, component_type.command

    @click.command(
        "rename", help=f"Rename {with_article(title)}; the stacks that use it follow.",
        epilog=f"Example: stackyard {command} rename my_{component_type.value} another_name",
    )  # fmt: skip
    @click.argument("name", shell_complete=component_names(component_type))
    @click.argument("new_name")
    @json_option
    def rename(name: str, new_name: str, as_json: bool) -> None:
        ctx = open_context()
        before = get_component(ctx, component_type, name)
        view = component_changes.rename_component(ctx, component_type, before.id, new_name)
        print_done(view, f"{title.capitalize()} {before.name!r} is now called {view.name!r}.", as_json)

    return rename


def copy_command(component_type: ComponentType) -> click.Command:
    """Return ``copy`` of a component type."""
    title, command = component_type.title, component_type.command

    @click.command(
        "copy", help=f"Copy {with_article(title)} under a new name, its configuration as it is.",
        epilog=f"Example: stackyard {command} copy my_{component_type.value} another_name",
    )  # fmt: skip
    @click.argument("name", shell_complete=component_names(component_type))
    @click.argument("new_name")
    @json_option
    def copy(name: str, new_name: str, as_json: bool) -> None:
        view = component_changes.copy_component(open_context(), component_type, name, new_name)
        print_done(view, f"{title.capitalize()} {view.name!r} made as a copy of {name!r}.", as_json)
        if not as_json:
            if isinstance(view.configuration.get("path"), str):
                click.echo(f"Both use the same path: {view.configuration['path']}", err=True)
            click.echo(
                f"Change it with: stackyard {command} update {shell_word(view.name)} --ATTRIBUTE=VALUE", err=True
            )

    return copy


def delete_command(component_type: ComponentType) -> click.Command:
    """Return ``delete`` of a component type."""
    title, command = component_type.title, component_type.command

    @click.command(
        "delete", help=f"Delete {with_article(title)} that no stack uses. What it stored is not touched.",
        epilog=f"Example: stackyard {command} delete my_{component_type.value} --yes",
    )  # fmt: skip
    @click.argument("name", shell_complete=component_names(component_type))
    @click.option("-y", "--yes", is_flag=True, help="Do not ask.")
    @json_option
    def delete(name: str, yes: bool, as_json: bool) -> None:
        ctx = open_context()
        view = get_component(ctx, component_type, name)
        # What is in use will be refused: no need to ask first.
        confirm(f"Delete the {title} {view.name!r}?", yes=yes or bool(view.stacks))
        view = component_changes.delete_component(ctx, component_type, view.id)
        print_done(view, f"{title.capitalize()} {view.name!r} deleted.", as_json)
        if not as_json and isinstance(view.configuration.get("path"), str):
            click.echo(f"Its files stay where they are: {view.configuration['path']}", err=True)

    return delete


class _RegisterCommand(click.Command):
    """Lists the flavors with their attributes when help is asked for, and only then."""

    component_type = ComponentType.ORCHESTRATOR

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options and each flavor's attributes."""
        super().format_options(ctx, formatter)
        from stackyard.api.flavors import list_flavors  # noqa: PLC0415  # schemas are slow to make
        from stackyard.cli.flavor import field_facts  # noqa: PLC0415

        try:
            found = list_flavors(open_context(), self.component_type)
        except StackyardError as error:
            formatter.write_paragraph()
            formatter.write_text(f"The flavors can't be listed: {error.message} {error.hint}")
            return
        for view in found:
            with formatter.section(f"Attributes of the flavor {view.name} ({view.doc.rstrip('.')})"):
                rows = [(f"--{f.name}=", field_facts(f)) for f in view.configuration]
                formatter.write_dl(rows or [("none", "")])
        if not found:
            formatter.write_paragraph()
            formatter.write_text(no_flavor_text(self.component_type))


def _make_known(ctx: Context, component_type: ComponentType, flavor: str) -> None:
    """Register a flavor that only an installed package knows; what nobody knows is refused later."""
    from stackyard.api.flavors import discover_flavor  # noqa: PLC0415  # here only

    if discover_flavor(ctx, component_type, flavor):
        click.echo(f"The {component_type.title} flavor {flavor!r} was found in an installed package.", err=True)


def _name_and_attributes(
    words: tuple[str, ...], component_type: ComponentType, verb: str, *, required: bool = True
) -> tuple[str | None, dict[str, str]]:
    plain, attributes = split_words(words)
    if len(plain) > 1:
        written = f"--{plain[1]}" if "=" in plain[1] else "--name=value"
        raise UsageError(f"{plain[1]!r} is no attribute.", hint=f"Attributes are written as {written}")
    if not plain and required:
        raise _name_missing(component_type, verb)
    return (plain[0] if plain else None), attributes


def _name_missing(component_type: ComponentType, verb: str) -> UsageError:
    return UsageError(
        f"The name of the {component_type.title} is missing.",
        hint=f"Write: stackyard {component_type.command} {verb} NAME ...",
    )


def _use_in_stack(view: ComponentView) -> str:
    given = [f"--{view.component_type.command} {shell_word(view.name)}"]
    given += [f"--{t.command} default" for t in REQUIRED_COMPONENT_TYPES if t is not view.component_type]
    return f"stackyard stack register NAME {' '.join(given)}"
