"""What a position names in ``stackyard.yaml`` and run configurations, half-typed ones included."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stackyard.analysis.values import NameTarget, Position
from stackyard.analysis.yaml_source import (
    is_project_file,
    is_run_configuration,
    project_file_name_at,
    run_configuration_name_at,
)

PROJECT = """\
version: 1
project: {name: demo}
components:
  artifact_store:
    my_store: {flavor: local, configuration: {path: data}}
    "other store":
      flavor: 'local'
  nonsense:
    x: {flavor: local}
stacks:
  dev:
    orchestrator: default
    artifact_store: "my_store"
  prod: {orchestrator: träin, artifact_store: b}
"""
RUN = """\
# stackyard: run-configuration
stack: prod
parameters: {stack: no}
steps:
  train:
    step_operator: gpu
    parameters: {n: 1}
experiment_tracker: mlflow
"""


def at_caret(read: Callable[[str, Position], NameTarget | None], text: str, needle: str) -> NameTarget | None:
    """Return what the place of ``|`` in a piece of the text names."""
    offset = text.index(needle.replace("|", "")) + needle.index("|")
    before = text[:offset].split("\n")
    return read(text, Position(len(before) - 1, len(before[-1])))


@pytest.mark.parametrize(
    ("needle", "kind", "name", "component_type", "declares"),
    [
        ("  |dev:", "stack", "dev", None, True),
        ("  prod|:", "stack", "prod", None, True),
        ("orchestrator: |default", "component", "default", "orchestrator", False),
        ('artifact_store: "my_|store"', "component", "my_store", "artifact_store", False),
        ("orchestrator: träin|", "component", "träin", "orchestrator", False),
        ("artifact_store: |b}", "component", "b", "artifact_store", False),
        ("    my_|store:", "component", "my_store", "artifact_store", True),
        ('    "other| store":', "component", "other store", "artifact_store", True),
        ("flavor: lo|cal,", "flavor", "local", "artifact_store", False),
        ("flavor: 'local|'", "flavor", "local", "artifact_store", False),
    ],
)
def test_the_project_file_names_stacks_components_and_flavors(
    needle: str, kind: str, name: str, component_type: str | None, declares: bool
) -> None:
    found = at_caret(project_file_name_at, PROJECT, needle)
    assert found is not None
    assert (found.kind, found.name, found.component_type, found.declares) == (kind, name, component_type, declares)


@pytest.mark.parametrize(
    "needle", ["ver|sion", "version: |1", "name: de|mo", "artifact_|store:\n", "path: da|ta", "sta|cks:", "x: {fla|vor"]
)
def test_other_places_of_the_project_file_name_nothing(needle: str) -> None:
    assert at_caret(project_file_name_at, PROJECT, needle) is None


@pytest.mark.parametrize(
    ("needle", "kind", "name", "component_type"),
    [
        ("stack: pr|od", "stack", "prod", None),
        ("step_operator: |gpu", "component", "gpu", "step_operator"),
        ("experiment_tracker: mlflow|", "component", "mlflow", "experiment_tracker"),
    ],
)
def test_a_run_configuration_names_its_stack_and_components(
    needle: str, kind: str, name: str, component_type: str | None
) -> None:
    found = at_caret(run_configuration_name_at, RUN, needle)
    assert found is not None
    assert (found.kind, found.name, found.component_type) == (kind, name, component_type)


@pytest.mark.parametrize("needle", ["parameters: {stack: n|o}", "tr|ain", "sta|ck: prod", "step_op|erator"])
def test_other_places_of_a_run_configuration_name_nothing(needle: str) -> None:
    assert at_caret(run_configuration_name_at, RUN, needle) is None


def test_the_span_leaves_out_the_quotes() -> None:
    found = at_caret(project_file_name_at, PROJECT, 'artifact_store: "my_|store"')
    assert found is not None
    line = PROJECT.split("\n")[found.span.start.line]
    assert line[found.span.start.column : found.span.end.column] == "my_store"


@pytest.mark.parametrize("tail", ["  test: {orchestrator: [\n", "\tx: 1\n", "  - &a *b\n", "--- !\n...\n%%%\n"])
def test_half_typed_yaml_is_read_up_to_the_mistake(tail: str) -> None:
    found = at_caret(project_file_name_at, PROJECT + tail, "orchestrator: |default")
    assert found is not None
    assert found.name == "default"


@pytest.mark.parametrize(
    "text", ["", "[1, 2]", "stacks:", "stacks: [", "\x00", "a: *b", "{" * 5000, "stacks: {a: {b: " * 300]
)
def test_odd_texts_name_nothing(text: str) -> None:
    assert project_file_name_at(text, Position(0, 1)) is None


def test_separators_that_only_yaml_takes_for_line_ends_move_nothing() -> None:
    found = project_file_name_at("# one\u2028two\nstacks:\n  dev: {orchestrator: default}\n", Position(2, 25))
    assert found is not None
    assert (found.name, found.span.start) == ("default", Position(2, 22))


@pytest.mark.parametrize(
    ("path", "first_line", "expected"),
    [
        ("/p/configs/a.yaml", "stack: x", True),
        ("/p/configs/deep/a.yml", "", True),
        ("/p/other.yaml", "# stackyard: run-configuration\n", True),
        ("/p/other.yaml", "stack: x", False),
        ("/p/configs/a.json", "", False),
        ("/p/configs/stackyard.yaml", "", False),
    ],
)
def test_a_run_configuration_is_known_by_folder_or_first_line(path: str, first_line: str, expected: bool) -> None:
    assert is_run_configuration(path, first_line) is expected


def test_the_project_file_is_known_by_its_name() -> None:
    assert is_project_file("/p/stackyard.yaml")
    assert not is_project_file("/p/stackyard.yml.bak")
