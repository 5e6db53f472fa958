"""Whether the parameters of a function can only be values of types outside of the project."""

from __future__ import annotations

import ast

from stackyard.analysis.code_names import Reference
from stackyard.analysis.code_targets import Targets
from stackyard.analysis.import_effects import chain_of

_FINAL = frozenset({"builtins.int", "builtins.float", "builtins.str", "builtins.bool", "builtins.bytes",
                    "builtins.complex"})  # fmt: skip
_OF_OTHERS = frozenset({"builtins.list", "builtins.dict", "builtins.tuple", "builtins.set", "builtins.frozenset"}) | {
    f"typing.{name}"
    for name in ("List", "Dict", "Tuple", "Set", "FrozenSet", "Optional", "Union", "Sequence", "Mapping", "Annotated")
}
_LIBRARIES = ("numpy.", "pandas.", "polars.", "pyarrow.", "datetime.", "pathlib.", "decimal.", "uuid.", "PIL.")


class ClosedTypes:
    """Judges annotations."""

    def __init__(self, targets: Targets) -> None:
        """Know nothing yet."""
        self._targets = targets

    def is_closed(self, file: str, name: str) -> bool:
        """Tell whether no object of a class of the project can come in as an argument of a function."""
        code = self._targets.project.module(file)
        places = code.names.get(name, []) if code is not None else []
        if code is None or len(places) != 1:
            return False
        node = code.pieces[places[0]].node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return False
        given = node.args
        if given.vararg is not None or given.kwarg is not None:
            return False
        return all(self._closed(file, a.annotation) for a in (*given.posonlyargs, *given.args, *given.kwonlyargs))

    def _closed(self, file: str, node: ast.expr | None) -> bool:
        if isinstance(node, ast.Constant):
            return node.value is None
        if isinstance(node, ast.BinOp):
            return self._closed(file, node.left) and self._closed(file, node.right)
        if isinstance(node, ast.Subscript):
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            names = self._names(file, node.value)
            parts = parts[:1] if names == {"typing.Annotated"} else parts
            return bool(names) and names <= _OF_OTHERS and all(
                self._closed(file, part) for part in parts if not (isinstance(part, ast.Constant) and part.value is ...)
            )  # fmt: skip
        names = self._names(file, node) if node is not None else set()
        return bool(names) and all(name in _FINAL or name.startswith(_LIBRARIES) for name in names)

    def _names(self, file: str, node: ast.expr) -> set[str]:
        chain = chain_of(node)
        targets = self._targets.of(file, Reference(chain[0].id, chain[1])) if chain is not None else ()
        return {t.name if t.kind == "outside" else "" for t in targets if not self._targets.is_import(t)}
