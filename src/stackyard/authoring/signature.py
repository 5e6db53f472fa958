"""Reading a function's signature: parameters with types and defaults, outputs with names."""

from __future__ import annotations

import contextlib
import functools
import inspect
import typing
from collections.abc import Callable
from typing import Annotated, Any, Optional

from stackyard.authoring.artifact_config import ArtifactConfig
from stackyard.authoring.frames import location_of as location_of
from stackyard.model.errors import SignatureError
from stackyard.model.record import Record

EMPTY = inspect.Parameter.empty
SINGLE_OUTPUT = "output"


class Parameter(Record):
    """A parameter of a step or pipeline function."""

    name: str
    annotation: Any
    """The resolved type, ``Any`` when there is none or when it can't be resolved; of ``x: int = None``: int or None."""
    default: Any
    """``EMPTY`` when there is none."""

    @property
    def required(self) -> bool:
        """Tell whether a value must be given."""
        return self.default is EMPTY


class Output(Record):
    """An output of a step function."""

    name: str
    annotation: Any
    named: bool
    """The name was given by the user."""
    config: ArtifactConfig | None = None
    """What ``Annotated[type, ArtifactConfig(...)]`` says of it."""

    @functools.cached_property
    def type_text(self) -> str:
        """Return the annotation as people write it; empty when there is none."""
        return "" if self.annotation is Any or self.annotation is EMPTY else type_text(self.annotation)


class Signature(Record):
    """What a step or pipeline takes and gives."""

    parameters: tuple[Parameter, ...]
    outputs: tuple[Output, ...]
    inspected: inspect.Signature

    @functools.cached_property
    def names(self) -> list[str]:
        """Return the names of the parameters."""
        return [parameter.name for parameter in self.parameters]


def read_signature(function: Callable[..., Any], what: str) -> Signature:
    """Read a function's signature.

    Args:
        function: the undecorated function.
        what: "step" or "pipeline", for messages.

    Raises:
        SignatureError: ``*args``, ``**kwargs``, positional-only parameters, or two outputs of one name.
    """
    inspected = inspect.signature(function)
    hints = _hints(function)
    parameters: list[Parameter] = []
    for parameter in inspected.parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise SignatureError(
                f"The {what} {function.__name__!r} has the parameter '{parameter}', which can't be recorded.",
                hint="Give it plain, named parameters.",
                location=location_of(function),
            )
        annotation = hints.get(parameter.name, Any)
        if parameter.default is None and annotation is not Any:
            with contextlib.suppress(TypeError):  # it is no type
                # Python 3.10 reads it so, later ones do not.
                annotation = Optional[annotation]  # noqa: UP045  # not every type knows `|`
        parameters.append(Parameter(parameter.name, annotation, parameter.default))
    outputs = _outputs(function, hints.get("return", EMPTY)) if what == "step" else ()
    return Signature(tuple(parameters), outputs, inspected)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the resolved annotations; those that can't be resolved (TYPE_CHECKING imports) are left out."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:  # noqa: BLE001  # evaluating annotations runs user code: anything can happen
        found: dict[str, Any] = {}
        for name, text in getattr(function, "__annotations__", {}).items():
            value = text
            if isinstance(text, str):
                try:
                    value = eval(text, getattr(function, "__globals__", {}))  # noqa: S307  # as get_type_hints does
                except Exception:  # noqa: BLE001, S112  # as above
                    continue
            found[name] = type(None) if value is None else value
        return found


def _outputs(function: Callable[..., Any], annotation: Any) -> tuple[Output, ...]:
    if annotation in (None, type(None), typing.NoReturn):
        return ()
    inner, name, config = _name_of(annotation)
    if name is None and config is None and typing.get_origin(inner) is tuple:
        members = typing.get_args(inner)
        if members and Ellipsis not in members:
            outputs = tuple(_output(member, f"{SINGLE_OUTPUT}_{i}") for i, member in enumerate(members))
            names = [o.name for o in outputs]
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                raise SignatureError(
                    f"The step {function.__name__!r} has more than one output named {twice[0]!r}.",
                    hint="Give each output its own name in Annotated[...].",
                    location=location_of(function),
                )
            return outputs
    return (_output(annotation, SINGLE_OUTPUT),)


def _output(annotation: Any, unnamed: str) -> Output:
    inner, name, config = _name_of(annotation)
    return Output(name or unnamed, Any if inner is EMPTY else inner, name is not None, config)


def _name_of(annotation: Any) -> tuple[Any, str | None, ArtifactConfig | None]:
    """Return the type, and the name and the configuration that ``Annotated[type, ...]`` gives."""
    if typing.get_origin(annotation) is not Annotated:
        return annotation, None, None
    inner, *extras = typing.get_args(annotation)
    config = next((e for e in extras if isinstance(e, ArtifactConfig)), None)
    name = next((e for e in extras if isinstance(e, str)), None)
    return inner, name or (config.name if config else None), config


def type_text(annotation: Any) -> str:
    """Return a type as people write it."""
    if annotation is Any or annotation is EMPTY:
        return "any"
    if isinstance(annotation, type) and typing.get_origin(annotation) is None:
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("collections.abc.", "")
