"""What is wrong with a run configuration is told before the run, at the line that says it, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.api.context import open_context
from stackyard.api.driver import run_file
from stackyard.api.models import create_model
from stackyard.api.pipelines import check_pipeline
from stackyard.api.run_options import RunOptions
from stackyard.engine.limits import cores
from stackyard.engine.reporter import SilentReporter
from stackyard.model.errors import AlreadyExistsError, PipelineValidationError, StackyardError

CODE = """\
from typing import Annotated

from stackyard import pipeline, step


@step
def load(rows: int = 3) -> Annotated[list[int], "rows"]:
    return list(range(rows))


@step
def train(data: list[int], rate: float = 0.1) -> float:
    return rate * len(data)


@pipeline
def training(note: str = "", size: int = 1) -> None:
    train(load())


def begin(purpose: str = "") -> None: ...


def two(first, second) -> None: ...
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    module = f"placed_{tmp_path.name}".replace("-", "_")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / f"{module}.py"
    path.write_text(CODE)
    return path


def problems_of(file: Path, text: str) -> list[tuple[int, str]]:
    """Return line and message of what is wrong with a run configuration; everything is located there."""
    config = file.parent / "run.yaml"
    config.write_text(text.replace("HERE", file.stem))
    try:
        check_pipeline(str(file), "training", RunOptions(config=str(config)))
    except PipelineValidationError as error:
        found = list(error.errors)
    except StackyardError as error:
        found = [error]
    else:
        return []
    assert all(each.hint for each in found)
    assert {each.location and each.location.file for each in found} == {str(config)}, [e.message for e in found]
    return [(each.location.line if each.location else 0, each.message) for each in found]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("failure_hook_source: gone.f\n", [(1, "on_failure of every step can't be imported")]),
        ("start_hook_source: HERE.two\n", [(1, "on_start of every step can't be called with one argument at most")]),
        ("init_hook_source: HERE.begin\ninit_hook_kwargs: {purpos: 1}\n", [(2, "can't be called with purpos")]),
        ("cleanup_hook_source: HERE.two\n", [(1, "on_cleanup of pipeline 'training' can't be called with no")]),
        ("init_hook_kwargs: {purpose: x}\n", [(1, "the pipeline 'training' no init hook")]),
        ("run_name: r-{nix}\n", [(1, "has the placeholder {nix}")]),
        ("enable_cache: true\nmodel: {name: m, version: 77}\n", [(2, "There is no model 'm'")]),
        ("model:\n  name: there\n  version: production\n", [(3, "No version of the model 'there' is in production")]),
        ("model: there\nsteps: {train: {model: {name: 'a/b'}}}\n", [(2, "'a/b' can't be the name of a model")]),
        ("tags: ['{nix}']\n", [(1, "has the placeholder {nix}")]),
        ("model: m\nsteps: {train: {model: {name: m, version: '{nix}'}}}\n", [(2, "has the placeholder {nix}")]),
        ("secrets: [absent]\n", [(1, "no secret 'absent'")]),
        ("steps:\n  train:\n    secrets: [absent]\n", [(3, "which the step 'train' names")]),
        ("enable_cache: true\nsettings: {resources: {memory: 900PB}}\n", [(2, "Every step asks for 900PB")]),
        ("steps: {load: {outputs: {row: {materializer_source: a.B}}}}\n", [(1, "the output 'row' of the step 'load'")]),
        ("steps:\n  load: {outputs: {rows: {materializer_source: a.B}}}\n", [(2, "The materializer a:B for")]),
        (
            "cache_policy:\n  file_dependencies: [gone.csv, lost.csv]\n  cache_func: HERE.nix\n",
            [(2, "'gone.csv'"), (2, "'lost.csv'"), (3, "has no 'nix'")],
        ),
        ("environment: {'': x}\n", [(1, "has the name ''")]),
        ("environment: {'C=D': x}\n", [(1, "has the name 'C=D'")]),
    ],
)
def test_what_is_wrong_is_told_once_where_it_stands(file: Path, text: str, told: list[tuple[int, str]]) -> None:
    create_model(open_context(file.parent), "there", {})
    found = problems_of(file, text)
    assert [line for line, _ in found] == [line for line, _ in told], found
    for (_, message), (_, words) in zip(found, told, strict=True):
        assert words in message


