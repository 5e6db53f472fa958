"""`stackyard doctor` and the checks, as a user meets them in a terminal."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import click
import pytest

from stackyard.cli.main import cli
from tests.cli.shell import Shell


@pytest.fixture(autouse=True)
def _own_editors(shell: Shell) -> None:
    shell.variables["HOME"] = str(shell.folder)


def _register(shell: Shell) -> None:
    shell.do("artifact-store", "register", "my_store", "--flavor=local")
    shell.do("stack", "register", "mine", "-o", "default", "-a", "my_store")
    shell.do("stack", "set", "mine")


def _edit(shell: Shell, **fields: Any) -> None:
    """Change the artifact store as a lost package or another hand would have left it."""
    file = shell.home / "registry.json"
    document = json.loads(file.read_text())
    next(c for c in document["components"] if c["name"] == "my_store").update(fields)
    file.write_text(json.dumps(document))


def test_nothing_is_wrong_with_a_fresh_installation(shell: Shell) -> None:
    result = shell.do("doctor")
    assert result.out.splitlines()[0] == "This installation"
    assert result.out.splitlines()[-1] == "No problems found."
    assert "\x1b" not in result.out
    assert result.err == ""
    assert not shell.home.exists()


def test_a_problem_is_one_line_and_its_fix_the_next(shell: Shell) -> None:
    _register(shell)
    _edit(shell, flavor="blobs")
    for command in (
        ["stack", "check"],
        ["stack", "check", "mine"],
        ["artifact-store", "check", "my_store"],
        ["doctor"],
    ):
        result = shell.stackyard(*command)
        assert result.code == 1, result
        lines = result.out.splitlines()
        found = next(i for i, line in enumerate(lines) if "artifact store 'my_store'" in line and "✗ error" in line)
        assert lines[found + 1].strip() == "Fix: stackyard artifact-store flavor refresh"
        assert lines[-1] == "1 error."


def test_json_has_the_findings_and_the_exit_code_is_the_same(shell: Shell) -> None:
    _register(shell)
    assert shell.json("stack", "check")["usable"] is True
    _edit(shell, configuration={"path": "/proc/version"})
    result = shell.stackyard("stack", "check", "--json")
    assert (result.code, result.err) == (1, "")
    problems = [f for f in result.json["findings"] if f["severity"] == "error"]
    assert [(f["code"], f["subject"]) for f in problems] == [("not_a_folder", "artifact store 'my_store'")]
    assert shell.stackyard("doctor", "--json").json["usable"] is False


def test_symbols_are_plain_where_the_terminal_can_print_no_others(shell: Shell) -> None:
    result = shell.do("stack", "check", PYTHONIOENCODING="ascii")
    assert "  + ok " in result.out


def test_what_is_not_there_is_refused_as_elsewhere(shell: Shell) -> None:
    assert shell.stackyard("stack", "check", "nobody").code == 4
    assert shell.stackyard("artifact-store", "check", "nobody").code == 4


def test_repair_asks_first_and_restores_the_registry(shell: Shell) -> None:
    _register(shell)
    file = shell.home / "registry.json"
    good, damaged = file.read_text(), file.read_text()[:-10]
    file.write_text(damaged)

    looked = shell.stackyard("doctor")
    assert looked.code == 1
    assert "Fix: stackyard doctor --repair" in looked.out
    before = shell.snapshot()
    asked = shell.stackyard("doctor", "--repair")
    assert asked.code == 2
    assert "--yes" in asked.err
    assert shell.snapshot() == before

    repaired = shell.do("doctor", "--repair", "--yes")
    assert "No problems found." in repaired.out
    assert json.loads(file.read_text()) == json.loads(good)
    kept = next(shell.home.glob("registry.damaged-*.json"))
    assert kept.read_text() == damaged
    assert str(kept) in repaired.out
    again = shell.do("doctor", "--repair")
    assert "nothing to repair" in again.err


def test_every_stackyard_command_that_a_fix_names_exists(shell: Shell) -> None:
    """Given many problems at once, each fix that begins with `stackyard` names a command of ours."""
    _register(shell)
    shell.do("alerter", "register", "hook", "--flavor=webhook", "--url={{hook.url}}")
    shell.do("stack", "update", "mine", "--alerter", "hook")
    _edit(shell, configuration={"path": "/proc/version", "old": 1})
    document = json.loads((shell.home / "registry.json").read_text())
    document["stacks"][0]["components"].pop("orchestrator")
    document["components"][1]["flavor"] = "lost"
    (shell.home / "registry.json").write_text(json.dumps(document))
    fixes = [f["fix"] for f in shell.stackyard("doctor", "--json").json["findings"] if f["fix"]]
    ours = [fix for fix in fixes if fix.startswith("stackyard ")]
    assert len(ours) >= 5
    for fix in ours:
        words = [word for word in shlex.split(fix)[1:] if not word.startswith("-")]
        command: click.Command = cli
        while isinstance(command, click.Group):
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None, fix
            command = found
        options = {name for parameter in command.params for name in parameter.opts}
        for option in re.findall(r"(--[a-z-]+)", fix):
            takes_any = command.context_settings.get("ignore_unknown_options")
            assert option in options or takes_any, (fix, option)
