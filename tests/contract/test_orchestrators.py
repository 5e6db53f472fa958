"""What every orchestrator does with a job: all that a step prints, says and gives comes back, in order.

Another orchestrator passes by being added to ``EXECUTORS``.
"""

from __future__ import annotations

import hashlib
import os
import signal
import time
from pathlib import Path

import pytest

from stackyard.api.artifacts import find_version, store_of
from stackyard.api.context import open_context
from stackyard.api.driver import run_file
from stackyard.api.run_logs import RunLogs
from stackyard.api.run_options import RunOptions
from stackyard.api.session import Session
from stackyard.engine.reporter import SilentReporter
from stackyard.model.errors import ArtifactNotFoundError
from stackyard.model.job import Secrets, StepEvent, StepLimits, StepOutcome, StepReply, StepRequest
from stackyard.storage.local_store import LocalArtifactStore
from stackyard.storage.materializers import registered
from tests.contract.orchestrators import EXECUTORS, ISOLATED, PATIENCE_S, POOLS, Engine

every = pytest.mark.parametrize("engine", EXECUTORS, indirect=True)
pooled = pytest.mark.parametrize("engine", POOLS, indirect=True)
isolated = pytest.mark.parametrize("engine", ISOLATED, indirect=True)


@every
def test_all_of_a_step_comes_back_in_order(engine: Engine, tmp_path: Path) -> None:
    job = engine.job(
        "everything", "words", "n", parameters={"word": "größe ✓", "n": 3}, attempt=2, tags=["weekly"],
        extra={"owner": "me"}, environment={"OWN": "value"}, secrets=["api"], working_directory=str(tmp_path),
        limits=StepLimits(threads=1),
    )  # fmt: skip
    before = Path.cwd()
    outcome = engine.run(job, Secrets(values={"api": {"TOKEN": "hunter2-secret"}}))
    assert (outcome.status, outcome.error) == ("completed", None)
    assert engine.saved(job) == {"words": ["größe ✓"] * 3, "n": 3}
    assert {o.name: o.tags for o in outcome.outputs} == {"words": ["fresh"], "n": []}
    assert engine.printed(job) == (
        f"first größe ✓\nvalue True 2 ['weekly'] {{'owner': 'me'}}\n{tmp_path.name}\nlast, without a line end"
    )
    assert engine.printed(job, "stderr") == "zweite Zeile: ä ✓\n"
    assert [(e.level, e.text) for e in engine.told(job, "log")] == [("warning", "steps: careful")]
    assert [e.values for e in engine.told(job, "metadata")] == [{"größe": 3}]
    (words, n) = [e.manifest for e in engine.told(job, "artifact_saved")]
    assert words is not None
    assert words.metadata == {"unit": "m"}
    assert n is not None
    assert [o.artifact_version_id for o in outcome.outputs] == [words.id, n.id]
    kinds = [e.kind for e in engine.of(job) if isinstance(e, StepEvent)]
    begun = ["started"] if engine.name == "remote" else []  # elsewhere no job waits before it begins
    assert kinds == [*begun, "metadata", "log", "artifact_saved", "artifact_saved"]
    assert "hunter2" not in repr(engine.events)
    assert "OWN" not in os.environ
    assert Path.cwd() == before


@every
def test_a_step_asks_and_the_driver_answers(engine: Engine) -> None:
    def answer(request: StepRequest) -> StepReply:
        if request.method == "double":
            return StepReply(id=request.id, value=request.arguments["n"] * 2)
        error = ArtifactNotFoundError("There is no artifact 'größe'.", hint="Save it.")
        return StepReply(id=request.id, error=error.as_dict())

    engine.answer = answer
    job = engine.job("asks", "found", extra={"threads": engine.name != "remote"})
    assert engine.run(job).status == "completed"
    others = [n * 2 for n in range(10, 18)] if engine.name != "remote" else []
    assert engine.saved(job)["found"] == [2, 4, "There is no artifact 'größe'.", "Save it.", others]


@every
def test_a_failure_is_told_with_the_users_frames_and_concerns_no_other_step(engine: Engine) -> None:
    failing, leaving = engine.job("fails"), engine.job("leaves")
    outcome = engine.run(failing)
    assert outcome.status == "failed"
    error = outcome.error
    assert error is not None
    assert (error.type, error.message) == ("ValueError", "no such größe")
    assert error.file.endswith("steps.py")
    assert error.line > 0
    assert error.traceback.count("File ") == 1
    assert engine.printed(failing) == "before\n"
    outcome = engine.run(leaving)
    assert outcome.error is not None
    assert outcome.error.message == "The step called sys.exit(3)."
    for function, text in (("unprintable", "Unprintable"), ("too_deep", "RecursionError")):
        outcome = engine.run(engine.job(function))
        assert outcome.status == "failed"
        assert outcome.error is not None
        assert text in outcome.error.traceback
    assert engine.run(engine.job("looks", "found")).status == "completed"


