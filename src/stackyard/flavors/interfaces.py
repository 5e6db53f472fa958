"""What a component of each type can do; artifact stores have their own interface in ``stackyard.storage``.

Invariant: components are made from a validated configuration with secrets filled in; nothing is read, made or connected
before a method is called. They live in drivers, workers and commands of the user's interpreter, never in the server.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Finding:
    """What a component's own check found."""

    severity: Literal["ok", "warning", "error"]
    code: str
    """Short and stable, for machines: ``login_refused``."""
    message: str
    """One sentence."""
    fix: str = ""
    """The command that mends it, or what to do."""


class Component(ABC):  # noqa: B024  # a component need not be checkable
    """What every component can be asked."""

    def check(self) -> list[Finding]:
        """Return whether it can be used from here, now: reachable, writable, allowed. Ends within a few seconds."""
        return []


@dataclass(frozen=True)
class TrackedStep:
    """The step that an experiment tracker follows."""

    step_name: str
    step_run_id: str
    run_id: str
    run_name: str
    pipeline_name: str
    stack_name: str
    settings: dict[str, Any] = field(default_factory=dict)
    """What code and run configuration say for the tracker."""


class ExperimentTracker(Component):
    """Keeps what steps log about their experiments."""

    @abstractmethod
    def track(self, step: TrackedStep) -> contextlib.AbstractContextManager[dict[str, Any]]:
        """Follow a step while it runs, in its worker process.

        Returns:
            A context; what it gives is logged as the step's metadata: links as texts.
        """


@dataclass(frozen=True)
class RunAlert:
    """How a run ended; ``document`` is the same as JSON."""

    run_id: str
    run_name: str
    pipeline: str
    project: str
    stack: str
    status: str
    """``completed``, ``failed``, ``stopped``."""
    started_at: str
    ended_at: str
    duration_s: float
    error: str = ""
    """Message of the first error; empty when there was none."""
    failed_steps: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)


class Alerter(Component):
    """Tells people how a run ended."""

    @abstractmethod
    def run_ended(self, alert: RunAlert) -> None:
        """Tell it. Must end within its own timeout; an error is reported and never fails the run.

        Raises:
            ComponentError: the alert could not be delivered.
        """


class ContainerRegistry(Component):
    """Keeps container images."""

    @abstractmethod
    def tags(self, repository: str) -> list[str]:
        """Return the tags of an image repository, in alphabetical order.

        Raises:
            ComponentError: it can't be reached, refuses, or has no such repository.
        """
