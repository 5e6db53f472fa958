"""The registry as a user works with it, against plain dictionaries; after every change others read the same."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from stackyard.api.component_changes import (
    copy_component,
    delete_component,
    remove_attributes,
    rename_component,
    update_component,
)
from stackyard.api.components import list_components, register_component
from stackyard.api.context import open_context
from stackyard.api.plan import apply_file, import_file, plan_file
from stackyard.api.projects import init_project
from stackyard.api.stack_changes import copy_stack, delete_stack, remove_stack_components, rename_stack, update_stack
from stackyard.api.stack_export import export_stacks
from stackyard.api.stacks import Scope, active_stack, list_stacks, register_stack, set_active_stack
from stackyard.model.enums import ActiveStackOrigin, ComponentType
from stackyard.model.errors import AlreadyExistsError, ComponentConfigurationError, InUseError, UsageError
from stackyard.model.stack import REGISTRY_FORMAT
from tests.property.registry_model import (
    ATTRIBUTES,
    FLAVORS,
    REQUIRED,
    STORE,
    TYPES,
    Component,
    Declared,
    Error,
    File,
    Given,
    Names,
    Paper,
    Parts,
    Stack,
    bys,
    files,
    known,
    labels,
    new_names,
    one_of,
    parts,
    picks,
    types,
)

T = TypeVar("T")
MEMORY = Path("/dev/shm")  # a disk takes most of the time of thousands of changes, and is not what is looked at


class RegistryMachine(RuleBasedStateMachine):
    """Does what a user does, and compares with the paper."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.root = Path(self.folder.name).resolve()
        (self.root / "project").mkdir()
        init_project(self.root / "project")
        self.ctx = open_context(self.root / "project", self.root / "home")
        self.paper = Paper()

    def teardown(self) -> None:
        self.folder.cleanup()

    def bytes(self) -> bytes:
        return self.ctx.home_folder.registry_file.read_bytes()

    def attempt(self, error: Error, act: Callable[[], T]) -> T | None:
        """Do it; where it must be refused, nothing may change."""
        if error is None:
            return act()
        before = self.bytes()
        with pytest.raises(error) as caught:
            act()
        assert caught.type is error
        assert caught.value.hint
        assert self.bytes() == before
        return None

    def refer(self, things: dict[str, Any], name: str, by: str) -> str:
        """Return a name, an id or the beginning of one."""
        if name not in things or by == "name":
            return name
        identifier = str(things[name].id)
        return identifier if by == "id" else identifier[:30]

    def of(self, component_type: ComponentType, name: str, by: str) -> str:
        return self.refer(self.paper.components[component_type], name, by)

    def stack(self, name: str, by: str) -> str:
        return self.refer(self.paper.stacks, name, by)

    def noted(self, component_type: ComponentType, name: str, configuration: dict[str, Any]) -> dict[str, Any]:
        """Return a configuration with the folder in home that a store without a path was given."""
        if component_type is not STORE or "path" in configuration:
            return configuration
        stored = next(c for c in self.ctx.registry.read().components_of(STORE) if c.name == name)
        path = stored.configuration["path"]
        assert path.startswith("artifact_stores/")
        assert path.casefold() not in {other.casefold() for other in self.paper.paths(besides=stored.id)}
        return {**configuration, "path": path}

    # Components

    @initialize()
    def begin(self) -> None:
        for component_type in TYPES:
            self.register(component_type, "a", [0], {})
        self.register(STORE, "my store", [], {"team": "x"})
        self.register_stack_of("a", dict.fromkeys(TYPES, 0), "name", {})
        self.switch(0, "name", "home")

    @rule(component_type=types, name=new_names, picked=picks, labelled=labels)
    def register(self, component_type: ComponentType, name: str, picked: list[int], labelled: dict[str, str]) -> None:
        given = Given.pick(component_type, picked, Path.cwd(), whole=True)
        required = REQUIRED.get(component_type)
        error: Error = None
        if name in self.paper.components[component_type]:
            error = AlreadyExistsError
        elif given.bad or (required and required not in given.values):
            error = ComponentConfigurationError
        view = self.attempt(
            error,
            lambda: register_component(
                self.ctx, component_type, name, FLAVORS[component_type], given.values, labels=labelled
            ),
        )
        if view:
            configuration = self.noted(component_type, name, given.on({}))
            self.paper.components[component_type][name] = Component(view.id, configuration, labelled)

    @rule(component_type=types, number=known, by=bys, picked=picks, labelled=labels)
    def update(
        self, component_type: ComponentType, number: int, by: str, picked: list[int], labelled: dict[str, str]
    ) -> None:
        name = one_of(self.paper.components[component_type], number)
        given = Given.pick(component_type, picked, Path.cwd(), whole=False)
        error: Error = None if picked or labelled else UsageError
        error = (
            error or self.paper.refused(component_type, name) or (ComponentConfigurationError if given.bad else None)
        )
        which = self.of(component_type, name, by)
        if self.attempt(error, lambda: update_component(self.ctx, component_type, which, given.values, labelled)):
            component = self.paper.components[component_type][name]
            component.configuration = given.on(component.configuration)
            component.labels = {**component.labels, **labelled}

    @rule(component_type=types, number=known, by=bys, index=st.integers(0, 5))
    def remove_attribute(self, component_type: ComponentType, number: int, by: str, index: int) -> None:
        name = one_of(self.paper.components[component_type], number)
        attribute = ATTRIBUTES[component_type][index % len(ATTRIBUTES[component_type])][0]
        error = self.paper.refused_removal(component_type, name, attribute)
        which = self.of(component_type, name, by)
        if self.attempt(error, lambda: remove_attributes(self.ctx, component_type, which, [attribute])):
            component = self.paper.components[component_type][name]
            kept = {key: value for key, value in component.configuration.items() if key != attribute}
            component.configuration = self.noted(component_type, name, kept)

    @rule(component_type=types, number=known, by=bys, new_name=new_names)
    def rename(self, component_type: ComponentType, number: int, by: str, new_name: str) -> None:
        name = one_of(self.paper.components[component_type], number)
        things = self.paper.components[component_type]
        error = self.paper.refused(component_type, name) or self.paper.refused_rename(things, name, new_name)
        which = self.of(component_type, name, by)
        if self.attempt(error, lambda: rename_component(self.ctx, component_type, which, new_name)):
            things[new_name] = things.pop(name)

    @rule(component_type=types, number=known, by=bys, new_name=new_names)
    def copy(self, component_type: ComponentType, number: int, by: str, new_name: str) -> None:
        name = one_of(self.paper.components[component_type], number)
        things = self.paper.components[component_type]
        error = self.paper.refused(component_type, name, change=False)
        error = error or (AlreadyExistsError if new_name in things else None)
        which = self.of(component_type, name, by)
        view = self.attempt(error, lambda: copy_component(self.ctx, component_type, which, new_name))
        if view:
            things[new_name] = Component(view.id, dict(things[name].configuration), dict(things[name].labels))

    @rule(component_type=types, number=known, by=bys)
    def delete(self, component_type: ComponentType, number: int, by: str) -> None:
        name = one_of(self.paper.components[component_type], number)
        things = self.paper.components[component_type]
        error = self.paper.refused(component_type, name)
        if error is None and self.paper.stacks_using(things[name].id):
            error = InUseError
        which = self.of(component_type, name, by)
        if self.attempt(error, lambda: delete_component(self.ctx, component_type, which)):
            del things[name]

    # Stacks

    def named(self, wanted: Parts, besides: Iterable[tuple[ComponentType, str]] = ()) -> Names:
        extra = list(besides)
        return {
            t: one_of({*self.paper.components[t], *(name for other, name in extra if other is t)}, number)
            for t, number in wanted.items()
        }

    def ids(self, wanted: Names) -> dict[str, str]:
        return {t.value: self.paper.components[t][name].id for t, name in wanted.items()}

    @rule(name=new_names, numbers=parts, by=bys, labelled=labels)
    def register_stack_of(self, name: str, numbers: Parts, by: str, labelled: dict[str, str]) -> None:
        wanted = self.named(numbers)
        error: Error = AlreadyExistsError if name in self.paper.stacks else self.paper.refused_parts(wanted)
        given = {t.value: self.of(t, component, by) for t, component in wanted.items()}
        view = self.attempt(error, lambda: register_stack(self.ctx, name, given, labelled))
        if view:
            self.paper.stacks[name] = Stack(view.id, self.ids(wanted), labelled)

    @rule(number=known, by=bys, component_type=types, component_number=known, labelled=labels)
    def update_a_stack(
        self, number: int, by: str, component_type: ComponentType, component_number: int, labelled: dict[str, str]
    ) -> None:
        name = one_of(self.paper.stacks, number)
        component = one_of(self.paper.components[component_type], component_number)
        error = self.paper.refused_stack(name) or self.paper.refused_parts({component_type: component})
        which = None if self.paper.active == name and by == "prefix" else self.stack(name, by)
        given = {component_type.value: self.of(component_type, component, by)}
        if self.attempt(error, lambda: update_stack(self.ctx, which, given, labelled)):
            stack = self.paper.stacks[name]
            stack.components.update(self.ids({component_type: component}))
            stack.labels = {**stack.labels, **labelled}

    @rule(number=known, by=bys, component_type=types)
    def take_out(self, number: int, by: str, component_type: ComponentType) -> None:
        name = one_of(self.paper.stacks, number)
        error = self.paper.refused_taking_out(name, component_type)
        if self.attempt(error, lambda: remove_stack_components(self.ctx, self.stack(name, by), [component_type])):
            del self.paper.stacks[name].components[component_type.value]

    @rule(number=known, by=bys, new_name=new_names)
    def rename_a_stack(self, number: int, by: str, new_name: str) -> None:
        name = one_of(self.paper.stacks, number)
        stacks = self.paper.stacks
        error = self.paper.refused_stack(name) or self.paper.refused_rename(stacks, name, new_name)
        if self.attempt(error, lambda: rename_stack(self.ctx, self.stack(name, by), new_name)):
            stacks[new_name] = stacks.pop(name)

    @rule(number=known, by=bys, new_name=new_names)
    def copy_a_stack(self, number: int, by: str, new_name: str) -> None:
        name = one_of(self.paper.stacks, number)
        stacks = self.paper.stacks
        error = self.paper.refused_stack(name, change=False) or (AlreadyExistsError if new_name in stacks else None)
        view = self.attempt(error, lambda: copy_stack(self.ctx, self.stack(name, by), new_name))
        if view:
            stacks[new_name] = Stack(view.id, dict(stacks[name].components), dict(stacks[name].labels))

    @rule(number=known, by=bys, recursive=st.booleans())
    def delete_a_stack(self, number: int, by: str, recursive: bool) -> None:
        name = one_of(self.paper.stacks, number)
        error = self.paper.refused_deletion(name)
        view = self.attempt(error, lambda: delete_stack(self.ctx, self.stack(name, by), recursive))
        if view:
            stack = self.paper.stacks.pop(name)
            assert {c.component_type.value: c.id for c in view.components} == stack.components
            for word, component_id in stack.components.items() if recursive else ():
                component_type = ComponentType(word)
                component = self.paper.name_of(word, component_id)
                if not self.paper.stacks_using(component_id) and not self.paper.protected(component_type, component):
                    del self.paper.components[component_type][component]

    @rule(number=known, by=bys, scope=st.sampled_from(["project", "home"]))
    def switch(self, number: int, by: str, scope: Scope) -> None:
        name = one_of(self.paper.stacks, number)
        error = self.paper.refused_stack(name, change=False)
        if self.attempt(error, lambda: set_active_stack(self.ctx, self.stack(name, by), scope)):
            self.paper.chosen[scope] = self.paper.stacks[name].id

    # Files

    def declared(self, file: File, path: Path) -> Declared:
        components, stacks = file
        found = {
            (t, name): (Given.pick(t, picked, path.parent, whole=True), labelled)
            for (t, name), (picked, labelled) in components.items()
        }
        declared = Declared(found, {name: (self.named(n, found), labelled) for name, (n, labelled) in stacks.items()})
        path.write_text(yaml.safe_dump(declared.document()), encoding="utf-8")
        return declared

    def put(self, file: Declared, *, managed: bool) -> None:
        """Note what a file makes."""
        stored = {(c.component_type, c.name): c.id for c in self.ctx.registry.read().components}
        for (component_type, name), (given, labelled) in file.components.items():
            things = self.paper.components[component_type]
            fresh = Component(stored[component_type, name], {}, {}, managed)
            there = things.get(name)
            configuration = self.paper.put_on(there, component_type, given) if there else given.on({})
            component = things.setdefault(name, fresh)
            component.configuration = self.noted(component_type, name, configuration)
            component.labels = labelled
        ids = {s.name: s.id for s in self.ctx.registry.read().stacks}
        for name, (wanted, labelled) in file.stacks.items():
            stack = self.paper.stacks.setdefault(name, Stack(ids[name], {}, {}, managed))
            stack.components, stack.labels = self.ids(wanted), labelled

    @rule(file=files, prune=st.booleans())
    def apply(self, file: File, prune: bool) -> None:
        path = self.root / "project" / "stackyard.yaml"
        declared = self.declared(file, path)
        error = self.paper.refused_file(declared)
        gone = self.paper.pruned(declared)[0] if prune else []
        if error is None and {self.paper.stacks[name].id for name in gone} & set(self.paper.chosen.values()):
            error = InUseError
        plan = self.attempt(error, lambda: plan_file(self.ctx, prune=prune))
        applied = self.attempt(error, lambda: apply_file(self.ctx, prune=prune))
        if plan and applied:
            assert applied.items == plan.items
            self.put(declared, managed=True)
            stacks, components = self.paper.pruned(declared) if prune else ([], [])
            for name in stacks:
                del self.paper.stacks[name]
            for component_type, name in components:
                del self.paper.components[component_type][name]
            assert not plan_file(self.ctx, prune=prune).drift
        path.unlink()

    @rule(file=files)
    def import_a_file(self, file: File) -> None:
        path = self.root / "other.yaml"
        declared = self.declared(file, path)
        error = self.paper.refused_file(declared)
        if error is None and self.paper.differing(declared):
            error = AlreadyExistsError
        if self.attempt(error, lambda: import_file(self.ctx, path)):
            self.put(declared, managed=False)

    @rule()
    def export_to_another_home(self) -> None:
        with tempfile.TemporaryDirectory(dir=self.root) as folder:
            path = Path(folder) / "stacks.yaml"
            path.write_text(export_stacks(self.ctx), encoding="utf-8")
            other = open_context(folder, Path(folder) / "home")
            import_file(other, path)
            assert export_stacks(other) == path.read_text(encoding="utf-8")
            before = self.bytes()
            assert not import_file(self.ctx, path).drift
            assert self.bytes() == before

    # What always holds

    @invariant()
    def everybody_reads_the_same(self) -> None:
        ctx = open_context(self.root / "project", self.root / "home")
        paper = self.paper
        stored = {c.id: c for c in ctx.registry.read().components}
        everything = list_components(ctx)
        for component_type in TYPES:
            views = {view.name: view for view in everything if view.component_type is component_type}
            assert views.keys() == paper.components[component_type].keys()
            for name, component in paper.components[component_type].items():
                view = views[name]
                assert (view.id, view.labels) == (component.id, component.labels)
                assert stored[view.id].configuration == component.configuration
                assert bool(stored[view.id].managed_by) == component.managed
                assert view.stacks == paper.stacks_using(component.id)
                assert view.active == (paper.active in view.stacks)
                expected = dict(component.configuration)
                if "path" in expected:
                    expected["path"] = str(ctx.home / expected["path"])
                assert {key: view.configuration[key] for key in expected} == expected
        stacks = list_stacks(ctx)
        assert {s.name: (s.id, s.labels) for s in stacks} == {n: (s.id, s.labels) for n, s in paper.stacks.items()}
        for stack in stacks:
            assert {c.component_type.value: c.id for c in stack.components} == paper.stacks[stack.name].components
        assert [s.name for s in stacks if s.active] == [stacks[0].name] == [paper.active]
        active = active_stack(ctx)
        assert (active.name, active.error) == (paper.active, None)
        origin = next((scope for scope in ("project", "home") if scope in paper.chosen), "default")
        assert active.origin is ActiveStackOrigin(origin)

    @invariant()
    def the_last_good_copy_is_the_registry(self) -> None:
        home = self.ctx.home_folder
        assert home.registry_copy.read_bytes() == home.registry_file.read_bytes()
        assert json.loads(home.registry_file.read_bytes())["format"] == REGISTRY_FORMAT
        assert [p.name for p in home.root.iterdir() if p.suffix == ".tmp"] == []


RegistryMachine.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    phases=[Phase.reuse, Phase.generate],  # what fails is short enough to be read: shrinking it takes minutes
)
TestRegistry = RegistryMachine.TestCase
