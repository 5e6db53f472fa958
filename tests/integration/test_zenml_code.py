"""Code as ZenML's users write it, with other import lines, does what it says: one script, one look at all that came."""

from __future__ import annotations

import json

from tests.integration.user import User

SCRIPT = """
import json
from typing import Annotated

from stackyard import (
    ArtifactConfig, ArtifactType, CachePolicy, ExternalArtifact, Model, ResourceSettings, StepRetryConfig, Tag,
    get_pipeline_context, get_step_context, load_artifact, log_metadata, pipeline, save_artifact, step, unmapped,
)


def told(what):
    print("told", what)


def on_failure(error: BaseException):
    told(f"failure {type(error).__name__}")


def on_init(team):
    told(f"init {team}")


@step(on_success=lambda: told("success"), extra={"step": 1})
def load(count: int = 3) -> Annotated[list[int], ArtifactConfig(name="rows_{who}", tags=["raw"])]:
    context = get_step_context()
    log_metadata({"extra": context.extra, "pipeline": context.pipeline.name})
    return list(range(count))


@step
async def fit(row: int, by: int = 2) -> Annotated[int, ArtifactConfig(name="part", artifact_type=ArtifactType.MODEL)]:
    return row * by


@step(model=Model(name="other", version="v_{who}"))
def gather(parts: list[int], extra: dict) -> tuple[Annotated[int, "total"], Annotated[str, "model"]]:
    save_artifact({"parts": parts}, name="kept")
    return sum(parts) + extra["plus"], get_step_context().model.name


@step(retry=StepRetryConfig(max_retries=1), on_failure=on_failure,
      settings={"resources": ResourceSettings(cpu_count=1)})
def shaky(attempts: list[int]) -> None:
    attempt = get_step_context().attempt
    print("attempt", attempt)
    if attempt == 1:
        raise RuntimeError("once")


@step(cache_policy=CachePolicy(ignored_inputs=["note"]))
def compare(one: int, other: int, note: str = "") -> int:
    assert load_artifact("kept") == {"parts": [0, 2, 4]}
    return one - other


@pipeline(retry=3, on_end=told)
def fitting(rows, by=2):
    return fit.map(row=rows, by=by)


@pipeline(
    dynamic=True, substitutions={"who": "me"}, tags=["nightly", Tag("all", cascade=True)], extra={"team": "a"},
    model=Model(name="churn", tags=["m"]), on_init=on_init, on_init_kwargs={"team": "a"},
    on_cleanup=lambda: told("cleanup"),
)
def whole(count: int = 3):
    assert get_pipeline_context().extra == {"team": "a"}
    rows = load(count)
    parts = fitting(rows)
    plus = ExternalArtifact(value={"plus": 10})
    total, model = gather(parts=parts, extra=plus)
    shaky([], after=[total])
    if total.load() > 15:
        compare(parts[2], rows.chunk(1), note="large", id="compared")
    products = fit.product(row=rows, by=[1, 10])
    compare.map(one=products[:2], other=unmapped(rows.chunk(0)))
    for row in rows:
        if row.load() == 2:
            fit.with_options(name="last")(row)


run = whole()
steps = run.steps
again = whole.with_options(run_name="again")(count=3)
print(json.dumps({
    "statuses": {name: each.status.value for name, each in steps.items()},
    "again": sorted({each.status.value for name, each in again.steps.items() if name != "shaky"}),
    "total": steps["gather"].outputs["total"][0].load(),
    "model": steps["gather"].outputs["model"][0].load(),
    "compared": steps["compared"].output.load(),
    "rows": [steps["load"].output.name, sorted(steps["load"].output.tags)],
    "last": steps["last"].output.load(),
    "run": [list(run.tags), sorted(version.model for version in run.model_versions)],
    "metadata": steps["load"].metadata,
}))
"""


def test_zenml_s_words_in_one_script(user: User) -> None:
    result = user.python(user.write("whole.py", SCRIPT))
    assert result.code == 0, result
    found = json.loads(result.out.splitlines()[-1])
    expected = {"load", "fit", "fit_2", "fit_3", "gather", "shaky", "compared", *(f"fit_{i}" for i in range(4, 10))}
    expected |= {"compare", "compare_2"}
    assert found["statuses"] == {
        **dict.fromkeys(expected, "completed"),
        "last": "cached",
    }  # the third call of fit made it
    assert found["again"] == ["cached"]
    assert (found["total"], found["model"], found["compared"], found["last"]) == (16, "other", 3, 4)
    assert found["rows"] == ["rows_me", ["all", "raw"]]
    assert found["run"] == [["all", "nightly"], ["churn", "other"]]
    assert found["metadata"] == {"extra": {"team": "a", "step": 1}, "pipeline": "whole"}
    first, _ = user.runs()
    assert [line.text for line in user.logs(first, "load")] == ["told success"]
    assert [line.text for line in user.logs(first, "fit_2")] == ["told None"]
    shaky = [line.text for line in user.logs(first, "shaky")]
    assert [text for text in shaky if text.startswith(("attempt", "told"))] == ["attempt 1", "attempt 2"]
    assert "told init a" in result.out
    assert "told cleanup" in result.out
