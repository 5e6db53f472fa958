"""A module's code in pieces: what each of its names stands for, as normalised syntax and as text.

Comments, layout and docstrings don't count. Pure: text in, values out; nothing is imported.
"""

from __future__ import annotations

import ast
import copy
import re
import textwrap
from collections.abc import Iterator
from dataclasses import field
from functools import cached_property

from stackyard.analysis.code_names import Import, Reads, bound_names, imports_of, own_nodes, read_names
from stackyard.analysis.import_effects import Effects, statement_effects
from stackyard.analysis.step_options import without_step_options
from stackyard.model.record import Record

_NEW_LINE = re.compile(r"\r\n|\r|\n")
_DEFINITIONS = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.AugAssign
)  # fmt: skip
_DOCUMENTED = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class UnreadableCodeError(Exception):
    """A text that is no Python, or too deep for its parser."""


class Piece(Record, frozen=False):
    """A statement of the module's own level."""

    node: ast.stmt
    names: dict[str, tuple[Import, ...]]
    """What it binds, with the imports that do."""
    _nodes: dict[str, ast.stmt] = field(default_factory=dict)
    _reads: dict[str, Reads] = field(default_factory=dict)
    _syntax: dict[str, str] = field(default_factory=dict)

    @property
    def is_import(self) -> bool:
        """Tell whether it does nothing but import."""
        return isinstance(self.node, (ast.Import, ast.ImportFrom))

    @property
    def is_definition(self) -> bool:
        """Tell whether the names that it binds say all of it."""
        return bool(self.names) and isinstance(self.node, _DEFINITIONS)

    @cached_property
    def effects(self) -> Effects:
        """What running it needs to be quiet."""
        return statement_effects(self.node)

    def reads(self, name: str = "") -> Reads:
        """Return what the part that binds a name refers to; without a name, all of it."""
        if name not in self._reads:
            self._reads[name] = Reads() if self.is_import and name else read_names(self.part(name))
        return self._reads[name]

    def syntax(self, name: str = "") -> str:
        """Return the normalised syntax of the part that binds a name; without a name, of all of it.

        Raises:
            UnreadableCodeError: it is too deep.
        """
        if name not in self._syntax:
            self._syntax[name] = syntax_of(self.part(name))
        return self._syntax[name]

    def part(self, name: str) -> ast.stmt:
        """Return what binds a name; without a name, and where there is nothing else in it, the statement itself."""
        if name not in self._nodes:
            self._nodes[name] = _without_others(self.node, name) if name else self.node
        return self._nodes[name]


