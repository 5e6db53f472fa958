"""The guide: every command that it shows is run, and answers what it shows."""

from __future__ import annotations

import pytest

from tests.cli.shell import ROOT, Shell
from tests.cli.transcript import File, follow, read_page

GUIDE = ROOT / "docs" / "understanding-stacks.md"


@pytest.mark.long
def test_the_guide_shows_what_happens(shell: Shell) -> None:
    """Given an empty home, when somebody types the guide from top to bottom, then each answer is the one it shows."""
    shell.variables.update(LOGNAME="ann", USER="ann", COLUMNS="100")
    assert follow(GUIDE, shell) > 40


def test_a_page_is_read_as_commands_outputs_and_files() -> None:
    items = read_page(GUIDE)
    files = [item.name for item in items if isinstance(item, File)]
    assert files == ["tracked.py", "chat.json", "stackyard.yaml"]
    commands = [item for item in items if not isinstance(item, File)]
    assert all(command.words[0] in {"stackyard", "cd", "rm"} or "=" in command.words[0] for command in commands)
    assert all(command.output for command in commands)
