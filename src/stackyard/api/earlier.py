"""Steps that need not run: those of a run that is gone on with, and those outside of what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Protocol

from stackyard.api.context import Context
from stackyard.api.runs import get_run
from stackyard.engine.cache import KnownVersion, StepCache
from stackyard.engine.plan import EarlierSteps, KeptStep
from stackyard.model.enums import Status
from stackyard.model.errors import ResumeError, StackyardError, StepRunNotFoundError, UsageError
from stackyard.model.graph import StepSpec
from stackyard.model.names import did_you_mean
from stackyard.model.record import Record
from stackyard.model.views import RunView
from stackyard.storage.catalog.reader import CatalogReader

LOOKED_AT = 100
"""Runs that are searched for the newest with all outputs that are needed."""

States = Mapping[str, tuple[str, Status]]
"""Step to step run id and status."""


class Earlier(Protocol):
    """Says what is known of steps before they begin; asked batch by batch, in the order in which they are recorded."""

    def of(self, specs: Sequence[StepSpec], *, growing: bool) -> EarlierSteps:
        """Return what is known of steps.

        Args:
            specs: the next ones; of a pipeline that is wired as a whole, all.
            growing: more may come.

        Raises:
            StackyardError: a step is to run and what it needs is not there.
        """

    def check_end(self, names: Iterable[str]) -> None:
        """Take a last look when all steps are recorded.

        Raises:
            UsageError: what was asked for is none of them.
        """


class NothingEarlier:
    """A new run: all steps run."""

    def of(self, specs: Sequence[StepSpec], *, growing: bool) -> EarlierSteps:  # noqa: ARG002
        """Return that nothing is known."""
        return EarlierSteps()

    def check_end(self, names: Iterable[str]) -> None:
        """Be content."""


class Resumed(Record, frozen=False):
    """A run that is gone on with: what it completed is kept, if it is still there."""

    states: States
    cache: StepCache
    start_from: str = ""
    """The run was asked for this step, and those that need it."""
    only: str = ""
    """The run was asked for this step alone."""
    _again: set[str] = field(default_factory=set)
    """Steps that completed before and run again, and all that need them."""
    _asked: set[str] = field(default_factory=set)

    def of(self, specs: Sequence[StepSpec], *, growing: bool) -> EarlierSteps:  # noqa: ARG002
        """Return the completed steps with their outputs."""
        kept: dict[str, KeptStep] = {}
        again: dict[str, str] = {}
        for spec in specs:
            step_run_id, status = self.states.get(spec.name, ("", Status.QUEUED))
            asked = self._is_asked(spec)
            if not status.is_success:
                if not asked:
                    kept[spec.name] = KeptStep(Status.SKIPPED, detail="not asked for")
                continue
            if any(up in self._again for up in spec.upstream()):
                self._again.add(spec.name)  # the cache may know it with the new inputs, too
                continue
            why, outputs = "", dict[str, KnownVersion]()
            try:
                outputs = self.cache.outputs_of(step_run_id)
            except StackyardError as error:
                why = error.message
            if not why and list(outputs) != [output.name for output in spec.outputs]:
                why = "It has other outputs now."
            if why:
                self._again.add(spec.name)
                again[spec.name] = f"Step {spec.name!r} runs again: {why}"
            else:
                kept[spec.name] = KeptStep(status, outputs)
        ids = {spec.name: self.states[spec.name][0] for spec in specs if spec.name in self.states}
        return EarlierSteps(ids, kept, again)

    def _is_asked(self, spec: StepSpec) -> bool:
        """Tell whether the step was to run, as :class:`TakenOver` decided when the run began."""
        if self.only or not self.start_from:
            return self.only in ("", spec.name)
        if spec.name == self.start_from or any(up in self._asked for up in spec.upstream()):
            self._asked.add(spec.name)
        return spec.name in self._asked

    def check_end(self, names: Iterable[str]) -> None:
        """Be content: a pipeline that grows may grow otherwise this time."""


class TakenOver(Record, frozen=False):
    """Only some steps run; what they need of others is that of an earlier run."""

    ctx: Context
    reader: CatalogReader
    cache: StepCache
    pipeline: str
    store_id: str
    first: str
    """The step that was named."""
    only: bool
    """It runs alone; else with all that need it."""
    run: str | None
    """Name or id of the earlier run; None: the newest that has what is needed."""
    _running: set[str] = field(default_factory=set)
    _source: RunView | None = None
    _states: States = field(default_factory=dict)
    _missing: dict[str, str] = field(default_factory=dict)
    """Step that does not run to why it has no outputs."""

    def of(self, specs: Sequence[StepSpec], *, growing: bool) -> EarlierSteps:
        """Return what stands instead of the steps that do not run."""
        names = [spec.name for spec in specs]
        if not growing:
            self.check_end(names)
        for spec in specs:
            if spec.name == self.first or (not self.only and any(up in self._running for up in spec.upstream())):
                self._running.add(spec.name)
        needed = {ref.step for s in specs if s.name in self._running for ref in s.inputs.values()} - self._running
        if self._source is None:
            self._choose(needed, growing=growing)
        kept: dict[str, KeptStep] = {}
        for spec in specs:
            if spec.name in self._running:
                self._require(spec)
            elif self.only and not growing and spec.name not in needed:
                kept[spec.name] = KeptStep(Status.SKIPPED, detail="not asked for")
            else:
                kept[spec.name] = self._taken(spec)
        return EarlierSteps(kept=kept)

    def check_end(self, names: Iterable[str]) -> None:
        """Insist on the step that was named."""
        known = list(names)
        if self.first not in known:
            raise UsageError(
                f"The pipeline {self.pipeline!r} has no step {self.first!r}.",
                hint=f"{did_you_mean(self.first, known)} Its steps: {', '.join(known)}.".strip(),
            )

    def _choose(self, needed: set[str], *, growing: bool) -> None:
        """Find the run that outputs are taken of."""
        if self.run is not None:
            self._source = get_run(self.ctx, self.run)
            self._states = self.reader.step_states(self._source.id)
            return
        page = self.reader.list_runs(self.ctx.scope.id, pipeline=self.pipeline, limit=LOOKED_AT, cursor=None)
        for run in page.items:
            states = self.reader.step_states(run.id)
            wanted = {self.first} if growing else needed
            if all(name in states and (growing or states[name][1].is_success) for name in wanted):
                self._source, self._states = run, states
                return
        if needed:
            raise StepRunNotFoundError(
                f"No run of the pipeline {self.pipeline!r} has the outputs of: {', '.join(sorted(needed))}.",
                hint="Run the whole pipeline first, or name a run that has them with --inputs-of RUN.",
            )

    def _taken(self, spec: StepSpec) -> KeptStep:
        """Return the outputs of a step that does not run, or why there are none."""
        name = self._source.name if self._source else ""
        step_run_id, status = self._states.get(spec.name, ("", Status.QUEUED))
        why = ""
        if not step_run_id:
            why = f"the run {name!r} has no such step" if name else "there is no earlier run"
        elif not status.is_success:
            why = f"in the run {name!r} it is {status}"
        else:
            places = self.reader.outputs_of_step_run(step_run_id)
            elsewhere = next((place for place in places if place.artifact_store_id != self.store_id), None)
            if elsewhere is not None:
                why = f"those of the run {name!r} lie in the artifact store {elsewhere.artifact_store!r}"
            elif [place.output for place in places] != [output.name for output in spec.outputs]:
                why = f"in the run {name!r} it had other outputs"
        if not why:
            try:
                outputs = self.cache.outputs_of(step_run_id)
            except StackyardError as error:
                why = error.message
            else:
                return KeptStep(Status.CACHED, outputs, self._source.id if self._source else "", detail=name)
        self._missing[spec.name] = why
        return KeptStep(Status.SKIPPED, detail=f"not asked for, and {why}")

    def _require(self, spec: StepSpec) -> None:
        """Refuse to run a step without what it takes."""
        for key, ref in spec.inputs.items():
            if ref.step in self._missing:
                raise StepRunNotFoundError(
                    f"The input {key!r} of step {spec.name!r} is the output {ref.output!r} of step {ref.step!r}, which "
                    f"is not there: {self._missing[ref.step].rstrip('.')}.",
                    hint="Run the whole pipeline, or name a run that has it with --inputs-of RUN.",
                )


def require_same_graph(specs: Sequence[StepSpec], run: RunView) -> None:
    """Insist that a pipeline, wired as a whole, is the one that a run began with.

    Raises:
        ResumeError: naming the differences.
    """
    now, before = {s.name: set(s.upstream()) for s in specs}, {s.name: set(s.upstream) for s in run.steps}
    differences = {
        "new": [name for name in now if name not in before],
        "gone": [name for name in before if name not in now],
        "with other inputs": [name for name in now if name in before and now[name] != before[name]],
    }
    told = "; ".join(f"{what}: {', '.join(names)}" for what, names in differences.items() if names)
    if told:
        raise ResumeError(
            f"The run {run.name!r} can't be gone on with: its pipeline has other steps now ({told}).",
            hint="Start a new run: what did not change is reused from the cache.",
        )
