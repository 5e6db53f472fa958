"""Stacks as code, as a user types it: the plan, the question, drift, the way out of one home and into another."""

from __future__ import annotations

import os
import select
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from tests.cli.shell import PROGRAMS, Shell

FILE = """version: 1
components:
  orchestrator:
    small: {flavor: local, configuration: {max_workers: 2}}
  artifact_store:
    team: {flavor: local, configuration: {path: artifacts}}
  alerter:
    chat: {flavor: webhook, configuration: {url: "{{chat.url}}"}}
stacks:
  dev: {orchestrator: small, artifact_store: team, alerter: chat}
"""


@pytest.fixture
def project(shell: Shell) -> Shell:
    shell.write("stackyard.yaml", FILE)
    return shell


def test_from_the_plan_to_nothing_to_do(project: Shell) -> None:
    """Given a file, --check names the drift, apply wants a yes, does it once, and --prune takes back what it made."""
    before = project.snapshot()
    check = project.stackyard("stack", "apply", "--check")
    assert check.code == 5, check
    assert "+ orchestrator small" in check.out
    assert "+ stack dev" in check.out
    assert "4 to create" in check.err
    assert "stackyard stack apply" in check.err

    unasked = project.stackyard("stack", "apply")
    assert unasked.code == 2, unasked
    assert "--yes" in unasked.err
    assert project.snapshot() == before

    applied = project.do("stack", "apply", "--yes")
    assert "Done: 4 created." in applied.out
    assert "stackyard stack set dev" in applied.err
    assert "stackyard secret create chat --url=-" in applied.err
    assert "Nothing to do" in project.do("stack", "apply", "--check").out
    assert "Nothing to do" in project.do("stack", "apply").out  # and nothing is asked

    project.write("stackyard.yaml", FILE.replace("max_workers: 2", "max_workers: 3"))
    changed = project.do("stack", "apply", "-y")
    assert "~ orchestrator small" in changed.out
    assert "configuration.max_workers: 2 -> 3" in changed.out

    project.write("stackyard.yaml", "version: 1\n")
    pruned = project.stackyard("stack", "apply", "--check", "--prune")
    assert pruned.code == 5, pruned
    assert "- stack dev" in pruned.out
    assert "stackyard stack apply --prune" in pruned.err
    assert "4 removed" in project.do("stack", "apply", "--prune", "--yes").out
    assert [s["name"] for s in project.json("stack", "list")["items"]] == ["default"]


def test_several_at_once_make_everything_once(project: Shell) -> None:
    """Given a home that does not exist, when several processes apply the same file, then each succeeds."""
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: project.stackyard("stack", "apply", "--yes"), range(4)))
    assert [result.code for result in results] == [0] * 4, results
    assert any("Done: 4 created." in result.out for result in results)
    names = [s["name"] for s in project.json("stack", "list")["items"]]
    assert sorted(names) == ["default", "dev"]
    assert len(project.json("orchestrator", "list")["items"]) == 2


def test_json(project: Shell) -> None:
    """Given --json, standard output is one document: the plan, with exit code 5 for drift; a refusal is an error."""
    check = project.stackyard("stack", "apply", "--check", "--json")
    assert check.code == 5, check
    assert [item["action"] for item in check.json["items"]] == ["create"] * 4
    assert check.json["applied"] is False
    refused = project.stackyard("stack", "apply", "--json")
    assert (refused.code, set(refused.json)) == (2, {"error"}), refused
    assert "+ stack dev" in refused.err  # what the question would have been about
    assert project.json("stack", "apply", "--yes")["applied"] is True
    assert project.json("stack", "apply", "--check")["items"][0]["action"] == "leave"
    exported = project.json("stack", "export")
    assert exported == yaml.safe_load(project.do("stack", "export").out)
    assert project.json("stack", "export", "-o", "dev.yaml")["stacks"] == ["dev"]
    assert project.json("stack", "import", "dev.yaml")["applied"] is True
    assert project.json("stack", "export-requirements", "dev") == {"items": [], "total": 0, "next": None}
    assert project.json("schema")["title"] == "stackyard.yaml"


