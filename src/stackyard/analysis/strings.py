"""What a string literal in Python source names: a stack, or a stack component of some type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stackyard.analysis.python_source import read_bindings, string_value
from stackyard.analysis.syntax import PythonSource
from stackyard.analysis.values import NameTarget, Position, Span
from stackyard.model.enums import ComponentType
from stackyard.model.record import Record

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


class _Call(Record):
    """A call around a literal; also one whose closing bracket is not typed yet."""

    function: Node | None
    arguments: list[Node]

    @classmethod
    def around(cls, argument: Node) -> _Call | None:
        """Return the call that a node is an argument of."""
        parent = argument.parent
        if parent is not None and parent.type == "ERROR" and parent.named_child_count == 1:
            argument, parent = parent, parent.parent
        if parent is None:
            return None
        if parent.type == "argument_list":
            call = parent.parent
            if call is None or call.type != "call":
                return None
            return cls(call.child_by_field_name("function"), _arguments(parent.named_children))
        if parent.type != "ERROR":
            return None
        siblings = parent.children
        here = next((i for i, node in enumerate(siblings) if node.id == argument.id), 0)
        opened = next((i for i in range(here, 0, -1) if siblings[i].type == "("), 0)
        if not opened:
            return None
        return cls(siblings[opened - 1], _arguments([n for n in siblings[opened + 1 : here + 1] if n.is_named]))

    def name(self, source: PythonSource) -> str:
        """Return the last name of the callee: ``activate_stack`` of ``Client().activate_stack(...)``."""
        function = self.function
        if function is not None and function.type == "attribute":
            function = function.child_by_field_name("attribute")
        return source.text_of(function) if function is not None and function.type == "identifier" else ""

    def component_type(self, source: PythonSource) -> ComponentType | None:
        """Return the component type that the first or the ``component_type`` argument names."""
        for index, argument in enumerate(self.arguments):
            if argument.type == "keyword_argument":
                key, value = argument.child_by_field_name("name"), argument.child_by_field_name("value")
                if key and value and source.text_of(key) in _TYPE_KEYWORDS:
                    return _component_type(source, value)
            elif index == 0:
                found = _component_type(source, argument)
                if found:
                    return found
        return None


def _arguments(nodes: list[Node]) -> list[Node]:
    """Return the arguments among nodes, each out of the wrapping that a missing bracket brings."""
    return [
        n.named_children[0] if n.type == "ERROR" and n.named_child_count == 1 else n
        for n in nodes
        if n.type != "comment"
    ]


def _meaning(source: PythonSource, literal: Node, parent: Node) -> tuple[ComponentType | None, bool] | None:
    """Return the component type (None: a stack) and whether the place can mean nothing else."""
    if parent.type == "pair":
        return _pair_meaning(source, literal, parent)
    if parent.type == "keyword_argument":
        call, key = _Call.around(parent), parent.child_by_field_name("name")
        return _keyword_meaning(source, call, source.text_of(key)) if call and key else None
    call = _Call.around(literal)
    return _positional_meaning(source, call, literal) if call else None


def _keyword_meaning(source: PythonSource, call: _Call, key: str) -> tuple[ComponentType | None, bool] | None:
    function = call.name(source)
    if function in _STACK_FUNCTIONS and key in _NAME_KEYWORDS:
        return None, True
    if function in _COMPONENT_FUNCTIONS and key in _NAME_KEYWORDS:
        component_type = call.component_type(source)
        return (component_type, True) if component_type else None
    certain = function == "with_options" or _is_ours(source, call.function)
    if key == "stack":
        return None, certain
    if key in _TYPES:
        return _TYPES[key], certain or function in _STACK_MAKERS
    return None


def _positional_meaning(source: PythonSource, call: _Call, literal: Node) -> tuple[ComponentType | None, bool] | None:
    function = call.name(source)
    positional = [a for a in call.arguments if a.type != "keyword_argument"]
    index = next((i for i, a in enumerate(positional) if a.id == literal.id), -1)
    if function in _STACK_FUNCTIONS and index == 0:
        return None, True
    if function in _COMPONENT_FUNCTIONS:
        component_type = call.component_type(source)
        type_by_keyword = bool(positional) and _component_type(source, positional[0]) is None
        if component_type and index == (0 if type_by_keyword else 1):
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
    argument = pair.parent
    if argument is not None and argument.parent is not None and argument.parent.type == "keyword_argument":
        argument = argument.parent
    call = _Call.around(argument) if argument is not None else None
    return component_type, call is not None and call.name(source) in _STACK_MAKERS


def _component_type(source: PythonSource, node: Node) -> ComponentType | None:
    """Read ``"artifact_store"`` and ``ComponentType.ARTIFACT_STORE``."""
    if node.type == "string":
        return _TYPES.get(string_value(source, node) or "")
    if node.type == "attribute":
        name = node.child_by_field_name("attribute")
        return _TYPES.get(source.text_of(name).lower()) if name else None
    return None


def _is_ours(source: PythonSource, function: Node | None) -> bool:
    """Tell whether a callee is a step or pipeline decorator, or a pipeline or step of this module."""
    bindings = read_bindings(source)
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
        decorators = [d for d in statement.named_children if d.type == "decorator" and d.named_children]
        return any(bindings.kind_of(source, decorator.named_children[0]) for decorator in decorators)
    return False
