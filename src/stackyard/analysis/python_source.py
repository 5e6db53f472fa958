"""Steps and pipelines that a Python file defines, under whatever alias Stackyard is imported."""

from __future__ import annotations

import ast
from dataclasses import field
from typing import TYPE_CHECKING, Literal, cast

from stackyard.analysis.syntax import PythonSource
from stackyard.analysis.values import Call, Definition, ModuleAnalysis, Parameter, Problem
from stackyard.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

PACKAGE = "stackyard"
_KINDS = ("step", "pipeline")
MAX_CHAIN = 40
"""Links of a callee that are looked at: ``a.b().c().d()`` has six."""
_BLOCKS = frozenset(
    {"if_statement", "elif_clause", "else_clause", "try_statement", "except_clause", "finally_clause"}
    | {"with_statement", "for_statement", "while_statement", "block", "ERROR"}
)
"""What holds statements of the module's own level."""


class Bindings(Record, frozen=False):
    """What the names of a module stand for, as far as its imports say."""

    decorators: dict[str, str] = field(default_factory=dict)
    """Local name to ``step`` or ``pipeline``."""
    packages: set[str] = field(default_factory=set)
    """Local names of the package itself: ``stackyard``, ``sy``."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Local name to the name it was imported as."""

    def kind_of(self, source: PythonSource, node: Node | None) -> Literal["step", "pipeline"] | None:
        """Return what a decorator's expression stands for, or None when it is none of ours."""
        while node is not None and node.type == "call":
            node = node.child_by_field_name("function")
        if node is None:
            return None
        if node.type == "identifier":
            kind = self.decorators.get(source.text_of(node))
        elif node.type == "attribute":
            owner, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
            root = source.text_of(owner).split(".", maxsplit=1)[0] if owner else ""
            kind = source.text_of(name) if name and root in self.packages else None
        else:
            kind = None
        return cast("Literal['step', 'pipeline']", kind) if kind in _KINDS else None


def analyse_text(text: str) -> ModuleAnalysis:
    """Return what a text defines."""
    return analyse(PythonSource(text))


def analyse(source: PythonSource) -> ModuleAnalysis:
    """Return the definitions in the order of the file, and its problems."""
    bindings = read_bindings(source)
    definitions: list[Definition] = []
    for statement in _statements(source.root):
        if statement.type == "decorated_definition":
            definition = _definition(source, bindings, statement)
            if definition:
                definitions.append(definition)
    return ModuleAnalysis(tuple(definitions), source.problems() + _shadowed(definitions))


def read_bindings(source: PythonSource) -> Bindings:
    """Return what the imports and plain assignments of a module bind."""
    bindings = Bindings()
    for statement in _statements(source.root):
        if statement.type == "import_statement":
            _read_import(source, statement, bindings)
        elif statement.type == "import_from_statement":
            _read_import_from(source, statement, bindings)
        elif statement.type == "expression_statement" and statement.named_children:
            _read_assignment(source, statement.named_children[0], bindings)
    return bindings


def string_value(source: PythonSource, node: Node) -> str | None:
    """Return the value of a plain string literal; None for f-strings, bytes and anything else."""
    if node.type != "string" or any(child.type == "interpolation" for child in node.children):
        return None
    text = source.text_of(node)
    if text[:1] in "\"'" and "\\" not in text:
        quote = 3 if text[:3] in ('"""', "'''") and len(text) >= 6 else 1
        return text[quote:-quote] if len(text) >= 2 * quote else None
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return None
    return value if isinstance(value, str) else None


def _statements(node: Node) -> Iterator[Node]:
    """Yield the statements of the module's own level, those inside ``if``, ``try`` and ``with`` included."""
    stack = list(reversed(node.named_children))
    while stack:
        child = stack.pop()
        if child.type in _BLOCKS:
            stack.extend(reversed(child.named_children))
        else:
            yield child


def _read_import(source: PythonSource, statement: Node, bindings: Bindings) -> None:
    for name in statement.children_by_field_name("name"):
        if name.type == "aliased_import":
            module, alias = name.child_by_field_name("name"), name.child_by_field_name("alias")
            if module and alias and source.text_of(module) == PACKAGE:
                bindings.packages.add(source.text_of(alias))
        elif source.text_of(name).split(".", maxsplit=1)[0] == PACKAGE:
            bindings.packages.add(PACKAGE)


def _read_import_from(source: PythonSource, statement: Node, bindings: Bindings) -> None:
    module = statement.child_by_field_name("module_name")
    ours = module is not None and source.text_of(module).split(".", maxsplit=1)[0] == PACKAGE
    if ours and any(child.type == "wildcard_import" for child in statement.named_children):
        bindings.decorators.update({kind: kind for kind in _KINDS})
    for name in statement.children_by_field_name("name"):
        original, local = name, name
        if name.type == "aliased_import":
            original = name.child_by_field_name("name") or name
            local = name.child_by_field_name("alias") or name
        imported, bound = source.text_of(original), source.text_of(local)
        bindings.decorators.pop(bound, None)
        if ours and imported in _KINDS:
            bindings.decorators[bound] = imported
        else:
            bindings.aliases[bound] = imported


