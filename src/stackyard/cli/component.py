"""``stackyard orchestrator``, ``stackyard artifact-store``: one definition for all component types."""

from __future__ import annotations

from typing import Any

import click

from stackyard.api import components
from stackyard.api.context import open_context
from stackyard.api.hover import show_value
from stackyard.cli.output import json_option, list_document, print_facts, print_json, print_table, short_id
from stackyard.flavors.catalogue import flavors_of
from stackyard.flavors.docs import fields_of
from stackyard.model.enums import ComponentType
from stackyard.model.errors import UsageError


def component_group(component_type: ComponentType) -> click.Group:
    """Return the command group of a component type."""
    title, command = component_type.title, component_type.command
    article = "an" if title[0] in "aeiou" else "a"

    @click.group(
        command,
        help=f"List, describe and register components of the type {title}.",
        epilog=f"Example: stackyard {command} list",
    )
    def group() -> None:
        pass

    @group.command("list", help=f"List every {title}.", epilog=f"Example: stackyard {command} list --json")
    @json_option
    def list_(as_json: bool) -> None:
        found = components.list_components(open_context(), component_type)
        if as_json:
            print_json(list_document(found))
            return
        rows = [
            [
                "*" if view.active else "",
                view.name,
                short_id(view.id),
                view.flavor,
                "yes" if view.shared else "no",
                view.owner or "-",
            ]
            for view in found
        ]
        print_table(["ACTIVE", "NAME", "ID", "FLAVOR", "SHARED", "OWNER"], rows)

    @group.command(
        "describe", help=f"Show {article} {title} with its configuration.",
        epilog=f"Example: stackyard {command} describe default",
    )  # fmt: skip
    @click.argument("name")
    @json_option
    def describe(name: str, as_json: bool) -> None:
        view = components.get_component(open_context(), component_type, name)
        if as_json:
            print_json(view)
            return
        facts = [("Flavor", view.flavor + (f": {view.flavor_doc}" if view.flavor_doc else ""))]
        facts.extend((key, show_value(value)) for key, value in view.configuration.items())
        facts.append(("Active", "yes, part of the active stack" if view.active else "no"))
        facts.append(("Used by", ", ".join(f"stack {name}" for name in view.stacks) or "no stack"))
        facts.append(("Owner", view.owner or "built in"))
        facts.append(("Id", view.id))
        print_facts(f"{title.capitalize()} {view.name}", facts)

    @group.command(
        "register",
        help=f"Register {article} {title}. Attributes of its flavor are given as --attribute=VALUE.\n\n"
        + _attributes(component_type),
        epilog=f"Example: stackyard {command} register my_{component_type.value} --flavor=local",
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True},
    )
    @click.argument("name")
    @click.option("-f", "--flavor", required=True, help="Implementation, e.g. local.")
    @click.argument("attributes", nargs=-1, type=click.UNPROCESSED, metavar="[--ATTRIBUTE=VALUE]...")
    @json_option
    def register(name: str, flavor: str, attributes: tuple[str, ...], as_json: bool) -> None:
        view = components.register_component(open_context(), component_type, name, flavor, parse_attributes(attributes))
        if as_json:
            print_json(view)
            return
        click.echo(f"{title.capitalize()} {view.name!r} registered.")

    return group


def parse_attributes(words: tuple[str, ...]) -> dict[str, Any]:
    """Return ``--name=value`` and ``--name value`` words as a mapping; dashes in names become underscores.

    Raises:
        UsageError: a word is no attribute, or its value is missing.
    """
    found: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or word == "--":
            raise UsageError(f"{word!r} is no attribute.", hint="Write attributes as --name=value.")
        name, equals, value = word[2:].partition("=")
        if not equals:
            if not rest or rest[0].startswith("--"):
                raise UsageError(f"The attribute --{name} has no value.", hint=f"Write --{name}=VALUE.")
            value = rest.pop(0)
        key = name.replace("-", "_")
        if key in found:
            raise UsageError(f"The attribute --{name} is given twice.", hint="Give it once.")
        found[key] = value
    return found


def _attributes(component_type: ComponentType) -> str:
    lines = []
    for flavor in flavors_of(component_type):
        lines.append(f"\b\nFlavor {flavor.name}: {flavor.doc}")
        for field in fields_of(flavor.descriptor().configuration_schema):
            lines[-1] += f"\n  --{field.name}  {field.doc}"
    return "\n\n".join(lines)


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
