"""``@step``: a function that a pipeline can record and a worker can execute."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, overload

from typing_extensions import ParamSpec

from stackyard.authoring.frames import caller, location_of
from stackyard.authoring.handles import OutputHandles
from stackyard.authoring.inputs import Inputs, steps_of
from stackyard.authoring.mapped import StepResults, calls_of
from stackyard.authoring.option_values import ALL_OUTPUTS, Reader, Settings
from stackyard.authoring.options import StepOptions, read_step_options
from stackyard.authoring.parameters import unknown_parameter
from stackyard.authoring.recorder import Recorder, current_recorder
from stackyard.authoring.signature import Signature, read_signature
from stackyard.authoring.substitutions import fill_in
from stackyard.authoring.vocabulary import STEP_CALL, STEP_CHANGES, STEP_OPTIONS, checked_keywords
from stackyard.model.errors import DefinitionError, InputError, Location, OptionError, SignatureError, StackyardError
from stackyard.model.graph import OutputSpec, StepSource, StepSpec
from stackyard.model.names import did_you_mean, with_article

if TYPE_CHECKING:
    from stackyard.model.options import CachePolicy, HookSpec, ModelSpec, ResourceSettings, StepRetryConfig

    Hook = Callable[..., Any] | str | HookSpec

    class _Model(Protocol):
        """A :class:`stackyard.Model`."""

        def __stackyard_model__(self) -> ModelSpec: ...

    AnyModel = ModelSpec | _Model | Mapping[str, Any] | str

P = ParamSpec("P", default=...)
_CHANGES = {**STEP_OPTIONS, **STEP_CHANGES}


class StepDefinition(Generic[P]):
    """A step: called inside a pipeline it is recorded, called elsewhere it just runs."""

    __stackyard_step__: ClassVar[bool] = True

    def __init__(self, function: Callable[P, Any], **options: Any) -> None:
        """Read the function's signature.

        Args:
            function: what the step does.
            options: as of :func:`step`.

        Raises:
            SignatureError: its parameters or outputs can't be recorded.
            InvalidNameError: ``name`` can't be one.
            OptionError: an option is unknown, refused or can't be used.
            SettingsError: ``settings`` are no mapping of mappings.
        """
        self.function = _plain_function(function)
        functools.update_wrapper(self, self.function)
        place = location_of(self.function)
        self.name = self.function.__name__
        self.name = Reader(self._owner, place).name(options.pop("name", None) or self.name, "step")
        self.signature: Signature = read_signature(self.function, "step")
        self.source = StepSource(
            module=self.function.__module__, qualname=self.function.__qualname__, file=place.file, line=place.line
        )
        self.options = StepOptions()
        self._take(checked_keywords(options, STEP_OPTIONS, self._owner, place), place)

    @property
    def _owner(self) -> str:
        return f"step {self.name!r}"

    @property
    def entrypoint(self) -> Callable[P, Any]:
        """Return the function."""
        return self.function

    @property
    def enable_cache(self) -> bool | None:
        """Return what the step says of caching; None: nothing."""
        return self.options.enable_cache

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment variables that the step sets."""
        return self.options.environment

    def with_options(self, **options: Any) -> StepDefinition[P]:
        """Return a copy with other options; those left out stay as they are.

        Args:
            options: as of :func:`step`; also ``parameters`` (values; those of a call are stronger) and ``merge``.
                Mappings and lists (environment, secrets, settings, extra, tags, ...) are added to those that are there,
                with ``merge=False`` they replace them. ``experiment_tracker=False`` takes it away.

        Raises:
            OptionError: an option is unknown, refused or can't be used.
            SettingsError: ``settings`` are no mapping of mappings.
        """
        return copy.copy(self).configure(**options)

    def configure(self, **options: Any) -> StepDefinition[P]:
        """Change the step's own options, as :meth:`with_options`, and return it."""
        place = caller()
        name = options.pop("name", None)
        if name is not None:
            self.name = Reader(self._owner, place).name(name, "step")
        self._take(checked_keywords(options, _CHANGES, self._owner, place), place)
        return self

    def _take(self, options: dict[str, Any], place: Location | None) -> None:
        merge = options.pop("merge", True)
        found = read_step_options(options, self._owner, place)
        outputs = [o.name for o in self.signature.outputs]
        for output in found.materializers:
            if output != ALL_OUTPUTS and output not in outputs:
                raise OptionError(
                    f"output_materializers= of {self._owner} names {output!r}, which is no output of it.",
                    hint=f"{did_you_mean(output, outputs)} Its outputs: {', '.join(outputs) or 'none'}.".strip(),
                    location=place,
                )
        before = self.options if merge in (True, None) else self.options.without_those_of(found)
        self.options = before.under(found)

    # calling it ----------------------------------------------------------------------------------------------------

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any: ...
    @overload
    def __call__(self, *args: Any, after: Any = ..., id: str | None = ..., **kwargs: Any) -> Any: ...
    def __call__(  # type: ignore[misc]  # mypy does not see that this takes all that the first one does
        self, *args: Any, after: Any = (), id: str | None = None, **kwargs: Any,  # noqa: A002  # ZenML's word
    ) -> Any:  # fmt: skip
        """Record the step (inside a pipeline) or run the function (elsewhere).

        Args:
            args: as the function takes them; outputs of other steps, artifact versions, lists of these, or values.
            after: steps (handles or names) that must end before, although nothing is taken from them.
            id: a name for this call, unique in the pipeline.
            kwargs: as the function takes them.

        Returns:
            In a pipeline: a handle of the output, a tuple of handles when there are several (or none); elsewhere
            what the function returns.

        Raises:
            ParameterError: a value of the wrong type.
            InputError: an argument is missing or unknown.
        """
        recorder = current_recorder()
        if recorder is None:
            return self.function(*args, **kwargs)
        location = caller() or location_of(self.function)
        return self._record(recorder, self._bind(recorder, args, kwargs, location), location, after=after, call_id=id)

    def submit(self, *args: Any, after: Any = (), id: str | None = None, **kwargs: Any) -> Any:  # noqa: A002  # ZenML's word
        """Record the step, as a call does: all steps whose inputs are there run at the same time anyway."""
        return self(*args, after=after, id=id, **kwargs)

    def map(self, *args: Any, after: Any = (), **kwargs: Any) -> StepResults:
        """Record one call for each member of what is given: of the first of each, of the second of each, and so on.

        Lists, outputs of steps (which are waited for) and results of another ``map`` are taken apart; other values, and
        what is wrapped in ``unmapped``, go to every call. An empty list gives no calls.

        Raises:
            InputError: nothing can be taken apart, or the lengths differ.
            DefinitionError: outside of a pipeline.
        """
        return self._calls(args, kwargs, after, combine=False)

    def product(self, *args: Any, after: Any = (), **kwargs: Any) -> StepResults:
        """Record one call for each combination of members of what is given; else as :meth:`map`."""
        return self._calls(args, kwargs, after, combine=True)

    def _calls(self, args: Any, kwargs: Any, after: Any, *, combine: bool) -> StepResults:
        recorder = current_recorder()
        if recorder is None:
            word = "product" if combine else "map"
            raise DefinitionError(
                f"{self.name}.{word}() was called outside of a pipeline.",
                hint=f"Elsewhere a step is a function: [{self.function.__name__}(x) for x in values]",
                location=caller(),
            )
        location = caller() or location_of(self.function)
        calls = calls_of(self.name, self._bind(recorder, args, kwargs, location), combine=combine)
        waits = steps_of(after)
        return StepResults(
            self.name, [self._record(recorder, given, location, after=waits, called=self.name) for given in calls]
        )

    def _record(
        self, recorder: Recorder, given: Mapping[str, Any], location: Location, *, after: Any,
        call_id: str | None = None, called: str = "",
    ) -> Any:  # fmt: skip
        wanted = Reader(self._owner, location).checked_name(call_id, "step") if call_id else self.name
        name = recorder.free_name(wanted, fixed=call_id is not None)
        options = recorder.options_of(name, self.options, called=called)
        try:
            waits = steps_of(after)
        except StackyardError as error:
            recorder.tell(error)
            waits = []
        spec = StepSpec(
            name=name,
            mapped_from=called,
            source=self.source,
            after=waits,
            outputs=self._outputs(recorder, name, options, location),
            enable_cache=options.enable_cache is not False,
            environment=options.environment,
            secrets=options.secrets,
            settings=options.settings,
            experiment_tracker=options.experiment_tracker,
            step_operator=options.step_operator,
            retry=options.retry,
            timeout_s=options.timeout_s,
            resources=options.resources,
            hooks=options.hooks,
            model=filled_model(options, f"step {name!r}", recorder.place_of("model", name, called) or location),
            tags=[fill_in(tag, options.substitutions, f"a tag of step {name!r}", location) for tag in options.tags],
            extra=options.extra,
            cache_policy=options.cache_policy,
            substitutions=options.substitutions,
            file=location.file,
            line=location.line,
        )
        Inputs(recorder, spec, location).fill(self.signature.parameters, given, options.parameters, called=called)
        recorder.add(spec, self)
        handles = OutputHandles(name, [o.name for o in spec.outputs], recorder)
        return handles[0] if len(handles) == 1 else handles

    def _outputs(self, recorder: Recorder, step: str, options: StepOptions, location: Location) -> list[OutputSpec]:
        found: list[OutputSpec] = []
        for output in self.signature.outputs:
            owner = f"an output of step {step!r}"
            config = output.config
            written = output.name if output.named else f"{recorder.pipeline}::{step}::{output.name}"
            tags = [*(config.recorded_tags if config else ()), *recorder.settings.cascading_tags]
            found.append(
                OutputSpec(
                    name=output.name,
                    artifact_name=fill_in(written, options.substitutions, owner, location),
                    materializers=options.materializers.get(output.name, options.materializers.get(ALL_OUTPUTS, [])),
                    tags=[fill_in(tag, options.substitutions, f"a tag of {owner}", location) for tag in tags],
                    metadata=config.recorded_metadata if config else {},
                    artifact_type=config.recorded_type if config else "",
                    type=output.type_text,
                )
            )
        return found

    def _bind(self, recorder: Recorder, args: Any, kwargs: dict[str, Any], location: Location) -> dict[str, Any]:
        """Return parameter to argument."""
        known = self.signature.names
        taken = dict(kwargs)
        for key in kwargs:
            if key in known:
                continue
            del taken[key]
            word = STEP_CALL.get(key)
            recorder.tell(
                OptionError(f"The {self._owner} was called with {key}=.", hint=word.text, location=location)
                if word is not None
                else unknown_parameter(key, known, self._owner, location)
            )
        try:
            return dict(self.signature.inspected.bind_partial(*args, **taken).arguments)
        except TypeError as error:
            raise InputError(
                f"The {self._owner} can't be called like this: {error}.",
                hint=f"It takes: {', '.join(known) or 'nothing'}.",
                location=location,
            ) from error


