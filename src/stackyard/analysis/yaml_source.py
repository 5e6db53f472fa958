"""What a position names in ``stackyard.yaml`` and in run configurations.

Invariant: reads half-typed YAML too, as far as it makes sense above the first mistake.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

import yaml

from stackyard.analysis.values import NameTarget, Position, Span
from stackyard.model.enums import ComponentType

PROJECT_FILE = "stackyard.yaml"
RUN_CONFIGURATION_MARK = "# stackyard: run-configuration"
RUN_CONFIGURATION_FOLDER = "configs"
MAX_TEXT = 1_000_000
"""Characters; longer files are data, not configuration."""
MAX_MISTAKES = 8
"""How often the end of a broken text is cut off before it is given up."""
_NO_LINE_ENDS = str.maketrans("\x85\u2028\u2029", "   ")
"""YAML takes these for line ends, editors do not."""
_TYPES = {component_type.value: component_type for component_type in ComponentType}
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def is_project_file(path: str | PurePath) -> bool:
    """Tell whether a file is a project's ``stackyard.yaml``."""
    return PurePath(path).name == PROJECT_FILE


def is_run_configuration(path: str | PurePath, first_line: str) -> bool:
    """Tell whether a file is a run configuration: by its folder or by its first line."""
    pure = PurePath(path)
    if pure.suffix.lower() not in (".yaml", ".yml") or is_project_file(pure):
        return False
    return RUN_CONFIGURATION_FOLDER in pure.parts[:-1] or first_line.strip() == RUN_CONFIGURATION_MARK


def project_file_name_at(text: str, position: Position) -> NameTarget | None:
    """Return the stack, component or flavor that a position in ``stackyard.yaml`` names, or None."""
    path = _path_at(text, position)
    if path is None:
        return None
    keys, node, is_key = path
    match keys:
        case ["stacks", name] if is_key:
            return _target("stack", name, node, declares=True)
        case ["stacks", _, kind] if not is_key and kind in _TYPES:
            return _target("component", node.value, node, _TYPES[kind])
        case ["components", kind, name] if is_key and kind in _TYPES:
            return _target("component", name, node, _TYPES[kind], declares=True)
        case ["components", kind, _, "flavor"] if not is_key and kind in _TYPES:
            return _target("flavor", node.value, node, _TYPES[kind])
    return None


def run_configuration_name_at(text: str, position: Position) -> NameTarget | None:
    """Return the stack or component that a position in a run configuration names, or None."""
    path = _path_at(text, position)
    if path is None:
        return None
    keys, node, is_key = path
    match keys:
        case ["stack"] if not is_key:
            return _target("stack", node.value, node)
        case [kind] | ["steps", _, kind] if not is_key and kind in _TYPES:
            return _target("component", node.value, node, _TYPES[kind])
    return None


def _target(
    kind: Literal["stack", "component", "flavor"],
    name: str,
    node: yaml.ScalarNode,
    component_type: ComponentType | None = None,
    *,
    declares: bool = False,
) -> NameTarget | None:
    if not name or "\n" in name:
        return None
    start, end = node.start_mark, node.end_mark
    quoted = 1 if node.style in ("'", '"') else 0
    span = Span(Position(start.line, start.column + quoted), Position(end.line, end.column - quoted))
    return NameTarget(kind, name, span, component_type, declares=declares)


def _path_at(text: str, position: Position) -> tuple[list[str], yaml.ScalarNode, bool] | None:
    """Return the keys that lead to the scalar at a position, the scalar, and whether it is itself the last key."""
    node = _compose(text)
    keys: list[str] = []
    while isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and _holds(key, position):
                return [*keys, key.value], key, True
            if isinstance(key, yaml.ScalarNode) and _holds(value, position):
                keys.append(key.value)
                node = value
                break
        else:
            return None
    return (keys, node, False) if isinstance(node, yaml.ScalarNode) else None


def _holds(node: yaml.Node, position: Position) -> bool:
    start, end = node.start_mark, node.end_mark
    here = (position.line, position.column)
    if isinstance(node, yaml.ScalarNode):
        return (start.line, start.column) <= here <= (end.line, end.column)
    return (start.line, start.column) <= here < (end.line, end.column)  # A block's end is where the next key begins.


def _compose(text: str) -> yaml.Node | None:
    """Return the document's tree; of a broken text, the tree of what stands before the mistake."""
    if len(text) > MAX_TEXT:
        return None
    text = text.translate(_NO_LINE_ENDS)
    for _ in range(MAX_MISTAKES):
        try:
            node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            shorter = _before_mistake(text, error)
            if not shorter:
                return None
            text = shorter
        except (yaml.YAMLError, RecursionError):
            return None
        else:
            return node
    return None


def _before_mistake(text: str, error: yaml.MarkedYAMLError) -> str:
    """Return the lines before the one that is wrong; an unclosed bracket is noticed only at the end of the text."""
    mark = error.problem_mark or error.context_mark
    lines = text.rstrip().splitlines(keepends=True)
    return "".join(lines[: min(mark.line, len(lines) - 1)]) if mark is not None else ""
