"""From a file to a pipeline: targets, imports, run configurations."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackyard.api.context import open_context
from stackyard.api.loading import (
    CalledWhileLoadingError,
    LoadedFile,
    has_main_guard,
    load_file,
    pick_pipeline,
    read_source,
    refuse_while_loading,
    split_target,
)
from stackyard.api.projects import create_first_pipeline, init_project
from stackyard.api.run_configuration import read_run_configuration
from stackyard.authoring import pipeline as runners
from stackyard.model.errors import (
    NotFoundError,
    PipelineLoadError,
    PipelineNotFoundError,
    RunConfigurationError,
    StackyardError,
    UsageError,
)

PIPELINE = "from stackyard import pipeline, step\n@step\ndef s() -> int: return 1\n@pipeline\ndef {0}():\n    s()\n"


@pytest.fixture(autouse=True)
def _clean_imports(tmp_path: Path) -> Iterator[None]:
    path, runner = list(sys.path), list(runners._runner)
    runners.set_runner(refuse_while_loading)
    yield
    sys.path[:] = path
    runners._runner[:] = runner
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def load(path: Path) -> LoadedFile:
    return load_file(path, open_context(path).scope)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("a.py", ("a.py", None)),
        ("a.py:train", ("a.py", "train")),
        ("C:\\x\\a.py", ("C:\\x\\a.py", None)),
        ("C:\\x\\a.py:train", ("C:\\x\\a.py", "train")),
        ("a.py:not a name", ("a.py:not a name", None)),
        ("a:b:c", ("a:b", "c")),
    ],
)
def test_targets(target: str, expected: tuple[str, str | None]) -> None:
    assert split_target(target) == expected


def test_a_module_of_a_project_is_imported_under_its_name(tmp_path: Path) -> None:
    init_project(tmp_path)
    (tmp_path / "unit_pipelines").mkdir()
    (tmp_path / "unit_helpers.py").write_text("X = 1\n")
    path = tmp_path / "unit_pipelines" / "training.py"
    path.write_text("import unit_helpers\n" + PIPELINE.format("training"))
    definition = pick_pipeline(load(path), None)
    assert (definition.name, definition.function.__module__) == ("training", "unit_pipelines.training")


def test_a_file_whose_name_is_no_module_name_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "my pipeline-2.py"
    path.write_text(PIPELINE.format("p"))
    assert pick_pipeline(load(path), "p").function.__module__ == "__stackyard_main__"


def test_a_file_with_the_name_of_an_installed_package_is_not_mistaken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "json.py"
    path.write_text(PIPELINE.format("p"))
    assert pick_pipeline(load(path), None).name == "p"


def test_one_of_several_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "unit_several.py"
    path.write_text(PIPELINE.format("one") + "@pipeline(name='second')\ndef two():\n    s()\n")
    loaded = load(path)
    with pytest.raises(UsageError, match="has 2 pipelines") as usage:
        pick_pipeline(loaded, None)
    assert f"Name one: {path}:one, {path}:two" in usage.value.hint
    monkeypatch.chdir(tmp_path.parent)  # what is named can be typed where the user is
    with pytest.raises(UsageError, match="has 2 pipelines") as usage:
        pick_pipeline(loaded, None)
    inside = Path(tmp_path.name, path.name)
    assert f"Name one: {inside}:one, {inside}:two" in usage.value.hint
    assert pick_pipeline(loaded, "second") is pick_pipeline(loaded, "two")
    with pytest.raises(PipelineNotFoundError) as caught:
        pick_pipeline(loaded, "tow")
    assert "Did you mean 'two'?" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("def f(:\n", "has a syntax error", 1),
        ("x = 1\nimport no_such_module_at_all\n", "No module named 'no_such_module_at_all'", 2),
        ("\n\n1 / 0\n", "ZeroDivisionError: division by zero", 3),
        ("import sys\nsys.exit(3)\n", "can't be imported", 2),
        ("x = '\x00'\n", "null bytes", 0),
    ],
)
def test_a_file_that_can_not_be_imported_says_where(tmp_path: Path, text: str, message: str, line: int) -> None:
    path = tmp_path / "unit_broken.py"
    path.write_text(text)
    with pytest.raises(PipelineLoadError) as caught:
        load(path)
    error = caught.value
    assert message in error.message
    assert path.name in error.message
    assert error.hint
    assert error.location is not None
    assert (error.location.file, error.location.line) == (str(path), line)


@pytest.mark.parametrize("name", ["nothing.py", "."])
def test_what_is_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(PipelineLoadError) as caught:
        read_source(tmp_path / name)
    assert caught.value.hint


def test_a_file_without_pipelines(tmp_path: Path) -> None:
    path = tmp_path / "unit_empty.py"
    path.write_text("x = 1\n")
    with pytest.raises(PipelineNotFoundError, match="defines no pipeline"):
        pick_pipeline(load(path), None)


def test_a_pipeline_that_runs_while_it_is_imported_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "unit_script.py"
    path.write_text(PIPELINE.format("p") + "p()\n")
    with pytest.raises(CalledWhileLoadingError):
        load(path)


def test_the_first_pipeline_can_be_loaded_and_never_overwrites(tmp_path: Path) -> None:
    path, function = create_first_pipeline(tmp_path)
    other, _ = create_first_pipeline(tmp_path)
    assert (path.name, other.name, function) == ("first_pipeline.py", "first_pipeline_2.py", "first_pipeline")
    definition = pick_pipeline(load(path), function)
    spec = definition.record({}, definition.new_recorder()).spec
    assert [s.name for s in spec.steps] == ["load_numbers", "square", "total", "report"]
    assert has_main_guard(read_source(path))
    with pytest.raises(NotFoundError):
        create_first_pipeline(tmp_path / "nowhere")


def test_a_project_is_named_after_its_folder_even_when_that_is_given_as_two_dots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "churn" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "churn" / "inner")
    project, new = init_project("..")
    assert (project.name, project.root, new) == ("churn", str(tmp_path / "churn"), True)


def test_a_file_beside_the_working_folder_belongs_to_its_own_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    init_project(tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    assert open_context("../there/a.py").scope.root is None
    init_project(tmp_path / "there")
    assert open_context("../there/a.py").scope.root == tmp_path / "there"


# run configurations ---------------------------------------------------------------------------------------------------


def test_a_run_configuration_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("stack: s\nparameters: {n: 1}\nsteps:\n  load: {enable_cache: false}\n  other:\n")
    found = read_run_configuration(path)
    assert (found.parameters, found.values["steps"]["load"]) == ({"n": 1}, {"enable_cache": False})
    path.write_text("")
    assert read_run_configuration(path).values == {}


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: [\n", "is not valid YAML", 2),
        ("- 1\n", "must be a mapping", 1),
        ("stack: s\nstakc: s\n", "unknown key 'stakc'", 2),
        ("stack: [1]\n", "'stack'", 1),
        ("enable_cache: 1\n", "must be true or false, got 1", 1),
        ("steps:\n  load:\n    cache: no\n", "unknown key 'steps.load.cache'", 3),
        ("steps:\n  load: 5\n", "steps.load", 2),
    ],
)
def test_a_bad_run_configuration_is_named_with_its_line(tmp_path: Path, text: str, message: str, line: int) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(RunConfigurationError) as caught:
        read_run_configuration(path)
    assert message in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.location is not None
    assert caught.value.location.line == line


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_run_configuration_that_can_not_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "c.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StackyardError) as caught:
        read_run_configuration(path)
    assert caught.value.code == "C104"
    assert caught.value.hint
