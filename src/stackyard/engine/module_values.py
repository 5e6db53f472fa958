"""Which names of loaded modules count by the value that they have in this process, beside their code.

All whose code does not say which value that is: what was read or computed while the module was imported, what other
modules put there, and what is behind decorators, defaults and closures.
"""

from __future__ import annotations

import ast
import builtins
import sys
from types import FunctionType, ModuleType
from typing import Any

from stackyard.analysis.code_names import bound_names
from stackyard.analysis.import_effects import chain_of
from stackyard.analysis.module_code import ModuleCode
from stackyard.engine.captured import NOT_OF_CLASS, SLOTS
from stackyard.engine.live_values import OF_CODE, LiveValue, LiveValues
from stackyard.engine.project_files import ProjectFiles
from stackyard.model.names import BY_VALUE_MODULES

_NOTHING = object()
_LONGEST_LITERAL = 10_000


class ModuleValues:
    """The values of the names of a project's modules."""

    def __init__(self, files: ProjectFiles, roots: list[str]) -> None:
        """Look at nothing yet.

        Args:
            files: of the project.
            roots: folders that count by their place among these.
        """
        self._files = files
        self._roots = roots
        self._places: dict[str, str | None] = {}
        self._defined: dict[tuple[str, str], bool] = {}
        self._values = LiveValues(roots, self._place, self._is_defined)

    def of(self, file: str, name: str) -> LiveValue | None:
        """Return what stands for the value of a name; None: its code says all of it, or it is not loaded."""
        code, loaded = self._files.module(file), self._files.loaded_module(file)
        value = vars(loaded).get(name, _NOTHING) if loaded is not None else _NOTHING
        if code is None or loaded is None or value is _NOTHING or self._is_told(code, loaded, name, value):
            return None
        return self._values.of(value)

    def added(self, file: str) -> list[str]:
        """Return the names that a module has and no code of it binds: others set them, or it does by a text."""
        code, loaded = self._files.module(file), self._files.loaded_module(file)
        names = list(vars(loaded)) if loaded is not None and code is not None else []
        return [n for n in names if code is not None and not code.is_bound(n) and not (n[:2] == n[-2:] == "__")]

    def _is_told(self, code: ModuleCode, loaded: ModuleType, name: str, value: Any) -> bool:
        """Tell whether the code of a name says which value it has."""
        pieces = [code.pieces[i] for i in code.names.get(name, ())]
        if pieces and all(piece.is_import for piece in pieces):
            return isinstance(value, ModuleType) or _is_anywhere(loaded, name, value, code)
        if len(pieces) != 1:
            return False
        node = pieces[0].node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = value.function if getattr(type(value), "__stackyard_step__", False) is True else value
            return isinstance(function, FunctionType) and _is_told_function(node, loaded.__name__, name, function)
        if isinstance(node, ast.ClassDef):
            return isinstance(value, type) and self._is_told_class(node, loaded, name, value)
        return self._is_literal(node, value)

    def _is_told_class(self, node: ast.ClassDef, loaded: ModuleType, name: str, cls: type) -> bool:
        """Tell whether a class has what its body says, and that are functions and what is written down as it is."""
        named = (cls.__module__, cls.__qualname__, cls.__name__) == (loaded.__name__, name, name)
        bases = tuple(_found(loaded, base) for base in node.bases) or (object,)
        if not named or node.decorator_list or node.keywords or bases != cls.__bases__:
            return False
        own = {n: v for n, v in vars(cls).items() if n not in NOT_OF_CLASS | OF_CODE and not isinstance(v, SLOTS)}
        nodes = {name: each for each in node.body for name in bound_names([each])}
        if len(nodes) != sum(len(bound_names([each])) for each in node.body) or own.keys() - nodes.keys():
            return False
        for member, value in own.items():
            each = nodes[member]
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if not isinstance(value, FunctionType):
                    return False
                if not _is_told_function(each, loaded.__name__, f"{name}.{member}", value):
                    return False
            elif not self._is_literal(each, value):
                return False
        return True

    def _is_literal(self, node: ast.stmt, value: Any) -> bool:
        """Tell whether a value is written down as it is."""
        literal = _literal(node) if isinstance(node, (ast.Assign, ast.AnnAssign)) else _NOTHING
        return literal is not _NOTHING and self._values.of(literal) == self._values.of(value)

    def _place(self, module: str) -> str | None:
        """Return what a module is called wherever the project lies and whoever runs it; None: it is none of it."""
        if module not in self._places:
            self._places[module] = self._find_place(module)
        return self._places[module]

    def _is_defined(self, module: str, name: str) -> bool:
        """Tell whether a name of a module is bound by one definition alone."""
        key = (module, name)
        if key not in self._defined:
            self._defined[key] = self._find_defined(module, name)
        return self._defined[key]

    def _find_defined(self, module: str, name: str) -> bool:
        file = self._files.file_of(module)
        code = self._files.module(file) if file is not None else None
        places = code.names.get(name, ()) if code is not None else ()
        nodes = [code.pieces[i].node for i in places] if code is not None else []
        return len(nodes) == 1 and isinstance(nodes[0], (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))

    def _find_place(self, module: str) -> str | None:
        file = self._files.file_of(module)
        if file is None:
            return module if module in BY_VALUE_MODULES else None
        for i, root in enumerate(self._roots):
            if file.startswith(root):
                return f"<root{i}>{file[len(root) :]}"
        return file


