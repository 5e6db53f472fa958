"""Lists: columns, filters, sorting, and the ways to print them, whatever is listed."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Sequence

import click
import pytest
import yaml
from click.testing import CliRunner
from pydantic import BaseModel

from stackyard.cli.listing import Column, Filter, Listing, Request, list_options, plural
from stackyard.cli.text import cell_width, plain_lines
from stackyard.model.errors import StackyardError, UsageError
from stackyard.model.views import Page
from tests.cli.shell import ROOT
from tests.cli.terminal import on_terminal


class Fruit(BaseModel):
    name: str
    weight: int | None = None
    tags: dict[str, str] = {}


FRUIT = [
    Fruit(name="pear", weight=170, tags={"shape": "long"}),
    Fruit(name="Apple", weight=150, tags={"shape": "round", "sort": "a:b"}),
    Fruit(name="cherry"),
]
LISTING = Listing[Fruit](
    "cherry",
    columns=[
        Column("name", lambda v: v.name),
        Column("weight", lambda v: v.weight, lambda v: f"{v.weight} g" if v.weight else "-", yields=1),
        Column("first_letter", lambda v: v.name[0], usual=False),
        Column("heavy", lambda v: "yes", usual=lambda items: any((v.weight or 0) > 160 for v in items)),
    ],
    filters=[
        Filter("name", lambda v: [v.name], "A name."),
        Filter("begin", lambda v: [v.name], "A beginning.", plain="startswith"),
        Filter("shape", lambda v: v.tags.values(), "A tag."),
    ],
    labels=lambda v: v.tags,
)


@click.command()
@click.option("--pages", is_flag=True)
@click.option("--cursor")
@list_options(LISTING)
def fruit(request: Request[Fruit], pages: bool, cursor: str | None) -> None:
    if pages:
        request.show_page(_fetch, cursor=cursor, none="Nothing grows.")
    else:
        request.show(request.apply(FRUIT))


def _fetch(limit: int, cursor: str | None) -> Page[Fruit]:
    start = int(cursor or 0)
    # Pages of one, so that a list that is looked at as a whole needs several.
    end = start + min(limit, 1)
    return Page[Fruit](items=FRUIT[start:end], total=len(FRUIT), next=str(end) if end < len(FRUIT) else None)


def run(*words: str) -> str:
    result = CliRunner().invoke(fruit, list(words), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout


def names(*words: str) -> list[str]:
    return [item["name"] for item in json.loads(run(*words, "--json"))["items"]]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ["pear", "Apple", "cherry"]),
        (("--name", "E"), ["pear", "Apple", "cherry"]),
        (("--name", "app"), ["Apple"]),
        (("--name", "contains:err"), ["cherry"]),
        (("--name", "startswith:P"), ["pear"]),
        (("--name", "endswith:LE"), ["Apple"]),
        (("--name", "equals:apple"), []),
        (("--name", "equals:Apple"), ["Apple"]),
        (("--name", "e", "--name", "p"), ["pear", "Apple"]),
        (("--begin", "p"), ["pear"]),
        (("--begin", "contains:pp"), ["Apple"]),
        (("--shape", "a:b"), ["Apple"]),
        (("--shape", "equals:a:b"), ["Apple"]),
        (("--label", "shape"), ["pear", "Apple"]),
        (("--label", "shape=round"), ["Apple"]),
        (("--label", "shape="), []),
        (("--label", "sort=a:b", "--name", "pear"), []),
    ],
)
def test_filters(words: Sequence[str], expected: list[str]) -> None:
    assert names(*words) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("name", ["Apple", "cherry", "pear"]),
        ("asc:name", ["Apple", "cherry", "pear"]),
        ("desc:name", ["pear", "cherry", "Apple"]),
        ("-name", ["pear", "cherry", "Apple"]),
        ("name:desc", ["pear", "cherry", "Apple"]),
        ("weight", ["Apple", "pear", "cherry"]),
        ("desc:WEIGHT", ["pear", "Apple", "cherry"]),
        ("desc:first-letter", ["pear", "cherry", "Apple"]),
    ],
)
def test_sorting_puts_what_has_no_value_last(given: str, expected: list[str]) -> None:
    assert names("--sort", given) == expected
    assert names("--sort-by", given) == expected


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--columns", "name,wieght"), ("'wieght'", "'weight'", "first_letter")),
        (("--columns", ","), ("''", "name")),
        (("--sort", "nam"), ("'nam'", "'name'")),
        (("--sort", "up:name"), ("'up'", "asc:name", "desc:name")),
        (("--name", "contain:x"), ("'contain'", "'contains'", "equals:contain:x")),
    ],
)
def test_what_does_not_exist_is_refused_with_the_nearest(words: Sequence[str], told: Sequence[str]) -> None:
    with pytest.raises(UsageError) as caught:
        run(*words)
    for part in told:
        assert part in f"{caught.value.message} {caught.value.hint}"


def test_columns_are_those_that_are_usual_or_asked_for() -> None:
    assert run().splitlines()[0].split() == ["NAME", "WEIGHT", "HEAVY"]
    assert run("--name", "cherry").splitlines() == ["NAME    WEIGHT", "cherry  -"]
    assert run("--columns", "FIRST-LETTER, name", "--name", "pear").splitlines() == [
        "FIRST LETTER  NAME",
        "p             pear",
    ]


def test_programs_get_values_and_whole_views() -> None:
    rows = list(csv.reader(io.StringIO(run("--output", "csv"))))
    assert rows == [["name", "weight", "heavy"], ["pear", "170", "yes"], ["Apple", "150", "yes"], ["cherry", "", "yes"]]
    as_json = json.loads(run("--columns", "name", "--output", "json"))
    assert as_json == {"items": [f.model_dump() for f in FRUIT], "total": 3, "next": None}
    assert yaml.safe_load(run("--output", "yaml")) == as_json


def test_pages_are_as_the_catalog_gives_them_until_something_selects() -> None:
    assert json.loads(run("--pages", "--limit", "1", "--json"))["next"] == "1"
    assert json.loads(run("--pages", "--limit", "1", "--cursor", "1", "--json"))["items"][0]["name"] == "Apple"
    chosen = json.loads(run("--pages", "--limit", "2", "--sort", "name", "--json"))
    assert ([v["name"] for v in chosen["items"]], chosen["total"], chosen["next"]) == (["Apple", "cherry"], 3, None)
    with pytest.raises(StackyardError, match="--cursor does not go with"):
        run("--pages", "--limit", "1", "--cursor", "1", "--name", "x")


def test_size_cuts_any_list_after_sorting_and_the_total_stays_the_whole() -> None:
    """Given ZenML's word for the limit, the first of the sorted are shown, and how many there are."""
    cut = json.loads(run("--size", "2", "--sort", "name", "--json"))
    assert ([v["name"] for v in cut["items"]], cut["total"], cut["next"]) == (["Apple", "cherry"], 3, None)
    assert len(run("--size", "1", "--output", "csv").splitlines()) == 2
    result = CliRunner().invoke(fruit, ["--size", "1"], standalone_mode=False)
    assert result.stderr == "1 of 3 cherries. More with: --limit 3\n"


