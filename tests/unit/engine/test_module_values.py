"""Names of loaded modules count by their values where their code does not say them; what can't be compared misses."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from stackyard.engine.code_digest import CodeDigests
from stackyard.model.cache_key import CacheKeyParts, explain_miss
from stackyard.model.graph import StepSource

MODULE = """
import functools
import sqlite3
from pathlib import Path
from stackyard import step

RATE, ALSO = 0.2, [1]
NAMES: dict[str, list[float]] = {"a": [1, -2.5]}
NOTHING = None
OTHER = RATE
READ = float(Path(__file__).with_name("rate.txt").read_text())
DB = sqlite3.connect(":memory:")
DB.execute("select 1")

def plain(x, n=3, *, flag=False):
    return x + n

def computed(x, n=READ):
    return x + n

class Plain:
    rate = 3

    def __init__(self, x=1):
        super().__init__()
        self.x = x

class Computed:
    rate = max(1, READ)

@step
def train(x: int) -> float:
    Plain(), Computed(), NAMES, NOTHING, OTHER
    return plain(x) + computed(x) + RATE

@step
def query(x: int) -> float:
    return DB.execute("select 1").fetchone()[0]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "values_of_test.py").write_text(MODULE)
    (tmp_path / "rate.txt").write_text("1")
    return tmp_path


def _of(folder: Path, step: str) -> tuple[CodeDigests, dict[str, str]]:
    sys.modules.pop("values_of_test", None)
    importlib.import_module("values_of_test").DB.close()
    digests = CodeDigests([str(folder)])
    return digests, digests.of(
        StepSource(module="values_of_test", qualname=step, file=str(folder / "values_of_test.py"))
    )


def test_what_code_does_not_say_counts_by_its_value(folder: Path) -> None:
    before = _of(folder, "train")[1]
    values = {label.partition(":")[2] for label in before if label.endswith("(its value)")}
    assert values == {f"{name} (its value)" for name in ("ALSO", "RATE", "OTHER", "READ", "computed", "Computed")}
    assert _of(folder, "train")[1] == before
    (folder / "rate.txt").write_text("2")
    after = _of(folder, "train")[1]
    changed = {label.partition(":")[2] for label in before if before[label] != after[label]}
    assert changed == {f"{name} (its value)" for name in ("READ", "computed", "Computed")}


def test_what_cannot_be_compared_misses_for_who_reads_it(folder: Path) -> None:
    """Given a connection, then only the step that uses it is never reused, though making it counts for all."""
    digests, train = _of(folder, "train")
    assert "values_of_test.py:DB" in train
    assert digests.doubtful == {}
    (one, before), (_, after) = _of(folder, "query"), _of(folder, "query")
    assert one.doubtful == {"values_of_test.py:DB (its value)": "sqlite3.Connection can't be taken apart"}
    assert {label for label in before if before[label] != after[label]} == set(one.doubtful)
    detail = explain_miss(CacheKeyParts(code=before), CacheKeyParts(code=after))[1]
    assert detail == (
        "the value of values_of_test.py:DB can't be compared with others: sqlite3.Connection can't be taken apart"
    )


def test_values_that_change_with_their_code_are_no_reason_of_their_own(folder: Path) -> None:
    before = _of(folder, "train")[1]
    (folder / "values_of_test.py").write_text(MODULE.replace("max(1, READ)", "max(5, READ)"))
    after = _of(folder, "train")[1]
    assert explain_miss(CacheKeyParts(code=before), CacheKeyParts(code=after))[1] == (
        "code of values_of_test.py:Computed.rate changed"
    )


def test_files_that_an_import_reads_for_others_count(tmp_path: Path) -> None:
    """Nothing is imported, as where only the step imports the module: what a file says shows in no value."""
    (tmp_path / "steps_of_test.py").write_text(
        "import os, setting\ndef train():\n    from lazy import RATE\n    return RATE\n"
        "def query():\n    return open('seed.txt').read()\n"
    )
    (tmp_path / "setting.py").write_text("import random\nrandom.seed(int(open('seed.txt').read()))\n")
    (tmp_path / "lazy.py").write_text("RATE = float(open('rate.txt').read())\nlog = open('log.txt', 'w')\n")
    for name in ("seed.txt", "rate.txt", "log.txt"):
        (tmp_path / name).write_text("1")

    def parts(step: str) -> dict[str, str]:
        file = str(tmp_path / "steps_of_test.py")
        return CodeDigests([str(tmp_path)]).of(StepSource(module="steps_of_test", qualname=step, file=file))

    before = parts("train"), parts("query")
    for name, expected in (
        ("seed.txt", ["setting.py:<module> (seed.txt)"] * 2),
        ("rate.txt", ["lazy.py:<module> (rate.txt)", "lazy.py:RATE (rate.txt)"]),
        ("log.txt", []),
    ):
        (tmp_path / name).write_text("2")
        after = parts("train"), parts("query")
        changed = [k for old, new in zip(before, after, strict=True) for k in new if old.get(k) != new[k]]
        assert changed == expected
        before = after
