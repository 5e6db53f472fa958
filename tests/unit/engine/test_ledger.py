"""What is noted of steps: one transaction for all of it, and nobody is told before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from stackyard.engine.ledger import LONGEST_S, Ledger
from stackyard.model.enums import Status
from stackyard.model.errors import CatalogError
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.catalog.writer import NewStepRun, RunWriter
from stackyard.storage.home import Home
from stackyard.storage.ids import new_id
from tests.unit.storage.catalog_rows import PROJECT, manifest, new_run, open_catalog, start


class World:
    """A run of two steps, what the catalog says of them, and what was told."""

    def __init__(self, home: Home) -> None:
        self.writer = RunWriter(home, PROJECT)
        self.writer.create_run(new_run())
        self.one, self.other = (new_id(), new_id())
        self.writer.add_steps([NewStepRun(self.one, "one", 0, {}, []), NewStepRun(self.other, "other", 1, {}, [])])
        start(self.writer, self.one)
        self.catalog: CatalogReader = open_catalog(home)
        self.ledger = Ledger(self.writer)
        self.told: list[tuple[str, list[Status]]] = []

    def statuses(self) -> list[Status]:
        return [status for _, status in self.catalog.step_states(self.writer.run_id).values()]

    def tell(self, word: str) -> None:
        self.told.append((word, self.statuses()))

    def note_both(self) -> None:
        """One step ends, and the next begins."""
        outputs = [("output", manifest("numbers", self.one))]
        self.ledger.note(
            lambda: self.writer.step_completed(self.one, outputs, {}), partial(self.tell, "end"), result=True
        )
        self.ledger.note(partial(start, self.writer, self.other), partial(self.tell, "start"))


@pytest.fixture
def world(home: Path) -> Iterator[World]:
    made = World(Home(home))
    yield made
    made.catalog.close()
    made.writer.close()


def test_what_is_noted_is_recorded_at_once_then_told_in_order(world: World) -> None:
    before, _ = world.catalog.changes_since(0)
    world.note_both()
    assert (world.statuses(), world.told) == ([Status.RUNNING, Status.QUEUED], [])
    world.ledger.settle()
    both = [Status.COMPLETED, Status.RUNNING]
    assert world.told == [("end", both), ("start", both)]
    _, changes = world.catalog.changes_since(before)
    assert changes == [("run", world.writer.run_id), ("artifact", "store-1")], "each once"
    world.ledger.settle()
    assert len(world.told) == 2


def test_what_can_not_be_recorded_takes_all_with_it_and_nobody_is_told(world: World) -> None:
    def refuse() -> None:
        raise OSError("no room")

    world.note_both()
    world.ledger.note(refuse, partial(world.tell, "never"))
    with pytest.raises(CatalogError, match="no room"):
        world.ledger.settle()
    assert (world.statuses(), world.told) == ([Status.RUNNING, Status.QUEUED], [])
    world.note_both()
    world.ledger.settle()
    assert [word for word, _ in world.told] == ["end", "start"], "the writer goes on"


def test_the_cache_is_told_of_results_and_waits_for_nothing_else(world: World) -> None:
    world.ledger.note(partial(start, world.writer, world.other), partial(world.tell, "start"))
    world.ledger.settle_results()
    assert world.told == []
    world.note_both()
    world.ledger.settle_results()
    assert [word for word, _ in world.told] == ["start", "end", "start"]


def test_much_that_comes_in_a_row_is_told_meanwhile(world: World) -> None:
    deadline, begun = time.monotonic() + 60, time.monotonic()
    while not world.told and time.monotonic() < deadline:
        world.ledger.note(lambda: None, partial(world.tell, "one of many"))
    assert world.told
    assert time.monotonic() - begun >= LONGEST_S
