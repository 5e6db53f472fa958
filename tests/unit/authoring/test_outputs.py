"""What a step's signature and options say of its outputs: names, tags, types, materializers."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import pytest

from stackyard.authoring.artifact_config import ArtifactConfig, ExternalArtifact
from stackyard.authoring.pipeline import PipelineDefinition, RecordedPipeline
from stackyard.authoring.step import step
from stackyard.model.enums import ArtifactType
from stackyard.model.errors import DefinitionError, OptionError
from stackyard.model.graph import StepSpec


def record(function: Any, **options: Any) -> RecordedPipeline:
    definition: PipelineDefinition[Any] = PipelineDefinition(lambda: (function(),), name="wiring")
    return definition.record({}, definition.new_recorder(**options))


def only(function: Any, **options: Any) -> StepSpec:
    return record(function, **options).spec.steps[0]


def test_outputs_say_what_becomes_of_them() -> None:
    @step(substitutions={"who": "me"}, output_materializers={"model_{who}": "m:C"})
    def fit() -> tuple[
        Annotated[
            int,
            ArtifactConfig("model_{who}", tags=["t_{who}"], run_metadata={"a": 1}, artifact_type=ArtifactType.MODEL),
        ],
        Annotated[str, ArtifactConfig(artifact_type="ServiceArtifact")],
        Annotated[str, "day_{date}", ArtifactConfig(artifact_type="DATA")],
        int,
    ]:  # fmt: skip
        return 1, "a", "b", 2

    moment = dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc)
    first, second, third, fourth = only(fit, moment=moment).outputs
    assert (first.name, first.artifact_name, first.tags) == ("model_{who}", "model_me", ["t_me"])
    assert (first.metadata, first.artifact_type, first.materializers) == ({"a": 1}, "model", ["m:C"])
    assert (second.name, second.artifact_name) == ("output_1", "wiring::fit::output_1")
    assert (second.artifact_type, third.artifact_type, fourth.artifact_type) == ("deployment", "data", "")
    assert (third.artifact_name, third.type, fourth.type) == ("day_2026_01_02", "str", "int")


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"version": 3}, "version= of an output is 3, and can't be given"),
        ({"artifact_type": "table"}, "artifact_type= of an output"),
        ({"tags": "x"}, "must be a list of tags"), ({"run_metadata": {"a": object()}}, "no JSON value"),
    ],
)  # fmt: skip
def test_artifact_configurations_that_are_refused(config: Any, text: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        ArtifactConfig(**config)
    assert text in caught.value.message
    assert caught.value.location is not None
    assert caught.value.location.file == __file__


def test_a_placeholder_that_stands_for_nothing_is_refused() -> None:
    def fit() -> Annotated[int, "model_{owh}"]:
        return 1

    with pytest.raises(OptionError, match=r"the placeholder \{owh\}, which stands for nothing") as caught:
        only(step(fit).with_options(substitutions={"who": "me"}))
    assert "Did you mean 'who'?" in caught.value.hint


# artifacts from outside --------------------------------------------------------------------------------------------


class Version:
    def __stackyard_artifact_version__(self) -> str:
        return "v-1"


@step
def use(data: Any, more: Any = None) -> None: ...


def test_values_and_versions_from_outside_are_inputs() -> None:
    value = ExternalArtifact(value={"a": 1}, materializer="m.C")

    def wiring() -> None:
        use(value, ExternalArtifact(id="abc"))
        use(ExternalArtifact(name="rows"), ExternalArtifact(name="rows", version=3))
        use(Version(), [Version(), value, ExternalArtifact(value=None)])

    recorded = record(wiring)
    first, second, third = (spec.external_inputs for spec in recorded.spec.steps)
    placeholder = first["data"]
    assert placeholder.startswith("upload:")
    assert recorded.uploads[placeholder] is value
    assert (value.value, value.materializer, value.reference) == ({"a": 1}, "m:C", "")
    assert first["more"] == "abc"
    assert second == {"data": "name:rows", "more": "name:rows@3"}
    assert third["data"] == third["more[0]"] == "v-1"
    assert third["more[1]"] == placeholder
    assert recorded.uploads[third["more[2]"]].value is None
    assert len(recorded.uploads) == 2


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "was given nothing"), ({"value": 1, "id": "a"}, "value and id"), ({"name": "a", "id": "b"}, "id and name"),
        ({"id": "a", "version": 1}, "id and version"), ({"name": "a", "materializer": "m.C"}, "name and materializer"),
    ],
)  # fmt: skip
def test_artifacts_from_outside_are_one_thing(given: Any, text: str) -> None:
    with pytest.raises(OptionError, match=text) as caught:
        ExternalArtifact(**given)
    assert caught.value.hint
