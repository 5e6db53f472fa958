"""Hover gives the same facts in Python, in ``stackyard.yaml``, in run configurations and in the sidebar."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client

STORE = "träin_store"


@pytest.fixture(scope="module")
def ready(shared: Client) -> Client:
    shared.request(
        "stackyard/component/register",
        {"component_type": "artifact_store", "name": STORE, "flavor": "local", "configuration": {}},
    )
    shared.request(
        "stackyard/stack/register",
        {"name": "prod", "components": {"orchestrator": "default", "artifact_store": STORE}},
    )
    return shared


def caret(text: str) -> tuple[str, int, int]:
    """Return a text without its ``|``, and the place of it in UTF-16 units."""
    before, after = text.split("|")
    lines = before.split("\n")
    return before + after, len(lines) - 1, len(lines[-1].encode("utf-16-le")) // 2


def hover(client: Client, path: Path, marked: str) -> Any:
    text, line, character = caret(marked)
    uri = client.open(path, text, "python" if path.suffix == ".py" else "yaml")
    found = client.hover(uri, line, character)
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    return found


def named(marked: str, found: Any) -> str:
    """Return the text that the hover's range covers."""
    text, _, _ = caret(marked)
    start, end = found["range"]["start"], found["range"]["end"]
    assert start["line"] == end["line"]
    units = text.split("\n")[start["line"]].encode("utf-16-le")
    return units[start["character"] * 2 : end["character"] * 2].decode("utf-16-le")


def test_a_component_reads_the_same_everywhere(ready: Client, project: Path) -> None:
    facts = ready.request("stackyard/component/describe", {"component_type": "artifact_store", "component": STORE})[
        "markdown"
    ]
    places = {
        project / "a.py": f'"\U0001f600"; Client().get_stack_component("artifact_store", "tr|{STORE[2:]}")\n',
        project / "stackyard.yaml": f'stacks:\n  dev: {{orchestrator: default, artifact_store: "tr|{STORE[2:]}"}}\n',
        project / "configs" / "run.yaml": f"steps:\n  train:\n    artifact_store: {STORE}|\n",
    }
    for path, marked in places.items():
        found = hover(ready, path, marked)
        assert found is not None, path
        assert found["contents"] == {"kind": "markdown", "value": facts}
        assert named(marked, found) == STORE


def test_a_stack_reads_the_same_everywhere(ready: Client, project: Path) -> None:
    facts = ready.request("stackyard/stack/describe", {"stack": "prod"})["markdown"]
    places = {
        project / "a.py": 'train.with_options(stack="pr|od")()\n',
        project / "b.py": 'Client().activate_stack("pro|d"\n',
        project / "stackyard.yaml": "version: 1\nstacks:\n  pr|od: {orchestrator: default}\n",
        project / "elsewhere.yaml": "# stackyard: run-configuration\nstack: prod|\n",
    }
    for path, marked in places.items():
        found = hover(ready, path, marked)
        assert found is not None, path
        assert found["contents"]["value"] == facts
        assert named(marked, found) == "prod"


@pytest.mark.parametrize(
    ("name", "marked", "said"),
    [
        ("a.py", 'Client().activate_stack("pr|odd")\n', "Did you mean 'prod'?"),
        ("a.py", 'Client().get_stack_component("artifact_store", "tr|ain_store")\n', f"Did you mean '{STORE}'?"),
        ("configs/a.yaml", "stack: de|fualt\n", "Did you mean 'default'?"),
        (
            "stackyard.yaml",
            "version: 1\nstacks:\n  n|ew: {orchestrator: default}\n",
            "no stack of that name is registered",
        ),
        ("stackyard.yaml", "components:\n  artifact_store:\n    x: {flavor: lo|kal}\n", "Did you mean 'local'?"),
    ],
)
def test_an_unknown_name_says_so_with_the_closest_one(
    ready: Client, project: Path, name: str, marked: str, said: str
) -> None:
    found = hover(ready, project / name, marked)
    assert said in found["contents"]["value"]


@pytest.mark.parametrize(
    ("name", "marked"),
    [
        ("a.py", "x = 'pr|od'\n"),
        ("a.py", "plot(stack='no|body')\n"),
        ("a.py", "|"),
        ("a.txt", 'Client().activate_stack("pr|od")\n'),
        ("data.yaml", "stack: pr|od\n"),
        ("stackyard.yaml", "version|: 1\n"),
    ],
)
def test_other_text_has_no_hover(ready: Client, project: Path, name: str, marked: str) -> None:
    assert hover(ready, project / name, marked) is None


def test_a_file_that_is_not_open_is_read_from_disk(ready: Client, project: Path) -> None:
    (project / "closed.py").write_text('Client().activate_stack("prod")\n')
    assert "prod" in ready.hover((project / "closed.py").as_uri(), 0, 26)["contents"]["value"]
    assert ready.hover((project / "gone.py").as_uri(), 0, 26) is None
    assert ready.hover("untitled:Untitled-1", 0, 26) is None


def test_hover_follows_every_edit(ready: Client, project: Path) -> None:
    uri = ready.open(project / "a.py", "# \f form feed, \u2028 separator\r\nx = 1\r\n")

    def change(version: int, *edits: tuple[int, int, int, int, str]) -> None:
        changes = [
            {"range": {"start": {"line": a, "character": b}, "end": {"line": c, "character": d}}, "text": text}
            for a, b, c, d, text in edits
        ]
        ready.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": version}, "contentChanges": changes},
        )

    change(2, (1, 0, 1, 5, 'Client().activate_stack("\U0001f600")'))
    assert "No stack is named `\U0001f600`" in ready.hover(uri, 1, 26)["contents"]["value"]
    change(3, (1, 25, 1, 27, "pro"), (1, 28, 1, 28, "d"))
    found = ready.hover(uri, 1, 26)["range"]
    assert (found["start"], found["end"]) == ({"line": 1, "character": 25}, {"line": 1, "character": 29})
    change(4, (0, 0, 1, 0, ""))
    assert ready.hover(uri, 0, 26)["range"]["start"] == {"line": 0, "character": 25}


def test_a_broken_project_file_keeps_no_hover_away(start: Callable[..., Client], project: Path) -> None:
    (project / "stackyard.yaml").write_text("version: [\n")
    client = start()
    found = hover(client, project / "a.py", 'Client().activate_stack("de|fault")\n')
    assert "**default** (stack)" in found["contents"]["value"]
