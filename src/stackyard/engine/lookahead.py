"""Which steps are given to a worker before they can begin: it need not wait for the driver between two of them."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING

from stackyard.engine.executor import StepExecutor
from stackyard.engine.scheduler import Scheduler
from stackyard.engine.steps import Steps
from stackyard.model.job import StepOutcome

if TYPE_CHECKING:
    from stackyard.model.graph import StepSpec

LONGEST = 5
"""Steps in a row that are given ahead at most: as many as end while the driver records some twenty at once, and few
enough that little is done twice after a crash."""


class Lookahead:
    """Gives steps ahead that will run in any case once the step before them has completed.

    Invariant: a step that was given ahead is queued until its worker says that it began, and is never started otherwise
    meanwhile.
    """

    def __init__(self, steps: Steps, scheduler: Scheduler, executor: StepExecutor, unstartable: Container[str]) -> None:
        """Start with nothing given; steps that can't begin are left to whoever says so of them."""
        self._steps = steps
        self._unstartable = unstartable
        self._scheduler = scheduler
        self._ahead = executor.ahead
        self._begun: list[str] = []
        """Steps that began since the last look."""
        self._next: dict[str, str] = {}
        """Step that runs or was given ahead, to the one that was given to follow it."""

    def begun(self, name: str) -> None:
        """Take note of a step that a worker executes."""
        if self._ahead is not None:
            self._begun.append(name)

    def give(self) -> None:
        """Give what can follow the steps that began; while other steps wait for room take back what was given."""
        begun, self._begun = self._begun, []
        if self._ahead is None or not (begun or self._next):
            return
        if self._scheduler.has_ready:
            for name in self._next.keys() - self._next.values():
                self._ahead.drop_ahead(self._steps.ids[self._next[name]])
            return
        for name in begun:
            chain = [name]
            while chain[-1] in self._next:
                chain.append(self._next[chain[-1]])
            while len(chain) <= LONGEST:
                following = self._scheduler.follower(chain)
                if following is None or not self._may_be_given(self._steps.specs[following]):
                    break
                if not self._ahead.submit_ahead(self._steps.job_ahead(self._steps.specs[following], chain[-1])):
                    break
                self._next[chain[-1]] = following
                chain.append(following)

    def ended(self, name: str, outcome: StepOutcome) -> None:
        """Take note of how a step ended; what was given to follow it begins, or was forgotten."""
        following = self._next.pop(name, None)
        if following is not None and self._steps.ids[following] != outcome.followed_by:
            while following is not None:
                following = self._next.pop(following, None)

    def drop(self, name: str) -> None:
        """Take back a step that ended without having begun."""
        if self._ahead is not None and name in self._next.values():
            self._ahead.drop_ahead(self._steps.ids[name])

    def _may_be_given(self, spec: StepSpec) -> bool:
        """Tell whether a step runs whatever it is given, with nothing that is looked at when it begins."""
        if spec.name in self._unstartable:
            return False
        looked_at = spec.enable_cache or spec.cache_policy is not None or spec.retry is not None
        members = any(ref.item is not None for ref in spec.inputs.values())
        return not (looked_at or members or self._steps.components[spec.name].secrets)
