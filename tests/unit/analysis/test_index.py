"""The project index reads what changed, leaves out what is not the project's, and matches calls with steps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stackyard.analysis.index import ProjectIndex, belongs, combine, python_files
from stackyard.analysis.python_source import analyse_text

STEPS = "from stackyard import step\n@step\ndef load(): ...\n@step\ndef train(x): ...\n"
PIPELINE = """\
from stackyard import pipeline
import steps
from steps import load as ld
@pipeline
def p():
    steps.train(ld())
"""


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_pipelines_know_the_steps_they_call_across_files() -> None:
    snapshot = combine({"/p/steps.py": analyse_text(STEPS), "/p/a.py": analyse_text(PIPELINE)})
    (pipeline,) = snapshot.pipelines
    assert pipeline.steps == ("load", "train")
    assert [step.definition.function for step in snapshot.steps] == ["load", "train"]


def test_only_what_changed_is_told(tmp_path: Path) -> None:
    write(tmp_path, steps=STEPS, a=PIPELINE, plain="x = 1\n")
    index = ProjectIndex(tmp_path)
    assert index.refresh()
    assert len(index.snapshot().pipelines) == 1
    assert not index.refresh()
    os.utime(tmp_path / "a.py", ns=(1, 1))
    assert not index.refresh(), "a touched file that says the same is no news"
    write(tmp_path, a=PIPELINE.replace("def p", "def renamed"))
    assert index.refresh()
    assert [p.definition.function for p in index.snapshot().pipelines] == ["renamed"]
    (tmp_path / "a.py").unlink()
    assert index.refresh()
    assert index.snapshot().pipelines == ()


def test_unsaved_texts_take_the_place_of_files(tmp_path: Path) -> None:
    write(tmp_path, steps=STEPS, a=PIPELINE)
    index = ProjectIndex(tmp_path)
    index.refresh()
    overlay = {str(tmp_path / "a.py"): analyse_text(PIPELINE.replace("def p", "def typed"))}
    assert [p.definition.function for p in index.snapshot(overlay).pipelines] == ["typed"]


def test_what_is_not_the_projects_is_left_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        good=STEPS,
        sub__deep__good=STEPS,
        **dict.fromkeys(
            (".venv__a", "node_modules__a", ".hidden__a", "__pycache__ __a", "scratch__a", "my env__lib__a"), STEPS
        ),
    )
    (tmp_path / "my env" / "pyvenv.cfg").write_text("")
    (tmp_path / ".gitignore").write_text("# comment\n/scratch/\n*.log\n!kept\n")
    (tmp_path / "linked").symlink_to(tmp_path / "sub")
    (tmp_path / "huge.py").write_text("#" * 1_000_001)
    (tmp_path / "folder.py").mkdir()
    found = {Path(path).relative_to(tmp_path).as_posix() for path, _ in python_files(tmp_path)}
    assert {"good.py", "sub/deep/good.py"} <= found
    assert not {
        p for p in found if p.split("/")[0] in {".venv", "node_modules", ".hidden", "scratch", "my env", "linked"}
    }
    assert "huge.py" not in found


def test_odd_files_are_problems_or_nothing_but_never_errors(tmp_path: Path) -> None:
    (tmp_path / "latin.py").write_bytes(
        b"# -*- coding: latin-1 -*-\nfrom stackyard import step\n@step(name='tr\xe4in')\ndef f(): ...\n"
    )
    (tmp_path / "broken.py").write_bytes(b"from stackyard import step\n\xff\xfe\n")
    (tmp_path / "bom.py").write_bytes(b"\xef\xbb\xbffrom stackyard import step\n@step\ndef g(): ...\n")
    (tmp_path / "dangling.py").symlink_to(tmp_path / "nowhere")
    index = ProjectIndex(tmp_path)
    index.refresh()
    snapshot = index.snapshot()
    assert {s.definition.name for s in snapshot.steps} == {"träin", "g"}
    (problem,) = snapshot.problems
    assert problem.file.endswith("broken.py")


def test_a_folder_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    index = ProjectIndex(tmp_path / "gone")
    assert not index.refresh()
    assert index.snapshot().steps == ()


def test_a_refresh_can_be_ended_early(tmp_path: Path) -> None:
    write(tmp_path, **{f"m{i}": STEPS for i in range(5)})
    index = ProjectIndex(tmp_path)
    left = iter([False, False, True])
    index.refresh(stop=lambda: next(left))
    assert len(index.snapshot().steps) == 4


@pytest.mark.parametrize(
    ("path", "expected"), [("a.py", True), ("sub/a.py", True), (".venv/lib/a.py", False), ("node_modules/a.py", False)]
)
def test_a_file_belongs_where_the_index_looks(tmp_path: Path, path: str, expected: bool) -> None:
    assert belongs(tmp_path, str(tmp_path / path)) is expected
    assert not belongs(tmp_path / "other", str(tmp_path / path))
