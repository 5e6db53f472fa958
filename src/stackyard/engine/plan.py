"""What a run is told before it begins, beside its graph: plain values, gathered by whoever starts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from stackyard.engine.cache import KnownVersion
from stackyard.engine.reporter import RunFacts
from stackyard.model.artifact import Manifest
from stackyard.model.enums import ExecutionMode, Status
from stackyard.model.graph import StepSpec
from stackyard.model.job import ComponentSpec, Secrets, StepError
from stackyard.model.record import Record

if TYPE_CHECKING:
    from stackyard.authoring.step import StepDefinition
    from stackyard.model.redaction import Redactor


class StepComponents(Record):
    """What a step takes from its stack."""

    artifact_store: ComponentSpec
    experiment_tracker: ComponentSpec | None = None
    secrets: Secrets | None = None
    """Values of all secrets that the step and its components name."""


class KeptStep(Record):
    """A step that does not run, and what stands instead."""

    status: Status
    """``completed`` or ``cached`` with its outputs, or ``skipped``."""
    outputs: Mapping[str, KnownVersion] = field(default_factory=dict)
    """In the order of the signature."""
    source_run_id: str = ""
    """The run whose outputs they are; empty: this run's own, before it was resumed."""
    detail: str = ""
    """``skipped``: why, in words."""


class EarlierSteps(Record):
    """What is known of steps before they begin; of those of a new run nothing, so that all of them run."""

    ids: Mapping[str, str] = field(default_factory=dict)
    """Step to its step run, where that is in the catalog already."""
    kept: Mapping[str, KeptStep] = field(default_factory=dict)
    """Step to what stands instead of it; each comes after those that it waits for."""
    again: Mapping[str, str] = field(default_factory=dict)
    """Step to why it runs again although it completed before, as a sentence."""


class Upload(Record):
    """A value from outside that was stored for the run."""

    placeholder: str
    """What stands for its id in :attr:`StepSpec.external_inputs`."""
    manifest: Manifest


class Batch(Record):
    """Steps that were checked and are to run; a pipeline that grows comes in several."""

    specs: list[StepSpec]
    definitions: Mapping[str, StepDefinition]
    """At least those of the specs, by name."""
    components: Mapping[str, StepComponents]
    """Step to what it takes from the stack."""
    external: Mapping[str, KnownVersion] = field(default_factory=dict)
    """Artifact version id to version, for inputs that exist before the run."""
    uploads: list[Upload] = field(default_factory=list)
    earlier: EarlierSteps = field(default_factory=EarlierSteps)
    redactor: Redactor | None = None
    """Masks the secrets of these steps and of all before."""


class StepEnd(Record):
    """How a step ended, for a pipeline function that waits for its value."""

    status: Status
    outputs: Mapping[str, KnownVersion] = field(default_factory=dict)
    error: StepError | None = None
    detail: str = ""
    """``skipped``: why, in words."""


class RunPlan(Record):
    """What a run needs to know beside its graph."""

    facts: RunFacts
    project_id: str
    max_workers: int
    mode: ExecutionMode
    import_paths: list[str]
    working_directory: str
    external: dict[str, KnownVersion]
    """Artifact version id to version, for inputs that exist before the run."""
    steps: dict[str, StepComponents]
    """Step to what it takes from the stack."""
    redactor: Redactor | None = None
    """Masks the run's secrets; None without any."""
    tags: tuple[str, ...] = ()
    """Of the run."""
    cores: float = float("inf")
    """CPUs that steps which declare some take together at most."""
    earlier: EarlierSteps = field(default_factory=EarlierSteps)
    """Of the steps that are known by now."""
    uploads: list[Upload] = field(default_factory=list)
    growing: bool = False
    """More steps may come: the run lasts until :meth:`Growth.seal`."""
    notes: tuple[str, ...] = ()
    """What is to be said when the run begins."""
    init: Callable[[], None] | None = None
    """Called before the first step; when it raises, the run fails."""
    cleanup: Callable[[], None] | None = None
    """Called after the last step, however the run ended."""
