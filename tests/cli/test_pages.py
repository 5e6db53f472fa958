"""The pages on how to do things: every file and command on them does what they show."""

from __future__ import annotations

import pytest

from tests.cli.shell import ROOT, Shell
from tests.cli.transcript import File, follow, read_page

PAGES = ["steps", "pipelines", "running", "models", "artifacts", "materializers", "caching"]


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES)
def test_the_page_shows_what_happens(page: str, shell: Shell) -> None:
    """Given an empty home, when somebody types the page from top to bottom, then each answer is the one it shows."""
    shell.variables.update(LOGNAME="ann", USER="ann", COLUMNS="100")
    assert follow(ROOT / "docs" / f"{page}.md", shell) >= 5


@pytest.mark.parametrize("page", PAGES)
def test_every_python_snippet_is_a_file_that_is_run(page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    files = [item.name for item in read_page(ROOT / "docs" / f"{page}.md") if isinstance(item, File)]
    assert text.count("```python") == sum(name.endswith(".py") for name in files)
