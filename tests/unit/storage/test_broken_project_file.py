"""A ``stackyard.yaml`` that can't be read stops runs, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.api.context import open_context
from stackyard.api.driver import RunOptions, run_file
from stackyard.api.projects import init_project
from stackyard.api.stacks import list_stacks
from stackyard.engine.reporter import SilentReporter
from stackyard.model.errors import ProjectFileError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "stackyard.yaml").write_text("project: {name: broken\n", encoding="utf-8")
    (tmp_path / "pipe.py").write_text("raise AssertionError('imported')\n", encoding="utf-8")
    return tmp_path


def test_stacks_can_be_listed(project: Path) -> None:
    ctx = open_context(project)
    assert [stack.name for stack in list_stacks(ctx)] == ["default"]
    assert ctx.project.root == str(project)


def test_a_run_is_refused_before_user_code_is_imported(project: Path) -> None:
    with pytest.raises(ProjectFileError, match="not valid YAML"):
        run_file(str(project / "pipe.py"), None, RunOptions(), SilentReporter())


def test_init_names_the_broken_file(project: Path) -> None:
    with pytest.raises(ProjectFileError, match=r"stackyard\.yaml"):
        init_project(project)
