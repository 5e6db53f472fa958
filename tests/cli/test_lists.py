"""The lists of the real commands: the guide's columns, and one way to filter, sort and print all of them."""

from __future__ import annotations

import csv
import io

import pytest
import yaml

from tests.cli.shell import PROGRAMS, Shell
from tests.cli.terminal import on_terminal


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A home with three stacks and an alerter that one of them uses; tests only look."""
    top = tmp_path_factory.mktemp("stocked")
    (top / "project").mkdir()
    shell = Shell(top / "home", top / "project")
    shell.do("alerter", "register", "hook", "-f", "webhook", "--url=http://localhost:9/x")
    shell.do("stack", "register", "beta", "-o", "default", "-a", "default", "--alerter", "hook", "--label", "team=x")
    shell.do("stack", "register", "alpha", "-o", "default", "-a", "default", "--set")
    return shell


def test_the_columns_of_stacks_and_components(stocked: Shell) -> None:
    """Given a pipe, the guide's columns stand one under the other, the active one is marked, and stderr is silent."""
    listed = stocked.do("stack", "list")
    head, *rows = (line.split() for line in listed.out.splitlines())
    assert head == ["ACTIVE", "NAME", "ID", "SHARED", "OWNER", "ORCHESTRATOR", "ARTIFACT", "STORE", "ALERTER"]
    assert rows[0][:2] == ["*", "alpha"]
    assert [row[0] for row in rows[1:]] == ["beta", "default"]
    assert listed.err == ""
    components = stocked.do("orchestrator", "list").out.splitlines()
    assert components[0].split() == ["ACTIVE", "NAME", "ID", "FLAVOR", "SHARED", "OWNER"]
    assert components[1].split() == ["*", "default", "00000000-0000", "local", "no", "-"]


def test_filters_sorting_and_formats(stocked: Shell) -> None:
    """Given the options of lists, those of ZenML's spelling too, the right things come in the right order."""
    assert stocked.do("stack", "list", "--columns", "name,alerter", "--sort_by", "desc:name").out.splitlines() == [
        "NAME     ALERTER",
        "default  -",
        "beta     hook",
        "alpha    -",
    ]
    for words in (("--component", "hook"), ("--name", "startswith:b"), ("--label", "team=x"), ("--flavor", "webhook")):
        assert [v["name"] for v in stocked.json("stack", "list", *words)["items"]] == ["beta"], words
    text = stocked.do("stack", "list", "--output=csv", "--columns", "name,id,labels", "--sort", "name").out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["name"] for row in rows] == ["alpha", "beta", "default"]
    assert rows[1]["labels"] == "team=x"
    document = yaml.safe_load(stocked.do("stack", "list", "--output", "yaml").out)
    assert document == stocked.json("stack", "list")
    by_id = stocked.json("stack", "list", "--id", rows[0]["id"])
    assert [v["name"] for v in by_id["items"]] == ["alpha"]


def test_nothing_to_show_is_said_on_stderr(stocked: Shell) -> None:
    """Given an empty list, stdout stays empty, and stderr says whether there is nothing or nothing fits."""
    for words, text in (
        (("stack", "list", "--name", "zeta"), "No stack fits the filters.\n"),
        (("experiment-tracker", "list"), "No experiment tracker is registered. Register one with: "),
        (("run", "list"), "No runs yet. Start one with: stackyard run FILE\n"),
        (("artifact", "list"), "No artifacts yet. Run a pipeline with: stackyard run FILE\n"),
    ):
        result = stocked.do(*words)
        assert result.out == ""
        assert result.err.startswith(text)
    assert stocked.do("container-registry", "list").err.endswith(" register NAME --flavor=default --uri=URI\n")


def test_a_list_fits_the_terminal(stocked: Shell) -> None:
    """Given narrower and narrower terminals, id goes first, then owner, then shared, and that is said."""
    words = [str(PROGRAMS / "stackyard"), "stack", "list"]
    for columns, hidden in ((120, ""), (76, "id"), (50, "id, owner, shared")):
        code, text = on_terminal(words, stocked.folder, {**stocked.environment(), "NO_COLOR": "1"}, columns=columns)
        assert code == 0
        *table, last = text.splitlines()
        assert "\x1b" not in text
        assert all(len(line) <= columns for line in table), text
        assert last.startswith("3 stacks"), text
        assert hidden in last, text
        assert ("not shown" in last) == bool(hidden), text


def test_output_that_nobody_takes(stocked: Shell) -> None:
    """Given a reader that leaves, the command ends quietly; given a full disk, in words."""
    program = f"{PROGRAMS / 'stackyard'} stack list --output yaml"
    gone = stocked.run("bash", "-c", f"set -o pipefail; {program} | true")
    assert (gone.code, gone.text) == (0, "")
    full = stocked.run("bash", "-c", f"{program} > /dev/full")
    assert full.code == 6, full
    assert full.err == "Error: The output can't be written: No space left on device.\n"
