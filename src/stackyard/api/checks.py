"""Whether stacks and components can be used.

Two kinds of looking: static checks read the registry and ask the disk, quick enough for every redraw of an editor, and
import nothing of flavors; live checks open the component in this interpreter and ask it. The server uses static ones.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from stackyard.api.active import Choice, choices, command_to_leave, require_active, resolve_active
from stackyard.api.components import flavor_of, resolved_configuration
from stackyard.api.context import Context
from stackyard.api.findings import as_check, error, fine, warning, worst
from stackyard.api.folder_checks import folder_findings
from stackyard.api.lookup import command_of, find_component, find_stack, is_default, shell_word, words_of
from stackyard.flavors.base import Flavor
from stackyard.flavors.catalogue import AnyFlavor
from stackyard.flavors.requirements import installed_version, missing_requirements
from stackyard.model.enums import REQUIRED_COMPONENT_TYPES, ActiveStackOrigin, ComponentType
from stackyard.model.errors import ActiveStackGoneError, FormatTooNewError, StackyardError
from stackyard.model.record import Record
from stackyard.model.secret import references_in
from stackyard.model.stack import Registry, Stack, StackComponent
from stackyard.model.stack_views import CheckView, FindingView
from stackyard.storage.home import HOME_VARIABLE


class Installed(Record):
    """The packages of the environment in which runs start."""

    versions: Mapping[str, str] | None = None
    """Normalised distribution name to version; None: those of this interpreter."""
    known: bool = True
    """False: nobody looked yet, so nothing is missed."""
    where: str = "this environment"
    """For messages."""
    pip: str = "pip install"
    """The command that adds packages to it."""

    def missing(self, requirements: Iterable[str]) -> list[str]:
        """Return the requirements that are not met."""
        wanted = list(requirements)
        return missing_requirements(wanted, self.versions) if wanted and self.known else []

    def version(self, distribution: str) -> str | None:
        """Return the installed version of a distribution, or None."""
        return installed_version(distribution, self.versions)


HERE = Installed()


def check_stack(
    ctx: Context, name_or_id: str | None = None, live: bool = True, installed: Installed = HERE
) -> CheckView:
    """Check a stack and each of its components.

    Args:
        ctx: where.
        name_or_id: of the stack; None means the active one.
        live: also open the components and ask them; imports flavors' code.
        installed: packages of the environment in which runs start.

    Raises:
        StackNotFoundError: there is none.
        UsageError: the prefix means several.
    """
    registry = ctx.registry.read()
    found: list[FindingView] = []
    if name_or_id is None:
        choice = resolve_active(ctx, registry)
        found.extend(active_findings(ctx, registry, choice))
        if choice.stack is None:
            return as_check(f"stack {choice.name!r}" if choice.name else "active stack", found)
        stack = choice.stack
    else:
        stack = find_stack(registry, name_or_id)
    checker = Checker(ctx, registry, installed, live=live)
    return as_check(f"stack {stack.name!r}", [*found, *checker.stack(stack)])


def check_component(
    ctx: Context, component_type: ComponentType, name_or_id: str, live: bool = True, installed: Installed = HERE
) -> CheckView:
    """Check a component; see :func:`check_stack`.

    Raises:
        ComponentNotFoundError: there is none.
        UsageError: the prefix means several.
    """
    registry = ctx.registry.read()
    component = find_component(registry, component_type, name_or_id)
    found = Checker(ctx, registry, installed, live=live).component(component)
    return as_check(words_of(component), found)


def check_stacks(ctx: Context, installed: Installed = HERE) -> dict[str, CheckView]:
    """Check all stacks, statically; return stack id to check of those that have a problem or a warning."""
    registry = ctx.registry.read()
    checker = Checker(ctx, registry, installed, live=False)
    checks = {stack.id: as_check(f"stack {stack.name!r}", checker.stack(stack)) for stack in registry.stacks}
    return {stack_id: check for stack_id, check in checks.items() if worst(check.findings) != "ok"}


def active_findings(ctx: Context, registry: Registry, choice: Choice) -> Iterator[FindingView]:
    """Yield what is wrong with the choice of the active stack."""
    subject = f"active stack {choice.name!r}" if choice.name else "active stack"
    if choice.stack is None:
        try:
            require_active(choice)
        except ActiveStackGoneError as gone:
            too_new = isinstance(choice.problem, FormatTooNewError)
            yield error("active_stack_gone", subject, gone.message, gone.hint if too_new else command_to_leave(choice))
    elif choice.origin is ActiveStackOrigin.ENVIRONMENT:
        weaker = next((c for c in choices(ctx, registry) if c.origin is not choice.origin), None)
        if weaker is not None and weaker.name != choice.name:
            message = f"It is {choice.origin_text}, which overrides {weaker.name!r}, {weaker.origin_text}."
            yield warning("active_stack_overridden", subject, message, command_to_leave(choice))


class Checker:
    """Checks what one registry holds, each component once, whatever the number of stacks that share it."""

    def __init__(self, ctx: Context, registry: Registry, installed: Installed, *, live: bool) -> None:
        """Remember what is looked at."""
        self._ctx = ctx
        self._registry = registry
        self._installed = installed
        self._live = live
        self._by_id = {component.id: component for component in registry.components}
        self._known: dict[str, list[FindingView]] = {}

    def stack(self, stack: Stack) -> list[FindingView]:
        """Return the findings of a stack and its components, in the order of the component types."""
        return [*self.parts(stack), *(f for c in self.components(stack) for f in self.component(c))]

    def components(self, stack: Stack) -> list[StackComponent]:
        """Return the components of a stack that exist, in the order of the component types."""
        ids = (stack.components.get(t.value, "") for t in ComponentType)
        return [self._by_id[component_id] for component_id in ids if component_id in self._by_id]

    def parts(self, stack: Stack) -> Iterator[FindingView]:
        """Yield what is wrong with the choice of components of a stack."""
        subject, name = f"stack {stack.name!r}", shell_word(stack.name)
        for component_type in ComponentType:
            component_id = stack.components.get(component_type.value)
            required = component_type in REQUIRED_COMPONENT_TYPES
            fix = f"stackyard stack update {name} --{component_type.command}={'default' if required else 'NAME'}"
            if component_id and component_id not in self._by_id:
                message = f"Its {component_type.title} {component_id} does not exist any more."
                yield error("component_gone", subject, message, fix)
            elif not component_id and required:
                message = f"It has no {component_type.title}; every stack needs one."
                yield error("component_missing", subject, message, fix)
        for word in sorted(set(stack.components) - {t.value for t in ComponentType}):
            message = f"It has a component of the type {word!r}, which this version of Stackyard does not know."
            yield warning("component_type_unknown", subject, message, f"{self._installed.pip} --upgrade stackyard")

    def component(self, component: StackComponent) -> list[FindingView]:
        """Return the findings of a component; one that says so when nothing is wrong."""
        if component.id not in self._known:
            found = list(self._component(component, words_of(component)))
            if not found:
                path = self._path(component)
                message = f"The flavor {component.flavor} can be used here{f', with {path}' if path else ''}."
                found.append(fine(words_of(component), message))
            self._known[component.id] = found
        return self._known[component.id]

    def _component(self, component: StackComponent, subject: str) -> Iterator[FindingView]:
        flavor = flavor_of(self._registry, component)
        if flavor is None:
            message = f"Its flavor {component.flavor!r} is not known here: install the package that brings it."
            yield error("flavor_unknown", subject, message, f"stackyard {command_of(component)} flavor refresh")
            return
        found = [
            *self._packages(component, flavor, subject),
            *self._configuration(component, flavor, subject),
            *self._secrets(component, subject),
            *self._folder(component, subject),
        ]
        yield from found
        has_code = not isinstance(flavor, Flavor) or flavor.implementation
        if self._live and has_code and worst(found) != "error":
            from stackyard.api.live_checks import live_findings  # noqa: PLC0415  # imports flavors' code

            yield from live_findings(self._ctx, self._registry, component, subject)

    def _packages(self, component: StackComponent, flavor: AnyFlavor, subject: str) -> Iterator[FindingView]:
        installed = self._installed
        descriptor = None if isinstance(flavor, Flavor) else flavor.descriptor()
        if not installed.known:
            return
        if descriptor is not None and descriptor.package:
            package, version = descriptor.package, installed.version(descriptor.package)
            what = f"Its flavor {flavor.name!r} comes from {package} {descriptor.version}"
            if version is None:
                message = f"{what}, which is not installed in {installed.where}."
                yield error("package_missing", subject, message, f"{installed.pip} {package}")
            elif version != descriptor.version:
                message = f"{what}, but {version} is installed in {installed.where}."
                yield warning("flavor_changed", subject, message, f"stackyard {command_of(component)} flavor refresh")
        missing = installed.missing(flavor.requirements)
        if missing:
            message = f"Its flavor {flavor.name!r} needs {', '.join(missing)}: not installed in {installed.where}."
            fix = " ".join([installed.pip, *(f'"{requirement}"' for requirement in missing)])
            if flavor.integration and installed is HERE:
                fix = f"stackyard integration install {flavor.integration}"
            yield error("requirement_missing", subject, message, fix)

    def _configuration(self, component: StackComponent, flavor: AnyFlavor, subject: str) -> Iterator[FindingView]:
        command, name = f"stackyard {command_of(component)}", shell_word(component.name)
        unknown = [key for key in component.configuration if key not in _fields(flavor)]
        for key in unknown:
            message = f"It has the attribute {key!r}, which its flavor {flavor.name!r} does not know."
            yield error("attribute_unknown", subject, message, f"{command} remove-attribute {name} {key}")
        try:
            flavor.validate({k: v for k, v in component.configuration.items() if k not in unknown}, subject)
        except StackyardError as refused:
            fix = f"{command} update {name} --ATTRIBUTE=VALUE"
            yield error("configuration_refused", subject, refused.message, fix)

    def _secrets(self, component: StackComponent, subject: str) -> Iterator[FindingView]:
        references = list(dict.fromkeys(references_in(component.configuration)))
        if not references:
            return
        from stackyard.api.secrets import command_for, unresolved  # noqa: PLC0415  # few components name secrets

        try:
            gone = {reference: command_for(self._ctx, reference) for reference in unresolved(self._ctx, references)}
        except StackyardError as problem:
            yield error("secrets_unreadable", subject, problem.message, problem.hint)
            return
        for reference, fix in gone.items():
            message = f"It refers to the secret {reference}, which is not there."
            yield error("secret_missing", subject, message, fix)

    def _folder(self, component: StackComponent, subject: str) -> Sequence[FindingView]:
        path = self._path(component)
        if not path:
            return []
        elsewhere = f"stackyard artifact-store update {shell_word(component.name)} --path=FOLDER"
        if is_default(component):
            elsewhere = f"export {HOME_VARIABLE}=FOLDER"
        found = list(folder_findings(Path(path), subject, elsewhere, write=self._live))
        slow = not self._live and any(finding.code == "network_file_system" for finding in found)
        if not slow and not os.path.exists(path) and self._n_versions.get(component.id):  # noqa: PTH110  # never raises
            n = self._n_versions[component.id]
            what = "1 artifact version that is" if n == 1 else f"{n} artifact versions that are"
            message = f"The folder {path} is gone, with {what} in the catalog. Bring it back; else runs compute anew."
            fix = "Bring the folder back." if is_default(component) else elsewhere
            found.append(warning("folder_gone", subject, message, fix))
        return found

    @functools.cached_property
    def _n_versions(self) -> dict[str, int]:
        """How many artifact versions are recorded in each artifact store, by its id; asked only if a folder is gone."""
        from stackyard.storage.catalog.connection import DatabaseError  # noqa: PLC0415  # SQLite is not on every path

        try:
            with self._ctx.catalog() as catalog:
                return catalog.count_versions() if catalog else {}
        except (DatabaseError, StackyardError):  # told elsewhere
            return {}

    def _path(self, component: StackComponent) -> str:
        """Return the folder of a local artifact store; an empty text for other components."""
        if component.component_type is not ComponentType.ARTIFACT_STORE or component.flavor != "local":
            return ""
        values = resolved_configuration(self._ctx, component, flavor_of(self._registry, component))
        return str(values.get("path") or "")


def _fields(flavor: AnyFlavor) -> Iterable[str]:
    if isinstance(flavor, Flavor):
        return flavor.configuration_model.model_fields
    fields: Mapping[str, object] = flavor.descriptor().configuration_schema.get("properties", {})
    return fields
