"""A run configuration to begin with: everything that may be said about a pipeline, commented.

Invariant: the text is a valid run configuration, and stays one when the ``#`` in front of any key is taken away.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stackyard.analysis.yaml_source import RUN_CONFIGURATION_MARK
from stackyard.api.configuration_values import KINDS
from stackyard.api.pipelines import load_pipeline, record_pipeline
from stackyard.api.run_options import RunOptions
from stackyard.authoring.parameters import to_json
from stackyard.authoring.pipeline import PipelineDefinition
from stackyard.authoring.signature import Parameter, type_text
from stackyard.authoring.step import StepDefinition
from stackyard.authoring.vocabulary import PIPELINE_OPTIONS, RUN_CONFIGURATION, STEP_CONFIGURATION, STEP_OPTIONS, Word
from stackyard.model.errors import ParameterError, PipelineValidationError, StackyardError

_INDENT = "  "
_MEANINGS = {
    "cache_policy": "What the cache key is made of.",
    "model": "The model that is worked on; version: a number, a name or a stage.",
    "outputs": "Output to the materializer that stores it.",
    "resources": "What a step needs of the machine.",
    "retry": "How often a failed step is tried again, after how many seconds.",
    "settings": "What components of the stack are told.",
    "tags": "Tags of the runs, to find them again in lists.",
    "timeout": "Seconds after which an attempt is stopped and has failed.",
    "init_hook_source": PIPELINE_OPTIONS["on_init"].text,
    "cleanup_hook_source": PIPELINE_OPTIONS["on_cleanup"].text,
    **{f"{event}_hook_source": STEP_OPTIONS[f"on_{event}"].text for event in ("failure", "success", "start", "end")},
}
"""Where the vocabulary speaks of Python."""
_SETTINGS = ("{orchestrator: {max_workers: 2}}", "{experiment_tracker.mlflow: {experiment_name: name}}")
"""Examples for a pipeline and a step."""
_OWN_SECTIONS = frozenset({"parameters", "steps"})
"""Written with what the pipeline has, not with an example."""


def template_of(file: str, function: str | None, options: RunOptions) -> str:
    """Return the text of a run configuration for a pipeline.

    Args:
        file: path of the pipeline's file.
        function: name of the pipeline; may be left out when the file has just one.
        options: parameters that the pipeline can't be recorded without.

    Raises:
        StackyardError: the file can't be imported, or the pipeline can't be recorded.
    """
    ctx, definition = load_pipeline(file, function)
    try:
        recorded = record_pipeline(ctx, definition, options).pipeline
        steps: Mapping[str, StepDefinition] | None = recorded.definitions
    except StackyardError as error:
        if not _lacks_values(error, definition):
            raise
        steps = None
    path, root = Path(file).resolve(), ctx.scope.root
    inside = root is not None and path.is_relative_to(root)
    target = f"{path.relative_to(root).as_posix() if inside and root else path.name}:{definition.function.__name__}"
    return "\n".join(
        [
            RUN_CONFIGURATION_MARK,
            f"# How the pipeline {definition.name} of {Path(file).name} runs; all keys may be left out.",
            f"# Use it with: stackyard run {target} --config THIS_FILE",
            "",
            *_keys(RUN_CONFIGURATION, ""),
            *_pipeline_parameters(definition, options),
            *_steps(steps),
            "",
        ]
    )


def _lacks_values(error: StackyardError, definition: PipelineDefinition) -> bool:
    """Tell whether a pipeline can't be recorded only because nobody gave its parameters."""
    errors = error.errors if isinstance(error, PipelineValidationError) else (error,)
    return (
        bool(errors)
        and all(isinstance(each, ParameterError) and "needs a value" in each.message for each in errors)
        and any(parameter.required for parameter in definition.signature.parameters)
    )


def _keys(words: Mapping[str, Word], indent: str) -> Iterator[str]:
    """Yield a line for each key, with an example and what it means."""
    for key, word in words.items():
        if word.verdict == "honoured" and key not in _OWN_SECTIONS:
            example = _SETTINGS[bool(indent)] if key == "settings" else KINDS[key].example
            yield f"{indent}# {key}: {example}  # {_MEANINGS.get(key, word.text).replace('`', '')}"


def _pipeline_parameters(definition: PipelineDefinition, options: RunOptions) -> Iterator[str]:
    parameters = definition.signature.parameters
    if not parameters:
        return
    yield ""
    lines = [
        _parameter(each, options.parameters.get(each.name), f"pipeline {definition.name!r}") for each in parameters
    ]
    # Without any that is set there would be no mapping.
    yield "parameters: # of the pipeline" if any(not line.startswith("#") for line in lines) else "parameters:"
    yield from (f"{_INDENT}{line}" for line in lines)


def _parameter(parameter: Parameter, given: Any, owner: str) -> str:
    """Return the line of a parameter: with its default, or commented where it has none."""
    kind = type_text(parameter.annotation)
    if given is not None:
        return f"{parameter.name}: {_yaml(given)}  # {kind}"
    if parameter.required:
        return f"# {parameter.name}:  # {kind}; must be given"
    defaults = dict(_defaults([parameter], owner))
    return (
        f"{parameter.name}: {_yaml(defaults[parameter.name])}  # {kind}"
        if defaults
        else f"# {parameter.name}:  # {kind}"
    )


def _steps(steps: Mapping[str, StepDefinition] | None) -> Iterator[str]:
    yield ""
    if steps is None:
        yield "# steps:  # unknown: the pipeline has parameters that must be given. Give them: --param NAME=VALUE"
        return
    yield "steps:"
    for name, definition in steps.items():
        yield f"{_INDENT}{_yaml(name)}:"
        inner = _INDENT * 2
        defaults = dict(_defaults(definition.signature.parameters, f"step {name!r}"))
        if defaults:
            kinds = ", ".join(f"{p.name}: {type_text(p.annotation)}" for p in definition.signature.parameters)
            yield f"{inner}# parameters: {_yaml(defaults)}  # {kinds}"
        yield from _keys(STEP_CONFIGURATION, inner)


def _defaults(parameters: Iterable[Parameter], owner: str) -> Iterator[tuple[str, Any]]:
    """Yield the parameters that have defaults; not those whose defaults only code can write."""
    for parameter in parameters:
        if not parameter.required:
            with contextlib.suppress(StackyardError):
                yield parameter.name, to_json(parameter, parameter.default, owner, None)


def _yaml(value: Any) -> str:
    """Return a JSON value on one line of YAML."""
    import yaml  # noqa: PLC0415  # as slow as the rest of this command, and needed here only

    dumped = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=math.inf, sort_keys=False)
    return str(dumped).strip()[1:-1]
