"""``stackyard.yaml``: what it declares, and everything that is wrong with it, each problem with its line."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from yaml.nodes import Node, ScalarNode

from stackyard.api.context import Context
from stackyard.api.lookup import check_labels, find_component_type
from stackyard.flavors.catalogue import AnyFlavor, find_flavor
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ComponentType
from stackyard.model.errors import (
    ComponentConfigurationError,
    InvalidNameError,
    Location,
    ProjectFileError,
    SecretReferenceError,
    StackValidationError,
    StackyardError,
    UnknownFlavorError,
)
from stackyard.model.names import check_name, did_you_mean
from stackyard.model.record import Record
from stackyard.model.stack import DEFAULT_NAME, Registry
from stackyard.storage.yaml_file import (
    Problem,
    compose_file,
    document_problems,
    is_empty,
    is_mapping,
    location,
    pairs,
    plain,
)

VERSION = 1
KEYS = ("version", "project", "components", "stacks")
PROJECT_KEYS = ("name", "source_root")
COMPONENT_KEYS = ("flavor", "configuration", "labels")
MAX_SHOWN = 3
_SUPPORTED = re.compile(rf"{VERSION}(\.\d+)?")
_NEWER = re.compile(r"\d{1,9}(\.\d+)?")

Pairs = dict[str, tuple[Node, Node]]


class DeclaredComponent(Record):
    """A component as the file wants it."""

    component_type: ComponentType
    name: str
    flavor: str
    configuration: dict[str, Any]
    """Accepted by the flavor; an artifact store's path is absolute."""
    labels: dict[str, str]
    location: Location


class DeclaredStack(Record):
    """A stack as the file wants it."""

    name: str
    components: dict[ComponentType, str]
    """Component type to name: of a component of the file or of the registry."""
    labels: dict[str, str]
    location: Location


class StackFile(Record):
    """What a file declares."""

    path: Path
    components: tuple[DeclaredComponent, ...] = ()
    stacks: tuple[DeclaredStack, ...] = ()


def read_stack_file(path: Path, registry: Registry) -> StackFile:
    """Read a file of stacks and components, and check all of it.

    Args:
        path: absolute.
        registry: whose flavors and components count as known.

    Raises:
        ProjectFileError: it can't be read, or something is wrong in it; the message names the first problems,
            ``details["problems"]`` has all of them as objects of line, column, message and hint.
    """
    root = compose_file(path, "", ProjectFileError)
    reader = _Reader(path, registry)
    if root is None or is_empty(root):
        raise ProjectFileError(
            f"{path} is empty.", hint=f"Start it with: version: {VERSION}", location=Location(str(path))
        )
    reader.read(root)
    if reader.problems:
        raise _refusal(path, reader.problems)
    return StackFile(path, tuple(reader.components), tuple(reader.stacks))


def declared_stacks(ctx: Context) -> list[str]:
    """Return the names of the stacks in the project's ``stackyard.yaml``, whatever is wrong with it; never raises."""
    path = ctx.scope.file
    try:
        root = compose_file(path, "", ProjectFileError) if path else None
    except ProjectFileError:
        return []
    top = pairs(root) if root else {}
    return list(pairs(top["stacks"][1])) if "stacks" in top else []


