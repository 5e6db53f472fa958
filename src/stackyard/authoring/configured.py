"""What run configurations say of steps, as options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from pydantic import BaseModel

from stackyard.authoring.options import HOOKS, StepOptions, read_step_options
from stackyard.authoring.vocabulary import STEP_CONFIGURATION, STEP_OPTIONS, checked_keywords
from stackyard.model.errors import Location, OptionError
from stackyard.model.names import with_article
from stackyard.model.options import CachePolicy, HookSpec, ModelSpec, ResourceSettings, StepRetryConfig
from stackyard.model.record import Record

_CODE_KEYS = {**STEP_CONFIGURATION, **STEP_OPTIONS}
_SOURCES = {f"{event}_hook_source": word for word, event in HOOKS.items()}


class Section(Record):
    """What a run configuration, or ``with_options(steps=...)``, says of one step."""

    options: StepOptions = field(default_factory=StepOptions)
    parameters: dict[str, Any] = field(default_factory=dict)
    given_as: str = "json"
    location: Location | None = None


def from_file(section: Mapping[str, Any]) -> StepOptions:
    """Return what a checked section of a run configuration says; settings and parameters are read elsewhere."""
    said = {key: value for key, value in section.items() if value is not None}
    models: dict[str, type[BaseModel]] = {
        "retry": StepRetryConfig,
        "model": ModelSpec,
        "cache_policy": CachePolicy,
        "resources": ResourceSettings,
    }
    found: dict[str, Any] = {
        key: said[key]
        for key in (
            "enable_cache", "experiment_tracker", "step_operator", "environment", "secrets", "tags", "extra",
            "substitutions",
        )
        if key in said
    }  # fmt: skip
    for key, model in models.items():
        if key in said:
            found[key] = model.model_validate(said[key])
    if "timeout" in said:
        found["timeout_s"] = float(said["timeout"])
    if "hooks" in said:
        found["hooks"] = {event: HookSpec.model_validate(hook) for event, hook in said["hooks"].items()}
    outputs: dict[str, Any] = said.get("outputs") or {}
    materializers = {name: list(told["materializers"]) for name, told in outputs.items() if told.get("materializers")}
    return StepOptions(**found, materializers=materializers)


def from_code(section: object, owner: str, location: Location | None) -> Section:
    """Return what ``with_options(steps={"step": ...})`` says of a step; keys as in run configurations or of ``@step``.

    Raises:
        OptionError: a key is unknown or refused, or a value can't be used.
    """
    dump = getattr(section, "model_dump", None)
    plain = dump(exclude_unset=True) if callable(dump) else section
    if not isinstance(plain, Mapping):
        raise OptionError(
            f"What steps= says of the {owner} is {with_article(type(section).__name__)}.",
            hint='Write: steps={"train": {"enable_cache": False}}',
            location=location,
        )
    given = checked_keywords({str(key): value for key, value in plain.items()}, _CODE_KEYS, owner, location)
    for source, word in _SOURCES.items():
        if source in given:
            given[word] = given.pop(source)
    outputs: Any = given.pop("outputs", None) or {}
    if outputs:
        given["output_materializers"] = {name: told["materializer_source"] for name, told in outputs.items()}
    options = read_step_options(given, owner, location)
    return Section(options.replace(parameters={}), options.parameters, "code", location)
