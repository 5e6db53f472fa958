"""Run configurations: every key, what is refused and where, and the shapes that recording takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest
import yaml

from stackyard.api.configuration_schema import run_configuration_schema
from stackyard.api.configuration_values import KINDS
from stackyard.api.context import open_context
from stackyard.api.run_configuration import RunConfiguration, read_run_configuration
from stackyard.authoring.vocabulary import RUN_CONFIGURATION, STEP_CONFIGURATION
from stackyard.model.errors import PipelineValidationError, RunConfigurationError
from stackyard.model.problems import Problems

FULL = """\
stack: local
run_name: nightly-{date}
enable_cache: no
parameters: {note: 12:30}
environment: {SEED: 010, FLAG: yes, RATE: 1e3}
secrets: [hub, hub, other]
settings:
  orchestrator: {max_workers: 2}
  resources: {cpu_count: 2, memory: 4GB, gpu_class: big}
tags: [a, {name: b, color: blue}]
extra: {team: [1, 2]}
model: classifier
retry: 2
substitutions: {customer: acme}
cache_policy: default
execution_mode: stop_on_failure
init_hook_source: hooks.prepare
init_hook_kwargs: {n: 1}
cleanup_hook_source: {module: hooks, attribute: clean, type: user}
failure_hook_source: hooks.Alerts.failed
success_hook_source: hooks:Alerts.done
schedule:
enable_step_logs: true
steps:
  train:
    enable_cache: true
    step_operator: false
    experiment_tracker: mine
    parameters: {rate: 0.1}
    timeout: 10
    retry: {max_retries: 3, delay: 1, backoff: null}
    model: {name: classifier, version: 3, suppress_class_validation_warnings: true}
    cache_policy: {file_dependencies: [data.csv], expires_after: 60}
    resources: {memory: 512MiB}
    settings: {resources: {cpu_count: 1}}
    end_hook_source: hooks.end
    outputs:
      model: {materializer_source: [mats.Own, "mats:Other"]}
      rest:
  empty:
"""


def written(folder: Path, text: str) -> RunConfiguration:
    (folder / "run.yaml").write_text(text, encoding="utf-8")
    return read_run_configuration(folder / "run.yaml")


def test_every_key_comes_in_the_shape_that_recording_takes(tmp_path: Path) -> None:
    found = written(tmp_path, FULL)
    assert found.values == {
        "stack": "local",
        "run_name": "nightly-{date}",
        "enable_cache": False,
        "parameters": {"note": 750},
        "environment": {"SEED": "010", "FLAG": "yes", "RATE": "1e3"},
        "secrets": ["hub", "other"],
        "settings": {"orchestrator": {"max_workers": 2}},
        "resources": {"cpu_count": 2, "memory": "4GB"},
        "tags": ["a", "b"],
        "extra": {"team": [1, 2]},
        "model": {"name": "classifier"},
        "retry": {"max_retries": 2},
        "substitutions": {"customer": "acme"},
        "cache_policy": {},
        "execution_mode": "stop_on_failure",
        "on_init": {"module": "hooks", "qualname": "prepare", "arguments": {"n": 1}},
        "on_cleanup": {"module": "hooks", "qualname": "clean"},
        "hooks": {
            "failure": {"module": "hooks.Alerts", "qualname": "failed"},
            "success": {"module": "hooks", "qualname": "Alerts.done"},
        },
        "steps": {
            "train": {
                "enable_cache": True,
                "step_operator": False,
                "experiment_tracker": "mine",
                "parameters": {"rate": 0.1},
                "timeout": 10.0,
                "retry": {"max_retries": 3, "delay": 1},
                "model": {"name": "classifier", "version": 3},
                "cache_policy": {"file_dependencies": ["data.csv"], "expires_after": 60},
                "resources": {"cpu_count": 1, "memory": "512MiB"},
                "settings": {},
                "hooks": {"end": {"module": "hooks", "qualname": "end"}},
                "outputs": {"model": {"materializers": ["mats:Own", "mats:Other"]}},
            }
        },
    }
    assert found.notes == ()
    assert found.step("train")["timeout"] == 10.0
    assert found.step("empty") == found.step("other") == {}


OF_ZENML = """
    run_name enable_cache enable_artifact_metadata enable_artifact_visualization enable_step_logs
    enable_pipeline_logs enable_heartbeat schedule build steps settings environment secrets tags extra model
    parameters retry init_hook_source init_hook_kwargs cleanup_hook_source failure_hook_source success_hook_source
    start_hook_source end_hook_source pause_hook_source resume_hook_source substitutions cache_policy execution_mode
