"""Where Stackyard's home is, and making it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.model.errors import HomeNotWritableError
from stackyard.storage.home import Home, find_home


def test_the_variable_names_the_home(home: Path) -> None:
    assert find_home().root == home


def test_a_given_home_is_stronger(tmp_path: Path) -> None:
    assert find_home(tmp_path / "x").root == tmp_path / "x"


def test_without_a_variable_it_is_the_platforms_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STACKYARD_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert find_home().root.is_relative_to(tmp_path)
    assert find_home().root.name == "stackyard"


def test_a_relative_home_and_a_tilde_are_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_home("a/../b").root == tmp_path / "b"
    assert find_home("~/c").root == tmp_path / "c"


def test_nothing_is_made_before_it_is_needed(home: Path) -> None:
    found = find_home()
    assert found.registry_file.parent == home
    assert not home.exists()
    assert found.ensure("runs") == home / "runs"
    assert (home / "runs").is_dir()
    found.ensure("runs")


def test_a_home_below_a_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeNotWritableError) as caught:
        Home(tmp_path / "file" / "home").ensure()
    assert "not a directory" in caught.value.message
    assert "STACKYARD_HOME" in caught.value.hint


def test_everything_of_a_run_has_its_place() -> None:
    home = Home(Path("/h"))
    assert home.step_log("r", "s") == Path("/h/logs/r/s.jsonl")
    assert home.driver_log("r").parent == home.log_dir("r")
    assert home.run_lock("r").parent == home.stop_file("r").parent == Path("/h/runs")
