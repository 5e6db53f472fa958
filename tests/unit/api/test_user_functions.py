"""Metadata, tags and artifacts beside outputs: outside of steps on the catalog, inside by asking the driver."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackyard import (
    Client,
    Model,
    add_tags,
    get_step_context,
    link_artifact_to_model,
    load_artifact,
    log_artifact_metadata,
    log_metadata,
    log_model_metadata,
    register_artifact,
    remove_tags,
    save_artifact,
)
from stackyard.api import artifacts, models
from stackyard.api.context import open_context
from stackyard.api.step_requests import answer, find_target
from stackyard.authoring.context import NameInfo, RunInfo, StepContext, enter, leave
from stackyard.model.errors import (
    ArtifactNotFoundError,
    MaterializationError,
    ModelNotFoundError,
    RunNotFoundError,
    StackyardError,
    UsageError,
)
from stackyard.model.job import StepReply, StepRequest
from stackyard.model.options import ModelVersionRef


class Services:
    """What a step's context can do, noted."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.loaded: list[tuple[str, int | None]] = []

    def send_metadata(self, values: dict[str, Any]) -> None:
        self.sent.append(values)

    def ask(self, method: str, arguments: dict[str, Any], _manifest: Any = None) -> Any:
        self.asked.append((method, arguments))

    def load(self, name_or_id: str, version: int | None = None) -> Any:
        self.loaded.append((name_or_id, version))


@pytest.fixture
def services() -> Iterator[Services]:
    """A step with two outputs runs."""
    found = Services()
    made = StepContext(
        step_name="s", step_run_id="i", pipeline_run=RunInfo("r", "p-1"), pipeline=NameInfo("p"),
        stack=NameInfo("default"), parameters={}, output_names=("a", "b"), services=found,  # type: ignore[arg-type]
        model_version=ModelVersionRef(model_version_id="mv", model="m", number=2),
    )  # fmt: skip
    token = enter(made)
    yield found
    leave(token)


@pytest.fixture(autouse=True)
def _in_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_in_a_step_values_go_to_the_step_its_outputs_its_model_or_what_is_named(services: Services) -> None:
    log_metadata({"accuracy": 0.5, "bad": [float("nan"), float("-inf")]})
    log_metadata({"rows": 3}, artifact_name="b")
    log_artifact_metadata({"columns": 2}, "b")
    log_artifact_metadata({"n": 1}, "other", 4)
    log_metadata({"n": 2}, run_id_name_or_prefix="p-3")
    log_metadata({"n": 3}, run_id_name_or_prefix="p-3", step_name="train")
    log_metadata({"n": 4}, infer_model=True)
    log_model_metadata({"n": 5})
    log_model_metadata({"n": 6}, "churn", "production")
    assert services.sent == [{"accuracy": 0.5, "bad": ["NaN", "-Infinity"]}]
    assert get_step_context().output_metadata == {"b": {"rows": 3, "columns": 2}}
    assert all(method == "_log_metadata" for method, _ in services.asked)
    assert [(given["metadata"]["n"], given["target"]) for _, given in services.asked] == [
        (1, {"artifact": "other", "version": 4}),
        (2, {"run": "p-3"}),
        (3, {"run": "p-3", "step": "train"}),
        (4, {"model_version_id": "mv"}),
        (5, {"model_version_id": "mv"}),
        (6, {"model": "churn", "version": "production"}),
    ]
    with pytest.raises(UsageError, match="no output 'c'"):
        log_metadata({"rows": 3}, artifact_name="c")
    with pytest.raises(UsageError, match="has 2 outputs"):
        log_metadata({"rows": 3}, infer_artifact=True)
    with pytest.raises(UsageError, match="without a run"):
        log_metadata({"rows": 3}, step_name="train")
    with pytest.raises(MaterializationError, match="'x' is an object"):
        log_metadata({"x": object()})


def test_in_a_step_tags_go_to_its_run_its_outputs_or_what_is_named(services: Services) -> None:
    add_tags("one")
    add_tags(["two", "three"], infer_artifact=True, artifact_name="a")
    remove_tags(["two"], infer_artifact=True, artifact_name="a")
    add_tags(["x"], artifact="numbers")
    add_tags(["x"], artifact_name="numbers", artifact_version="3")
    remove_tags(["x"], model="churn")
    remove_tags(["x"], model="churn", model_version=2)
    assert get_step_context().get_output_tags("a") == ["three"]
    assert [(given["target"], given["add"] or given["remove"]) for _, given in services.asked] == [
        ({"run": "r"}, ["one"]),
        ({"artifact": "numbers", "whole": True}, ["x"]),
        ({"artifact": "numbers", "version": "3"}, ["x"]),
        ({"model": "churn", "whole": True}, ["x"]),
        ({"model": "churn", "version": 2}, ["x"]),
    ]
    load_artifact("numbers", "3")
    assert services.loaded == [("numbers", 3)]
    with pytest.raises(UsageError, match="'newest' is no version"):
        load_artifact("numbers", "newest")
    with pytest.raises(UsageError, match="can't be a tag"):
        add_tags([""])


def test_a_step_called_as_a_function_logs_nowhere() -> None:
    log_metadata({"a": 1})
    log_metadata({"a": 1}, infer_artifact=True)
    log_metadata({"a": 1}, infer_model=True)
    add_tags(["x"], infer_artifact=True)
    with pytest.raises(UsageError, match="outside of a running step"):
        get_step_context()
    with pytest.raises(UsageError, match="what the tags belong to"):
        add_tags(["x"])


