"""What running a statement may change besides the names that it binds: what importing a module does to others.

A statement is *quiet* when it only binds its own names; whether what it calls is quiet too, its :class:`Effects` leave
to those who know the other modules.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import field
from typing import Literal

from stackyard.analysis.code_names import Import, Reference, bound_names, declared_global, imports_of, own_nodes
from stackyard.analysis.known_code import CLASS_DECORATORS, METHODS
from stackyard.model.record import Record

Use = Literal["call", "call result", "result", "derive", "metaclass", "read", "attribute", "import"]
"""How a statement uses a name while it runs: calls it, calls what it returned, gives what it returned to a call or an
operator, derives a class, lets it make a class, gives its value to a call or an operator, keeps an attribute of it,
imports it."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_CALLERS = frozenset({"map", "filter", "reduce", "starmap", "accumulate", "groupby"})
"""What calls its first argument."""
_COMPOUND = (ast.If, ast.While, ast.For, ast.AsyncFor, ast.With, ast.AsyncWith, ast.Try, ast.Match)
_FRESH_CALLS = frozenset({"dict", "list", "set", "tuple", "str", "int", "float", "sorted", "bytearray", "frozenset"})
_FRESH = (
    ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp,
    ast.BinOp, ast.Compare,
)  # fmt: skip


class Effects(Record, frozen=False):
    """What running code needs to be quiet."""

    loud: str = ""
    """Why it is not quiet in any case; empty: it is if ``uses`` are."""
    uses: dict[tuple[Use, Reference], None] = field(default_factory=dict)


def statement_effects(statement: ast.stmt) -> Effects:
    """Return what importing a module does by one of its statements."""
    found = _Effects({}, set())
    found.run(statement)
    return found.effects


def function_effects(
    function: _Function, *, own_self: bool = False, inner: bool = False, handles: bool = False
) -> Effects:
    """Return what a call of a function does.

    Args:
        function: the function.
        own_self: its first argument is a new object that it may change: it is an initialiser.
        inner: functions that it defines are called too, as those that make decorators are.
        handles: its names stand for handles of steps: it is a pipeline.
    """
    arguments = function.args
    parameters = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    parameters += [a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None]
    fresh = _fresh_names(function.body) - set(parameters)
    if own_self and parameters:
        fresh.add(parameters[0])
    names = {**bound_names(function.body), **dict.fromkeys(parameters, ())}
    if handles:
        fresh = {name for name, imports in names.items() if not imports}
    found = _Effects(names, fresh, body=function.body, inner=inner, in_function=True)
    if declared_global(function.body):
        found.be_loud("it sets globals", function)
    for statement in function.body:
        found.run(statement)
    return found.effects


