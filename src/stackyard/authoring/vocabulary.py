"""ZenML's words, and what each does here: honoured, without effect, or refused with the reason.

One table for the decorators, run configurations, ``Client`` and the generated page ``docs/zenml-vocabulary.md``. Pure
data: read on the way to an error message and by the page's generator, never while a pipeline is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from stackyard.model.errors import Location, OptionError
from stackyard.model.names import did_you_mean
from stackyard.model.record import Record

Verdict = Literal["honoured", "no effect", "refused"]


class Word(Record):
    """What a keyword, key or method does here."""

    verdict: Verdict
    text: str
    """Honoured: what it does. No effect: why. Refused: why, and what to do instead."""
    ours: bool = False
    """ZenML does not have it."""


def _yes(text: str, *, ours: bool = False) -> Word:
    return Word("honoured", text, ours)


def _idle(text: str) -> Word:
    return Word("no effect", text)


def _no(text: str) -> Word:
    return Word("refused", text)


_ALWAYS_LOGS = _idle("What steps print is always kept.")
_ALWAYS_METADATA = _idle("Type, shape, size and digest of every artifact version are always recorded.")
_ALWAYS_PREVIEWS = _idle("A small preview of every artifact version is always written.")
_NO_HEARTBEAT = _idle("Workers and drivers are watched by the system's own means; a dead one is noticed at once.")
_NEVER_PAUSES = _idle("Runs are stopped and resumed, never paused: the hook is never called.")
_SCHEDULE = _no("Stackyard runs no scheduler. Let cron or your CI call: stackyard run FILE:PIPELINE")
_BUILD = _idle("Steps run in this machine's environment: no image is built.")

STEP_OPTIONS: dict[str, Word] = {
    "name": _yes("Name of the step; default: the function's."),
    "enable_cache": _yes("False: the step always runs."),
    "experiment_tracker": _yes("Name of the stack's experiment tracker that follows the step, or True."),
    "step_operator": _yes("The stack's step operator: its name, or True. No flavor is there yet: told before the run."),
    "output_materializers": _yes(
        "Class (derived from `BaseMaterializer`, or from `Materializer` of ours), `module.Class`, a list of these, or "
        "a mapping from outputs to these."
    ),
    "environment": _yes("Variables set while the step runs."),
    "secrets": _yes("Names of secrets whose keys are environment variables while the step runs."),
    "settings": _yes("Component type, or `type.flavor`, to settings; `resources` to what the step needs."),
    "extra": _yes("Whatever you want to find again in the step's context."),
    "on_failure": _yes("Called when the step failed; gets the exception if it takes an argument."),
    "on_success": _yes("Called when the step ended well."),
    "on_start": _yes("Called before the step's function."),
    "on_end": _yes("Called at last, however the step ended; gets the exception, or None, if it takes an argument."),
    "model": _yes("The model that the step works on: `Model(name=...)`."),
    "retry": _yes("`StepRetryConfig(max_retries, delay, backoff)`, or a number of retries."),
    "substitutions": _yes("Own placeholders in names of artifacts, beside `{date}` and `{time}`."),
    "cache_policy": _yes('`CachePolicy(...)`, or `"default"`: what the cache key is made of.'),
    "timeout": _yes("Seconds, or a timedelta, after which an attempt is stopped and has failed.", ours=True),
    "resources": _yes('`ResourceSettings(...)`: as `settings={"resources": ...}`.', ours=True),
    "tags": _yes("Tags of the step's runs.", ours=True),
    "enable_artifact_metadata": _ALWAYS_METADATA,
    "enable_artifact_visualization": _ALWAYS_PREVIEWS,
    "enable_step_logs": _ALWAYS_LOGS,
    "step_type": _idle("A label for a dashboard that is not here."),
    "runtime": _idle("Every step runs in a worker process of its own."),
    "heartbeat_healthy_threshold": _NO_HEARTBEAT,
    "group": _idle("A label for a dashboard that is not here."),
}
"""Of ``@step``, ``step.with_options`` and ``step.configure``."""

STEP_CHANGES: dict[str, Word] = {
    "parameters": _yes("Values of parameters; those of a call are stronger."),
    "merge": _yes("False: mappings and lists replace those that are there instead of joining them."),
}
"""Of ``step.with_options`` and ``step.configure`` beside those of ``@step``."""

STEP_CALL: dict[str, Word] = {
    "after": _yes("Steps (their outputs, names, or lists of these) that must have ended well before."),
    "id": _yes("A name for this call, unique in the pipeline."),
    "start_after": _no("A step starts when others have ended, not when they have started: use after=."),
}
"""Of calling a step in a pipeline, beside its function's own parameters."""

