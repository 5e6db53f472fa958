"""The page about secrets shows what the commands print."""

from __future__ import annotations

from tests.cli.shell import ROOT, Shell
from tests.cli.transcript import follow


def test_the_page_about_secrets_is_true(shell: Shell) -> None:
    assert follow(ROOT / "docs" / "secrets.md", shell) == 5
