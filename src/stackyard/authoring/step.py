"""``@step``: a function that a pipeline can record and a worker can execute."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

from stackyard.authoring.frames import caller
from stackyard.authoring.handles import OutputHandle, OutputHandles
from stackyard.authoring.options import Settings, given_settings, secret_names, tracker_choice, without_repeats
from stackyard.authoring.parameters import to_json, unknown_parameter
from stackyard.authoring.recorder import Recorder, current_recorder
from stackyard.authoring.signature import EMPTY, Signature, location_of, read_signature
from stackyard.model.errors import InputError, Location
from stackyard.model.graph import OutputSpec, StepSource, StepSpec
from stackyard.model.names import check_name

F = TypeVar("F", bound=Callable[..., Any])


class StepDefinition:
    """A step: called inside a pipeline it is recorded, called elsewhere it just runs."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        enable_cache: bool | None = None,
        environment: dict[str, str] | None = None,
        secrets: Sequence[str] | None = None,
        settings: Settings | None = None,
        experiment_tracker: str | bool | None = None,
    ) -> None:
        """Read the function's signature.

        Raises:
            SignatureError: its parameters or outputs can't be recorded.
            InvalidNameError: ``name`` can't be one.
            SettingsError: ``settings`` are no mapping of mappings.
        """
        functools.update_wrapper(self, function)
        self.function = function
        self.name = check_name(name or function.__name__, "step")
        owner = f"step {self.name!r}"
        self.enable_cache = enable_cache
        self.environment = {k: str(v) for k, v in (environment or {}).items()}
        self.secrets = secret_names(secrets, owner, location_of(function))
        self.settings = given_settings(settings, owner, location_of(function))
        self.experiment_tracker = tracker_choice(experiment_tracker, owner, location_of(function))
        self._signature: Signature | None = None
        self.signature  # noqa: B018  # a bad signature is the definition's error, not the first call's

    @property
    def signature(self) -> Signature:
        """What the step takes and gives."""
        if self._signature is None:
            self._signature = read_signature(self.function, "step")
        return self._signature

    def with_options(
        self,
        *,
        name: str | None = None,
        enable_cache: bool | None = None,
        environment: dict[str, str] | None = None,
        secrets: Sequence[str] | None = None,
        settings: Settings | None = None,
        experiment_tracker: str | bool | None = None,
    ) -> StepDefinition:
        """Return a copy with other options; those left out stay as they are.

        Environment, secrets and settings are added to those that are there; ``experiment_tracker=False`` takes it away.
        """
        changed = copy.copy(self)
        if name is not None:
            changed.name = check_name(name, "step")
        if enable_cache is not None:
            changed.enable_cache = enable_cache
        if environment is not None:
            changed.environment = {**self.environment, **{k: str(v) for k, v in environment.items()}}
        owner = f"step {changed.name!r}"
        changed.secrets = without_repeats([*self.secrets, *secret_names(secrets, owner, caller())])
        changed.settings = [*self.settings, *given_settings(settings, owner, caller())]
        if experiment_tracker is not None:
            changed.experiment_tracker = tracker_choice(experiment_tracker, owner, caller())
        return changed

    def __call__(
        self, *args: Any, after: str | OutputHandle | OutputHandles | Sequence[Any] = (), id: str | None = None,  # noqa: A002  # ZenML's word
        **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Record the step (inside a pipeline) or run the function (elsewhere).

        Args:
            args: as the function takes them; outputs of other steps, or values.
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
        return self._record(recorder, args, kwargs, after, id)

    def _record(self, recorder: Recorder, args: Any, kwargs: Any, after: Any, call_id: str | None) -> Any:
        location = caller() or location_of(self.function)
        name = recorder.free_name(check_name(call_id, "step") if call_id else self.name, fixed=call_id is not None)
        owner = f"step {name!r}"
        given = self._bind(args, kwargs, owner, location)
        spec = StepSpec(
            name=name,
            source=StepSource(
                module=self.function.__module__,
                qualname=self.function.__qualname__,
                file=location_of(self.function).file,
                line=location_of(self.function).line,
            ),
            after=_names(after),
            outputs=[
                OutputSpec(name=o.name, artifact_name=o.name if o.named else f"{recorder.pipeline}::{name}::{o.name}")
                for o in self.signature.outputs
            ],
            enable_cache=recorder.caches(name, self.enable_cache),
            environment=self.environment,
            secrets=recorder.secrets(name, self.secrets),
            settings=self.settings,
            experiment_tracker=recorder.experiment_tracker(name, self.experiment_tracker),
            file=location.file,
            line=location.line,
        )
        self._fill(spec, given, recorder, location)
        recorder.add(spec, self)
        handles = OutputHandles(name, [o.name for o in spec.outputs])
        return handles[0] if len(handles) == 1 else handles

    def _fill(self, spec: StepSpec, given: dict[str, Any], recorder: Recorder, location: Location) -> None:
        """Put inputs and parameters into the spec: outputs of steps, the run configuration, the call, defaults."""
        owner = f"step {spec.name!r}"
        configured = self._configured(recorder, spec.name, owner)
        missing: list[str] = []
        for parameter in self.signature.parameters:
            value = given.get(parameter.name, EMPTY)
            if isinstance(value, OutputHandle):
                spec.inputs[parameter.name] = value.ref
            elif hasattr(value, "__stackyard_artifact_version__"):
                spec.external_inputs[parameter.name] = str(value.__stackyard_artifact_version__())
            elif isinstance(value, OutputHandles):
                raise InputError(
                    f"Input {parameter.name!r} of {owner} was given all outputs of step {value.step_name!r}.",
                    hint=f"Pass one of them: {', '.join(value.outputs) or 'it has none'}.",
                    location=location,
                )
            elif parameter.name in configured:
                spec.parameters[parameter.name] = to_json(
                    parameter, configured[parameter.name], owner, recorder.config_location, given_as="json"
                )
            elif value is not EMPTY:
                spec.parameters[parameter.name] = to_json(parameter, value, owner, location)
            elif parameter.default is not EMPTY:
                spec.parameters[parameter.name] = to_json(parameter, parameter.default, owner, location)
            else:
                missing.append(parameter.name)
        if missing:
            raise InputError(
                f"The {owner} is called without {', '.join(repr(m) for m in missing)}.",
                hint="Pass the output of a step or a value for each.",
                location=location,
            )

    def _configured(self, recorder: Recorder, name: str, owner: str) -> dict[str, Any]:
        found = recorder.step_parameters(name)
        known = [p.name for p in self.signature.parameters]
        for key in found:
            if key not in known:
                raise unknown_parameter(key, known, owner, recorder.config_location)
        return found

    def _bind(self, args: Any, kwargs: Any, owner: str, location: Location) -> dict[str, Any]:
        known = [p.name for p in self.signature.parameters]
        for key in kwargs:
            if key not in known:
                raise unknown_parameter(key, known, owner, location)
        try:
            return dict(self.signature.inspected.bind_partial(*args, **kwargs).arguments)
        except TypeError as error:
            raise InputError(
                f"The {owner} can't be called like this: {error}.",
                hint=f"It takes: {', '.join(known) or 'nothing'}.",
                location=location,
            ) from error


def _names(after: Any) -> list[str]:
    if isinstance(after, str):
        return [after]
    if isinstance(after, (OutputHandle, OutputHandles)):
        return [after.step_name]
    if not isinstance(after, (list, tuple, set, frozenset)):
        raise InputError(
            f"after= was given a {type(after).__name__}.",
            hint="Pass a step's output, its name, or a list of these.",
            location=caller(),
        )
    return list(dict.fromkeys(name for item in after for name in _names(item)))


@overload
def step(function: F, /) -> StepDefinition: ...
@overload
def step(
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    environment: dict[str, str] | None = None,
    secrets: Sequence[str] | None = None,
    settings: Settings | None = None,
    experiment_tracker: str | bool | None = None,
) -> Callable[[Callable[..., Any]], StepDefinition]: ...
def step(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a step.

    Args:
        function: the function; left out when options are given.
        options: ``name`` (default: the function's), ``enable_cache`` (False: always run), ``environment`` (variables
            set while the step runs), ``secrets`` (names of secrets whose keys are environment variables while the step
            runs), ``settings`` (component type, or ``type.flavor``, to settings), ``experiment_tracker`` (name of the
            stack's experiment tracker that follows the step, or True).

    Example:
        >>> @step
        ... def load(rows: int = 100) -> Annotated[pd.DataFrame, "dataset"]: ...
    """
    if function is not None:
        return StepDefinition(function, **options)
    return lambda wrapped: StepDefinition(wrapped, **options)
