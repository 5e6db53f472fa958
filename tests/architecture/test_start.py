"""Short commands start quickly: what is slow to import, or not of their concern, is not imported."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

import stackyard.flavors
import stackyard.model

_CODE = """
import sys
from stackyard.__main__ import main

try:
    code = main()
except SystemExit as error:
    code = error.code
assert not code, code
print(*sorted(sys.modules), sep="\\n", file=sys.stderr)
"""

SLOW = {
    "asyncio", "concurrent.futures", "cryptography", "email", "fastjsonschema", "filelock", "http.client",
    "importlib.metadata", "keyring", "mlflow", "numpy", "packaging", "pandas", "pkg_resources", "rich", "sqlite3",
    "subprocess", "urllib.request", "yaml",
}  # fmt: skip
OF_OTHERS = {
    "stackyard.analysis", "stackyard.authoring.pipeline", "stackyard.engine", "stackyard.model.job",
    "stackyard.model.stack_views", "stackyard.model.views", "stackyard.storage.catalog",
}  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        "--version", "--help", "stack --help", "stack get", "stack list", "stack list --json", "stack describe",
        "stack set default", "artifact-store list", "artifact-store get",
    ],
)  # fmt: skip
def test_a_short_command_imports_nothing_slow(command: str, home: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CODE, *command.split()],
        cwd=tmp_path, env={**os.environ, "STACKYARD_HOME": str(home)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.splitlines())
    assert "stackyard.cli.main" in loaded
    assert loaded & (SLOW | OF_OTHERS) == set()


def test_what_needs_no_model_starts_without_pydantic(home: Path, tmp_path: Path) -> None:
    for command in ("--version", "--help"):
        done = subprocess.run(
            [sys.executable, "-c", _CODE, *command.split()],
            cwd=tmp_path, env={**os.environ, "STACKYARD_HOME": str(home)}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "pydantic" not in done.stderr.splitlines(), command


def test_no_model_has_a_builtin_as_default_factory() -> None:
    """Pydantic reads its signature, and Python takes the builtin's documentation to pieces for that.

    Asked of what short commands load; others of the process may have loaded more.
    """
    folders = (stackyard.model, stackyard.flavors)
    for folder in folders:
        for module in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
            importlib.import_module(module.name)
    pending = list(BaseModel.__subclasses__())
    slow: list[str] = []
    while pending:
        model = pending.pop()
        pending.extend(model.__subclasses__())
        if model.__module__.startswith(tuple(f"{folder.__name__}." for folder in folders)):
            slow.extend(
                f"{model.__module__}.{model.__name__}.{name}"
                for name, field in model.model_fields.items() if type(field.default_factory) is type
            )  # fmt: skip
    assert slow == [], "take no_items and no_entries of stackyard.model.base"


def test_pydantic_s_plugins_are_left_out_for_our_models_and_only_there(home: Path, tmp_path: Path) -> None:
    """What stands in for pydantic's loader finds plugins for others, and gives all else that the real one has."""
    code = """
import sys
from stackyard.__main__ import main
main()
print(getattr(sys.modules["pydantic.plugin._loader"], "__file__", None), file=sys.stderr)
from pydantic import BaseModel
class Theirs(BaseModel):
    value: int
import pydantic.plugin._loader as loader
print(loader.PYDANTIC_ENTRY_POINT_GROUP, loader.__file__, file=sys.stderr)
"""
    script = """
import sys
from stackyard import pipeline, step
@step
def one() -> int:
    return 1
@pipeline
def trivial() -> None:
    one()
def main():
    trivial()
"""
    (tmp_path / "trivial.py").write_text(script)
    for words in ("stack get", "run list", "run trivial.py"):
        done = subprocess.run(
            [sys.executable, "-c", code, *words.split()],
            cwd=tmp_path, env={**os.environ, "STACKYARD_HOME": str(home)}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        first, second = done.stderr.splitlines()[-2:]
        assert first == "None", done.stderr
        assert second.startswith("pydantic "), done.stderr
        assert second.endswith("_loader.py"), done.stderr


def test_pydantic_s_plugins_see_the_models_of_others(tmp_path: Path) -> None:
    """A plugin that is installed wraps the user's models, also those that are built after ours, and not ours."""
    (tmp_path / "seer.py").write_text(
        "class Seer:\n"
        "    def new_schema_validator(self, schema, schema_type, schema_type_path, schema_kind, config, settings):\n"
        "        print(schema_type_path.module, schema_type_path.name)\n"
        "        return None, None, None\n"
        "seer = Seer()\n"
    )
    about = tmp_path / "seer-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: seer\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[pydantic]\nseer = seer:seer\n")
    code = """
from stackyard.model.stack import Stack
try:
    Stack()
except ValueError:
    pass
from pydantic import BaseModel
class Theirs(BaseModel):
    value: int
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "__main__ Theirs\n"), done.stderr


def test_a_plain_run_imports_nothing_slow_either(home: Path, tmp_path: Path) -> None:
    """What a run of trivial steps does not need is loaded by those that do: YAML, the network, pydantic's plugins."""
    script = tmp_path / "run.py"
    script.write_text(
        "import sys\nfrom stackyard import pipeline, step\n\n@step\ndef one() -> int:\n    return 1\n\n"
        "@pipeline\ndef trivial():\n    one()\n\nif __name__ == '__main__':\n    trivial()\n"
        "    print(*sorted(sys.modules), sep='\\n', file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path, env={**os.environ, "STACKYARD_HOME": str(home)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.splitlines())
    assert "stackyard.engine.execution" in loaded
    assert loaded & (SLOW - {"filelock", "sqlite3", "subprocess"}) == set()
