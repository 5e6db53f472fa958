"""``@pipeline``: a function that wires steps; calling it runs it on the active stack."""

from __future__ import annotations

import copy
import functools
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Generic, overload

from stackyard.authoring.context import refuse_in_step
from stackyard.authoring.coroutines import finished
from stackyard.authoring.frames import caller, location_of
from stackyard.authoring.option_values import Reader, Settings
from stackyard.authoring.parameters import to_json, unknown_parameter, validate
from stackyard.authoring.pipeline_options import PipelineOptions as PipelineOptions
from stackyard.authoring.pipeline_options import configured_hook, read_pipeline_options
from stackyard.authoring.recorder import Recorder, RecorderSettings, current_recorder, recording
from stackyard.authoring.signature import EMPTY, Signature, read_signature
from stackyard.authoring.step import P, filled_model
from stackyard.authoring.substitutions import fill_in, moment_substitutions
from stackyard.authoring.vocabulary import PIPELINE_CHANGES, PIPELINE_OPTIONS, checked_keywords
from stackyard.model.errors import DefinitionError, Location, ParameterError
from stackyard.model.graph import PipelineSpec
from stackyard.model.names import with_article
from stackyard.model.options import ModelSpec
from stackyard.model.problems import Problems
from stackyard.model.record import Record

if typing.TYPE_CHECKING:
    from stackyard.authoring.artifact_config import ExternalArtifact
    from stackyard.authoring.step import AnyModel, Hook, StepDefinition
    from stackyard.model.enums import ExecutionMode
    from stackyard.model.options import CachePolicy, StepRetryConfig

_CHANGES = {**PIPELINE_OPTIONS, **PIPELINE_CHANGES}


class RecordedPipeline(Record, frozen=False):
    """A pipeline call, recorded: what will run, and what it runs with that can't be written."""

    spec: PipelineSpec
    definitions: dict[str, StepDefinition] = field(default_factory=dict)
    """Step to its function; grows with a growing pipeline."""
    uploads: dict[str, ExternalArtifact] = field(default_factory=dict)
    """Placeholder in ``StepSpec.external_inputs`` (``upload:<uuid>``) to a value that is stored before its step starts.

    Grows with a growing pipeline."""
    substitutions: dict[str, str] = field(default_factory=dict)
    """Placeholder to text, for names of runs: the pipeline's own, ``date`` and ``time``."""


Runner = Callable[["PipelineDefinition", dict[str, Any]], Any]
_runner: list[Runner] = []


def set_runner(runner: Runner) -> None:
    """Say who runs a pipeline that user code calls."""
    _runner[:] = [runner]


def set_default_runner(runner: Runner) -> None:
    """Say who runs a pipeline that user code calls, unless somebody said so before."""
    if not _runner:
        _runner.append(runner)


