"""The scheduler against a plain model of what may run: in every mode, with failures, retries, stops of steps and of the
run, second thoughts, CPUs, steps that need not run, and graphs that grow.
"""

from __future__ import annotations

import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from stackyard.engine.scheduler import Scheduler
from stackyard.model.enums import ExecutionMode, Status
from stackyard.model.graph import StepSpec
from stackyard.model.options import ResourceSettings
from tests.property.strategies import graphs

GOOD = {Status.COMPLETED, Status.CACHED}
CPUS = st.sampled_from([None, None, None, 0.5, 1.0, 2.0, 3.0, 8.0])


class SchedulerMachine(RuleBasedStateMachine):
    """Does at random what a driver does, and keeps book in the plainest way."""

    @initialize(
        steps=graphs(),
        mode=st.sampled_from(ExecutionMode),
        cores=st.sampled_from([1.0, 2.0, 4.0, float("inf")]),
        data=st.data(),
    )
    def record(self, steps: list[StepSpec], mode: ExecutionMode, cores: float, data: st.DataObject) -> None:
        steps = [self.weigh(step, data) for step in steps]
        self.scheduler = Scheduler(steps, mode, cores)
        self.mode, self.cores = mode, cores
        self.stopped = False
        self.order = self.scheduler.order
        self.waits = {s.name: set(s.upstream()) for s in steps}
        self.cpus = {s.name: self.declared(s) for s in steps}
        self.status = dict.fromkeys(self.order, Status.QUEUED)
        self.settled: set[str] = set()
        """Given a status without running: nobody waits for them."""

    def weigh(self, step: StepSpec, data: st.DataObject) -> StepSpec:
        cpus = data.draw(CPUS)
        return step.model_copy(update={"resources": ResourceSettings(cpu_count=cpus)}) if cpus else step

    def declared(self, step: StepSpec) -> float:
        return min(step.resources.cpu_count or 0, self.cores) if step.resources else 0

    def ready(self) -> list[str]:
        """Return the steps that may start but for the CPUs, by definition."""
        if self.stopped:
            return []
        return [
            name
            for name in self.order
            if self.status[name] is Status.QUEUED and all(self.is_out_of_the_way(up) for up in self.waits[name])
        ]

    def is_out_of_the_way(self, name: str) -> bool:
        return self.status[name] in GOOD or name in self.settled

    def fitting(self) -> list[str]:
        """Return those of them whose turn it is: nobody who declares CPUs overtakes one who waits for them."""
        free = self.cores - sum(self.cpus[name] for name in self.found(Status.RUNNING))
        heavy = [name for name in self.ready() if self.cpus[name]]
        first = heavy[:1] if heavy and self.cpus[heavy[0]] <= free else []
        return [name for name in self.ready() if not self.cpus[name] or name in first]

    def found(self, *wanted: Status) -> list[str]:
        return [name for name in self.order if self.status[name] in wanted]

    def skip(self, names: set[str]) -> list[str]:
        skipped = [n for n in self.order if n in names and self.status[n] is Status.QUEUED]
        self.status.update(dict.fromkeys(skipped, Status.SKIPPED))
        return skipped

    def downstream(self, name: str) -> set[str]:
        found = {name}
        for step in self.order:
            if self.waits[step] & found and not self.status[step].is_finished:
                found.add(step)
        return found - {name}

    @rule()
    def take(self) -> None:
        expected = self.fitting()
        name = self.scheduler.take_ready()
        assert name == (expected[0] if expected else None)
        if name is not None:
            self.status[name] = Status.RUNNING

    @rule()
    def take_and_put_back(self) -> None:
        name = self.scheduler.take_ready()
        if name is not None:
            self.scheduler.put_back(name)
            assert self.scheduler.take_ready() == name
            self.status[name] = Status.RUNNING

    @precondition(lambda self: self.found(Status.RUNNING, Status.RETRYING))
    @rule(data=st.data(), status=st.sampled_from([Status.COMPLETED, Status.CACHED, Status.FAILED, Status.STOPPED]))
    def end(self, data: st.DataObject, status: Status) -> None:
        name = data.draw(st.sampled_from(self.found(Status.RUNNING, Status.RETRYING)))
        skipped = self.scheduler.end(name, status)
        self.status[name] = status
        if status in GOOD:
            expected: list[str] = []
        elif status is Status.STOPPED or self.mode is ExecutionMode.CONTINUE_ON_FAILURE:
            expected = self.skip(self.downstream(name))
        else:
            self.stopped = True
            expected = self.skip(set(self.status))
        assert skipped == expected

    def followers(self, chain: list[str]) -> list[str]:
        """Return the steps that wait for the last one of a chain and for nothing besides it, by definition."""
        return [
            name
            for name in self.order
            if self.status[name] is Status.QUEUED and not self.cpus[name] and not self.stopped
            and (left := {up for up in self.waits[name] if not self.is_out_of_the_way(up)})
            and chain[-1] in left and left <= set(chain)
        ]  # fmt: skip

    @precondition(lambda self: self.found(Status.RUNNING))
    @rule(data=st.data())
    def follow(self, data: st.DataObject) -> None:
        """Let steps begin at once where the one before them ended."""
        chain = [data.draw(st.sampled_from(self.found(Status.RUNNING)))]
        while (following := self.scheduler.follower(chain)) is not None:
            assert following == self.followers(chain)[0]
            chain.append(following)
        assert self.followers(chain) == []
        assert not self.scheduler.begin(chain[0]), "it runs"
        for before, name in itertools.pairwise(chain):
            assert self.scheduler.end(before, Status.COMPLETED) == []
            assert self.scheduler.has_ready
            assert self.scheduler.begin(name)
            self.status.update({before: Status.COMPLETED, name: Status.RUNNING})

    @precondition(lambda self: self.found(Status.RUNNING))
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.found(Status.RUNNING)))
        self.scheduler.retry(name)
        self.status[name] = Status.RETRYING

    @precondition(lambda self: self.found(Status.RETRYING) and not self.stopped)
    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.found(Status.RETRYING)))
        self.scheduler.again(name)
        self.status[name] = Status.QUEUED

    @precondition(lambda self: not self.stopped and self.found(Status.QUEUED))
    @rule(data=st.data(), status=st.sampled_from([Status.CACHED, Status.COMPLETED, Status.SKIPPED]))
    def settle(self, data: st.DataObject, status: Status) -> None:
        name = data.draw(st.sampled_from(self.found(Status.QUEUED)))
        self.scheduler.settle(name, status)
        self.status[name] = status
        self.settled.add(name)

    @precondition(lambda self: len(self.status) < 40)
    @rule(more=graphs(max_steps=4), data=st.data())
    def grow(self, more: list[StepSpec], data: st.DataObject) -> None:
        here, prefix = list(self.order), f"g{len(self.order)}_"
        new = [self.weigh(self.renamed(step, prefix, here, data), data) for step in more]
        self.waits.update({step.name: set(step.upstream()) for step in new})
        self.cpus.update({step.name: self.declared(step) for step in new})
        skipped = self.scheduler.add(new)
        self.order = self.scheduler.order
        assert self.order[: len(here)] == here
        self.status = {name: self.status.get(name, Status.QUEUED) for name in self.order}
        lost: set[str] = set()
        for name in self.order[len(here) :]:
            ups = [up for up in self.waits[name] if not self.is_out_of_the_way(up)]
            if self.stopped or any(up in lost or (up in here and self.status[up].is_finished) for up in ups):
                lost.add(name)
        assert skipped == self.skip(lost)

    @staticmethod
    def renamed(step: StepSpec, prefix: str, here: list[str], data: st.DataObject) -> StepSpec:
        inputs = {key: ref.model_copy(update={"step": prefix + ref.step}) for key, ref in step.inputs.items()}
        after = [prefix + name for name in step.after] + data.draw(st.lists(st.sampled_from(here), max_size=2))
        return step.model_copy(update={"name": prefix + step.name, "inputs": inputs, "after": after})

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
        assert self.scheduler.stopped == self.stopped
        running = self.found(Status.RUNNING)
        assert self.scheduler.in_status(Status.RUNNING) == running
        assert self.scheduler.has_ready == bool(self.ready())
        assert sum(self.cpus[name] for name in running) <= self.cores
        position = {name: place for place, name in enumerate(self.order)}
        assert all(position[up] < position[name] for name in self.order for up in self.waits[name])
        done = all(status.is_finished for status in self.status.values())
        assert self.scheduler.finished == done
        if not done:  # nothing hangs: something runs, waits for another attempt, or may start
            assert running or self.found(Status.RETRYING) or self.fitting()
            return
        found = set(self.status.values())
        if Status.FAILED in found:
            assert self.scheduler.outcome() is Status.FAILED
        elif Status.STOPPED in found or (self.stopped and Status.SKIPPED in found):
            assert self.scheduler.outcome() is Status.STOPPED
        else:
            assert self.scheduler.outcome() is Status.COMPLETED

    def teardown(self) -> None:
        """Let everything end well: every step that was not skipped, failed or stopped completes."""
        if not hasattr(self, "scheduler"):
            return
        scheduler = self.scheduler
        for name in scheduler.in_status(Status.RETRYING):
            scheduler.end(name, Status.STOPPED) if self.stopped else scheduler.again(name)
        while (taken := scheduler.take_ready()) is not None or scheduler.in_status(Status.RUNNING):
            for running in scheduler.in_status(Status.RUNNING):
                scheduler.end(running, Status.COMPLETED)
            assert taken is None or scheduler.status[taken] is Status.COMPLETED
        assert scheduler.finished


SchedulerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestScheduler = SchedulerMachine.TestCase
