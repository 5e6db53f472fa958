"""Settings for stack components in code and run configuration: checked against the run's stack, and merged.

Keys are ``type`` or ``type.flavor``. Weakest first: the pipeline's code, the step's code, the run configuration, the
run configuration's section of the step. In one place ``type.flavor`` wins over ``type``. Settings for another flavor
than the stack's, or for a type that the stack lacks, are left out, so that the same code runs on any stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any

from stackyard.api.run_configuration import RunConfiguration
from stackyard.authoring.vocabulary import is_idle_setting
from stackyard.flavors.catalogue import AnyFlavor
from stackyard.model.enums import ComponentType
from stackyard.model.errors import Location, SettingsError
from stackyard.model.graph import GivenSettings, StepSpec
from stackyard.model.names import did_you_mean
from stackyard.model.problems import Problems
from stackyard.model.record import Record

_Merged = dict[ComponentType, dict[str, Any]]


class RunSettings(Record):
    """What the components of a run's stack were told."""

    run: _Merged = field(default_factory=dict)
    steps: dict[str, _Merged] = field(default_factory=dict)
    """Step to what counts for it; the run's are among them."""

    def of_run(self, component_type: ComponentType) -> dict[str, Any]:
        """Return a component's settings for the run as a whole."""
        return self.run.get(component_type, {})

    def of_step(self, step: str, component_type: ComponentType) -> dict[str, Any]:
        """Return a component's settings for a step."""
        return self.steps.get(step, {}).get(component_type, {})


class _Place(Record):
    """Settings as one place gives them."""

    values: Mapping[str, Any]
    owner: str
    """``step 'train'``, for messages."""
    locate: Callable[[str, str], Location | None]
    """Where a key is, or a setting below it."""
    of_step: bool = False


class SettingsResolver:
    """Checks the settings of a run and merges them; a growing pipeline's steps come batch by batch."""

    def __init__(
        self, pipeline: str, given: Iterable[GivenSettings], configuration: RunConfiguration, *,
        stack: Mapping[ComponentType, AnyFlavor], known: Callable[[ComponentType], list[str]], problems: Problems,
    ) -> None:  # fmt: skip
        """Check and merge what counts for the whole run.

        Args:
            pipeline: its name, for messages.
            given: what the pipeline's code says, weakest first.
            configuration: the run configuration.
            stack: the flavors of the run's stack.
            known: gives the names of a component type's flavors.
            problems: takes a SettingsError for an unknown component type, flavor or setting, and for a value that a
                flavor refuses; with file and line.
        """
        self._configuration = configuration
        self._checker = _Checker(stack, known, problems)
        self._code = self._checker.merged(_in_code(given, f"pipeline {pipeline!r}"))
        self._file = self._checker.merged(_configured(configuration, "the run configuration"))
        self.found = RunSettings(run=_over(self._code, self._file))

    def of_file(self, component_type: ComponentType) -> dict[str, Any]:
        """Return what the run configuration alone says to a component for the run as a whole."""
        return self._file.get(component_type, {})

    def add(self, steps: Iterable[StepSpec], problems: Problems) -> None:
        """Check and merge what counts for these steps; ``problems`` as above."""
        self._checker.problems = problems
        for step in steps:
            owner = f"step {step.name!r}"
            own = self._checker.merged(_in_code(step.settings, owner, of_step=True))
            sections = [name for name in (step.mapped_from, step.name) if name]
            places = [place for name in sections for place in _configured(self._configuration, owner, "steps", name)]
            section = self._checker.merged(places)
            merged = _over(self._code, own, self._file, section)
            if merged:
                self.found.steps[step.name] = merged


def _over(*weakest_first: _Merged) -> _Merged:
    merged: _Merged = {}
    for one in weakest_first:
        for component_type, values in one.items():
            merged[component_type] = {**merged.get(component_type, {}), **values}
    return merged


class _Checker:
    """Checks places one after the other."""

    def __init__(
        self, stack: Mapping[ComponentType, AnyFlavor], known: Callable[[ComponentType], list[str]], problems: Problems
    ) -> None:
        self._stack = stack
        self._known = known
        self.problems = problems

    def merged(self, places: Iterable[_Place]) -> _Merged:
        """Return what places say of the stack's components, the last one the strongest."""
        found: _Merged = {}
        for place in places:
            for key in sorted(place.values, key=lambda key: "." in key):  # type.flavor wins over type
                if is_idle_setting(key):
                    continue
                with self.problems.collecting():
                    self._add(place, key, found)
        return found

    def _add(self, place: _Place, key: str, found: _Merged) -> None:
        component_type = self._type_of(place, key)
        flavor = self._stack.get(component_type)
        if flavor is None or key.partition(".")[2] not in ("", flavor.name):
            return
        checked = self._check(place, key, flavor)
        if checked:
            found[component_type] = {**found.get(component_type, {}), **checked}

    def _type_of(self, place: _Place, key: str) -> ComponentType:
        name, dot, flavor = key.partition(".")
        types = [t.value for t in ComponentType]
        if name not in types:
            raise SettingsError(
                f"The settings of {place.owner} are for {name!r}, which is no component type.",
                hint=did_you_mean(name, types) or f"Component types: {', '.join(types)}.",
                location=place.locate(key, ""),
            )
        component_type = ComponentType(name)
        flavors = self._known(component_type) if dot else []
        if dot and flavor not in flavors:
            raise SettingsError(
                f"The settings of {place.owner} are for {key!r}: no {component_type.title} flavor is called "
                f"{flavor!r}.",
                hint=f"{did_you_mean(flavor, flavors)} Known flavors: {', '.join(flavors) or 'none'}.".strip(),
                location=place.locate(key, ""),
            )
        return component_type

    def _check(self, place: _Place, key: str, flavor: AnyFlavor) -> dict[str, Any]:
        values = place.values[key] if place.values[key] is not None else {}
        if not isinstance(values, dict):
            raise SettingsError(
                f"The settings {key!r} of {place.owner} must be a mapping, got {values!r}.",
                hint="Write the name of each setting and its value.",
                location=place.locate(key, ""),
            )
        if values and place.of_step and flavor.settings_scope == "pipeline":
            raise SettingsError(
                f"The settings {key!r} of {place.owner} can't be a step's: the flavor {flavor.name!r} takes them for "
                "the whole run.",
                hint="Give them to the pipeline, or at the top of the run configuration.",
                location=place.locate(key, ""),
            )
        try:
            return flavor.validate_settings(values, f"settings {key!r} of {place.owner}")
        except SettingsError as error:
            said = error.message.partition(place.owner)[2]
            error.location = place.locate(key, next((n for n in values if repr(n) in said or f"{n}=" in said), ""))
            raise


def _in_code(given: Iterable[GivenSettings], owner: str, *, of_step: bool = False) -> list[_Place]:
    return [_Place(one.values, owner, _locator(one), of_step=of_step) for one in given]


def _locator(given: GivenSettings) -> Callable[[str, str], Location | None]:
    return lambda _key, _name: Location(given.file, given.line) if given.file else None


def _configured(configuration: RunConfiguration, owner: str, *section: str) -> list[_Place]:
    values: Any = configuration.step(section[1]) if section else configuration.values
    settings = values.get("settings")
    if not settings:
        return []

    def locate(key: str, name: str) -> Location:
        return configuration.location(*section, "settings", key, *([name] if name else []))

    return [_Place({str(k): v for k, v in settings.items()}, owner, locate, of_step=bool(section))]
