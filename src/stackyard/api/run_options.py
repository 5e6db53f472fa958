"""What is asked for beside a pipeline when it is run."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from stackyard.model.errors import UsageError
from stackyard.model.record import Record


class RunOptions(Record):
    """What was asked for beside the pipeline; stronger than what code and run configuration say."""

    stack: str | None = None
    enable_cache: bool | None = None
    config: str | None = None
    run_name: str | None = None
    run_id: str | None = None
    """Chosen by whoever started the driver; None: a new one."""
    parameters: dict[str, Any] = field(default_factory=dict)
    parameters_given_as: str = "code"
    """``code`` (Python values), ``json`` (of a request), ``text`` (typed)."""
    resume: str | None = None
    """Id of a run that ended before it completed, to be gone on with: completed steps are kept."""
    start_from: str | None = None
    """Name of a step: it runs, and all that need it; the outputs of all others are those of ``inputs_of``."""
    only: str | None = None
    """Name of the single step to run, with inputs of ``inputs_of``."""
    inputs_of: str | None = None
    """Name or id of the run that ``start_from`` and ``only`` take inputs from; None: the newest that has them."""
    tags: tuple[str, ...] = ()
    """Added to those of the pipeline."""
    max_workers: int | None = None
    """Steps at the same time at most; None: what the orchestrator says."""
    execution_mode: str | None = None
    """A word of :class:`ExecutionMode`; None: what code, run configuration and orchestrator say."""
    in_process: bool = False
    """Steps are executed one after the other in the driver's own process, for debuggers and profilers."""
    request: dict[str, Any] = field(default_factory=dict)
    """What would start this run again: ``kind`` (``file``, ``script``, ``module``, ``code``), ``file``, ``function``,
    ``arguments``, ``parameters``, ``parameters_given_as``, ``config``, ``stack``, ``enable_cache``, ``cwd``."""

    def check(self) -> None:
        """Refuse what can't be asked for at once.

        Raises:
            UsageError: two ways to choose the steps that run, or inputs of a run for nothing.
        """
        chosen = [word for word in ("resume", "start_from", "only") if getattr(self, word) is not None]
        if len(chosen) > 1:
            raise UsageError(
                f"A run can't {' and '.join(_WORDS[word] for word in chosen)} at once.", hint="Ask for one of them."
            )
        if self.inputs_of is not None and chosen not in (["start_from"], ["only"]):
            raise UsageError(
                f"The inputs of the run {self.inputs_of!r} are wanted, and no step to run with them is named.",
                hint="Name it: --from STEP, or --only STEP.",
            )


_WORDS = {"resume": "be resumed", "start_from": "start from a step", "only": "consist of one step only"}