def _is_anywhere(loaded: ModuleType, name: str, value: Any, code: ModuleCode) -> bool:
    """Tell whether one of the modules that a name is imported from has the value, under the name that it has there."""
    package = loaded.__package__ or ""
    for i in code.names[name]:
        for target in code.pieces[i].names[name]:
            parts = package.split(".")[: len(package.split(".")) - target.level + 1] if target.level else []
            dotted = ".".join([*parts, target.module] if target.module else parts)
            found = getattr(sys.modules.get(dotted), "__dict__", {})
            if found.get(target.name, _NOTHING) is value:
                return True
    return False


def _is_told_function(node: ast.stmt, module: str, qualname: str, function: FunctionType) -> bool:
    """Tell whether a function is the one that a definition makes, and takes nothing else along."""
    arguments = getattr(node, "args", None)
    assert isinstance(arguments, ast.arguments)  # noqa: S101  # it is a function's
    defaults = [default for default in (*arguments.defaults, *arguments.kw_defaults) if default is not None]
    return (
        (function.__module__, function.__qualname__) == (module, qualname)
        and function.__code__.co_name == function.__name__ == qualname.rpartition(".")[2]
        and (function.__closure__ is None or function.__code__.co_freevars == ("__class__",))
        and not function.__dict__
        and all(isinstance(default, (ast.Constant, ast.UnaryOp)) for default in defaults)
        and (function.__defaults__ or ()) == tuple(_value_of(default) for default in arguments.defaults)
        and (function.__kwdefaults__ or {}) == {
            argument.arg: _value_of(default)
            for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
            if default is not None
        }
    )  # fmt: skip


def _found(loaded: ModuleType, node: ast.expr) -> Any:
    """Return what a dotted name stands for in a module."""
    chain = chain_of(node)
    found = vars(loaded).get(chain[0].id, getattr(builtins, chain[0].id, None)) if chain is not None else None
    for part in chain[1] if chain is not None else ():
        found = vars(found).get(part) if isinstance(found, ModuleType) else None
    return found


def _value_of(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return _NOTHING


def _literal(node: ast.Assign | ast.AnnAssign) -> Any:
    """Return the value of an assignment to one name that is written down as it is."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    too_long = (node.end_lineno or 0) - node.lineno > _LONGEST_LITERAL
    if node.value is None or too_long or not all(isinstance(target, ast.Name) for target in targets):
        return _NOTHING
    return _value_of(node.value)