def test_outside_of_steps_artifacts_are_saved_found_tagged_and_described(tmp_path: Path) -> None:
    first = save_artifact({"n": 1}, "größen", tags=["raw"], user_metadata={"unit": "m"})
    second = save_artifact([1, 2], "größen")
    assert (first.version, second.version, first.view.tags, first.metadata) == (1, 2, ["raw"], {"unit": "m"})
    assert load_artifact("größen") == [1, 2]
    assert load_artifact("größen", "1") == load_artifact(first.id) == first.load() == {"n": 1}

    log_metadata({"rows": 3}, artifact_version_id=first.id)
    log_artifact_metadata({"rows": 4}, "größen")
    add_tags(["checked"], artifact_version_id=first.id)
    remove_tags(["raw"], artifact_name="größen", artifact_version=1)
    ctx = open_context()
    assert artifacts.find_version(ctx, first.id).metadata == {"unit": "m", "rows": 3}
    assert artifacts.find_version(ctx, second.id).metadata == {"rows": 4}
    assert artifacts.find_version(ctx, first.id).tags == ["checked"]
    add_tags(["important"], artifact="größen")
    assert find_target(ctx, {"artifact": "größen", "whole": True})[0] == "artifact"

    models.create_model(ctx, "churn", {})
    version = models.create_version(ctx, "churn")
    log_metadata({"auc": 0.9}, model_name="churn", model_version=version.number)
    add_tags(["good"], model="churn", model_version="latest")
    link_artifact_to_model(first, Model(name="churn"))
    found = models.get_version(ctx, "churn", details=True)
    assert (found.metadata, found.tags) == ({"auc": 0.9}, ["good"])
    assert [a.artifact_version_id for a in found.artifacts] == [first.id]


def test_files_and_folders_are_registered_as_copies(tmp_path: Path) -> None:
    (tmp_path / "run" / "größe").mkdir(parents=True)
    (tmp_path / "run" / "größe" / "weights.bin").write_bytes(b"1" * 3_000_000)
    (tmp_path / "run" / "notes.txt").write_text("first")
    folder = register_artifact(tmp_path / "run", "checkpoints", tags=["epoch 1"], artifact_metadata={"epoch": 1})
    file = register_artifact(str(tmp_path / "run" / "notes.txt"), "notes")
    (tmp_path / "run" / "notes.txt").write_text("changed")
    assert load_artifact("notes").read_text() == "first"
    loaded = load_artifact("checkpoints")
    assert sorted(p.relative_to(loaded).as_posix() for p in loaded.rglob("*") if p.is_file()) == [
        "größe/weights.bin", "notes.txt",
    ]  # fmt: skip
    assert (loaded / "notes.txt").read_text() == "first"
    assert (folder.view.tags, folder.metadata, file.view.data_format) == (["epoch 1"], {"epoch": 1}, "files")
    with pytest.raises(UsageError, match="nothing at"):
        register_artifact(tmp_path / "none", "none")
    (loaded / "notes.txt").write_text("mine")
    assert (load_artifact("checkpoints") / "notes.txt").read_text() == "first", "who loads it has a copy"
    (tmp_path / "empty").mkdir()
    register_artifact(tmp_path / "empty", "empty")
    assert list(load_artifact("empty").iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "kind", "text"),
    [
        (lambda: save_artifact(1, "a", version=3), UsageError, "next number"),
        (lambda: save_artifact(1, "a", artifact_type="models"), UsageError, "no type of an artifact"),
        (lambda: save_artifact(1, "a/b"), StackyardError, "can't be the name"),
        (lambda: save_artifact(1, "a", materializer="os:getcwd"), MaterializationError, "no materializer"),
        (lambda: load_artifact("none"), ArtifactNotFoundError, "no artifact 'none'"),
        (lambda: log_metadata({"a": 1}, run_id_name_or_prefix="none"), RunNotFoundError, "none"),
        (lambda: log_metadata({"a": 1}, step_id="none"), StackyardError, "no step run 'none'"),
        (lambda: log_metadata({"a": 1}, model_name="none"), ModelNotFoundError, "none"),
        (lambda: add_tags(["a"], run="none"), RunNotFoundError, "none"),
    ],
)
def test_what_can_not_be_is_told(wrong: Any, kind: type[StackyardError], text: str) -> None:
    with pytest.raises(kind, match=text):
        wrong()


def test_whatever_a_step_asks_for_gets_an_answer() -> None:
    """Of another version, or garbage: the run goes on."""
    ctx = open_context()

    def asked(method: str, **arguments: Any) -> StepReply:
        return answer(ctx, StepRequest(id=7, step_run_id="s", method=method, arguments=arguments))

    saved = save_artifact([1], "rows")
    found = asked("_input_version", name_or_id="rows")
    assert (found.id, found.error, found.value["artifact_version_id"]) == (7, None, saved.id)
    replies = [
        asked("no_such_method"), asked("__init__"), asked("delete_stack", name_id_or_prefix="default"), asked("_tag"),
        asked("_log_metadata", metadata={"a": 1}, target={}), asked("_record_artifact", save_type="manual"),
        asked("_input_version", name_or_id=["x"]),
    ]  # fmt: skip
    assert all(reply.error is not None and reply.error["message"] for reply in replies), replies
    assert Client().get_stack("default").name == "default"
