"""Validating parameter values by their annotations, and turning them into JSON and back."""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterable
from typing import Any

from pydantic import ConfigDict, PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from stackyard.authoring.signature import Parameter, type_text
from stackyard.model.errors import Location, ParameterError
from stackyard.model.names import did_you_mean, with_article
from stackyard.model.plain import is_plain

_NO_TEXTS = (int, float, bool, int | None, float | None, bool | None)
"""Types that a text in code is a slip for."""


def adapter_for(annotation: Any) -> TypeAdapter[Any]:
    """Return pydantic's validator of a type; types that pydantic does not know are checked by ``isinstance``."""
    try:
        return _cached_adapter(annotation)
    except TypeError:  # an annotation that can't be hashed
        return _adapter(annotation)


@functools.lru_cache(maxsize=256)
def _cached_adapter(annotation: Any) -> TypeAdapter[Any]:
    return _adapter(annotation)


def _adapter(annotation: Any) -> TypeAdapter[Any]:
    try:
        return TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError:  # models, dataclasses and typed dicts bring their own configuration
        try:
            return TypeAdapter(annotation)
        except (PydanticUserError, PydanticSchemaGenerationError):
            return TypeAdapter(Any)
    except PydanticSchemaGenerationError:
        return TypeAdapter(Any)


def to_json(parameter: Parameter, value: Any, owner: str, location: Location | None, *, given_as: str = "code") -> Any:
    """Validate a value and return it as JSON.

    Args:
        parameter: what it is for.
        value: the value.
        owner: "step 'x'" or "pipeline 'x'", for messages.
        location: the call, for messages.
        given_as: "code" (a Python value), "json" (from YAML or a request), "text" (typed by a user).

    Raises:
        ParameterError: the value is not of the parameter's type, or can't be recorded.
    """
    checked = validate(parameter, value, owner, location, given_as=given_as)
    untyped = parameter.annotation is Any and checked is not parameter.default
    try:
        found = to_jsonable_python(checked, inf_nan_mode="constants")
        if not untyped or is_plain(checked):
            return found
    except (PydanticSerializationError, ValueError) as error:
        raise ParameterError(
            f"The value for parameter {parameter.name!r} of {owner} is {with_article(type(checked).__name__)}, "
            "which can't be recorded as a parameter.",
            hint="Return it from a step and pass that step's output.",
            location=location,
        ) from error
    raise ParameterError(
        f"The value for parameter {parameter.name!r} of {owner} is or holds what JSON can't tell apart (it is a "
        f"{type(checked).__name__}), and the parameter has no type to restore it by.",
        hint=f"Annotate the parameter, e.g. {parameter.name}: {type(checked).__name__}",
        location=location,
    )


def validate(parameter: Parameter, value: Any, owner: str, location: Location | None, *, given_as: str = "code") -> Any:
    """Return the value as the parameter's type.

    Raises:
        ParameterError: it is not of that type.
    """
    adapter = adapter_for(parameter.annotation)
    if given_as == "text" and isinstance(value, str):
        return _from_text(adapter, parameter, value, owner, location)
    try:
        if given_as == "code" and isinstance(value, str):
            # "5" for an int is a slip in code, though pydantic's lax mode would take it.
            return adapter.validate_python(value, strict=parameter.annotation in _NO_TEXTS)
        return adapter.validate_python(value)
    except ValidationError as error:
        raise _wrong(parameter, value, owner, location, error) from error


def _from_text(
    adapter: TypeAdapter[Any], parameter: Parameter, text: str, owner: str, location: Location | None
) -> Any:
    """Read a typed text: as JSON (``3``, ``true``, ``[1, 2]``, ``null``), as a YAML list or mapping, else as it stands.

    Other YAML is not tried: to it ``010`` is 8, ``12:30`` is 750 and ``no`` is False.
    """
    if parameter.annotation is str:
        return text
    candidates: list[Any] = []
    with contextlib.suppress(ValueError):
        candidates.append(json.loads(text))
    if text.startswith(("[", "{")):
        import yaml  # noqa: PLC0415  # only for typed lists and mappings

        with contextlib.suppress(yaml.YAMLError):
            candidates.append(yaml.safe_load(text))
    if text.lower() in ("none", "null"):
        candidates.append(None)
    candidates.append(text)
    first: ValidationError | None = None
    for candidate in candidates:
        try:
            return adapter.validate_python(candidate)
        except ValidationError as error:
            first = first or error
    assert first is not None  # noqa: S101  # the loop ran
    raise _wrong(parameter, text, owner, location, first) from first


def _wrong(
    parameter: Parameter, value: Any, owner: str, location: Location | None, error: ValidationError
) -> ParameterError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    detail = problem["msg"] + (f" (at {where})" if where else "")
    return ParameterError(
        f"Parameter {parameter.name!r} of {owner} must be {type_text(parameter.annotation)}, got {shown}: {detail}.",
        hint=f"Pass a value of type {type_text(parameter.annotation)}.",
        location=location,
    )


def unknown_parameter(name: str, known: Iterable[str], owner: str, location: Location | None) -> ParameterError:
    """Return the error for a parameter that does not exist."""
    names = list(known)
    has = f"It has: {', '.join(names)}." if names else "It has none."
    return ParameterError(
        f"The {owner} has no parameter {name!r}.",
        hint=f"{did_you_mean(name, names)} {has}".strip(),
        location=location,
    )
