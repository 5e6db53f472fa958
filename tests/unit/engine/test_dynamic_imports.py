"""What a computed import may load counts for the cache: when in doubt, everything does."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.engine.code_digest import CodeDigests
from stackyard.model.graph import StepSource


def _parts(root: Path) -> dict[str, str]:
    source = StepSource(module="steps", qualname="load", file=str(root / "steps.py"))
    return CodeDigests([str(root)]).of(source)


@pytest.mark.parametrize(
    "call", ["importlib.import_module(name)", "__import__(name)", "runpy.run_path(name)", "import_module('.x', name)"]
)
def test_a_computed_import_counts_every_project_file(tmp_path: Path, call: str) -> None:
    (tmp_path / "steps.py").write_text(f"def load(name):\n    return {call}\n", encoding="utf-8")
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "one.py").write_text("x = 1\n", encoding="utf-8")
    before = _parts(tmp_path)
    assert "plugins/one.py" in before
    (tmp_path / "plugins" / "one.py").write_text("x = 2\n", encoding="utf-8")
    assert _parts(tmp_path) != before


def test_a_constant_import_counts_that_module_alone(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text(
        "import importlib\ndef load():\n    return importlib.import_module('wanted')\n", encoding="utf-8"
    )
    (tmp_path / "wanted.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "other.py").write_text("x = 1\n", encoding="utf-8")
    parts = _parts(tmp_path)
    assert "wanted.py" in parts
    assert "other.py" not in parts
