"""The scheduler against a plain model of what may run, in every mode, with failures, stops and second thoughts."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from stackyard.engine.scheduler import Scheduler
from stackyard.model.enums import ExecutionMode, Status
from stackyard.model.graph import StepSpec
from tests.property.strategies import graphs

GOOD = {Status.COMPLETED, Status.CACHED}


class SchedulerMachine(RuleBasedStateMachine):
    """Does at random what a driver does, and keeps book in the plainest way."""

    @initialize(steps=graphs(), mode=st.sampled_from(ExecutionMode))
    def record(self, steps: list[StepSpec], mode: ExecutionMode) -> None:
        self.scheduler = Scheduler(steps, mode)
        self.mode = mode
        self.waits = {s.name: set(s.upstream()) for s in steps}
        self.status = dict.fromkeys(self.waits, Status.QUEUED)
        self.stopped = False

    def ready(self) -> set[str]:
        """Return the steps that may start, by definition."""
        if self.stopped:
            return set()
        return {
            name
            for name, status in self.status.items()
            if status is Status.QUEUED and all(self.status[up] in GOOD for up in self.waits[name])
        }

    def running(self) -> list[str]:
        return [name for name, status in self.status.items() if status is Status.RUNNING]

    def skip(self, names: set[str]) -> list[str]:
        skipped = [n for n in self.scheduler.order if n in names and self.status[n] is Status.QUEUED]
        self.status.update(dict.fromkeys(skipped, Status.SKIPPED))
        return skipped

    def downstream(self, name: str) -> set[str]:
        found = {name}
        for step in self.scheduler.order:
            if self.waits[step] & found:
                found.add(step)
        return found - {name}

    @rule()
    def take(self) -> None:
        name = self.scheduler.take_ready()
        if name is None:
            assert not self.ready()
        else:
            assert name in self.ready()
            self.status[name] = Status.RUNNING

    @rule()
    def take_and_put_back(self) -> None:
        name = self.scheduler.take_ready()
        if name is not None:
            self.scheduler.put_back(name)
            assert self.scheduler.take_ready() == name
            self.status[name] = Status.RUNNING

    @precondition(lambda self: self.running())
    @rule(data=st.data(), status=st.sampled_from([Status.COMPLETED, Status.CACHED, Status.FAILED, Status.STOPPED]))
    def end(self, data: st.DataObject, status: Status) -> None:
        name = data.draw(st.sampled_from(self.running()))
        skipped = self.scheduler.end(name, status)
        self.status[name] = status
        if status in GOOD:
            expected: list[str] = []
        elif self.mode is ExecutionMode.CONTINUE_ON_FAILURE and not self.stopped:
            expected = self.skip(self.downstream(name))
        else:
            self.stopped = True
            expected = self.skip(set(self.status))
        assert skipped == expected

    @rule()
    def stop(self) -> None:
        assert self.scheduler.stop() == self.skip(set(self.status))
        self.stopped = True
        assert self.scheduler.take_ready() is None

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "scheduler"):
            return
        assert self.scheduler.status == self.status
        assert set(self.scheduler.running) == set(self.running())
        done = all(status.is_finished for status in self.status.values())
        assert self.scheduler.finished == done
        if not done:  # nothing hangs: something runs or may start
            assert self.running() or self.ready()
            return
        found = set(self.status.values())
        if Status.FAILED in found:
            assert self.scheduler.outcome() is Status.FAILED
        elif found <= GOOD:
            assert self.scheduler.outcome() is Status.COMPLETED
        else:
            assert self.scheduler.outcome() is Status.STOPPED

    def teardown(self) -> None:
        """Let everything end well: every step that was not skipped, failed or stopped completes."""
        if not hasattr(self, "scheduler"):
            return
        while (name := self.scheduler.take_ready()) is not None or self.scheduler.running:
            for running in self.scheduler.running:
                self.scheduler.end(running, Status.COMPLETED)
            assert name is None or self.scheduler.status[name] is Status.COMPLETED
        assert self.scheduler.finished


SchedulerMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25)
TestScheduler = SchedulerMachine.TestCase
