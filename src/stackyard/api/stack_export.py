"""Stacks as a file: what ``stack apply`` and ``stack import`` read, what a stack needs installed, and the schema."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stackyard.api.active import require_active, resolve_active
from stackyard.api.context import Context
from stackyard.api.lookup import find_stack, is_default, protect_default
from stackyard.api.stack_file import PROJECT_KEYS, VERSION
from stackyard.flavors.catalogue import AnyFlavor, find_flavor, known_flavors
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType
from stackyard.model.errors import AlreadyExistsError, StorageError
from stackyard.model.names import MAX_NAME_LENGTH
from stackyard.model.secret import REFERENCE
from stackyard.model.stack import DEFAULT_NAME, Registry, Stack, StackComponent
from stackyard.storage.atomic import write_atomic
from stackyard.storage.host import expand, reason_of

_LINE_ENDS = frozenset("\r\x85\u2028\u2029")
_LABELS = {
    "description": "Free texts.",
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean"]},
}


def stack_document(ctx: Context, names: Sequence[str] = ()) -> dict[str, Any]:
    """Return stacks, and the components that they use, in the format of ``stackyard.yaml``.

    What every home has (``default``) is referred to and not declared. A local artifact store in a folder that was
    given to it in home is declared without a path: another home gives it one of its own.

    Args:
        ctx: where.
        names: names or id prefixes; none: all stacks but ``default``.

    Raises:
        StackNotFoundError: there is no stack of that name.
        ProtectedError: ``default`` is named.
    """
    registry = ctx.registry.read()
    stacks = _chosen(registry, names)
    components: dict[str, dict[str, Any]] = {}
    for component_type in ComponentType:
        used = {stack.components.get(component_type.value) for stack in stacks}
        found = [c for c in registry.components_of(component_type) if c.id in used and not is_default(c)]
        if found:
            components[component_type.value] = {c.name: _component(c) for c in sorted(found, key=lambda c: c.name)}
    document: dict[str, Any] = {"version": VERSION}
    if components:
        document["components"] = components
    if stacks:
        document["stacks"] = {stack.name: _stack(registry, stack) for stack in stacks}
    return document


def left_out(ctx: Context, names: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return stack and component type of what an export leaves out: types that only a newer Stackyard knows."""
    known = {t.value for t in ComponentType}
    stacks = _chosen(ctx.registry.read(), names)
    return [(stack.name, word) for stack in stacks for word in stack.components if word not in known]


def export_stacks(ctx: Context, names: Sequence[str] = ()) -> str:
    """Return :func:`stack_document` as YAML, always in the same order."""
    return as_yaml(stack_document(ctx, names))


def as_yaml(document: dict[str, Any]) -> str:
    """Return a document as YAML that says the same when it is read."""
    import yaml  # noqa: PLC0415  # only exports pay for it

    class Dumper(yaml.SafeDumper):
        """Escapes what YAML takes for line ends and would fold to a blank."""

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = '"' if _LINE_ENDS.intersection(text) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, represent)
    return str(yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120))


def stack_requirements(ctx: Context, name: str | None = None) -> list[str]:
    """Return what must be installed where a stack is used, as pip takes it, sorted.

    Args:
        ctx: where.
        name: name or id prefix; default: the active stack.

    Raises:
        StackNotFoundError: there is none.
        ActiveStackGoneError: the active stack does not exist any more.
        UnknownFlavorError: the flavor of one of its components is not known here.
    """
    registry = ctx.registry.read()
    stack = find_stack(registry, name) if name else require_active(resolve_active(ctx, registry))
    found: set[str] = set()
    for component_type in ComponentType:
        component = registry.component_by_id(stack.components.get(component_type.value, ""))
        if component is not None:
            flavor = find_flavor(component_type, component.flavor, registry.flavors)
            found.update(flavor.requirements)
            found.update(_package(flavor))
    return sorted(found)


def write_file(path: str | Path, text: str, *, force: bool = False) -> Path:
    """Write an exported text.

    Args:
        path: the file.
        text: its content.
        force: overwrite a file that is there.

    Returns:
        The absolute path.

    Raises:
        AlreadyExistsError: it is there, and ``force`` is not set.
        StorageError: it can't be written.
    """
    target = Path(expand(str(path)))
    if target.exists() and not force:
        raise AlreadyExistsError(f"{target} exists already.", hint="Overwrite it with --force, or name another file.")
    try:
        write_atomic(target, text.encode())
    except OSError as error:
        raise StorageError(
            f"{target} can't be written: {reason_of(error)}.", hint="Choose another file or folder."
        ) from error
    return target


