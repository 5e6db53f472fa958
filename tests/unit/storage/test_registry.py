"""The registry file: nothing is lost, nothing half is read, nothing newer is touched."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from stackyard.model.errors import (
    ConfigurationError,
    ConflictError,
    FormatTooNewError,
    HomeNotWritableError,
    RegistryDamagedError,
)
from stackyard.model.stack import REGISTRY_FORMAT, Registry, Stack, default_registry
from stackyard.storage.home import Home
from stackyard.storage.registry import FileRegistryStore


@pytest.fixture
def store(home: Path) -> FileRegistryStore:
    return FileRegistryStore(Home(home))


def _add(name: str) -> Callable[[Registry], None]:
    return lambda registry: registry.stacks.append(Stack(id=name, name=name))


def test_an_empty_home_has_the_defaults_and_reading_makes_nothing(store: FileRegistryStore) -> None:
    assert store.read() == default_registry()
    assert not store.home.root.exists()


def test_a_change_is_there_for_everybody(store: FileRegistryStore) -> None:
    store.change(_add("a"))
    store.change(_add("b"))
    assert [s.name for s in FileRegistryStore(store.home).read().stacks] == ["default", "a", "b"]
    assert store.home.registry_copy.read_bytes() == store.home.registry_file.read_bytes()


def test_what_an_edit_returns_is_returned(store: FileRegistryStore) -> None:
    assert store.change(lambda registry: len(registry.stacks)) == 1


def test_a_text_that_is_not_utf8_is_refused_in_words(store: FileRegistryStore) -> None:
    """Given a word of a command line in another encoding, as Python hands it on."""
    store.change(_add("a"))
    before = store.home.registry_file.read_bytes()
    with pytest.raises(ConfigurationError, match="not UTF-8") as caught:
        store.change(lambda registry: registry.components[1].configuration.update(path="/tmp/m\udcfc"))
    assert caught.value.hint
    assert store.home.registry_file.read_bytes() == before


def test_an_edit_that_raises_changes_nothing(store: FileRegistryStore) -> None:
    store.change(_add("a"))
    before = store.home.registry_file.read_bytes()

    def edit(registry: Registry) -> None:
        registry.stacks.clear()
        raise LookupError

    with pytest.raises(LookupError):
        store.change(edit)
    assert store.home.registry_file.read_bytes() == before


def test_keys_of_a_newer_minor_version_are_written_back(store: FileRegistryStore) -> None:
    store.change(_add("a"))
    document = json.loads(store.home.registry_file.read_bytes())
    document.update(format="1.9", future=[1])
    document["stacks"][1]["quota"] = {"gpu": 2}
    store.home.registry_file.write_text(json.dumps(document))
    store.change(_add("b"))
    again = json.loads(store.home.registry_file.read_bytes())
    assert again["future"] == [1]
    assert again["stacks"][1]["quota"] == {"gpu": 2}


def test_a_newer_major_version_is_refused_and_left_untouched(store: FileRegistryStore) -> None:
    store.home.ensure()
    store.home.registry_file.write_text('{"format": "2.0", "all": "different"}')
    for use in (store.read, lambda: store.change(_add("a"))):
        with pytest.raises(FormatTooNewError) as caught:
            use()
        assert "Upgrade" in caught.value.hint
    assert store.home.registry_file.read_text() == '{"format": "2.0", "all": "different"}'


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"stacks": []}', '{"format": "1.0", "stacks": 5}', '{"format": "x"}', "\x00\x01", "5"],
)
def test_a_damaged_registry_is_named_with_the_last_good_copy(store: FileRegistryStore, text: str) -> None:
    store.change(_add("a"))
    store.home.registry_file.write_text(text)
    for use in (store.read, lambda: store.change(_add("b"))):
        with pytest.raises(RegistryDamagedError) as caught:
            use()
        assert str(store.home.registry_file) in caught.value.message
        assert str(store.home.registry_copy) in caught.value.hint
        assert "stackyard doctor --repair" in caught.value.hint
    assert store.home.registry_file.read_text() == text
    restored = store.restore()
    assert (restored.registry, restored.copy) == (store.home.registry_file, store.home.registry_copy)
    assert (restored.n_stacks, restored.n_components) == (2, 2)
    assert [s.name for s in store.read().stacks] == ["default", "a"]
    assert restored.damaged is not None
    assert re.fullmatch(r"registry\.damaged-\d{8}T\d{6}Z\.json", restored.damaged.name)
    assert restored.damaged.read_text() == text


def test_a_registry_in_order_is_not_restored(store: FileRegistryStore) -> None:
    with pytest.raises(ConflictError, match="is in order"):
        store.restore()
    store.change(_add("a"))
    before = store.home.registry_file.read_bytes()
    with pytest.raises(ConflictError) as caught:
        store.restore()
    assert caught.value.hint
    assert store.home.registry_file.read_bytes() == before


def test_damaged_twice_within_a_second_keeps_both_files(store: FileRegistryStore) -> None:
    store.change(_add("a"))
    kept = set()
    for text in ("{", "{{", "{{{"):
        store.home.registry_file.write_text(text)
        found = store.restore().damaged
        assert found is not None
        assert found.read_text() == text
        kept.add(found)
    assert len(kept) == 3


@pytest.mark.parametrize("copy", [None, "", "{", '{"format": "1.0", "stacks": 5}'])
def test_without_a_good_copy_the_error_says_what_helps(store: FileRegistryStore, copy: str | None) -> None:
    store.change(_add("a"))
    store.home.registry_file.write_text("{")
    store.home.registry_copy.unlink()
    if copy is not None:
        store.home.registry_copy.write_text(copy)
    for use in (store.read, lambda: store.change(_add("b")), store.restore):
        with pytest.raises(RegistryDamagedError) as caught:
            use()
        assert str(store.home.registry_file) in caught.value.message
        assert str(store.home.registry_copy) in caught.value.message
        assert "doctor" not in caught.value.hint
    assert store.home.registry_file.read_text() == "{"
    with pytest.raises(RegistryDamagedError) as shown:
        store.read()
    command = shown.value.hint.split(": ", 1)[1]
    subprocess.run(command, shell=True, check=True)  # what the hint says
    assert store.read() == default_registry()


def test_a_registry_that_was_removed_is_not_begun_anew(store: FileRegistryStore) -> None:
    store.change(_add("a"))
    store.home.registry_file.unlink()
    for use in (store.read, lambda: store.change(_add("b"))):
        with pytest.raises(RegistryDamagedError, match="is gone") as caught:
            use()
        assert "doctor --repair" in caught.value.hint
    assert store.restore().damaged is None
    assert [s.name for s in store.read().stacks] == ["default", "a"]


@pytest.mark.parametrize("which", ["registry_file", "registry_copy"])
def test_what_a_newer_major_version_wrote_is_not_restored(store: FileRegistryStore, which: str) -> None:
    store.change(_add("a"))
    store.home.registry_file.write_text("{")
    getattr(store.home, which).write_text('{"format": "2.0"}')
    before = store.home.registry_file.read_bytes(), store.home.registry_copy.read_bytes()
    with pytest.raises(FormatTooNewError, match=re.escape(str(getattr(store.home, which)))):
        store.restore()
    assert (store.home.registry_file.read_bytes(), store.home.registry_copy.read_bytes()) == before


def test_an_edit_that_changes_nothing_writes_nothing(store: FileRegistryStore) -> None:
    store.change(_add("a"))
    before = store.home.registry_file.stat()
    store.change(lambda registry: len(registry.stacks))
    after = store.home.registry_file.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_what_killed_writers_left_is_cleared_away(store: FileRegistryStore) -> None:
    store.change(_add("a"))
    for name in (".registry.json.1.abcd.tmp", ".registry.last-good.json.1.abcd.tmp"):
        (store.home.root / name).write_text("half")
    (store.home.root / ".other.json.1.abcd.tmp").write_text("of somebody else")
    store.change(_add("b"))
    assert [path.name for path in store.home.root.glob(".*.tmp")] == [".other.json.1.abcd.tmp"]


def test_a_registry_cut_anywhere_is_never_read_as_a_smaller_one(store: FileRegistryStore) -> None:
    store.change(_add("a"))
    data = store.home.registry_file.read_bytes()
    for size in range(0, len(data) - 2, 7):
        store.home.registry_file.write_bytes(data[:size])
        with pytest.raises(RegistryDamagedError):
            store.read()


def test_a_home_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = FileRegistryStore(Home(tmp_path / "file" / "home"))
    for use in (store.read, lambda: store.change(_add("a"))):
        with pytest.raises(HomeNotWritableError):
            use()


def test_a_last_good_copy_of_an_older_state_does_no_harm(store: FileRegistryStore) -> None:
    """A writer killed between the file and its copy leaves the copy one change behind."""
    store.change(_add("a"))
    behind = store.home.registry_copy.read_bytes()
    store.change(_add("b"))
    store.home.registry_copy.write_bytes(behind)
    store.change(_add("c"))
    assert [s.name for s in store.read().stacks] == ["default", "a", "b", "c"]


@pytest.mark.parametrize("text", ['{"format": "1.0"}', '{"format": "1.0", "components": [], "stacks": []}'])
def test_the_default_stack_is_there_whatever_was_edited_out(store: FileRegistryStore, text: str) -> None:
    store.home.ensure()
    store.home.registry_file.write_text(text)
    assert store.read().model_copy(update={"format": REGISTRY_FORMAT}) == default_registry()
    store.change(_add("a"))
    assert store.read().format == REGISTRY_FORMAT
    assert [s.name for s in store.read().stacks] == ["default", "a"]


def test_deep_garbage_is_damage(store: FileRegistryStore) -> None:
    store.home.ensure()
    store.home.registry_file.write_text("[" * 200_000)
    with pytest.raises(RegistryDamagedError):
        store.read()
