"""The walk-through of the README, word for word: a second stack, and a real training run that lands on it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.cli.shell import ROOT, Result, Shell

WALK_THROUGH = (
    "stackyard init",
    "stackyard stack describe",
    "stackyard stack list",
    "stackyard orchestrator list",
    "stackyard artifact-store list",
    "stackyard artifact-store register my_artifact_store --flavor=local",
    "stackyard artifact-store describe my_artifact_store",
    "stackyard stack register a_new_local_stack -o default -a my_artifact_store",
    "stackyard stack describe a_new_local_stack",
    "stackyard stack set a_new_local_stack",
    "python run.py --training-pipeline",
)


def _manifests(store: Path) -> list[dict]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in store.glob("artifacts/*/*/manifest.json")]


def _words(text: str) -> str:
    """The text without line breaks and frames, so that a table's wrapping does not matter."""
    return " ".join("".join(c if c.isprintable() and ord(c) < 0x2500 else " " for c in text).split())


@pytest.mark.parametrize("page", ["README.md", "docs/getting-started.md"])
def test_the_documents_show_these_very_commands(page: str) -> None:
    """Given a page that tells the walk-through, its commands are the tested ones, in this order."""
    lines = [line.split("#")[0].strip() for line in (ROOT / page).read_text(encoding="utf-8").splitlines()]
    shown = [line for line in lines if line in WALK_THROUGH]
    assert shown == [c for c in WALK_THROUGH if c in shown]
    assert shown[-1] == WALK_THROUGH[-1]
    if page == "README.md":
        assert shown == list(WALK_THROUGH)


@pytest.mark.long
def test_walkthrough_in_a_fresh_home(shell: Shell) -> None:
    """Given a home that does not exist, when the walk-through is typed, then each command says what it should."""
    shell.use_starter()
    results: dict[str, Result] = {}
    for command in WALK_THROUGH:
        results[command] = shell.run(*shlex.split(command))
        assert results[command].code == 0, results[command]
        assert "Traceback" not in results[command].text, results[command]

    def said(command: str) -> str:
        return _words(results[command].text)

    assert "starter" in said("stackyard init")
    assert (shell.folder / ".stackyard" / ".gitignore").read_text(encoding="utf-8").strip() == "*"

    described = said("stackyard stack describe")
    for word in ("Stack default", "Active yes", "orchestrator default local", "artifact store default local"):
        assert word in described, described
    # It says why it is the active one.
    assert "no other was set" in described, described

    assert "default" in said("stackyard stack list")
    assert "default" in said("stackyard orchestrator list")
    assert "default" in said("stackyard artifact-store list")
    assert "my_artifact_store" in said("stackyard artifact-store register my_artifact_store --flavor=local")
    store = said("stackyard artifact-store describe my_artifact_store")
    assert "my_artifact_store" in store
    assert "local" in store
    new_stack = said("stackyard stack describe a_new_local_stack")
    assert "a_new_local_stack" in new_stack
    assert "my_artifact_store" in new_stack
    assert "a_new_local_stack" in said("stackyard stack set a_new_local_stack")

    run = results["python run.py --training-pipeline"]
    first_line = next(line for line in run.text.splitlines() if line.strip())
    assert "a_new_local_stack" in first_line, run
    assert "my_artifact_store" in first_line, run

    assert shell.json("stack", "get")["name"] == "a_new_local_stack"
    new_store = Path(shell.json("artifact-store", "describe", "my_artifact_store")["configuration"]["path"])
    old_store = Path(shell.json("artifact-store", "describe", "default")["configuration"]["path"])
    names = {manifest["artifact_name"] for manifest in _manifests(new_store)}
    assert {"dataset", "train", "test", "preprocessor", "random_forest", "sgd", "accuracy", "model"} <= names
    assert _manifests(old_store) == []
    assert {item["artifact_store"] for item in shell.json("artifact", "list")["items"]} == {"my_artifact_store"}
    _the_accuracy_is_real_printed_and_stored(shell, run)


def _the_accuracy_is_real_printed_and_stored(shell: Shell, run: Result) -> None:
    """Check that what a training run printed, its metadata and the artifact name the same accuracies."""
    latest = shell.json("run", "list")["items"][0]
    assert latest["status"] == "completed"
    assert latest["pipeline"] == "training_pipeline"
    steps = {step["name"]: step for step in shell.json("run", "show", latest["name"])["steps"]}
    for name in ("model_evaluator", "model_evaluator_2"):
        accuracy = steps[name]["metadata"]["accuracy"]
        assert 0.9 < accuracy < 1
        assert f"{accuracy:.4f}" in run.out
    stored = shell.json("artifact", "show", "accuracies")["preview"]["data"]
    assert sorted(stored.values()) == sorted(
        steps[name]["metadata"]["accuracy"] for name in ("model_evaluator", "model_evaluator_2")
    )
    # The two trainers do not wait for each other; where the machine kept one of them from starting, others tell.
    for _ in range(5):
        forest, sgd = steps["random_forest_trainer"], steps["sgd_trainer"]
        if max(forest["started_at"], sgd["started_at"]) < min(forest["ended_at"], sgd["ended_at"]):
            break
        assert shell.run("python", "run.py", "--training-pipeline", "--no-cache").code == 0
        steps = {step["name"]: step for step in shell.json("run", "show", "latest")["steps"]}
    else:
        raise AssertionError("one trainer always waited for the other")


@pytest.mark.long
def test_all_three_pipelines_and_the_cache(shell: Shell) -> None:
    """Given `run.py` without a choice, all three run in order; the second time what is known is not computed again."""
    shell.use_starter()
    first = shell.run("python", "run.py")
    assert first.code == 0, first
    assert "accuracy" in first.out
    second = shell.run("python", "run.py")
    assert second.code == 0, second
    runs = shell.json("run", "list")["items"]
    assert [run["pipeline"] for run in reversed(runs)] == [
        "feature_pipeline",
        "training_pipeline",
        "inference_pipeline",
    ] * 2
    inference, training, feature = runs[:3]
    assert feature["n_cached"] == feature["n_steps"] == 3
    assert training["n_cached"] == training["n_steps"] == 8
    assert inference["n_cached"] == 0
    # Even the first training run took the feature pipeline's three steps from the cache.
    assert runs[4]["n_cached"] == 3
    third = shell.run("python", "run.py", "--feature-pipeline", "--no-cache")
    assert third.code == 0, third
    assert shell.json("run", "list")["items"][0]["n_cached"] == 0


@pytest.mark.long
def test_the_same_pipeline_through_stackyard_run(shell: Shell) -> None:
    """Given the starter, `stackyard run` takes the script with its arguments, and a file with a function."""
    shell.use_starter()
    for target in (
        ["run.py", "--feature-pipeline"],
        ["run.py", "--", "--feature-pipeline"],
        ["pipelines/feature_engineering.py:feature_pipeline", "--param", "test_size=0.25"],
        ["pipelines/feature_engineering.py", "--config", "configs/feature_engineering.yaml"],
    ):
        result = shell.stackyard("run", *target)
        assert result.code == 0, result
    runs = shell.json("run", "list")["items"]
    assert [(run["pipeline"], run["status"]) for run in runs] == [("feature_pipeline", "completed")] * 4


def test_inference_before_training_says_what_is_missing(shell: Shell) -> None:
    """Given a home without a model, the inference pipeline is refused with a hint instead of failing inside a step."""
    shell.use_starter()
    result = shell.stackyard("run", "pipelines/inference.py")
    assert result.code == 4, result
    assert "model" in result.err
    assert "Traceback" not in result.text