def filled_model(options: StepOptions, owner: str, location: Location | None) -> ModelSpec | None:
    """Return the model that options name, with the placeholders in its version filled in."""
    model = options.model
    if model is None or not isinstance(model.version, str) or "{" not in model.version:
        return model
    version = fill_in(model.version, options.substitutions, f"the model version of {owner}", location)
    return model.model_copy(update={"version": version})


def _plain_function(function: Any) -> Callable[..., Any]:
    """Return the function below a decorator's argument.

    Raises:
        SignatureError: it is none that a step can be made of.
    """
    plain = function.__func__ if isinstance(function, staticmethod) else function
    if isinstance(plain, StepDefinition):
        return plain.function
    if not callable(plain) or isinstance(plain, type) or not hasattr(plain, "__code__"):
        raise SignatureError(
            f"@step was given {with_article(type(function).__name__)}, which is no function.",
            hint='Write @step above a function: @step or @step(name="other")',
            location=caller(),
        )
    *path, _ = plain.__qualname__.split(".")
    parameters = list(inspect.signature(plain).parameters)
    if path and path[-1] != "<locals>" and parameters[:1] in (["self"], ["cls"]):
        raise SignatureError(
            f"The step {plain.__name__!r} is a method of {path[-1]}: a worker has no {parameters[0]} to call it with.",
            hint="Move it out of the class, or make it a @staticmethod without that parameter.",
            location=location_of(plain),
        )
    words = [name for name in STEP_CALL if name in parameters]
    if words:
        raise SignatureError(
            f"The step {plain.__name__!r} has a parameter {words[0]!r}, which means something else in a step's call.",
            hint=f"Rename it, for example {words[0]}_value. In a call: {STEP_CALL[words[0]].text}",
            location=location_of(plain),
        )
    return plain