@every
def test_a_stopped_step_cleans_up_and_has_an_outcome(engine: Engine, tmp_path: Path) -> None:
    job = engine.job("waits", parameters={"ready": str(tmp_path / "ready")})
    outcome = engine.stop_when(tmp_path / "ready", job)
    assert outcome.status == "stopped"
    assert engine.printed(job) == "cleaned up\n"
    engine.executor.stop_step(job.step_run_id, force=True)  # it ended: nothing happens
    assert engine.run(engine.job("looks", "found")).status == "completed"


def test_a_step_in_the_drivers_own_process_ends_when_its_time_is_up(tmp_path: Path) -> None:
    """Nobody else can tell: the driver itself waits for it. Others are stopped from outside."""
    engine = Engine("in-process", EXECUTORS["in-process"](), LocalArtifactStore(str(tmp_path / "store")))
    job = engine.job("waits", parameters={"ready": str(tmp_path / "ready")}, limits=StepLimits(timeout_s=1))
    outcome = engine.run(job)
    assert outcome.error is not None
    assert (outcome.status, outcome.error.type) == ("failed", "StepTimeout")
    assert outcome.error.message == "timed out after 1 s"
    assert outcome.error.file.endswith("steps.py")
    assert engine.printed(job) == "cleaned up\n"
    waiting = engine.start(engine.job("waits", parameters={"ready": str(tmp_path / "ready")}))
    engine.executor.stop_step(waiting.step_run_id, force=False)
    assert engine.ended(waiting).status == "stopped", "it never began"
    engine.executor.close()


@every
def test_much_output_comes_exactly(engine: Engine) -> None:
    job = engine.job("floods", "digest", parameters={"megabytes": 2})
    assert engine.run(job).status == "completed"
    found = engine.printed(job).encode()
    assert hashlib.sha256(found).hexdigest() == engine.saved(job)["digest"]
    assert engine.printed(job, "stderr") == "e" * 32_000


@pooled
def test_a_step_that_waits_for_no_reader_leaves_its_pipes_as_they_were(engine: Engine) -> None:
    assert engine.run(engine.job("waits_for_no_reader", "n")).status == "completed"
    job = engine.job("floods", "digest", parameters={"megabytes": 1})
    assert engine.run(job).status == "completed"
    assert engine.saved(job)["digest"] == hashlib.sha256(engine.printed(job).encode()).hexdigest()


@every
def test_many_jobs_run_within_the_limit(engine: Engine) -> None:
    jobs = [engine.start(engine.job("looks", "found")) for _ in range(2 * engine.executor.max_parallel + 1)]
    assert all(engine.ended(job).status == "completed" for job in jobs)
    for job in jobs:
        assert engine.printed(job) == "seen\n"
        assert isinstance(engine.of(job)[-1], StepOutcome)
    read, write = os.pipe()
    os.set_blocking(read, False)
    try:
        engine.executor.add_wakeup(read)
        os.write(write, b"x")
        assert engine.executor.poll(60, engine.answer) == []
    finally:
        os.close(write)
        os.close(read)


@every
def test_what_a_step_changes_the_next_one_does_not_find(engine: Engine) -> None:
    first = engine.job("misbehaves", "n", working_directory=str(Path.cwd()))
    assert engine.run(first).status == "completed"
    assert engine.printed(first) == "before it is gone\n"
    after = engine.job("looks", "found", working_directory=str(Path.cwd()))
    assert engine.run(after).status == "completed"
    assert engine.saved(after)["found"] == [None, False, Path.cwd().name]
    assert (engine.printed(after), engine.printed(after, "stderr")) == ("seen\n", "seen, too\n")
    assert [e.text for e in engine.told(after, "log")] == ["looks: seen by logging"]


@isolated
def test_a_step_that_dies_fails_alone_and_what_it_started_goes_with_it(engine: Engine, tmp_path: Path) -> None:
    child, ready = tmp_path / "child", tmp_path / "ready"
    other = engine.start(engine.job("stays", parameters={"ready": str(ready), "child": str(child)}))
    crash = engine.run(engine.job("crashes"))
    assert crash.status == "failed"
    assert crash.error is not None
    assert "SIGKILL" in crash.error.message
    assert engine.run(engine.job("gives_up")).status == "failed"
    in_thread = engine.job("thread_fails", "n")
    assert engine.run(in_thread).status == "completed"
    assert "IndexError: pop from empty list" in engine.printed(in_thread, "stderr")
    closing = engine.job("closes_descriptors", "n")
    assert engine.run(closing).status == "completed"
    assert engine.printed(closing) == "still here\n"
    after = engine.job("looks", "found")
    assert engine.run(after).status == "completed"
    assert (engine.printed(after), engine.printed(after, "stderr")) == ("seen\n", "seen, too\n")

    engine.until(ready.exists)
    engine.executor.stop_step(other.step_run_id, force=False)
    engine.until(lambda: "not now" in engine.printed(other))
    assert not any(isinstance(e, StepOutcome) for e in engine.of(other)), "it was asked politely and stays"
    engine.executor.stop_step(other.step_run_id, force=True)
    assert engine.ended(other).status == "stopped"
    _until_gone(engine, child)

    ready.unlink()
    engine.start(engine.job("stays", parameters={"ready": str(ready), "child": str(child)}))
    engine.until(ready.exists)
    engine.executor.close()
    _until_gone(engine, child)


