"""What every command owes: --help with an example, and --json in one of three shapes."""

from __future__ import annotations

import json
import re

import pytest

from stackyard.cli.main import main
from stackyard.model.enums import ComponentType
from tests.cli.shell import Shell

COMPONENT_TYPES = tuple(t.command for t in ComponentType)
OF_A_COMPONENT_TYPE = (
    "list", "get", "describe", "register", "update", "remove-attribute", "rename", "copy", "delete", "check",
    "flavor", "explain", "flavor list", "flavor describe", "flavor register", "flavor refresh", "flavor delete",
)  # fmt: skip
EXPECTED = (
    *COMPONENT_TYPES,
    *(f"artifact-store {name}" for name in OF_A_COMPONENT_TYPE),
    "component-type list",
    "completion",
    "doctor",
    "schema",
    "init",
    "stack list",
    "stack get",
    "stack describe",
    "stack set",
    "stack register",
    "stack update",
    "stack remove-component",
    "stack rename",
    "stack copy",
    "stack delete",
    "stack check",
    "stack apply",
    "stack export",
    "stack import",
    "stack export-requirements",
    "run",
    "run list",
    "run show",
    "run logs",
    "run stop",
    "run wait",
    "run graph",
    "run explain",
    "run resume",
    "run retry",
    "run delete",
    "artifact list",
    "artifact show",
    "artifact verify",
    "artifact prune",
    "artifact reindex",
)

SMALL = """
from stackyard import log_metadata, pipeline, step

@step
def make(n: int = 3) -> int:
    print("making", n)
    log_metadata({"n": n})
    return n

@pipeline
def small(n: int = 3) -> None:
    make(n)
"""

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def _subcommands(text: str) -> list[str]:
    """Return the names under the headings of a help text that list commands: all but its options."""
    sections = re.findall(r"^(\w[^\n]*):\n((?: .*\n?)+)", text, flags=re.MULTILINE)
    commands = "".join(body for heading, body in sections if not re.match(r"Options|Attributes|Usage", heading))
    return re.findall(r"^  ([a-z][a-z-]*)  ", commands, flags=re.MULTILINE)


