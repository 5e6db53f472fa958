"""What a call of a step is given: outputs of other steps, artifact versions, lists of these, values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stackyard.authoring.artifact_config import ExternalArtifact
from stackyard.authoring.configured import Section
from stackyard.authoring.frames import caller
from stackyard.authoring.handles import OutputHandle, OutputHandles
from stackyard.authoring.mapped import StepResults, Unmapped
from stackyard.authoring.parameters import to_json, unknown_parameter
from stackyard.authoring.recorder import Recorder
from stackyard.authoring.signature import EMPTY, Parameter
from stackyard.model.errors import InputError, Location, ParameterError, RunConfigurationError, StackyardError
from stackyard.model.graph import StepSpec
from stackyard.model.names import with_article


class Inputs:
    """Puts what one call is given into the step's spec."""

    def __init__(self, recorder: Recorder, spec: StepSpec, location: Location) -> None:
        """Fill the spec of a call at this place."""
        self._recorder = recorder
        self._spec = spec
        self._owner = f"step {spec.name!r}"
        self._location = location

    def fill(
        self, parameters: Sequence[Parameter], given: Mapping[str, Any], preset: Mapping[str, Any], *, called: str = ""
    ) -> None:
        """Fill in every parameter: from sections of run configurations, the call, the step's options, the defaults.

        Args:
            parameters: of the step's function.
            given: what the call says.
            preset: what ``with_options(parameters=...)`` says.
            called: name of the step whose section counts for all calls of ``map``.

        Raises:
            ParameterError: a value is of the wrong type or can't be recorded.
            InputError: an argument is missing or can't be taken.
        """
        configured = self._recorder.parameters_of(self._spec.name, called=called)
        if configured or preset:
            self._refuse_unknown([p.name for p in parameters], configured, preset)
        missing: list[str] = []
        for parameter in parameters:
            value = given.get(parameter.name, preset.get(parameter.name, EMPTY))
            try:
                if not self._give(parameter, value, configured.get(parameter.name)):
                    missing.append(parameter.name)
            except StackyardError as error:
                self._recorder.tell(error)
        if missing:
            self._recorder.tell(
                InputError(
                    f"The {self._owner} is called without {', '.join(repr(m) for m in missing)}.",
                    hint="Pass the output of a step or a value for each.",
                    location=self._location,
                )
            )

    def _refuse_unknown(
        self, known: list[str], configured: Mapping[str, tuple[Any, Section]], preset: Mapping[str, Any]
    ) -> None:
        places = {
            **dict.fromkeys(preset, self._location),
            **{n: section.location for n, (_, section) in configured.items()},
        }
        for name, place in places.items():
            if name not in known:
                self._recorder.tell(unknown_parameter(name, known, self._owner, place))

    def _give(self, parameter: Parameter, value: Any, configured: tuple[Any, Section] | None) -> bool:
        """Record what a parameter gets; tell whether it gets anything."""
        name = parameter.name
        taken = value is not EMPTY and self._take(name, value)
        if configured is not None:
            said, section = configured
            if taken:
                raise RunConfigurationError(
                    f"A value is configured for {name!r} of {self._owner}, which takes it from another step or an "
                    "artifact version.",
                    hint="Leave it out: only parameters that are called with values can be configured.",
                    location=section.location,
                )
            self._spec.parameters[name] = to_json(
                parameter, said, self._owner, section.location, given_as=section.given_as
            )
        elif not taken:
            value = parameter.default if value is EMPTY else value
            if value is EMPTY:
                return False
            value = value.value if isinstance(value, Unmapped) else value
            try:
                self._spec.parameters[name] = to_json(parameter, value, self._owner, self._location)
            except ParameterError as error:
                raise self._nested(name, value) or error from error
        return True

    def _nested(self, name: str, value: Any) -> InputError | None:
        """Return the error for a value that holds outputs deeper than in a list."""
        if not _holds_reference(value):
            return None
        kind = with_article(type(value).__name__)
        return InputError(
            f"Input {name!r} of {self._owner} was given {kind} that holds outputs of steps inside.",
            hint="Pass outputs by themselves or in a flat list, or give the step one parameter for each.",
            location=self._location,
        )

    def _take(self, name: str, value: Any) -> bool:
        """Record an input that is no plain value; tell whether it was one."""
        value = value.value if isinstance(value, Unmapped) else value
        if isinstance(value, StepResults):
            self._record_list(name, value.outputs())
            return True
        if isinstance(value, OutputHandles):
            raise InputError(
                f"Input {name!r} of {self._owner} was given all outputs of step {value.step_name!r}.",
                hint=f"Pass one of them: {', '.join(value.outputs) or 'it has none'}.",
                location=self._location,
            )
        if type(value) in (list, tuple) and any(is_reference(each) for each in value):
            self._record_list(name, value)
            return True
        if is_reference(value):
            self._record(name, value)
            return True
        if hasattr(type(value), "__stackyard_step__"):
            raise InputError(
                f"Input {name!r} of {self._owner} was given the step {value.name!r} itself.",
                hint=f"Call it, and pass what it returns: {value.name}()",
                location=self._location,
            )
        return False

    def _record_list(self, name: str, values: Sequence[Any]) -> None:
        if not values:
            self._spec.parameters[name] = []
        for place, each in enumerate(values):
            if not is_reference(each):
                what = "a step's outputs" if isinstance(each, OutputHandles) else with_article(type(each).__name__)
                raise InputError(
                    f"Input {name!r} of {self._owner} was given a list of outputs with {what} in place {place}.",
                    hint="Lists hold single outputs and artifact versions; wrap a value: ExternalArtifact(value=...)",
                    location=self._location,
                )
            self._record(f"{name}[{place}]", each)

    def _record(self, name: str, value: Any) -> None:
        if isinstance(value, OutputHandle):
            if not value.belongs_to(self._recorder):
                raise InputError(
                    f"Input {name!r} of {self._owner} was given {value!r} of another call of a pipeline.",
                    hint="Call that step in this pipeline, too, or pass its artifact version.",
                    location=self._location,
                )
            self._spec.inputs[name] = value.ref
        elif isinstance(value, ExternalArtifact):
            self._spec.external_inputs[name] = value.reference or self._recorder.upload(value)
        else:
            self._spec.external_inputs[name] = str(value.__stackyard_artifact_version__())


def is_reference(value: Any) -> bool:
    """Tell whether a value stands for an output or an artifact version."""
    return isinstance(value, (OutputHandle, ExternalArtifact)) or hasattr(type(value), "__stackyard_artifact_version__")


def _holds_reference(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_reference(each) for each in value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return isinstance(value, OutputHandles) or any(_holds_reference(each) for each in value)
    return is_reference(value)


def steps_of(after: Any) -> list[str]:
    """Return the names of the steps that ``after=`` means, without repeats.

    Raises:
        InputError: it names no steps.
    """
    if isinstance(after, str):
        return [after]
    if isinstance(after, (OutputHandle, OutputHandles)):
        return [after.step_name]
    if isinstance(after, StepResults):
        return list(after.step_names)
    if not isinstance(after, (list, tuple, set, frozenset)):
        raise InputError(
            f"after= was given {with_article(type(after).__name__)}.",
            hint="Pass a step's output, its name, or a list of these.",
            location=caller(),
        )
    return list(dict.fromkeys(name for item in after for name in steps_of(item)))
