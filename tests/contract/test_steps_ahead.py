"""What the orchestrators that take steps ahead owe to the engine: each begins after the one before, or not at all."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from stackyard.model.job import StepOutcome, StepReply, StepRequest
from tests.contract.orchestrators import POOLS, Engine
from tests.integration.user import wait_for

pooled = pytest.mark.parametrize("engine", POOLS, indirect=True)


@pooled
def test_what_was_given_ahead_follows_in_the_same_place(engine: Engine, tmp_path: Path) -> None:
    """Given a chain, then each step takes what the one before gave, and all that comes of it is told as its own."""
    gate = tmp_path / "gate"
    chain = [engine.start(engine.job("counts", "n", parameters={"x": 1, "until": str(gate)}))]
    for _ in range(3):
        chain.append(engine.give(engine.job("counts", "n"), chain[-1], x="n"))
    gate.touch()
    assert engine.ended(chain[-1]).status == "completed"
    assert [engine.saved(job) for job in chain] == [{"n": n} for n in (2, 3, 4, 5)]
    for n, job in enumerate(chain, 1):
        assert (engine.printed(job), engine.printed(job, "stderr")) == (f"{n} is counted\ngr\udcc3", f"{n}\n")
    ends = [engine.ended(job) for job in chain]
    assert [end.followed_by for end in ends] == [*(job.step_run_id for job in chain[1:]), ""]
    for end, job in zip(ends, chain[1:], strict=False):
        begun = engine.events[engine.events.index(end) + 1]
        assert (begun, engine.of(job)[0]) == (engine.told(job, "started")[0], begun)
    assert len({engine.told(job, "started")[0].pid for job in chain[1:]}) == 1
    assert engine.run(engine.job("looks", "found")).status == "completed"


@pooled
@pytest.mark.parametrize("first", ["fails", "leaves", "crashes", "waits", "goes_on_printing"])
def test_what_was_given_ahead_is_forgotten_unless_the_step_before_completes(
    engine: Engine, tmp_path: Path, first: str
) -> None:
    """Given a step that fails, dies, is stopped or leaves a thread, then what was to follow can begin elsewhere."""
    needed = {"waits": {"ready": str(tmp_path / "ready")}, "goes_on_printing": {"until": str(tmp_path / "until")}}
    before = engine.start(engine.job(first, parameters=needed.get(first, {})))
    following = engine.give(engine.job("looks", "found"), before)
    last = engine.give(engine.job("looks", "found"), following)
    if first == "waits":
        engine.until((tmp_path / "ready").exists)
        engine.executor.stop_step(before.step_run_id, force=False)
    assert engine.ended(before).followed_by == ""
    for job in (following, last):
        assert engine.of(job) == []
        assert engine.run(job.model_copy(update={"after": ""})).status == "completed"
    (tmp_path / "until").touch()


@pooled
def test_what_was_given_ahead_can_be_taken_back(engine: Engine, tmp_path: Path) -> None:
    ahead = engine.executor.ahead
    assert ahead is not None
    gate = tmp_path / "gate"
    first = engine.start(engine.job("counts", "n", parameters={"x": 1, "until": str(gate)}))
    kept = engine.give(engine.job("counts", "n"), first, x="n")
    dropped = engine.give(engine.job("counts", "n"), kept, x="n")
    last = engine.give(engine.job("counts", "n"), dropped, x="n")
    ahead.drop_ahead(dropped.step_run_id)
    assert not ahead.submit_ahead(engine.job("looks", "found").model_copy(update={"after": last.step_run_id}))
    gate.touch()
    assert (engine.ended(first).followed_by, engine.ended(kept).followed_by) == (kept.step_run_id, "")

    # One that has begun in that very moment goes on, and can be stopped as any other.
    gate = tmp_path / "second gate"
    first = engine.start(engine.job("counts", "n", parameters={"x": 1, "until": str(gate)}))
    begun = engine.give(engine.job("waits", parameters={"ready": str(tmp_path / "ready")}), first)
    gate.touch()
    wait_for((tmp_path / "ready").exists, 120, "the step")
    ahead.drop_ahead(begun.step_run_id)
    assert engine.ended(first).followed_by == begun.step_run_id
    engine.executor.stop_step(begun.step_run_id, force=True)
    assert engine.ended(begun).status == "stopped"
    assert engine.run(engine.job("looks", "found")).status == "completed"
    assert [engine.of(job) for job in (dropped, last)] == [[], []]


@pooled
def test_what_was_given_ahead_is_taken_back_however_much_was_given_with_it(engine: Engine, tmp_path: Path) -> None:
    """Given a job that does not fit the channel between one and word that this one is not to begin, it does not."""
    ahead = engine.executor.ahead
    assert ahead is not None
    first = engine.start(engine.job("counts", "n", parameters={"x": 1, "until": str(tmp_path / "gate")}))
    engine.until(lambda: engine.printed(first) != "")
    dropped = engine.give(engine.job("looks", "found"), first)
    engine.give(engine.job("looks", "found", extra={"large": "x" * 1_000_000}), dropped)
    ahead.drop_ahead(dropped.step_run_id)
    (tmp_path / "gate").touch()
    assert engine.ended(first).followed_by == ""
    assert engine.run(engine.job("looks", "found")).status == "completed"
    assert engine.of(dropped) == []


@pooled
def test_what_was_given_ahead_is_answered_after_the_end_of_the_step_before_was_told(
    engine: Engine, tmp_path: Path
) -> None:
    known: list[bool] = []

    def answer(request: StepRequest) -> StepReply:
        known.append(any(isinstance(event, StepOutcome) for event in engine.of(first)))
        return StepReply(id=request.id, value=2)

    engine.answer = answer
    first = engine.start(engine.job("counts", "n", parameters={"x": 1, "until": str(tmp_path / "gate")}))
    asking = engine.give(engine.job("asks_once", "found", parameters={"ready": str(tmp_path / "ready")}), first)
    (tmp_path / "gate").touch()
    wait_for((tmp_path / "ready").exists, 120, "the second step")
    time.sleep(0.3)  # it asked; even if not, what follows must hold
    assert engine.ended(asking).status == "completed"
    assert known == [True]


@pooled
def test_what_was_given_ahead_may_come_too_late_or_die(engine: Engine, tmp_path: Path) -> None:
    first = engine.start(engine.job("waits_a_moment", parameters={"ready": str(tmp_path / "ready")}))
    wait_for((tmp_path / "ready").exists, 120, "the step")
    time.sleep(0.3)  # it ended; even if not, what follows must hold
    late = engine.give(engine.job("looks", "found"), first)
    begins_by_itself = engine.ended(first).followed_by == late.step_run_id
    if not begins_by_itself:
        engine.start(late.model_copy(update={"after": ""}))
    assert engine.ended(late).status == "completed"
    assert len([e for e in engine.of(late) if isinstance(e, StepOutcome)]) == 1

    first = engine.start(engine.job("counts", "n", parameters={"x": 1, "until": str(tmp_path / "gate")}))
    dying = engine.give(engine.job("crashes"), first)
    never = engine.give(engine.job("looks", "found"), dying)
    (tmp_path / "gate").touch()
    error = engine.ended(dying).error
    assert error is not None
    assert "SIGKILL" in error.message
    assert engine.printed(dying) == "going\n"
    assert engine.ended(first).status == "completed"
    assert engine.of(never) == []
