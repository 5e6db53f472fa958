"""Pipelines of a project: listed, recorded and checked without running, templates of run configurations."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackyard.api.context import open_context
from stackyard.api.pipeline_template import template_of
from stackyard.api.pipelines import check_pipeline, list_pipelines, load_pipeline, record_pipeline
from stackyard.api.run_configuration import read_run_configuration
from stackyard.api.run_options import RunOptions
from stackyard.authoring import pipeline as pipeline_module
from stackyard.model.errors import ParameterError, PipelineLoadError, PipelineValidationError

FILE = '''\
from pathlib import Path
from typing import Annotated

from stackyard import pipeline, step


@step
def load(rows: int = 1000, note: str = "12:30", place: Path = Path("x")) -> list[int]:
    raise AssertionError("steps do not run")


@step(retry=2)
def train(
    data: list[int], rate: float = float("inf"), options: dict[str, list[int]] = {"a": [1]}
) -> Annotated[float, "m"]:
    return 1.0


@step
def shout(text: str) -> str:
    return text


@pipeline
def good(note: str = "yes: no # x", size: int = 3) -> None:
    """Is fine."""
    print("recording")
    train(load(rows=size), id="fit")


@pipeline
def needy(size: int, ratio: float = 0.5) -> None:
    train(load(rows=size))


@pipeline
def bad(size: int = 3) -> None:
    model = train(load(rows=str(size)), rate="x")
    shout(model)
    shout()


@pipeline
def curious() -> None:
    data = load()
    if len(data.load()) > 3:
        train(data)
'''


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    runner = list(pipeline_module._runner)
    path = tmp_path / "pipelines_to_check.py"
    path.write_text(FILE, encoding="utf-8")
    yield path
    pipeline_module._runner[:] = runner
    sys.modules.pop("pipelines_to_check", None)


def test_pipelines_are_listed_without_being_imported(file: Path) -> None:
    found = list_pipelines(open_context())
    assert [(v.name, v.file, v.parameters, v.steps, v.runs) for v in found] == [
        ("bad", str(file), ["size"], ["load", "train", "shout"], 0),
        ("curious", str(file), [], ["load", "train"], 0),
        ("good", str(file), ["note", "size"], ["load", "train"], 0),
        ("needy", str(file), ["size", "ratio"], ["load", "train"], 0),
    ]
    assert (found[2].doc, found[2].line) == ("Is fine.", 25)


def test_a_pipeline_is_checked_and_nothing_runs(file: Path) -> None:
    view = check_pipeline(str(file), "good", RunOptions())
    assert [(s.name, s.upstream, s.inputs) for s in view.steps] == [
        ("load", [], {}),
        ("fit", ["load"], {"data": "load.output"}),
    ]
    assert view.steps[0].parameters["rows"] == 3
    assert (view.stack, view.complete, view.notes) == ("default", True, [])
    told = check_pipeline(str(file), "needy", RunOptions(parameters={"size": "5"}, parameters_given_as="text"))
    assert told.parameters == {"size": 5, "ratio": 0.5}
    with pytest.raises(ParameterError, match="needs a value for 'size'"):
        check_pipeline(str(file), "needy", RunOptions())


def test_a_pipeline_that_looks_at_a_value_is_checked_up_to_there(file: Path) -> None:
    view = check_pipeline(str(file), "curious", RunOptions())
    assert ([s.name for s in view.steps], view.complete) == (["load"], False)


def test_everything_wrong_is_told_at_once_code_configuration_and_stack(file: Path, tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("enable_cach: true\nsettings: {orchestratr: {}}\nsecrets: [absent]\nsteps: {lod: {}}\n")
    with pytest.raises(PipelineValidationError) as caught:
        check_pipeline(str(file), "bad", RunOptions(config=str(config)))
    told = [
        (error.code, error.location and (Path(error.location.file).name, error.location.line))
        for error in caught.value.errors
    ]
    assert told == [
        ("C104", ("run.yaml", 1)),
        ("C107", ("run.yaml", 2)),
        ("N108", ("run.yaml", 3)),
        ("C104", ("run.yaml", 4)),
        ("D104", (file.name, 38)),  # rows is a text
        ("D104", (file.name, 38)),  # rate is a text
        ("D105", (file.name, 39)),  # a float for a text
        ("D105", (file.name, 40)),  # nothing for it
    ]


def test_a_run_configuration_gives_arguments_to_the_hook_of_the_code(file: Path, tmp_path: Path) -> None:
    file.write_text(
        FILE + "\n\ndef begin(n=0, m=0): ...\n\n\ngood = good.with_options(on_init=begin, on_init_kwargs={'m': 1})\n",
        encoding="utf-8",
    )
    (tmp_path / "run.yaml").write_text("init_hook_kwargs: {n: 2}\n")
    ctx, definition = load_pipeline(str(file), "good")
    hook = record_pipeline(ctx, definition, RunOptions(config="run.yaml")).pipeline.spec.on_init
    assert hook is not None
    assert (hook.qualname, hook.arguments) == ("begin", {"m": 1, "n": 2})


def test_a_file_that_runs_when_imported_is_refused(file: Path) -> None:
    file.write_text(FILE + "\n\ngood()\n", encoding="utf-8")
    with pytest.raises(PipelineLoadError, match="runs its pipeline while it is imported"):
        check_pipeline(str(file), "good", RunOptions())


def test_a_template_names_its_file_from_the_project(file: Path, tmp_path: Path) -> None:
    (tmp_path / ".stackyard").mkdir()
    (tmp_path / "pipelines").mkdir()
    moved = file.rename(tmp_path / "pipelines" / file.name)
    text = template_of(str(moved), "good", RunOptions())
    assert f"stackyard run pipelines/{file.name}:good --config" in text


@pytest.mark.parametrize("options", [RunOptions(), RunOptions(parameters={"size": 3})])
@pytest.mark.parametrize("name", ["good", "needy"])
def test_a_template_is_valid_as_it_is_and_with_any_key_of_it_set(
    file: Path, tmp_path: Path, name: str, options: RunOptions
) -> None:
    text = template_of(str(file), name, options)
    assert text.splitlines()[0] == "# stackyard: run-configuration"
    assert f"stackyard run {file.name}:{name} --config" in text
    target = tmp_path / "run.yaml"
    target.write_text(text, encoding="utf-8")
    plain = read_run_configuration(target)
    assert plain.notes == ()
    if name == "good":
        assert plain.parameters == {"note": "yes: no # x", "size": 3}
        check_pipeline(str(file), name, RunOptions(config=str(target)))
    keys = re.findall(r"^ *# \w+: .*\S.*  # ", text, flags=re.MULTILINE)
    assert len(keys) >= 20
    target.write_text(re.sub(r"^( *)# (\w+: .*  # )", r"\1\2", text, flags=re.MULTILINE), encoding="utf-8")
    everything = read_run_configuration(target)
    assert {"retry", "hooks", "on_init", "cache_policy", "resources"} <= {
        *everything.values,
        *(key for section in (everything.values.get("steps") or {}).values() for key in section),
    } or name == "needy"
    if name == "good":
        assert everything.step("load")["parameters"] == {"rows": 1000, "note": "12:30", "place": "x"}
        assert everything.step("fit")["parameters"] == {"rate": float("inf"), "options": {"a": [1]}}
