"""What a piece of Python code refers to outside of itself: names of its module, imports, and what no text tells.

Invariant: a name counts as local only where Python makes it so; when in doubt it counts as one of the module's.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from typing import Literal

from stackyard.model.record import Record

IMPORTERS = frozenset({"__import__", "import_module", "run_path", "run_module", "reload", "spec_from_file_location"})
_FRAMES = frozenset({"__subclasses__", "f_globals", "f_locals", "f_back", "__globals__", "__builtins__"})
_SOURCES = frozenset({"__doc__", "getdoc", "getsource", "getsourcelines", "f_lineno", "co_firstlineno", "__code__"})
_NAMESPACES = frozenset({"eval", "exec", "globals", "locals", "compile"})
_ACCESSORS = frozenset({"getattr", "setattr", "delattr"})
_TEXT_CALLS = frozenset({"eval", "evaluate", "query", "sql"})
_IN_TEXT = re.compile(r"@\w|\b(?:from|join|into|update)\s+\w", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d]\w*")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
_LEAVES = frozenset({ast.Name, ast.Constant, ast.Load, ast.Store, ast.Import, ast.ImportFrom, ast.Pass})
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

Doubt = Literal["module", "all", "files", "source"]
"""What can't be read from a piece of code: which names of its module it uses, which of any module that is imported,
which files it imports; or it reads source and docstrings themselves."""


class Import(Record):
    """What an import statement binds a name to."""

    module: str
    """As written, without the dots before it."""
    level: int = 0
    """Dots before it."""
    name: str = ""
    """What is taken from the module; empty: the module itself; ``*``: everything."""


class Reference(Record):
    """A name with the attributes that are read from it: ``helpers.Config.rate``."""

    root: str | Import
    path: tuple[str, ...] = ()
    soft: bool = False
    """It may as well be no name at all: a word in a text."""


class Reads(Record, frozen=False):
    """What a piece of code refers to."""

    references: dict[Reference, None] = field(default_factory=dict)
    attributes: set[str] = field(default_factory=set)
    """Names of all attributes that it reads, of whatever object."""
    imports: dict[Import, None] = field(default_factory=dict)
    """What it imports when it runs."""
    doubts: dict[Doubt, str] = field(default_factory=dict)
    """Doubt to its reason, with the line."""

    def add(self, other: Reads) -> None:
        """Take in what another piece refers to."""
        self.references.update(other.references)
        self.attributes |= other.attributes
        self.imports.update(other.imports)
        self.doubts = {**other.doubts, **self.doubts}


def read_names(node: ast.AST) -> Reads:
    """Return what a statement or expression of a module's own level refers to."""
    reader = _Reader()
    reader.visit(node)
    return reader.reads


def imports_of(node: ast.Import | ast.ImportFrom) -> dict[str, Import]:
    """Return name to what an import statement binds it to; ``*`` for everything."""
    if isinstance(node, ast.ImportFrom):
        return {a.asname or a.name: Import(node.module or "", node.level, a.name) for a in node.names}
    return {a.asname or a.name.partition(".")[0]: _module_import(a) for a in node.names}


def _module_import(alias: ast.alias) -> Import:
    # ``import a.b`` binds ``a``; ``import a.b as c`` binds the inner one.
    return Import(alias.name if alias.asname else alias.name.partition(".")[0])


def bound_names(statements: Iterable[ast.AST]) -> dict[str, tuple[Import, ...]]:
    """Return the names that code binds in its own scope, each with the imports that bind it."""
    found: dict[str, tuple[Import, ...]] = {}
    for node in own_nodes(statements):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for name, target in imports_of(node).items():
                found[name] = (*found.get(name, ()), target)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.setdefault(node.id, ())
        elif isinstance(node, _NAMED) and node.name:
            found.setdefault(node.name, ())
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.setdefault(node.rest, ())
    return found


