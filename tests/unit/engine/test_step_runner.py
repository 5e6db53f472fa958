"""Executing one step in this process: inputs in, outputs out, every end told."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from stackyard import Client, get_step_context, log_metadata, save_artifact
from stackyard.engine import step_services
from stackyard.engine.step_runner import StopRequested, run_step
from stackyard.model.artifact import Manifest
from stackyard.model.errors import SecretNotFoundError, UsageError
from stackyard.model.graph import OutputSpec, StepSource
from stackyard.model.job import (
    ComponentSpec,
    InputVersion,
    Secrets,
    StepEvent,
    StepJob,
    StepLimits,
    StepOutcome,
    StepReply,
)
from stackyard.model.options import HookSpec
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.local_store import LocalArtifactStore
from stackyard.storage.materializers.base import Materializer, NotStorableError
from stackyard.storage.materializers.lookup import Origin, load_version, save_version


def double(rows: list[int], factor: int = 2) -> list[int]:
    log_metadata({"rows": len(rows)})
    get_step_context().add_output_metadata({"unit": "m"})
    return [row * factor for row in rows]


def pair() -> tuple[int, str]:
    return 1, "a"


def one_too_few() -> Any:
    return (1,)


def nothing() -> None: ...


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


def listed(rows: list[int], last: int) -> list[int]:
    return [*rows, last]


def extends(rows: list[int]) -> list[int]:
    rows.append(9)
    return rows


def counted() -> Any:
    yield 1


def contexts(rows: list[list[int]]) -> str:
    context = get_step_context()
    folder = Path(context.get_output_artifact_uri())
    (folder / "more").mkdir()
    (folder / "more" / "own.txt").write_text("mine")
    context.remove_output_tags(["raw"])
    told = context.inputs["rows"]
    return f"{context.attempt} {context.step_run.name} {context.tags} {context.extra} {len(told)} {told[1].item}"


def takes_long() -> None:
    time.sleep(0.05)
    raise StopRequested


class Backwards(Materializer):
    """Texts, the other way round."""

    SKIP_REGISTRATION = True  # no other test's texts
    name, data_format = "backwards", "txt"
    types = (str,)

    def save(self, value: str, writer: VersionWriter) -> None:
        if value == "refused":
            raise NotStorableError
        writer.write("text.txt", value[::-1].encode())

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> str:
        return store.local_file(uri, manifest.files[0]).read_bytes().decode()[::-1]


def word() -> str:
    return "abc"


def refused() -> str:
    return "refused"


hooks: list[Any] = []


def hook(problem: BaseException | None) -> None:
    hooks.append(problem)
    log_metadata({"hooked": get_step_context().step_name})


async def named_hook(who: str) -> None:
    hooks.append(who)


def broken_hook() -> None:
    raise ValueError("no hook")


def around(**named: str) -> dict[str, HookSpec]:
    return {event: HookSpec(module=__name__, qualname=name) for event, name in named.items()}


class Runner:
    def __init__(self, folder: Path) -> None:
        self.store = LocalArtifactStore(str(folder))
        self.events: list[StepEvent] = []
        self.asked: list[tuple[str, dict[str, Any], Manifest | None]] = []
        self.reply: dict[str, Any] = {}

    def __call__(
        self, function: Any, outputs: list[str], inputs: dict[str, Any] | None = None, beside: Secrets | None = None,
        items: dict[str, int] | None = None, output: dict[str, Any] | None = None,
        versions: dict[str, InputVersion] | None = None, **extra: Any,
    ) -> StepOutcome:  # fmt: skip
        versions = dict(versions or {})
        for name, value in (inputs or {}).items():
            made = save_version(self.store, value, Origin(name.partition("[")[0]))
            versions[name] = InputVersion(
                artifact_version_id=made.id, uri=made.uri, materializer=made.materializer, digest=made.digest,
                item=(items or {}).get(name),
            )  # fmt: skip
        job = StepJob(
            run_id="r", run_name="p-1", step_run_id="s", step_name=function.__name__, pipeline_name="p",
            project_id="x", stack_name="default",
            source=StepSource(module=function.__module__, qualname=function.__name__), inputs=versions,
            outputs=[OutputSpec(name=o, artifact_name=o, **(output or {})) for o in outputs],
            artifact_store=ComponentSpec(
                component_id="c", name="default", flavor="local", configuration={"path": self.store.root}
            ),
            **{"extra": {}, **extra},
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


def test_lists_and_members_come_in_as_they_were_given(run: Runner) -> None:
    """Twelve members, so that their order is that of the numbers."""
    inputs: dict[str, Any] = {f"rows[{i}]": i for i in reversed(range(12))}
    outcome = run(listed, ["all"], {**inputs, "last": [7, 8]}, items={"last": 1})
    assert outcome.status == "completed", outcome.error
    assert run.saved() == {"all": [*range(12), 8]}
    wrong = run(listed, ["all"], {"rows[0]": 1, "last": [7]}, items={"last": 3})
    assert wrong.error is not None
    assert wrong.error.message == "An input is to be member 3 of a list with 1 members, which has none of that number."
    assert not wrong.error.traceback, "the message says all: no frame of the user's"


def test_a_member_is_the_steps_own_and_a_list_is_read_once_for_its_members(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []

    def load(store: ArtifactStore, uri: str, *known: Any) -> Any:
        reads.append(uri)
        return load_version(store, uri, *known)

    monkeypatch.setattr(step_services, "load_version", load)
    made = save_version(run.store, [[1], [2]], Origin("rows"))
    facts = made.model_dump(include={"uri", "materializer", "digest"})
    version = InputVersion(artifact_version_id=made.id, item=0, **facts)
    for _ in range(3):
        outcome = run(extends, ["all"], versions={"rows": version})
        assert outcome.status == "completed", outcome.error
        assert run.saved() == {"all": [1, 9]}
    assert reads == [made.uri]
    assert run(nothing, []).status == "completed"
    assert step_services._wholes == {}


def test_a_generator_is_refused_with_or_without_outputs(run: Runner) -> None:
    for outputs in ([], ["n"], ["a", "b"]):
        outcome = run(counted, outputs)
        assert outcome.error is not None
        assert "is a generator: none of it has run" in outcome.error.message


def test_what_a_step_finds_in_its_context_and_the_files_that_it_adds_to_its_output(run: Runner) -> None:
    outcome = run(
        contexts, ["text"], {"rows[0]": [1], "rows[1]": [[2], [3]]}, items={"rows[1]": 1}, tags=["weekly"], attempt=2,
        extra={"owner": "me"}, output={"tags": ["raw", "kept"], "metadata": {"unit": "m"}},
    )  # fmt: skip
    assert outcome.status == "completed", outcome.error
    assert run.saved() == {"text": "2 contexts ['weekly'] {'owner': 'me'} 2 1"}
    assert outcome.outputs[0].tags == ["kept"]
    (manifest,) = [e.manifest for e in run.events if e.manifest is not None]
    assert manifest.metadata == {"unit": "m"}
    assert [f.path for f in manifest.files] == ["data.txt", "more/own.txt"]
    assert run.store.verify(manifest.uri).id == manifest.id


def test_a_folder_that_was_asked_for_goes_when_the_step_fails(run: Runner) -> None:
    outcome = run(contexts, ["text"], {"rows[0]": [1]})
    assert outcome.status == "failed", "there is no second input"
    assert not list(Path(run.store.root).rglob("own.txt"))


def test_hooks_are_called_around_the_step_and_change_nothing_by_failing(run: Runner) -> None:
    hooks.clear()
    every = around(start="broken_hook", success="hook", failure="hook", end="hook")
    assert run(pair, ["a", "b"], hooks=every).status == "completed"
    assert hooks == [None, None]
    assert [e.values for e in run.events if e.kind == "metadata"] == [{"hooked": "pair"}] * 2
    (warning,) = [e for e in run.events if e.kind == "log"]
    assert warning.level == "warning"
    assert "hook 'broken_hook' (on_start) failed" in warning.text
    assert "ValueError: no hook" in warning.text

    hooks.clear()
    named = HookSpec(module=__name__, qualname="named_hook", arguments={"who": "me"})
    assert run(fail, [], hooks={**every, "start": named, "success": named}).status == "failed"
    assert hooks[0] == "me"
    assert [type(h) for h in hooks[1:]] == [ValueError, ValueError]

    hooks.clear()
    assert run(stop, [], hooks=every).status == "stopped"
    assert hooks == [None], "a step that is stopped on request has not failed; only its end is told"
    missing = run(nothing, [], hooks=around(end="is_not_there"))
    assert missing.status == "completed"
    assert "has no hook 'is_not_there'" in run.events[-1].text


def test_a_step_that_is_stopped_for_taking_too_long_has_failed_for_its_hooks(run: Runner) -> None:
    hooks.clear()
    outcome = run(takes_long, [], hooks=around(failure="hook"), limits=StepLimits(timeout_s=0.05))
    assert outcome.status == "stopped"
    assert outcome.error is not None
    assert (outcome.error.message, outcome.error.file) == ("timed out after 0.05 s", __file__)
    assert [str(h) for h in hooks] == ["timed out after 0.05 s"]


def test_materializers_of_the_users_are_asked_first_and_found_again(run: Runner) -> None:
    own = {"materializers": [f"{__name__}:Backwards"]}
    assert run(word, ["w"], output=own).status == "completed"
    assert run.saved() == {"w": "abc"}
    (manifest,) = [e.manifest for e in run.events if e.manifest is not None]
    assert manifest.materializer == f"{__name__}:Backwards"
    assert Path(manifest.uri, "text.txt").read_text() == "cba"
    for function, name in ((refused, "text"), (nothing, "json")):
        run.events.clear()
        assert run(function, ["w"], output=own).status == "completed"
        assert [e.manifest.materializer for e in run.events if e.manifest is not None] == [name]
    for wrong, text in (("no.such:Class", "can't be imported"), ("os:getcwd", "is no materializer")):
        outcome = run(word, ["w"], output={"materializers": [wrong]})
        assert outcome.error is not None
        assert (outcome.error.type, text in outcome.error.message) == ("MaterializationError", True)


def test_what_a_step_saves_beside_its_outputs_is_gone_when_it_can_not_be_recorded(run: Runner) -> None:
    run.reply = {"error": UsageError("Not now.", hint="Later.").as_dict()}
    outcome = run(saves, [])
    assert outcome.error is not None
    assert (outcome.error.type, outcome.error.message, outcome.error.hint) == ("UsageError", "Not now.", "Later.")
    ((method, arguments, manifest),) = run.asked
    assert (method, arguments["save_type"], arguments["tags"], arguments["store_id"]) == (
        "_record_artifact", "manual", ["t"], "c",
    )  # fmt: skip
    assert manifest is not None
    assert not Path(manifest.uri).exists()


def saves() -> None:
    save_artifact([1], "beside", tags=["t"])