def test_a_cut_list_says_so() -> None:
    result = CliRunner().invoke(fruit, ["--pages", "--limit", "2", "--sort", "name"], standalone_mode=False)
    assert result.stderr == "2 of 3 cherries. More with: --limit 3\n"
    result = CliRunner().invoke(fruit, ["--pages", "--limit", "2", "--name", "zzz"], standalone_mode=False)
    assert (result.stdout, result.stderr) == ("", "No cherry fits the filters.\n")


@pytest.mark.parametrize(
    ("noun", "several"), [("stack", "stacks"), ("container registry", "container registries"), ("day", "days")]
)
def test_plural(noun: str, several: str) -> None:
    assert plural(noun) == several


def test_wide_characters_stay_in_their_columns() -> None:
    assert [cell_width(text) for text in ("abc", "日本", "e\u0301")] == [3, 4, 1]
    assert plain_lines(["A", "B"], [["日本", "x"], ["abc", "y"]]) == ["A     B", "日本  x", "abc   y"]


SCRIPT = """
from tests.unit.cli.test_listing import fruit
fruit()
"""


def _on_terminal(columns: int, *words: str, **variables: str) -> str:
    """Return what the list of fruit prints on a terminal of that width."""
    environment = {"PYTHONPATH": "src:.", "PATH": "", **variables}
    code, text = on_terminal([sys.executable, "-c", SCRIPT, *words], ROOT, environment, columns=columns)
    assert code == 0, text
    return text


def test_a_narrow_terminal_hides_what_matters_least_and_folds_the_rest() -> None:
    wide = _on_terminal(80)
    assert "WEIGHT" in wide
    assert wide.endswith("3 cherries\n")
    narrow = _on_terminal(22)
    assert "WEIGHT" not in narrow
    assert narrow.endswith("3 cherries; not shown for want of room: weight\n")
    more = _on_terminal(22, "--limit", "2")
    assert more.endswith("2 of 3 cherries; not shown for want of room: weight. More with: --limit 3\n")
    assert all(len(line) <= 22 for line in _on_terminal(16, NO_COLOR="1").splitlines()[:-1])


def test_no_colour_is_respected_on_a_terminal() -> None:
    assert "\x1b[" in _on_terminal(80)
    assert "\x1b[" not in _on_terminal(80, NO_COLOR="1")
