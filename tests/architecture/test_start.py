"""Short commands start quickly: what is slow to import, or not of their concern, is not imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_CODE = """
import sys
from stackyard.cli.main import main

try:
    code = main(sys.argv[1:])
except SystemExit as error:
    code = error.code
assert not code, code
print(*sorted(sys.modules), sep="\\n", file=sys.stderr)
"""

SLOW = {
    "asyncio", "concurrent.futures", "cryptography", "fastjsonschema", "filelock", "http.client", "keyring", "mlflow",
    "numpy", "packaging", "pandas", "pkg_resources", "rich", "sqlite3", "subprocess", "urllib.request", "yaml",
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
