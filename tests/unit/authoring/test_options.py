"""Options of steps and pipelines: what each place says, which place wins, and what is refused."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import pytest

from stackyard.authoring.artifact_config import ArtifactConfig, Tag
from stackyard.authoring.cache_policy import CachePolicy
from stackyard.authoring.options import StepOptions
from stackyard.authoring.pipeline import PipelineDefinition, pipeline
from stackyard.authoring.recorder import Recorder
from stackyard.authoring.sources import FunctionHook
from stackyard.authoring.step import step
from stackyard.model.enums import ExecutionMode
from stackyard.model.errors import (
    DefinitionError,
    MaterializationError,
    OptionError,
    RunConfigurationError,
    SettingsError,
    SignatureError,
    StackyardError,
)
from stackyard.model.graph import PipelineSpec, StepSpec
from stackyard.model.options import HookSpec, ModelSpec, ResourceSettings, StepRetryConfig
from stackyard.storage.materializers.base import Materializer
from stackyard.storage.materializers.builtin import JsonMaterializer
from stackyard.storage.materializers.lookup import find_materializer


def told(error: BaseException | None = None) -> None:
    print(error)


def text() -> str:
    return "x"


class Holder:
    @staticmethod
    @step
    def inside(n: int) -> int:
        return n


@step(
    enable_cache=False,
    experiment_tracker=True,
    step_operator="cluster",
    output_materializers=JsonMaterializer,
    environment={"A": 1},
    secrets=["one"],
    settings={"orchestrator": {"max_workers": 2}, "resources": {"cpu_count": 2}},
    extra={"k": [1]},
    on_failure=told,
    on_end="json.dumps",
    model=ModelSpec(name="m", version="v_{date}"),
    retry={"max_retries": 3, "delay": 1.5},
    timeout=dt.timedelta(minutes=1),
    tags=["daily", Tag("x_{who}", color="red")],
    substitutions={"who": "me"},
    cache_policy="default",
)
def full(n: int = 1) -> Annotated[int, "number"]:
    return n


def recorded(definition: Any, **options: Any) -> PipelineSpec:
    spec: PipelineSpec = definition.record({}, definition.new_recorder(**options)).spec
    return spec


def calling(function: Any, **options: Any) -> PipelineDefinition[Any]:
    return PipelineDefinition(lambda: (function(),), name="wiring", **options)


def only(function: Any, **options: Any) -> StepSpec:
    return recorded(calling(function), **options).steps[0]


def test_every_option_of_a_step_is_recorded() -> None:
    spec = only(full, moment=dt.datetime(2026, 11, 22, 10, tzinfo=dt.timezone.utc))
    assert (spec.enable_cache, spec.experiment_tracker, spec.step_operator) == (False, True, "cluster")
    assert spec.outputs[0].materializers == ["stackyard.storage.materializers.builtin:JsonMaterializer"]
    assert (spec.environment, spec.secrets, spec.extra) == ({"A": "1"}, ["one"], {"k": [1]})
    assert [given.values for given in spec.settings] == [{"orchestrator": {"max_workers": 2}}]
    assert spec.resources == ResourceSettings(cpu_count=2)
    assert spec.model == ModelSpec(name="m", version="v_2026_11_22")
    assert spec.retry == StepRetryConfig(max_retries=3, delay=1.5)
    assert (spec.timeout_s, spec.tags) == (60.0, ["daily", "x_me"])
    assert spec.substitutions == {"date": "2026_11_22", "time": "10_00_00_000000", "who": "me"}
    assert spec.cache_policy == CachePolicy()
    failure, end = spec.hooks["failure"], spec.hooks["end"]
    assert isinstance(failure, FunctionHook)
    assert failure.function is told
    assert (failure.module, failure.qualname, failure.file) == (__name__, "told", __file__)
    assert end == HookSpec(module="json", qualname="dumps")
    written = StepSpec.model_validate_json(spec.model_dump_json())
    assert written.hooks["failure"] == HookSpec(**failure.model_dump())


def test_every_option_of_a_pipeline_is_recorded_and_counts_for_its_steps() -> None:
    @pipeline(
        environment={"A": "pipeline", "B": "pipeline"}, secrets=["zero"], retry=2, on_failure="json.loads", on_end=told,
        settings={"resources": ResourceSettings(cpu_count=1, memory="1GB")}, model="other",
        cache_policy={"ignored_inputs": ["n"]},
        tags=["run", Tag("all", cascade=True)], extra={"team": "a"}, on_init=told, on_init_kwargs={"error": None},
        on_cleanup="json.dumps", execution_mode="fail_fast", enable_cache=True,
    )  # fmt: skip
    def wide() -> None:
        full()
        Holder.inside(2)

    spec = recorded(wide)
    first, second = spec.steps
    assert (spec.tags, spec.extra, spec.model) == (["run", "all"], {"team": "a"}, ModelSpec(name="other"))
    assert spec.on_init is not None
    assert (spec.on_init.qualname, spec.on_init.arguments) == ("told", {"error": None})
    assert spec.on_cleanup == HookSpec(module="json", qualname="dumps")
    assert wide.options.execution_mode is ExecutionMode.FAIL_FAST
    assert (first.environment, second.environment) == ({"A": "1", "B": "pipeline"}, {"A": "pipeline", "B": "pipeline"})
    assert (first.secrets, second.secrets) == (["zero", "one"], ["zero"])
    assert (first.retry, second.retry) == (StepRetryConfig(max_retries=3, delay=1.5), StepRetryConfig(max_retries=2))
    assert (first.resources, second.resources) == (
        ResourceSettings(cpu_count=2, memory="1GB"), ResourceSettings(cpu_count=1, memory="1GB"),
    )  # fmt: skip
    assert [hook.qualname for hook in first.hooks.values()] == ["told", "dumps"]
    assert [hook.qualname for hook in second.hooks.values()] == ["loads", "told"]
    assert (second.model, second.cache_policy) == (ModelSpec(name="other"), CachePolicy(ignored_inputs=["n"]))
    assert (first.tags, second.tags, second.extra) == (["daily", "x_me"], [], {})
    assert [output.tags for output in first.outputs] == [["all"]]
    assert (first.enable_cache, second.enable_cache) == (False, True)


def test_the_order_of_strength() -> None:
    """Pipeline < step < step.with_options < with_options(steps=) < run configuration < its section < command line."""

    @step(retry=2)
    def work() -> None: ...

    def retries(configuration: dict[str, Any], *, steps: Any = None, own: Any = None, whole: Any = 1) -> int | None:
        chosen = work.with_options(retry=own)
        definition = calling(chosen, retry=whole).with_options(steps=steps)
        spec = definition.record({}, definition.new_recorder(configuration=configuration)).spec.steps[0]
        return spec.retry.max_retries if spec.retry else None

    file = {"retry": {"max_retries": 5}}
    section = {"steps": {"work": {"retry": {"max_retries": 6}}}}
    assert retries({}) == 2
    assert retries({}, own=3) == 3
    assert retries({}, own=3, steps={"work": {"retry": 4}}) == 4
    assert retries(file, own=3, steps={"work": {"retry": 4}}) == 5
    assert retries({**file, **section}, own=3, steps={"work": {"retry": 4}}) == 6


@pytest.mark.parametrize(
    ("own", "file", "section", "force", "expected"),
    [
        (None, True, None, None, True), (None, False, None, None, False), (True, False, None, None, False),
        (False, True, None, None, False), (False, True, True, None, True), (None, False, True, None, True),
        (None, True, True, False, False), (False, None, None, True, True),
    ],
)  # fmt: skip
def test_a_whole_run_configuration_turns_caching_off_but_never_on_where_the_step_says_no(
    own: bool | None, file: bool | None, section: bool | None, force: bool | None, expected: bool
) -> None:
    chosen = step(enable_cache=own, name="work")(lambda: None)
    configuration = {"enable_cache": file, "steps": {"work": {"enable_cache": section}}}
    assert only(chosen, configuration=configuration, force_cache=force).enable_cache is expected


def test_a_run_configuration_says_everything_that_the_code_can() -> None:
    configuration = {
        "retry": {"max_retries": 7}, "timeout": 9, "resources": {"cpu_count": 3}, "model": {"name": "filed"},
        "hooks": {"start": {"module": "json", "qualname": "loads"}}, "cache_policy": {"include_step_code": False},
        "tags": ["file"], "extra": {"team": "b"}, "environment": {"A": "file"}, "secrets": ["two"],
        "substitutions": {"who": "you"}, "step_operator": "other",
        "on_init": {"module": "json", "qualname": "dumps", "arguments": {"obj": 1}},
        "steps": {
            "full": {
                "outputs": {"number": {"materializers": ["m:C"]}}, "tags": ["section"], "parameters": {"n": 5},
                "experiment_tracker": False, "environment": {"B": "section"},
            }
        },
    }  # fmt: skip
    definition = PipelineDefinition(lambda: full(n=2), name="p", tags=["code"], extra={"team": "a", "x": 1})
    spec = recorded(definition, configuration=configuration)
    first = spec.steps[0]
    assert (spec.tags, spec.extra) == (["code", "file"], {"team": "b", "x": 1})
    assert spec.on_init == HookSpec(module="json", qualname="dumps", arguments={"obj": 1})
    assert (first.retry, first.timeout_s) == (StepRetryConfig(max_retries=7), 9.0)
    assert (first.resources, first.model) == (ResourceSettings(cpu_count=3), ModelSpec(name="filed"))
    assert list(first.hooks) == ["failure", "end", "start"]
    assert first.cache_policy is not None
    assert not first.cache_policy.include_step_code
    assert (first.tags, first.environment) == (["daily", "x_you", "section"], {"A": "file", "B": "section"})
    assert (first.secrets, first.step_operator, first.experiment_tracker) == (["one", "two"], "other", False)
    assert (first.outputs[0].materializers, first.parameters) == (["m:C"], {"n": 5})


def test_changes_in_place_and_copies() -> None:
    @step(environment={"A": "1"}, tags=["a"])
    def work(n: int = 1) -> int:
        return n

    other = work.with_options(environment={"B": "2"}, tags=["b"], parameters={"n": 4})
    assert (work.environment, other.environment) == ({"A": "1"}, {"A": "1", "B": "2"})
    assert other.options.tags == ["a", "b"]
    fresh = other.with_options(environment={"C": "3"}, merge=False)
    assert (fresh.environment, fresh.options.tags) == ({"C": "3"}, ["a", "b"])
    assert work.configure(enable_cache=False) is work
    assert work.enable_cache is False
    assert only(other).parameters == {"n": 4}
    assert only(lambda: other(5)).parameters == {"n": 5}

    @pipeline(tags=["a"])
    def wide(n: int = 1) -> None:
        work(n)

    assert wide.with_options(tags=["b"]).options.tags == ("a", "b")
    assert wide.with_options(tags=["b"], merge=False).options.tags == ("b",)
    assert wide.configure(parameters={"n": 3}, resume="p-1", execution_mode=ExecutionMode.FAIL_FAST) is wide
    assert (wide.options.resume, recorded(wide).parameters) == ("p-1", {"n": 3})


def test_keywords_without_effect_are_taken() -> None:
    @step(enable_step_logs=True, step_type="x", runtime="inline", enable_artifact_metadata=False, name=None)
    def work() -> None: ...

    @pipeline(dynamic=True, enable_heartbeat=True, depends_on=[work], on_pause=told, enable_pipeline_logs=False)
    def wide() -> None:
        work()

    assert work.options == StepOptions()
    assert len(recorded(wide.with_options(unlisted=False, build=None, schedule=None)).steps) == 1


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"enable_cahce": True}, OptionError, "unknown option 'enable_cahce'"),
        ({"retry": -1}, OptionError, "retry= of step 'f' can't be used: max_retries: Input should be greater"),
        ({"retry": {"max": 3}}, OptionError, "max: Extra inputs"),
        ({"retry": "3"}, OptionError, "retry= of step 'f' is a str"),
        ({"timeout": 0}, OptionError, "timeout= of step 'f' is 0"),
        ({"timeout": "5"}, OptionError, "timeout= of step 'f' is '5'"),
        ({"enable_cache": "no"}, OptionError, "enable_cache= of step 'f' is a str"),
        ({"environment": ["A"]}, OptionError, "environment= of step 'f' is a list"),
        ({"environment": {"A=B": "1"}}, OptionError, "has the entry 'A=B'"),
        ({"environment": {"A": None}}, OptionError, "has the entry 'A'"),
        ({"secrets": "one"}, DefinitionError, "must be a list of names of secrets"),
        ({"settings": ["a"]}, SettingsError, "must map a component type"),
        ({"settings": {"resources": {"memory": "lots"}}}, OptionError, "memory: String should match"),
        ({"extra": {"a": object()}}, OptionError, "no JSON value"),
        ({"on_failure": 5}, OptionError, "on_failure= of step 'f' is an int"),
        ({"on_failure": "not a name"}, OptionError, "names nothing that can be imported"),
        ({"on_failure": "loads"}, OptionError, "names nothing that can be imported"),
        ({"model": 5}, OptionError, "model= of step 'f' is an int"),
        ({"model": {"nmae": "x"}}, OptionError, "model= of step 'f' can't be used"),
        ({"cache_policy": "never"}, OptionError, "there is no cache policy 'never'"),
        ({"cache_policy": {"cache_func": 5}}, OptionError, "cache_func"),
        ({"output_materializers": {"otuput": JsonMaterializer}}, OptionError, "names 'otuput', which is no output"),
        ({"output_materializers": JsonMaterializer()}, OptionError, "has a JsonMaterializer where a class is needed"),
        ({"substitutions": {"date": "x"}}, OptionError, "redefines {date}"),
        ({"substitutions": {"a b": "x"}}, OptionError, "the placeholder 'a b'"),
        ({"step_operator": 5}, OptionError, "step_operator= of step 'f' is an int"),
        ({"tags": [1]}, DefinitionError, "must be a list of tags"),
    ],
)  # fmt: skip
def test_options_that_cannot_be_used_are_refused_with_place_and_hint(options: Any, error: type, text: str) -> None:
    def f(n: int = 1) -> int:
        return n

    with pytest.raises(StackyardError) as caught:
        step(**options)(f)
    assert type(caught.value) is error
    assert text in caught.value.message
    assert caught.value.hint
    assert caught.value.location is not None
    assert caught.value.location.file == __file__


@pytest.mark.parametrize(
    ("options", "text", "hint"),
    [
        ({"schedule": "* * * * *"}, "'schedule', which is refused", "cron"),
        ({"unlisted": True}, "'unlisted', which is refused", "stackyard run delete"),
        ({"timeout": 5}, "'timeout', which is refused", "@step(timeout=60)"),
        ({"config_pth": "x"}, "unknown option 'config_pth'", "Did you mean 'config_path'?"),
        ({"execution_mode": "never"}, "execution_mode= of pipeline 'wiring' is 'never'", "fail_fast"),
        ({"on_init_kwargs": {"a": object()}}, "no JSON value", "Use numbers"),
        ({"steps": {"f": {"cache": 1}}}, "unknown option 'cache'", "Known"),
        ({"steps": {"f": 3}}, "is an int", "steps="),
    ],
)
def test_options_of_pipelines_that_are_refused(options: Any, text: str, hint: str) -> None:
    definition = calling(full)
    with pytest.raises(OptionError) as caught:
        definition.with_options(**options)
    assert text in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.location is not None
    assert caught.value.location.file == __file__


def test_materializers_that_no_other_process_can_import_are_refused() -> None:
    class Local(JsonMaterializer): ...

    with pytest.raises(OptionError, match="which no other process can import"):
        full.with_options(output_materializers=Local)
    chosen = full.with_options(output_materializers={"number": ["a.b.C", "a.b:D", JsonMaterializer]})
    expected = ["a.b:C", "a.b:D", "stackyard.storage.materializers.builtin:JsonMaterializer"]
    assert only(chosen).outputs[0].materializers == expected


class Zen(Materializer):
    """As for ZenML."""

    def save(self, data: Any) -> None: ...  # type: ignore[override]  # what is refused
    def load(self, data_type: Any) -> Any: ...  # type: ignore[override]


class Half(Materializer):
    """Loads nothing."""

    def save(self, value: Any, writer: Any, **more: Any) -> None: ...


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (Zen, "has save(self, data) where save(self, value, writer) is needed"),
        (Half, "has no load(self, store, uri, manifest)"),
        (dict, "is not derived from stackyard.Materializer"),
    ],
)
def test_materializers_that_can_t_store_are_refused_with_what_is_wanted(wrong: type, why: str) -> None:
    with pytest.raises(OptionError) as caught:
        full.with_options(output_materializers={"number": [JsonMaterializer, wrong]})
    said = f"output_materializers= of step 'full' names the class {wrong.__name__}, which {why}."
    assert caught.value.message == said
    assert "save(self, value, writer)" in caught.value.hint
    assert "load(self, store, uri, manifest)" in caught.value.hint
    with pytest.raises(MaterializationError, match="is no materializer: it "):
        find_materializer(wrong)


def test_a_policy_takes_functions_and_classes() -> None:
    policy = CachePolicy(source_dependencies=[told, ArtifactConfig, dt, "a.b"], cache_func=text, expires_after=60)
    name = f"{__name__}.told"
    assert policy.source_dependencies == [name, "stackyard.authoring.artifact_config.ArtifactConfig", "datetime", "a.b"]
    assert policy.cache_func == f"{__name__}.text"
    with pytest.raises(ValueError, match="has no name that leads back to it"):
        CachePolicy(cache_func=lambda: "x")
    assert only(full.with_options(cache_policy=policy)).cache_policy == policy


def test_an_exclusive_tag_is_refused() -> None:
    with pytest.raises(OptionError, match="exclusive"):
        Tag("newest", exclusive=True)


def test_what_is_no_function_is_no_step() -> None:
    class Thing:
        def method(self, n: int) -> int:
            return n

    for given, text in ((Thing, "a type"), ("load", "a str"), (5, "an int")):
        with pytest.raises(SignatureError, match=f"given {text}, which is no function"):
            step(given)  # type: ignore[arg-type]
    with pytest.raises(SignatureError, match="'method' is a method of Thing"):
        step(Thing.method)
    with pytest.raises(DefinitionError, match="given a str, which is no function"):
        pipeline("train")  # type: ignore[call-overload]
    with pytest.raises(SignatureError, match="has a parameter 'id'"):
        step(lambda id: id)  # noqa: A006
    assert Holder.inside(3) == 3
    assert only(lambda: Holder.inside(3)).source.qualname == "Holder.inside"


def test_a_section_for_a_value_that_comes_from_a_step_is_refused() -> None:
    @step
    def use(n: int) -> None: ...

    definition = PipelineDefinition(lambda: use(full()), name="p")
    with pytest.raises(RunConfigurationError, match="which takes it from another step"):
        recorded(definition, configuration={"steps": {"use": {"parameters": {"n": 3}}}})


def test_a_recorder_without_settings_is_plain() -> None:
    assert Recorder("p").whole == StepOptions()