def _fresh_names(body: list[ast.stmt]) -> set[str]:
    """Return the names that only ever stand for objects made here."""
    values: dict[str, list[ast.expr | None]] = {}
    for node in own_nodes(body):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            values.setdefault(node.target.id, []).append(node.value)
    stores = [node.id for node in own_nodes(body) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return {n for n, vs in values.items() if all(_is_fresh(v) for v in vs) and stores.count(n) == len(vs)}


def _is_fresh(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in _FRESH_CALLS
    return isinstance(value, _FRESH)


class _Effects:
    """Walks through code in the way that it is run."""

    def __init__(
        self, names: dict[str, tuple[Import, ...]], fresh: set[str], *, body: Iterable[ast.stmt] = (),
        inner: bool = False, in_function: bool = False,
    ) -> None:  # fmt: skip
        self.effects = Effects()
        self._in_function = in_function
        self._names = names
        """Names that are not the module's, with the imports that bind them."""
        self._fresh = fresh
        functions = [node for node in own_nodes(body) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
        self._inner = {function.name: function for function in functions}
        self._class_names: set[str] = set()
        if inner:
            for function in functions:
                self._call_inner(function.name)

    def be_loud(self, why: str, node: ast.AST) -> None:
        """Note that the code is not quiet in any case."""
        self.effects.loud = self.effects.loud or f"{why}, line {getattr(node, 'lineno', 0)}"

    def _use(self, use: Use, name: ast.Name, path: tuple[str, ...]) -> None:
        if name.id in self._names:
            targets = self._names[name.id]
            for target in targets:
                self.effects.uses[use, Reference(target, path)] = None
            if not targets and use not in ("read", "attribute", "result"):
                self._use_local(name, path)
            elif name.id in self._inner:
                self._call_inner(name.id)
        elif name.id not in self._class_names:
            self.effects.uses[use, Reference(name.id, path)] = None
        elif use not in ("read", "attribute", "result") and not (path and path[-1] in CLASS_DECORATORS):
            self.be_loud(f"{name.id} is called in a class body", name)

    def _use_local(self, name: ast.Name, path: tuple[str, ...]) -> None:
        if not path and name.id in self._inner:
            self._call_inner(name.id)
        elif len(path) != 1 or name.id not in self._fresh:
            self.be_loud(f"{'.'.join((name.id, *path))} is called", name)

    def _call_inner(self, name: str) -> None:
        function = self._inner.pop(name, None)
        if function is None:
            return
        inner = function_effects(function)
        self.effects.loud = self.effects.loud or inner.loud
        for use, reference in inner.uses:
            if reference.root not in self._names:
                self.effects.uses[use, reference] = None

    # Statements

    def run(self, node: ast.stmt) -> None:
        """Take in what a statement does."""
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._decorate(node.decorator_list)
            self._values([*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)])
        elif isinstance(node, ast.ClassDef):
            self._class(node)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            if self._in_function:
                for imported in imports_of(node).values():
                    self.effects.uses["import", Reference(imported)] = None
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            self._assign(node)
        elif isinstance(node, (ast.Expr, ast.Return)):
            self._values([node.value] if node.value is not None else [])
        else:
            self._compound(node)

    def _assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        if isinstance(node, ast.AugAssign):
            self._read(node.value)
            name = node.target.id if isinstance(node.target, ast.Name) else ""
            if name != "__all__" and name not in self._fresh and name not in self._class_names:
                # In place, it changes a list under all of its names.
                self.be_loud("an augmented assignment", node)
            return
        if self._in_function and isinstance(node.value, ast.Call):
            self._read(node.value)  # so that nothing is known to be of the project's own types afterwards
        else:
            self._values([node.value] if node.value is not None else [])
        if isinstance(node, ast.AnnAssign):
            self._annotation(node.annotation)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            self._store(target)

    def _compound(self, node: ast.stmt) -> None:
        """Take in a statement with blocks: all of its own expressions, and all that its blocks do."""
        kind = type(node).__name__
        if isinstance(node, _COMPOUND) or kind == "TryStar" or (self._in_function and kind in ("Raise", "Assert")):
            self._block(node)
        elif kind not in ("Pass", "Break", "Continue", "TypeAlias"):
            # raise, assert, del, global and what later Pythons may bring
            self.be_loud(f"{kind.lower()} at import", node)

    def _block(self, node: ast.AST) -> None:
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.stmt):
                self.run(inner)
            elif isinstance(inner, ast.expr):
                if isinstance(getattr(inner, "ctx", None), ast.Store):
                    self._store(inner)
                else:
                    self._read(inner)
            else:  # a handler, a case, an item of a with
                self._block(inner)

    def _class(self, node: ast.ClassDef) -> None:
        self._decorate(node.decorator_list)
        for base in node.bases:
            self._derive(base)
        for keyword in node.keywords:
            if keyword.arg == "metaclass":
                self._derive(keyword.value, "metaclass")
            else:
                self._read(keyword.value)
        before = self._class_names
        self._class_names = before | set(bound_names(node.body))
        for statement in node.body:
            self.run(statement)
        self._class_names = before

    def _derive(self, base: ast.expr, use: Use = "derive") -> None:
        while isinstance(base, ast.Subscript):  # Generic[T]
            base = base.value
        chain = chain_of(base)
        if chain is None:
            self.be_loud("a computed base class", base)
        else:
            self._use(use, *chain)

    def _decorate(self, decorators: list[ast.expr]) -> None:
        for decorator in decorators:
            chain = chain_of(decorator)
            if chain is not None:
                self._use("call", *chain)
                continue
            self._value(decorator)
            inner = chain_of(decorator.func) if isinstance(decorator, ast.Call) else None
            if inner is None:
                self.be_loud("a computed decorator", decorator)
            else:
                self._use("call result", *inner)

    def _store(self, target: ast.expr) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            for element in target.elts:
                self._store(element)
        elif isinstance(target, ast.Starred):
            self._store(target.value)
        elif isinstance(target, (ast.Attribute, ast.Subscript)):
            owner = target.value
            if isinstance(target, ast.Subscript):
                self._read(target.slice)
            if not (isinstance(owner, ast.Name) and owner.id in self._fresh | self._class_names):
                self.be_loud("it sets an attribute or item", target)

    # Expressions

    def _values(self, nodes: Iterable[ast.expr]) -> None:
        for node in nodes:
            self._value(node)

    def _annotation(self, node: ast.expr) -> None:
        if any(isinstance(inner, ast.Call) for inner in ast.walk(node)):
            self._value(node)

    def _value(self, node: ast.expr) -> None:
        """Take in an expression whose value is only kept: a name in it runs nothing."""
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            self._values(node.elts)
        elif isinstance(node, ast.Dict):
            self._values([n for n in (*node.keys, *node.values) if n is not None])
        elif isinstance(node, ast.Call):
            self._call(node)
        else:
            chain = chain_of(node)
            if chain is None:
                self._read(node)
            elif chain[1]:
                self._use("attribute", *chain)

    def _read(self, node: ast.expr) -> None:
        """Take in an expression whose parts are given to calls and operators."""
        chain = chain_of(node)
        if chain is not None:
            self._use("read", *chain)
        elif isinstance(node, ast.Call):
            self._call(node)
            called = chain_of(node.func)
            if called is not None:
                self._use("result", *called)
            elif not isinstance(node.func, ast.Attribute):
                self.be_loud("a computed call", node)
        elif isinstance(node, ast.Lambda):
            self._lambda(node)
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            self._comprehension(node)
        elif isinstance(node, ast.NamedExpr):
            self._read(node.value)
        else:
            for inner in ast.iter_child_nodes(node):
                if isinstance(inner, ast.expr):
                    self._read(inner)

    def _call(self, node: ast.Call) -> None:
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            self._read(argument.value if isinstance(argument, ast.Starred) else argument)
        chain = chain_of(node.func)
        if chain is not None:
            self._use("call", *chain)
            self._calls_arguments(node, (chain[0].id, *chain[1])[-1])
            return
        self._read(node.func.value if isinstance(node.func, ast.Attribute) else node.func)
        if isinstance(node.func, ast.Lambda) or (isinstance(node.func, ast.Attribute) and node.func.attr in METHODS):
            return
        # What a call gave is called, or a method of it.
        inner = chain_of(node.func.func) if isinstance(node.func, ast.Call) else None
        root = _root(node.func)
        if inner is not None:
            self._use("call result", *inner)
        elif root is not None:
            self._use("call result", root, ())
        else:
            self.be_loud("a computed call", node)

    def _calls_arguments(self, node: ast.Call, called: str) -> None:
        functions = [node.args[0]] if called in _CALLERS and node.args else []
        functions += [keyword.value for keyword in node.keywords if keyword.arg in ("key", "default_factory")]
        for argument in functions:
            chain = chain_of(argument)
            if chain is not None:
                self._use("call", *chain)
            elif not isinstance(argument, ast.Lambda):
                self.be_loud("a computed function", argument)

    def _lambda(self, node: ast.Lambda) -> None:
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        self._inside({argument.arg: () for argument in arguments}, [node.body])

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        names: dict[str, tuple[Import, ...]] = {}
        parts: list[ast.expr] = []
        for generator in node.generators:
            names |= bound_names([generator.target])
            parts += [generator.iter, *generator.ifs]
        self._inside(names, [*parts, *([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])])

    def _inside(self, names: dict[str, tuple[Import, ...]], parts: list[ast.expr]) -> None:
        before = self._names
        self._names = {**before, **names}
        for part in parts:
            self._read(part)
        self._names = before


def _root(node: ast.expr) -> ast.Name | None:
    """Return the name that a chain of calls and attributes begins with, if it does with one."""
    while isinstance(node, (ast.Call, ast.Attribute)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node if isinstance(node, ast.Name) else None


def chain_of(node: ast.AST) -> tuple[ast.Name, tuple[str, ...]] | None:
    """Return name and attributes of ``a.b.c``, or None for anything else."""
    path: list[str] = []
    while isinstance(node, ast.Attribute):
        path.append(node.attr)
        node = node.value
    return (node, tuple(reversed(path))) if isinstance(node, ast.Name) else None
