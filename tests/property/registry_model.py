"""What a user would write on paper about the registry: plain dictionaries, and what each command should say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType
from stackyard.model.errors import (
    AlreadyExistsError,
    ComponentConfigurationError,
    ComponentNotFoundError,
    InUseError,
    ProjectFileError,
    ProtectedError,
    StackNotFoundError,
    StackValidationError,
    StackyardError,
    UsageError,
)
from stackyard.model.stack import default_registry

ORCHESTRATOR, STORE, ALERTER, TRACKER = (
    ComponentType.ORCHESTRATOR,
    ComponentType.ARTIFACT_STORE,
    ComponentType.ALERTER,
    ComponentType.EXPERIMENT_TRACKER,
)
TYPES = [ORCHESTRATOR, STORE, ALERTER, TRACKER]
FLAVORS = {ORCHESTRATOR: "local", STORE: "local", ALERTER: "webhook", TRACKER: "mlflow"}
REQUIRED = {ALERTER: "url"}
BAD, DEFAULT = object(), object()

ATTRIBUTES: dict[ComponentType, list[tuple[str, Any, Any]]] = {
    ORCHESTRATOR: [
        ("max_workers", "3", 3),
        ("max_workers", 7, 7),
        ("execution_mode", "fail_fast", "fail_fast"),
        ("execution_mode", "continue_on_failure", DEFAULT),
        ("max_workers", "many", BAD),
    ],
    STORE: [("path", "data/one", "data/one"), ("path", "data/../two", "two"), ("path", "s3://bucket", BAD)],
    ALERTER: [
        ("url", "http://a.test/x", "http://a.test/x"),
        ("url", "https://b.test", "https://b.test"),
        ("retries", "3", 3),
        ("retries", "1", DEFAULT),
        ("url", "gopher://c", BAD),
    ],
    TRACKER: [("experiment_name", "e", "e"), ("experiment_name", "f", "f"), ("ghost", "x", BAD)],
}
"""Of each type: name, what is given, what is stored. The first is the required one, the last is refused."""
RARE = 19
"""The number that chooses what is refused."""

Parts = dict[ComponentType, int]
Names = dict[ComponentType, str]
File = tuple[dict[tuple[ComponentType, str], tuple[list[int], dict[str, str]]], dict[str, tuple[Parts, dict[str, str]]]]

new_names = st.sampled_from(["a", "A", "größe", "my store", "default"])
known = st.integers(0, RARE)
"""Which of the things that there are; the last one: one that there is not."""
types = st.sampled_from(TYPES)
picks = st.lists(st.integers(0, RARE), max_size=2)
labels = st.dictionaries(st.sampled_from(["team", "größe"]), st.sampled_from(["", "x", "a=b"]), max_size=1)
bys = st.sampled_from(["name", "id", "prefix"])
parts = st.fixed_dictionaries({ORCHESTRATOR: known, STORE: known}, optional={ALERTER: known, TRACKER: known})
file_names = st.sampled_from([*"aaabbbccc", "A", "größe", "my store", "default"])
files = st.tuples(
    st.dictionaries(st.tuples(types, file_names), st.tuples(picks, labels), max_size=3),
    st.dictionaries(file_names, st.tuples(parts, labels), max_size=2),
)

Error = type[StackyardError] | None


def is_in_home(configuration: dict[str, Any]) -> bool:
    """Tell whether a store has the folder that it was given."""
    return not Path(configuration["path"]).is_absolute()


def one_of(names: Iterable[str], number: int) -> str:
    """Return one of the names, rarely one that is none of them."""
    found = sorted(names)
    return found[number % len(found)] if found and number < RARE else "ghost"


@dataclass
class Component:
    id: str
    configuration: dict[str, Any]
    labels: dict[str, str]
    managed: bool = False


@dataclass
class Stack:
    id: str
    components: dict[str, str]
    """Component type to id."""
    labels: dict[str, str]
    managed: bool = False


@dataclass
class Given:
    """A configuration as it is given, and what should be stored of it."""

    values: dict[str, Any]
    stored: dict[str, Any]
    bad: bool

    @classmethod
    def pick(cls, component_type: ComponentType, picks: list[int], folder: str | Path, *, whole: bool) -> Given:
        """Choose some of the attributes; a relative path counts from the folder.

        Args:
            component_type: whose.
            picks: numbers up to ``RARE``.
            folder: of relative paths.
            whole: with the required one, unless the first number is ``RARE - 1``.
        """
        *good, refused = ATTRIBUTES[component_type]
        options = [refused if n == RARE else good[n % len(good)] for n in picks]
        if whole and component_type in REQUIRED and picks[:1] != [RARE - 1]:
            options = [good[0], *options]
        stored = {
            key: str(Path(folder, value)) if key == "path" and value is not BAD else value for key, _, value in options
        }
        bad = any(value is BAD for value in stored.values())
        return cls({key: given for key, given, _ in options}, stored, bad)

    def on(self, kept: dict[str, Any]) -> dict[str, Any]:
        """Return what is stored when it is put on what is there."""
        return {key: value for key, value in {**kept, **self.stored}.items() if value is not DEFAULT}


@dataclass
class Declared:
    """A file of stacks and components."""

    components: dict[tuple[ComponentType, str], tuple[Given, dict[str, str]]]
    stacks: dict[str, tuple[dict[ComponentType, str], dict[str, str]]]

    def document(self) -> dict[str, Any]:
        """Return it as it is written."""
        components: dict[str, Any] = {}
        for (component_type, name), (given, labels) in self.components.items():
            found = {"flavor": FLAVORS[component_type], "configuration": given.values, "labels": labels}
            components.setdefault(component_type.value, {})[name] = found
        stacks = {
            name: {**{t.value: component for t, component in parts.items()}, "labels": labels}
            for name, (parts, labels) in self.stacks.items()
        }
        return {"version": 1, "components": components, "stacks": stacks}


@dataclass
class Paper:
    """The registry, and who chose which stack."""

    components: dict[ComponentType, dict[str, Component]] = field(default_factory=dict)
    stacks: dict[str, Stack] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)
    """Scope (``project``, ``home``) to stack id."""

    def __post_init__(self) -> None:
        defaults = default_registry()
        for component_type in TYPES:
            found = defaults.components_of(component_type)
            self.components[component_type] = {c.name: Component(c.id, c.configuration, {}) for c in found}
        self.stacks = {s.name: Stack(s.id, s.components, {}) for s in defaults.stacks}

    @property
    def active(self) -> str:
        """Name of the active stack."""
        chosen = self.chosen.get("project") or self.chosen.get("home") or self.stacks["default"].id
        return next(name for name, stack in self.stacks.items() if stack.id == chosen)

    def name_of(self, component_type: str, component_id: str) -> str:
        """Name of a component."""
        return next(name for name, c in self.components[ComponentType(component_type)].items() if c.id == component_id)

    def stacks_using(self, component_id: str) -> list[str]:
        """Names of the stacks that have a component."""
        return sorted(name for name, stack in self.stacks.items() if component_id in stack.components.values())

    def paths(self, besides: str) -> set[str]:
        """Paths of all artifact stores but one."""
        return {c.configuration["path"] for c in self.components[STORE].values() if c.id != besides}

    def protected(self, component_type: ComponentType, name: str) -> bool:
        """Tell whether it is always there."""
        return name == "default" and component_type in REQUIRED_COMPONENT_TYPES

    def refused(self, component_type: ComponentType, name: str, *, change: bool = True) -> Error:
        """What is said of any command about a component."""
        if name not in self.components[component_type]:
            return ComponentNotFoundError
        return ProtectedError if change and self.protected(component_type, name) else None

    def refused_stack(self, name: str, *, change: bool = True) -> Error:
        """What is said of any command about a stack."""
        if name not in self.stacks:
            return StackNotFoundError
        return ProtectedError if change and name == "default" else None

    def refused_removal(self, component_type: ComponentType, name: str, attribute: str) -> Error:
        """What is said when an attribute should go."""
        error = self.refused(component_type, name)
        if error:
            return error
        configuration = self.components[component_type][name].configuration
        unset = attribute not in configuration or (attribute == "path" and is_in_home(configuration))
        return ComponentConfigurationError if unset or attribute == REQUIRED.get(component_type) else None

    def refused_rename(self, things: dict[str, Any], name: str, new_name: str) -> Error:
        """What is said of a new name for something that may be renamed."""
        if name == new_name:
            return UsageError
        return AlreadyExistsError if new_name in things else None

    def refused_parts(self, parts: dict[ComponentType, str]) -> Error:
        """What is said of the components that a stack should have."""
        return ComponentNotFoundError if any(n not in self.components[t] for t, n in parts.items()) else None

    def refused_taking_out(self, name: str, component_type: ComponentType) -> Error:
        """What is said when a stack should lose a component."""
        error = self.refused_stack(name)
        if error:
            return error
        if component_type in REQUIRED_COMPONENT_TYPES:
            return StackValidationError
        return None if component_type.value in self.stacks[name].components else ComponentNotFoundError

    def refused_deletion(self, name: str) -> Error:
        """What is said when a stack should go."""
        error = self.refused_stack(name)
        return error or (InUseError if self.stacks[name].id in self.chosen.values() else None)

    def refused_file(self, file: Declared) -> Error:
        """What is said of a file, whatever is done with it."""
        for (component_type, name), (given, _) in file.components.items():
            required = REQUIRED.get(component_type)
            if given.bad or self.protected(component_type, name) or (required and required not in given.values):
                return ProjectFileError
        for name, (parts, _) in file.stacks.items():
            unknown = [t for t, n in parts.items() if n not in self.components[t] and (t, n) not in file.components]
            if unknown or name == "default":
                return ProjectFileError
        return None

    def differing(self, file: Declared) -> list[str]:
        """Names of what is there and not as the file says."""
        found = []
        for (component_type, name), (given, labels) in file.components.items():
            there = self.components[component_type].get(name)
            if there and (self.put_on(there, component_type, given) != there.configuration or labels != there.labels):
                found.append(name)
        for name, (parts, labels) in file.stacks.items():
            stack = self.stacks.get(name)
            if stack:
                names = {ComponentType(t): self.name_of(t, c) for t, c in stack.components.items()}
                # A component that the file declares and that is not there yet can't be one that the stack has.
                if (names, stack.labels) != (parts, labels):
                    found.append(name)
        return found

    def put_on(self, there: Component, component_type: ComponentType, given: Given) -> dict[str, Any]:
        """Return what a file makes of a component's configuration; a folder in home that it was given stays."""
        target = given.on({})
        if component_type is STORE and "path" not in target and is_in_home(there.configuration):
            target["path"] = there.configuration["path"]
        return target

    def pruned(self, file: Declared) -> tuple[list[str], list[tuple[ComponentType, str]]]:
        """Names of the stacks, and the components, that a file made and no longer names; after it was applied."""
        stacks = [name for name, stack in self.stacks.items() if stack.managed and name not in file.stacks]
        used = {c for name, stack in self.stacks.items() if name not in stacks for c in stack.components.values()}
        components = [
            (t, name)
            for t, found in self.components.items()
            for name, c in found.items()
            if c.managed and (t, name) not in file.components and c.id not in used
        ]
        return stacks, components
