"""The index of the decisions is complete, and each decision has what the index promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "adr"
DECISIONS = sorted(path.name for path in FOLDER.glob("[0-9]*.md"))


def test_numbers_follow_each_other() -> None:
    assert [int(name[:4]) for name in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_index_names_every_decision_once() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\d+)\]\(([^)]+)\)\s*\| (\S.*?)\s*\|$", index, re.MULTILINE)
    assert [name for _, name, _ in rows] == DECISIONS
    assert [int(number) for number, _, _ in rows] == [int(name[:4]) for name in DECISIONS]
    assert all(sentence for _, _, sentence in rows)


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_has_a_title_with_its_number_and_fits_on_a_page(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert re.match(rf"# (ADR )?{int(name[:4])}\b", text), text.splitlines()[0]
    assert len(text.splitlines()) <= 150
