"""Mistakes with models, tags and artifacts: each has its exit code and says what to do, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.api import models
from stackyard.api.context import open_context
from stackyard.cli.main import main

# words: (exit code, what the message says)
MISTAKES = {
    "model show chrun": (4, ("chrun", "Did you mean 'churn'?", "stackyard model list")),
    "model register churn": (5, ("churn", "stackyard model show churn")),
    "model register a/b": (3, ("a/b",)),
    "model register": (2, ("NAME",)),
    "model update churn --name other": (5, ("other",)),
    "model delete nope --yes": (4, ("nope",)),
    "model version show churn 7": (4, ("7", "Newest versions: 1 (first).")),
    "model version show churn production": (4, ("production", "stackyard model version promote churn")),
    "model version show other": (4, ("other", "no versions yet")),
    "model version promote churn 1 prod": (2, ("prod", "production")),
    "model version promote churn 1 latest": (2, ("latest",)),
    "model version create churn --name 12": (3, ("12", "number")),
    "model version list nope": (4, ("nope",)),
    "model list --sort naem": (2, ("naem", "name")),
    "tag add x": (2, ("--run",)),
    "tag add x --run nope": (4, ("nope", "stackyard run list")),
    "tag add x --artifact nope": (4, ("nope", "stackyard artifact list")),
    "tag remove nope --model churn": (4, ("nope", "stackyard tag list")),
    "tag rename nope other": (4, ("nope",)),
    "artifact update nope --tag x": (4, ("nope",)),
    "artifact delete nope --yes": (4, ("nope",)),
}


@pytest.fixture
def stocked(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project with two models; one has a version."""
    monkeypatch.chdir(tmp_path)
    ctx = open_context()
    for name in ("churn", "other"):
        models.create_model(ctx, name, {"license": "MIT"})
    models.create_version(ctx, "churn", name="first")


@pytest.mark.usefixtures("stocked")
@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_is_named_with_what_helps(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    ctx = open_context()
    before = models.list_models(ctx), models.list_versions(ctx)
    code, says = MISTAKES[words]
    assert main(words.split()) == code
    said = " ".join(capsys.readouterr().err.split())
    for word in says:
        assert word in said
    assert (models.list_models(ctx), models.list_versions(ctx)) == before


@pytest.mark.usefixtures("stocked")
def test_a_model_is_not_deleted_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "delete", "churn"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert main(["model", "version", "delete", "churn", "first"]) == 2
    assert main(["model", "version", "delete", "churn", "first", "-y"]) == 0
    assert main(["model", "delete", "churn", "-y"]) == 0
    assert [m.name for m in models.list_models(open_context()).items] == ["other"]
