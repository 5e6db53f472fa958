"""One of many processes that change the registry at random: says on stdout what it begins, and what is done.

python registry_writer.py PREFIX COUNT SEED    # in a folder of its own, which it makes a project; "go" on stdin starts

A line is a JSON object. ``begin`` and ``done`` hold what the change makes of the things of this process: a key such as
``component:w1-a`` or ``stack:w1-b``, and its facts, or null when it is gone. An id that is not known is null. After
``done`` the change is acknowledged: it must be there, whatever is killed from now on.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stackyard.api.component_changes import copy_component, delete_component, rename_component, update_component
from stackyard.api.components import list_components, register_component
from stackyard.api.context import Context, open_context
from stackyard.api.plan import apply_file
from stackyard.api.stack_changes import copy_stack, delete_stack, rename_stack, update_stack
from stackyard.api.stacks import list_stacks, register_stack, set_active_stack
from stackyard.model.enums import ComponentType
from stackyard.model.errors import AlreadyExistsError, InUseError

STORE = ComponentType.ARTIFACT_STORE
N_SHARED = 20
Facts = dict[str, Any]
Change = Mapping[str, Facts | None]

_FILE = """version: 1
components:
  artifact_store:
    {prefix}-file-0: {{flavor: local, labels: {{mark: "{mark}"}}}}
    {prefix}-file-1: {{flavor: local, labels: {{mark: "{mark}"}}}}
stacks:
  {prefix}-file: {{orchestrator: default, artifact_store: {prefix}-file-{which}}}
