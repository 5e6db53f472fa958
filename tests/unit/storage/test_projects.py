"""Projects: found upwards, made once, and the choice of the active stack in them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from stackyard.model.errors import FormatTooNewError, ProjectFileError, StackyardError, StorageError
from stackyard.storage.home import Home
from stackyard.storage.projects import (
    HOME_PROJECT_ID,
    StackChoice,
    choice_file,
    ensure_project_folder,
    find_project,
    init_project,
    read_choice,
    write_choice,
)


@pytest.fixture
def own(home: Path) -> Home:
    return Home(home)


def test_without_a_project_the_home_is_the_scope(tmp_path: Path, own: Home) -> None:
    project = find_project(tmp_path, own)
    assert (project.id, project.root, project.file) == (HOME_PROJECT_ID, None, None)
    assert choice_file(project, own) == own.active_stack_file


def test_the_nearest_folder_upwards_counts_for_files_too(tmp_path: Path, own: Home) -> None:
    inner = tmp_path / "outer" / "inner"
    (inner / "deep").mkdir(parents=True)
    init_project(tmp_path / "outer", "outer")
    init_project(inner, "inner")
    (inner / "deep" / "a.py").write_text("")
    assert find_project(inner / "deep" / "a.py", own).name == "inner"
    assert find_project(inner / "deep" / "not there.py", own).name == "inner"
    assert find_project(tmp_path / "outer", own).name == "outer"


def test_a_home_inside_of_a_project_is_no_project(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    (home.root / ".stackyard").mkdir(parents=True)
    assert find_project(home.root, home).root is None


def test_making_it_twice_keeps_the_id_and_ignores_itself_in_git(tmp_path: Path) -> None:
    first, new = init_project(tmp_path)
    again, new_again = init_project(tmp_path)
    assert (new, new_again) == (True, False)
    assert first.id == again.id
    assert first.name == tmp_path.name
    assert (tmp_path / ".stackyard" / ".gitignore").read_text() == "*\n"
    renamed, _ = init_project(tmp_path, "churn")
    assert (renamed.id, renamed.name) == (first.id, "churn")


def test_a_project_that_moves_keeps_its_id(tmp_path: Path, own: Home) -> None:
    (tmp_path / "a").mkdir()
    project, _ = init_project(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b")
    assert find_project(tmp_path / "b", own).id == project.id


def test_stackyard_yaml_alone_makes_a_project_with_a_steady_id(tmp_path: Path, own: Home) -> None:
    (tmp_path / "stackyard.yaml").write_text("version: 1\nproject: {name: churn, source_root: src}\n")
    project = find_project(tmp_path, own)
    assert (project.name, project.source_root) == ("churn", tmp_path / "src")
    assert not (tmp_path / ".stackyard").exists()
    ensure_project_folder(project)
    assert find_project(tmp_path, own).id == project.id


def test_a_project_behind_a_symbolic_link_keeps_the_paths_of_the_link(tmp_path: Path, own: Home) -> None:
    (tmp_path / "real").mkdir()
    init_project(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    project = find_project(tmp_path / "link", own)
    assert project.root == project.source_root == tmp_path / "link"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: [", "is not valid YAML: "),
        ("- 1\n", "must be a mapping"),
        ("project: 5\n", "'project' in"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
    ],
)
def test_a_bad_stackyard_yaml_is_named(tmp_path: Path, own: Home, text: str | bytes, what: str) -> None:
    path = tmp_path / "stackyard.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    problem = find_project(tmp_path, own).problem  # stacks and runs can be looked at all the same
    assert problem is not None
    assert str(path) in problem.message
    assert what in problem.message
    assert problem.hint
    with pytest.raises(ProjectFileError):
        init_project(tmp_path)


def test_an_empty_stackyard_yaml_is_a_project(tmp_path: Path, own: Home) -> None:
    (tmp_path / "stackyard.yaml").write_text("")
    assert find_project(tmp_path, own).root == tmp_path


def test_a_choice_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "active_stack.json"
    assert read_choice(path) is None
    write_choice(path, StackChoice("id", "größe"))
    assert read_choice(path) == StackChoice("id", "größe")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"id": ""}', '{"id": "a", "format": "x"}', "[" * 100_000])
def test_a_choice_that_makes_no_sense_is_named_and_replaced_by_the_next(tmp_path: Path, text: str) -> None:
    path = tmp_path / "active_stack.json"
    path.write_text(text)
    choice = read_choice(path)
    assert choice is not None
    assert (choice.id, choice.name) == ("", "")
    assert isinstance(choice.problem, ProjectFileError)
    assert f"{path} is damaged" in choice.problem.message
    assert path.read_text() == text
    write_choice(path, StackChoice("id", "name"))
    assert read_choice(path) == StackChoice("id", "name")


def test_a_choice_keeps_what_a_newer_minor_version_wrote(tmp_path: Path) -> None:
    path = tmp_path / "active_stack.json"
    path.write_text('{"format": "1.9", "id": "a", "name": "b", "since": [1]}')
    assert read_choice(path) == StackChoice("a", "b")
    write_choice(path, StackChoice("c", "d"))
    assert json.loads(path.read_text()) == {"format": "1.9", "id": "c", "name": "d", "since": [1]}


def test_a_choice_of_a_newer_major_version_is_named_and_left_untouched(tmp_path: Path) -> None:
    path = tmp_path / "active_stack.json"
    path.write_text('{"format": "2.0", "choices": []}')
    choice = read_choice(path)
    assert choice is not None
    assert isinstance(choice.problem, FormatTooNewError)
    with pytest.raises(FormatTooNewError, match="left untouched"):
        write_choice(path, StackChoice("id", "name"))
    assert path.read_text() == '{"format": "2.0", "choices": []}'


def test_what_killed_writers_of_a_choice_left_is_cleared_away_but_not_what_others_write_now(tmp_path: Path) -> None:
    old, new = tmp_path / ".active_stack.json.1.ab.tmp", tmp_path / ".active_stack.json.2.cd.tmp"
    old.write_text("half")
    new.write_text("half")
    os.utime(old, (1, 1))
    write_choice(tmp_path / "active_stack.json", StackChoice("id", "name"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [new.name, "active_stack.json"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", ProjectFileError),
        ("[]", ProjectFileError),
        ("{}", ProjectFileError),
        ('{"name": "a"}', ProjectFileError),
        ('{"format": "2.0", "identity": "a"}', FormatTooNewError),
    ],
)
def test_a_project_without_a_readable_id_can_be_looked_at_and_not_written(
    tmp_path: Path, own: Home, text: str, kind: type[StackyardError]
) -> None:
    init_project(tmp_path, "mine")
    path = tmp_path / ".stackyard" / "project.json"
    path.write_text(text)
    project = find_project(tmp_path, own)
    assert project.root == tmp_path
    assert isinstance(project.problem, kind)
    for write in (
        lambda: init_project(tmp_path),
        lambda: init_project(tmp_path, "other"),
        lambda: ensure_project_folder(project),
    ):
        with pytest.raises(kind) as caught:
            write()
        assert str(path) in caught.value.message
        assert caught.value.hint
    assert path.read_text() == text


def test_a_project_keeps_what_a_newer_minor_version_wrote(tmp_path: Path) -> None:
    project, _ = init_project(tmp_path, "mine")
    path = tmp_path / ".stackyard" / "project.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": "1.7", "team": {"a": 1}}))
    init_project(tmp_path, "other")
    assert json.loads(path.read_text()) == {"format": "1.7", "id": project.id, "name": "other", "team": {"a": 1}}


def test_what_can_not_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError) as caught:
        write_choice(tmp_path / "file" / "x.json", StackChoice("a", "b"))
    assert "--stack" in caught.value.hint


def test_a_project_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / ".stackyard").write_text("")
    with pytest.raises(StorageError) as caught:
        init_project(tmp_path)
    assert ".stackyard" in caught.value.message
