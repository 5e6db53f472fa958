"""What a string literal in Python source names: a stack, or a stack component of some type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stackyard.analysis.python_source import read_bindings, string_value
from stackyard.analysis.syntax import PythonSource
from stackyard.analysis.values import NameTarget, Position, Span
from stackyard.model.enums import ComponentType

if TYPE_CHECKING:
    from tree_sitter import Node

_STACK_FUNCTIONS = frozenset(
    {"activate_stack", "set_active_stack", "get_stack", "describe_stack", "delete_stack", "update_stack"}
)
"""Functions whose first argument is a stack's name."""
_STACK_MAKERS = frozenset({"create_stack", "register_stack"})
"""Functions whose ``components`` map types to names; their first argument is a new name."""
_COMPONENT_FUNCTIONS = frozenset(
    {"get_stack_component", "delete_stack_component", "update_stack_component", "get_component", "describe_component"}
)
"""Functions whose first arguments are a component type and a component's name."""
_NAME_KEYWORDS = frozenset({"name", "name_or_id", "name_id_or_prefix", "stack_name_id_or_prefix", "stack", "component"})
_TYPE_KEYWORDS = frozenset({"component_type", "type"})
_TYPES = {component_type.value: component_type for component_type in ComponentType}


def name_at(source: PythonSource, position: Position) -> NameTarget | None:
    """Return the stack or component that the literal at a position names, or None."""
    literal = _literal_at(source, position)
    if literal is None or literal.parent is None:
        return None
    name = string_value(source, literal)
    if not name or "\n" in name:
        return None
    meaning = _meaning(source, literal, literal.parent)
    if meaning is None:
        return None
    component_type, certain = meaning
    return NameTarget(
        kind="component" if component_type else "stack",
        name=name,
        span=_content(source, literal),
        component_type=component_type,
        certain=certain,
    )


def _literal_at(source: PythonSource, position: Position) -> Node | None:
    node = source.node_at(position)
    for _ in range(4):  # The literal's parts lie at most an escape sequence below it.
        if node is None or node.type == "string":
            return node
        node = node.parent
    return None


def _content(source: PythonSource, literal: Node) -> Span:
    start = next((c.end_point for c in literal.children if c.type == "string_start"), literal.start_point)
    end = next((c.start_point for c in literal.children if c.type == "string_end"), literal.end_point)
    return Span(source.position(start), source.position(end))


def _meaning(source: PythonSource, literal: Node, parent: Node) -> tuple[ComponentType | None, bool] | None:
    """Return the component type (None: a stack) and whether the place can mean nothing else."""
    if parent.type == "keyword_argument" and parent.parent is not None:
        call = parent.parent.parent
        key = parent.child_by_field_name("name")
        if call is not None and call.type == "call" and key is not None:
            return _keyword_meaning(source, call, source.text_of(key))
    elif parent.type == "argument_list" and parent.parent is not None:
        return _positional_meaning(source, parent.parent, parent, literal)
    elif parent.type == "pair":
        return _pair_meaning(source, literal, parent)
    return None


def _keyword_meaning(source: PythonSource, call: Node, key: str) -> tuple[ComponentType | None, bool] | None:
    function = _function_name(source, call)
    if function in _STACK_FUNCTIONS and key in _NAME_KEYWORDS:
        return None, True
    if function in _COMPONENT_FUNCTIONS and key in _NAME_KEYWORDS:
        component_type = _type_argument(source, call)
        return (component_type, True) if component_type else None
    certain = function == "with_options" or _is_ours(source, call)
    if key == "stack":
        return None, certain
    if key in _TYPES:
        return _TYPES[key], certain or function in _STACK_MAKERS
    return None


def _positional_meaning(
    source: PythonSource, call: Node, arguments: Node, literal: Node
) -> tuple[ComponentType | None, bool] | None:
    function = _function_name(source, call)
    positional = [a for a in arguments.named_children if a.type not in ("keyword_argument", "comment")]
    index = next((i for i, a in enumerate(positional) if a.id == literal.id), -1)
    if function in _STACK_FUNCTIONS and index == 0:
        return None, True
    if function in _COMPONENT_FUNCTIONS:
        component_type = _type_argument(source, call)
        by_keyword = bool(positional) and _component_type(source, positional[0]) is None
        if component_type and index == (0 if by_keyword else 1):
            return component_type, True
    return None


def _pair_meaning(source: PythonSource, literal: Node, pair: Node) -> tuple[ComponentType | None, bool] | None:
    """Read ``{"orchestrator": "name"}`` where it is the components of a stack."""
    key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
    if key is None or value is None or value.id != literal.id:
        return None
    component_type = _TYPES.get(string_value(source, key) or "")
    if component_type is None:
        return None
    node: Node | None = pair.parent
    for _ in range(4):
        if node is None:
            break
        if node.type == "call":
            if _function_name(source, node) in _STACK_MAKERS:
                return component_type, True
            break
        node = node.parent
    return component_type, False


def _type_argument(source: PythonSource, call: Node) -> ComponentType | None:
    """Return the component type that a call's first or ``component_type`` argument names."""
    arguments = call.child_by_field_name("arguments")
    for index, argument in enumerate(arguments.named_children if arguments else []):
        if argument.type == "keyword_argument":
            key, value = argument.child_by_field_name("name"), argument.child_by_field_name("value")
            if key and value and source.text_of(key) in _TYPE_KEYWORDS:
                return _component_type(source, value)
        elif index == 0:
            found = _component_type(source, argument)
            if found:
                return found
    return None


def _component_type(source: PythonSource, node: Node) -> ComponentType | None:
    """Read ``"artifact_store"`` and ``ComponentType.ARTIFACT_STORE``."""
    if node.type == "string":
        return _TYPES.get(string_value(source, node) or "")
    if node.type == "attribute":
        name = node.child_by_field_name("attribute")
        return _TYPES.get(source.text_of(name).lower()) if name else None
    return None


def _function_name(source: PythonSource, call: Node) -> str:
    """Return the last name of a call's callee: ``activate_stack`` of ``Client().activate_stack(...)``."""
    function = call.child_by_field_name("function")
    if function is not None and function.type == "attribute":
        function = function.child_by_field_name("attribute")
    return source.text_of(function) if function is not None and function.type == "identifier" else ""


def _is_ours(source: PythonSource, call: Node) -> bool:
    """Tell whether a call is a step or pipeline decorator, or calls a pipeline or step of this module."""
    bindings = read_bindings(source)
    function = call.child_by_field_name("function")
    if bindings.kind_of(source, function):
        return True
    if function is None or function.type != "identifier":
        return False
    name = source.text_of(function)
    for statement in source.root.named_children:
        if statement.type != "decorated_definition":
            continue
        definition = statement.child_by_field_name("definition")
        found = definition.child_by_field_name("name") if definition else None
        if found is None or source.text_of(found) != name:
            continue
        decorators = [
            d.named_children[0] for d in statement.named_children if d.type == "decorator" and d.named_children
        ]
        return any(bindings.kind_of(source, decorator) for decorator in decorators)
    return False
