"""Which statements of a module change more than the names that they bind, judged across modules."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from stackyard.analysis.code_names import Reference, bound_names, own_nodes, read_names
from stackyard.analysis.code_targets import Target, Targets
from stackyard.analysis.import_effects import Effects, Use, chain_of, function_effects
from stackyard.analysis.known_code import METHODS, STATEFUL, is_iterator, is_of_programs, is_quiet_base, is_quiet_call

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_INITIALISERS = frozenset({"__init__", "__new__", "__post_init__", "model_post_init", "__setattr__", "__set_name__"})
_STEP, _PIPELINE = "stackyard.step", "stackyard.pipeline"


class Quiet:
    """Judges statements; each once."""

    def __init__(self, targets: Targets) -> None:
        """Judge nothing yet."""
        self._targets = targets
        self._project = targets.project
        self._loud: dict[str, list[int]] = {}
        self._program: dict[str, frozenset[str]] = {}
        self._programs: dict[tuple[str, str], bool] = {}
        self._volatile: dict[str, list[int]] = {}
        self._imported: dict[str, frozenset[str]] = {}
        self._uses: dict[tuple[Use, Target, bool], bool] = {}

    def loud(self, file: str) -> list[int]:
        """Return the statements of a module that have effects, by their place."""
        if file not in self._loud:
            code = self._project.module(file)
            self._loud[file] = []
            if code is not None:
                own = self.program_names(file)
                for i, piece in enumerate(code.pieces):
                    program = own if i in code.guarded else None
                    if not self._all(file, piece.effects, program=program):
                        self._loud[file].append(i)
        return self._loud[file]

    def program_names(self, file: str) -> frozenset[str]:
        """Return the names of a program: only a main guard binds them, and never to something that the module has.

        What is done with them reaches no step but one that reads them.
        """
        if file not in self._program:
            code = self._project.module(file)
            names = code.names if code is not None and code.guarded else {}
            own = {name for name, places in names.items() if code is not None and code.guarded.issuperset(places)}
            shared = own
            while shared:
                shared = {name for name in own if not self._are_apart(file, names[name], own)}
                own = own - shared
            self._program[file] = frozenset(own)
        return self._program[file]

    def _are_apart(self, file: str, places: list[int], own: AbstractSet[str]) -> bool:
        """Tell whether statements bind names to nothing but what is of the program, from outside or of a pipeline."""
        code = self._project.module(file)
        pieces = [code.pieces[i] for i in places] if code is not None else []
        if any(piece.is_import for piece in pieces):
            return False
        references = [ref for piece in pieces for ref in piece.reads().references if ref.root not in own]
        return self._lead_away(file, references)

    def _lead_away(self, file: str, references: Iterable[Reference]) -> bool:
        """Tell whether names stand for nothing of the project but pipelines and functions of programs."""
        targets = [target for reference in references for target in self._targets.of(file, reference)]
        return all(
            target.kind == "outside"
            or self._targets.is_import(target)
            or self._is_pipeline(target)
            or self._is_program(target)
            for target in targets
        )

    def _is_program(self, target: Target) -> bool:
        """Tell whether a function is what a program does, as ``main`` is: of the project it knows only pipelines."""
        key = (target.file, target.name)
        if key not in self._programs:
            self._programs[key] = True  # of functions that call each other
            definitions = self._definitions_of(target)
            self._programs[key] = bool(definitions) and all(
                isinstance(node, ast.FunctionDef)
                and not node.decorator_list
                and ast.unparse(node.args) == ""
                and self._lead_away(target.file, read_names(node).references)
                and self._all(target.file, function_effects(node, handles=True), program=frozenset())
                for node in definitions
            )
        return self._programs[key]

    def imported(self, file: str) -> frozenset[str]:
        """Return the files that importing one runs, itself included."""
        if file not in self._imported:
            found: dict[str, None] = {}
            pending = [file]
            while pending:
                one = pending.pop()
                if one in found:
                    continue
                found[one] = None
                code = self._project.module(one)
                for target in code.imports if code is not None else ():
                    pending.extend(self._targets.executed(one, target))
            self._imported[file] = frozenset(found)
        return self._imported[file]

    def rank(self, file: str, index: int) -> int:
        """Return how many statements before one may change what it reads: with effects, or binding a name again."""
        return bisect_left(self.volatile(file), index)

    def volatile(self, file: str) -> list[int]:
        """Return the places of the statements whose order matters to others."""
        if file not in self._volatile:
            code = self._project.module(file)
            found = set(self.loud(file))
            if code is not None:
                own = self.program_names(file)
                several = [places for name, places in code.names.items() if len(places) > 1 and name not in own]
                found.update(i for places in several for i in places)
                # A star may bind any name again.
                found.update(i for i, piece in enumerate(code.pieces) if "*" in piece.names)
                found.update(i for i, piece in enumerate(code.pieces) if piece.is_import and self.stirs(file, i))
            self._volatile[file] = sorted(found)
        return self._volatile[file]

    def stirs(self, file: str, index: int) -> bool:
        """Tell whether an import runs statements with effects."""
        code = self._project.module(file)
        imports = code.pieces[index].reads().imports if code is not None else {}
        files = {one for target in imports for one in self._targets.executed(file, target)}
        return any(self.loud(inner) for one in files for inner in self.imported(one))

    def _all(
        self, file: str, effects: Effects, *, recorded: bool = False, program: AbstractSet[str] | None = None
    ) -> bool:
        """Tell whether code is quiet; ``program``: it is of a main guard, and these are its own names."""
        if effects.loud:
            return False
        uses = (
            effects.uses if program is None else [u for u in effects.uses if not self._of_program(file, u[1], program)]
        )
        return all(self._use(file, use, ref, recorded=recorded) for use, ref in uses)

    def _of_program(self, file: str, reference: Reference, program: AbstractSet[str]) -> bool:
        """Tell whether a main guard's use of a name changes nothing that steps know of."""
        if reference.root in program:
            return True
        targets = [t for t in self._targets.of(file, reference) if not self._targets.is_import(t)]
        return all(
            is_of_programs(target.name) if target.kind == "outside" else self._is_program(target) for target in targets
        )

    def _use(self, file: str, use: Use, reference: Reference, *, recorded: bool) -> bool:
        """Tell whether a use of a name is quiet.

        Args:
            file: where it is used.
            use: how.
            reference: the name.
            recorded: in a pipeline: steps that it calls do not run.
        """
        targets = self._targets.of(file, reference)
        return all(self._target(use, target, recorded=recorded) for target in targets)

    def _target(self, use: Use, target: Target, *, recorded: bool) -> bool:
        key = (use, target, recorded)
        if key not in self._uses:
            self._uses[key] = True  # of functions that call each other, and of names that are bound to themselves
            self._uses[key] = self._is_quiet(use, target, recorded=recorded)
        return self._uses[key]

    def _is_quiet(self, use: Use, target: Target, *, recorded: bool) -> bool:
        if target.kind == "outside":
            if use in ("derive", "metaclass"):
                return is_quiet_base(target.name)
            return use in ("read", "attribute", "import") or is_quiet_call(target.name)
        if target.kind == "listed" or (use == "attribute" and not target.rest and target.kind != "missing"):
            return True
        use = "read" if use == "attribute" else use
        code = self._project.module(target.file)
        if use == "metaclass" and not self._targets.is_import(target):
            return False
        if target.kind != "name" or code is None or code.writers(target.name):
            return False
        definitions = self._definitions_of(target)
        return all(self._definition(use, node, target, recorded=recorded) for node in definitions)

    def _definition(self, use: Use, node: ast.stmt, target: Target, *, recorded: bool) -> bool:
        file, rest = target.file, target.rest
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            return True  # what it leads to is another target
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return self._function(use, file, node, rest, recorded=recorded)
        if isinstance(node, ast.ClassDef):
            return self._class(use, file, node, rest)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            return self._data(use, file, node.value, rest, recorded=recorded)
        return False

    # Functions

    def _function(self, use: Use, file: str, node: _Function, rest: tuple[str, ...], *, recorded: bool) -> bool:
        if use == "derive":
            return False
        ours = {name for d in node.decorator_list for name in self._outside_names(file, d)}
        is_pipeline = any(name.startswith(_PIPELINE) for name in ours)
        if any(name.startswith(_STEP) for name in ours) and (recorded or rest):
            return True
        if is_pipeline:
            return self._all(file, function_effects(node, handles=True), recorded=True)
        if rest or use == "result":
            return bool(rest) and use == "read"
        if not all(self._is_transparent(file, decorator) for decorator in node.decorator_list):
            return False
        return self._all(file, function_effects(node, inner=use == "call result"), recorded=recorded)

    def _outside_names(self, file: str, node: ast.expr) -> set[str]:
        """Return the dotted names that an expression's first name may stand for; one of the project is empty."""
        path: list[str] = []
        while isinstance(node, (ast.Call, ast.Attribute)):
            if isinstance(node, ast.Attribute):
                path.insert(0, node.attr)
            node = node.func if isinstance(node, ast.Call) else node.value
        if not isinstance(node, ast.Name):
            return set()
        targets = self._targets.of(file, Reference(node.id, tuple(path)))
        return {t.name if t.kind == "outside" else "" for t in targets if not self._targets.is_import(t)}

    def _is_transparent(self, file: str, decorator: ast.expr) -> bool:
        names = self._outside_names(file, decorator)
        return bool(names) and all(is_quiet_call(name) and name not in STATEFUL for name in names)

    # Classes

    def _class(self, use: Use, file: str, node: ast.ClassDef, rest: tuple[str, ...]) -> bool:
        members = [m for m in node.body if isinstance(m, (ast.FunctionDef, ast.AsyncFunctionDef))]
        if use in ("call result", "result"):
            return False
        if rest:
            return self._member(use, file, node, rest[0])
        metaclasses = [keyword.value for keyword in node.keywords if keyword.arg == "metaclass"]
        if not all(self._derived(file, metaclass, "metaclass") for metaclass in metaclasses):
            return False
        if use == "derive":
            return not any(m.name == "__init_subclass__" for m in members) and self._bases(use, file, node)
        return (
            all(self._is_transparent(file, d) for d in node.decorator_list)
            and all(self._method(file, m) for m in members if m.name in _INITIALISERS or _validates(m))
            and self._bases(use, file, node)
        )

    def _member(self, use: Use, file: str, node: ast.ClassDef, name: str) -> bool:
        """Tell whether reading a member of a class, or calling a method of it, is quiet."""
        found = [member for member in node.body if name in bound_names([member])]
        functions = [m for m in found if isinstance(m, (ast.FunctionDef, ast.AsyncFunctionDef))]
        if use != "read":
            return bool(functions) and len(functions) == len(found) and all(self._method(file, m) for m in functions)
        values = [m.value for m in found if isinstance(m, (ast.Assign, ast.AnnAssign)) and m.value is not None]
        return (
            bool(found)
            and len(functions) + len(values) == len(found)
            and all(self._is_plain(file, value) for value in values)
            and self._class("derive", file, node, ())
        )

    def _method(self, file: str, method: _Function) -> bool:
        own = method.name in _INITIALISERS
        return self._all(file, function_effects(method, own_self=own))

    def _bases(self, use: Use, file: str, node: ast.ClassDef) -> bool:
        return all(self._derived(file, base, use) for base in node.bases)

    def _derived(self, file: str, base: ast.expr, use: Use = "derive") -> bool:
        while isinstance(base, ast.Subscript):
            base = base.value
        chain = chain_of(base)
        return chain is not None and all(
            is_quiet_base(target.name) if target.kind == "outside" else self._target(use, target, recorded=False)
            for target in self._targets.of(file, Reference(chain[0].id, chain[1]))
        )

    # Values

    def _data(self, use: Use, file: str, value: ast.expr, rest: tuple[str, ...], *, recorded: bool) -> bool:
        names = self._outside_names(file, value) if isinstance(value, ast.Call) else set()
        if names and all(name.startswith("stackyard.") for name in names):
            return True
        if isinstance(value, ast.Call) and self._calls_pipeline(file, value):
            return True
        if use == "read":
            return self._is_plain(file, value)
        if rest:
            return rest[-1] in METHODS and self._is_plain(file, value)
        if isinstance(value, ast.Name):
            return self._use(file, use, Reference(value.id), recorded=recorded)
        return False

    def _calls_pipeline(self, file: str, node: ast.expr) -> bool:
        while isinstance(node, (ast.Call, ast.Attribute)):
            node = node.func if isinstance(node, ast.Call) else node.value
        return isinstance(node, ast.Name) and any(map(self._is_pipeline, self._targets.of(file, Reference(node.id))))

    def _is_pipeline(self, target: Target) -> bool:
        return any(
            name.startswith(_PIPELINE)
            for definition in self._definitions_of(target)
            for decorator in getattr(definition, "decorator_list", [])
            for name in self._outside_names(target.file, decorator)
        )

    def _definitions_of(self, target: Target) -> list[ast.stmt]:
        code = self._project.module(target.file) if target.kind == "name" else None
        places = code.names.get(target.name, ()) if code is not None else ()
        return [] if code is None else [n for i in places for n in _definitions(code.pieces[i].node, target.name)]

    def _is_plain(self, file: str, value: ast.expr, local: AbstractSet[str] = frozenset()) -> bool:
        """Tell whether reading a value in any way changes nothing: it is none of the project's own types."""
        if isinstance(value, ast.Lambda | ast.GeneratorExp | ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
            return False
        if isinstance(value, ast.Call):
            names = self._outside_names(file, value)
            return bool(names) and all(is_quiet_call(name) and not is_iterator(name) for name in names)
        local = local | set(bound_names([c.target for c in getattr(value, "generators", [])]))
        chain = chain_of(value)
        if chain is not None:
            return chain[0].id in local or self._is_plain_name(file, Reference(chain[0].id, chain[1]))
        inner = [node for node in ast.iter_child_nodes(value) if isinstance(node, (ast.expr, ast.comprehension))]
        inner += [n for c in inner if isinstance(c, ast.comprehension) for n in (c.iter, *c.ifs)]
        return all(self._is_plain(file, node, local) for node in inner if isinstance(node, ast.expr))

    def _is_plain_name(self, file: str, reference: Reference) -> bool:
        targets = self._targets.of(file, reference)
        return all(t.kind == "outside" or self._target("read", t, recorded=False) for t in targets)


def _definitions(node: ast.stmt, name: str) -> list[ast.stmt]:
    """Return what binds a name in a statement; the statement itself when that is none of the usual."""
    found: list[ast.stmt] = []
    for inner in own_nodes([node]):
        if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            if inner.name == name:
                found.append(inner)
        elif isinstance(inner, (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom)):
            if name in bound_names([inner]):
                found.append(inner)
        elif isinstance(inner, (ast.AugAssign, ast.For, ast.AsyncFor, ast.With, ast.AsyncWith, ast.NamedExpr)):
            target = getattr(inner, "target", None)
            targets = [target] if target is not None else [i.optional_vars for i in getattr(inner, "items", [])]
            if name in bound_names([t for t in targets if t is not None]):
                return [node if isinstance(inner, ast.NamedExpr) else inner]
    return found or [node]


def _validates(method: _Function) -> bool:
    """Tell whether a method is run when an object is made: a validator of pydantic or attrs."""
    return any("validator" in ast.dump(decorator) for decorator in method.decorator_list)