@overload
def step(function: Callable[P, Any], /) -> StepDefinition[P]: ...
@overload
def step(
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    experiment_tracker: str | bool | None = None,
    step_operator: str | bool | None = None,
    output_materializers: type | str | Sequence[Any] | Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
    secrets: Sequence[str] | None = None,
    settings: Settings | None = None,
    extra: Mapping[str, Any] | None = None,
    on_failure: Hook | None = None,
    on_success: Hook | None = None,
    on_start: Hook | None = None,
    on_end: Hook | None = None,
    model: AnyModel | None = None,
    retry: StepRetryConfig | Mapping[str, Any] | int | None = None,
    timeout: float | timedelta | None = None,
    resources: ResourceSettings | Mapping[str, Any] | None = None,
    tags: Sequence[Any] | None = None,
    substitutions: Mapping[str, str] | None = None,
    cache_policy: CachePolicy | Mapping[str, Any] | str | None = None,
    **without_effect: Any,
) -> Callable[[Callable[P, Any]], StepDefinition[P]]: ...
def step(function: Any = None, /, **options: Any) -> Any:
    """Make a function a step.

    Args:
        function: the function; left out when options are given.
        options: ``name`` (default: the function's), ``enable_cache`` (False: always run), ``environment`` (variables
            set while the step runs), ``secrets`` (names of secrets whose keys are environment variables while the step
            runs), ``settings`` (component type, or ``type.flavor``, to settings; ``resources``), ``experiment_tracker``
            and ``step_operator`` (name of the stack's, or True), ``retry``, ``timeout`` (seconds), ``on_start``,
            ``on_success``, ``on_failure`` and ``on_end`` (functions that are called around it), ``model``, ``tags``,
            ``extra``, ``output_materializers``, ``cache_policy``, ``substitutions``. The page "ZenML's words" of the
            documentation tells all of them.

    Raises:
        SignatureError: the function's parameters or outputs can't be recorded.
        OptionError: an option is unknown, refused or can't be used.

    Example:
        >>> @step
        ... def load(rows: int = 100) -> Annotated[pd.DataFrame, "dataset"]: ...
    """
    if function is not None:
        return StepDefinition(function, **options)
    return lambda wrapped: StepDefinition(wrapped, **options)
