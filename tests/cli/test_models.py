"""Models, their versions, and tags at a terminal: from the run that makes them to their deletion."""

from __future__ import annotations

from tests.cli.shell import Shell

CHURN = """
from typing import Annotated

from stackyard import ArtifactConfig, Client, Model, StackyardError, get_step_context, log_metadata, pipeline, step


@step
def train(n: int) -> tuple[
    Annotated[float, ArtifactConfig(name="classifier", artifact_type="model", tags=["fresh"])],
    Annotated[int, "rows"],
]:
    model = get_step_context().model
    log_metadata({"accuracy": n / 10}, infer_model=True)
    Client().update_model_version("churn", model.number, add_tags=["seen"])
    assert Client().get_model_version("churn").number == model.number
    print("on", Client().active_stack.name)
    try:
        Client().activate_stack("default")
    except StackyardError as error:
        print("refused:", error)
    return n / 10, n


@step
def use(model: float) -> None:
    print("used", model)


@pipeline(model=Model("churn", license="MIT", tags=["nightly"]), tags=["weekly"], enable_cache=False)
def training(n: int = 1) -> None:
    train(n)


@pipeline(enable_cache=False)
def inference(version: str = "production") -> None:
    use(Model("churn", version=version).get_artifact("classifier"))
"""


def test_from_two_runs_to_a_version_in_production_and_out_again(shell: Shell) -> None:
    """Given two runs that work on a model, its versions are shown, promoted, used, changed and deleted."""
    shell.write("churn.py", CHURN)
    for n in ("1", "2"):
        told = shell.do("run", "churn.py:training", "--param", f"n={n}").out
        assert "on default" in told
        assert "refused: The step 'train' can't call Client().activate_stack." in told
    (model,) = shell.json("model", "list")["items"]
    facts = (model["name"], model["n_versions"], model["latest_version"], model["license"], model["tags"])
    assert facts == ("churn", 2, 2, "MIT", ["nightly"])
    version = shell.json("model", "version", "show", "churn")
    assert (version["number"], version["metadata"], version["tags"]) == (2, {"accuracy": 0.2}, ["nightly", "seen"])
    linked = {(a["artifact_name"], a["version"], a["artifact_type"], a["step"]) for a in version["artifacts"]}
    assert linked == {("classifier", 2, "model", "train"), ("rows", 2, "", "train")}
    assert [(run["name"], run["status"]) for run in version["runs"]] == [("training-2", "completed")]

    said = shell.do("model", "version", "promote", "churn", "1", "production").out
    assert said == "Version 1 of the model 'churn' is in production.\n"
    taken = shell.stackyard("model", "version", "update", "churn", "2", "--stage", "production")
    assert (taken.code, "Version 1 of the model 'churn' is in production." in taken.err) == (5, True), taken
    assert "--force" in taken.err
    assert "used 0.1" in shell.do("run", "churn.py:inference").out
    shell.do("model", "version", "update", "churn", "2", "--stage", "production", "--force", "--name", "spring")
    assert "used 0.2" in shell.do("run", "churn.py:inference").out
    lines = shell.do("model", "version", "list", "churn", "--columns", "version,name,stage,artifacts,runs").out
    assert [line.split() for line in lines.splitlines()] == [
        ["VERSION", "NAME", "STAGE", "ARTIFACTS", "RUNS"],
        ["2", "spring", "production", "2", "1"],
        ["1", "-", "archived", "2", "1"],
    ]
    shown = shell.do("model", "show", "churn").out
    for words in ("License", "MIT", "Production", "version 2", "2 (spring)", "archived"):
        assert words in shown, shown
    by_kind = shell.json("model", "artifacts", "churn", "--version", "spring", "--kind", "model")
    assert [a["artifact_name"] for a in by_kind["items"]] == ["classifier"]
    assert [r["name"] for r in shell.json("model", "runs", "churn", "--model-version", "1")["items"]] == ["training-1"]

    shell.do("tag", "add", "best", "--run", "training-2", "--model-version", "churn:spring", "--artifact", "rows")
    tags = {tag["name"]: tag["things"] for tag in shell.json("tag", "list")["items"]}
    assert tags["best"] == {"run": 1, "model_version": 1, "artifact": 1}
    assert tags["weekly"] == {"run": 2}
    assert [run["name"] for run in shell.json("run", "list", "--tag", "best")["items"]] == ["training-2"]
    assert [a["name"] for a in shell.json("artifact", "list", "--tag", "best")["items"]] == ["rows"]
    fresh = shell.json("artifact", "versions", "--tag", "fresh")["items"]
    assert [(v["name"], v["version"]) for v in fresh] == [("classifier", 2), ("classifier", 1)]
    assert "Tags" in shell.do("artifact", "show", "classifier").out

    used = shell.stackyard("artifact", "delete", "classifier", "--version", "1", "--yes")
    assert (used.code, "run training-1" in used.err, "model churn" in used.err) == (5, True, True), used
    asked = shell.stackyard("model", "delete", "churn")
    assert (asked.code, "--yes" in asked.err) == (2, True), asked
    shell.do("model", "update", "churn", "--name", "leaving", "--remove-tag", "nightly", "--ethics", "none")
    shell.do("model", "version", "delete", "leaving", "1", "--yes")
    shell.do("run", "delete", "training-1", "inference-1", "--yes")
    shell.do("artifact", "delete", "classifier", "--version", "1", "--yes")
    assert [v["version"] for v in shell.json("artifact", "versions", "classifier")["items"]] == [2]
    shell.do("model", "delete", "leaving", "--yes")
    assert "No models yet" in shell.do("model", "list").err
    assert shell.json("artifact", "show", "classifier")["version"] == 2
    shell.do("tag", "delete", "best", "--yes")