def _read_assignment(source: PythonSource, node: Node, bindings: Bindings) -> None:
    """Follow ``quick = step`` and ``quick = step(enable_cache=False)``, which are used as decorators too."""
    if node.type != "assignment":
        return
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None or left.type != "identifier":
        return
    kind = bindings.kind_of(source, right)
    if kind and not (right.type == "call" and _positional(right)):
        bindings.decorators[source.text_of(left)] = kind


def _positional(call: Node) -> list[Node]:
    arguments = call.child_by_field_name("arguments")
    children = arguments.named_children if arguments else []
    return [c for c in children if c.type not in ("keyword_argument", "comment", "dictionary_splat")]


def _definition(source: PythonSource, bindings: Bindings, node: Node) -> Definition | None:
    function = node.child_by_field_name("definition")
    if function is None or function.type != "function_definition":
        return None
    name_node = function.child_by_field_name("name")
    if name_node is None or name_node.is_missing:
        return None
    for decorator in node.named_children:
        if decorator.type != "decorator" or not decorator.named_children:
            continue
        expression = decorator.named_children[0]
        kind = bindings.kind_of(source, expression)
        if kind is None:
            continue
        body = function.child_by_field_name("body")
        function_name = source.text_of(name_node)
        place = source.position(name_node.start_point)
        return Definition(
            kind=kind,
            name=_decorated_name(source, expression) or function_name,
            function=function_name,
            line=function.start_point[0] + 1,
            column=place.column,
            doc=_doc(source, body),
            parameters=tuple(_parameters(source, function.child_by_field_name("parameters"))),
            calls=tuple(_calls(source, bindings, body)) if kind == "pipeline" and body else (),
        )
    return None


def _decorated_name(source: PythonSource, expression: Node) -> str:
    arguments = expression.child_by_field_name("arguments") if expression.type == "call" else None
    for argument in arguments.named_children if arguments else []:
        if argument.type == "keyword_argument":
            key, value = argument.child_by_field_name("name"), argument.child_by_field_name("value")
            if key and value and source.text_of(key) == "name":
                return string_value(source, value) or ""
    return ""


def _doc(source: PythonSource, body: Node | None) -> str:
    first = next((c for c in body.named_children if c.type != "comment"), None) if body else None
    if first is None or first.type != "expression_statement" or not first.named_children:
        return ""
    text = string_value(source, first.named_children[0]) or ""
    return text.strip().split("\n", maxsplit=1)[0].strip()


def _parameters(source: PythonSource, node: Node | None) -> Iterator[Parameter]:
    """Yield what a caller can name; ``*args`` and ``**kwargs`` can't be asked for."""
    for child in node.named_children if node else []:
        if child.type == "identifier":
            yield Parameter(source.text_of(child), "", None)
        elif child.type == "typed_parameter":
            name, annotation = child.named_children[0], child.child_by_field_name("type")
            if name.type == "identifier":
                yield Parameter(source.text_of(name), source.text_of(annotation) if annotation else "", None)
        elif child.type in ("default_parameter", "typed_default_parameter"):
            named, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            annotation = child.child_by_field_name("type")
            if named and value:
                text = source.text_of(annotation) if annotation else ""
                yield Parameter(source.text_of(named), text, source.text_of(value))


def _calls(source: PythonSource, bindings: Bindings, body: Node) -> Iterator[tuple[Call, ...]]:
    """Yield the callee's names of every call in a body, in the order of the text, inner calls before outer ones."""
    seen: set[tuple[Call, ...]] = set()
    for node in _descendants(body):
        if node.type != "call":
            continue
        names = tuple(_callee(source, bindings, node.child_by_field_name("function")))
        if names and names not in seen:
            seen.add(names)
            yield names


def _descendants(node: Node) -> list[Node]:
    """Return all nodes below, what is inside before what is outside: ``evaluate(train(x))`` names ``train`` first.

    Without recursion: a text can nest deeper than Python's stack.
    """
    found: list[Node] = []
    stack = [node]
    while stack:
        node = stack.pop()
        found.append(node)
        stack.extend(c for c in node.named_children if c.type not in ("function_definition", "class_definition"))
    found.reverse()
    return found


def _callee(source: PythonSource, bindings: Bindings, node: Node | None) -> list[Call]:
    """Return the names along a callee, from left to right; of a very long chain the last ones."""
    names: list[Call] = []
    for _ in range(MAX_CHAIN):
        if node is None:
            break
        if node.type == "identifier":
            name = source.text_of(node)
            names.append(Call(name, bindings.aliases.get(name, name)))
            break
        if node.type == "attribute":
            attribute = node.child_by_field_name("attribute")
            if attribute:
                names.append(Call(source.text_of(attribute), source.text_of(attribute)))
            node = node.child_by_field_name("object")
        elif node.type == "call":
            node = node.child_by_field_name("function")
        else:
            break
    names.reverse()
    return names


def _shadowed(definitions: list[Definition]) -> tuple[Problem, ...]:
    """Report functions that a later one of the same name hides: they can never run."""
    last = {d.function: d for d in definitions}
    return tuple(
        Problem(d.line, f"{d.kind} {d.function!r} is defined again in line {last[d.function].line}, which hides it.")
        for d in definitions
        if last[d.function] is not d
    )
