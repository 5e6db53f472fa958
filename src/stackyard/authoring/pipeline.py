"""``@pipeline``: a function that wires steps; calling it runs it on the active stack."""

from __future__ import annotations

import copy
import functools
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, overload

from stackyard.authoring.frames import caller
from stackyard.authoring.options import Settings, given_settings, secret_names, without_repeats
from stackyard.authoring.parameters import to_json, unknown_parameter, validate
from stackyard.authoring.recorder import Recorder, begin, current_recorder, end
from stackyard.authoring.signature import EMPTY, Signature, location_of, read_signature
from stackyard.model.errors import DefinitionError, Location, ParameterError
from stackyard.model.graph import GivenSettings, PipelineSpec
from stackyard.model.names import check_name

if typing.TYPE_CHECKING:
    from stackyard.authoring.step import StepDefinition


@dataclass(frozen=True)
class PipelineOptions:
    """What can be said about how a pipeline runs, apart from its parameters."""

    enable_cache: bool | None = None
    stack: str | None = None
    run_name: str | None = None
    config_path: str | None = None
    secrets: tuple[str, ...] = ()
    """For every step."""
    settings: tuple[GivenSettings, ...] = ()
    """Weakest first."""


@dataclass
class RecordedPipeline:
    """A pipeline call, recorded: what will run, and the functions behind the steps."""

    spec: PipelineSpec
    definitions: dict[str, StepDefinition] = field(default_factory=dict)


Runner = Callable[["PipelineDefinition", dict[str, Any]], Any]
_runner: list[Runner] = []


def set_runner(runner: Runner) -> None:
    """Say who runs a pipeline that user code calls."""
    _runner[:] = [runner]


def set_default_runner(runner: Runner) -> None:
    """Say who runs a pipeline that user code calls, unless somebody said so before."""
    if not _runner:
        _runner.append(runner)


