"""docs/component-types.md says what the commands say."""

from __future__ import annotations

import re

from tests.cli.shell import ROOT, Shell
from tests.cli.transcript import follow

PAGE = ROOT / "docs" / "component-types.md"


def test_the_table_is_what_component_type_list_says(shell: Shell) -> None:
    """Given the page's first table, each row is the one that `component-type list` prints of a fresh home."""
    rows = re.findall(
        r"^\| `(\w+)` +\| (yes|no) +\| (.*?) *\| (.+?) *\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    shown = {name: (required == "yes", re.findall(r"`(\w+)`", flavors), doc) for name, required, flavors, doc in rows}
    said = {v["name"]: (v["required"], v["flavors"], v["doc"]) for v in shell.json("component-type", "list")["items"]}
    assert shown == said


def test_the_flavor_of_the_page_works(shell: Shell) -> None:
    """Given the page's module, when one does what the page shows, then a run on that stack writes the line."""
    assert follow(PAGE, shell) == 3
    shell.write("small.py", "from stackyard import pipeline, step\n\n@step\ndef one() -> int:\n    return 1\n\n"
                "@pipeline\ndef small() -> None:\n    one()\n")  # fmt: skip
    shell.do("run", "small.py", "--stack", "noted", "--run-name", "first")
    assert (shell.folder / "runs.txt").read_text(encoding="utf-8") == "first completed\n"
