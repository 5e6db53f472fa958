"""A registry that a newer version wrote: of a newer minor nothing is lost, a newer major is left untouched.

Every command that reads or writes the registry is tried; a new one that is missing here fails the test.
"""

from __future__ import annotations

import json
import shlex
import textwrap
from pathlib import Path
from typing import Any

import click
import pytest

from stackyard.cli.main import main
from stackyard.model.errors import FormatTooNewError
from stackyard.model.stack import DEFAULT_ARTIFACT_STORE_ID, DEFAULT_ORCHESTRATOR_ID
from tests.architecture.test_commands import COMMANDS

NEWER_MINOR: dict[str, Any] = {
    "format": "1.97",
    "policies": {"retention": [1, 2.5, None, {"größe": "x"}]},
    "components": [
        {
            "id": "0190aaaa-0000-7000-8000-000000000001",
            "name": "mine",
            "component_type": "artifact_store",
            "flavor": "local",
            "configuration": {"path": "artifact_stores/mine"},
            "labels": {"team": "a"},
            "quota": {"gigabytes": 7, "soft": True},
        },
        {
            "id": "0190aaaa-0000-7000-8000-000000000002",
            "name": "spare",
            "component_type": "artifact_store",
            "flavor": "local",
            "configuration": {"path": "artifact_stores/spare"},
            "quota": {"gigabytes": 8},
        },
        {
            "id": "0190aaaa-0000-7000-8000-000000000003",
            "name": "tomorrow",
            "component_type": "artifact_store",
            "flavor": "comet",
            "configuration": {"uri": "comet://x", "lanes": 3},
            "visibility": "org",
        },
        {
            "id": "0190aaaa-0000-7000-8000-000000000004",
            "name": "prompts",
            "component_type": "prompt_store",
            "flavor": "git",
            "configuration": {"branch": "main"},
            "visibility": "team",
        },
    ],
    "stacks": [
        {
            "id": "0190bbbb-0000-7000-8000-000000000001",
            "name": "whole",
            "components": {
                "orchestrator": DEFAULT_ORCHESTRATOR_ID,
                "artifact_store": "0190aaaa-0000-7000-8000-000000000001",
                "prompt_store": "0190aaaa-0000-7000-8000-000000000004",
            },
            "pinned": {"by": "somebody"},
        },
        {
            "id": "0190bbbb-0000-7000-8000-000000000002",
            "name": "other",
            "components": {"orchestrator": DEFAULT_ORCHESTRATOR_ID, "artifact_store": DEFAULT_ARTIFACT_STORE_ID},
            "budget": 12.5,
        },
    ],
    "flavors": [
        {
            "name": "comet",
            "component_type": "artifact_store",
            "doc": "Keeps artifacts on a comet.",
            "source": "comet:FLAVOR",
            "configuration_schema": {"properties": {"uri": {"type": "string"}, "lanes": {"type": "integer"}}},
            "settings_schema": {"properties": {"speed": {"type": "integer"}}},
            "settings_scope": "organisation",
            "capabilities": {"stream": True},
        },
        {"name": "git", "component_type": "prompt_store", "maturity": "preview"},
    ],
}
_UNKNOWN_WORDS = ("prompt_store", "prompt store", "policies", "quota", "organisation")

READING = """
stack list
stack list --json
stack get
stack describe whole
stack describe whole --json
stack check whole
stack export
stack export-requirements whole
stack apply --check
artifact-store list
artifact-store list --json
artifact-store get
artifact-store describe mine
artifact-store check mine
artifact-store flavor list
artifact-store flavor describe local
artifact-store flavor describe comet
component-type list
doctor
schema
secret list
"""

WRITING = """
artifact-store register new --flavor=local
artifact-store update spare --label a=b
artifact-store update mine --path=elsewhere
artifact-store remove-attribute mine --label team
artifact-store rename mine renamed
artifact-store copy mine copied
artifact-store delete spare --yes
artifact-store flavor register our_flavors:BOX
artifact-store flavor refresh
artifact-store flavor delete box --yes
alerter register horn --flavor=webhook --url=http://127.0.0.1:9/
stack register new -o default -a mine
stack update whole -a spare
stack update other --label a=b
stack remove-component alarmed --alerter
stack rename whole renamed
stack copy whole copied
stack delete other --yes
stack apply --yes
stack import import.yaml --yes
stack set whole
stack set whole --global
"""

ELSEWHERE = {
    "init", "completion",
    "secret create", "secret describe", "secret get", "secret update", "secret rename", "secret delete",
    "integration list", "integration requirements", "integration install", "integration uninstall",
}  # fmt: skip
"""Commands that work without the registry, or only look in it for users of a thing."""

OF_THE_CATALOG = {"artifact", "model", "pipeline", "run", "tag"}
"""Groups whose commands are about what ran; of the registry they need the active stack at most."""

_PREPARED = {
    "artifact-store flavor delete box --yes": "artifact-store flavor register our_flavors:BOX",
    "stack remove-component alarmed --alerter": "alerter register horn --flavor=webhook --url=http://127.0.0.1:9/ ; "
    "stack register alarmed -o default -a default --alerter horn",
}
"""What must be done first."""

