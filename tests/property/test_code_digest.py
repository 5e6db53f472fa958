"""What a step's code digest takes for the same code: layout, comments and docstrings don't count, all else does."""

from __future__ import annotations

import ast
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard.engine.code_digest import CodeDigests
from stackyard.model.graph import StepSource

MODULE = '''
"""Steps."""
import math
from helpers import scale

RATE = 0.5
NAMES = ["a", "b"]


class Scaler:
    """Scales."""

    factor: float = 2.0

    def apply(self, value):
        """Apply it."""
        return value * self.factor + RATE


def train(rows, rate=0.1, *, names=NAMES):
    """Train."""
    total = 0
    for row in rows:
        if row > rate and row != 3:
            total += scale(row) - math.sqrt(row)
        else:
            total = max(total, -row)
    total = Scaler().apply(total)
    return {"total": total, "names": [n for n in names], "text": f"{total:.2f}"}
'''
HELPERS = "def scale(x):\n    return x * 3\n"


def _digest(folder: Path, module: str, helpers: str = HELPERS) -> dict[str, str]:
    (folder / "steps.py").write_text(module, encoding="utf-8")
    (folder / "helpers.py").write_text(helpers, encoding="utf-8")
    source = StepSource(module="steps", qualname="train", file=str(folder / "steps.py"), line=1)
    return CodeDigests([str(folder)]).of(source)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


def _with_comments(text: str, rng: random.Random) -> str:
    """Add comments, blank lines and blanks where Python does not mind, and reword the docstrings."""
    lines: list[str] = []
    for line in (
        text.replace('"""Train."""', '"""Something\n    else."""').replace('    """Scales."""\n', "").splitlines()
    ):
        if rng.random() < 0.4 and "else." not in line:
            lines.append(" " * rng.randrange(8) + "# " + "".join(rng.choices("abc #\"'", k=5)))
        lines.append(line + ("  # why" if rng.random() < 0.3 and '"""' not in line and "Something" not in line else ""))
        if rng.random() < 0.3 and "Something" not in line:
            lines.append("")
    return "\n".join(lines) + "\n"


@given(seed=st.integers(0))
def test_comments_layout_and_docstrings_keep_the_digest(folder: Path, seed: int) -> None:
    changed = _with_comments(MODULE, random.Random(seed))
    assert changed != MODULE
    assert _digest(folder, changed) == _digest(folder, MODULE)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('["a", "b"]', "['a', 'b']"),
        (
            "total += scale(row) - math.sqrt(row)",
            "total += (\n                scale(row) - math.sqrt(row)\n            )",
        ),
        ("if row > rate and row != 3:", "if (row > rate) and (row != 3):"),
        ('"""Steps."""\n', ""),
    ],
)
def test_other_writing_of_the_same_keeps_the_digest(folder: Path, before: str, after: str) -> None:
    assert before in MODULE
    assert _digest(folder, MODULE.replace(before, after)) == _digest(folder, MODULE)


class _Mutant(ast.NodeTransformer):
    """Changes one place of the code."""

    def __init__(self, place: int) -> None:
        self.place = place
        self.done = ""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        changed = self._change(node)
        if changed is not None:
            self.place -= 1
            if self.place == -1:
                self.done = ast.dump(node)
                return changed
        return super().generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        # A docstring does not count; nothing else in the module is a bare expression.
        return node

    def _change(self, node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Constant):
            return ast.Constant(f"{node.value!r} changed")
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            return ast.Name(node.id + "_", ast.Load())
        if isinstance(node, ast.Add):
            return ast.Sub()
        if isinstance(node, ast.Gt):
            return ast.GtE()
        if isinstance(node, ast.And):
            return ast.Or()
        if isinstance(node, ast.arg):
            return ast.arg(node.arg + "_", node.annotation)
        if isinstance(node, ast.Return):
            return ast.Pass()
        if isinstance(node, ast.alias):
            return ast.alias(node.name, "other")
        if isinstance(node, ast.Attribute):
            return ast.Attribute(node.value, node.attr + "_", node.ctx)
        return None


def _mutants() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while True:
        mutant = _Mutant(len(found))
        tree = ast.fix_missing_locations(mutant.visit(ast.parse(MODULE)))
        if not mutant.done:
            return found
        found.append((mutant.done, ast.unparse(tree)))


def test_every_other_edit_changes_the_digest(folder: Path) -> None:
    mutants = _mutants()
    assert len(mutants) > 40
    original = _digest(folder, MODULE)
    same = [place for place, text in mutants if _digest(folder, text) == original]
    assert same == []


def test_lines_that_go_change_the_digest(folder: Path) -> None:
    original = _digest(folder, MODULE)
    tree = ast.parse(MODULE)
    for i, statement in enumerate(tree.body):
        if isinstance(statement, ast.Expr):
            continue
        rest = ast.Module([*tree.body[:i], *tree.body[i + 1 :]], [])
        assert _digest(folder, ast.unparse(rest)) != original, ast.unparse(statement)


@given(text=st.sampled_from(["x * 4", "x * 3.0", "x + 3", "x * 3 or 1"]))
def test_an_imported_module_of_the_project_counts(folder: Path, text: str) -> None:
    changed = _digest(folder, MODULE, HELPERS.replace("x * 3", text))
    original = _digest(folder, MODULE)
    assert {label for label in changed if changed[label] != original[label]} == {"helpers.py:scale"}