def test_out_of_one_home_and_into_another(project: Shell) -> None:
    """Given an exported stack, a colleague imports it, under another name too, and names that differ are refused."""
    project.do("stack", "apply", "--yes")
    assert "1 stack written to" in project.do("stack", "export", "dev", "-o", "dev.yaml").out
    again = project.stackyard("stack", "export", "dev", "-o", "dev.yaml")
    assert again.code == 5, again
    assert "--force" in again.err
    project.do("stack", "export", "-o", "dev.yaml", "--force")
    assert "artifact_store: default" not in (project.folder / "dev.yaml").read_text(encoding="utf-8")

    other = Shell(project.home.with_name("other"), project.folder)
    assert other.stackyard("stack", "import", "dev.yaml").code == 2
    imported = other.do("stack", "import", "dev.yaml", "--yes")
    assert "+ stack dev" in imported.out
    assert "Done: 4 created." in imported.out
    assert other.do("stack", "export").out == project.do("stack", "export").out
    assert "Nothing to do" in other.do("stack", "import", "dev.yaml").out

    other.do("orchestrator", "update", "small", "--max_workers=9")
    before = other.snapshot()
    taken = other.stackyard("stack", "import", "dev.yaml", "--yes")
    assert taken.code == 5, taken
    assert "'small'" in taken.err
    assert "stackyard orchestrator rename small NEW_NAME" in taken.err
    assert other.snapshot() == before
    other.do("orchestrator", "update", "small", "--max_workers=2")
    other.do("stack", "import", "dev.yaml", "--name", "mine", "--yes")
    assert {s["name"] for s in other.json("stack", "list")["items"]} == {"default", "dev", "mine"}


def test_requirements(project: Shell) -> None:
    """Given a stack with a tracker, its requirements are lines as pip takes them, on the terminal and in a file."""
    project.do("experiment-tracker", "register", "t", "--flavor=mlflow")
    project.do("stack", "register", "tracked", "-o", "default", "-a", "default", "--experiment-tracker", "t")
    lines = project.do("stack", "export-requirements", "tracked").out.splitlines()
    assert any(line.startswith("mlflow") for line in lines)
    assert lines == sorted(lines)
    project.do("stack", "export-requirements", "tracked", "-o", "requirements.txt")
    assert (project.folder / "requirements.txt").read_text(encoding="utf-8").splitlines() == lines
    assert project.stackyard("stack", "export-requirements", "tracked", "-o", "requirements.txt").code == 5
    nothing = project.do("stack", "export-requirements")
    assert (nothing.out, "nothing besides stackyard" in nothing.err) == ("", True)


def test_on_a_terminal_it_asks(project: Shell) -> None:
    """Given a terminal, the plan is in colour unless NO_COLOR is set, and only a yes changes anything."""
    refused = _on_a_terminal(project, b"n\n")
    assert "Apply this? [y/N]" in refused
    assert "\x1b[32m  + stack dev" in refused
    assert not project.home.exists()
    accepted = _on_a_terminal(project, b"y\n", NO_COLOR="1")
    assert "Done: 4 created." in accepted
    assert "\x1b[" not in accepted
    assert project.json("stack", "describe", "dev")["name"] == "dev"


def _on_a_terminal(shell: Shell, answer: bytes, **variables: str) -> str:
    """Run ``stack apply`` on a pseudo-terminal, answer its question, and return all that it showed."""
    ours, theirs = os.openpty()
    command = [str(PROGRAMS / "stackyard"), "stack", "apply"]
    environment = {**shell.environment(), "TERM": "xterm", **variables}
    with subprocess.Popen(
        command, cwd=shell.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown, end = b"", time.monotonic() + 180
        while time.monotonic() < end:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
            if answer and b"[y/N]" in shown:
                os.write(ours, answer)
                answer = b""
        process.wait(timeout=180)
    os.close(ours)
    return shown.decode()


def test_the_starters_file_is_what_its_stack_is_made_of(shell: Shell) -> None:
    """Given the starter project, its file makes the stack that its comments name."""
    shell.use_starter()
    applied = shell.do("stack", "apply", "--yes")
    assert "+ stack a_new_local_stack" in applied.out
    assert shell.json("stack", "set", "a_new_local_stack")["name"] == "a_new_local_stack"


def test_files_named_as_zenml_has_it(project: Shell) -> None:
    """Given `export STACK FILE` and `import STACK -f FILE`, they do what --output-file and --name do."""
    project.do("stack", "copy", "default", "mine")
    assert "1 stack written to" in project.do("stack", "export", "mine", "mine.yaml").out
    project.do("stack", "import", "twin", "-f", "mine.yaml", "--yes")
    assert {"mine", "twin"} < {view["name"] for view in project.json("stack", "list")["items"]}