_FLAVORS = """
from stackyard.flavors.base import ComponentConfiguration, Flavor
from stackyard.model.enums import ComponentType

BOX = Flavor("box", ComponentType.ARTIFACT_STORE, ComponentConfiguration, "A box.", implementation="our_flavors:Box")

class Box:
    pass
"""


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


@pytest.fixture
def registry(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a registry whose content the test writes; the working folder is a project with a file to apply."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "stackyard.yaml").write_text(
        "version: 1\ncomponents: {artifact_store: {declared: {flavor: local}}}\n"
        "stacks: {declared: {orchestrator: default, artifact_store: declared}}\n"
    )
    (project / "import.yaml").write_text(
        "version: 1\nstacks: {imported: {orchestrator: default, artifact_store: mine}}\n"
    )
    (project / "our_flavors.py").write_text(textwrap.dedent(_FLAVORS))
    monkeypatch.chdir(project)
    monkeypatch.syspath_prepend(str(project))
    home.mkdir(parents=True)
    return home / "registry.json"


def stackyard(command: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run a command; return its exit code and what it printed."""
    capsys.readouterr()
    code = main(shlex.split(command))
    out, err = capsys.readouterr()
    assert "Traceback" not in err, err
    return code, out + err


def test_every_command_is_tried() -> None:
    leaves = {" ".join(path[1:]) for path, command in COMMANDS.items() if not isinstance(command, click.Group)}
    tried = {" ".join(line.split()[:n]) for line in lines(READING + WRITING) for n in (1, 2, 3)} | ELSEWHERE
    of_one_type = {leaf for leaf in leaves if leaf.split()[0] in _component_types() - {"artifact-store"}}
    explained = {leaf for leaf in leaves if leaf.endswith(" explain")}
    of_runs = {leaf for leaf in leaves if leaf.split()[0] in OF_THE_CATALOG}
    assert leaves - tried - of_one_type - explained - of_runs == set()


def _component_types() -> set[str]:
    return {path[1] for path in COMMANDS if len(path) == 3 and path[2] == "explain"}


@pytest.mark.parametrize("command", lines(READING))
def test_what_a_newer_minor_version_knows_more_is_not_in_the_way(
    registry: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    registry.write_text(json.dumps(NEWER_MINOR))
    before = registry.read_bytes()
    code, text = stackyard(command, capsys)
    assert code == (5 if command == "stack apply --check" else 0), text
    if not command.startswith(("stack check", "stack export", "doctor")):  # these say what is not known here
        assert not [word for word in _UNKNOWN_WORDS if word in text], text
    assert registry.read_bytes() == before


@pytest.mark.parametrize("command", lines(WRITING))
def test_what_a_newer_minor_version_knows_more_survives_every_write(
    registry: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    registry.write_text(json.dumps(NEWER_MINOR))
    for first in filter(None, _PREPARED.get(command, "").split(" ; ")):
        assert stackyard(first, capsys)[0] == 0
    before = registry.read_bytes()
    code, text = stackyard(command, capsys)
    assert code == 0, text
    assert (registry.read_bytes() == before) == command.startswith(("stack set", "artifact-store flavor refresh"))
    after = json.loads(registry.read_bytes())
    assert after["format"] == "1.97"
    assert after["policies"] == NEWER_MINOR["policies"]
    for kind in ("components", "stacks", "flavors"):
        _compare(kind, after[kind], gone=command.split()[-2] if "delete" in command else "")


def _compare(kind: str, found: list[dict[str, Any]], gone: str) -> None:
    """What was there is there with all that this version does not know; known fields are what the command changes."""
    known = {
        "name", "labels", "configuration", "components", "owner", "shared", "created_at", "managed_by", "id",
    }  # fmt: skip
    for thing in NEWER_MINOR[kind]:
        if thing["name"] == gone:
            continue
        key = "id" if "id" in thing else "name"
        (same,) = [each for each in found if each[key] == thing[key]]
        assert {k: same.get(k) for k in thing if k not in known} == {k: v for k, v in thing.items() if k not in known}
        if thing["name"] in ("tomorrow", "prompts"):
            assert same["configuration"] == thing["configuration"]
        if "prompt_store" in thing.get("components", {}):
            assert same["components"]["prompt_store"] == thing["components"]["prompt_store"]


@pytest.mark.parametrize("command", lines(READING + WRITING))
def test_a_newer_major_version_is_refused_and_not_a_byte_is_changed(
    registry: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    registry.write_text('{"format": "2.0",   "everything": ["else"]}')
    copy = registry.with_name("registry.last-good.json")
    copy.write_text('{"format": "1.1"}')
    before = registry.read_bytes(), copy.read_bytes()
    code, text = stackyard(command, capsys)
    assert str(registry) in text, text
    assert "format 2.0" in text, text
    if command == "doctor":
        assert code == 1, text
    else:
        assert code == FormatTooNewError.exit_code, text
        assert "Upgrade Stackyard" in text, text
        assert len(text.splitlines()) < 5 or "--json" in command, text
    assert (registry.read_bytes(), copy.read_bytes()) == before
    assert not (registry.parent / "active_stack.json").exists()
    assert not (Path.cwd() / ".stackyard").exists()
