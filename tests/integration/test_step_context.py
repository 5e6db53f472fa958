"""What steps say and ask while they run, in real workers: models, tags, artifacts, metadata, hooks in scripts."""

from __future__ import annotations

from stackyard.api import artifacts, models
from tests.integration.user import User, statuses

# A script: functions of __main__ travel by value, hooks as well.
SCRIPT = """
from typing import Annotated
from stackyard import *

def told(problem=None):
    name = get_step_context().step_name
    print("hook of", name, "after", type(problem).__name__)
    log_metadata({"told": name})

@step(on_success=told, extra={"owner": "step"})
def prepare() -> Annotated[list, ArtifactConfig(name="rows", tags=["raw"], run_metadata={"unit": "m"})]:
    context = get_step_context()
    print(context.pipeline.name, context.stack.name, context.step_run.name, context.attempt, context.extra)
    context.add_output_metadata({"n": 3})
    context.add_output_tags(["fresh"])
    add_tags(["weekly"])
    saved = save_artifact({"deep": [1]}, "beside", tags=["t"])
    log_metadata({"size": 1}, artifact_version_id=saved.id)
    print(load_artifact("beside"), Client().get_artifact_version("beside").load(), saved.version)
    return [1, 2, 3]

@step(on_failure=told, model=Model(name="churn", description="who leaves"))
def train(rows: list) -> Annotated[float, ArtifactConfig(name="weights", artifact_type="model")]:
    model = get_step_context().model
    print(model.name, model.number, [i.id for i in get_step_context().inputs["rows"]])
    log_model_metadata({"auc": 0.9})
    model.set_stage("staging")
    run = Client().get_pipeline_run(get_step_context().pipeline_run.id)
    print(run.name, load_artifact("rows"))
    return 0.5

@step(on_failure=told, enable_cache=False)
def fail(weights: float) -> None:
    load_artifact("no such")

@pipeline(model=Model(name="other"), extra={"owner": "pipeline", "team": "a"})
def training():
    fail(train(prepare()))

training()
"""


def test_what_steps_say_and_ask_while_they_run(user: User) -> None:
    user.write("script.py", SCRIPT)
    result = user.python("script.py")
    run = user.last_run()
    assert statuses(run) == {"prepare": "completed", "train": "completed", "fail": "failed"}, result
    assert run.tags == ["weekly"]
    prepare, _train, fail = run.steps
    assert [line.text for line in user.logs(run, "prepare")] == [
        "training default prepare 1 {'owner': 'step', 'team': 'a'}",
        "{'deep': [1]} {'deep': [1]} 1",
        "hook of prepare after NoneType",
    ]
    assert prepare.metadata == {"told": "prepare"}
    context = user.context()
    rows = artifacts.find_version(context, "rows")
    assert (rows.metadata, sorted(rows.tags)) == ({"unit": "m", "n": 3}, ["fresh", "raw"])
    beside = artifacts.find_version(context, "beside")
    assert (beside.metadata, beside.tags, beside.step) == ({"size": 1}, ["t"], "prepare")

    lines = [line.text for line in user.logs(run, "train")]
    assert lines == [f"churn 1 ['{rows.id}']", f"{run.name} [1, 2, 3]"]
    churn = models.get_version(context, "churn", "staging", details=True)
    assert churn.metadata == {"auc": 0.9}
    assert [(a.artifact_name, a.artifact_type) for a in churn.artifacts] == [("weights", "model")]
    other = models.get_version(context, "other", details=True)
    assert {a.artifact_name for a in other.artifacts} == {"rows", "beside"}

    assert fail.error is not None
    assert fail.error.type == "ArtifactNotFoundError"
    assert "no artifact 'no such'" in fail.error.message
    assert [line.text for line in user.logs(run, "fail")] == ["hook of fail after ArtifactNotFoundError"]
