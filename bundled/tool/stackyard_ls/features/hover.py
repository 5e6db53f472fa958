"""Hover on stack and component names in Python strings, ``stackyard.yaml`` and run configurations.

The facts are the same in all places, the sidebar included: they come from ``stackyard.api.hover``.
"""

from __future__ import annotations

from lsprotocol import types

from stackyard.analysis.strings import name_at
from stackyard.analysis.values import NameTarget, Position
from stackyard.analysis.yaml_source import (
    is_project_file,
    is_run_configuration,
    project_file_name_at,
    run_configuration_name_at,
)
from stackyard.api import checks, components, flavors, stacks
from stackyard.api.context import Context
from stackyard.api.hover import component_markdown, stack_markdown
from stackyard.model.enums import ComponentType
from stackyard.model.errors import NotFoundError
from stackyard.model.names import did_you_mean
from stackyard_ls.documents import Document, Encoding, split_lines, to_characters, to_units
from stackyard_ls.session import Session


def hover(
    session: Session, document: Document, text: str, position: types.Position, encoding: Encoding
) -> types.Hover | None:
    """Return the facts about the name at a position, or None when it names nothing of ours."""
    lines = split_lines(text)
    if not 0 <= position.line < len(lines):
        return None
    column = to_characters(lines[position.line].rstrip("\r\n"), position.character, encoding)
    target = _target(document, text, lines[0], Position(position.line, column))
    if target is None:
        return None
    markdown = _markdown(session.context(), session.installed(), target)
    if markdown is None:
        return None
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, markdown), range=_range(target, lines, encoding))


def _target(document: Document, text: str, first_line: str, position: Position) -> NameTarget | None:
    if document.path.endswith(".py"):
        with document.python(text) as source:
            return name_at(source, position)
    if is_project_file(document.path):
        return project_file_name_at(text, position)
    if is_run_configuration(document.path, first_line):
        return run_configuration_name_at(text, position)
    return None


def _range(target: NameTarget, lines: list[str], encoding: Encoding) -> types.Range:
    def place(position: Position) -> types.Position:
        return types.Position(position.line, to_units(lines[position.line], position.column, encoding))

    return types.Range(place(target.span.start), place(target.span.end))


def _markdown(context: Context, installed: checks.Installed, target: NameTarget) -> str | None:
    """Return the text; None where an unknown name says nothing."""
    try:
        if target.kind == "stack":
            stack = stacks.get_stack(context, target.name)
            found = checks.check_stack(context, stack.id, live=False, installed=installed)
            return stack_markdown(stack, found.findings)
        if target.component_type is None:
            return None
        if target.kind == "component":
            component = components.get_component(context, target.component_type, target.name)
            found = checks.check_component(
                context, target.component_type, component.id, live=False, installed=installed
            )
            return component_markdown(component, found.findings)
        return _flavor_markdown(context, target.component_type, target.name)
    except NotFoundError:
        return _unknown(context, target) if target.certain else None


def _flavor_markdown(context: Context, component_type: ComponentType, name: str) -> str:
    known_flavors = flavors.flavor_docs(context, component_type)
    if name in known_flavors:
        return f"**{name}**: flavor of the {component_type.title}\n\n{known_flavors[name]}"
    text = f"There is no {component_type.title} flavor `{name}`. {did_you_mean(name, list(known_flavors))}".strip()
    known = ", ".join(f"`{flavor}`" for flavor in known_flavors)
    return f"{text}\n\nFlavors: {known}" if known else text


def _unknown(context: Context, target: NameTarget) -> str:
    """Return what to say about a name that nothing has."""
    if target.component_type is None:
        what, known = "stack", [stack.name for stack in stacks.list_stacks(context)]
        command = "stackyard stack list"
    else:
        what = target.component_type.title
        known = [c.name for c in components.list_components(context, target.component_type)]
        command = f"stackyard {target.component_type.command} list"
    if target.declares:
        return f"`{target.name}` is declared here; no {what} of that name is registered yet."
    text = f"No {what} is named `{target.name}`. {did_you_mean(target.name, known)}".strip()
    shown = ", ".join(f"`{name}`" for name in known[:10])
    return f"{text}\n\nRegistered: {shown}" if shown else f"{text}\n\n`{command}` shows what there is."