@pooled
def test_processes_that_a_step_forks_print_and_can_be_ended_but_do_not_speak_to_the_driver(engine: Engine) -> None:
    job = engine.job("forks", "found")
    assert engine.run(job).status == "completed"
    said, codes = engine.saved(job)["found"]
    assert codes == [-signal.SIGTERM] * 5, "a signal that comes while a child is being set up ends it as well"
    assert "can't be logged from a process that the step started" in said
    assert "can't be asked for 'double' from a process that it started" in said
    assert engine.printed(job) == "child 1\nchild 2\n"
    assert engine.printed(job, "stderr") == "INFO: child: of 1\nINFO: child: of 2\n"
    assert engine.told(job, "metadata") == []


@isolated
def test_what_is_printed_after_a_step_ended_never_gets_into_the_next_ones_log(engine: Engine, tmp_path: Path) -> None:
    until = tmp_path / "until"
    assert engine.run(engine.job("goes_on_printing", "n", parameters={"until": str(until)})).status == "completed"
    jobs = [engine.job("looks", "found") for _ in range(3)]
    assert all(engine.run(job).status == "completed" for job in jobs)
    last = engine.job("answers_late", "n", parameters={"until": str(until)})
    assert engine.run(last).status == "completed"
    assert [engine.printed(job) for job in [*jobs, last]] == ["seen\n"] * 3 + [""]


PIPELINE = """
import os
from typing import Annotated
from stackyard import ArtifactConfig, StepRetryConfig, log_metadata, pipeline, save_artifact, load_artifact, step

def told(problem=None):
    print("hook:", type(problem).__name__)

@step(on_end=told)
def numbers(n: int) -> Annotated[list, ArtifactConfig(name="numbers", tags=["raw"])]:
    print("größe")
    save_artifact({"n": n}, "beside")
    return list(range(n))

@step(retry=StepRetryConfig(max_retries=1), on_failure=told)
def flaky(xs: list, folder: str) -> int:
    marker = os.path.join(folder, "once")
    if not os.path.exists(marker):
        open(marker, "w").close()
        raise ValueError("the first time")
    log_metadata({"beside": load_artifact("beside")})
    return sum(xs)

@step
async def add(parts: list, one: int) -> int:
    return sum(parts) + one

@step(on_failure=told)
def bad(total: int) -> None:
    raise RuntimeError(f"no {total}")

@step
def never(x: int) -> int:
    return x

@pipeline
def whole(folder: str, fails: bool = False):
    first = numbers(4)
    total = add([flaky(first, folder), flaky(first, folder, id="again")], one=1)
    if fails:
        bad(total)
        never(total, after="bad")
"""


@every
def test_whole_pipelines_run_on_every_orchestrator(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "_executor", lambda _self, _workers: EXECUTORS[engine.name]())
    monkeypatch.setattr(registered, "_classes", [])  # those of other tests in this process can't be imported elsewhere
    file = tmp_path / f"pipeline_{engine.name.replace('-', '_')}.py"
    file.write_text(PIPELINE, encoding="utf-8")
    parameters = {"folder": str(tmp_path)}
    run = run_file(str(file), None, RunOptions(parameters=parameters), SilentReporter())
    assert {s.name: str(s.status) for s in run.steps} == dict.fromkeys(
        ["numbers", "flaky", "again", "add"], "completed"
    )
    assert [s.attempt for s in run.steps if s.name in ("flaky", "again")] in ([2, 1], [1, 2], [2, 2])
    ctx = open_context(file)
    (out,) = run.steps[-1].outputs
    found = find_version(ctx, out.artifact_version_id)
    assert store_of(ctx, found).read_manifest(found.uri).preview.data == 13
    lines = {line.text for step in run.steps for line in RunLogs(ctx, run.id, step.name).new_lines()}
    assert {"größe", "hook: NoneType"} <= lines
    assert any(s.metadata == {"beside": {"n": 4}} for s in run.steps)
    assert find_version(ctx, "numbers").tags == ["raw"]

    again = run_file(str(file), None, RunOptions(parameters={**parameters, "fails": True}), SilentReporter())
    assert {s.name: str(s.status) for s in again.steps} == {
        "numbers": "cached", "flaky": "cached", "again": "cached", "add": "cached", "bad": "failed", "never": "skipped",
    }  # fmt: skip
    (bad,) = [s for s in again.steps if s.name == "bad"]
    assert bad.error is not None
    assert (bad.error.message, bad.error.file) == ("no 13", str(file))
    assert "hook: RuntimeError" in {line.text for line in RunLogs(ctx, again.id, "bad").new_lines()}


def _until_gone(engine: Engine, child: Path) -> None:
    pid = int(child.read_text())

    def gone() -> bool:
        try:
            state = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            return True
        return state.rsplit(")", 1)[1].split()[0] == "Z"

    deadline = time.monotonic() + PATIENCE_S
    while not gone():
        assert time.monotonic() < deadline, "the step's child is still there"
        time.sleep(0.02)
