"""Reading ``stackyard.yaml``: what it declares, and each problem with its line, all of them at once."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from stackyard.api.components import register_component
from stackyard.api.context import Context, open_context
from stackyard.api.stack_file import StackFile, declared_stacks, read_stack_file
from stackyard.model.enums import ComponentType
from stackyard.model.errors import ProjectFileError

WHOLE = """
version: 1
project: {name: churn, source_root: src}
components:
  orchestrator:
    small: {flavor: local, configuration: {max_workers: 2}}
  artifact_store:
    team:
      flavor: local
      configuration: {path: data/../artifacts}
      labels: {version: 1.0, since: 2024-01-31}
  experiment_tracker:
    tracker:
      flavor: mlflow
      configuration: {tracking_uri: "https://mlflow.example", tracking_password: "{{mlflow.password}}"}
stacks:
  dev: {orchestrator: small, artifact_store: team, experiment_tracker: tracker, labels: {for: tests}}
  plain:
    orchestrator: default
    artifact_store: default
"""


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return open_context(tmp_path)


def read(ctx: Context, folder: Path, text: str) -> StackFile:
    path = folder / "stackyard.yaml"
    path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return read_stack_file(path, ctx.registry.read())


def refused(ctx: Context, folder: Path, text: str) -> ProjectFileError:
    with pytest.raises(ProjectFileError) as caught:
        read(ctx, folder, text)
    return caught.value


def test_everything_that_is_declared_is_read(ctx: Context, tmp_path: Path) -> None:
    found = read(ctx, tmp_path, WHOLE)
    small, team, tracker = found.components
    assert (small.component_type, small.name, small.flavor) == (ComponentType.ORCHESTRATOR, "small", "local")
    assert small.configuration == {"max_workers": 2}
    assert (small.location.file, small.location.line) == (str(tmp_path / "stackyard.yaml"), 5)
    assert team.configuration == {"path": str(tmp_path / "artifacts")}  # relative to the file, wherever one works
    assert team.labels == {"version": "1.0", "since": "2024-01-31"}  # as they are written
    assert tracker.configuration["tracking_password"] == "{{mlflow.password}}"
    dev, plain = found.stacks
    assert dev.components == {
        ComponentType.ORCHESTRATOR: "small",
        ComponentType.ARTIFACT_STORE: "team",
        ComponentType.EXPERIMENT_TRACKER: "tracker",
    }
    assert (dev.labels, dev.location.line) == ({"for": "tests"}, 16)
    assert plain.components[ComponentType.ARTIFACT_STORE] == "default"


def test_sections_may_be_missing_or_empty(ctx: Context, tmp_path: Path) -> None:
    assert read(ctx, tmp_path, "version: 1\ncomponents:\nstacks:\nproject:\n").stacks == ()
    assert read(ctx, tmp_path, "version: 1.4\n").components == ()  # a newer minor version


def test_a_stack_may_use_what_is_registered(ctx: Context, tmp_path: Path) -> None:
    register_component(ctx, ComponentType.ARTIFACT_STORE, "mine", "local", {})
    text = "version: 1\nstacks: {a: {orchestrator: default, artifact_store: mine}}\n"
    assert read(ctx, tmp_path, text).stacks[0].components[ComponentType.ARTIFACT_STORE] == "mine"


def test_common_parts_may_be_written_once(ctx: Context, tmp_path: Path) -> None:
    text = """
    version: 1
    stacks:
      a: &base {orchestrator: default, artifact_store: default}
      b: {<<: *base, labels: {team: x}}
    """
    assert [stack.components for stack in read(ctx, tmp_path, text).stacks] == [
        {ComponentType.ORCHESTRATOR: "default", ComponentType.ARTIFACT_STORE: "default"}
    ] * 2


# name: (text below "version: 1", line, words of message and hint)
TRACKER = "components:\n  experiment_tracker:\n    a:\n      flavor: mlflow\n      configuration:\n"
STACK = "stacks:\n  a:\n    orchestrator: default\n    artifact_store: default\n"
PROBLEMS = {
    "unknown section": ("stack: {}\n", 2, ("'stack'", "Did you mean 'stacks'?")),
    "unknown project key": ("project: {nmae: x}\n", 2, ("'nmae'", "Did you mean 'name'?")),
    "project name no text": ("project: {name: [x]}\n", 2, ("'project.name' must be a text",)),
    "sections no mappings": ("stacks: [a]\n", 2, ("'stacks' must be a mapping",)),
    "unknown component type": (
        "components:\n  artefact_store: {a: {flavor: local}}\n", 3, ("'artefact_store'", "'artifact_store'"),
    ),
    "type without names": ("components:\n  orchestrator: local\n", 3, ("'components.orchestrator' must be a mapping",)),
    "component no mapping": ("components:\n  orchestrator:\n    a: [local]\n", 4, ("'a' must be a mapping",)),
    "component without flavor": ("components:\n  orchestrator:\n    a:\n", 4, ("'a' has no flavor", "flavor: local")),
    "flavor no text": ("components:\n  orchestrator:\n    a:\n      flavor: []\n", 5, ("flavor", "must be a text")),
    "unknown flavor": (
        "components:\n  orchestrator:\n    a:\n      labels: {x: y}\n      flavor: lokal\n", 6,
        ("'lokal'", "Did you mean 'local'?"),
    ),
    "unknown component key": (
        "components:\n  orchestrator:\n    a:\n      flavor: local\n      config: {}\n", 6,
        ("'config'", "Did you mean 'configuration'?"),
    ),
    "unknown attribute": (
        "components:\n  orchestrator:\n    a:\n      flavor: local\n      configuration:\n        max_worker: 2\n", 7,
        ("'max_worker'", "Did you mean 'max_workers'?"),
    ),
    "refused value": (
        "components:\n  orchestrator:\n    a:\n      flavor: local\n      configuration:\n        max_workers: 0\n", 7,
        ("max_workers=0", "greater than or equal to 1"),
    ),
    "missing attribute": ("components:\n  alerter:\n    a: {flavor: webhook}\n", 4, ("'url'",)),
    "plain secret": (
        TRACKER + "        tracking_token: geheim\n", 7, ("'tracking_token'", '"{{my_secret.tracking_token}}"'),
    ),
    "unquoted reference": (
        TRACKER + "        tracking_token: {{a.b}}\n", 7, ("{{a.b}} without quotes", 'Quote it: "{{a.b}}"'),
    ),
    "name that can't be one": ("components:\n  orchestrator:\n    a/b: {flavor: local}\n", 4, ("'a/b'",)),
    "the default component": ("components:\n  orchestrator:\n    default: {flavor: local}\n", 4, ("always there",)),
    "the default stack": (STACK.replace("  a:", "  default:"), 3, ("always there",)),
    "label without text": ("components:\n  orchestrator:\n    a: {flavor: local, labels: {x: }}\n", 4, ("label 'x'",)),
    "label with =": (STACK + "    labels:\n      a=b: c\n", 7, ("'a=b'",)),
    "stack without a store": (
        "stacks:\n  a: {orchestrator: default}\n", 3, ("no artifact store", "Add: artifact_store: default"),
    ),
    "empty stack": ("stacks:\n  a:\n", 3, ("no orchestrator and no artifact store",)),
    "unknown component": (
        "stacks:\n  a:\n    orchestrator: defalt\n    artifact_store: default\n", 4, ("'defalt'", "'default'?"),
    ),
    "component of a stack no text": (
        "stacks:\n  a:\n    orchestrator: {name: default}\n    artifact_store: default\n", 4, ("must be a text",),
    ),
    "unknown key of a stack": (STACK + "    alertr: x\n", 6, ("'alertr'", "'alerter'?")),
    "stack twice": (STACK + "  a: {orchestrator: default, artifact_store: default}\n", 6, ("twice", "line 3")),
}  # fmt: skip


@pytest.mark.parametrize("case", PROBLEMS)
def test_a_problem_is_named_with_its_line(ctx: Context, tmp_path: Path, case: str) -> None:
    text, line, words = PROBLEMS[case]
    error = refused(ctx, tmp_path, "version: 1\n" + text)
    assert error.location is not None
    assert (error.location.file, error.location.line) == (str(tmp_path / "stackyard.yaml"), line), error.message
    for word in words:
        assert word in f"{error.message} {error.hint}"
    assert len(error.details["problems"]) == 1, error.details
    assert "geheim" not in f"{error.message} {error.hint}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("is empty", "version: 1")),
        ("# only a comment\n", ("is empty",)),
        ("stacks: {}\n", ("has no version", "Write: version: 1")),
        ("version: 2\nstakcs: {}\n", ("has version 2", "Upgrade Stackyard")),  # and not a word of its other keys
        ("version: one\n", ("must be 1",)),
        ("version: [1]\n", ("must be 1",)),
        ("- version\n", ("has no version",)),
    ],
)
def test_the_version_comes_first(ctx: Context, tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    error = refused(ctx, tmp_path, text)
    for word in words:
        assert word in f"{error.message} {error.hint}"
    assert "stakcs" not in error.message


def test_all_problems_come_at_once_the_first_three_in_words(ctx: Context, tmp_path: Path) -> None:
    error = refused(
        ctx,
        tmp_path,
        """
        version: 1
        components:
          orchestrator:
            a: {flavor: local, configuration: {max_workers: 0, execution_mode: never, speed: 9}}
            b: {flavor: lokal}
        stacks:
          x: {orchestrator: b, artifact_store: nope}
        """,
    )
    lines = error.message.splitlines()
    assert len(lines) == 3
    assert lines[-1].endswith("And 2 more problems.")
    assert [line.split(": ")[0] for line in lines] == [f"{tmp_path / 'stackyard.yaml'}:4"] * 3
    assert [p["line"] for p in error.details["problems"]] == [4, 4, 4, 5, 7]


def test_a_stack_is_not_blamed_for_a_component_that_is_declared_wrongly(ctx: Context, tmp_path: Path) -> None:
    error = refused(
        ctx,
        tmp_path,
        """
        version: 1
        components: {orchestrator: {a: {flavor: lokal}}}
        stacks: {x: {orchestrator: a, artifact_store: default}}
        """,
    )
    assert [p["line"] for p in error.details["problems"]] == [2]


def test_the_flavor_of_what_is_registered_cannot_be_changed(ctx: Context, tmp_path: Path) -> None:
    register_component(ctx, ComponentType.EXPERIMENT_TRACKER, "t", "mlflow", {})
    registry = ctx.registry.read()
    registry.components[-1].flavor = "other"
    path = tmp_path / "stackyard.yaml"
    path.write_text("version: 1\ncomponents:\n  experiment_tracker:\n    t: {flavor: mlflow}\n")
    with pytest.raises(ProjectFileError, match="'t' is registered with the flavor 'other'") as caught:
        read_stack_file(path, registry)
    assert caught.value.location is not None
    assert caught.value.location.line == 4


def test_names_of_stacks_are_found_in_a_file_that_is_otherwise_wrong(tmp_path: Path) -> None:
    path = tmp_path / "stackyard.yaml"
    for text, names in (
        ("stacks: {a: {}, b: 1}\nversion: 9\n", ["a", "b"]),
        ("stacks: [a\n", []),
        ("stacks: 1\n", []),
        ("- 1\n", []),
        ("", []),
    ):
        path.write_text(text)
        assert declared_stacks(open_context(tmp_path)) == names
    path.unlink()
    assert declared_stacks(open_context(tmp_path)) == []
