"""``artifact show`` with rows: pages, order, conditions and statistics of what is stored, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from stackyard import save_artifact
from stackyard.cli.main import main


class Said(NamedTuple):
    code: int
    out: list[str]
    err: str


Show = Callable[..., Said]


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Show:
    """Runs ``stackyard artifact show`` in a pipe of 80 columns; nothing that it prints is wider."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: str) -> Said:
        code = main(["artifact", "show", *words])
        found = capsys.readouterr()
        lines = found.out.splitlines()
        assert "--json" in words or all(len(line) <= 80 or line.startswith("  ") for line in lines), found.out
        return Said(code, lines, found.err)

    return run


def people() -> pd.DataFrame:
    names = [f"person {i}" for i in range(99)]
    measures = {f"measure {i}": np.linspace(0, i, 100) for i in range(1, 9)}
    return pd.DataFrame(
        {"name": [*names, None], "age": np.arange(100) % 50, "home town": ["Bern", "Basel"] * 50, **measures}
    )


def test_one_of_several_versions(show: Show) -> None:
    for value in ([1], [2], [3]):
        save_artifact(value, "numbers")
    assert show("numbers").out[0] == "Artifact numbers version 3"
    for words in (("numbers@2",), ("numbers", "--version", "2")):
        assert show(*words).out[0] == "Artifact numbers version 2"
    assert [line.strip() for line in show("numbers@2", "--rows", "1").out] == ["value", "2"]
    missing = show("numbers@9")
    assert (missing.code, "has no version 9" in missing.err) == (4, True)


def test_rows(show: Show) -> None:
    save_artifact(people(), "people")
    said = show("people", "--rows", "2", "--offset", "1")
    assert said.out[0].split("  ")[0] == "name"
    assert [line.split()[:4] for line in said.out[1:]] == [["person", "1", "1", "Basel"], ["person", "2", "2", "Bern"]]
    assert "rows 2 to 3 of 100; " in said.err
    assert " of 11 columns; see others with --columns" in said.err
    said = show(
        "people", "--where", "age >= 48", "--where", '"home town" = Bern', "--sort", "-age", "--sort=-name",
        "--columns", "age,name",
    )  # fmt: skip
    assert said.out == ["age  name", " 48  person 98", " 48  person 48"]
    assert said.err == "rows 1 to 2 of 2 that match, of 100; 2 of 11 columns\n"
    assert len(show("people", "--where", "age > 3").out) == 21, "20 rows and the names"
    none = show("people", "--where", "age > 50", "--columns", "age")
    assert (none.out, none.err) == (["age"], "no row of 100 matches; 1 of 11 columns\n")
    page = json.loads(
        "\n".join(show("people", "--rows", "1", "--sort", "name", "--columns", "home town", "--json").out)
    )
    assert (page["rows"], page["n_rows"], [c["name"] for c in page["columns"]]) == ([["Bern"]], 100, ["home town"])


def test_statistics(show: Show) -> None:
    save_artifact(people(), "people")
    said = show("people", "--statistics", "--columns", "name,age,measure 8")
    assert {"COLUMN", "MISSING", "MIN", "MAX", "MEAN", "VALUES"} <= set(said.out[0].split())
    assert [line.split()[0] for line in said.out[1:]] == ["name", "age", "measure"]
    assert said.out[2].split()[-4:] == ["0", "49", "24.5", "██████████"]
    found = json.loads("\n".join(show("people", "--statistics", "--json").out))
    by_name = {column["name"]: column["statistics"] for column in found["columns"]}
    assert (found["n_rows"], len(by_name)) == (100, 11)
    assert (by_name["name"]["missing"], by_name["age"]["maximum"], by_name["home town"]["distinct"]) == (1, 49, 2)
    preview = show("people").out
    place = next(i for i, line in enumerate(preview) if line.startswith("COLUMN"))
    assert "person 0" in preview[place - 11], "ten rows, an empty line, the statistics"
    assert "██████████" in preview[place + 2]


