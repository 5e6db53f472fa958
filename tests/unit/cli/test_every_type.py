"""One definition serves every component type."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stackyard.cli.main import main
from stackyard.cli.stack_changes import SHORT_OPTIONS
from stackyard.flavors.catalogue import flavors_of
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType

EVERY = pytest.mark.parametrize("component_type", ComponentType)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKYARD_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("STACKYARD_ACTIVE_STACK", raising=False)
    monkeypatch.chdir(tmp_path)


@EVERY
def test_what_there_is_and_what_it_is_for(component_type: ComponentType, capsys: pytest.CaptureFixture[str]) -> None:
    required = component_type in REQUIRED_COMPONENT_TYPES
    assert main([component_type.command, "list"]) == 0
    out, err = capsys.readouterr()
    assert ("default" in out) == required
    assert (f"No {component_type.title} is registered." in err) == (not required)
    assert main([component_type.command, "get"]) == (0 if required else 4)
    capsys.readouterr()
    assert main([component_type.command, "explain"]) == 0
    out = capsys.readouterr().out
    assert (f"stackyard {component_type.command} register NAME --flavor=" in out) == bool(flavors_of(component_type))
    assert main([component_type.command, "flavor", "list", "--json"]) == 0
    names = [item["name"] for item in json.loads(capsys.readouterr().out)["items"]]
    assert names == [flavor.name for flavor in flavors_of(component_type)]


@EVERY
def test_a_name_that_nothing_has(component_type: ComponentType, capsys: pytest.CaptureFixture[str]) -> None:
    command = component_type.command
    for words, code in (
        (["describe", "nope"], 4),
        (["update", "nope", "--label", "a=b"], 4),
        (["remove-attribute", "nope", "--label", "a"], 4),
        (["rename", "nope", "other"], 4),
        (["copy", "nope", "other"], 4),
        (["delete", "nope", "--yes"], 4),
        (["check", "nope"], 4),
        (["register", "nope", "--flavor=nope"], 3),
        (["flavor", "describe", "nope"], 3),
        (["register", "--flavor=local"], 2),
        (["remove-attribute", "--path"], 2),
    ):
        assert main([command, *words]) == code, words
        out, err = capsys.readouterr()
        assert not out
        assert component_type.title in err, words
        assert "Hint:" in err


@EVERY
def test_its_option_of_stacks(component_type: ComponentType, capsys: pytest.CaptureFixture[str]) -> None:
    spellings = [f"--{component_type.command}", f"--{component_type.value}"]
    spellings += [SHORT_OPTIONS[component_type]] if component_type in SHORT_OPTIONS else []
    for option in spellings:
        assert main(["stack", "register", "mine", "-o", "default", "-a", "default", option, "nope"]) == 4, option
        assert f"There is no {component_type.title} 'nope'." in capsys.readouterr().err
    assert main(["stack", "copy", "default", "mine"]) == 0
    for option in spellings:
        expected = 3 if component_type in REQUIRED_COMPONENT_TYPES else 4
        assert main(["stack", "remove-component", "mine", option]) == expected, option
        assert component_type.title in capsys.readouterr().err
