"""ZenML's words: all of them are in the tables, and what the tables call honoured is really taken."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

import stackyard
from stackyard.authoring import vocabulary
from stackyard.authoring.client_vocabulary import CLIENT
from stackyard.authoring.configured import from_code
from stackyard.authoring.options import StepOptions
from stackyard.authoring.pipeline import PipelineDefinition, pipeline
from stackyard.authoring.pipeline_options import PipelineOptions
from stackyard.authoring.step import StepDefinition, step
from stackyard.model.errors import OptionError

ZENML_STEP = {
    "name",
    "step_type",
    "enable_cache",
    "enable_artifact_metadata",
    "enable_artifact_visualization",
    "enable_step_logs",
    "experiment_tracker",
    "step_operator",
    "output_materializers",
    "environment",
    "secrets",
    "settings",
    "extra",
    "on_failure",
    "on_success",
    "on_start",
    "on_end",
    "model",
    "retry",
    "substitutions",
    "cache_policy",
    "runtime",
    "heartbeat_healthy_threshold",
    "group",
}
ZENML_PIPELINE = {
    "name",
    "dynamic",
    "depends_on",
    "enable_cache",
    "enable_artifact_metadata",
    "enable_step_logs",
    "enable_heartbeat",
    "environment",
    "secrets",
    "enable_pipeline_logs",
    "settings",
    "tags",
    "extra",
    "on_failure",
    "on_success",
    "on_start",
    "on_end",
    "on_pause",
    "on_resume",
    "on_init",
    "on_init_kwargs",
    "on_cleanup",
    "model",
    "retry",
    "substitutions",
    "execution_mode",
    "cache_policy",
    "enable_artifact_visualization",
}
ZENML_PIPELINE_CHANGES = {
    "run_name",
    "schedule",
    "build",
    "step_configurations",
    "steps",
    "config_path",
    "unlisted",
    "prevent_build_reuse",
    "parameters",
    "merge",
}
ZENML_RUN_CONFIGURATION = {
    "run_name",
    "enable_cache",
    "enable_artifact_metadata",
    "enable_artifact_visualization",
    "enable_step_logs",
    "enable_pipeline_logs",
    "enable_heartbeat",
    "schedule",
    "build",
    "steps",
    "settings",
    "environment",
    "secrets",
    "tags",
    "extra",
    "model",
    "parameters",
    "retry",
    "init_hook_source",
    "init_hook_kwargs",
    "cleanup_hook_source",
    "failure_hook_source",
    "success_hook_source",
    "start_hook_source",
    "end_hook_source",
    "pause_hook_source",
    "resume_hook_source",
    "substitutions",
    "cache_policy",
    "execution_mode",
}
ZENML_STEP_CONFIGURATION = {
    "enable_cache",
    "enable_artifact_metadata",
    "enable_artifact_visualization",
    "enable_step_logs",
    "step_operator",
    "experiment_tracker",
    "parameters",
    "settings",
    "environment",
    "secrets",
    "extra",
    "failure_hook_source",
    "success_hook_source",
    "start_hook_source",
    "end_hook_source",
    "model",
    "retry",
    "substitutions",
    "cache_policy",
    "runtime",
    "heartbeat_healthy_threshold",
    "group",
    "outputs",
}
VALUES: dict[str, Any] = {
    "name": "x", "enable_cache": False, "experiment_tracker": "e", "step_operator": True, "output_materializers": "m.C",
    "environment": {"A": "1"}, "secrets": ["s"], "settings": {"orchestrator": {"max_workers": 1}}, "extra": {"a": 1},
    "on_failure": "m.f", "on_success": print, "on_start": "m.f", "on_end": "m.f", "on_init": "m.f",
    "on_init_kwargs": {"a": 1}, "on_cleanup": "m.f", "model": "m", "retry": 3, "substitutions": {"a": "b"},
    "cache_policy": "default", "timeout": 5, "resources": {"cpu_count": 1}, "tags": ["t"], "parameters": {"n": 2},
    "merge": False, "execution_mode": "fail_fast", "stack": "s", "run_name": "r", "config_path": "c.yaml",
    "steps": {"work": {"retry": 1}}, "step_configurations": {"work": {"retry": 1}}, "resume": "r-1",
    "outputs": {"output": {"materializer_source": "m.C"}}, "failure_hook_source": "m.f", "success_hook_source": "m.f",
    "start_hook_source": "m.f", "end_hook_source": "m.f", "id": "called", "after": [],
}  # fmt: skip


def work(n: int = 1) -> int:
    return n


def honoured(*tables: dict[str, vocabulary.Word]) -> list[str]:
    return [name for table in tables for name, word in table.items() if word.verdict == "honoured"]


def others(table: dict[str, vocabulary.Word], verdict: str) -> list[str]:
    return [name for name, word in table.items() if word.verdict == verdict]


def test_every_word_of_zenml_is_judged_and_ours_are_marked() -> None:
    tables = [
        (vocabulary.STEP_OPTIONS, ZENML_STEP),
        ({**vocabulary.PIPELINE_OPTIONS, **vocabulary.PIPELINE_CHANGES}, ZENML_PIPELINE | ZENML_PIPELINE_CHANGES),
        (vocabulary.RUN_CONFIGURATION, ZENML_RUN_CONFIGURATION),
        (vocabulary.STEP_CONFIGURATION, ZENML_STEP_CONFIGURATION),
        (vocabulary.STEP_CHANGES, {"parameters", "merge"}),
        (vocabulary.STEP_CALL, {"id", "after", "start_after"}),
    ]
    for table, zenml in tables:
        assert zenml <= set(table)
        ours = {name for name, word in table.items() if word.ours}
        assert set(table) - zenml - ours <= {"timeout", "resources"}  # refused words of ours have no mark
    for table in (*(t for t, _ in tables), vocabulary.SETTINGS, vocabulary.IMPORTS, CLIENT):
        for name, word in table.items():
            assert word.text, name
            assert word.verdict in ("honoured", "no effect", "refused")


@pytest.mark.parametrize("keyword", honoured(vocabulary.STEP_OPTIONS, vocabulary.STEP_CHANGES))
def test_every_honoured_option_of_steps_changes_something(keyword: str) -> None:
    plain = step(work)
    changed = plain.with_options(**{keyword: VALUES[keyword]})
    assert keyword == "merge" or (changed.options, changed.name) != (plain.options, plain.name)
    if keyword in vocabulary.STEP_OPTIONS:
        made: StepDefinition[Any] = step(**{keyword: VALUES[keyword]})(work)
        assert (made.options, made.name) != (plain.options, plain.name)


@pytest.mark.parametrize("keyword", honoured(vocabulary.PIPELINE_OPTIONS, vocabulary.PIPELINE_CHANGES))
def test_every_honoured_option_of_pipelines_changes_something(keyword: str) -> None:
    plain: PipelineDefinition[Any] = pipeline(work)
    given = {keyword: VALUES[keyword]} | ({"on_init": "m.f"} if keyword == "on_init_kwargs" else {})
    changed = plain.with_options(**given)
    assert keyword == "merge" or (changed.options, changed.name) != (plain.options, plain.name)
    if keyword in vocabulary.PIPELINE_OPTIONS:
        made: PipelineDefinition[Any] = pipeline(**given)(work)
        assert (made.options, made.name) != (plain.options, plain.name)


@pytest.mark.parametrize("key", honoured(vocabulary.STEP_CONFIGURATION))
def test_every_honoured_key_of_a_step_s_section_changes_something(key: str) -> None:
    section = from_code({key: VALUES[key]}, "step 'work'", None)
    assert (section.options, section.parameters) != (StepOptions(), {})


def test_what_has_no_effect_has_none_and_what_is_refused_says_why() -> None:
    quiet: dict[str, Any] = dict.fromkeys(others(vocabulary.STEP_OPTIONS, "no effect"), "anything")
    assert step(**quiet)(work).options == StepOptions()
    whole = {**vocabulary.PIPELINE_OPTIONS, **vocabulary.PIPELINE_CHANGES}
    idle = dict.fromkeys(others(whole, "no effect"), "anything")
    assert pipeline(work).with_options(**idle).options == PipelineOptions()
    for keyword in others(whole, "refused"):
        with pytest.raises(OptionError) as caught:
            pipeline(work).with_options(**{keyword: True})
        assert caught.value.hint == whole[keyword].text


def test_import_lines_lead_to_what_is_there() -> None:
    lines = [word.text for word in vocabulary.IMPORTS.values() if word.verdict == "honoured"]
    public = {text.removeprefix("from stackyard import ").partition(",")[0] for text in lines}
    assert public <= set(stackyard.__all__)
    here = {
        "ArtifactVersion",
        "Materializer",
        "PipelineContext",
        "StackyardError",
        "RunFailedError",
        "RunStoppedError",
        "StepFailedError",
    }
    assert set(stackyard.__all__) - public == here  # whatever else is public has no counterpart to import from ZenML


def test_type_checkers_know_the_honoured_options_too() -> None:
    for made, table in ((step, vocabulary.STEP_OPTIONS), (pipeline, vocabulary.PIPELINE_OPTIONS)):
        source = Path(inspect.getfile(made)).read_text(encoding="utf-8")
        hints = source[source.index(f"@overload\ndef {made.__name__}(\n") :]
        for keyword in honoured(table):
            assert f"\n    {keyword}: " in hints, keyword