def test_other_values(show: Show, tmp_path: Path) -> None:
    save_artifact(np.arange(24).reshape(2, 3, 4), "cube")
    save_artifact("b\na\n", "words")
    save_artifact({"a": {"b": 1}}, "fact")
    save_artifact({"left": np.arange(2), "right": np.arange(3)}, "parts")
    assert show("cube", "--rows", "1", "--index", "1").out[1].split() == ["12", "13", "14", "15"]
    assert "slice 0 of 2 x 3 x 4" in show("cube", "--rows", "1").err
    assert show("words", "--sort", "line").out == ["line", "a", "b"]
    refused = show("fact", "--rows", "3")
    assert (refused.code, "has no rows" in refused.err, "artifact show fact" in refused.err) == (6, True, True)
    refused = show("parts", "--rows", "3")
    assert (refused.code, "parts/1-right/data.npy" in refused.err) == (6, True)
    assert show("parts", "--file", "parts/1-right/data.npy").out == ["value", "    0", "    1", "    2"]


REFUSED: dict[str, tuple[tuple[str, ...], str, str]] = {
    "column": (("--columns", "nme"), "no column 'nme'", "Did you mean 'name'?"),
    "column of a condition": (("--where", "agee > 3"), "no column 'agee'", "Did you mean 'age'?"),
    "no condition": (("--where", "age about 3"), "'age about 3' is no condition", "age >= 30"),
    "no value": (("--where", "age >"), "has no value", "age >= 30"),
    "type": (("--where", "age > old"), "holds int64", "Give a number"),
    "operator": (("--where", "age contains 3"), "can't be asked for 'contains'", "Possible there: ="),
    "statistics of rows": (("--statistics", "--where", "age > 3"), "whole columns", "Leave one of them out"),
    "index": (("--index", "one"), "no list of numbers", "--index 3,0"),
    "index of a table": (("--index", "1"), "no array", "Leave the index out"),
    "file": (("--file", "date.arrow"), "no file 'date.arrow'", "Did you mean 'data.arrow'?"),
    "rows": (("--rows", "0"), "0", "--help"),
}


def test_what_can_not_be_shown_is_refused(show: Show) -> None:
    save_artifact(pd.DataFrame({"name": ["a"], "age": [1]}), "people")
    for case, (words, message, hint) in REFUSED.items():
        said: Any = show("people", *words)
        assert (said.code, said.out) == (2, []), (case, said)
        assert message in said.err, (case, said)
        assert hint in said.err, (case, said)
    said = show("people", "--where", "age > old", "--json")
    assert json.loads("\n".join(said.out))["error"]["code"] == "U100"


def test_artifacts_of_other_projects(show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_artifact([1, 2], "numbers")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "stackyard.yaml").write_text("version: 1\n", encoding="utf-8")
    monkeypatch.chdir("one")
    assert show("numbers").code == 4
    assert show("numbers", "--all-projects").code == 0
    assert show("numbers", "--all-projects", "--rows", "9").out == ["value", "    1", "    2"]
    save_artifact([3], "numbers")
    assert show("numbers", "--all-projects", "--rows", "9").out == ["value", "    3"], "one's own comes first"
    monkeypatch.chdir("../two")
    assert main(["artifact", "versions", "numbers", "--all-projects", "--json"]) == 0
    refused = show("numbers", "--all-projects")
    assert (refused.code, "2 projects have an artifact 'numbers'" in refused.err) == (2, True), refused


def test_what_is_stored_does_not_steer_the_terminal(show: Show) -> None:
    save_artifact("\x1b]0;title\x07\x1b[2Jred\r\n\tline", "text")
    save_artifact(pd.DataFrame({"\x1b[1mbold": ["\x1b[31mred"]}), "table")
    assert show("text").out[-2:] == ["\\x1b]0;title\\x07\\x1b[2Jred", "\tline"]
    for words in (("table",), ("table", "--rows", "1")):
        said = "\n".join(show(*words).out)
        assert "\\x1b[31mred" in said
        assert "\x1b" not in said


def test_a_preview_of_a_wide_table_says_how_wide_it_is(show: Show) -> None:
    save_artifact(pd.DataFrame({f"c{i}": [i] for i in range(120)}), "wide")
    assert "1 of 1 rows, 17 of 120 columns" in show("wide").err
