"""``artifact diff``: what differs between two versions, by type of value; nothing is unpickled."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from stackyard import save_artifact
from stackyard.cli.main import main


class Said(NamedTuple):
    code: int
    out: str
    err: str


Do = Callable[..., Said]


@pytest.fixture
def do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Do:
    """Runs ``stackyard artifact diff`` in a pipe of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: str) -> Said:
        code = main(["artifact", "diff", *words])
        found = capsys.readouterr()
        return Said(code, found.out, found.err)

    return run


def saved(name: str, *values: Any) -> None:
    for value in values:
        save_artifact(value, name)


def view(do: Do, *words: str) -> dict[str, Any]:
    return dict(json.loads(do(*words, "--json").out))


def part(do: Do, *words: str) -> dict[str, Any]:
    (found,) = view(do, *words)["parts"]
    return dict(found)


def people() -> Any:
    numbers = np.arange(200)
    return pd.DataFrame(
        {"id": numbers, "age": numbers * 7 % 90, "city": np.where(numbers % 2, "Bern", "Basel"), "share": numbers / 200}
    )


def test_tables(do: Do) -> None:
    """Given rows that changed, came and went, and columns that did, then each is told, by key and by place."""
    other = people()
    other["age"] = other["age"].astype(float)
    other.loc[[7, 9], "age"] = [5.0, float("nan")]
    other.loc[9, "city"] = "Genf"
    other = other.drop(columns="share").assign(score=1.5).iloc[3:]
    other = pd.concat([other, pd.DataFrame({"id": [900], "age": [1.0], "city": [None]})], ignore_index=True)
    saved("people", people(), other)
    found = part(do, "people", "--key", "id")
    assert found["kind"] == "table"
    rows = found["rows"]
    assert (rows["by"], rows["n_added"], rows["n_removed"], rows["n_changed"]) == ("key", 1, 3, 2)
    assert [row["key"] for row in rows["changed"]] == [[7], [9]]
    assert rows["changed"][1]["cells"] == {"age": [63, None], "city": ["Bern", "Genf"]}
    assert rows["added"] == [[900, 1.0, None, None]]
    assert [row[0] for row in rows["removed"]] == [0, 1, 2]
    columns = {column["name"]: column for column in found["columns"]}
    assert {name: c["change"] for name, c in columns.items() if c["change"] != "changed"} == {
        "score": "added", "share": "removed"
    }  # fmt: skip
    assert (columns["age"]["dtype_before"], columns["age"]["dtype_after"]) == ("int64", "float64")
    assert (columns["age"]["n_changed"], columns["age"]["after"]["missing"], columns["age"]["measure"]) == (2, 1, "ks")
    assert columns["age"]["histogram_before"]["edges"] == columns["age"]["histogram_after"]["edges"]
    said = do("people", "--key", "id")
    assert "~ column age" in said.out
    assert "int64 → float64" in said.out
    assert "Rows: 1 added, 3 removed, 2 changed, 195 the same (by id)" in said.out
    assert "~ 9: age 63 → nothing, city Bern → Genf" in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    assert part(do, "people")["rows"]["by"] == "nothing", "another length, and no key"
    assert "--key" in do("people").out
    saved("people", people().assign(age=lambda f: f["age"] + (f["id"] == 3)))
    found = part(do, "people", "--version", "1", "--version", "3")
    assert (found["rows"]["by"], found["rows"]["n_changed"]) == ("position", 1)
    assert [column["name"] for column in found["columns"]] == ["age"], "the others are the same"


def test_rows_by_the_index_and_drift(do: Do) -> None:
    frame = people().assign(id=[f"p{i}" for i in range(200)]).set_index("id")
    moved = frame.iloc[::-1].assign(city="Bern", share=lambda f: f["share"] + 0.5)
    saved("people", frame, moved, frame.iloc[::-1])
    found = part(do, "people@1", "people@2")
    assert (found["rows"]["by"], found["rows"]["key"], found["rows"]["n_changed"]) == ("index", ["id"], 200)
    drift = {column["measure"]: (column["name"], column["drift"]) for column in found["columns"]}
    assert drift == {"tv": ("city", 0.5), "ks": ("share", pytest.approx(0.5, abs=0.01))}
    turned = part(do, "people@1", "people@3")
    assert (turned["rows"]["n_changed"], turned["columns"]) == (0, []), "another order is no other value"