class ModuleCode:
    """What a module's text defines."""

    def __init__(self, data: bytes, *, main: bool = False) -> None:
        """Read a text.

        Args:
            data: the file's content.
            main: it is the program that runs, so what its main guard holds is executed.

        Raises:
            UnreadableCodeError: it can't be parsed.
        """
        try:
            self._tree = ast.parse(data)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise UnreadableCodeError(str(error)) from error
        self._data = data
        without_docstrings(self._tree)
        self._shortened = without_step_options(self._tree)
        self.pieces: list[Piece] = []
        self.guarded: set[int] = set()
        """The pieces that a main guard holds, by their place."""
        for node, is_guarded in _unguarded(self._tree.body, main=main):
            if is_guarded:
                self.guarded.add(len(self.pieces))
            self.pieces.append(Piece(node, bound_names([node])))
        self.names: dict[str, list[int]] = {}
        """Name to the pieces that bind it, in their order."""
        self.stars: list[Import] = []
        for i, piece in enumerate(self.pieces):
            for name, imports in piece.names.items():
                if name == "*":
                    self.stars.extend(imports)
                else:
                    self.names.setdefault(name, []).append(i)
        self._writers: dict[str, set[str]] | None = None

    @cached_property
    def imports(self) -> list[Import]:
        """What importing the module imports, in the order of the text."""
        found: dict[Import, None] = {}
        for piece in self.pieces:
            for node in own_nodes([piece.node]):
                if isinstance(node, ast.Import):
                    found.update((Import(alias.name), None) for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    found.update(dict.fromkeys(imports_of(node).values()))
                elif isinstance(node, ast.ClassDef):
                    found.update(read_names(node).imports)
        return list(found)

    @cached_property
    def all_imports(self) -> list[Import]:
        """What the module imports anywhere, in functions too."""
        found: dict[Import, None] = {}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Import):
                found.update((Import(alias.name), None) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                found.update(dict.fromkeys(imports_of(node).values()))
            elif isinstance(node, ast.Call):
                argument = node.args[0] if node.args else None
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in {"__import__", "import_module"} and isinstance(argument, ast.Constant):
                    found[Import(str(argument.value))] = None
        return list(found)

    @cached_property
    def classes(self) -> dict[str, frozenset[str]]:
        """Each class of the module's own level, with the names that its body and inner classes bind."""
        classes = [n for piece in self.pieces for n in own_nodes([piece.node]) if isinstance(n, ast.ClassDef)]
        return {node.name: frozenset(_members(node)) for node in classes}

    def writers(self, name: str) -> set[str]:
        """Return the names of functions and classes of the module that set a name by ``global``."""
        if self._writers is None:
            self._writers = {}
            for piece in self.pieces if b"global" in self._data else []:
                for node in ast.walk(piece.node):
                    for written in node.names if isinstance(node, ast.Global) else []:
                        self._writers.setdefault(written, set()).update(piece.names)
        return self._writers.get(name, set())

    def is_bound(self, name: str) -> bool:
        """Tell whether something in the module binds a name of its own level."""
        return name in self.names or bool(self.writers(name))

    def parts(self, name: str) -> dict[str, str]:
        """Return the syntax of a name by part: a class by member, anything else as one (an empty text)."""
        indexes = self.names.get(name, [])
        if len(indexes) == 1:
            node = self.pieces[indexes[0]].node
            if isinstance(node, ast.ClassDef) and node.name == name:
                return _class_parts(node)
        return {"": "\n".join(self.pieces[i].syntax(name) for i in indexes)}

    @cached_property
    def syntax(self) -> str:
        """The whole module's normalised syntax.

        Raises:
            UnreadableCodeError: it is too deep.
        """
        return syntax_of(self._tree)

    @property
    def data(self) -> bytes:
        """The text itself."""
        return self._data

    # Texts for people

    def text(self, name: str, member: str = "") -> str:
        """Return the source of a name, or of one member of a class (an empty text: its head)."""
        pieces = [self.pieces[i] for i in self.names.get(name, [])]
        if any(piece.node is not piece.part(name) for piece in pieces):
            # Just what its digest stands for: other text of the same statement is another one elsewhere.
            return "\n".join(ast.unparse(piece.part(name)) for piece in pieces)
        nodes = [piece.node for piece in pieces]
        first = nodes[0] if len(nodes) == 1 else None
        if isinstance(first, ast.ClassDef) and first.name == name:
            if not member:
                others = [node for node in first.body if not bound_names([node])]
                head = self._lines(_first_line(first), _first_line(first.body[0]) - 1)
                return "\n".join([head, *(textwrap.indent(self._text(node), "    ") for node in others)])
            nodes = [node for node in first.body if member in bound_names([node])]
        return "\n".join(self._text(node) for node in nodes)

    def text_of_pieces(self, indexes: list[int]) -> str:
        """Return the source of statements."""
        return "\n".join(self._text(self.pieces[i].node) for i in indexes)

    def _text(self, node: ast.stmt) -> str:
        if node in self._shortened:  # environments are nobody's business
            decorators = [f"@{ast.unparse(decorator)}" for decorator in getattr(node, "decorator_list", [])]
            return "\n".join([*decorators, self._lines(node.lineno, node.end_lineno or node.lineno)])
        return self._lines(_first_line(node), node.end_lineno or node.lineno)

    def _lines(self, first: int, last: int) -> str:
        return textwrap.dedent("\n".join(self._split[first - 1 : last]))

    @cached_property
    def _split(self) -> list[str]:
        return _NEW_LINE.split(self._data.decode("utf-8", errors="replace"))


def without_docstrings(tree: ast.AST) -> None:
    """Take the docstrings out of a tree."""
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body[0:1] = [] if len(node.body) > 1 else [ast.copy_location(ast.Pass(), first)]


def syntax_of(node: ast.AST) -> str:
    """Return the normalised syntax of a tree.

    Raises:
        UnreadableCodeError: it is too deep, or holds numbers of thousands of digits.
    """
    try:
        return ast.dump(node, annotate_fields=False, include_attributes=False)
    except (ValueError, RecursionError) as error:
        raise UnreadableCodeError(str(error)) from error


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _is_main_guard(node: ast.stmt) -> bool:
    test = node.test if isinstance(node, ast.If) else None
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and len(test.ops) == 1
        and isinstance(test.ops[0], ast.Eq)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value == "__main__"
    )


def _unguarded(body: list[ast.stmt], *, main: bool, is_guarded: bool = False) -> Iterator[tuple[ast.stmt, bool]]:
    """Yield a module's statements, of its main guards those that are executed, and whether they are of such a one."""
    for node in body:
        if isinstance(node, ast.If) and _is_main_guard(node):
            yield from _unguarded(node.body if main else node.orelse, main=main, is_guarded=main)
        else:
            yield node, is_guarded


def _without_others(node: ast.stmt, name: str) -> ast.stmt:
    """Return a statement without what only binds other names: import aliases, definitions in branches."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        kept = copy.copy(node)
        kept.names = [a for a in node.names if (a.asname or a.name.partition(".")[0]) == name or a.name == "*"]
        return kept if len(kept.names) < len(node.names) else node
    if not isinstance(node, ast.If):
        return node
    branches = copy.copy(node)
    branches.body = _branch(node.body, name) or [ast.Pass()]
    branches.orelse = _branch(node.orelse, name)
    return branches if [*branches.body, *branches.orelse] != [*node.body, *node.orelse] else node


def _branch(body: list[ast.stmt], name: str) -> list[ast.stmt]:
    kept: list[ast.stmt] = []
    for node in body:
        definition = isinstance(
            node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign)
        )
        if not definition or name in bound_names([node]):
            kept.append(_without_others(node, name))
    return kept


def _members(node: ast.ClassDef) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.ClassDef):
            yield from bound_names(inner.body)
        elif isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
            yield inner.attr


def _class_parts(node: ast.ClassDef) -> dict[str, str]:
    """Return member to syntax; the head, with the order of the members, under an empty text."""
    members: dict[str, list[str]] = {}
    order: list[str] = []
    for statement in node.body:
        names = list(bound_names([statement]))
        if len(names) == 1 and not isinstance(statement, (ast.If, ast.Try, ast.For, ast.While, ast.With, ast.Match)):
            members.setdefault(names[0], []).append(syntax_of(statement))
            order.append(names[0])
        else:
            order.append(syntax_of(statement))
    head = copy.copy(node)
    head.body = []
    return {"": "\n".join([syntax_of(head), *order]), **{name: "\n".join(parts) for name, parts in members.items()}}