class _Reader:
    """Collects what a file declares, and every problem on the way."""

    def __init__(self, path: Path, registry: Registry) -> None:
        self.problems: list[Problem] = []
        self.components: list[DeclaredComponent] = []
        self.stacks: list[DeclaredStack] = []
        self._path = path
        self._registry = registry
        self._names = {(c.component_type, c.name) for c in registry.components}
        self._flavors = {(c.component_type, c.name): c.flavor for c in registry.components}
        self._spoilt: set[int] = set()
        """Lines that YAML itself reads otherwise than they are meant: what they contain is not worth a word."""

    def read(self, root: Node) -> None:
        """Read all sections."""
        top = self._mapping(root, "The file")
        self._check_version(root, top)
        self.problems = document_problems(root, self._path)
        self._spoilt = {problem.location.line for problem in self.problems}
        self._check_keys(top, KEYS, "The file")
        project = self._section(top, "project")
        self._check_keys(project, PROJECT_KEYS, "'project'")
        for name, (_, value) in project.items():
            self._text(value, f"'project.{name}'")
        components = self._section(top, "components")
        for word, (key, value) in components.items():
            try:
                component_type = find_component_type(word)
            except StackValidationError as error:
                self._add(key, error.message, error.hint)
                continue
            for name, (name_key, definition) in self._mapping(value, f"'components.{word}'").items():
                self._read_component(component_type, name, name_key, definition)
        for name, (name_key, definition) in self._section(top, "stacks").items():
            self._read_stack(name, name_key, definition)

    def _check_version(self, root: Node, top: Pairs) -> None:
        """Refuse a file of another version, whose other problems mean nothing."""
        key, node = top.get("version", (root, root))
        text = node.value if isinstance(node, ScalarNode) else ""
        if _SUPPORTED.fullmatch(text):
            return
        message = f"The version must be {VERSION}."
        hint = f"Write: version: {VERSION}"
        if "version" not in top:
            message = "The file has no version."
        elif _NEWER.fullmatch(text) and int(text.split(".")[0]) > VERSION:
            message = f"The file has version {text}; this Stackyard reads version {VERSION}."
            hint = "Upgrade Stackyard in this environment."
        raise ProjectFileError(message, hint=hint, location=location(key, self._path))

    def _read_component(self, component_type: ComponentType, name: str, key: Node, definition: Node) -> None:
        what = f"{component_type.title} {name!r}"
        self._names.add((component_type, name))
        self._check_name(name, component_type.title, key, protected=component_type in REQUIRED_COMPONENT_TYPES)
        fields = self._mapping(definition, f"The {what}")
        if not (is_mapping(definition) or is_empty(definition)):
            return
        self._check_keys(fields, COMPONENT_KEYS, f"The {what}")
        labels = self._labels(fields, what)
        if "flavor" not in fields:
            self._add(key, f"The {what} has no flavor.", "Add: flavor: local")
            return
        flavor_name = self._text(fields["flavor"][1], f"The flavor of the {what}")
        if flavor_name is None:
            return
        registered = self._flavors.get((component_type, name), flavor_name)
        if registered != flavor_name:
            self._add(
                fields["flavor"][1],
                f"The {what} is registered with the flavor {registered!r}, which can't be changed.",
                "Declare the new one under another name.",
            )
            return
        try:
            flavor = find_flavor(component_type, flavor_name, self._registry.flavors)
        except UnknownFlavorError as error:
            self._add(fields["flavor"][1], error.message, error.hint)
            return
        configuration = self._configuration(flavor, fields, key, what)
        place = location(key, self._path)
        self.components.append(DeclaredComponent(component_type, name, flavor_name, configuration, labels, place))

    def _configuration(self, flavor: AnyFlavor, fields: Pairs, key: Node, what: str) -> dict[str, Any]:
        """Return a configuration; the flavor names one problem at a time, so what it refused is left out and tried."""
        given = self._mapping(fields["configuration"][1], f"The configuration of the {what}") if (
            "configuration" in fields
        ) else {}  # fmt: skip
        values = {name: plain(value) for name, (_, value) in given.items()}
        path = values.get("path")
        if flavor.component_type is ComponentType.ARTIFACT_STORE and isinstance(path, str) and "://" not in path:
            # Not Path.expanduser: that raises for the home of a user that there is not.
            values["path"] = os.path.normpath(self._path.parent / os.path.expanduser(path)) if path.strip() else path  # noqa: PTH111
        rest = dict(values)
        while True:
            try:
                flavor.validate(rest, what)
            except (ComponentConfigurationError, SecretReferenceError) as error:
                attribute = str(error.details.get("attribute", ""))
                if attribute in rest or attribute not in values:
                    self._add(given.get(attribute, (key, key))[0], error.message, _hint(error, attribute))
                if attribute not in rest:
                    return values
                del rest[attribute]
            else:
                return values

    def _read_stack(self, name: str, key: Node, definition: Node) -> None:
        what = f"stack {name!r}"
        self._check_name(name, "stack", key, protected=True)
        fields = self._mapping(definition, f"The {what}")
        if not (is_mapping(definition) or is_empty(definition)):
            return
        labels = self._labels(fields, what)
        types = [t.value for t in ComponentType]
        self._check_keys(fields, [*types, "labels"], f"The {what}")
        components = {}
        for component_type in ComponentType:
            if component_type.value not in fields:
                continue
            node = fields[component_type.value][1]
            component = self._text(node, f"The {component_type.title} of the {what}")
            if component is None:
                continue
            components[component_type] = component
            if (component_type, component) not in self._names:
                known = sorted(n for t, n in self._names if t is component_type)
                listing = f"Declare it under components.{component_type.value}, or register it."
                self._add(
                    node,
                    f"The {what} names the {component_type.title} {component!r}, which is neither in this file nor "
                    "registered.",
                    f"{did_you_mean(component, known)} {listing}".strip(),
                )
        missing = [t for t in REQUIRED_COMPONENT_TYPES if t.value not in fields]
        if missing:
            self._add(
                key,
                f"The {what} has no {' and no '.join(t.title for t in missing)}.",
                f"Every stack needs one. Add: {', '.join(f'{t.value}: {DEFAULT_NAME}' for t in missing)}",
            )
        self.stacks.append(DeclaredStack(name, components, labels, location(key, self._path)))

    def _check_name(self, name: str, noun: str, key: Node, *, protected: bool) -> None:
        try:
            check_name(name, noun)
        except InvalidNameError as error:
            self._add(key, error.message, error.hint)
        if protected and name == DEFAULT_NAME:
            self._add(key, f"The {noun} {name!r} is always there and can't be declared.", "Give yours another name.")

    def _labels(self, fields: Pairs, what: str) -> dict[str, str]:
        if "labels" not in fields:
            return {}
        found = {}
        for name, (key, value) in self._mapping(fields["labels"][1], f"'labels' of the {what}").items():
            text = self._text(value, f"The label {name!r} of the {what}")
            try:
                found.update(check_labels({name: text or ""}))
            except InvalidNameError as error:
                self._add(key, error.message, error.hint)
        return found

    def _section(self, top: Pairs, name: str) -> Pairs:
        return self._mapping(top[name][1], f"'{name}'") if name in top else {}

    def _mapping(self, node: Node, what: str) -> Pairs:
        if not is_mapping(node) and not is_empty(node):
            self._add(node, f"{what} must be a mapping.", "Write one NAME: VALUE a line, indented.")
        return pairs(node)

    def _text(self, node: Node, what: str) -> str | None:
        """Return a text as it is written, also where YAML would read a number or a date."""
        if isinstance(node, ScalarNode) and not is_empty(node):
            return str(node.value)
        self._add(node, f"{what} must be a text.", "Write it behind the colon.")
        return None

    def _check_keys(self, found: Pairs, known: tuple[str, ...] | list[str], what: str) -> None:
        for name, (key, _) in found.items():
            if name not in known:
                hint = f"{did_you_mean(name, list(known))} Known: {', '.join(known)}.".strip()
                self._add(key, f"{what} has the unknown key {name!r}.", hint)

    def _add(self, node: Node, message: str, hint: str) -> None:
        place = location(node, self._path)
        if place.line not in self._spoilt:
            self.problems.append(Problem(message, place, hint))