"""
STEPS_OF_ZENML = """
    enable_cache enable_artifact_metadata enable_artifact_visualization enable_step_logs step_operator
    experiment_tracker parameters settings environment secrets extra failure_hook_source success_hook_source
    start_hook_source end_hook_source model retry substitutions cache_policy runtime heartbeat_healthy_threshold
    group outputs
"""


def test_every_key_of_zenml_is_known() -> None:
    assert set(OF_ZENML.split()) <= RUN_CONFIGURATION.keys()
    assert set(STEPS_OF_ZENML.split()) <= STEP_CONFIGURATION.keys()


def test_every_honoured_key_has_a_kind() -> None:
    for words in (RUN_CONFIGURATION, STEP_CONFIGURATION):
        honoured = {key for key, word in words.items() if word.verdict == "honoured"}
        assert honoured <= KINDS.keys()
    assert KINDS.keys() <= {*RUN_CONFIGURATION, *STEP_CONFIGURATION}


@pytest.mark.parametrize("key", [k for k, w in {**RUN_CONFIGURATION, **STEP_CONFIGURATION}.items()])
def test_a_key_without_a_value_says_nothing(tmp_path: Path, key: str) -> None:
    text = f"{key}:\n" if key in RUN_CONFIGURATION else f"steps: {{train: {{{key}: null}}}}\n"
    found = written(tmp_path, text)
    assert found.values in ({}, {"steps": {"train": {}}})
    assert found.notes == ()


def test_what_has_no_effect_is_noted_once(tmp_path: Path) -> None:
    text = (
        "enable_step_logs: false\nsettings: {docker: {parent_image: x}}\n"
        "steps:\n  a: {enable_step_logs: false, settings: {docker: {}}}\n  b: {enable_step_logs: false, group: x}\n"
    )
    found = written(tmp_path, text)
    told = [note.partition(": ")[2].partition(" has no effect")[0] for note in found.notes]
    assert sorted(told) == ["'enable_step_logs'", "'group'", "'settings.docker'"]
    assert found.values == {"settings": {}, "steps": {"a": {"settings": {}}, "b": {}}}


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("enable_cach: true\n", (1, 1), "has the unknown key 'enable_cach'", "Did you mean 'enable_cache'?"),
        ("steps:\n  train:\n    parameter: {}\n", (3, 5), "unknown key 'steps.train.parameter'", "'parameters'"),
        ("steps: {train: {stack: x}}\n", (1, 17), "unknown key 'steps.train.stack'", "Known: "),
        ("enable_cache: 1\n", (1, 1), "'enable_cache' in", "Mend"),
        ("steps:\n  train: 5\n", (2, 3), "'steps.train' in", "key: value"),
        ("steps: 5\n", (1, 1), "'steps' in", "Mend"),
        ("- 1\n", (1, 1), "must be a mapping", "key: value"),
        ("schedule: {cron_expression: '* * * * *'}\n", (1, 1), "'schedule' in", "cron"),
        ("retry:\n  max_retry: 1\n", (2, 3), "'retry' in", "Did you mean 'max_retries'?"),
        ("retry:\n  max_retries: -1\n", (2, 3), "'retry.max_retries' in", "attempts"),
        ("settings:\n  resources:\n    memory: 4\n", (3, 5), "'settings.resources.memory' in", "unit"),
        ("settings:\n  resources:\n    memory: much\n", (3, 5), "can't be 'much'", "8GB"),
        ("model:\n  version: 3\n", (1, 1), "has no 'name'", "name: ..."),
        ("timeout: 5\n", (1, 1), "unknown key 'timeout'", ""),
        ("steps: {a: {timeout: 0}}\n", (1, 13), "seconds above 0", "Mend"),
        ("tags: a\n", (1, 1), "a list of names", "Mend"),
        ("environment: {A: [1]}\n", (1, 15), "'environment.A' in", "Mend"),
        ("substitutions: {date: x}\n", (1, 17), "redefines {date}", "another name"),
        ("execution_mode: fail_fst\n", (1, 1), "fail_fast or stop_on_failure", "Did you mean 'fail_fast'?"),
        ("failure_hook_source: no-source\n", (1, 1), "a source like module.name", "Mend"),
        ("start_hook_source: {source: a.b}\n", (1, 1), "a source like module.name, got {'source'", "Mend"),
        ("steps:\n  a:\n    outputs:\n      x:\n        materialiser: y\n", (5, 9), "'steps.a.outputs.x' in", "Known"),
        ("cache_policy: {expire_after: 5}\n", (1, 16), "unknown key 'expire_after'", "'expires_after'"),
        ("enable_cache: true\nenable_cache: false\n", (2, 1), "stands twice", "Leave one"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, text: str, place: tuple[int, int], message: str, hint: str
) -> None:
    with pytest.raises(RunConfigurationError) as caught:
        written(tmp_path, text)
    assert message in caught.value.message
    assert hint in caught.value.hint
    where = caught.value.location
    assert where is not None
    assert (where.file, where.line, where.column) == (str(tmp_path / "run.yaml"), *place)


def test_everything_wrong_is_told_at_once_and_the_rest_can_be_used(tmp_path: Path) -> None:
    text = "enable_cach: true\nretry: {max_retries: x, delay: -1}\nsteps: {a: 5, b: {timeout: no}}\nrun_name: r\n"
    with pytest.raises(PipelineValidationError) as caught:
        written(tmp_path, text)
    assert len(caught.value.errors) == 5
    problems = Problems()
    found = read_run_configuration(tmp_path / "run.yaml", problems)
    assert len(problems) == 5
    assert found.values == {"run_name": "r", "steps": {"b": {}}}


values: list[Any] = [
    "5",
    "-1",
    "x",
    "[]",
    "[[1]]",
    "{}",
    "{a: {b: 1}}",
    "true",
    "1.5",
    ".nan",
    ".inf",
    "''",
    "'\\0'",
    "2020-01-01",
]


@pytest.mark.parametrize("value", values)
@pytest.mark.parametrize("key", sorted(KINDS))
def test_no_value_of_any_key_gets_through_half_checked(tmp_path: Path, key: str, value: str) -> None:
    """Given anything behind any key, then it is taken or refused with its place."""
    text = f"{key}: {value}\n" if key in RUN_CONFIGURATION else f"steps:\n  a:\n    {key}: {value}\n"
    (tmp_path / "run.yaml").write_text(text)
    problems = Problems()
    found = read_run_configuration(tmp_path / "run.yaml", problems)
    for problem in problems:
        assert problem.location is not None
        assert problem.location.line in (1, 3)
        assert problem.hint
    assert bool(problems) or json.dumps(found.values)


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    for text in ("", "# nothing\n", "---\n", "null\n"):
        assert written(tmp_path, text).values == {}


def test_the_schema_takes_what_the_reader_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given the file with every key, its schema takes it; given a wrong key anywhere, neither does."""
    monkeypatch.chdir(tmp_path)
    schema = run_configuration_schema(open_context(tmp_path))
    validate = fastjsonschema.compile(schema)
    validate(yaml.safe_load(FULL))
    wrongs: tuple[dict[str, Any], ...] = (
        {"enable_cach": True}, {"retry": {"max_retry": 1}}, {"steps": {"a": {"stack": "x"}}}, {"schedule": {}},
        {"settings": {"orchestratr": {}}}, {"settings": {"orchestrator.local": {"max_worker": 1}}},
    )  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            validate(wrong)
