"""The arrows between the layers go down only, and each edge of the system is touched in one place."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _lint(config: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "bundled" / "tool")])}
    return subprocess.run(
        [str(program), "--config", str(config), "--no-cache"],
        cwd=config.parent,
        env=environment,
        capture_output=True,
        text=True,
    )


def test_all_contracts_are_kept() -> None:
    done = _lint(ROOT / "pyproject.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Contracts: \d+ kept, 0 broken", done.stdout), done.stdout


def test_the_check_would_find_an_arrow_upwards(tmp_path: Path) -> None:
    """A check that can't fail says nothing: turned around, the same layers must be broken."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r'type = "layers"\nlayers = \[\n(.*?)\n\]', text, re.DOTALL)
    assert listed is not None
    upside_down = "\n".join(reversed(listed[1].splitlines()))
    (tmp_path / "pyproject.toml").write_text(text.replace(listed[1], upside_down), encoding="utf-8")
    done = _lint(tmp_path / "pyproject.toml")
    assert done.returncode != 0
    assert "Arrows go down only BROKEN" in done.stdout
