"""Many processes change one registry at random, some are killed, one reads: nothing acknowledged is lost, ever."""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackyard.api.components import register_component
from stackyard.api.stacks import list_stacks
from stackyard.model.enums import ComponentType
from stackyard.model.stack import Registry
from stackyard.storage.home import Home
from tests.integration.user import User, wait_for

_WRITER = Path(__file__).with_name("registry_writer.py")
_FINISHED_WITHIN_S = 900.0


@dataclass
class RegistryReport:
    """What happened."""

    seconds: list[float] = field(default_factory=list)
    """Of each acknowledged operation, as its process measured it; waiting for the lock is part of it."""
    killed: int = 0
    in_the_middle: int = 0
    """Of those killed, how many had begun an operation."""
    polls: int = 0

    def percentile(self, share: float) -> float:
        """Return the seconds that this share of the operations kept."""
        ordered = sorted(self.seconds)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]

    def __str__(self) -> str:
        return (
            f"{len(self.seconds)} operations, {self.killed} processes killed, {self.in_the_middle} of them in an "
            f"operation, {self.polls} looks at the registry; an operation took {self.percentile(0.5):.3f} s in the "
            f"median, {self.percentile(0.99):.2f} s (p99), {max(self.seconds):.2f} s (max)"
        )


class Writer:
    """A process that changes the registry, and what it said."""

    def __init__(self, user: User, prefix: str, count: int, seed: int) -> None:
        self.prefix = prefix
        self.count = count
        self.folder = user.folder / prefix
        self.folder.mkdir()
        self.errors = (self.folder / "errors").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [user.interpreter, str(_WRITER), prefix, str(count), str(seed)],
            cwd=self.folder, env=user.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, text=True,
        )  # fmt: skip
        self.ready = threading.Event()
        self.begun: dict[str, Any] | None = None
        """The change that was begun and not acknowledged."""
        self.done: list[dict[str, Any]] = []
        self.seconds: list[float] = []
        self.killed = False
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            words = json.loads(line)
            if "ready" in words:
                self.ready.set()
            elif "begin" in words:
                self.begun = words["begin"]
            else:
                self.begun = None
                self.done.append(words["done"])
                self.seconds.append(words["seconds"])
        self.ready.set()

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.close()

    def kill(self) -> None:
        self.killed = True
        self.process.kill()
        self.end()

    def end(self) -> None:
        self.process.wait(_FINISHED_WITHIN_S)
        self.thread.join(180)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.errors.seek(0)
        text = self.errors.read()
        self.errors.close()
        assert self.killed or self.process.returncode == 0, text[-2000:]


