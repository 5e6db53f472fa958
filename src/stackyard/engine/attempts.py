"""Attempts to execute steps: their jobs, and what is known of one while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from stackyard.engine.cache import CacheDecision, KnownVersion
from stackyard.engine.executor import LogData
from stackyard.engine.limits import threads_per_worker
from stackyard.engine.materializer_classes import classes_to_send
from stackyard.engine.plan import RunPlan, StepComponents
from stackyard.engine.reporter import Reporter
from stackyard.engine.tracebacks import with_source
from stackyard.model.artifact import Manifest
from stackyard.model.base import seconds_between
from stackyard.model.enums import Status
from stackyard.model.graph import PipelineSpec, StepSource, StepSpec
from stackyard.model.job import Secrets, StepError, StepEvent, StepJob, StepLimits, StepOutcome
from stackyard.model.options import HookEvent, HookSpec, ModelVersionRef
from stackyard.model.record import Record
from stackyard.storage.ids import now
from stackyard.storage.logs import StepLog


class Attempt(Record, frozen=False):
    """One attempt of a step, from its job to its outcome."""

    spec: StepSpec
    job: StepJob
    secrets: Secrets | None
    inputs: Mapping[str, KnownVersion]
    decision: CacheDecision
    detail: str
    """Why the step was not reused, without secrets."""
    texts: Mapping[str, str]
    """The code that was not met before, without secrets."""
    began_at: str = ""
    """As the catalog writes moments."""
    first_began_at: str = ""
    """When the step's first attempt began."""
    ended_at: str = ""
    ending: Literal["", "stop", "timeout"] = ""
    """Why it was asked to stop."""
    logged: dict[str, Any] = field(default_factory=dict)
    links: dict[str, Any] = field(default_factory=dict)
    """What its experiment tracker says."""
    saved: dict[str, Manifest] = field(default_factory=dict)
    """Output to what was stored."""
    error_before: StepError | None = None
    """Why the attempt before failed."""
    _log: StepLog | None = None

    @property
    def log(self) -> StepLog:
        """Return the step's log; all attempts write into one."""
        assert self._log is not None  # noqa: S101  # begin comes first
        return self._log

    def begin(self, logs: Path, reporter: Reporter, at: str = "") -> None:
        """Note when it began, now if nothing is said; what comes of it is written to a file in a folder."""
        path = logs / f"{self.job.step_run_id}.jsonl"
        self._log = StepLog(path, lambda text: reporter.warning(f"step {self.spec.name}: {text}"))
        self.began_at = at or now()
        self.first_began_at = self.first_began_at or self.began_at

    def end(self, outcome: StepOutcome) -> tuple[Status, StepError | None]:
        """Note when it ended; return how, and why it failed."""
        self.ended_at = outcome.ended_at or now()
        return self._status_of(outcome), self._error_of(outcome)

    @property
    def duration_s(self) -> float:
        """Return how long the step took when it has ended, as the catalog counts it: with the attempts before."""
        return seconds_between(self.first_began_at, self.ended_at)

    def following(self, error: StepError) -> tuple[Attempt, float]:
        """Say in the log that this one failed; return the next attempt and the seconds until it begins."""
        retry = self.spec.retry
        assert retry is not None  # noqa: S101  # may_be_repeated was asked
        wait_s = retry.wait_s(self.number)
        when = f"in {wait_s:g} s" if wait_s else "now"
        failed = f"Attempt {self.number} of {retry.max_retries + 1} failed: {error.type}: {error.message}"
        self.log.write("log", f"{failed} (the next one begins {when})", level="warning")
        job = self.job.model_copy(update={"attempt": self.number + 1})
        following = Attempt(
            self.spec, job, self.secrets, self.inputs, self.decision, self.detail, {},
            first_began_at=self.first_began_at, error_before=error,
        )  # fmt: skip
        return following, wait_s

    @property
    def job_to_send(self) -> StepJob:
        """Return the job; the hook for failures is left out of attempts that may be followed by another one."""
        if "failure" not in self.job.hooks or not self.may_be_repeated:
            return self.job
        hooks = {event: hook for event, hook in self.job.hooks.items() if event != "failure"}
        return self.job.model_copy(update={"hooks": hooks})

    @property
    def number(self) -> int:
        """Return which attempt it is, counted from 1."""
        return self.job.attempt

    def take(self, event: StepEvent | LogData, reporter: Reporter) -> None:
        """Note and tell something that happened in the step."""
        if isinstance(event, LogData):
            self.log.write(event.stream, event.data)
            reporter.step_output(self.spec.name, event.stream, event.data, "")
        elif event.kind == "log":
            self.log.write("log", event.text, level=event.level, at=event.at)
            reporter.step_output(self.spec.name, "log", event.text + "\n", event.level)
        elif event.kind == "metadata":
            (self.links if event.of_run else self.logged).update(event.values)
        elif event.kind == "artifact_saved" and event.manifest is not None:
            self.saved[event.output] = event.manifest

    @property
    def metadata(self) -> dict[str, Any]:
        """What the step logged comes first."""
        return {**self.logged, **self.links}

    @property
    def may_be_repeated(self) -> bool:
        """Tell whether another attempt follows if this one fails."""
        return self.spec.retry is not None and self.number <= self.spec.retry.max_retries

    def _status_of(self, outcome: StepOutcome) -> Status:
        """Return how the attempt ended; one that completed in spite of being stopped has completed."""
        if outcome.status != "completed" and self.ending:
            return Status.STOPPED if self.ending == "stop" else Status.FAILED
        return Status(outcome.status)

    def _error_of(self, outcome: StepOutcome) -> StepError | None:
        """Return why the attempt failed; of one that ran out of time, where it was then."""
        error = outcome.error
        if error is not None and error.traceback:
            error = error.model_copy(update={"traceback": with_source(error.traceback)})
        if self.ending != "timeout":
            return error
        return (error or StepError(type="", message="")).model_copy(
            update={
                "type": "StepTimeout",
                "message": f"timed out after {self.spec.timeout_s:g} s",
                "hint": "Give the step more time with timeout=, or find out what it waits for: see its log.",
            }
        )