def project_schema(ctx: Context) -> dict[str, Any]:
    """Return the JSON schema (draft 07) of ``stackyard.yaml`` with the flavors that are known here."""
    flavors = known_flavors(ctx.registry.read().flavors)
    types = list(ComponentType)
    text = {"type": "string", "minLength": 1}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "stackyard.yaml",
        "description": "A project with its stacks and stack components; stackyard stack apply registers them.",
        "type": "object",
        "required": ["version"],
        "additionalProperties": False,
        "properties": {
            "version": {"description": "Version of the format.", "const": VERSION},
            "project": {
                "description": "The project.",
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": dict.fromkeys(PROJECT_KEYS, text),
            },
            "components": {
                "description": "Stack components by component type and name.",
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": {t.value: _type_schema(t, [f for f in flavors if f.component_type is t]) for t in types},
            },
            "stacks": {
                "description": "Stacks by name.",
                "type": ["object", "null"],
                "propertyNames": _names(protected=True),
                "additionalProperties": {
                    "type": "object",
                    "required": [t.value for t in REQUIRED_COMPONENT_TYPES],
                    "additionalProperties": False,
                    "properties": {
                        **{t.value: {**text, "description": f"Name of the {t.title}."} for t in types},
                        "labels": _LABELS,
                    },
                },
            },
        },
    }


def _chosen(registry: Registry, names: Sequence[str]) -> list[Stack]:
    stacks = [find_stack(registry, name) for name in names] or [s for s in registry.stacks if not is_default(s)]
    for stack in stacks:
        protect_default(stack, "stack", "stack", "exported")
    return sorted({stack.id: stack for stack in stacks}.values(), key=lambda s: s.name)


def _component(component: StackComponent) -> dict[str, Any]:
    configuration = dict(component.configuration)
    if component.component_type is ComponentType.ARTIFACT_STORE and component.flavor == "local":
        path = configuration.get("path")
        if isinstance(path, str) and not Path(path).is_absolute():
            del configuration["path"]
    found: dict[str, Any] = {"flavor": component.flavor}
    if configuration:
        found["configuration"] = configuration
    return {**found, "labels": component.labels} if component.labels else found


def _stack(registry: Registry, stack: Stack) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for component_type in ComponentType:
        component = registry.component_by_id(stack.components.get(component_type.value, ""))
        if component is not None:
            found[component_type.value] = component.name
    return {**found, "labels": stack.labels} if stack.labels else found


def _package(flavor: AnyFlavor) -> list[str]:
    """Return the distribution that brings a flavor from outside, in the version that was registered."""
    descriptor = flavor.descriptor()
    if not descriptor.package:
        return []
    return [f"{descriptor.package}=={descriptor.version}" if descriptor.version else descriptor.package]


def _type_schema(component_type: ComponentType, flavors: list[AnyFlavor]) -> dict[str, Any]:
    return {
        "description": f"Components of the type {component_type.title} by name.",
        "type": ["object", "null"],
        "propertyNames": _names(protected=component_type in REQUIRED_COMPONENT_TYPES),
        "additionalProperties": {
            "type": "object",
            "required": ["flavor"],
            "additionalProperties": False,
            "properties": {
                "flavor": {"description": "Its implementation.", "enum": [f.name for f in flavors]},
                "configuration": {"description": "What the flavor lets you set.", "type": ["object", "null"]},
                "labels": _LABELS,
            },
            "allOf": [
                {"if": {"properties": {"flavor": {"const": f.name}}, "required": ["flavor"]}, "then": _flavor_schema(f)}
                for f in flavors
            ],
        },
    }


def _flavor_schema(flavor: AnyFlavor) -> dict[str, Any]:
    """Return what a component of a flavor must be like."""
    schema = flavor.descriptor().configuration_schema
    properties = {name: _property(field) for name, field in schema.get("properties", {}).items()}
    required = [name for name in schema.get("required", []) if name in properties]
    configuration = {
        "type": "object" if required else ["object", "null"],
        "description": schema.get("description", flavor.doc),
        "additionalProperties": False,
        "required": required,
        "properties": properties,
    }
    found: dict[str, Any] = {"properties": {"configuration": configuration}}
    return {**found, "required": ["configuration"]} if required else found


def _property(field: dict[str, Any]) -> dict[str, Any]:
    if not field.get("secret"):
        return field
    doc = f"{field.get('description', '')} A reference to a secret.".strip()
    return {"type": ["string", "null"], "pattern": rf"^\s*{REFERENCE}\s*$", "description": doc}


def _names(*, protected: bool) -> dict[str, Any]:
    names: dict[str, Any] = {"minLength": 1, "maxLength": MAX_NAME_LENGTH}
    return {**names, "not": {"const": DEFAULT_NAME}} if protected else names