def own_nodes(statements: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of a scope, those of functions, classes and comprehensions inside it left out.

    Of these, what is evaluated outside of them is yielded: decorators, defaults, bases, ``:=`` of comprehensions.
    """
    pending = list(statements)[::-1]
    while pending:
        node = pending.pop()
        yield node
        if type(node) in _LEAVES:
            continue
        if isinstance(node, _COMPREHENSIONS):
            pending.extend(inner.target for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr))
        elif isinstance(node, _SCOPES):
            pending.extend(_outside(node))
        else:
            pending.extend(ast.iter_child_nodes(node))


def _outside(node: ast.AST) -> Iterator[ast.AST]:
    yield from getattr(node, "decorator_list", [])
    arguments = getattr(node, "args", None)
    if isinstance(arguments, ast.arguments):
        yield from arguments.defaults
        yield from (default for default in arguments.kw_defaults if default is not None)
    if isinstance(node, ast.ClassDef):
        yield from node.bases
        yield from (keyword.value for keyword in node.keywords)


def declared_global(statements: Iterable[ast.AST]) -> set[str]:
    """Return the names that a scope declares ``global``."""
    return {name for node in own_nodes(statements) if isinstance(node, ast.Global) for name in node.names}


class _Scope(Record, frozen=False):
    names: dict[str, tuple[Import, ...]]
    of_class: bool = False
    outer: frozenset[str] = frozenset()
    """Names that the scope declares global."""
    free: frozenset[str] = frozenset()
    """Names that it declares nonlocal."""


class _Reader(ast.NodeVisitor):
    """Collects references scope by scope."""

    def __init__(self) -> None:
        self.reads = Reads()
        self._scopes: list[_Scope] = []

    def _doubt(self, doubt: Doubt, what: str, node: ast.AST) -> None:
        self.reads.doubts.setdefault(doubt, f"{what}, line {getattr(node, 'lineno', 0)}")

    def _refer(self, name: str, path: tuple[str, ...], *, soft: bool = False) -> None:
        for depth, scope in enumerate(reversed(self._scopes)):
            if name in scope.outer:
                break
            if name in scope.names and (depth == 0 or not scope.of_class):
                for target in scope.names[name]:
                    self.reads.references[Reference(target, path)] = None
                if not scope.of_class:
                    return
                soft = True  # what a class body binds may be read before: then it is the module's
        self.reads.references[Reference(name, path, soft)] = None

    def _is_global(self, name: str) -> bool:
        return not any(name in scope.names for scope in self._scopes)

    def visit_Name(self, node: ast.Name) -> None:
        self._name(node, ())

    def _name(self, node: ast.Name, path: tuple[str, ...]) -> None:
        if node.id in _SOURCES and self._is_global(node.id):
            self._doubt("source", f"{node.id} is used", node)
        if node.id in IMPORTERS:
            self._doubt("files", f"{node.id} with a computed name", node)
        if node.id in _NAMESPACES and self._is_global(node.id):
            self._doubt("module", f"{node.id}() is used", node)
        if node.id in _FRAMES:
            self._doubt("all", f"{node.id} is used", node)
        self._refer(node.id, path)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            path.append(inner.attr)
            inner = inner.value
        self._attributes(path, node)
        if isinstance(inner, ast.Name):
            self._name(inner, tuple(reversed(path)))
        else:
            self.visit(inner)

    def _attributes(self, names: Iterable[str], node: ast.AST) -> None:
        for name in names:
            self.reads.attributes.add(name)
            if name in IMPORTERS:
                self._doubt("files", f"{name} with a computed name", node)
            elif name in _FRAMES:
                self._doubt("all", f"{name} is used", node)
            elif name in _SOURCES:
                self._doubt("source", f"{name} is used", node)

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0] if node.args else None
        if called in {"__import__", "import_module"} and isinstance(first, ast.Constant):
            if isinstance(first.value, str) and not first.value.startswith("."):
                self._constant_import(first.value, node)
                return
        elif isinstance(node.func, ast.Name) and called in _ACCESSORS and self._is_global(called):
            if self._accessor(node):
                return
        elif called == "vars" and not node.args:
            self._doubt("module", "vars() is used", node)
        self.generic_visit(node)
        if called in _TEXT_CALLS:
            self._text_call(called, node)

    def _constant_import(self, name: str, node: ast.Call) -> None:
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            self.reads.references[Reference(Import(".".join(parts[:length])))] = None
        self.reads.imports[Import(name)] = None
        for argument in [*node.args[1:], *(keyword.value for keyword in node.keywords)]:
            self.visit(argument)

    def _accessor(self, node: ast.Call) -> bool:
        """Read ``getattr(x, "name")`` as ``x.name``; return whether that was all."""
        if len(node.args) < 2:
            return False
        owner, name = node.args[0], node.args[1]
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            self.visit(ast.copy_location(ast.Attribute(owner, name.value, ast.Load()), node))
            for argument in node.args[2:]:
                self.visit(argument)
            return True
        # Of an own object, all members count in any case.
        if not (isinstance(owner, ast.Name) and owner.id in {"self", "cls"} and not self._is_global(owner.id)):
            self._doubt("module", f"{getattr(node.func, 'id', '')} with a computed name", node)
        return False

    def _text_call(self, called: str, node: ast.Call) -> None:
        for argument in node.args[:1]:
            for inner in ast.walk(argument):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    self._words(inner.value)
                elif called != "evaluate" and not isinstance(inner, (ast.JoinedStr, ast.Constant)):
                    # Models are evaluated, too; whether it is numexpr's function its name says.
                    self._doubt("module", "a computed text is evaluated", node)

    def _words(self, text: str) -> None:
        for word in set(_WORD.findall(text)):
            self._refer(word, (), soft=True)

    def visit_Constant(self, node: ast.Constant) -> None:
        # Queries of tables find variables by their name: ``df.query("x > @LIMIT")``, ``select * from ROWS``.
        if isinstance(node.value, str) and _IN_TEXT.search(node.value):
            self._words(node.value)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.reads.imports[Import(alias.name)] = None
        self._bound_elsewhere(imports_of(node))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.reads.imports.update(dict.fromkeys(imports_of(node).values()))
        self._bound_elsewhere(imports_of(node))

    def _bound_elsewhere(self, imports: dict[str, Import]) -> None:
        """Refer to what is imported as a member of a class, or as a name of a scope further out."""
        scope = self._scopes[-1] if self._scopes else _Scope({})
        for name, target in imports.items():
            if scope.of_class or name in scope.outer | scope.free:
                self.reads.references[Reference(target)] = None

    def visit_Global(self, node: ast.Global) -> None:
        for name in node.names:
            self.reads.references[Reference(name, (), soft=True)] = None

    # Scopes

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        with_parameters = self._type_parameters(node)
        for argument in _arguments(node.args):
            self._annotation(argument.annotation)
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        self._annotation(node.returns)
        self._function(node.args, node.body)
        if with_parameters:
            self._scopes.pop()

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815  # the visitor's spelling

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)
        self._function(node.args, [node.body])

    def _function(self, arguments: ast.arguments, body: Iterable[ast.AST]) -> None:
        body = list(body)
        names = {argument.arg: () for argument in _arguments(arguments)} | bound_names(body)
        outer = declared_global(body)
        free = {name for node in own_nodes(body) if isinstance(node, ast.Nonlocal) for name in node.names}
        own = {name: imports for name, imports in names.items() if name not in outer | free}
        self._within(_Scope(own, outer=frozenset(outer), free=frozenset(free)), body)

    def _within(self, scope: _Scope, body: Iterable[ast.AST]) -> None:
        self._scopes.append(scope)
        for statement in body:
            self.visit(statement)
        self._scopes.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        with_parameters = self._type_parameters(node)
        for base in node.bases:
            self._annotation(base)
        for keyword in node.keywords:
            self.visit(keyword.value)
        outer = frozenset(declared_global(node.body))
        self._within(_Scope(bound_names(node.body), of_class=True, outer=outer), node.body)
        if with_parameters:
            self._scopes.pop()

    def _type_parameters(self, node: ast.AST) -> bool:
        """Open the scope of ``def f[T](...)``, if there is one."""
        parameters = getattr(node, "type_params", [])
        if parameters:
            self._scopes.append(_Scope({parameter.name: () for parameter in parameters}))
            for parameter in parameters:
                self.generic_visit(parameter)
        return bool(parameters)

    def visit_TypeAlias(self, node: ast.AST) -> None:
        with_parameters = self._type_parameters(node)
        self._annotation(getattr(node, "value", None))
        if with_parameters:
            self._scopes.pop()

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        targets = [name for generator in node.generators for name in bound_names([generator.target])]
        # Only the first iterable is evaluated outside.
        self.visit(node.generators[0].iter)
        self._scopes.append(_Scope(dict.fromkeys(targets, ())))
        for i, generator in enumerate(node.generators):
            for inner in [generator.target, *([generator.iter] if i else []), *generator.ifs]:
                self.visit(inner)
        for inner in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
            self.visit(inner)
        self._scopes.pop()

    visit_ListComp = _comprehension  # noqa: N815  # the visitor's spelling
    visit_SetComp = _comprehension  # noqa: N815
    visit_DictComp = _comprehension  # noqa: N815
    visit_GeneratorExp = _comprehension  # noqa: N815

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.target)
        self._annotation(node.annotation)
        if node.value is not None:
            self.visit(node.value)

    def _annotation(self, node: ast.expr | None) -> None:
        if node is None:
            return
        self.visit(node)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                try:
                    parsed = ast.parse(inner.value.strip(), mode="eval")
                except (SyntaxError, ValueError, RecursionError):
                    continue
                for name in ast.walk(parsed):
                    if isinstance(name, ast.Name):
                        self._refer(name.id, (), soft=True)
                    elif isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name):
                        self._refer(name.value.id, (name.attr,), soft=True)


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]