class Jobs:
    """Makes the jobs of one run."""

    def __init__(self, plan: RunPlan, pipeline: PipelineSpec) -> None:
        """Take what all jobs share."""
        self._plan = plan
        self._pipeline = pipeline
        self._level: dict[str, int] = {}
        self._on_level: Counter[int] = Counter()
        self._width = 1

    def know(self, spec: StepSpec) -> None:
        """Take a new step into account; those that it waits for come before it.

        The largest number of steps on one level of the graph is how many can run side by side, at least.
        """
        level = 1 + max((self._level.get(up, 0) for up in spec.upstream()), default=0)
        self._level[spec.name] = level
        self._on_level[level] += 1
        self._width = max(self._width, self._on_level[level])

    def new(
        self, spec: StepSpec, *, step_run_id: str, source: StepSource, inputs: Mapping[str, KnownVersion],
        components: StepComponents, model: ModelVersionRef | None, hooks: dict[HookEvent, HookSpec],
    ) -> StepJob:  # fmt: skip
        """Return the job of a step's first attempt."""
        facts = self._plan.facts
        return StepJob(
            run_id=facts.run_id,
            run_name=facts.name,
            step_run_id=step_run_id,
            step_name=spec.name,
            pipeline_name=facts.pipeline,
            project_id=self._plan.project_id,
            stack_name=facts.stack,
            source=source,
            import_paths=self._plan.import_paths,
            working_directory=self._plan.working_directory,
            parameters=spec.parameters,
            inputs={key: version.as_input() for key, version in inputs.items()},
            outputs=spec.outputs,
            materializers=classes_to_send(),
            artifact_store=components.artifact_store,
            experiment_tracker=components.experiment_tracker,
            environment=spec.environment,
            secrets=spec.secrets,
            limits=StepLimits(threads=self._threads(spec), timeout_s=spec.timeout_s),
            hooks=hooks,
            model=model,
            tags=list(self._plan.tags),
            extra={**self._pipeline.extra, **spec.extra},
        )

    def _threads(self, spec: StepSpec) -> int:
        if spec.resources is not None and spec.resources.cpu_count:
            return max(1, int(spec.resources.cpu_count))
        return threads_per_worker(min(self._width, self._plan.max_workers))


def step_configuration(spec: StepSpec) -> dict[str, Any]:
    """Return what code and run configuration say of a step, as the catalog keeps it; values of variables left out."""
    found: dict[str, Any] = spec.model_dump(mode="json", exclude_defaults=True, include=_RECORDED)
    if spec.retry is not None:
        found["retry"] = spec.retry.model_dump(mode="json")
    own = {name: text for name, text in spec.substitutions.items() if name not in {"date", "time"}}
    if own:
        found["substitutions"] = own
    if spec.hooks:
        found["hooks"] = {event: f"{hook.module}.{hook.qualname}" for event, hook in spec.hooks.items()}
    return found


_RECORDED = {
    "enable_cache", "secrets", "experiment_tracker", "step_operator", "timeout_s", "resources", "model", "extra",
    "cache_policy",
}  # fmt: skip