"""


class Writer:
    """Knows what it has, and changes it in every way that there is."""

    def __init__(self, ctx: Context, prefix: str, chance: random.Random) -> None:
        self.ctx = ctx
        self.prefix = prefix
        self.chance = chance
        self.number = 0
        self.stores: dict[str, str] = {}
        """Name to id, without those of the file, as for stacks."""
        self.stacks: dict[str, tuple[str, str]] = {}
        """Name to its id and that of its artifact store."""
        self.marks: dict[str, str] = {}
        """Id to label."""
        self.active = ""
        self.operations: list[Callable[[], None]] = [
            self.register_store,
            self.register_store,
            self.mark_store,
            self.rename_store,
            self.copy_store,
            self.delete_store,
            self.register_stack,
            self.register_stack,
            self.update_stack,
            self.rename_stack,
            self.copy_stack,
            self.delete_stack,
            self.choose_stack,
            self.choose_stack_for_all,
            self.apply_file,
            self.claim_shared_name,
        ]

    def act(self) -> None:
        """Do one thing that is possible now."""
        self.chance.choice(self.operations)()

    def new(self) -> str:
        self.number += 1
        return f"{self.prefix}-{self.number}"

    def store_facts(self, identifier: str | None, mark: str) -> Facts:
        return {"id": identifier, "mark": mark}

    def stack_facts(self, identifier: str | None, store: str, mark: str) -> Facts:
        return {"id": identifier, "store": store, "mark": mark}

    def register_store(self) -> None:
        name = self.new()
        with_facts = {f"component:{name}": self.store_facts(None, "")}
        view = done(with_facts, lambda: register_component(self.ctx, STORE, name, "local", {}))
        self.stores[name] = view.id
        self.marks[view.id] = ""

    def mark_store(self) -> None:
        if not self.stores:
            return self.register_store()
        name, mark = self.chance.choice(list(self.stores)), self.new()
        change = {f"component:{name}": self.store_facts(self.stores[name], mark)}
        view = done(change, lambda: update_component(self.ctx, STORE, name, {}, {"mark": mark}))
        self.marks[view.id] = mark
        return None

    def rename_store(self) -> None:
        if not self.stores:
            return self.register_store()
        old, name = self.chance.choice(list(self.stores)), self.new()
        facts = self.store_facts(self.stores[old], self.marks[self.stores[old]])
        done(
            {f"component:{old}": None, f"component:{name}": facts},
            lambda: rename_component(self.ctx, STORE, old, name),
        )
        self.stores[name] = self.stores.pop(old)
        return None

    def copy_store(self) -> None:
        if not self.stores:
            return self.register_store()
        source, name = self.chance.choice(list(self.stores)), self.new()
        mark = self.marks[self.stores[source]]
        change = {f"component:{name}": self.store_facts(None, mark)}
        view = done(change, lambda: copy_component(self.ctx, STORE, source, name))
        self.stores[name] = view.id
        self.marks[view.id] = mark
        return None

    def delete_store(self) -> None:
        used = {store for _, store in self.stacks.values()}
        free = [name for name, identifier in self.stores.items() if identifier not in used]
        if not free:
            return self.register_store()
        name = self.chance.choice(free)
        done({f"component:{name}": None}, lambda: delete_component(self.ctx, STORE, name))
        del self.stores[name]
        return None

    def register_stack(self) -> None:
        if not self.stores:
            return self.register_store()
        name, store, mark = self.new(), self.chance.choice(list(self.stores)), self.new()
        parts = {"orchestrator": "default", "artifact_store": store}
        change = {f"stack:{name}": self.stack_facts(None, self.stores[store], mark)}
        view = done(change, lambda: register_stack(self.ctx, name, parts, {"mark": mark}))
        self.stacks[name] = view.id, self.stores[store]
        self.marks[view.id] = mark
        return None

    def update_stack(self) -> None:
        if not self.stacks:
            return self.register_stack()
        name, store, mark = self.chance.choice(list(self.stacks)), self.chance.choice(list(self.stores)), self.new()
        change = {f"stack:{name}": self.stack_facts(self.stacks[name][0], self.stores[store], mark)}
        view = done(change, lambda: update_stack(self.ctx, name, {"artifact_store": store}, {"mark": mark}))
        self.stacks[name] = view.id, self.stores[store]
        self.marks[view.id] = mark
        return None

    def rename_stack(self) -> None:
        if not self.stacks:
            return self.register_stack()
        old, name = self.chance.choice(list(self.stacks)), self.new()
        identifier, store = self.stacks[old]
        facts = self.stack_facts(identifier, store, self.marks[identifier])
        done({f"stack:{old}": None, f"stack:{name}": facts}, lambda: rename_stack(self.ctx, old, name))
        self.stacks[name] = self.stacks.pop(old)
        return None

    def copy_stack(self) -> None:
        if not self.stacks:
            return self.register_stack()
        source, name = self.chance.choice(list(self.stacks)), self.new()
        identifier, store = self.stacks[source]
        mark = self.marks[identifier]
        change = {f"stack:{name}": self.stack_facts(None, store, mark)}
        view = done(change, lambda: copy_stack(self.ctx, source, name))
        self.stacks[name] = view.id, store
        self.marks[view.id] = mark
        return None

    def delete_stack(self) -> None:
        free = [name for name, (identifier, _) in self.stacks.items() if identifier != self.active]
        if not free:
            return self.register_stack()
        name = self.chance.choice(free)
        try:
            done({f"stack:{name}": None}, lambda: delete_stack(self.ctx, name))
        except InUseError:  # it is the choice for all just now
            return None
        del self.stacks[name]
        return None

    def choose_stack(self) -> None:
        if not self.stacks:
            return self.register_stack()
        name = self.chance.choice(list(self.stacks))
        identifier = self.stacks[name][0]
        done({"active": {"id": identifier}}, lambda: set_active_stack(self.ctx, name))
        self.active = identifier
        return None

    def choose_stack_for_all(self) -> None:
        if not self.stacks:
            return self.register_stack()
        name = self.chance.choice(list(self.stacks))
        done({"active for all": {"id": self.stacks[name][0]}}, lambda: set_active_stack(self.ctx, name, "home"))
        return None

    def apply_file(self) -> None:
        mark, which = self.new(), self.chance.randrange(2)
        text = _FILE.format(prefix=self.prefix, mark=mark, which=which)
        Path("stackyard.yaml").write_text(text, encoding="utf-8")
        before = {c.name: c.id for c in list_components(self.ctx, STORE)}
        change = {
            f"component:{self.prefix}-file-{n}": self.store_facts(before.get(f"{self.prefix}-file-{n}"), mark)
            for n in range(2)
        }
        ids = {s.name: s.id for s in list_stacks(self.ctx)}
        store = before.get(f"{self.prefix}-file-{which}")
        change[f"stack:{self.prefix}-file"] = {"id": ids.get(f"{self.prefix}-file"), "store": store, "mark": ""}
        done(change, lambda: apply_file(self.ctx))

    def claim_shared_name(self) -> None:
        """All writers want the same names; one gets each."""
        name = f"shared-{self.chance.randrange(N_SHARED)}"
        try:
            done(
                {f"component:{name}": self.store_facts(None, "")},
                lambda: register_component(self.ctx, STORE, name, "local", {}),
            )
        except AlreadyExistsError:
            return


def done(change: Change, call: Callable[[], Any]) -> Any:
    """Make a change, and tell before and after."""
    tell(begin=change)
    begun = time.monotonic()
    try:
        result = call()
    except (AlreadyExistsError, InUseError):
        tell(done={}, seconds=time.monotonic() - begun)
        raise
    seconds = time.monotonic() - begun
    made = [facts for key, facts in change.items() if facts and facts["id"] is None and "-file" not in key]
    for facts in made:
        facts["id"] = result.id
    tell(done=change, seconds=seconds)
    return result


def tell(**words: object) -> None:
    print(json.dumps(words), flush=True)


def main() -> None:
    prefix, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    Path("stackyard.yaml").write_text("version: 1\n", encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:  # what is imported late must not count as waiting
        elsewhere = open_context(home=folder)
        register_component(elsewhere, STORE, "x", "local", {})
        apply_file(elsewhere)
    writer = Writer(open_context(), prefix, random.Random(f"{seed} {prefix}"))
    tell(ready=True)
    sys.stdin.readline()
    for _ in range(count):
        writer.act()


if __name__ == "__main__":
    main()