@pytest.mark.parametrize(
    ("statement", "counts"),
    [
        ("import tools.deep.inner", {"tools/__init__.py", "tools/deep/inner.py"}),
        ("from tools.deep import inner", {"tools/__init__.py", "tools/deep/inner.py"}),
        ("from tools import *", {"tools/__init__.py"}),
        ("def f():\n    import late", set()),
        ("def f():\n    import late\ndef train():\n    f()\nif 0:", {"late.py"}),
        ("try:\n    import late\nexcept ImportError:\n    late = None", {"late.py"}),
        ("import json, email.message, pydantic, stackyard", set()),
        ("import installed", set()),
    ],
)
def test_whatever_way_it_is_imported(tmp_path: Path, statement: str, counts: set[str]) -> None:
    for name in ("tools/__init__.py", "tools/deep/inner.py", "late.py", "lib/site-packages/installed.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    (tmp_path / "steps.py").write_text(
        f"{statement}\n" + ("    x = 1\n" if "if 0" in statement else "def train(): ...\n")
    )
    source = StepSource(module="steps", qualname="train", file=str(tmp_path / "steps.py"))
    roots = [str(tmp_path), str(tmp_path / "lib" / "site-packages")]
    found = {label.partition(":")[0] for label in CodeDigests(roots).of(source)}
    assert found == {"<step>", "steps.py"} | counts


def test_modules_that_import_each_other_end(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import b\ndef f():\n    return b.g()\n")
    (tmp_path / "b.py").write_text("import c\ndef g():\n    return c.h()\n")
    (tmp_path / "c.py").write_text("import a\nx = 1\ndef h():\n    return x and a.f()\n")
    source = StepSource(module="a", qualname="f", file=str(tmp_path / "a.py"))
    before = CodeDigests([str(tmp_path)]).of(source)
    assert {label for label in before if ":<" not in label} == {
        "<step>", "a.py:f", "a.py:b", "b.py:g", "b.py:c", "c.py:h", "c.py:x", "c.py:a"
    }  # fmt: skip
    (tmp_path / "c.py").write_text("import a\nx = 2\ndef h():\n    return x and a.f()\n")
    assert CodeDigests([str(tmp_path)]).of(source) != before


def test_relative_imports_are_followed(tmp_path: Path) -> None:
    package = tmp_path / "pkg"
    (package / "sub").mkdir(parents=True)
    for name in ("__init__.py", "sub/__init__.py", "one.py"):
        (package / name).write_text("")
    (package / "sub" / "two.py").write_text("from ..one import *\nfrom . import three\n")
    (package / "sub" / "three.py").write_text("y = 1\n")
    source = StepSource(module="pkg.sub.two", qualname="f", file=str(package / "sub" / "two.py"))
    found = {label.partition(":")[0] for label in CodeDigests([str(tmp_path)]).of(source)}
    assert {"pkg/one.py", "pkg/sub/two.py", "pkg/sub/three.py"} <= found


def test_two_modules_of_one_name_in_two_folders_both_count(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "shared_name.py").write_text("x = 1\n")
    (tmp_path / "one" / "steps.py").write_text("import shared_name\ndef f():\n    return shared_name.x\n")
    source = StepSource(module="steps", qualname="f", file=str(tmp_path / "one" / "steps.py"))
    roots = [str(tmp_path / "one"), str(tmp_path / "two")]
    seen = [CodeDigests(roots).of(source)]
    for folder in ("one", "two"):
        (tmp_path / folder / "shared_name.py").write_text("x = 2\n")
        seen.append(CodeDigests(roots).of(source))
    assert seen[0] != seen[1] != seen[2] != seen[0]


def test_steps_of_one_module_have_keys_of_their_own(folder: Path) -> None:
    _digest(folder, MODULE)
    digests = CodeDigests([str(folder)])
    one, other = (
        digests.of(StepSource(module="steps", qualname=name, file=str(folder / "steps.py"))) for name in ("a", "b")
    )
    assert one != other


def test_code_without_a_file_counts_by_its_pickle() -> None:
    digests = CodeDigests([])
    one = digests.of(StepSource(module="__main__", qualname="f", pickled="AAAA"))
    other = digests.of(StepSource(module="__main__", qualname="f", pickled="BBBB"))
    assert one != other
    assert set(one) == {"<step>"}


@pytest.mark.parametrize("text", ["def f(:\n", "x = '\x00'\n", "(" * 3000, "x = 0x" + "f" * 6000 + "\n"])
def test_a_module_that_can_not_be_parsed_counts_by_its_bytes(tmp_path: Path, text: str) -> None:
    (tmp_path / "steps.py").write_text("import broken\ndef f():\n    return broken.x\n")
    (tmp_path / "broken.py").write_text(text)
    source = StepSource(module="steps", qualname="f", file=str(tmp_path / "steps.py"))
    before = CodeDigests([str(tmp_path)]).of(source)
    assert {"broken.py", "broken.py:x"} & before.keys()
    (tmp_path / "broken.py").write_text(text.replace("x", "y") + "(1\n")
    assert CodeDigests([str(tmp_path)]).of(source) != before
    assert "broken" not in sys.modules