def _hint(error: StackyardError, attribute: str) -> str:
    if isinstance(error, SecretReferenceError) and " takes a reference" in error.message:
        return f'stackyard secret create my_secret, then write {attribute}: "{{{{my_secret.{attribute}}}}}"'
    return error.hint


def _refusal(path: Path, problems: list[Problem]) -> ProjectFileError:
    """Return one error for all problems: whole for a single one, else a line each."""
    ordered = sorted(problems, key=lambda p: (p.location.line, p.location.column))
    first = ordered[0]
    details = [
        {"line": p.location.line, "column": p.location.column, "message": p.message, "hint": p.hint} for p in ordered
    ]
    if len(ordered) == 1:
        return ProjectFileError(first.message, hint=first.hint, location=first.location, problems=details)
    lines = [f"{p.location}: {p.message}{_nearest(p.hint)}" for p in ordered[:MAX_SHOWN]]
    rest = len(ordered) - len(lines)
    more = f" And {rest} more problem{'s' if rest > 1 else ''}." if rest else ""
    return ProjectFileError(
        "\n".join(lines) + more,
        hint=f"Correct {path.name}; nothing was changed.",
        location=first.location,
        problems=details,
    )


def _nearest(hint: str) -> str:
    found = re.match(r"Did you mean '[^']*'\?|Quote it: .*", hint)
    return f" {found[0]}" if found else ""
