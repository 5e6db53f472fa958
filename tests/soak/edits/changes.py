"""Random edits of Python files: each one place of the code, or what should not count."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable
from typing import Any

Tree = ast.Module
Change = Callable[[Tree, random.Random, list[str]], bool]
"""Changes a tree in place; tells whether it found a place. The texts are names of the project's modules."""


def _pick(rng: random.Random, nodes: list[Any]) -> Any:
    return rng.choice(nodes) if nodes else None


def _all(tree: Tree, *kinds: type) -> list[Any]:
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def constant(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Change a number, a text or a truth value."""
    docstrings = {
        id(node.body[0].value) for node in _all(tree, ast.Module, ast.FunctionDef, ast.ClassDef)
        if node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    nodes = [n for n in _all(tree, ast.Constant) if isinstance(n.value, (int, str)) and id(n) not in docstrings]
    node = _pick(rng, nodes)
    if node is None:
        return False
    if isinstance(node.value, bool):
        node.value = not node.value
    elif isinstance(node.value, int):
        node.value += rng.choice([1, 7, 60])
    else:
        texts = [n.value for n in nodes if isinstance(n.value, str) and n.value != node.value]
        node.value = rng.choice([*texts, node.value + "x"])
    return True


def operator(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Change an operator."""
    node = _pick(rng, _all(tree, ast.BinOp, ast.Compare, ast.AugAssign))
    if isinstance(node, ast.Compare):
        node.ops[0] = rng.choice([ast.Lt(), ast.Gt(), ast.NotEq()])
    elif node is not None:
        node.op = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
    return node is not None


def name(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Use another name of the same module."""
    nodes = [n for n in _all(tree, ast.Name) if isinstance(n.ctx, ast.Load)]
    names = sorted({n.id for n in _all(tree, ast.Name)} | {n.name for n in tree.body if hasattr(n, "name")})
    node = _pick(rng, nodes)
    if node is None:
        return False
    node.id = rng.choice(names)
    return True


def attribute(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Read another attribute."""
    nodes = _all(tree, ast.Attribute)
    node = _pick(rng, nodes)
    if node is None:
        return False
    node.attr = rng.choice(sorted({n.attr for n in nodes} | {"f", "g", "LIMIT"}))
    return True


def _bodies(tree: Tree) -> list[list[ast.stmt]]:
    return [
        b
        for n in ast.walk(tree)
        for b in (getattr(n, "body", None), getattr(n, "orelse", None))
        if isinstance(b, list) and b
    ]


def drop(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Remove a statement."""
    body = rng.choice(_bodies(tree) or [[]])
    if not body:
        return False
    place = rng.randrange(len(body))
    body[place : place + 1] = [] if len(body) > 1 else [ast.Pass()]
    return True


def move(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Move a statement within its block."""
    body = rng.choice([b for b in _bodies(tree) if len(b) > 1] or [[]])
    if not body:
        return False
    statement = body.pop(rng.randrange(len(body)))
    body.insert(rng.randrange(len(body) + 1), statement)
    return True


def again(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Repeat a statement of the module elsewhere, changed: it binds a name again."""
    if not tree.body:
        return False
    statement = copy.deepcopy(rng.choice(tree.body))
    rng.choice([constant, operator])(ast.Module([statement], []), rng, modules)
    tree.body.insert(rng.randrange(len(tree.body) + 1), statement)
    return True


def signature(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Change a default or an annotation."""
    node = _pick(rng, _all(tree, ast.FunctionDef))
    if node is None or not node.args.args:
        return False
    if rng.random() < 0.3:
        node.args.args[-1].annotation = ast.Name(rng.choice(["int", "float", "str"]), ast.Load())
    elif node.args.defaults:
        node.args.defaults[-1] = ast.Constant(rng.randrange(90))
    else:
        node.args.defaults.append(ast.Constant(rng.randrange(90)))
    return True


def decorator(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Remove a decorator, or put one on another function."""
    nodes = _all(tree, ast.FunctionDef, ast.ClassDef)
    decorators = [d for n in nodes for d in n.decorator_list if getattr(d, "id", "") != "step"]
    node = _pick(rng, nodes)
    if node is None or not decorators or any(getattr(d, "id", "") == "step" for d in node.decorator_list):
        return False
    if node.decorator_list and rng.random() < 0.6:
        node.decorator_list.pop()
    else:
        node.decorator_list.append(copy.deepcopy(rng.choice(decorators)))
    return True


def imports(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Let an import lead elsewhere: another module, another name, a star."""
    node = _pick(rng, _all(tree, ast.ImportFrom, ast.Import))
    if node is None or (isinstance(node, ast.ImportFrom) and node.module == "stackyard"):
        return False
    alias = node.names[0]
    bound = alias.asname or alias.name
    if isinstance(node, ast.Import):
        node.names[0] = ast.alias(rng.choice(modules), bound)
    elif rng.random() < 0.3:
        node.names = [ast.alias("*")]
    elif rng.random() < 0.5:
        node.names[0] = ast.alias(rng.choice(["f", "g", "LIMIT", "one", "two", "scale", "TABLE"]), bound)
    else:
        node.module, node.level = rng.choice(modules), 0
    return True


_EFFECTS = ["{n} = {k}", "{n}.extra = {k}", "setattr({n}, 'f', lambda *a: {k})", "globals()['{n}'] = {k}",
            "{n} += {k}", "for {n} in range({k}):\n    pass", "{n} = (lambda old: lambda *a: old(*a) + {k})({n})",
            "def {n}(*a):\n    return {k}", "print({n})", "import {m}\n{m}.{n} = {k}",
            "import {m}\n{m}.f = lambda *a: {k}",
            "from {m} import *", "try:\n    {n}.append({k})\nexcept Exception:\n    {n} = {k}", "del {n}",
            "exec('{n} = {k}')", "import sys\nsys.modules[__name__].{n} = {k}", "with open(__file__) as {n}:\n    pass",
            "class {n}:\n    f = {k}\n    size = {k}", "[{n} := {k} for _ in (1,)]", "import {m} as {n}"]  # fmt: skip


def effect(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Add a statement to the module that changes one of its names, or another module."""
    names = sorted({n.id for n in _all(tree, ast.Name)} | {n.name for n in tree.body if hasattr(n, "name")})
    if not names:
        return False
    text = rng.choice(_EFFECTS).format(n=rng.choice(names), k=rng.randrange(90), m=rng.choice(modules))
    at = len(tree.body) if rng.random() < 0.7 else rng.randrange(len(tree.body) + 1)
    tree.body[at:at] = ast.parse(text).body
    return True


def base(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Derive a class from another, or from none."""
    classes = _all(tree, ast.ClassDef)
    node = _pick(rng, classes)
    if node is None:
        return False
    if node.bases and rng.random() < 0.5:
        node.bases = []
    else:
        node.bases = [ast.Name(rng.choice([c.name for c in classes] + ["object"]), ast.Load())]
    return True


def member(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Add a member to a class, over one of a base or of its own."""
    node = _pick(rng, _all(tree, ast.ClassDef))
    if node is None:
        return False
    names = sorted({n.attr for n in _all(tree, ast.Attribute)} | {"size", "rate", "run", "__len__", "__call__"})
    text = rng.choice(["{n} = {k}", "def {n}(self, *a):\n    return {k}", "@property\ndef {n}(self):\n    return {k}"])
    node.body.extend(ast.parse(text.format(n=rng.choice(names), k=rng.randrange(90))).body)
    return True


# What never counts, or hardly ever


def unrelated(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Add a function, a class or a constant that nobody uses."""
    number = rng.randrange(1000)
    text = rng.choice(["def spare_{i}(x):\n    return x + {i}", "SPARE_{i} = {i}", "class Spare{i}:\n    width = {i}"])
    tree.body.insert(rng.randrange(len(tree.body) + 1), ast.parse(text.format(i=number)).body[0])
    return True


def documented(tree: Tree, rng: random.Random, modules: list[str]) -> bool:
    """Give a function or class another docstring."""
    node = _pick(rng, _all(tree, ast.FunctionDef, ast.ClassDef))
    if node is None:
        return False
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        node.body.pop(0)
    node.body.insert(0, ast.Expr(ast.Constant(f"Text {rng.randrange(1000)}.")))
    return True


COUNTING: list[Change] = [
    constant, constant, constant, operator, name, attribute, drop, move, again, signature, decorator, imports, effect,
    effect, base, member,
]  # fmt: skip
IDLE: list[Change] = [unrelated, documented]


def change(files: dict[str, str], rng: random.Random) -> tuple[dict[str, str], str]:
    """Return the files with one edit, and what it was; the same files when it found no place or changed nothing."""
    modules = sorted(n[:-3].replace("/", ".").removesuffix(".__init__") for n in files if n != "steps.py")
    file = rng.choice(sorted(files))
    what = rng.choice(COUNTING if rng.random() < 0.85 else IDLE)
    tree = ast.parse(files[file])
    if not what(tree, rng, modules):
        return files, ""
    try:
        text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
        compile(text, file, "exec")
    except (SyntaxError, ValueError, TypeError):
        return files, ""
    if text == ast.unparse(ast.parse(files[file])) + "\n":
        return files, ""
    return {**files, file: text}, f"{what.__name__} in {file}"
