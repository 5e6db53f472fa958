"""Programs that call pipelines: what becomes of their runs, in this process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stackyard.api.artifacts import list_artifacts
from stackyard.api.client import Client
from stackyard.api.context import open_context
from stackyard.api.programs import Program
from stackyard.api.run_request import of_here
from stackyard.api.runs import get_run
from stackyard.api.secrets import create_secret
from stackyard.authoring.artifact_config import ExternalArtifact
from stackyard.authoring.context import get_step_context
from stackyard.authoring.pipeline import pipeline
from stackyard.authoring.step import step
from stackyard.engine.reporter import SilentReporter
from stackyard.model.enums import Status
from stackyard.model.errors import ResumeError, RunFailedError, RunStoppedError
from stackyard.model.options import StepRetryConfig
from stackyard.storage.locking import LifeLock

SECRET = "hunter2-and-more"


@step
def one() -> int:
    return 1


@step
def length(text: str) -> int:
    return len(text)


@step(secrets=["mine"])
def with_secret() -> int:
    return 2


@step(timeout=60)
def asks() -> int:
    project = Client().active_project
    assert Client().get_project(project.name).id == project.id
    return len(Client().list_projects())


@pipeline
def asking() -> None:
    asks()


@pipeline
def simple() -> None:
    one()


@step(retry=StepRetryConfig(max_retries=1, delay=0.2))
def second_time() -> int:
    if get_step_context().attempt < 2:
        raise ValueError("not yet")
    return 1


@pipeline
def tries_again() -> None:
    second_time()


def leaves() -> None:
    sys.exit(3)


@pipeline(on_cleanup=leaves)
def leaves_at_the_end() -> None:
    one()


@pipeline(on_init=leaves)
def leaves_at_the_beginning() -> None:
    one()


@pipeline
def fails_by_itself() -> None:
    one().load()
    raise KeyError("mine")


@pipeline
def with_a_value_from_outside() -> None:
    one().load()
    text = ExternalArtifact(value="abc")
    for _ in range(3):
        length(text)


@pipeline
def prints_a_secret() -> None:
    one().load()
    with_secret()
    print(f"it is {SECRET}.")


@pipeline
def stopped() -> None:
    value = one()
    value.load()
    home = open_context().home_folder
    (run,) = home.root.glob("runs/*.lock")
    home.stop_file(run.stem).write_text("stop\n")
    value.load()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """A script that runs its pipelines right here."""
    monkeypatch.chdir(tmp_path)
    return Program(of_here(kind="script", file=__file__, in_process=True), SilentReporter)


def test_a_run_whose_pipeline_function_failed_was_called_all_the_same(program: Program) -> None:
    with pytest.raises(RunFailedError):
        program.run(fails_by_itself, {})
    program.run(simple, {})
    failed, completed = (get_run(open_context(), run) for run in program.called)
    assert (failed.status, completed.status) == (Status.FAILED, Status.COMPLETED)
    # The second is gone on with: the first call ends as it did.
    again = Program(of_here(kind="script", file=__file__, in_process=True, earlier=[failed.id]), SilentReporter)
    with pytest.raises(RunFailedError):
        again.run(fails_by_itself, {})
    assert again.called == [failed.id]


def test_a_hook_that_leaves_python_does_not_take_the_run_with_it(program: Program) -> None:
    assert program.run(leaves_at_the_end, {}).status is Status.COMPLETED
    with pytest.raises(RunFailedError):
        program.run(leaves_at_the_beginning, {})
    error = get_run(open_context(), "latest").error
    assert error is not None
    assert error.message == "The pipeline's on_init failed: SystemExit: 3"


def test_a_run_that_goes_on_can_not_be_gone_on_with(program: Program) -> None:
    with pytest.raises(RunFailedError):
        program.run(fails_by_itself, {})
    run = get_run(open_context(), program.called[0])
    lock = LifeLock(open_context().home_folder.run_lock(run.id))
    again = Program(of_here(kind="script", resume=run.id, again=run.pipeline, in_process=True), SilentReporter)
    with pytest.raises(ResumeError, match=f"The run '{run.name}' is running"):
        again.run(fails_by_itself, {})
    lock.release()


def test_where_pipes_can_not_be_waited_for_pipelines_run_in_process_too(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stackyard.engine.stop.IS_WINDOWS", True)
    monkeypatch.delattr("os.set_blocking")
    monkeypatch.delattr("os.pipe")
    assert program.run(tries_again, {}).status is Status.COMPLETED
    with pytest.raises(RunStoppedError):
        program.run(stopped, {})


def test_a_value_from_outside_is_stored_once_for_steps_that_come_one_by_one(program: Program) -> None:
    program.run(with_a_value_from_outside, {})
    given = [a for a in list_artifacts(open_context()).items if a.name.startswith("with_a_value_from_outside.")]
    assert [(a.name, a.n_versions) for a in given] == [("with_a_value_from_outside.length.text", 1)]


def test_secrets_of_steps_that_come_later_are_masked_in_what_is_printed(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    create_secret(open_context(), "mine", {"key": SECRET})
    program.run(prints_a_secret, {})
    assert capsys.readouterr().out == "it is ***.\n"


def test_a_step_in_the_driver_s_own_process_is_answered_by_the_driver(program: Program) -> None:
    assert program.run(asking, {}).steps["asks"].output.load() >= 1


def test_a_run_that_is_stopped_between_its_steps_was_stopped(program: Program) -> None:
    with pytest.raises(RunStoppedError):
        program.run(stopped, {})
    assert get_run(open_context(), "latest").status is Status.STOPPED
