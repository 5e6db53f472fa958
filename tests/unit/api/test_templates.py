"""Copying a template: all of it or nothing, and nothing that was there is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from stackyard.api.templates import STARTER, copy_template, find_template
from stackyard.model.errors import AlreadyExistsError, InvalidNameError, StorageError, TemplateError


@pytest.fixture
def template(tmp_path: Path) -> Path:
    folder = tmp_path / "template"
    for name in ("run.py", "steps/a.py", ".git/config", ".stackyard/project.json", "steps/__pycache__/a.pyc", ".env"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    (folder / "stackyard.yaml").write_text(
        "version: 1\nproject:\n  # a comment\n  name: old # its name\n  source_root: .\nstacks: {}\n", encoding="utf-8"
    )
    return folder


def _content(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text("utf-8") for p in folder.rglob("*") if p.is_file()}


def test_everything_but_what_belongs_to_the_machine_is_copied(template: Path, tmp_path: Path) -> None:
    target = tmp_path / "a" / "new"
    written = copy_template(template, target, "new")
    assert [str(p) for p in written] == [".env", "run.py", "stackyard.yaml", "steps/a.py"]
    assert sorted(_content(target)) == [str(p) for p in written]


@pytest.mark.parametrize("name", ["churn", "größe", "a: b", "yes", "12", "it's #1"])
def test_the_project_file_gets_the_new_name_and_keeps_the_rest(template: Path, tmp_path: Path, name: str) -> None:
    copy_template(template, tmp_path / "new", name)
    text = (tmp_path / "new" / "stackyard.yaml").read_text("utf-8")
    assert yaml.safe_load(text) == {"version": 1, "project": {"name": name, "source_root": "."}, "stacks": {}}
    assert "# a comment" in text
    assert "# its name" in text


@pytest.mark.parametrize(
    "text",
    [
        'version: 1\nproject:\n  name: "my old project"  # new\n',
        "version: 1\nproject: {source_root: ., name: 'an \u00e4ld one'}  # new\n",
        "\ufeffversion: 1\r\nproject:\r\n  name:\r\n  # new\r\n",
        "version: 1\nproject:\n" + " \n" * 60 + "  name: >-\n    folded\n    text\n  # new\n",
    ],
)
def test_a_name_is_replaced_however_it_is_written(template: Path, tmp_path: Path, text: str) -> None:
    (template / "stackyard.yaml").write_bytes(text.encode())
    copy_template(template, tmp_path / "new", "a: b")
    written = (tmp_path / "new" / "stackyard.yaml").read_bytes().decode()
    assert yaml.safe_load(written)["project"]["name"] == "a: b"
    assert "# new" in written
    assert copy_template(template, tmp_path / "new", "a: b") == []


@pytest.mark.parametrize("text", ["version: 1\n", "", "version: 1\nproject:\n" + " \n" * 60, "- a\n"])
def test_a_project_file_without_a_name_is_copied_as_it_is(template: Path, tmp_path: Path, text: str) -> None:
    (template / "stackyard.yaml").write_text(text, encoding="utf-8")
    copy_template(template, tmp_path / "new", "new")
    assert (tmp_path / "new" / "stackyard.yaml").read_text("utf-8") == text


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a: [1"])
def test_a_template_whose_project_file_can_not_be_read_is_refused(
    template: Path, tmp_path: Path, content: bytes
) -> None:
    (template / "stackyard.yaml").write_bytes(content)
    with pytest.raises(TemplateError, match=r"stackyard\.yaml"):
        copy_template(template, tmp_path / "new", "new")
    assert not (tmp_path / "new").exists()


def test_copying_again_changes_nothing(template: Path, tmp_path: Path) -> None:
    target = tmp_path / "new"
    copy_template(template, target, "new")
    before = _content(target)
    assert copy_template(template, target, "new") == []
    assert _content(target) == before


def test_files_that_are_there_are_never_replaced(template: Path, tmp_path: Path) -> None:
    target = tmp_path / "new"
    target.mkdir()
    (target / "run.py").write_text("mine", encoding="utf-8")
    with pytest.raises(AlreadyExistsError, match=r"run\.py"):
        copy_template(template, target, "new")
    assert _content(target) == {"run.py": "mine"}


def test_what_was_copied_is_removed_when_it_can_not_be_finished(template: Path, tmp_path: Path) -> None:
    target = tmp_path / "new"
    target.mkdir()
    (target / "steps").write_text("a file where a folder must be", encoding="utf-8")
    with pytest.raises(StorageError, match="can't be copied"):
        copy_template(template, target, "new")
    assert _content(target) == {"steps": "a file where a folder must be"}


def test_a_template_and_its_copy_do_not_lie_in_each_other(template: Path) -> None:
    for target in (template, template / "inside", template.parent):
        with pytest.raises(TemplateError):
            copy_template(template, target, "new")


def test_bad_templates_and_names_are_refused(template: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for bad in ("nope", str(tmp_path / "empty"), str(template / "run.py")):
        with pytest.raises(TemplateError):
            find_template(bad)
    with pytest.raises(InvalidNameError):
        copy_template(template, tmp_path / "new", "a/b")
    assert not (tmp_path / "new").exists()


def test_the_starter_is_found() -> None:
    assert (find_template(STARTER) / "run.py").is_file()
