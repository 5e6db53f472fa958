"""The options of steps: those of one place in the code, and how the places' options come together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from stackyard.authoring.option_values import Reader, without_repeats
from stackyard.authoring.sources import read_hook
from stackyard.model.errors import Location
from stackyard.model.graph import GivenSettings
from stackyard.model.options import CachePolicy, HookEvent, HookSpec, ModelSpec, ResourceSettings, StepRetryConfig
from stackyard.model.record import Record

HOOKS: dict[str, HookEvent] = {
    "on_start": "start", "on_success": "success", "on_failure": "failure", "on_end": "end"
}  # fmt: skip


class StepOptions(Record):
    """What one place (a decorator, ``with_options``, a section of a run configuration) says of steps.

    None and empty mean that it says nothing.
    """

    enable_cache: bool | None = None
    retry: StepRetryConfig | None = None
    timeout_s: float | None = None
    model: ModelSpec | None = None
    cache_policy: CachePolicy | None = None
    experiment_tracker: str | bool | None = None
    step_operator: str | bool | None = None
    resources: ResourceSettings | None = None
    environment: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    settings: list[GivenSettings] = field(default_factory=list)
    """Weakest first."""
    hooks: dict[HookEvent, HookSpec] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    substitutions: dict[str, str] = field(default_factory=dict)
    materializers: dict[str, list[str]] = field(default_factory=dict)
    """Output, or ``*`` for every one, to ``module:Class``."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """Values of parameters as Python has them; a call's own are stronger."""

    def under(self, stronger: StepOptions) -> StepOptions:
        """Return what both say together: mappings and lists are joined, of the rest the stronger one counts."""
        changes: dict[str, Any] = {}
        for name in _FIELDS:
            new = getattr(stronger, name)
            if new is None or (not new and new is not False):
                continue
            old = getattr(self, name)
            if isinstance(new, dict):
                changes[name] = {**old, **new}
            elif isinstance(new, list):
                changes[name] = [*old, *new] if name == "settings" else without_repeats([*old, *new])
            elif isinstance(new, ResourceSettings) and old is not None:
                changes[name] = old.model_copy(update={each: getattr(new, each) for each in new.model_fields_set})
            else:
                changes[name] = new
        return self.replace(**changes) if changes else self

    def without_those_of(self, stronger: StepOptions) -> StepOptions:
        """Return these options without the mappings and lists that the others say anew: ``merge=False``."""
        empty = StepOptions()
        taken = [
            name for name in _FIELDS if isinstance(getattr(stronger, name), (dict, list)) and getattr(stronger, name)
        ]
        return self.replace(**{name: getattr(empty, name) for name in taken})


_FIELDS = StepOptions.field_names


def read_step_options(given: Mapping[str, Any], owner: str, location: Location | None) -> StepOptions:
    """Return the options that a decorator or ``with_options`` was given; None says nothing.

    Args:
        given: keyword to value.
        owner: "step 'x'" or "pipeline 'x'", for messages.
        location: where.

    Raises:
        OptionError: a keyword is unknown or refused, or a value can't be used.
        SettingsError: ``settings`` are no mapping of mappings.
        DefinitionError: ``secrets`` or ``tags`` are no list of names.
    """
    said = {keyword: value for keyword, value in given.items() if value is not None}
    read = Reader(owner, location)
    settings, resources = read.settings(said.get("settings"))
    return StepOptions(
        enable_cache=read.switch("enable_cache", said.get("enable_cache")),
        retry=read.retry(said.get("retry")),
        timeout_s=read.timeout(said.get("timeout")),
        model=read.model(said.get("model")),
        cache_policy=read.cache_policy(said.get("cache_policy")),
        experiment_tracker=read.component("experiment_tracker", said.get("experiment_tracker")),
        step_operator=read.component("step_operator", said.get("step_operator")),
        resources=read.resources("resources", said.get("resources")) or resources,
        environment=read.environment(said.get("environment")),
        secrets=read.names("secrets", said.get("secrets"), "names of secrets"),
        settings=settings,
        hooks={event: read_hook(said[word], word, owner, location) for word, event in HOOKS.items() if word in said},
        tags=read.names("tags", said.get("tags"), "tags"),
        extra=read.mapping("extra", said.get("extra")),
        substitutions=read.substitutions(said.get("substitutions")),
        materializers=read.materializers(said.get("output_materializers")),
        parameters=read.arguments("parameters", said.get("parameters")),
    )