class Reader:
    """Looks at the registry all the time, as everybody may: no lock, and always whole."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.home = Home(user.home)
        self.polls = 0
        self.problems: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        # In turn and with a pause: on two cores a reader that never rests is what the writers would wait for.
        while not self._stop.wait(0.03):
            try:
                file = (self.home.registry_file, self.home.registry_copy)[self.polls % 2]
                if self.polls % 3 == 0:
                    list_stacks(self.user.context())
                elif file.exists():
                    check_whole(file)
            except Exception as error:  # noqa: BLE001  # whatever it is, the test must tell it
                self.problems.append(f"{type(error).__name__}: {error}")
                return
            self.polls += 1

    def end(self) -> int:
        """Stop looking; return how often it looked."""
        self._stop.set()
        self._thread.join(180)
        assert not self.problems, self.problems
        return self.polls


def check_whole(file: Path) -> Registry:
    """Return the registry in a file, in which everything must fit together."""
    registry = Registry.model_validate(json.loads(file.read_bytes()))
    ids = Counter([*(c.id for c in registry.components), *(s.id for s in registry.stacks)])
    assert max(ids.values()) == 1, ids.most_common(1)
    names = Counter((c.component_type, c.name) for c in registry.components)
    names.update(("stack", s.name) for s in registry.stacks)
    assert max(names.values()) == 1, names.most_common(1)
    for stack in registry.stacks:
        assert set(stack.components.values()) <= ids.keys(), f"{stack.name} has a component that is not there"
    return registry


def change_registry_at_random(user: User, seed: int, writers: int, each: int, kills: int) -> RegistryReport:
    """Let `writers` processes do `each` operations, kill some at random moments, and check that nothing is lost.

    A killed process has a successor that does the rest of its operations.
    """
    chance = random.Random(seed)
    total = writers * each
    moments = sorted(chance.sample(range(total // 10, total * 9 // 10), kills))
    report = RegistryReport()
    started = [Writer(user, f"w{number}", each, seed) for number in range(writers)]
    for writer in started:
        assert writer.ready.wait(180)
    reader = Reader(user)
    for writer in started:
        writer.go()
    deadline = time.monotonic() + _FINISHED_WITHIN_S
    for moment in moments:
        wait_for(lambda: _done(started) >= moment or not _alive(started), deadline - time.monotonic(), "operations")  # noqa: B023
        time.sleep(chance.random() * 0.05)  # somewhere in an operation
        alive = _alive(started)
        if not alive:
            break
        chosen = chance.choice(alive)
        chosen.kill()
        rest = chosen.count - len(chosen.done)
        if rest > 0:
            started.append(Writer(user, f"{chosen.prefix}b", rest, seed))
            started[-1].go()
    for writer in started:
        if not writer.killed:
            writer.end()
        report.seconds.extend(writer.seconds)
    report.killed = sum(writer.killed for writer in started)
    report.in_the_middle = sum(writer.begun is not None for writer in started)
    report.polls = reader.end()
    _check_everything(user, started)
    return report


def _alive(writers: list[Writer]) -> list[Writer]:
    return [writer for writer in writers if writer.process.poll() is None]


def _done(writers: list[Writer]) -> int:
    return sum(len(writer.done) for writer in writers)


def _check_everything(user: User, writers: list[Writer]) -> None:
    """Compare the registry with what was acknowledged; of a killed process the last operation may be done as well."""
    home = Home(user.home)
    registry = check_whole(home.registry_file)
    there: dict[str, dict[str, str]] = {}
    for component in registry.components:
        there[f"component:{component.name}"] = {"id": component.id, "mark": component.labels.get("mark", "")}
    for stack in registry.stacks:
        store = stack.components["artifact_store"]
        there[f"stack:{stack.name}"] = {"id": stack.id, "store": store, "mark": stack.labels.get("mark", "")}
    chosen_for_all = {None}
    unsure: set[str] = set()
    for writer in writers:
        expected: dict[str, Any] = {}
        for change in writer.done:
            expected.update(change)
        pending = {**expected, **(writer.begun or {})}
        own = {key: facts for key, facts in there.items() if key.split(":")[1].startswith(f"{writer.prefix}-")}
        active = writer.folder / ".stackyard" / "active_stack.json"
        if active.exists():
            own["active"] = {"id": json.loads(active.read_bytes())["id"]}
        for key in expected:
            if key.startswith("component:shared-"):
                own[key] = there[key]
        for candidate in (expected, pending):
            chosen_for_all.add(candidate.pop("active for all", {}).get("id"))
        chosen_for_all.update(change["active for all"]["id"] for change in writer.done if "active for all" in change)
        unsure.update(key for key in writer.begun or {} if key.startswith("component:shared-"))
        shared = {key: facts for key, facts in pending.items() if key in unsure and key not in expected}
        fits = _fits(own, expected) or _fits({**own, **{k: there[k] for k in shared if k in there}}, pending)
        assert fits, f"{writer.prefix}: acknowledged {expected}, begun {writer.begun}, there is {own}"
    won = {key for writer in writers for change in writer.done for key in change if key.startswith("component:shared-")}
    assert {key for key in there if key.startswith("component:shared-")} - won <= unsure
    if home.active_stack_file.exists():
        assert json.loads(home.active_stack_file.read_bytes())["id"] in chosen_for_all
    # The next change clears away what the killed ones left.
    register_component(user.context(), ComponentType.ARTIFACT_STORE, "last", "local", {})
    assert not list(home.root.glob(".registry*.tmp"))
    assert not list((home.root / "registry.lock.queue").iterdir())
    assert home.registry_copy.read_bytes() == home.registry_file.read_bytes()


def _fits(there: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Tell whether exactly the expected things are there, with their facts as far as they are known."""
    wanted = {key: facts for key, facts in expected.items() if facts is not None}
    return there.keys() == wanted.keys() and all(
        value is None or there[key][name] == value for key, facts in wanted.items() for name, value in facts.items()
    )