class PipelineDefinition(Generic[P]):
    """A pipeline."""

    def __init__(self, function: Callable[P, Any], **options: Any) -> None:
        """Read the function's signature.

        Args:
            function: wires the steps.
            options: as of :func:`pipeline`.

        Raises:
            SignatureError: its parameters can't be recorded.
            InvalidNameError: ``name`` can't be one.
            OptionError: an option is unknown, refused or can't be used.
            SettingsError: ``settings`` are no mapping of mappings.
        """
        if not inspect.isroutine(function):
            raise DefinitionError(
                f"@pipeline was given {with_article(type(function).__name__)}, which is no function.",
                hint='Write @pipeline above a function: @pipeline or @pipeline(name="other")',
                location=caller(),
            )
        functools.update_wrapper(self, function)
        self.function: Callable[P, Any] = function
        self.location = location_of(function)
        self.name = function.__name__
        self.name = Reader(self._owner, self.location).name(options.pop("name", None) or self.name, "pipeline")
        self.signature: Signature = read_signature(function, "pipeline")
        told = checked_keywords(options, PIPELINE_OPTIONS, self._owner, self.location)
        self.options = read_pipeline_options(told, self._owner, self.location)

    @property
    def _owner(self) -> str:
        return f"pipeline {self.name!r}"

    @property
    def entrypoint(self) -> Callable[P, Any]:
        """Return the function."""
        return self.function

    @property
    def enable_cache(self) -> bool | None:
        """Return what the pipeline says of caching; None: nothing."""
        return self.options.enable_cache

    @property
    def model(self) -> ModelSpec | None:
        """Return the model that its steps work on."""
        return self.options.steps.model

    def with_options(self, **options: Any) -> PipelineDefinition[P]:
        """Return a copy that runs with other options; those left out stay as they are.

        Args:
            options: as of :func:`pipeline`; also ``steps`` (step to options, with the keys of a run configuration),
                ``parameters`` (values; those of a call are stronger), ``resume`` (name or id of a run that did not
                complete) and ``merge``. Mappings and lists are added to those that are there, with ``merge=False`` they
                replace them.

        Raises:
            OptionError: an option is unknown, refused or can't be used.
            SettingsError: ``settings`` are no mapping of mappings.
        """
        return copy.copy(self).configure(**options)

    def configure(self, **options: Any) -> PipelineDefinition[P]:
        """Change the pipeline's own options, as :meth:`with_options`, and return it."""
        place = caller()
        told = checked_keywords(options, _CHANGES, self._owner, place)
        name = told.pop("name", None)
        if name is not None:
            self.name = Reader(self._owner, place).name(name, "pipeline")
        merge = told.pop("merge", True) in (True, None)
        self.options = self.options.under(read_pipeline_options(told, self._owner, place), merge=merge)
        return self

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Run the pipeline; inside another pipeline, record its steps there.

        Returns:
            The finished run; inside another pipeline what its function returns: handles of its steps.

        Raises:
            RunFailedError: a step failed.
            StackyardError: the pipeline, its parameters or the stack are not valid, or a step runs; nothing ran.
        """
        refuse_in_step(self._owner)
        recorder = current_recorder()
        given = self._bound(args, kwargs)
        if recorder is not None:
            return self._record_inside(recorder, {**self.options.parameters, **given})
        if not _runner:
            raise DefinitionError("Pipelines run through the package.", hint="Write: from stackyard import pipeline")
        return _runner[0](self, given)

    def _bound(self, args: Any, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return dict(self.signature.inspected.bind_partial(*args, **kwargs).arguments)
        except TypeError as error:
            known = [p.name for p in self.signature.parameters]
            for key in kwargs:
                if key not in known:
                    raise unknown_parameter(key, known, self._owner, caller()) from error
            raise ParameterError(
                f"The {self._owner} can't be called like this: {error}.",
                hint=f"It takes: {', '.join(known) or 'nothing'}.",
                location=caller(),
            ) from error

    def _record_inside(self, recorder: Recorder, given: dict[str, Any]) -> Any:
        """Record the steps in the pipeline around this one; its own options count for them."""
        missing = [p.name for p in self.signature.parameters if p.required and p.name not in given]
        if missing:
            raise ParameterError(
                f"The {self._owner} is called without {', '.join(repr(name) for name in missing)}.",
                hint="Pass the output of a step or a value for each.",
                location=caller(),
            )
        if inspect.iscoroutinefunction(self.function):
            return self._wire_inside(recorder, given)
        with recorder.scope(self.options.for_steps):
            return self.function(**given)  # type: ignore[call-arg]  # bound by the signature

    async def _wire_inside(self, recorder: Recorder, given: dict[str, Any]) -> Any:
        with recorder.scope(self.options.for_steps):
            return await self.function(**given)  # type: ignore[call-arg]  # bound by the signature

    def record(self, given: dict[str, Any], recorder: Recorder, *, given_as: str = "code") -> RecordedPipeline:
        """Run the function to learn its steps.

        Nothing else happens, unless ``recorder.values`` is set: then the function may load values, and whoever set it
        runs what is recorded meanwhile.

        Args:
            given: parameter to value.
            recorder: collects the steps.
            given_as: how the values were given: "code", "json" or "text".

        Raises:
            DefinitionError: the function, its parameters or its steps are not valid.
        """
        values = self._values(given, recorder, given_as)
        with recording(recorder):
            finished(self.function(**values))  # type: ignore[call-arg]  # checked by the signature
        if not recorder.specs:
            recorder.tell(
                DefinitionError(
                    f"The {self._owner} calls no steps.", hint="Call at least one @step in it.", location=self.location
                )
            )
        return self.recorded(recorder)

    def recorded(self, recorder: Recorder) -> RecordedPipeline:
        """Return what is recorded so far; may be called while the function goes on.

        Raises:
            OptionError: a tag or the model's version has a placeholder that stands for nothing.
        """
        configured = recorder.settings.configuration
        names = recorder.whole.substitutions
        tags = dict.fromkeys([*self.options.tags, *(configured.get("tags") or [])])

        def place(tag: str) -> Location | None:
            return self.location if tag in self.options.tags else recorder.place_of("tags")

        spec = PipelineSpec(
            name=self.name,
            steps=list(recorder.specs),
            parameters=recorder.parameters,
            tags=[fill_in(tag, names, f"a tag of {self._owner}", place(tag)) for tag in tags],
            extra={**self.options.extra, **(configured.get("extra") or {})},
            model=filled_model(recorder.whole, self._owner, recorder.place_of("model") or self.location),
            on_init=configured_hook(configured, "on_init", self.options.on_init),
            on_cleanup=configured_hook(configured, "on_cleanup", self.options.on_cleanup),
            file=self.location.file,
            line=self.location.line,
        )
        return RecordedPipeline(spec, recorder.definitions, recorder.uploads, names)

    def _values(self, given: dict[str, Any], recorder: Recorder, given_as: str) -> dict[str, Any]:
        """Return what the function is called with; tell the recorder the same as JSON.

        Raises:
            ParameterError: a value is missing, unknown or of the wrong type.
        """
        place = caller() if given_as == "code" else None
        values: dict[str, Any] = {}
        known = {p.name: p for p in self.signature.parameters}
        problems = Problems()
        for name in (*given, *self.options.parameters):
            if name not in known:
                problems.add(unknown_parameter(name, known, self._owner, place))
        blocked = recorder.settings.problems is None
        for name, parameter in known.items():
            before = len(problems)
            with problems.collecting():
                if name in given:
                    values[name] = validate(parameter, given[name], self._owner, place, given_as=given_as)
                    recorder.parameters[name] = to_json(parameter, values[name], self._owner, place)
                elif name in self.options.parameters:
                    values[name] = validate(parameter, self.options.parameters[name], self._owner, self.location)
                    recorder.parameters[name] = to_json(parameter, values[name], self._owner, self.location)
                elif parameter.default is EMPTY:
                    raise ParameterError(
                        f"The {self._owner} needs a value for {name!r}.",
                        hint=f"Pass it: --param {name}=VALUE on the command line, or in the call.",
                        location=self.location,
                    )
                else:
                    recorder.parameters[name] = to_json(parameter, parameter.default, self._owner, self.location)
            blocked |= len(problems) > before and parameter.default is EMPTY
        self._go_on(problems, recorder, blocked=blocked)
        return values

    def _go_on(self, problems: Problems, recorder: Recorder, *, blocked: bool) -> None:
        """Tell wrong parameters; the function is called without them to find what else is wrong, if it can be.

        Raises:
            StackyardError: it can't be.
        """
        if blocked:
            problems.raise_any(f"The {self._owner} can't run")
        for problem in problems:
            recorder.tell(problem)

    def usable(self, given: dict[str, Any], given_as: str, recorder: Recorder) -> dict[str, Any]:
        """Return parameters of a run configuration without those that are wrong, which are told with their place.

        Raises:
            ParameterError: a name is unknown or a value is of the wrong type, and it can't go on without.
        """
        known = {p.name: p for p in self.signature.parameters}
        problems = Problems()
        found: dict[str, Any] = {}
        for name, value in given.items():
            with problems.collecting():
                place = recorder.place_in_file("parameters", name)
                if name not in known:
                    raise unknown_parameter(name, known, self._owner, place)
                validate(known[name], value, self._owner, place, given_as=given_as)
                found[name] = value
        wrong = [known[name] for name in given if name in known and name not in found]
        blocked = recorder.settings.problems is None or any(parameter.default is EMPTY for parameter in wrong)
        self._go_on(problems, recorder, blocked=blocked)
        return found

    def new_recorder(
        self, *, force_cache: bool | None = None, configuration: Mapping[str, Any] | None = None, file: str = "",
        locate: Callable[..., Location] | None = None, problems: Problems | None = None, moment: datetime | None = None,
    ) -> Recorder:  # fmt: skip
        """Return an empty recorder with this pipeline's options and a run configuration.

        Args:
            force_cache: what the command line said of caching.
            configuration: the run configuration, checked.
            file: where it stands.
            locate: tells where in the file something stands: gets the keys that lead there.
            problems: takes what is wrong where recording can go on; None: it is raised.
            moment: what ``{date}`` and ``{time}`` mean; None: now.
        """
        settings = RecorderSettings(
            defaults=self.options.steps,
            force_cache=force_cache,
            configuration=configuration or {},
            locate=locate or ((lambda *_: Location(file)) if file else None),
            sections=self.options.sections,
            tags=self.options.tags,
            extra=self.options.extra,
            cascading_tags=self.options.cascading_tags,
            moment=moment_substitutions(moment or datetime.now(timezone.utc)),
            problems=problems,
        )
        return Recorder(self.name, settings)


@overload
def pipeline(function: Callable[P, Any], /) -> PipelineDefinition[P]: ...
@overload
def pipeline(
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    environment: Mapping[str, Any] | None = None,
    secrets: Sequence[str] | None = None,
    settings: Settings | None = None,
    tags: Sequence[Any] | None = None,
    extra: Mapping[str, Any] | None = None,
    on_failure: Hook | None = None,
    on_success: Hook | None = None,
    on_start: Hook | None = None,
    on_end: Hook | None = None,
    on_init: Hook | None = None,
    on_init_kwargs: Mapping[str, Any] | None = None,
    on_cleanup: Hook | None = None,
    model: AnyModel | None = None,
    retry: StepRetryConfig | Mapping[str, Any] | int | None = None,
    substitutions: Mapping[str, str] | None = None,
    execution_mode: ExecutionMode | str | None = None,
    cache_policy: CachePolicy | Mapping[str, Any] | str | None = None,
    stack: str | None = None,
    run_name: str | None = None,
    config_path: str | Path | None = None,
    **without_effect: Any,
) -> Callable[[Callable[P, Any]], PipelineDefinition[P]]: ...
def pipeline(function: Any = None, /, **options: Any) -> Any:
    """Make a function a pipeline.

    Args:
        function: the function; left out when options are given.
        options: ``name`` (default: the function's), ``stack``, ``run_name``, ``config_path``, ``execution_mode``,
            ``tags``, ``extra``, ``on_init`` and ``on_cleanup`` (functions that are called before the first and after
            the last step), and what counts for every step: ``enable_cache``, ``environment``, ``secrets``,
            ``settings`` (component type, or ``type.flavor``, to settings), ``retry``, ``model``, ``cache_policy``,
            ``substitutions``, ``on_start``, ``on_success``, ``on_failure`` and ``on_end``. The page "ZenML's words" of
            the documentation tells all of them.

    Raises:
        SignatureError: the function's parameters can't be recorded.
        OptionError: an option is unknown, refused or can't be used.

    Example:
        >>> @pipeline
        ... def training_pipeline(test_size: float = 0.2):
        ...     train, test = split(load(), test_size)
        ...     evaluate(fit(train), test)
    """
    if function is not None:
        return PipelineDefinition(function, **options)
    return lambda wrapped: PipelineDefinition(wrapped, **options)