def test_what_can_be_followed_passes(file: Path) -> None:
    create_model(open_context(file.parent), "there", {})
    for text in (
        "init_hook_source: HERE.begin\ninit_hook_kwargs: {purpose: x}\nend_hook_source: HERE.begin\n",
        "run_name: 'r-{who}-{date}'\nsubstitutions: {who: x}\nmodel: {name: new, version: first}\n",
        "model: there\nsteps: {train: {model: {name: there, version: latest}}}\n",
        "steps: {load: {outputs: {rows: {materializer_source: null}}}, train: {outputs: {output: null}}}\n",
    ):
        assert problems_of(file, text) == []


def test_cpus_and_gpus_that_are_not_there_are_noted_once(file: Path) -> None:
    config = file.parent / "run.yaml"
    many = cores() + 5
    config.write_text(f"settings: {{resources: {{cpu_count: {many}, gpu_count: 2}}}}\nenable_step_logs: false\n")
    notes = check_pipeline(str(file), "training", RunOptions(config=str(config))).notes
    assert [note.partition(";")[0] for note in notes[1:]] == [
        f"2 steps ('load', 'train') ask for {many} CPUs",
        "2 steps ('load', 'train') ask for GPUs. GPUs are not counted: steps start whether there are any or not.",
    ]
    config.write_text(f"settings: {{resources: {{cpu_count: {cores()}, gpu_count: 0}}}}\n")
    assert check_pipeline(str(file), "training", RunOptions(config=str(config))).notes == []


def test_wrong_parameters_and_a_stack_that_is_not_there_hide_nothing(file: Path) -> None:
    text = "parameters: {note: 3, kk: 2}\nsteps:\n  lod: {}\n  train: {step_operator: foo}\nstart_hook_source: gone.f\n"
    assert [line for line, _ in problems_of(file, text)] == [1, 1, 3, 4, 5]
    found = problems_of(file, text.replace("parameters:", "stack: gone\nparameters:"))
    assert [line for line, _ in found] == [1, 2, 2, 4], found
    with pytest.raises(PipelineValidationError) as caught:
        check_pipeline(str(file), "training", RunOptions(stack="gone", parameters={"zz": "1", "size": "x"}))
    assert sorted(problem.code for problem in caught.value.errors) == ["D104", "D104", "N101"]


def _run(path: str, function: str, options: RunOptions) -> None:
    run_file(path, function, options, SilentReporter())


def test_runs_tell_what_validation_tells(file: Path) -> None:
    config = file.parent / "run.yaml"
    config.write_text(
        "parameters: {size: many}\nmodel: {name: m, version: 7}\nrun_name: r\nsteps: {lod: {}}\n"
        "settings: {orchestratr: {}}\n"
    )
    code = file.read_text().replace("note: str =", "needed: str, note: str =")
    file.with_name("needy.py").write_text(code)
    for path, lines in ((file, [1, 2, 4, 5]), (file.with_name("needy.py"), [1, 5])):
        told = []
        options = RunOptions(config=str(config))
        for check in (check_pipeline, _run):
            with pytest.raises(PipelineValidationError) as caught:
                check(str(path), "training", options)
            told.append([(e.message, e.location) for e in caught.value.errors])
        assert told[0] == told[1]
        assert [where.line for _, where in told[0] if where and where.file == str(config)] == lines
    config.write_text("model: {name: m}\nrun_name: r\n")
    run_file(str(file), "training", RunOptions(config=str(config), in_process=True), SilentReporter())
    project = open_context(file).scope.name
    assert check_pipeline(str(file), "training", RunOptions(config=str(config))).notes == [
        f"A run named 'r' exists in project {project!r}: the next one needs another name."
    ]
    with pytest.raises(AlreadyExistsError):
        run_file(str(file), "training", RunOptions(config=str(config), in_process=True), SilentReporter())
