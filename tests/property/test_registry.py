"""The registry as a user works with it, against plain dictionaries; after every change others read the same."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from stackyard.api.components import get_component, list_components, register_component
from stackyard.api.context import open_context
from stackyard.api.stacks import active_stack, get_stack, list_stacks, register_stack, set_active_stack
from stackyard.model.enums import ActiveStackOrigin, ComponentType
from stackyard.model.errors import AlreadyExistsError, ComponentNotFoundError, StackNotFoundError
from stackyard.model.stack import REGISTRY_FORMAT

names = st.sampled_from(["a", "A", "default", "my store", "größe", "x" * 40, "con", "a:b"])


class RegistryMachine(RuleBasedStateMachine):
    """Registers and switches; the model is what a user would write on paper."""

    stores = Bundle("stores")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        (root / "project").mkdir()
        self.ctx = open_context(root / "project", root / "home")
        self.store_names = {"default"}
        self.stack_stores = {"default": "default"}
        self.active = "default"

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(target=stores, name=names)
    def register_store(self, name: str) -> str:
        if name in self.store_names:
            before = self.ctx.home_folder.registry_file.read_bytes() if len(self.store_names) > 1 else None
            with pytest.raises(AlreadyExistsError):
                register_component(self.ctx, ComponentType.ARTIFACT_STORE, name, "local", {})
            if before is not None:
                assert self.ctx.home_folder.registry_file.read_bytes() == before
        else:
            register_component(self.ctx, ComponentType.ARTIFACT_STORE, name, "local", {})
            self.store_names.add(name)
        return name

    @rule(name=names, store=stores)
    def register_stack_with(self, name: str, store: str) -> None:
        parts = {"orchestrator": "default", "artifact_store": store}
        if name in self.stack_stores:
            with pytest.raises(AlreadyExistsError):
                register_stack(self.ctx, name, parts)
        else:
            view = register_stack(self.ctx, name, parts)
            assert [c.name for c in view.components] == ["default", store]
            self.stack_stores[name] = store

    @rule(name=names, missing=st.sampled_from(["ghost", "00000000-none"]))
    def register_stack_with_what_is_not_there(self, name: str, missing: str) -> None:
        if name not in self.stack_stores:
            with pytest.raises(ComponentNotFoundError):
                register_stack(self.ctx, name, {"orchestrator": "default", "artifact_store": missing})

    @rule(name=names)
    def switch(self, name: str) -> None:
        if name in self.stack_stores:
            assert set_active_stack(self.ctx, name).name == name
            self.active = name
        else:
            with pytest.raises(StackNotFoundError):
                set_active_stack(self.ctx, name)

    @invariant()
    def everybody_reads_the_same(self) -> None:
        ctx = open_context(Path(self.folder.name) / "project", Path(self.folder.name) / "home")
        stores = list_components(ctx, ComponentType.ARTIFACT_STORE)
        assert {view.name for view in stores} == self.store_names
        paths = [str(view.configuration["path"]).casefold() for view in stores]
        assert len(set(paths)) == len(paths)
        stacks = list_stacks(ctx)
        assert {view.name: view.components[1].name for view in stacks} == self.stack_stores
        assert [view.name for view in stacks if view.active] == [stacks[0].name] == [self.active]
        assert active_stack(ctx).name == get_stack(ctx).name == self.active
        assert active_stack(ctx).origin in (ActiveStackOrigin.DEFAULT, ActiveStackOrigin.HOME)
        used = get_component(ctx, ComponentType.ARTIFACT_STORE, self.stack_stores[self.active])
        assert used.active
        assert used.stacks == sorted(s for s, store in self.stack_stores.items() if store == used.name)

    @invariant()
    def the_last_good_copy_is_the_registry(self) -> None:
        home = self.ctx.home_folder
        if home.registry_file.exists():
            assert home.registry_copy.read_bytes() == home.registry_file.read_bytes()
            assert json.loads(home.registry_file.read_bytes())["format"] == REGISTRY_FORMAT
            assert [p.name for p in home.root.iterdir() if p.suffix == ".tmp"] == []


RegistryMachine.TestCase.settings = settings(max_examples=15, stateful_step_count=15)
TestRegistry = RegistryMachine.TestCase