PIPELINE_OPTIONS: dict[str, Word] = {
    "name": _yes("Name of the pipeline; default: the function's."),
    "dynamic": _idle("Every pipeline may look at values, loop and map: the graph grows as its function goes on."),
    "enable_cache": _yes("False: every step really runs."),
    "environment": _yes("Variables set while a step runs, for every step."),
    "secrets": _yes("Names of secrets that every step finds as environment variables."),
    "settings": _yes("Component type, or `type.flavor`, to settings."),
    "tags": _yes("Tags of its runs; `Tag(..., cascade=True)` goes to the artifact versions too."),
    "extra": _yes("Whatever you want to find again in the context of steps and pipeline."),
    "on_failure": _yes("For every step that has no hook of its own."),
    "on_success": _yes("For every step that has no hook of its own."),
    "on_start": _yes("For every step that has no hook of its own."),
    "on_end": _yes("For every step that has no hook of its own."),
    "on_init": _yes("Called once before the first step; when it fails, the run does."),
    "on_init_kwargs": _yes("What `on_init` is called with: names to JSON values."),
    "on_cleanup": _yes("Called once after the last step, however the run ended."),
    "model": _yes("The model that the steps work on: `Model(name=...)`."),
    "retry": _yes("For every step that has no retry of its own."),
    "substitutions": _yes("Own placeholders in names of runs, artifacts and model versions."),
    "execution_mode": _yes("`fail_fast`, `stop_on_failure` or `continue_on_failure`."),
    "cache_policy": _yes("For every step that has no policy of its own."),
    "stack": _yes("Name or id of the stack to run on instead of the active one.", ours=True),
    "run_name": _yes("Name of the run; must be new in the project."),
    "config_path": _yes("A run configuration (YAML)."),
    "enable_artifact_metadata": _ALWAYS_METADATA,
    "enable_artifact_visualization": _ALWAYS_PREVIEWS,
    "enable_step_logs": _ALWAYS_LOGS,
    "enable_pipeline_logs": _ALWAYS_LOGS,
    "enable_heartbeat": _NO_HEARTBEAT,
    "on_pause": _NEVER_PAUSES,
    "on_resume": _NEVER_PAUSES,
    "depends_on": _idle("All code of the project is at hand to every step."),
    "timeout": _no("Give it to the steps: @step(timeout=60)."),
    "resources": _no('Give it to the steps, or to all of them: settings={"resources": ...}.'),
    "schedule": _SCHEDULE,
}
"""Of ``@pipeline``, ``pipeline.with_options`` and ``pipeline.configure``."""

PIPELINE_CHANGES: dict[str, Word] = {
    "steps": _yes("Step to options, with the keys of a run configuration's section `steps`."),
    "step_configurations": _yes("As `steps`."),
    "parameters": _yes("Values of the pipeline's parameters; those of a call are stronger."),
    "merge": _yes("False: mappings and lists replace those that are there instead of joining them."),
    "resume": _yes("Name or id of a run that did not complete, to go on with.", ours=True),
    "build": _BUILD,
    "prevent_build_reuse": _BUILD,
    "unlisted": _no("Every run is listed. Delete one with: stackyard run delete NAME"),
}
"""Of ``pipeline.with_options`` and ``pipeline.configure`` beside those of ``@pipeline``."""

SETTINGS: dict[str, Word] = {
    "resources": _yes("`cpu_count`, `gpu_count` and `memory`: what a step needs of the machine."),
    "docker": _BUILD,
}
"""Keys of ``settings`` that are no component types."""

_HOOK = "as a text, `module.function`"
RUN_CONFIGURATION: dict[str, Word] = {
    "stack": _yes("Name or id of the stack to run on.", ours=True),
    **{
        key: PIPELINE_OPTIONS[key]
        for key in (
            "run_name", "enable_cache", "enable_artifact_metadata", "enable_artifact_visualization", "enable_step_logs",
            "enable_pipeline_logs", "enable_heartbeat", "schedule", "settings", "environment", "secrets", "tags",
            "extra", "model", "retry", "substitutions", "cache_policy", "execution_mode",
        )
    },
    "build": _BUILD,
    "steps": _yes("Step to options, see below."),
    "parameters": _yes("Values of the pipeline's parameters."),
    "init_hook_source": _yes(f"`on_init`, {_HOOK}."),
    "init_hook_kwargs": _yes("What `init_hook_source` is called with."),
    "cleanup_hook_source": _yes(f"`on_cleanup`, {_HOOK}."),
    "failure_hook_source": _yes(f"`on_failure` of every step, {_HOOK}."),
    "success_hook_source": _yes(f"`on_success` of every step, {_HOOK}."),
    "start_hook_source": _yes(f"`on_start` of every step, {_HOOK}."),
    "end_hook_source": _yes(f"`on_end` of every step, {_HOOK}."),
    "pause_hook_source": _NEVER_PAUSES,
    "resume_hook_source": _NEVER_PAUSES,
}  # fmt: skip
"""Keys of a run configuration."""