def test_every_command_has_help_with_an_example(
    shell: Shell, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given the whole tree of commands, each prints what it does, how it is called, and an example; nothing is made."""
    for name, value in shell.environment().items():
        monkeypatch.setenv(name, value)
    found: dict[str, str] = {}
    level: list[tuple[str, ...]] = [()]
    while level:
        path = level.pop()
        assert main([*path, "--help"]) == 0, path
        printed = capsys.readouterr()
        assert not printed.err, path
        found[" ".join(path)] = printed.out
        # All component types have one definition: one of them stands for the others.
        if not path or path[0] == "artifact-store" or path[0] not in COMPONENT_TYPES:
            level += [(*path, name) for name in _subcommands(printed.out)]
    missing = [name for name in EXPECTED if name not in found]
    assert not missing
    for name, text in found.items():
        assert text.startswith(f"Usage: stackyard {name}".strip()), f"{name}: {text}"
        example = re.search(r"^\W*Examples?: (stackyard .*)", text, flags=re.MULTILINE)
        assert example, f"`stackyard {name} --help` has no example:\n{text}"
        assert example.group(1).startswith(f"stackyard {name}".strip()), f"{name}: {text}"
        if name in COMPONENT_TYPES:
            assert _subcommands(text) == [n for n in OF_A_COMPONENT_TYPE if " " not in n], text
        if name == "run" or not _subcommands(text):
            assert "--json" in text, f"`stackyard {name} --help` does not know --json"
    real = shell.do("stack", "register", "--help")
    assert real.out == found["stack register"]
    assert not shell.home.exists()


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A home in which something was registered and a pipeline ran twice; tests only add to it."""
    top = tmp_path_factory.mktemp("used")
    (top / "project").mkdir()
    shell = Shell(top / "home", top / "project")
    shell.write("small.py", SMALL)
    shell.do("init")
    shell.do("artifact-store", "register", "other", "--flavor=local")
    shell.do("stack", "register", "second", "-o", "default", "-a", "other")
    shell.do("run", "small.py")
    shell.do("run", "small.py")
    return shell


def _times(value: object) -> list[str]:
    """Collect every text under a key that ends with `_at`."""
    if isinstance(value, dict):
        own = [v for k, v in value.items() if (k.endswith("_at") or k == "at") and isinstance(v, str) and v]
        return own + [t for v in value.values() for t in _times(v)]
    if isinstance(value, list):
        return [t for v in value for t in _times(v)]
    return []


def test_lists_as_json(used: Shell) -> None:
    """Given --json, each list is exactly items, total and next; times are UTC ISO 8601."""
    for arguments, known in (
        (("stack", "list"), 2),
        (("artifact-store", "list"), 2),
        (("run", "list"), 2),
        (("artifact", "list"), 1),
    ):
        page = used.json(*arguments)
        assert set(page) == {"items", "total", "next"}, arguments
        assert page["total"] == len(page["items"]) >= known, arguments
        assert page["next"] is None
        assert all(TIME.fullmatch(moment) for moment in _times(page)), arguments
    assert used.do("artifact", "list", "--output", "json").json == page


def test_pages(used: Shell) -> None:
    """Given a limit, a list has a cursor that leads to the rest."""
    first = used.json("run", "list", "--limit", "1")
    assert len(first["items"]) == 1 < first["total"]
    second = used.json("run", "list", "--limit", "1", "--cursor", first["next"])
    assert len(second["items"]) == 1
    assert first["items"][0]["id"] != second["items"][0]["id"]


def test_one_thing_as_json(used: Shell) -> None:
    """Given --json, one thing is one object with its own words."""
    described = used.json("stack", "describe")
    assert described["name"] == "default"
    assert described["active"] is True
    assert described["origin"] == "default"
    assert [c["component_type"] for c in described["components"]] == ["orchestrator", "artifact_store"]
    assert used.json("stack", "get")["origin_text"]
    store = used.json("artifact-store", "describe", "other")
    assert (store["flavor"], store["stacks"]) == ("local", ["second"])
    orchestrator = used.json("orchestrator", "describe", "default")
    assert orchestrator["configuration"]["max_workers"] is None
    switched = used.json("stack", "set", "second")
    assert (switched["name"], switched["origin"]) == ("second", "project")
    registered = used.json("artifact-store", "register", "third", "--flavor=local")
    assert registered["name"] == "third"
    stack = used.json("stack", "register", "three", "-o", "default", "-a", "third")
    assert stack["name"] == "three"
    run = used.json("run", "show", used.json("run", "list")["items"][-1]["name"])
    assert run["status"] == "completed"
    assert run["steps"][0]["metadata"] == {"n": 3}
    version = used.json("artifact", "show", used.json("artifact", "list")["items"][0]["name"])
    assert version["preview"]["data"] == 3
    assert version["digest"].startswith("sha256:")


def test_a_run_as_json(used: Shell) -> None:
    """Given --json, a run prints nothing but its object on stdout, the steps' own output kept out of it."""
    run = used.json("run", "small.py", "--param", "n=5")
    assert run["status"] == "completed"
    assert run["parameters"] == {"n": 5}
    assert [step["status"] for step in run["steps"]] == ["completed"]
    logs = used.do("run", "logs", run["id"])
    assert "making 5" in logs.out


def test_errors_as_json(used: Shell) -> None:
    """Given --json, an error is one object on stdout with code, message, hint and location; usage errors too."""
    for arguments, exit_code in (
        (("stack", "describe", "nope"), 4),
        (("artifact-store", "register", "other", "--flavor=local"), 5),
        (("stack", "describe", "--nonsense"), 2),
        (("run",), 2),
    ):
        result = used.stackyard(*arguments, "--json")
        assert result.code == exit_code, result
        assert set(json.loads(result.out)) == {"error"}, result
        assert set(result.json["error"]) == {"code", "message", "hint", "location"}


def test_output_for_people_has_no_json_and_no_colour_codes(used: Shell) -> None:
    """Given a pipe instead of a terminal, tables are plain text without escape codes."""
    for arguments in (("stack", "list"), ("stack", "describe"), ("run", "list"), ("artifact", "list")):
        result = used.do(*arguments)
        assert "\x1b" not in result.out, result
        assert result.out.strip()


def test_version(shell: Shell) -> None:
    """Given --version, name and version are one line, and nothing is made."""
    result = shell.do("--version")
    assert re.fullmatch(r"(stackyard )?\d+\.\d+\.\d+\S*\n", result.out)
    assert not shell.home.exists()


def test_reading_makes_nothing(shell: Shell) -> None:
    """Given a home that does not exist, commands that only read answer and do not make it."""
    for arguments in (
        ("stack", "list"),
        ("stack", "get"),
        ("stack", "describe"),
        ("run", "list"),
        ("artifact", "list"),
    ):
        shell.do(*arguments)
    assert not shell.home.exists()
    assert list(shell.folder.iterdir()) == []