class PipelineDefinition:
    """A pipeline."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        secrets: Sequence[str] | None = None,
        settings: Settings | None = None,
        **options: Any,
    ) -> None:
        """Read the function's signature.

        Raises:
            SignatureError: its parameters can't be recorded.
            InvalidNameError: ``name`` can't be one.
            SettingsError: ``settings`` are no mapping of mappings.
        """
        functools.update_wrapper(self, function)
        self.function = function
        self.name = check_name(name or function.__name__, "pipeline")
        self.signature: Signature = read_signature(function, "pipeline")
        self.location = location_of(function)
        owner = f"pipeline {self.name!r}"
        self.options = PipelineOptions(
            **options,
            secrets=tuple(secret_names(secrets, owner, self.location)),
            settings=tuple(given_settings(settings, owner, self.location)),
        )

    def with_options(
        self,
        *,
        enable_cache: bool | None = None,
        stack: str | None = None,
        run_name: str | None = None,
        config_path: str | Path | None = None,
        secrets: Sequence[str] | None = None,
        settings: Settings | None = None,
    ) -> PipelineDefinition:
        """Return a copy that runs with other options; those left out stay as they are.

        Args:
            enable_cache: False: every step really runs.
            stack: name or id of the stack to run on instead of the active one.
            run_name: name of the run; must be new in the project.
            config_path: a run configuration (YAML).
            secrets: names of secrets that every step may use; added to those that are there.
            settings: component type, or ``type.flavor``, to settings; stronger than those that are there.
        """
        changed = copy.copy(self)
        owner = f"pipeline {self.name!r}"
        given = {
            "enable_cache": enable_cache,
            "stack": stack,
            "run_name": run_name,
            "config_path": str(config_path) if config_path is not None else None,
            "secrets": tuple(without_repeats([*self.options.secrets, *secret_names(secrets, owner, caller())])),
            "settings": (*self.options.settings, *given_settings(settings, owner, caller())),
        }
        changed.options = replace(self.options, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]  # each key fits its field
        return changed

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the pipeline; inside another pipeline, record its steps there.

        Returns:
            The finished run.

        Raises:
            RunFailedError: a step failed.
            StackyardError: the pipeline, its parameters or the stack are not valid; nothing ran.
        """
        if current_recorder() is not None:
            return self.function(*args, **kwargs)
        try:
            given = dict(self.signature.inspected.bind_partial(*args, **kwargs).arguments)
        except TypeError as error:
            known = [p.name for p in self.signature.parameters]
            for key in kwargs:
                if key not in known:
                    raise unknown_parameter(key, known, f"pipeline {self.name!r}", caller()) from error
            raise ParameterError(
                f"The pipeline {self.name!r} can't be called like this: {error}.",
                hint=f"It takes: {', '.join(known) or 'nothing'}.",
                location=caller(),
            ) from error
        if not _runner:
            raise DefinitionError("Pipelines run through the package.", hint="Write: from stackyard import pipeline")
        return _runner[0](self, given)

    def record(self, given: dict[str, Any], recorder: Recorder, *, given_as: str = "code") -> RecordedPipeline:
        """Run the function to learn its steps; nothing else happens.

        Args:
            given: parameter to value.
            recorder: collects the steps.
            given_as: how the values were given: "code", "json" or "text".

        Raises:
            DefinitionError: the function, its parameters or its steps are not valid.
        """
        owner = f"pipeline {self.name!r}"
        place = caller() if given_as == "code" else recorder.config_location
        values: dict[str, Any] = {}
        recorded: dict[str, Any] = {}
        known = {p.name: p for p in self.signature.parameters}
        for name in given:
            if name not in known:
                raise unknown_parameter(name, known, owner, place)
        for name, parameter in known.items():
            if name in given:
                values[name] = validate(parameter, given[name], owner, place, given_as=given_as)
                recorded[name] = to_json(parameter, values[name], owner, place)
            elif parameter.default is EMPTY:
                raise ParameterError(
                    f"The {owner} needs a value for {name!r}.",
                    hint=f"Pass it: --param {name}=VALUE on the command line, or in the call.",
                    location=self.location,
                )
            else:
                recorded[name] = to_json(parameter, parameter.default, owner, self.location)
        token = begin(recorder)
        try:
            self.function(**values)
        finally:
            end(token)
        if not recorder.specs:
            raise DefinitionError(
                f"The {owner} calls no steps.", hint="Call at least one @step in it.", location=self.location
            )
        spec = PipelineSpec(
            name=self.name,
            steps=recorder.specs,
            parameters=recorded,
            file=self.location.file,
            line=self.location.line,
        )
        return RecordedPipeline(spec, recorder.definitions)

    def check_given(self, given: dict[str, Any], given_as: str, recorder: Recorder) -> None:
        """Check parameters of a run configuration, so that an error names its file.

        Raises:
            ParameterError: a name is unknown or a value is of the wrong type.
        """
        owner, known = f"pipeline {self.name!r}", {p.name: p for p in self.signature.parameters}
        for name, value in given.items():
            if name not in known:
                raise unknown_parameter(name, known, owner, recorder.config_location)
            validate(known[name], value, owner, recorder.config_location, given_as=given_as)

    def new_recorder(
        self, *, force_cache: bool | None = None, configuration: dict[str, Any] | None = None, file: str = ""
    ) -> Recorder:
        """Return an empty recorder with this pipeline's options and a run configuration."""
        configured = configuration or {}
        own = configured.get("enable_cache")
        return Recorder(
            self.name,
            enable_cache=own if own is not None else self.options.enable_cache,
            force_cache=force_cache,
            steps=configured.get("steps"),
            secrets=[*self.options.secrets, *(configured.get("secrets") or [])],
            config_location=Location(file) if file else None,
        )


@overload
def pipeline(function: Callable[..., Any], /) -> PipelineDefinition: ...
@overload
def pipeline(
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    stack: str | None = None,
    run_name: str | None = None,
    config_path: str | None = None,
    secrets: Sequence[str] | None = None,
    settings: Settings | None = None,
) -> Callable[[Callable[..., Any]], PipelineDefinition]: ...
def pipeline(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a pipeline.

    Args:
        function: the function; left out when options are given.
        options: ``name`` (default: the function's), ``enable_cache``, ``stack``, ``run_name``, ``config_path``,
            ``secrets`` (names of secrets that every step may use), ``settings`` (component type, or ``type.flavor``,
            to settings).

    Example:
        >>> @pipeline
        ... def training_pipeline(test_size: float = 0.2):
        ...     train, test = split(load(), test_size)
        ...     evaluate(fit(train), test)
    """
    if function is not None:
        return PipelineDefinition(function, **options)
    return lambda wrapped: PipelineDefinition(wrapped, **options)