STEP_CONFIGURATION: dict[str, Word] = {
    **{
        key: STEP_OPTIONS[key]
        for key in (
            "enable_cache", "enable_artifact_metadata", "enable_artifact_visualization", "enable_step_logs",
            "step_operator", "experiment_tracker", "settings", "environment", "secrets", "extra", "model", "retry",
            "substitutions", "cache_policy", "runtime", "heartbeat_healthy_threshold", "group", "timeout", "resources",
            "tags",
        )
    },
    "parameters": _yes("Values of the step's parameters; stronger than those of the call."),
    "outputs": _yes("Output to `materializer_source`: a materializer as a text, `module.Class`, or a list of these."),
    "failure_hook_source": _yes(f"`on_failure`, {_HOOK}."),
    "success_hook_source": _yes(f"`on_success`, {_HOOK}."),
    "start_hook_source": _yes(f"`on_start`, {_HOOK}."),
    "end_hook_source": _yes(f"`on_end`, {_HOOK}."),
}  # fmt: skip
"""Keys of a step's section in a run configuration."""

_HERE = {
    "zenml": (
        "ArtifactConfig", "ExternalArtifact", "Model", "Tag", "add_tags", "get_pipeline_context", "get_step_context",
        "link_artifact_to_model", "load_artifact", "log_artifact_metadata", "log_metadata", "log_model_metadata",
        "pipeline", "register_artifact", "remove_tags", "save_artifact", "step", "unmapped",
    ),
    "zenml.client": ("Client",),
    "zenml.config": ("CachePolicy", "ResourceSettings", "StepRetryConfig"),
    "zenml.config.cache_policy": ("CachePolicy",),
    "zenml.config.retry_config": ("StepRetryConfig",),
    "zenml.enums": ("ArtifactType", "ExecutionMode", "ModelStages", "VisualizationType"),
    "zenml.materializers": ("BaseMaterializer",),
    "zenml.materializers.base_materializer": ("BaseMaterializer",),
    "zenml.steps": ("StepContext",),
    "zenml.types": ("CSVString", "HTMLString", "JSONString", "MarkdownString"),
}  # fmt: skip
IMPORTS: dict[str, Word] = {
    **{
        f"from {module} import {name}": _yes(f"from stackyard import {name}")
        for module, names in _HERE.items()
        for name in names
    },
    **{
        f"from zenml import {name}": _yes(
            f"from stackyard import {name}, without `version=`: each version gets the next number of its artifact; put "
            "a name of your own into `tags=`."
        )
        for name in ("ArtifactConfig", "register_artifact", "save_artifact")
    },
    "from zenml.enums import ExecutionStatus": _yes("from stackyard import Status"),
    "from zenml.models import PipelineRunResponse": _yes("from stackyard import PipelineRun"),
    "from zenml.models import TagResource": _yes("from stackyard import Resource"),
    "from zenml import bulk_log_metadata": _no("Call log_metadata for each of them."),
    "from zenml import log_step_metadata": _no("Call log_metadata(..., step_name=..., run_id_name_or_prefix=...)."),
    "from zenml import CommandStep": _no("Steps are functions: call subprocess.run in one."),
    "from zenml import run_hook": _no("Call the function."),
    "from zenml import show": _no("There is no dashboard: see the Runs view in VS Code, or stackyard run list."),
    "from zenml import wait": _no("Runs are never paused: start a second pipeline when the answer is there."),
    "from zenml.config import DockerSettings": _no("No images are built: leave settings for docker out."),
    "from zenml.config.schedule import Schedule": _SCHEDULE,
    "from zenml.hooks import alerter_failure_hook": _no("A stack's alerter tells of every run by itself."),
    "from zenml.hooks import alerter_success_hook": _no("A stack's alerter tells of every run by itself."),
}
"""Import lines of ZenML's users; honoured: the line here."""


def is_idle_setting(key: object) -> bool:
    """Tell whether a key of ``settings`` has no effect here."""
    return key in SETTINGS and SETTINGS[str(key)].verdict == "no effect"


def checked_keywords(
    given: Mapping[str, object], known: Mapping[str, Word], owner: str, location: Location | None
) -> dict[str, Any]:
    """Return what was given without what has no effect.

    Args:
        given: keyword to value; None and False of a refused keyword say nothing.
        known: the table of the keywords.
        owner: "step 'x'" or "pipeline 'x'", for messages.
        location: where.

    Raises:
        OptionError: a keyword is unknown, naming the nearest, or refused, with the reason.
    """
    found: dict[str, Any] = {}
    for keyword, value in given.items():
        word = known.get(keyword)
        if word is None:
            honoured = [name for name, each in known.items() if each.verdict == "honoured"]
            raise OptionError(
                f"The {owner} has the unknown option {keyword!r}.",
                hint=f"{did_you_mean(keyword, list(known))} Known: {', '.join(honoured)}.".strip(),
                location=location,
            )
        if word.verdict == "refused" and value is not None and value is not False:
            raise OptionError(
                f"The {owner} has the option {keyword!r}, which is refused here.", hint=word.text, location=location
            )
        if word.verdict == "honoured":
            found[keyword] = value
    return found
