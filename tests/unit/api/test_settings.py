"""Settings for components: which place wins, what is refused, and where an error points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stackyard import pipeline, step
from stackyard.api.run_configuration import RunConfiguration, read_run_configuration
from stackyard.api.settings import RunSettings, SettingsResolver
from stackyard.authoring.pipeline import PipelineDefinition
from stackyard.flavors.base import ComponentConfiguration, Flavor
from stackyard.flavors.catalogue import AnyFlavor
from stackyard.flavors.described import DescribedFlavor
from stackyard.flavors.local import LOCAL_ARTIFACT_STORE, LOCAL_ORCHESTRATOR
from stackyard.model.enums import ComponentType
from stackyard.model.errors import DefinitionError, PipelineValidationError, SettingsError
from stackyard.model.problems import Problems

TRACKER = ComponentType.EXPERIMENT_TRACKER
ORCHESTRATOR = ComponentType.ORCHESTRATOR


class TinySettings(ComponentConfiguration):
    """Settings of a tracker."""

    experiment: str | None = None
    level: int = 0


TINY = Flavor("tiny", TRACKER, ComponentConfiguration, "Tracks.", settings_model=TinySettings)
OTHER = Flavor("other", TRACKER, ComponentConfiguration, "Tracks elsewhere.")
KNOWN: list[AnyFlavor] = [LOCAL_ORCHESTRATOR, LOCAL_ARTIFACT_STORE, TINY, OTHER]


def resolve(
    definition: PipelineDefinition, configuration: RunConfiguration | None = None, tracker: AnyFlavor | None = TINY
) -> RunSettings:
    """Resolve for a stack of a local orchestrator and store, and a tracker."""
    configuration = configuration or RunConfiguration()
    recorder = definition.new_recorder(configuration=configuration.values, file=configuration.file)
    spec = definition.record({}, recorder).spec
    stack: dict[ComponentType, AnyFlavor] = {
        ORCHESTRATOR: LOCAL_ORCHESTRATOR,
        ComponentType.ARTIFACT_STORE: LOCAL_ARTIFACT_STORE,
    }
    if tracker is not None:
        stack[TRACKER] = tracker
    problems = Problems()
    resolver = SettingsResolver(
        definition.name, definition.options.settings, configuration, stack=stack, known=names, problems=problems
    )
    resolver.add(spec.steps, problems)
    problems.raise_any("The pipeline can't run")
    return resolver.found


def names(component_type: ComponentType) -> list[str]:
    return [flavor.name for flavor in KNOWN if flavor.component_type is component_type]


def training(of_pipeline: dict[str, Any] | None = None, of_step: dict[str, Any] | None = None) -> PipelineDefinition:
    """Return a pipeline of one step."""

    @step(settings=of_step)
    def train() -> int:
        return 1

    @pipeline(settings=of_pipeline)
    def trained() -> None:
        train()

    return trained


def written(folder: Path, text: str) -> RunConfiguration:
    (folder / "run.yaml").write_text(text)
    return read_run_configuration(folder / "run.yaml")


def test_without_settings_there_are_none() -> None:
    assert resolve(training()) == RunSettings()


def test_each_setting_comes_from_the_strongest_place_that_has_it(tmp_path: Path) -> None:
    """Given: all four places speak. Then: the run configuration over code, in both the step over the pipeline."""
    key = "experiment_tracker"
    definition = training({key: {"experiment": "pipeline", "level": 1}}, {key: {"experiment": "step"}})
    found = resolve(definition)
    assert found.of_run(TRACKER) == {"experiment": "pipeline", "level": 1}
    assert found.of_step("train", TRACKER) == {"experiment": "step", "level": 1}
    top = "settings: {experiment_tracker: {experiment: file, level: 2}}\n"
    found = resolve(definition, written(tmp_path, top))
    assert found.of_run(TRACKER) == {"experiment": "file", "level": 2}
    assert found.of_step("train", TRACKER) == {"experiment": "file", "level": 2}
    section = "steps: {train: {settings: {experiment_tracker: {experiment: section}}}}\n"
    assert resolve(definition, written(tmp_path, top + section)).of_step("train", TRACKER) == {
        "experiment": "section",
        "level": 2,
    }


def test_the_flavor_s_own_key_wins_over_the_type_s_in_whatever_order() -> None:
    settings = {"experiment_tracker.tiny": {"level": 2}, "experiment_tracker": {"level": 1, "experiment": "e"}}
    assert resolve(training(settings)).of_run(TRACKER) == {"level": 2, "experiment": "e"}


def test_with_options_adds_to_what_the_decorator_says() -> None:
    definition = training({"orchestrator": {"max_workers": 2, "execution_mode": "fail_fast"}})
    changed = definition.with_options(settings={"orchestrator": {"max_workers": 3}})
    assert resolve(changed).of_run(ORCHESTRATOR) == {"max_workers": 3, "execution_mode": "fail_fast"}
    assert resolve(definition).of_run(ORCHESTRATOR)["max_workers"] == 2, "the original stays as it is"


def test_a_settings_model_of_the_flavor_may_stand_for_a_mapping() -> None:
    assert resolve(training({"experiment_tracker": TinySettings(level=3)})).of_run(TRACKER) == {"level": 3}


def test_settings_for_other_stacks_are_left_alone() -> None:
    """The same code runs on a stack with another tracker, and on one without any."""
    settings = {"experiment_tracker.tiny": {"level": 2}, "step_operator": {"machine": "large"}}
    assert resolve(training(settings), tracker=OTHER) == RunSettings()
    assert resolve(training(settings), tracker=None) == RunSettings()


def test_zenml_s_settings_for_images_have_no_effect(tmp_path: Path) -> None:
    docker = {"docker": {"requirements": ["x"], "parent": object()}}
    file = "settings: {docker: {requirements: [x]}}\nsteps: {train: {settings: {docker: {a: 1}}}}\n"
    assert resolve(training(docker, docker), written(tmp_path, file)) == RunSettings()


def test_a_described_flavor_checks_settings_as_well() -> None:
    described = DescribedFlavor(TINY.descriptor())
    assert resolve(training({"experiment_tracker": {"level": 2}}), tracker=described).of_run(TRACKER) == {"level": 2}
    with pytest.raises(SettingsError, match="level"):
        resolve(training({"experiment_tracker": {"level": "high"}}), tracker=described)


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ({"orchestratr": {}}, "'orchestratr', which is no component type", "Did you mean 'orchestrator'"),
        ({"experiment_tracker.tny": {}}, "no experiment tracker flavor is called 'tny'", "Did you mean 'tiny'"),
        ({"orchestrator": {"max_worker": 1}}, "'max_worker'", "Did you mean 'max_workers'"),
        ({"orchestrator": {"max_workers": 0}}, "max_workers=0", "Correct"),
        ({"artifact_store": {"path": "x"}}, "'path'", "Settings: none"),
        ({"experiment_tracker": {"level": "high"}}, "level='high'", "Correct"),
    ],
)
def test_bad_settings_are_refused_with_the_nearest_and_the_place(
    settings: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve(training(settings))
    assert message in caught.value.message
    assert "pipeline 'trained'" in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.location is not None
    assert (Path(caught.value.location.file).name, caught.value.location.line > 0) == ("test_settings.py", True)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("settings:\n  orchestrator:\n    max_workers: 2\n    max_worker: 1\n", "'max_worker'", 4),
        ("settings:\n  orchestrator.lokal: {}\n", "'lokal'", 2),
        ("settings:\n  orchestrator: 5\n", "must be a mapping, got 5", 2),
        ("steps:\n  train:\n    settings:\n      experiment_tracker:\n        level: high\n", "level='high'", 5),
    ],
)
def test_bad_settings_in_a_file_are_named_with_their_line(tmp_path: Path, text: str, message: str, line: int) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve(training(), written(tmp_path, text))
    assert message in caught.value.message
    assert caught.value.location is not None
    assert (caught.value.location.file, caught.value.location.line) == (str(tmp_path / "run.yaml"), line)


def test_all_bad_settings_are_told_at_once(tmp_path: Path) -> None:
    definition = training({"orchestrator": {"max_workers": 0}}, {"experiment_tracker": {"level": "high"}})
    with pytest.raises(PipelineValidationError) as caught:
        resolve(definition, written(tmp_path, "settings:\n  orchestratr: {}\n  orchestrator.lokal: {}\n"))
    assert len(caught.value.errors) == 4


def test_what_holds_for_the_whole_run_is_no_step_s_to_say(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="step 'train' can't be a step's") as caught:
        resolve(training(None, {"orchestrator": {"max_workers": 2}}))
    assert "pipeline" in caught.value.hint
    text = "steps:\n  train:\n    settings: {orchestrator.local: {max_workers: 2}}\n"
    with pytest.raises(SettingsError, match="can't be a step's"):
        resolve(training(), written(tmp_path, text))


@pytest.mark.parametrize("settings", [["orchestrator"], {"orchestrator": 4}, "orchestrator"])
def test_settings_of_another_shape_are_refused_where_they_are_written(settings: Any) -> None:
    with pytest.raises(SettingsError, match="must map a component type") as caught:
        training(settings)
    assert caught.value.location is not None
    with pytest.raises(SettingsError, match="must map a component type"):
        training(None, settings)


def test_settings_are_json_values_whatever_they_were() -> None:
    assert resolve(training({"experiment_tracker": {"experiment": Path("/a")}})).of_run(TRACKER) == {"experiment": "/a"}
    with pytest.raises(SettingsError, match="hold an object, which is no JSON value"):
        training({"experiment_tracker": {"experiment": object()}})


def test_the_section_of_a_step_counts_for_all_calls_of_its_map(tmp_path: Path) -> None:
    @step
    def train(x: int) -> int:
        return x

    @pipeline
    def mapped() -> None:
        train.map(x=[1, 2])

    text = "steps:\n  train: {settings: {experiment_tracker: {level: 3}}}\n"
    found = resolve(mapped, written(tmp_path, text))
    assert [found.of_step(name, TRACKER) for name in found.steps] == [{"level": 3}, {"level": 3}]


# secrets and trackers -------------------------------------------------------------------------------------------------


def test_a_step_has_the_pipeline_s_secrets_its_own_and_those_of_the_run_configuration(tmp_path: Path) -> None:
    @step(secrets=["own", "both"], experiment_tracker="mine")
    def train() -> int:
        return 1

    @pipeline(secrets=["all", "both"])
    def trained() -> None:
        train.with_options(secrets=["more"])()

    configuration = written(
        tmp_path, "secrets: [top]\nsteps: {train: {secrets: [section, own], experiment_tracker: false}}\n"
    )
    (plain,) = trained.record({}, trained.new_recorder()).spec.steps
    assert (plain.secrets, plain.experiment_tracker) == (["all", "both", "own", "more"], "mine")
    recorder = trained.with_options(secrets=["late"]).new_recorder(configuration=configuration.values)
    (configured,) = trained.record({}, recorder).spec.steps
    assert configured.secrets == ["all", "both", "late", "own", "more", "top", "section"]
    assert configured.experiment_tracker is False


@pytest.mark.parametrize("options", [{"secrets": "one"}, {"secrets": [1]}, {"experiment_tracker": 5}])
def test_options_of_another_type_are_refused(options: dict[str, Any]) -> None:
    def train() -> int:
        return 1

    with pytest.raises(DefinitionError) as caught:
        step(**options)(train)
    assert caught.value.hint
    with pytest.raises(DefinitionError):
        step(train).with_options(**options)
