"""Python source as a tree that keeps up with typing.

Invariant: the only place that imports tree-sitter, and only when the first text is parsed. A tree belongs to one
thread at a time: whoever shares a :class:`PythonSource` locks it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from stackyard.analysis.values import Position, Problem, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Parser, Tree

MAX_PROBLEMS = 5
"""Syntax problems reported for a file: what follows the first few is mostly their echo."""


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter_python  # noqa: PLC0415  # 15 ms, and only readers of Python source need it
    from tree_sitter import Language, Parser  # noqa: PLC0415

    return Parser(Language(tree_sitter_python.language()))


class PythonSource:
    """A text and its tree; :meth:`update` reparses only what changed."""

    def __init__(self, text: str) -> None:
        """Parse a text; nothing in it can make this fail."""
        self._data = _encode(text)
        self._tree: Tree = _parser().parse(self._data)
        self._lines: list[int] | None = None

    @property
    def root(self) -> Node:
        """Return the module's node."""
        return self._tree.root_node

    def update(self, text: str) -> bool:
        """Take the new text; return whether it differs from the old."""
        new, old = _encode(text), self._data
        if new == old:
            return False
        start = _common_prefix(old, new)
        tail = _common_suffix(old, new, min(len(old), len(new)) - start)
        old_end, new_end = len(old) - tail, len(new) - tail
        start_point = _point(old, start)
        self._tree.edit(
            start_byte=start,
            old_end_byte=old_end,
            new_end_byte=new_end,
            start_point=start_point,
            old_end_point=_point(old, old_end),
            new_end_point=_point(new, new_end),
        )
        self._tree = _parser().parse(new, self._tree)
        self._data, self._lines = new, None
        return True

    def text_of(self, node: Node) -> str:
        """Return the source of a node."""
        return self._data[node.start_byte : node.end_byte].decode("utf-8", errors="replace")

    def position(self, point: tuple[int, int]) -> Position:
        """Return the position of a tree's point, whose column counts bytes."""
        row, column = point
        line = self._line(row)
        return Position(row, len(line[:column].decode("utf-8", errors="replace")))

    def span(self, node: Node) -> Span:
        """Return the span of a node."""
        return Span(self.position(node.start_point), self.position(node.end_point))

    def node_at(self, position: Position) -> Node | None:
        """Return the smallest node at a position, or None outside the text."""
        line = self._line(position.line).decode("utf-8", errors="replace")
        column = len(line[: position.column].encode("utf-8"))
        point = (position.line, column)
        return self.root.descendant_for_point_range(point, point)

    def problems(self) -> tuple[Problem, ...]:
        """Return what is not Python, first lines first; empty for a sound text."""
        found: list[Problem] = []
        seen: set[int] = set()
        for node in _broken(self.root):
            line = node.start_point[0] + 1
            if line in seen:
                continue
            seen.add(line)
            if node.is_missing:
                message = f"Syntax error: {node.type!r} is missing."
            else:
                near = self.text_of(node).strip().split("\n", maxsplit=1)[0][:40]
                message = f"Syntax error near {near!r}." if near else "Syntax error."
            found.append(Problem(line, message))
            if len(found) == MAX_PROBLEMS:
                break
        return tuple(found)

    def _line(self, row: int) -> bytes:
        if self._lines is None:
            starts, at = [0], self._data.find(b"\n")
            while at >= 0:
                starts.append(at + 1)
                at = self._data.find(b"\n", at + 1)
            self._lines = starts
        if not 0 <= row < len(self._lines):
            return b""
        start = self._lines[row]
        end = self._lines[row + 1] - 1 if row + 1 < len(self._lines) else len(self._data)
        return self._data[start:end]


def _encode(text: str) -> bytes:
    return text.encode("utf-8", errors="replace")


def _common_prefix(a: bytes, b: bytes) -> int:
    """Return how many bytes both begin with, by halving: a compare of slices is far quicker than a loop."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_suffix(a: bytes, b: bytes, limit: int) -> int:
    """Return how many bytes both end with, at most ``limit``."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if a[len(a) - middle : len(a) - low] == b[len(b) - middle : len(b) - low]:
            low = middle
        else:
            high = middle - 1
    return low


def _point(data: bytes, offset: int) -> tuple[int, int]:
    before = data.rfind(b"\n", 0, offset) + 1
    return data.count(b"\n", 0, offset), offset - before


def _broken(root: Node) -> Iterator[Node]:
    """Yield the nodes that the parser could not make sense of, in the order of the text."""
    stack = [root] if root.has_error else []
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            yield node
            continue
        stack.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)
