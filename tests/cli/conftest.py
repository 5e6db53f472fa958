"""What every test of the command line starts from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A user with an empty project folder, and a home that does not exist yet."""
    folder = tmp_path / "project"
    folder.mkdir()
    return Shell(tmp_path / "home", folder)
