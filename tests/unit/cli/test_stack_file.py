"""Mistakes around stacks as code: each is short, names thing and remedy, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.cli.main import main

FILE = """version: 1
components:
  orchestrator:
    small: {flavor: local, configuration: {max_workers: 2}}
  alerter:
    chat: {flavor: webhook, configuration: {url: "{{chat.url}}"}}
stacks:
  dev: {orchestrator: small, artifact_store: default, alerter: chat}
"""
BROKEN = FILE.replace("local, conf", "lokal, conf").replace('"{{chat.url}}"', "{{chat.url}}").replace("default,", "x,")
MISTAKES = {
    "several mistakes": (("apply", "--yes"), 3, ("stackyard.yaml:4:", "'lokal'", "stackyard.yaml:6:", "'x'")),
    "mistakes and a check": (("apply", "--check"), 3, ("Did you mean 'local'?", "{{chat.url}} without quotes")),
    "no such file": (("apply", "none.yaml"), 3, ("none.yaml", "no such file")),
    "a folder": (("apply", "."), 3, ("is a directory",)),
    "pruning by another file": (
        ("apply", "more.yaml", "--prune"),
        2,
        ("more.yaml is no project's own stackyard.yaml",),
    ),
    "nobody to ask": (("apply", "more.yaml"), 2, ("Apply this?", "--yes")),
    "import: no such file": (("import", "none.yaml"), 3, ("none.yaml", "no such file")),
    "import: nobody to ask": (("import", "more.yaml"), 2, ("Import this?", "--yes")),
    "import: no name": (("import", "more.yaml", "--name", "a/b", "-y"), 3, ("'a/b'",)),
    "import: a taken name": (("import", "more.yaml", "--name", "default", "-y"), 5, ("'default' exists already",)),
    "export: no such stack": (("export", "nope"), 4, ("'nope'", "stackyard stack list")),
    "export: the default one": (("export", "default"), 5, ("'default'", "stackyard stack copy default")),
    "export: no folder": (("export", "-o", "none/x.yaml"), 6, ("none/x.yaml can't be written",)),
    "export: over a file": (("export", "-o", "more.yaml"), 5, ("more.yaml exists already", "--force")),
    "requirements: no such stack": (("export-requirements", "nope"), 4, ("'nope'",)),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_short_and_changes_nothing(
    case: str, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, code, words = MISTAKES[case]
    (tmp_path / "stackyard.yaml").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "more.yaml").write_text(FILE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["stack", *arguments]) == code
    error = capsys.readouterr().err
    assert 0 < len(error.strip().splitlines()) < 5, error
    for word in words:
        assert word in error
    assert not home.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["more.yaml", "stackyard.yaml"]
    assert (tmp_path / "more.yaml").read_text(encoding="utf-8") == FILE


def test_without_a_file_the_command_that_makes_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["stack", "apply"]) == 4
    assert "stackyard stack export -o stackyard.yaml" in capsys.readouterr().err