def test_arrays_texts_json_and_images(do: Do) -> None:
    grid = np.arange(12.0).reshape(3, 4)
    saved("grid", grid, grid + np.eye(3, 4) * 2, grid[:2].astype("float32"))
    found = part(do, "grid@1", "grid@2")
    facts = {fact["name"]: fact for fact in found["facts"]}
    assert (facts["values that differ"]["after"], facts["largest difference"]["after"]) == (0.25, 2.0)
    found = part(do, "grid@1", "grid@3")
    assert found["facts"][0]["before"] == [3, 4]
    assert (found["columns"][0]["dtype_before"], found["columns"][0]["dtype_after"]) == ("float64", "float32")
    saved("words", "a\nb\n", "a\nB\n")
    assert part(do, "words")["text"] == ["@@ -1,2 +1,2 @@", " a", "-b", "+B"]
    saved("scores", {"loss": 0.5, "of": {"x": [1, 2]}}, {"loss": 0.25, "of": {"x": [1, 2, 3]}, "new": None})
    values = {value["name"]: value for value in part(do, "scores")["values"]}
    assert (values["loss"]["before"], values["loss"]["after"], values["loss"]["delta"]) == (0.5, 0.25, -0.25)
    assert {name: value["change"] for name, value in values.items()} == {
        "loss": "changed", "of.x[2]": "added", "new": "added"
    }  # fmt: skip
    assert "~ loss: 0.5 → 0.25  (-0.25)" in do("scores").out
    dark, spot = Image.new("RGB", (10, 10)), Image.new("RGB", (10, 10))
    spot.putpixel((2, 3), (255, 0, 0))
    saved("image", dark, spot, dark.convert("L"))
    assert "Pixels that differ  1.00%" in do("image@1", "image@2").out
    assert "Mode" in do("image@1", "image@3").out
    assert "x" in do("words", "scores").out, "of two artifacts"


def test_containers_and_pickles(do: Do) -> None:
    saved("parts", {"a": people(), "b": np.arange(3)}, {"a": people(), "b": np.arange(4), "c": np.arange(2)})
    found = {p["file"]: p["change"] for p in view(do, "parts")["parts"]}
    assert found.pop("structure.json") == "changed"
    assert found == {"parts/1-b/data.npy": "changed", "parts/2-c/data.npy": "added"}
    saved("code", Loud(), Loud(2))
    unpickled.clear()
    found = part(do, "code")
    assert "unpickled" in found["note"]
    assert not unpickled
    saved("weights", Loud(), Loud(2**40))
    unpickled.clear()
    assert do("weights").out.count("Size") == 1


unpickled: list[int] = []


class Loud:
    """Tells when it is unpickled."""

    def __init__(self, size: int = 1) -> None:
        self.size = size

    def __reduce__(self) -> tuple[Any, ...]:
        return _loudly, (self.size,)


def _loudly(size: int) -> Loud:
    unpickled.append(size)
    return Loud(size)


def test_the_test_would_notice_unpickling() -> None:
    pickle.loads(pickle.dumps(Loud(3)))
    assert unpickled.pop() == 3


def test_which_versions_and_exit_codes(do: Do) -> None:
    saved("n", 1, 2, 2)
    same = do("n", "--exit-code")
    assert (same.code, same.out) == (0, "n 2 and n 3 are the same.\n")
    assert view(do, "n")["same"] is True
    differ = do("n@1", "--exit-code")
    assert (differ.code, differ.out.splitlines()) == (1, ["n 1 → 3", "", "~ value: 1 → 2  (+1)"])
    assert do("n@1", "n@2").code == 0
    assert do("n", "--version", "1").out == differ.out
    for words, code, message in (
        (("n", "--version", "1", "--version", "2", "--version", "3"), 2, "Two versions"),
        (("n@1", "n@2", "--version", "1"), 2, "one artifact"),
        (("n@1", "n@9"), 4, "no version 9"),
        (("m",), 4, "no artifact 'm'"),
    ):
        refused = do(*words)
        assert (refused.code, message in refused.err) == (code, True), refused
    saved("alone", 1)
    refused = do("alone")
    assert (refused.code, "one version alone" in refused.err) == (4, True)
    saved("people", people(), people().head(100))
    for key, message in (("city", "does not tell rows apart"), ("nme", "no column 'nme'")):
        refused = do("people", "--key", key)
        assert (refused.code, message in refused.err) == (2, True), refused
