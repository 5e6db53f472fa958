"""Executing one step in this process: inputs in, outputs out, every end told."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from stackyard import Client, get_step_context, log_metadata
from stackyard.engine.step_runner import StopRequested, run_step
from stackyard.model.artifact import Manifest
from stackyard.model.errors import SecretNotFoundError
from stackyard.model.graph import OutputSpec, StepSource
from stackyard.model.job import ComponentSpec, InputVersion, Secrets, StepEvent, StepJob, StepOutcome, StepReply
from stackyard.storage.artifact_store import LocalArtifactStore
from stackyard.storage.materializers.lookup import Origin, load_version, save_version


def double(rows: list[int], factor: int = 2) -> list[int]:
    log_metadata({"rows": len(rows)})
    get_step_context().add_output_metadata({"unit": "m"})
    return [row * factor for row in rows]


def pair() -> tuple[int, str]:
    return 1, "a"


def one_too_few() -> Any:
    return (1,)


def nothing() -> None:
    return None


def environment() -> str:
    return os.environ["FROM_THE_STEP"]


def secret() -> list[str | None]:
    get_step_context().add_output_metadata({"key": os.environ["KEY"]})
    declared = Client().get_secret("mine").secret_values
    try:
        Client().get_secret("components")
    except SecretNotFoundError as error:
        return [os.environ["KEY"], os.environ.get("PASSWORD"), declared["KEY"], error.hint]
    return []


async def later() -> int:
    return 7


def leave() -> None:
    sys.exit(3)


def fail() -> None:
    raise ValueError("no \udcff")


def stop() -> None:
    raise StopRequested


class Runner:
    def __init__(self, folder: Path) -> None:
        self.store = LocalArtifactStore(str(folder))
        self.events: list[StepEvent] = []
        self.asked: list[tuple[str, dict[str, Any], Manifest | None]] = []
        self.reply: dict[str, Any] = {}

    def __call__(
        self, function: Any, outputs: list[str], inputs: dict[str, Any] | None = None, beside: Secrets | None = None,
        **extra: Any,
    ) -> StepOutcome:  # fmt: skip
        versions: dict[str, InputVersion] = {}
        for name, value in (inputs or {}).items():
            made = save_version(self.store, value, Origin(name))
            versions[name] = InputVersion(
                artifact_version_id=made.id, uri=made.uri, materializer=made.materializer, digest=made.digest
            )
        job = StepJob(
            run_id="r", run_name="p-1", step_run_id="s", step_name=function.__name__, pipeline_name="p",
            project_id="x", stack_name="default",
            source=StepSource(module=__name__, qualname=function.__name__), inputs=versions,
            outputs=[OutputSpec(name=o, artifact_name=o) for o in outputs],
            artifact_store=ComponentSpec(
                component_id="c", name="default", flavor="local", configuration={"path": self.store.root}
            ),
            **extra,
        )  # fmt: skip
        return run_step(job, self.events.append, beside, self.ask)

    def ask(self, method: str, arguments: dict[str, Any], manifest: Manifest | None) -> StepReply:
        self.asked.append((method, arguments, manifest))
        return StepReply(id=1, **self.reply)

    def saved(self) -> dict[str, Any]:
        found = {e.output: e.manifest for e in self.events if e.kind == "artifact_saved"}
        return {name: load_version(self.store, m.uri) for name, m in found.items() if m is not None}


@pytest.fixture
def run(tmp_path: Path) -> Runner:
    return Runner(tmp_path / "store")


def test_inputs_and_parameters_come_in_and_outputs_go_out(run: Runner) -> None:
    outcome = run(double, ["doubled"], {"rows": [1, 2]}, parameters={"factor": 3})
    assert (outcome.status, outcome.error) == ("completed", None)
    assert run.saved() == {"doubled": [3, 6]}
    assert [e.values for e in run.events if e.kind == "metadata"] == [{"rows": 2}]
    (manifest,) = [e.manifest for e in run.events if e.manifest is not None]
    assert (manifest.metadata, manifest.step_name, manifest.pipeline_name) == ({"unit": "m"}, "double", "p")


def test_several_outputs_none_and_coroutines(run: Runner) -> None:
    assert run(pair, ["a", "b"]).status == "completed"
    assert run.saved() == {"a": 1, "b": "a"}
    assert run(nothing, []).status == "completed"
    assert run(later, ["n"]).status == "completed"
    assert run.saved()["n"] == 7


def test_another_number_of_values_than_annotated_is_an_error(run: Runner) -> None:
    outcome = run(one_too_few, ["a", "b"])
    assert outcome.status == "failed"
    assert outcome.error is not None
    assert "annotated with 2 outputs (a, b) and returned 1 values" in outcome.error.message


def test_the_steps_environment_is_there_while_it_runs_only(run: Runner) -> None:
    assert run(environment, ["e"], environment={"FROM_THE_STEP": "x"}).status == "completed"
    assert run.saved() == {"e": "x"}
    assert "FROM_THE_STEP" not in os.environ


def test_a_step_has_the_secrets_that_it_declares_while_it_runs_only(run: Runner) -> None:
    """Given: a secret of the step's and one of a component's. Then: the step sees its own, over its environment."""
    beside = Secrets(values={"mine": {"KEY": "hunter2"}, "components": {"PASSWORD": "open sesame"}})
    outcome = run(secret, ["s"], beside=beside, secrets=["mine"], environment={"KEY": "plain"})
    assert outcome.status == "completed", outcome.error
    assert run.saved() == {"s": ["hunter2", None, "hunter2", 'Declare it: @step(secrets=["components"])']}
    assert "KEY" not in os.environ
    (manifest,) = [e.manifest for e in run.events if e.manifest is not None]
    assert manifest.metadata == {"key": "***"}, "a worker writes manifests itself"
    assert run(secret, ["s"], secrets=["mine"]).status == "failed", "the next job has none of it"


def test_every_way_to_fail_is_told_and_nothing_is_raised(run: Runner) -> None:
    failed = run(fail, ["x"])
    assert failed.error is not None
    assert (failed.status, failed.error.type, failed.error.message) == ("failed", "ValueError", "no \\udcff")
    assert failed.error.file == __file__
    left = run(leave, [])
    assert left.error is not None
    assert (left.status, left.error.message) == ("failed", "The step called sys.exit(3).")
    assert run(stop, []).status == "stopped"
    wrong = run(double, ["x"], {"rows": [1]}, parameters={"factor": "many"})
    assert wrong.error is not None
    assert (wrong.status, wrong.error.type) == ("failed", "ParameterError")
    assert run.saved() == {}


def test_an_input_that_is_gone_fails_the_step_with_a_remedy(run: Runner) -> None:
    made = save_version(run.store, [1], Origin("rows"))
    (Path(made.uri) / "data.json").unlink()
    version = InputVersion(artifact_version_id=made.id, uri=made.uri, materializer="json", digest=made.digest)
    job = StepJob(
        run_id="r", run_name="p-1", step_run_id="s", step_name="double", pipeline_name="p", project_id="x",
        stack_name="default", source=StepSource(module=__name__, qualname="double"), inputs={"rows": version},
        artifact_store=ComponentSpec(
            component_id="c", name="d", flavor="local", configuration={"path": run.store.root}
        ),
    )  # fmt: skip
    outcome = run_step(job, run.events.append, None, run.ask)
    assert outcome.error is not None
    assert (outcome.status, outcome.error.type) == ("failed", "ArtifactDamagedError")
    assert "Run the step again" in outcome.error.hint
