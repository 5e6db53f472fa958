"""What the package exports is what it says, and importing it costs next to nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import stackyard

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ast.parse((ROOT / "src" / "stackyard" / "__init__.py").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", stackyard.__all__)
def test_an_exported_name_is_there(name: str) -> None:
    assert getattr(stackyard, name) is not None


def test_types_see_the_same_names_as_programs() -> None:
    typed = {
        alias.asname or alias.name
        for block in SOURCE.body
        if isinstance(block, ast.If)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom) and statement.module != "typing"
        for alias in statement.names
    }
    assert typed == set(stackyard.__all__) == set(stackyard._HOME_OF)
    assert sorted(stackyard.__all__) == list(stackyard.__all__) == dir(stackyard)


def test_typed_names_come_from_where_programs_get_them() -> None:
    for block in SOURCE.body:
        if isinstance(block, ast.If):
            for statement in block.body:
                if isinstance(statement, ast.ImportFrom):
                    for alias in statement.names:
                        assert stackyard._HOME_OF[alias.name] == statement.module


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'stap'"):
        stackyard.stap  # noqa: B018  # the access is the test


def test_importing_the_package_imports_nothing_else_of_it() -> None:
    code = "import sys, stackyard; print([n for n in sys.modules if n.startswith(('stackyard.', 'pydantic'))])"
    environment = {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    # A few lines that keep pydantic's plugins out of our models and look after scripts; no pydantic.
    assert done.stdout.split() == [
        "['stackyard.main_program',", "'stackyard.pydantic_plugins',", "'stackyard.script_errors',",
        "'pydantic.plugin._loader']",
    ]  # fmt: skip


def test_importing_what_pipelines_need_imports_no_engine_and_no_heavy_package() -> None:
    code = (
        "import sys; from stackyard import pipeline, step, Client, log_metadata; "
        "print(sorted({n.split('.')[0] for n in sys.modules} & {'numpy', 'pandas', 'pyarrow', 'sklearn', 'rich', "
        "'click', 'sqlite3', 'filelock', 'yaml', 'cloudpickle'}), "
        "[n for n in sys.modules if n.startswith('stackyard.engine')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"
