"""The recorded pipeline: step specs, edges, order.

Invariant: pure; positions (file and line) are part of the values, since every message about a graph needs them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from stackyard.model.base import Message, no_entries, no_items
from stackyard.model.errors import CycleError, Location
from stackyard.model.options import CachePolicy, HookEvent, HookSpec, ModelSpec, ResourceSettings, StepRetryConfig


class StepSource(Message):
    """Where a worker finds a step's function."""

    module: str
    qualname: str
    file: str = ""
    line: int = 0
    """First line of the function, counted from 1."""
    pickled: str = ""
    """Base64 of the cloudpickled function, for ``__main__`` and notebooks; else empty."""
    classes: dict[str, str] = Field(default_factory=no_entries)
    """Script and name (``/a/run.py:Config``) to base64 of the cloudpickled class, of those that inputs may be of."""


class OutputRef(Message):
    """An output of a step of the same run."""

    step: str
    """Name of the step in the pipeline."""
    output: str
    item: int | None = None
    """Which member of the output's value (a sequence) is meant; None: the whole."""
    item_digest: str = ""
    """Digest of that member where it is a JSON value: what the cache compares instead of the whole output."""


class OutputSpec(Message):
    """An output as the signature names it."""

    name: str
    """Name among the step's outputs: from ``Annotated``, else ``output`` or ``output_<i>``."""
    artifact_name: str
    """Name of the artifact that the output's versions belong to."""
    type: str = ""
    """Its annotation as people write it; empty when there is none."""
    materializers: list[str] = Field(default_factory=no_items)
    """``module:Class`` of materializers that are asked first, in this order."""
    tags: list[str] = Field(default_factory=no_items)
    metadata: dict[str, Any] = Field(default_factory=no_entries)
    """What ``ArtifactConfig(run_metadata=...)`` says of every version."""
    artifact_type: Literal["", "model", "data", "deployment"] = ""
    """What it is for the model that the step works on."""


class GivenSettings(Message):
    """Settings for stack components as one place in the code gives them."""

    values: dict[str, dict[str, Any]]
    """``type`` or ``type.flavor`` to setting to value."""
    file: str = ""
    line: int = 0


class StepSpec(Message):
    """A step as recorded in a pipeline."""

    name: str
    """Unique in the pipeline."""
    mapped_from: str = ""
    """Name of the step whose ``map`` made this call: its section of a run configuration counts for all of them."""
    source: StepSource
    parameters: dict[str, Any] = Field(default_factory=no_entries)
    """JSON values, defaults included, validated by the annotations."""
    inputs: dict[str, OutputRef] = Field(default_factory=no_entries)
    """Input to where it comes from; ``name[0]``, ``name[1]`` ... are the members of a list that ``name`` was given."""
    external_inputs: dict[str, str] = Field(default_factory=no_entries)
    """Input (or ``name[i]``) to the id of an artifact version that exists already."""
    after: list[str] = Field(default_factory=no_items)
    """Steps that must have ended well although nothing is taken from them."""
    outputs: list[OutputSpec] = Field(default_factory=no_items)
    enable_cache: bool = True
    environment: dict[str, str] = Field(default_factory=no_entries)
    secrets: list[str] = Field(default_factory=no_items)
    """Names of the secrets whose keys the step finds as environment variables; a later one wins."""
    settings: list[GivenSettings] = Field(default_factory=no_items)
    """Weakest first; those of the pipeline and of the run configuration are not among them."""
    experiment_tracker: str | bool | None = None
    """Name of the stack's experiment tracker, or True for whichever it has."""
    step_operator: str | bool | None = None
    """Name of the stack's step operator, or True for whichever it has."""
    retry: StepRetryConfig | None = None
    timeout_s: float | None = None
    """Seconds after which an attempt is stopped and has failed."""
    resources: ResourceSettings | None = None
    hooks: dict[HookEvent, HookSpec] = Field(default_factory=no_entries)
    """The step's own, else the pipeline's."""
    model: ModelSpec | None = None
    """The step's own, else the pipeline's."""
    tags: list[str] = Field(default_factory=no_items)
    extra: dict[str, Any] = Field(default_factory=no_entries)
    """Whatever the user wants to find again in the step's context."""
    cache_policy: CachePolicy | None = None
    substitutions: dict[str, str] = Field(default_factory=no_entries)
    """Placeholder to text, for names of artifacts: ``{date}`` and ``{time}`` are always there."""
    file: str = ""
    """File of the call inside the pipeline."""
    line: int = 0

    def upstream(self) -> list[str]:
        """Return the names of the steps this one waits for, without repeats, in order of first mention."""
        return list(dict.fromkeys([ref.step for ref in self.inputs.values()] + self.after))


class PipelineSpec(Message):
    """A pipeline as recorded: what will run."""

    name: str
    steps: list[StepSpec] = Field(default_factory=no_items)
    parameters: dict[str, Any] = Field(default_factory=no_entries)
    tags: list[str] = Field(default_factory=no_items)
    extra: dict[str, Any] = Field(default_factory=no_entries)
    model: ModelSpec | None = None
    on_init: HookSpec | None = None
    """Called in the driver before the first step; when it fails the run does."""
    on_cleanup: HookSpec | None = None
    """Called in the driver after the last step, however the run ended."""
    file: str = ""
    line: int = 0

    def step(self, name: str) -> StepSpec | None:
        """Return the step, or None."""
        return next((s for s in self.steps if s.name == name), None)


def topological_order(steps: Iterable[StepSpec]) -> list[str]:
    """Return the step names level by level: each comes after what it waits for; in a level, in recorded order.

    Raises:
        CycleError: naming the steps that wait for each other.
    """
    specs = {s.name: s for s in steps}
    waits = {name: {u for u in spec.upstream() if u in specs} for name, spec in specs.items()}
    order: list[str] = []
    done: set[str] = set()
    position = {name: i for i, name in enumerate(specs)}
    users: dict[str, list[str]] = {name: [] for name in specs}
    for name, ups in waits.items():
        for up in ups:
            users[up].append(name)
    ready = [name for name, ups in waits.items() if not ups]
    while ready:
        batch: list[str] = []
        for name in ready:
            order.append(name)
            done.add(name)
            for user in users[name]:
                waits[user].discard(name)
                if not waits[user]:
                    batch.append(user)
        ready = sorted(batch, key=position.__getitem__)
    if len(order) < len(specs):
        stuck = [name for name in specs if name not in done]
        first = specs[stuck[0]]
        raise CycleError(
            f"Steps wait for each other: {', '.join(stuck)}.",
            hint="Remove one of the inputs or after= among them.",
            location=Location(first.file, first.line) if first.file else None,
        )
    return order
