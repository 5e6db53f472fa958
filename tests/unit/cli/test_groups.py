"""Groups of commands: nothing is imported for a list of names, and a slip of the fingers is answered at every level."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from stackyard.cli.lazy import LazyGroup
from stackyard.cli.main import cli, main
from stackyard.model.enums import ComponentType
from stackyard.model.errors import UsageError


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACKYARD_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("STACKYARD_ACTIVE_STACK", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("stak", ("'stak'", "'stack'", "See: stackyard --help")),
        ("artefact-store list", ("'artefact-store'", "'artifact-store'")),
        ("stack lst", ("'stack lst'", "'list'", "See: stackyard stack --help")),
        ("alerter regster x", ("'alerter regster'", "'register'")),
        ("alerter flavor lst", ("'alerter flavor lst'", "'list'")),
        ("component-type lis", ("'component-type lis'", "'list'")),
        ("artifact lst", ("'artifact lst'", "'list'")),
        ("stack list --nam x", ("'--nam'", "'--name'")),
        ("stack update --alert x", ("'--alert'", "--alerter")),
    ],
)
def test_an_unknown_word_is_refused_with_the_nearest(
    words: str, told: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 2
    out, err = capsys.readouterr()
    assert not out
    assert len(err.splitlines()) == 2
    for part in told:
        assert part in err


def test_names_may_be_written_with_underscores(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["artifact_store", "flavor", "--list"]) == 0
    assert main(["stack", "register", "mine", "-o", "default", "--artifact_store", "default"]) == 0
    assert main(["stack", "list", "--sort_by", "desc:name", "--columns", "name"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["mine", "default"]


def test_a_group_imports_a_command_when_it_is_called() -> None:
    code = (
        "import sys, click; from stackyard.cli.main import cli\n"
        "group = cli.get_command(click.Context(cli), 'artifact-store')\n"
        "group.list_commands(None), group.get_help(click.Context(group, info_name='x'))\n"
        "print([m for m in ('stackyard.cli.listing', 'stackyard.cli.component_changes', 'stackyard.cli.stack', 'yaml', "
        "'rich', 'importlib.metadata.x', 'stackyard.flavors.mlflow_tracker') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['stackyard.cli.listing']"  # of the group's own module


def test_a_group_without_a_table_is_a_usual_one() -> None:
    @click.group(cls=LazyGroup)
    def group() -> None:
        pass

    @group.command()
    def grow() -> None:
        """Let it grow."""

    ctx = click.Context(group, info_name="garden")
    assert group.list_commands(ctx) == ["grow"]
    assert "Let it grow." in group.get_help(ctx)
    with pytest.raises(UsageError, match="There is no command 'gro'") as caught:
        group.resolve_command(ctx, ["gro"])
    assert "'grow'" in caught.value.hint


def complete(line: str) -> list[str]:
    """Return what a shell offers behind a line; the last word is the one that is being written."""
    *words, incomplete = line.split(" ")
    return [item.value for item in ShellComplete(cli, {}, "stackyard", "_X").get_completions(words[1:], incomplete)]


def test_completion_knows_commands_options_and_names() -> None:
    assert main(["alerter", "register", "hook", "-f", "webhook", "--url=http://localhost/"]) == 0
    assert main(["stack", "register", "mine", "-o", "default", "-a", "default", "--alerter", "hook"]) == 0
    assert complete("stackyard st") == ["stack", "step-operator"]
    assert {t.command for t in ComponentType} < set(complete("stackyard "))
    assert complete("stackyard stack se") == ["set"]
    assert complete("stackyard stack list --out") == ["--output"]
    assert complete("stackyard stack list --output ") == ["table", "json", "yaml", "csv"]
    for line in ("stack set ", "stack describe ", "stack update ", "run --stack ", "stack delete -y "):
        assert complete(f"stackyard {line}") == ["default", "mine"], line
    assert complete("stackyard stack set m") == ["mine"]
    for line in (
        "alerter describe ",
        "alerter update ",
        "alerter rename ",
        "stack register x --alerter ",
        "stack update mine -al ",
    ):
        assert complete(f"stackyard {line}") == ["hook"], line
    assert complete("stackyard alerter register x --flavor ") == ["webhook"]
    assert complete("stackyard alerter flavor describe ") == ["webhook"]
    assert complete("stackyard alerter remove-attribute ") == ["hook"]
    assert complete("stackyard alerter remove-attribute hook ") == ["url"]
    assert complete("stackyard integration install sk") == ["sklearn"]
    assert complete("stackyard alerter list --columns name,fl") == ["name,flavor"]
    assert complete("stackyard alerter list --sort desc:na") == ["desc:name"]


def test_completion_never_fails(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "registry.json").write_text("{ not JSON", encoding="utf-8")
    assert complete("stackyard stack set ") == []
    assert complete("stackyard stack nonsense se") == ["set"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "_STACKYARD_COMPLETE" in capsys.readouterr().out


@pytest.mark.parametrize(("word", "help_"), [("version", "--version"), ("status", "stack get"), ("login", "no server")])
def test_a_command_of_zenml_is_answered(word: str, help_: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 2
    assert help_ in capsys.readouterr().err
