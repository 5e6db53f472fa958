"""YAML files with positions: what they say, where, and what YAML would silently make of it.

Invariant: keys and texts come out as they are written; nothing is constructed but JSON values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from stackyard.model.errors import Location, StackyardError
from stackyard.model.record import Record
from stackyard.model.secret import REFERENCE
from stackyard.storage.host import reason_of

MAX_BYTES = 1_000_000
"""Larger files are data, not configuration."""
MAX_DEPTH = 100
MAX_NODES = 100_000
"""With what aliases refer to counted each time: a few lines of aliases can stand for billions of values."""
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(
    _TAG + n for n in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)
_UNQUOTED = re.compile(rf"(?::|-)[ \t]+{REFERENCE}[ \t]*[^\s#,}}\]]")
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Problem(Record):
    """What is wrong at a place in a file."""

    message: str
    location: Location
    hint: str = ""


def compose_file(file: Path, what: str, error: type[StackyardError]) -> Node | None:
    """Return a file's tree of nodes; None when it is empty.

    Args:
        file: absolute.
        what: the file in words, for messages: ``run configuration``; may be empty.
        error: class of what is raised.

    Raises:
        StackyardError: of the class ``error``: the file can't be read or is no YAML.
    """
    shown = f"The {what} {file}" if what else str(file)
    try:
        data = file.read_bytes()
    except OSError as problem:
        raise error(
            f"{shown} can't be read: {reason_of(problem)}.", hint="Check the path.", location=Location(str(file))
        ) from problem
    if len(data) > MAX_BYTES:
        raise error(f"{shown} is larger than {MAX_BYTES:,} bytes.", hint="Check the path.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise error(f"{shown} is not UTF-8 text.", hint="Save it as UTF-8.") from problem
    try:
        _check_depth(text)
        node: Node | None = yaml.compose(text, Loader=_Loader)
        _check_size(node)
    except yaml.YAMLError as problem:
        raise _not_yaml(shown, file, text, problem, error) from problem
    return node


def document_problems(root: Node | None, file: Path) -> list[Problem]:
    """Return what YAML lets pass and nobody means: keys that stand twice, references without quotes, strange tags."""
    return [problem for node in _all_nodes(root) for problem in _problems_of(node, file)]


def pairs(node: Node) -> dict[str, tuple[Node, Node]]:
    """Return a mapping's keys with the nodes of key and value, merged ones (``<<``) included; {} of anything else."""
    if not isinstance(node, MappingNode):
        return {}
    own: dict[str, tuple[Node, Node]] = {}
    merged: dict[str, tuple[Node, Node]] = {}
    for key, value in node.value:
        if key.tag == _TAG + "merge":
            for source in value.value if isinstance(value, SequenceNode) else [value]:
                merged = {**pairs(source), **merged}
        elif isinstance(key, ScalarNode):
            own[key.value] = (key, value)
    return {**merged, **own}


def plain(node: Node) -> Any:
    """Return a node as a JSON value: keys and dates are texts, as they are written."""
    if isinstance(node, MappingNode):
        return {key: plain(value) for key, (_, value) in pairs(node).items()}
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.value]
    if node.tag in (_TAG + "timestamp", _TAG + "value"):
        return node.value
    try:
        return SafeConstructor().construct_object(node)
    except (ConstructorError, ValueError, LookupError):  # `!!int many`, `!!int ""`, or a number of 5,000 digits
        return node.value


def is_empty(node: Node) -> bool:
    """Tell whether nothing stands behind a key."""
    return node.tag == _TAG + "null"


def is_mapping(node: Node) -> bool:
    """Tell whether a node has keys."""
    return isinstance(node, MappingNode)


def location(node: Node, file: Path) -> Location:
    """Return where a node begins."""
    return Location(str(file), node.start_mark.line + 1, node.start_mark.column + 1)


def _problems_of(node: Node, file: Path) -> Iterator[Problem]:
    if node.tag not in _PLAIN_TAGS:
        yield Problem(
            f"The tag {node.tag.replace(_TAG, '!!')} has no meaning here.", location(node, file), "Leave it out."
        )
    if not isinstance(node, MappingNode):
        return
    first: dict[str, Node] = {}
    for key, _ in node.value:
        if not isinstance(key, ScalarNode):
            yield _key_problem(node, key, file)
        elif first.setdefault(key.value, key) is not key:
            line = first[key.value].start_mark.line + 1
            yield Problem(
                f"The key {key.value!r} stands twice; the first is in line {line}.",
                location(key, file),
                "Leave one of them.",
            )


def _key_problem(node: MappingNode, key: Node, file: Path) -> Problem:
    """Say what a key that is no text means; ``{{name.key}}`` without quotes is a mapping whose key is a mapping."""
    inner = key.value[0][0] if isinstance(key, MappingNode) and len(key.value) == 1 else None
    if isinstance(inner, ScalarNode) and node.flow_style:
        reference = f'"{{{{{inner.value}}}}}"'
        return Problem(
            f"YAML reads {reference[1:-1]} without quotes as a mapping.", location(node, file), f"Quote it: {reference}"
        )
    return Problem("A key must be a text.", location(key, file), "Write: name: value")


def _all_nodes(root: Node | None) -> Iterator[Node]:
    """Yield every node once, in the order of the text."""
    seen: set[int] = set()
    pending = [root] if root is not None else []
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        pending.extend(reversed(_children(node)))


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _check_depth(text: str) -> None:
    """Refuse what is nested so deeply that composing it would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                # The C parser's marks are not those of the types, and work the same.
                raise yaml.MarkedYAMLError(problem="it is nested too deeply", problem_mark=event.start_mark)  # type: ignore[arg-type]
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_size(root: Node | None) -> None:
    """Refuse what never ends or grows too large when its aliases are followed."""
    sizes: dict[int, int] = {}

    def size(node: Node) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = MAX_NODES + 1  # what an alias inside of itself counts
            sizes[id(node)] = 1 + sum(size(child) for child in _children(node))
        return sizes[id(node)]

    if root is not None and size(root) > MAX_NODES:
        raise yaml.YAMLError("it is too large when its aliases are followed")


def _not_yaml(shown: str, file: Path, text: str, problem: Exception, error: type[StackyardError]) -> StackyardError:
    mark = getattr(problem, "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    why = getattr(problem, "problem", None) or getattr(problem, "reason", None) or problem
    hint = "Mend the file."
    unquoted = next(_UNQUOTED.finditer(text), None)
    if unquoted:
        line, column = text.count("\n", 0, unquoted.start()) + 1, 0
        why = "a value that begins with {{ needs quotes"
        hint = f'Quote the whole value: "{{{{{unquoted[1]}.{unquoted[2]}}}}}..."'
    place = Location(str(file), line, column)
    shown = shown.replace(str(file), str(place))
    return error(
        f"{shown} is not valid YAML: {' '.join(str(why).split()).removeprefix('but ')}.", hint=hint, location=place
    )
