"""Options of ``@step`` that say nothing of what a step computes, or count by their values: left out of its code."""

from __future__ import annotations

import ast

from stackyard.analysis.code_names import bound_names

_PACKAGE, _STEP = "stackyard", "step"
_APART = frozenset(
    {"enable_cache", "environment", "experiment_tracker", "on_end", "on_failure", "on_start", "on_success", "resources"}
    | {"retry", "secrets", "settings", "step_operator", "tags", "timeout"}
)


def without_step_options(tree: ast.Module) -> set[ast.AST]:
    """Take these options off the steps of a module, in place; return the functions that had any.

    Only names that the module imports from Stackyard and binds nowhere else are known to be its ``step``.
    """
    bound = [name for node in tree.body for name in bound_names([node])]
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == _PACKAGE and not node.level:
            names.update(alias.asname or alias.name for alias in node.names if alias.name == _STEP)
        elif isinstance(node, ast.Import):
            names.update(f"{alias.asname or alias.name}.{_STEP}" for alias in node.names if alias.name == _PACKAGE)
    names = {name for name in names if bound.count(name.partition(".")[0]) == 1}
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = ast.walk(tree) if names else ()
    return {node for node in nodes if isinstance(node, functions) and _shorten(node, names)}


def _shorten(function: ast.FunctionDef | ast.AsyncFunctionDef, names: set[str]) -> bool:
    is_shorter = False
    for i, decorator in enumerate(function.decorator_list):
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) in names:
            kept = [keyword for keyword in decorator.keywords if keyword.arg not in _APART]
            is_shorter = is_shorter or len(kept) < len(decorator.keywords)
            decorator.keywords = kept
            if not kept and not decorator.args:
                function.decorator_list[i] = decorator.func
    return is_shorter
